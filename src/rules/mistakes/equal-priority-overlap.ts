import { DIRECTIONS } from '../../engine/compiled.ts';
import type { Direction } from '../../engine/policy-rules.ts';
import type {
  ClusterPolicyObject,
  ClusterPolicyPeer,
  ClusterPolicyPort,
  ClusterPolicyRule,
} from '../../kube/objects.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId, type Finding } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

interface Clash {
  readonly direction: Direction;
  readonly a: ClusterPolicyRule;
  readonly b: ClusterPolicyRule;
  readonly subject: number;
  readonly peer: number;
}

/** M60, catalogue NP701: with equal priorities nobody says which one decides (S156, D9). With a pair of pods to show it. */
export const equalPriorityOverlap = defineRule({
  name: 'equal-priority-overlap',
  severity: 'error',
  category: 'mistakes',
  summary: 'two cluster policies of the same tier and priority decide the same connection differently',
  fixable: false,
  detectors: ['M60'],
  catalogue: ['NP701'],
  *check(context) {
    const byPriority = new Map<string, ClusterPolicyObject[]>();
    for (const policy of context.cluster.clusterPolicies) {
      const key = `${policy.tier} ${policy.priority}`;
      const list = byPriority.get(key);
      if (list === undefined) byPriority.set(key, [policy]);
      else list.push(policy);
    }
    for (const policies of byPriority.values()) {
      for (const [index, b] of policies.entries()) {
        for (const a of policies.slice(0, index)) {
          const clash = clashOf(context, a, b);
          if (clash !== undefined) yield findingOf(context, a, b, clash);
        }
      }
    }
  },
});

function clashOf(context: AuditContext, a: ClusterPolicyObject, b: ClusterPolicyObject): Clash | undefined {
  const subjects = new Set(context.selections.pods(a.subject).pods);
  const subject = context.selections.pods(b.subject).pods.find((pod) => subjects.has(pod));
  if (subject === undefined) return undefined;
  for (const direction of DIRECTIONS) {
    for (const first of a[direction]) {
      for (const second of b[direction]) {
        if (first.action === second.action || !portsMeet(first.ports, second.ports)) continue;
        const peers = podsOf(context, first.peers);
        const peer = [...podsOf(context, second.peers)].find((pod) => peers.has(pod) && pod !== subject);
        if (peer !== undefined) return { direction, a: first, b: second, subject, peer };
      }
    }
  }
  return undefined;
}

function podsOf({ selections }: AuditContext, peers: readonly ClusterPolicyPeer[]): ReadonlySet<number> {
  return new Set(peers.flatMap((peer) => (peer.type === 'pods' ? selections.pods(peer).pods : [])));
}

function portsMeet(a: ClusterPolicyRule['ports'], b: ClusterPolicyRule['ports']): boolean {
  return a === undefined || b === undefined || a.some((port) => b.some((other) => portMeets(port, other)));
}

function portMeets(a: ClusterPolicyPort, b: ClusterPolicyPort): boolean {
  if (a.type === 'range' && b.type === 'range') {
    return a.protocol === b.protocol && a.start <= b.end && b.start <= a.end;
  }
  return a.type === 'named' && b.type === 'named' && a.name === b.name;
}

function findingOf(
  context: AuditContext,
  a: ClusterPolicyObject,
  b: ClusterPolicyObject,
  { direction, a: first, b: second, subject, peer }: Clash,
): Finding {
  const place = placeOf(b, 'spec', 'priority');
  const span = placeOf(a, first.path);
  const [from, to] = (direction === 'ingress' ? [peer, subject] : [subject, peer]).map((pod) =>
    context.endpointName({ type: 'pod', pod }),
  );
  return {
    message: `${objectId(a)} says ${first.action} and ${objectId(b)} says ${second.action} for ${from ?? ''} to ${to ?? ''}, with the same priority ${b.priority}`,
    why: 'Which of them decides is left to the implementation, and may change with it.',
    help: 'give them different priorities; the lower number decides',
    ...(place === undefined ? {} : { place }),
    ...(span === undefined ? {} : { related: [{ message: `says ${first.action}`, span }] }),
    object: objectId(b),
    confidence: 'implementation-defined',
    pods: context.workloadIds([subject]),
    key: objectId(a),
  };
}
