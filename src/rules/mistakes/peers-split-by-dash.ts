import { peerFields } from '../peer-fields.ts';
import { DIRECTIONS } from '../../engine/compiled.ts';
import type { NetworkPolicyObject, NetworkPolicyRule, PolicyPeer } from '../../kube/objects.ts';
import { formatSelector } from '../../kube/selectors.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId, type Finding, type Fix } from '../finding.ts';
import { locate, placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';
import { joinItems } from '../yaml-edit.ts';

type PodsPeer = Extract<PolicyPeer, { type: 'pods' }>;

/**
 * M1, catalogue NP501: a dash before `podSelector` makes two peers of one. Only with evidence: the pods are not in the
 * policy's namespace, but in those that the item above selects.
 */
export const peersSplitByDash = defineRule({
  name: 'peers-split-by-dash',
  severity: 'error',
  category: 'mistakes',
  summary: 'a dash makes "these pods in these namespaces" mean "these namespaces, or these pods here"',
  fixable: true,
  detectors: ['M1'],
  catalogue: ['NP501'],
  controls: { nsa: ['selectors'] },
  *check(context) {
    for (const policy of context.cluster.networkPolicies) {
      for (const direction of DIRECTIONS) {
        if (!policy.isolates[direction]) continue;
        for (const rule of policy[direction]) {
          for (let index = 0; index + 1 < rule.peers.length; index++) {
            const pair = splitPair(rule, index);
            if (pair !== undefined && isMeantTogether(pair, policy, context)) {
              yield findingOf(context, policy, rule, peerFields[direction], index, pair);
            }
          }
        }
      }
    }
  },
});

/** Whether a peer is half of a pair that this rule reports: then it needs no message of its own. */
export function isSplitByDash(
  context: AuditContext,
  policy: NetworkPolicyObject,
  rule: NetworkPolicyRule,
  index: number,
): boolean {
  return [index - 1, index].some((first) => {
    const pair = splitPair(rule, first);
    return pair !== undefined && isMeantTogether(pair, policy, context);
  });
}

interface Pair {
  readonly namespaces: PodsPeer;
  readonly pods: PodsPeer;
}

/** One item with only a namespaceSelector beside one with only a podSelector; neither means everybody. */
function splitPair({ peers }: NetworkPolicyRule, index: number): Pair | undefined {
  const [a, b] = [peers[index], peers[index + 1]];
  if (a?.type !== 'pods' || b?.type !== 'pods') return undefined;
  for (const [namespaces, pods] of [
    [a, b],
    [b, a],
  ] as const) {
    if (
      (namespaces.namespaceSelector?.requirements.length ?? 0) > 0 &&
      namespaces.podSelector === undefined &&
      pods.namespaceSelector === undefined &&
      (pods.podSelector?.requirements.length ?? 0) > 0
    )
      return { namespaces, pods };
  }
  return undefined;
}

function isMeantTogether({ namespaces, pods }: Pair, policy: NetworkPolicyObject, context: AuditContext): boolean {
  const { selections } = context;
  const { namespace } = policy.meta;
  if (!context.hasWorkloads(namespace)) return false;
  const here = selections.peer(pods, namespace);
  if (here.pods.length + here.maybe.length + here.hostNetwork.length > 0) return false;
  const there = { namespaceSelector: namespaces.namespaceSelector, podSelector: pods.podSelector };
  return selections.pods(there).pods.length > 0;
}

function findingOf(
  context: AuditContext,
  policy: NetworkPolicyObject,
  rule: NetworkPolicyRule,
  field: string,
  index: number,
  { namespaces, pods }: Pair,
): Finding {
  const { selections } = context;
  const place = placeOf(policy, rule.path, field, index + 1);
  const above = placeOf(policy, rule.path, field, index);
  const meant = selections.pods({ namespaceSelector: namespaces.namespaceSelector, podSelector: pods.podSelector });
  const open = selections.peer(namespaces, policy.meta.namespace);
  const wanted = formatSelector(pods.podSelector ?? { requirements: [], invalid: false, span: undefined });
  const edits = joinOf(policy, rule, field, index);
  const fix: Fix | undefined = edits && {
    description: 'make one peer of the two by removing the dash',
    edits,
    changesVerdicts: true,
  };
  return {
    message: `two peers where one was meant: every pod of the selected namespaces, or pods ${wanted} of ${policy.meta.namespace}, where there are none`,
    why: `Items of ${field} are alternatives. One of them admits ${open.pods.length === 1 ? '1 pod' : `${open.pods.length} pods`}; pods ${wanted} in those namespaces would be ${meant.pods.length}.`,
    help: 'write podSelector and namespaceSelector as two fields of one list item',
    ...(place === undefined ? {} : { place }),
    ...(above === undefined ? {} : { related: [{ message: 'this item alone admits whole namespaces', span: above }] }),
    object: objectId(policy),
    confidence: context.absence,
    pods: context.workloadIds(open.pods),
    ...(fix === undefined ? {} : { fix }),
  };
}

function joinOf(policy: NetworkPolicyObject, rule: NetworkPolicyRule, field: string, index: number) {
  const list = locate(policy, rule.path, field);
  return list && joinItems(list, index);
}
