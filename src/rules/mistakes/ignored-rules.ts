import { DIRECTIONS } from '../../engine/compiled.ts';
import type { Direction } from '../../engine/policy-rules.ts';
import type { NetworkPolicyObject } from '../../kube/objects.ts';
import { objectId, type Finding } from '../finding.ts';
import { locate, placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

const typeNames = { ingress: 'Ingress', egress: 'Egress' } as const satisfies Record<Direction, string>;

/** M26, catalogue NP009: rules of a direction that `policyTypes` leaves out are ignored (S19). */
export const ignoredRules = defineRule({
  name: 'ignored-rules',
  severity: 'error',
  category: 'mistakes',
  summary: 'policyTypes does not name the direction of rules, so they count for nothing',
  fixable: false,
  detectors: ['M26'],
  catalogue: ['NP009'],
  *check(context) {
    for (const policy of context.cluster.networkPolicies) {
      for (const direction of DIRECTIONS) {
        if (!policy.isolates[direction] && policy[direction].length > 0) yield findingOf(policy, direction);
      }
    }
  },
});

function findingOf(policy: NetworkPolicyObject, direction: Direction): Finding {
  const place = placeOf(policy, 'spec', direction);
  const types = locate(policy, 'spec', 'policyTypes');
  const count = policy[direction].length;
  return {
    message: `${count === 1 ? `the ${direction} rule is` : `the ${count} ${direction} rules are`} ignored, because policyTypes does not name ${typeNames[direction]}`,
    why: `The policy does not restrict ${direction} at all: its pods are as open in this direction as without it.`,
    help: `add ${typeNames[direction]} to policyTypes, or remove the ${direction} rules`,
    ...(place === undefined ? {} : { place }),
    ...(types === undefined ? {} : { related: [{ message: 'these directions count', span: types.span }] }),
    object: objectId(policy),
    confidence: 'certain',
    key: direction,
  };
}
