import { DIRECTIONS } from '../../engine/compiled.ts';
import type { Direction } from '../../engine/policy-rules.ts';
import type { ClusterPolicyObject, ClusterPolicyRule } from '../../kube/objects.ts';
import { clusterPeerWithin, clusterPortWithin, subjectWithin } from '../cluster-containment.ts';
import { objectId, type Finding } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

interface PlacedRule {
  readonly policy: ClusterPolicyObject;
  readonly rule: ClusterPolicyRule;
}

/** Policies times rules that are compared; a cluster has a few dozen. */
const MAX_RULES = 2000;

/** M61, catalogue NP702: the first rule of a tier that matches decides (S151). */
export const shadowedClusterRule = defineRule({
  name: 'shadowed-cluster-rule',
  severity: 'warning',
  category: 'upkeep',
  summary: 'rules of the same tier that come first match everything that a rule of a cluster policy matches',
  fixable: false,
  detectors: ['M61'],
  catalogue: ['NP702'],
  *check(context) {
    for (const direction of DIRECTIONS) {
      for (const tier of ['Admin', 'Baseline'] as const) {
        const earlier: PlacedRule[] = [];
        for (const policy of context.cluster.clusterPolicies) {
          if (policy.tier !== tier) continue;
          for (const rule of policy[direction]) {
            const by = earlier.length > MAX_RULES ? undefined : coverOf(policy, rule, earlier);
            if (by !== undefined) yield findingOf(policy, rule, direction, by);
            earlier.push({ policy, rule });
          }
        }
      }
    }
  },
});

function coverOf(
  policy: ClusterPolicyObject,
  rule: ClusterPolicyRule,
  earlier: readonly PlacedRule[],
): readonly PlacedRule[] | undefined {
  // Which of two policies of one priority comes first is nobody's promise (S156).
  const first = earlier.filter(
    (other) =>
      other.policy === policy ||
      (other.policy.priority < policy.priority && subjectWithin(policy.subject, other.policy.subject)),
  );
  const by = new Set<PlacedRule>();
  for (const peer of rule.peers) {
    for (const port of rule.ports ?? [undefined]) {
      const cover = first.find(
        ({ rule: other }) =>
          other.peers.some((wide) => clusterPeerWithin(peer, wide)) &&
          (other.ports === undefined ||
            (port !== undefined && other.ports.some((wide) => clusterPortWithin(port, wide)))),
      );
      if (cover === undefined) return undefined;
      by.add(cover);
    }
  }
  return by.size === 0 ? undefined : [...by];
}

function findingOf(
  policy: ClusterPolicyObject,
  rule: ClusterPolicyRule,
  direction: Direction,
  by: readonly PlacedRule[],
): Finding {
  const place = placeOf(policy, rule.path);
  const differs = by.some(({ rule: other }) => other.action !== rule.action);
  const names = by.map((other) =>
    other.policy === policy ? other.rule.path : `${objectId(other.policy)} ${other.rule.path}`,
  );
  return {
    message: `${rule.path} (${rule.action}) never decides: ${names.join(' and ')} ${names.length === 1 ? 'comes' : 'come'} first and ${names.length === 1 ? 'matches' : 'match'} the same ${direction}`,
    why: differs
      ? 'Within a tier the first matching rule decides, by priority and then by position; here another action wins.'
      : 'Within a tier the first matching rule decides, by priority and then by position.',
    help: 'move the narrower rule before the wider one, or remove it',
    ...(place === undefined ? {} : { place }),
    related: by.map((other) => {
      const span = placeOf(other.policy, other.rule.path);
      return { message: `decides: ${other.rule.action}`, ...(span === undefined ? {} : { span }) };
    }),
    object: objectId(policy),
    confidence: 'certain',
    ...(differs ? {} : { severity: 'info' as const }),
  };
}
