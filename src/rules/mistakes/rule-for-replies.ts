import type { NetworkPolicyObject, NetworkPolicyRule, PolicyPeer } from '../../kube/objects.ts';
import { selectorKey } from '../../kube/selectors.ts';
import type { AuditContext } from '../audit-context.ts';
import { peerWithin } from '../containment.ts';
import { objectId } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

/** The source ports that systems take for their own connections: from here on at the latest. */
const EPHEMERAL = 32768;
const EPHEMERAL_LAST = 60999;

/** M33 (S77): replies belong to their connection and need no rule. */
export const ruleForReplies = defineRule({
  name: 'rule-for-replies',
  severity: 'info',
  category: 'mistakes',
  summary: 'a rule opens the way back to exactly those who may connect, which replies do not need',
  fixable: false,
  detectors: ['M33'],
  catalogue: ['NP309'],
  *check(context) {
    for (const policy of context.cluster.networkPolicies) {
      if (!policy.isolates.ingress || !policy.isolates.egress) continue;
      for (const forward of policy.ingress) {
        for (const back of policy.egress) {
          if (!looksLikeReplies(policy, forward, back) || concernsItself(policy, forward, context)) continue;
          const place = placeOf(policy, back.path);
          const span = placeOf(policy, forward.path);
          yield {
            message: `${back.path} lets the pods connect to exactly those that ${forward.path} lets in; replies need no rule`,
            why: 'Answers on an allowed connection are always let through. The rule opens something else: new connections in the other direction.',
            help: 'remove the rule, unless the pods open connections to them as well',
            ...(place === undefined ? {} : { place }),
            related: [{ message: 'this lets them in', ...(span === undefined ? {} : { span }) }],
            object: objectId(policy),
            confidence: 'certain',
            pods: context.workloadIds(context.selections.subjects(policy).pods),
          };
          break;
        }
      }
    }
  },
});

/** The same named peers, and on the way back every port or the range of client ports. */
function looksLikeReplies({ meta }: NetworkPolicyObject, forward: NetworkPolicyRule, back: NetworkPolicyRule): boolean {
  const within = (inner: readonly PolicyPeer[], outer: readonly PolicyPeer[]): boolean =>
    inner.every((peer) => outer.some((other) => peerWithin(peer, other, meta.namespace)));
  if (forward.peers.length === 0 || back.peers.length === 0) return false;
  if (!within(forward.peers, back.peers) || !within(back.peers, forward.peers)) return false;
  if (back.ports.length === 0) return true;
  return back.ports.every(
    ({ port, endPort }) => typeof port === 'number' && port <= EPHEMERAL && endPort >= EPHEMERAL_LAST && port > 1,
  );
}

/** Pods that talk among themselves, such as all of a namespace, are at both ends: then both rules are needed. */
function concernsItself(policy: NetworkPolicyObject, { peers }: NetworkPolicyRule, context: AuditContext): boolean {
  const { namespace } = policy.meta;
  const subject = selectorKey(policy.podSelector);
  if (
    peers.some(
      (peer) =>
        isOpen(peer) ||
        (peer.type === 'pods' && peer.podSelector !== undefined && selectorKey(peer.podSelector) === subject),
    )
  )
    return true;
  const selected = new Set(context.selections.subjects(policy).pods);
  return peers.some((peer) => {
    const { pods, maybe } = context.selections.peer(peer, namespace);
    return [...pods, ...maybe].some((pod) => selected.has(pod));
  });
}

/** A peer of whole namespaces or of every pod: broad on purpose. */
function isOpen(peer: PolicyPeer): boolean {
  if (peer.type === 'ipBlock') return peer.cidr === undefined || peer.cidr.prefix === 0;
  return peer.podSelector === undefined || peer.podSelector.requirements.length === 0;
}
