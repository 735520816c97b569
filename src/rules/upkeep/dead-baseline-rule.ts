import { DIRECTIONS } from '../../engine/compiled.ts';
import { objectId } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

/** M63, catalogue NP704: Baseline counts only for pods that no NetworkPolicy isolates (S155). */
export const deadBaselineRule = defineRule({
  name: 'dead-baseline-rule',
  severity: 'info',
  category: 'upkeep',
  summary: 'NetworkPolicies isolate every pod that a Baseline policy is for, so its rules never decide',
  fixable: false,
  detectors: ['M63'],
  catalogue: ['NP704'],
  *check(context) {
    for (const policy of context.cluster.clusterPolicies) {
      if (policy.tier !== 'Baseline') continue;
      const { pods, maybe } = context.selections.pods(policy.subject);
      if (pods.length === 0 || maybe.length > 0) continue;
      for (const direction of DIRECTIONS) {
        if (policy[direction].length === 0 || !pods.every((pod) => context.isIsolated(pod, direction))) continue;
        const place = placeOf(policy, 'spec', direction);
        yield {
          message: `the ${direction} rules never decide: a NetworkPolicy isolates every pod that this policy is for`,
          why: 'The Baseline tier is asked only when no NetworkPolicy selects the pod for that direction.',
          help: 'use tier Admin for what must hold beside NetworkPolicies, or keep it as a net for pods to come',
          ...(place === undefined ? {} : { place }),
          object: objectId(policy),
          confidence: context.absence,
          pods: context.workloadIds(pods),
          key: direction,
        };
      }
    }
  },
});
