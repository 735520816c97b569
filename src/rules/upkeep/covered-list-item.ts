import { peerFields } from '../peer-fields.ts';
import { DIRECTIONS } from '../../engine/compiled.ts';
import type { NetworkPolicyObject, NetworkPolicyRule } from '../../kube/objects.ts';
import { peerWithin, portWithin } from '../containment.ts';
import { objectId, type Finding, type Fix } from '../finding.ts';
import { locate, placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';
import { deleteItem } from '../yaml-edit.ts';

type ListName = 'peers' | 'ports';

/** M30, catalogue NP203: peers of a rule are alternatives (S75), and so are its ports: the widest one counts. */
export const coveredListItem = defineRule({
  name: 'covered-list-item',
  severity: 'info',
  category: 'upkeep',
  summary: 'a peer or port of a rule lies inside another one of the same rule',
  fixable: true,
  detectors: ['M30'],
  catalogue: ['NP203'],
  *check(context) {
    for (const policy of context.cluster.networkPolicies) {
      for (const direction of DIRECTIONS) {
        if (!policy.isolates[direction]) continue;
        for (const rule of policy[direction]) {
          const { namespace } = policy.meta;
          const field = peerFields[direction];
          yield* itemsWithin(rule, policy, 'peers', field, (a, b) =>
            within(rule.peers[a], rule.peers[b], (inner, outer) => peerWithin(inner, outer, namespace)),
          );
          yield* itemsWithin(rule, policy, 'ports', 'ports', (a, b) =>
            within(rule.ports[a], rule.ports[b], portWithin),
          );
        }
      }
    }
  },
});

function within<T>(inner: T | undefined, outer: T | undefined, test: (inner: T, outer: T) => boolean): boolean {
  return inner !== undefined && outer !== undefined && test(inner, outer);
}

/** Longer lists are generated; comparing each with each would take long, and nobody reads them. */
const MAX_ITEMS = 200;

function* itemsWithin(
  rule: NetworkPolicyRule,
  policy: NetworkPolicyObject,
  list: ListName,
  field: string,
  isWithin: (inner: number, outer: number) => boolean,
): Iterable<Finding> {
  const count = rule[list].length;
  if (count < 2 || count > MAX_ITEMS) return;
  for (let inner = 0; inner < count; inner++) {
    for (let outer = 0; outer < count; outer++) {
      // Of two that are equal the second one is reported.
      if (inner === outer || !isWithin(inner, outer) || (inner < outer && isWithin(outer, inner))) continue;
      yield findingOf(rule, policy, field, inner, outer);
      break;
    }
  }
}

function findingOf(
  rule: NetworkPolicyRule,
  policy: NetworkPolicyObject,
  field: string,
  inner: number,
  outer: number,
): Finding {
  const place = placeOf(policy, rule.path, field, inner);
  const other = placeOf(policy, rule.path, field, outer);
  const path = `${rule.path}.${field}`;
  const items = locate(policy, rule.path, field);
  const edits = items && deleteItem(items, inner);
  const fix: Fix | undefined = edits && { description: `remove ${path}[${inner}]`, edits, changesVerdicts: false };
  return {
    message: `${path}[${inner}] opens nothing that ${path}[${outer}] does not open`,
    why: 'The items of a list are alternatives: the widest one decides, the narrower one only looks as if it did.',
    help: 'remove the narrower one, or the wider one if only the narrower was meant',
    ...(place === undefined ? {} : { place }),
    ...(other === undefined ? {} : { related: [{ message: 'opens the same and perhaps more', span: other }] }),
    object: objectId(policy),
    confidence: 'certain',
    ...(fix === undefined ? {} : { fix }),
  };
}
