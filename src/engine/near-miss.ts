/** Rules that would have allowed a denied connection but for their peers or their ports, nearest first. */
import { assertNever } from '../base/assert.ts';
import { cidrContains, type IpAddress } from '../base/inet.ts';
import { formatCidr, formatIp } from '../base/inet-format.ts';
import type {
  ClusterPolicyObject,
  ClusterPolicyPeer,
  ClusterPolicyRule,
  LabelSelector,
  NetworkPolicyObject,
  NetworkPolicyRule,
  PolicyPeer,
} from '../kube/objects.ts';
import type { Cluster } from '../model/cluster.ts';
import { matches } from '../kube/selectors.ts';
import type { GateQuestion } from './gate-question.ts';
import type { Party } from './parties.ts';
import type { NearMiss } from './results.ts';
import {
  clusterPortWords,
  labelWords,
  listWords,
  namedPortWords,
  policyPortWords,
  ruleReference,
  selectorWords,
  unmet,
} from './rule-words.ts';

/** A rule that did not match. */
export type MissContext =
  | { readonly policy: NetworkPolicyObject; readonly rule: NetworkPolicyRule }
  | { readonly policy: ClusterPolicyObject; readonly rule: ClusterPolicyRule };

/** How far off something is: the number of facts that would have to change. */
interface Gap {
  readonly distance: number;
  readonly because: string;
}

const SHOWN = 5;

/** Rules are compared in words only up to here; the nearest of thousands of rules is not worth seconds. */
const COMPARED = 400;

export function nearMisses(misses: readonly MissContext[], question: GateQuestion, cluster: Cluster): NearMiss[] {
  const ranked = misses.slice(0, COMPARED).map((miss, order) => ({ ...nearMiss(miss, question, cluster), order }));
  ranked.sort((a, b) => a.distance - b.distance || a.order - b.order);
  return ranked.slice(0, SHOWN).map(({ near }) => near);
}

function nearMiss(
  { policy, rule }: MissContext,
  question: GateQuestion,
  cluster: Cluster,
): { readonly near: NearMiss; readonly distance: number } {
  const peer = peerGap(rule.peers, policy, question, cluster);
  const port = portGap(rule, question, cluster);
  const gaps = [peer, port].filter((gap) => gap !== undefined);
  const misses = peer === undefined ? 'port' : port === undefined ? 'peer' : 'peer and port';
  const because = gaps.map((gap) => gap.because).join('; ');
  // Missing in one respect is nearer than missing in both, however small the gaps.
  const distance = gaps.reduce((sum, gap) => sum + gap.distance, 0) + (gaps.length > 1 ? 100 : 0);
  return { near: { ...ruleReference(policy, rule), misses, because }, distance };
}

// ---- peers ----------------------------------------------------------------------------------------------------

function peerGap(
  peers: readonly (PolicyPeer | ClusterPolicyPeer)[],
  policy: NetworkPolicyObject | ClusterPolicyObject,
  question: GateQuestion,
  cluster: Cluster,
): Gap | undefined {
  if (peers.length === 0 && policy.kind === 'NetworkPolicy') return undefined;
  let nearest: Gap | undefined;
  for (const peer of peers) {
    const gap = onePeerGap(peer, policy.meta.namespace, question, cluster);
    if (gap === undefined) return undefined;
    if (nearest === undefined || gap.distance < nearest.distance) nearest = gap;
  }
  return nearest ?? { distance: 9, because: 'names no peer' };
}

function onePeerGap(
  peer: PolicyPeer | ClusterPolicyPeer,
  policyNamespace: string,
  { peer: party, family }: GateQuestion,
  cluster: Cluster,
): Gap | undefined {
  switch (peer.type) {
    case 'pods':
      return podsGap(peer.namespaceSelector, peer.podSelector, policyNamespace, party, cluster);
    case 'ipBlock': {
      if (peer.cidr === undefined) return { distance: 9, because: 'has an ipBlock that cannot be read' };
      const { cidr } = peer;
      const ips = addressesOf(party, cluster).filter((ip) => ip.family === family);
      if (ips.some((ip) => cidrContains(cidr, ip) && !peer.except.some((hole) => cidrContains(hole, ip))))
        return undefined;
      const inside = ips.find((ip) => cidrContains(cidr, ip));
      if (inside !== undefined) {
        const hole = peer.except.find((except) => cidrContains(except, inside));
        return {
          distance: 1,
          because: `excepts ${hole === undefined ? '' : formatCidr(hole)}, which contains ${formatIp(inside)}`,
        };
      }
      return { distance: 3, because: `allows ${formatCidr(cidr)}, ${addressWords(party, ips)}` };
    }
    case 'networks': {
      const ips = addressesOf(party, cluster).filter((ip) => ip.family === family);
      if (ips.some((ip) => peer.cidrs.some((cidr) => cidrContains(cidr, ip)))) return undefined;
      return { distance: 3, because: `names ${listWords(peer.cidrs.map(formatCidr))}, ${addressWords(party, ips)}` };
    }
    case 'nodes': {
      if (party.kind !== 'host') return { distance: 4, because: `names nodes, ${party.name} is none` };
      const labels = cluster.nodeNamed(party.nodeName)?.labels ?? new Map<string, string>();
      const missing = unmet(peer.selector, labels);
      if (missing.length === 0 && !peer.selector.invalid) return undefined;
      const what = `names nodes with ${selectorWords(peer.selector)}`;
      return { distance: Math.max(1, missing.length), because: `${what}, its node ${labelWords(missing, labels)}` };
    }
    case 'domainNames':
      return { distance: 5, because: `names ${listWords(peer.names)}` };
    case 'unknown':
      return { distance: 9, because: 'has a peer that is not understood' };
    default:
      return assertNever(peer);
  }
}

function podsGap(
  namespaceSelector: LabelSelector | undefined,
  podSelector: LabelSelector | undefined,
  policyNamespace: string,
  party: Party,
  cluster: Cluster,
): Gap | undefined {
  if (party.kind !== 'pod') {
    const what =
      party.kind === 'host' ? (party.pod >= 0 ? 'is on the host network' : 'is a node') : 'is no pod of the cluster';
    return { distance: 6, because: `selects pods, ${party.name} ${what}` };
  }
  const { pods } = cluster;
  const namespace = cluster.namespaces[pods.namespaceOf[party.pod] ?? -1];
  const words: string[] = [];
  let distance = 0;
  if (namespaceSelector === undefined) {
    if (namespace?.name !== policyNamespace) {
      words.push(`selects pods of namespace ${policyNamespace} only, the pod is in ${namespace?.name ?? ''}`);
      distance += 2;
    }
  } else if (namespace !== undefined && !matches(namespaceSelector, namespace.labels)) {
    const missing = unmet(namespaceSelector, namespace.labels);
    const what = `selects namespaces with ${selectorWords(namespaceSelector)}`;
    words.push(`${what}, namespace ${namespace.name} ${labelWords(missing, namespace.labels)}`);
    distance += Math.max(1, missing.length);
  }
  const labels = pods.labels[party.pod] ?? new Map<string, string>();
  if (podSelector !== undefined && !matches(podSelector, labels)) {
    const missing = unmet(podSelector, labels);
    words.push(`selects ${selectorWords(podSelector)}, the pod ${labelWords(missing, labels)}`);
    distance += Math.max(1, missing.length);
  }
  return distance === 0 ? undefined : { distance, because: words.join(' and ') };
}

function addressesOf(party: Party, cluster: Cluster): readonly IpAddress[] {
  if (party.address !== undefined) return [party.address];
  const node = party.kind === 'host' ? (cluster.nodeNamed(party.nodeName)?.addresses ?? []) : [];
  return node.length > 0 || party.pod < 0 ? node : (cluster.pods.ips[party.pod] ?? []);
}

function addressWords(party: Party, ips: readonly IpAddress[]): string {
  return ips.length === 0 ? `${party.name} is elsewhere` : `the address is ${listWords(ips.map(formatIp))}`;
}

// ---- ports ----------------------------------------------------------------------------------------------------

function portGap(
  rule: NetworkPolicyRule | ClusterPolicyRule,
  { subject, peer, direction, protocol, port }: GateQuestion,
  cluster: Cluster,
): Gap | undefined {
  const ports = rule.ports;
  if (ports === undefined) return undefined;
  if (ports.length === 0) return 'action' in rule ? { distance: 9, because: 'names no port' } : undefined;
  const destination = direction === 'ingress' ? subject : peer;
  const declared = destination.kind === 'pod' ? (cluster.pods.ports[destination.pod] ?? []) : undefined;
  const names: string[] = [];
  for (const item of ports) {
    if ('type' in item) {
      if (item.type === 'unknown') continue;
      if (item.type === 'named') {
        names.push(item.name);
        if (declared?.some((p) => p.name === item.name && p.protocol === protocol && p.containerPort === port))
          return undefined;
      } else if (item.protocol === protocol && item.start <= port && port <= item.end) return undefined;
    } else if (item.protocol === protocol) {
      if (item.port === undefined) return undefined;
      if (typeof item.port === 'string') {
        names.push(item.port);
        if (declared?.some((p) => p.name === item.port && p.protocol === protocol && p.containerPort === port))
          return undefined;
      } else if (item.port <= port && port <= item.endPort) return undefined;
    } else if (typeof item.port === 'string') names.push(item.port);
  }
  const what = isPolicyRule(rule) ? policyPortWords(rule.ports) : clusterPortWords(rule.ports ?? []);
  const asked = protocol === 'other' ? 'a protocol without ports' : `${protocol} ${port}`;
  const note = names.length > 0 ? ` (${namedPortWords(names, declared)})` : '';
  return { distance: 1, because: `allows ${what}${note}, the connection is ${asked}` };
}

function isPolicyRule(rule: NetworkPolicyRule | ClusterPolicyRule): rule is NetworkPolicyRule {
  return !('action' in rule);
}
