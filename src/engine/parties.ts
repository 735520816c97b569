/** The ends of a question as classes: one party per pod, node or external atom that the end stands for. */
import { assertNever } from '../base/assert.ts';
import type { IpAddress } from '../base/inet.ts';
import { formatCidr, formatIp } from '../base/inet-format.ts';
import { rangesToCidrs, type IpRange } from '../base/inet-ranges.ts';
import { MAYBE, NO, YES, type Tri } from '../base/tri.ts';
import type { Compiled } from './compiled.ts';
import type { Endpoint } from './query.ts';
import type { SharedFamilies } from './pair-evaluation.ts';

export interface Party {
  readonly classId: number;
  readonly kind: 'pod' | 'host' | 'external';
  /** Index of the pod (also a host-network one), -1 when it is none. */
  readonly pod: number;
  /** The node it is or runs on; `''` when unknown or none. */
  readonly nodeName: string;
  /** Presence bits of its families, as `Classes.families` has them. */
  readonly families: SharedFamilies;
  /** Of a single external address. */
  readonly address?: IpAddress;
  /** As answers name it. */
  readonly name: string;
}

const FOUR = YES;
const SIX = YES << 2;

export function partiesOf(endpoint: Endpoint, compiled: Compiled): readonly Party[] {
  const { cluster, classes } = compiled;
  switch (endpoint.type) {
    case 'pod':
      return [podParty(endpoint.pod, compiled)];
    case 'workload':
      return (cluster.workloads[endpoint.workload]?.pods ?? []).map((pod) => podParty(pod, compiled));
    case 'node': {
      const classId = classes.ofNode[endpoint.node];
      const node = cluster.nodes[endpoint.node];
      if (classId === undefined || node === undefined) throw new RangeError(`node ${endpoint.node}`);
      const families = classes.families[classId] ?? 0;
      return [{ classId, kind: 'host', pod: -1, nodeName: node.name, families, name: node.name }];
    }
    case 'address':
      return [addressParty(endpoint.ip, compiled)];
    case 'range':
      return rangeParties(endpoint.cidrs, endpoint.label, compiled);
    default:
      return assertNever(endpoint);
  }
}

export function endpointName(endpoint: Endpoint, compiled: Compiled): string {
  const { cluster } = compiled;
  switch (endpoint.type) {
    case 'pod':
      return cluster.podLabel(endpoint.pod);
    case 'workload':
      return cluster.workloads[endpoint.workload]?.id ?? '';
    case 'node':
      return cluster.nodes[endpoint.node]?.name ?? '';
    case 'address':
      return formatIp(endpoint.ip);
    case 'range':
      return endpoint.label;
    default:
      return assertNever(endpoint);
  }
}

/** Whether one of them is a host and the other a pod-network pod on it (S100, S107). */
export function onSameNode(a: Party, b: Party): Tri {
  const mixed = (a.kind === 'host' && b.kind === 'pod') || (a.kind === 'pod' && b.kind === 'host');
  if (!mixed) return NO;
  if (a.nodeName === '' || b.nodeName === '') return MAYBE;
  return a.nodeName === b.nodeName ? YES : NO;
}

/** Pod to itself: traffic that never leaves it (S103). A pod that stands for replicas is not one pod. */
export function isSelf(a: Party, b: Party, compiled: Compiled): boolean {
  return a.pod >= 0 && a.pod === b.pod && !compiled.cluster.pods.isSynthetic(a.pod);
}

export function podParty(pod: number, compiled: Compiled): Party {
  const { cluster, classes } = compiled;
  const classId = classes.ofPod[pod];
  if (classId === undefined) throw new RangeError(`pod ${pod}`);
  const kind = cluster.pods.isHostNetwork(pod) ? 'host' : 'pod';
  const nodeName = cluster.pods.nodeNames[pod] ?? '';
  return {
    classId,
    kind,
    pod,
    nodeName: nodeName === '' && kind === 'host' ? nodeOfAddresses(pod, compiled) : nodeName,
    families: classes.families[classId] ?? 0,
    name: cluster.podLabel(pod),
  };
}

/** A host-network pod's addresses are its node's. */
function nodeOfAddresses(pod: number, compiled: Compiled): string {
  const { cluster } = compiled;
  for (const ip of cluster.pods.ips[pod] ?? []) {
    const owner = cluster.ownerOfAddress(ip);
    if (owner?.type === 'node') return cluster.nodes[owner.node]?.name ?? '';
  }
  return '';
}

function addressParty(ip: IpAddress, compiled: Compiled): Party {
  const classId = compiled.classes.externalStart + compiled.atoms.atomOf(ip);
  const families = ip.family === 4 ? FOUR : SIX;
  return { classId, kind: 'external', pod: -1, nodeName: '', families, address: ip, name: formatIp(ip) };
}

/** Networks in the name of one part of a range. */
const NAMED_CIDRS = 4;

/** One party per atom: the range itself when policies do not cut it, else named by the part that lies in the atom. */
function rangeParties(cidrs: readonly IpRange[], label: string, compiled: Compiled): readonly Party[] {
  const parts = compiled.atoms.cut(cidrs);
  return parts.map(({ atom, ranges }) => ({
    classId: compiled.classes.externalStart + atom,
    kind: 'external',
    pod: -1,
    nodeName: '',
    families: (ranges.some((r) => r.family === 4) ? FOUR : 0) | (ranges.some((r) => r.family === 6) ? SIX : 0),
    get name() {
      if (parts.length === 1) return label;
      const list = rangesToCidrs(ranges).map(formatCidr);
      const more = list.length - NAMED_CIDRS;
      return more > 0 ? `${list.slice(0, NAMED_CIDRS).join(', ')} and ${more} more networks` : list.join(', ');
    },
  }));
}

/** Parties that behave alike; never empty. */
export type PartyGroup = readonly Party[];

/** Every pair of kinds of what two ends stand for. */
export function partyPairs(
  from: Endpoint,
  to: Endpoint,
  compiled: Compiled,
): { readonly source: PartyGroup; readonly target: PartyGroup }[] {
  const sources = partiesOf(from, compiled);
  const targets = partiesOf(to, compiled);
  // Which node a pod is on matters only towards hosts.
  const byNode = [sources, targets].some((parties) => parties.some((party) => party.kind === 'host'));
  const targetGroups = groupAlike(targets, byNode ? nodesOf(sources) : undefined);
  const sourceGroups = groupAlike(sources, byNode ? nodesOf(targets) : undefined);
  return sourceGroups.flatMap((source) => targetGroups.map((target) => ({ source, target })));
}

function nodesOf(parties: readonly Party[]): ReadonlySet<string> {
  return new Set(parties.map(({ nodeName }) => nodeName));
}

/** Nodes on which the other side has nobody are all the same: just elsewhere. */
function groupAlike(parties: readonly Party[], otherNodes: ReadonlySet<string> | undefined): PartyGroup[] {
  const groups = new Map<string, Party[]>();
  for (const party of parties) {
    const { classId, families, nodeName } = party;
    const node = otherNodes === undefined || nodeName === '' || otherNodes.has(nodeName) ? nodeName : '*';
    const key = otherNodes === undefined ? `${classId} ${families}` : `${classId} ${families} ${node}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [party]);
    else group.push(party);
  }
  return [...groups.values()];
}

/** One of each group, not the same pod twice when that can be avoided. */
export function differentMembers(source: PartyGroup, target: PartyGroup): readonly [Party, Party] | undefined {
  const [a, nextA] = source;
  const [b, nextB] = target;
  if (a === undefined || b === undefined) return undefined;
  if (a.pod < 0 || a.pod !== b.pod) return [a, b];
  if (nextB !== undefined) return [a, nextB];
  return nextA === undefined ? [a, b] : [nextA, b];
}
