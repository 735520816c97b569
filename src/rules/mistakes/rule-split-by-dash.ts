import { peerFields } from '../peer-fields.ts';
import { DIRECTIONS } from '../../engine/compiled.ts';
import type { Direction } from '../../engine/policy-rules.ts';
import type { NetworkPolicyObject, NetworkPolicyRule, PolicyPort } from '../../kube/objects.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId, type Finding, type Fix } from '../finding.ts';
import { locate, placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';
import { joinItems } from '../yaml-edit.ts';

/**
 * M28, catalogue NP504: peers in one rule and ports in the next, where one rule was meant. Only with evidence: every
 * port that the pods behind declare is among those that the second rule opens to everybody, so the first one, which
 * opens all ports to its peers, would be there for nothing.
 */
export const ruleSplitByDash = defineRule({
  name: 'rule-split-by-dash',
  severity: 'error',
  category: 'mistakes',
  summary: 'a dash makes "these ports for these peers" mean "all ports for these peers, and these ports for everybody"',
  fixable: true,
  detectors: ['M28'],
  catalogue: ['NP504'],
  *check(context) {
    for (const policy of context.cluster.networkPolicies) {
      for (const direction of DIRECTIONS) {
        if (!policy.isolates[direction]) continue;
        const rules = policy[direction];
        for (const [index, first] of rules.entries()) {
          const second = rules[index + 1];
          if (second !== undefined && isSplit(first, second, policy, direction, context)) {
            yield findingOf(context, policy, direction, index, first, second);
          }
        }
      }
    }
  },
});

function isSplit(
  first: NetworkPolicyRule,
  second: NetworkPolicyRule,
  policy: NetworkPolicyObject,
  direction: Direction,
  context: AuditContext,
): boolean {
  if (first.peers.length === 0 || first.ports.length > 0) return false;
  if (second.peers.length > 0 || second.ports.length === 0) return false;
  // Lookups are opened to everybody on purpose.
  if (second.ports.some(({ port }) => port === 53)) return false;
  const targets = direction === 'ingress' ? context.selections.subjects(policy).pods : peerPods(first, policy, context);
  const { pods } = context.cluster;
  return (
    targets.length > 0 &&
    targets.every((pod) => {
      const declared = pods.ports[pod] ?? [];
      return (
        declared.length > 0 &&
        declared.every(({ name, protocol, containerPort }) =>
          second.ports.some((port) => port.protocol === protocol && holds(port, name, containerPort)),
        )
      );
    })
  );
}

/** None when an address range is among the peers: nobody knows what listens there. */
function peerPods(rule: NetworkPolicyRule, policy: NetworkPolicyObject, context: AuditContext): readonly number[] {
  if (rule.peers.some(({ type }) => type === 'ipBlock')) return [];
  return rule.peers.flatMap((peer) => context.selections.peer(peer, policy.meta.namespace).pods);
}

function holds({ port, endPort }: PolicyPort, name: string, number: number): boolean {
  if (port === undefined) return true;
  return typeof port === 'string' ? port === name : port <= number && number <= endPort;
}

function findingOf(
  context: AuditContext,
  policy: NetworkPolicyObject,
  direction: Direction,
  index: number,
  first: NetworkPolicyRule,
  second: NetworkPolicyRule,
): Finding {
  const place = placeOf(policy, second.path);
  const above = placeOf(policy, first.path);
  const list = locate(policy, `spec.${direction}`);
  const edits = list && joinItems(list, index);
  const fix: Fix | undefined = edits && {
    description: 'make one rule of the two by removing the dash',
    edits,
    changesVerdicts: true,
  };
  const whom = direction === 'ingress' ? 'from anywhere' : 'to anywhere';
  return {
    message: `the ports of ${second.path} are open ${whom}, and ${first.path} limits no ports`,
    why: 'Two rules are two permissions: each opens what it says, alone. A field that begins with a dash begins a new rule.',
    help: `write ${peerFields[direction]} and ports as two fields of one list item`,
    ...(place === undefined ? {} : { place }),
    ...(above === undefined ? {} : { related: [{ message: 'the peers that were meant', span: above }] }),
    object: objectId(policy),
    confidence: context.absence,
    pods: context.workloadIds(context.selections.subjects(policy).pods),
    ...(fix === undefined ? {} : { fix }),
  };
}
