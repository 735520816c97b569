import { peerFields } from '../peer-fields.ts';
import { DIRECTIONS } from '../../engine/compiled.ts';
import { NO, YES } from '../../base/tri.ts';
import { portPoint } from '../../engine/port-sets.ts';
import type { Direction } from '../../engine/policy-rules.ts';
import type { ConnectionQuery } from '../../engine/query.ts';
import type { ContainerPort, NetworkPolicyObject, NetworkPolicyRule, PolicyPeer } from '../../kube/objects.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId, type Finding } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

/** Class pairs of one peer that are asked; beyond it a peer is hardly about certain pods. */
const MAX_PAIRS = 2000;

/**
 * M32, catalogue NP402: both gates must be open (S76). A peer that names certain pods, none of which can be reached, or
 * none of which can come, on any port of the rule, because of the other end.
 */
export const oneSidedAllow = defineRule({
  name: 'one-sided-allow',
  severity: 'warning',
  category: 'mistakes',
  summary: 'a rule allows a connection at one end, and the other end denies it',
  fixable: false,
  detectors: ['M32'],
  catalogue: ['NP402'],
  *check(context) {
    for (const policy of context.cluster.networkPolicies) {
      for (const direction of DIRECTIONS) {
        if (!policy.isolates[direction]) continue;
        for (const rule of policy[direction]) {
          for (const [index, peer] of rule.peers.entries()) {
            const query = namesPods(peer) ? refusedQuery(context, policy, direction, rule, peer) : undefined;
            if (query !== undefined) yield findingOf(context, policy, direction, rule, index, query);
          }
        }
      }
    }
  },
});

/** "All pods of a namespace" is no promise about each of them. */
function namesPods(peer: PolicyPeer): boolean {
  return peer.type === 'pods' && (peer.podSelector?.requirements.length ?? 0) > 0;
}

/** A connection that the rule allows and the other end denies, when that is so for all that the peer is about. */
function refusedQuery(
  context: AuditContext,
  policy: NetworkPolicyObject,
  direction: Direction,
  rule: NetworkPolicyRule,
  peer: PolicyPeer,
): ConnectionQuery | undefined {
  const { engine, selections } = context;
  const subjects = onePerClass(context, selections.subjects(policy).pods);
  const others = onePerClass(context, selections.peer(peer, policy.meta.namespace).pods);
  if (subjects.length * others.length > MAX_PAIRS) return undefined;
  let refused: ConnectionQuery | undefined;
  for (const subject of subjects) {
    for (const other of others) {
      if (subject === other) continue;
      const [from, to] = direction === 'ingress' ? [other, subject] : [subject, other];
      if (opensSome(context, from, to, rule)) return undefined;
      for (const { protocol, port } of portsOf(rule, context.cluster.pods.ports[to] ?? [])) {
        const query: ConnectionQuery = {
          from: { type: 'pod', pod: from },
          to: { type: 'pod', pod: to },
          protocol,
          port,
        };
        const { egress, ingress } = engine.decide(from, to, portPoint(protocol, port));
        const [own, far] = direction === 'ingress' ? [ingress, egress] : [egress, ingress];
        // Denied at this end as well: a named port, or a cluster policy.
        if (own.allowed !== YES || far.allowed !== NO) return undefined;
        refused ??= query;
      }
    }
  }
  return refused;
}

function onePerClass({ engine }: AuditContext, pods: readonly number[]): readonly number[] {
  const seen = new Set<number>();
  return pods.filter((pod) => {
    const classId = engine.classOfPod(pod);
    return !seen.has(classId) && seen.add(classId);
  });
}

/** Whether any connection that the rule speaks of may come about, on whichever port. */
function opensSome({ engine }: AuditContext, from: number, to: number, { ports }: NetworkPolicyRule): boolean {
  const open = engine.portsValue(engine.ports({ type: 'pod', pod: from }, { type: 'pod', pod: to }).possible);
  if (open === 'any') return true;
  if (ports.length === 0) return open.length > 0;
  return ports.some(({ protocol, port, endPort }) =>
    open.some(
      (other) =>
        other.protocol === protocol &&
        (port === undefined ||
          (typeof port === 'number' && other.ranges.some(([first, last]) => first <= endPort && port <= last))),
    ),
  );
}

/** Ports to ask about: of a range both ends, of a rule for every port one that the destination has. */
function portsOf(
  { ports }: NetworkPolicyRule,
  declared: readonly ContainerPort[],
): readonly Pick<ConnectionQuery, 'protocol' | 'port'>[] {
  const [first] = declared;
  const usual = { protocol: first?.protocol ?? 'TCP', port: first?.containerPort ?? 80 };
  if (ports.length === 0) return [usual];
  return ports.flatMap(({ protocol, port, endPort }) => {
    if (typeof port === 'string') return [];
    if (port === undefined) {
      const own = declared.find((candidate) => candidate.protocol === protocol);
      return [{ protocol, port: own?.containerPort ?? 80 }];
    }
    return port === endPort ? [{ protocol, port }] : [port, endPort].map((number) => ({ protocol, port: number }));
  });
}

function findingOf(
  context: AuditContext,
  policy: NetworkPolicyObject,
  direction: Direction,
  rule: NetworkPolicyRule,
  index: number,
  query: ConnectionQuery,
): Finding {
  const { egress, ingress } = context.engine.explain(query);
  const far = direction === 'ingress' ? egress : ingress;
  const farName = direction === 'ingress' ? 'egress' : 'ingress';
  const field = peerFields[direction];
  const place = placeOf(policy, rule.path, field, index);
  const { from, to } = context.witness(query, '');
  const [here, there] = direction === 'ingress' ? [to, from] : [from, to];
  const byId = context.shared(
    'NetworkPolicies by id',
    () => new Map(context.cluster.networkPolicies.map((other) => [objectId(other), other])),
  );
  const isolating = far.by.flatMap(({ policy: id }) => byId.get(id) ?? []);
  return {
    message:
      direction === 'ingress'
        ? `${here} lets ${there} in, but no egress rule lets ${there} out to it`
        : `${here} may connect to ${there}, but no ingress rule of ${there} lets it in`,
    why: `A connection needs the egress gate of its source and the ingress gate of its destination; the ${farName} gate is shut for every pod that this peer means.`,
    help: `add the ${farName} rule at the other end, or remove this one`,
    ...(place === undefined ? {} : { place }),
    related: isolating.map((other) => {
      const span = placeOf(other, 'metadata', 'name');
      return { message: `isolates the other end for ${farName}`, ...(span === undefined ? {} : { span }) };
    }),
    object: objectId(policy),
    confidence: context.absence,
    witness: context.witness(query, `denied at the ${farName} gate`),
    pods: context.workloadIds(context.selections.subjects(policy).pods),
  };
}
