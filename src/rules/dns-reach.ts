/** Who can look up names, over which protocol. */
import type { NetworkPolicyObject, NetworkPolicyRule, PolicyPeer } from '../kube/objects.ts';
import { isContradictory } from '../kube/selectors.ts';
import { YES } from '../base/tri.ts';
import type { AuditContext } from './audit-context.ts';
import { clusterDns, DNS_PORT } from './cluster-dns.ts';

export type DnsProtocol = 'UDP' | 'TCP';

export interface DnsLack {
  readonly pod: number;
  /** A pod of the resolver that is not reachable; absent when the input shows no resolver. */
  readonly resolver: { readonly pod: number; readonly port: number } | undefined;
}

/**
 * Pods whose egress is isolated, that may send somewhere else, and that cannot reach any pod of the resolver over a
 * protocol. Where the input shows no resolver: those for which no rule could possibly mean one.
 */
export function podsWithoutDns(context: AuditContext, protocol: DnsProtocol): readonly DnsLack[] {
  return context.shared(`pods without DNS over ${protocol}`, () => findLacking(context, protocol));
}

function findLacking(context: AuditContext, protocol: DnsProtocol): readonly DnsLack[] {
  const { cluster, engine } = context;
  const resolvers = clusterDns(context).filter((endpoint) => endpoint.protocol === protocol);
  // What a cluster policy makes of a resolver that the input does not show cannot be told from its rules one by one.
  if (resolvers.length === 0 && cluster.clusterPolicies.some(({ egress }) => egress.length > 0)) return [];
  const isResolver = new Set(resolvers.map(({ pod }) => pod));
  /** Pods of a class are answered alike. */
  const answers = new Map<number, DnsLack['resolver'] | 'reachable' | 'unseen'>();
  const lacking: DnsLack[] = [];
  for (let pod = 0; pod < cluster.pods.length; pod++) {
    if (cluster.pods.isHostNetwork(pod) || isResolver.has(pod)) continue;
    const classId = engine.classOfPod(pod);
    if (engine.isolation(classId).egress !== YES || !sendsSomewhere(context, pod)) continue;
    let answer = answers.get(classId);
    if (answer === undefined) {
      const [first] = resolvers;
      answer =
        first === undefined
          ? mayAsk(context, pod, protocol)
            ? 'reachable'
            : 'unseen'
          : resolvers.some(({ pod: to, port }) => isOpen(context, pod, to, protocol, port))
            ? 'reachable'
            : { pod: first.pod, port: first.port };
      answers.set(classId, answer);
    }
    if (answer !== 'reachable') lacking.push({ pod, resolver: answer === 'unseen' ? undefined : answer });
  }
  return lacking;
}

function isOpen({ engine }: AuditContext, from: number, to: number, protocol: DnsProtocol, port: number): boolean {
  return (
    engine.verdict({ from: { type: 'pod', pod: from }, to: { type: 'pod', pod: to }, protocol, port }) !== 'denied'
  );
}

/** A pod that may send nothing at all, or only to a few addresses, which it is told as such, needs no names. */
function sendsSomewhere(context: AuditContext, pod: number): boolean {
  return context
    .policiesOf(pod)
    .some(
      ({ isolates, egress }) =>
        isolates.egress && egress.some(({ peers }) => peers.length === 0 || peers.some(isMetByName)),
    );
}

function isMetByName(peer: PolicyPeer): boolean {
  if (peer.type === 'pods') return true;
  return peer.cidr !== undefined && peer.cidr.prefix <= (peer.cidr.family === 4 ? 8 : 16);
}

function mayAsk(context: AuditContext, pod: number, protocol: DnsProtocol): boolean {
  return context
    .policiesOf(pod)
    .some((policy) => policy.isolates.egress && policy.egress.some((rule) => mayMeanDns(rule, policy, protocol)));
}

function mayMeanDns(rule: NetworkPolicyRule, policy: NetworkPolicyObject, protocol: DnsProtocol): boolean {
  const port = rule.ports.some(({ protocol: own, port, endPort }) => {
    if (own !== protocol) return false;
    // OpenShift's resolver listens on 5353; names are for the resolver's pods to explain.
    return typeof port !== 'number' || [DNS_PORT, 5353].some((number) => port <= number && number <= endPort);
  });
  const peer = rule.peers.some((candidate) => mayMeanResolver(candidate, policy.meta.namespace));
  return (rule.ports.length === 0 || port) && (rule.peers.length === 0 || peer);
}

function mayMeanResolver(peer: PolicyPeer, namespace: string): boolean {
  if (peer.type === 'ipBlock') return peer.cidr !== undefined;
  if (peer.podSelector !== undefined && isContradictory(peer.podSelector)) return false;
  // Pods of one's own namespace may be a resolver only where resolvers are.
  return peer.namespaceSelector !== undefined || namespace === 'kube-system' || namespace === 'openshift-dns';
}
