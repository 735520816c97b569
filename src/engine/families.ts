/**
 * Which IP families the ends have, and which addresses they may have when the input does not tell (D14).
 *
 * Known addresses are facts. For a pod without addresses, in this order: the pod ranges that the caller gave; the pod
 * ranges of its node; the families of the other pods' addresses. Where nothing of that exists, either family is
 * possible, and the cluster IP of any Service proves its own family.
 */
import type { Cidr, IpAddress, IpFamily } from '../base/inet.ts';
import { allAddresses, subtractRanges, type IpRange } from '../base/inet-ranges.ts';
import { MAYBE, NO, YES, type Tri } from '../base/tri.ts';
import type { Cluster } from '../model/cluster.ts';

export const FAMILIES: readonly IpFamily[] = [4, 6];

/** What is known of an end's addresses in one family. */
export interface FamilyAddresses {
  readonly presence: Tri;
  /** The addresses; `undefined` when unknown. */
  readonly known: readonly IpAddress[] | undefined;
  /** Where unknown addresses lie. */
  readonly possible: readonly IpRange[];
}

export interface AddressFacts {
  readonly 4: FamilyAddresses;
  readonly 6: FamilyAddresses;
}

/**
 * Ranges that no pod or node address lies in: unspecified, loopback, link-local, multicast, reserved. The API server
 * refuses most of them in endpoints, so `0.0.0.0/0 except 169.254.169.254/32` covers every pod without knowing its
 * address.
 */
const NEVER_ASSIGNED: readonly IpRange[] = [
  { family: 4, first: 0, last: 0x00ffffff },
  { family: 4, first: 0x7f000000, last: 0x7fffffff },
  { family: 4, first: 0xa9fe0000, last: 0xa9feffff },
  { family: 4, first: 0xe0000000, last: 0xffffffff },
  { family: 6, first: 0n, last: 1n },
  { family: 6, first: 0xfe80n << 112n, last: (0xfec0n << 112n) - 1n },
  { family: 6, first: 0xff00n << 112n, last: (1n << 128n) - 1n },
];

const ANYWHERE: Readonly<Record<IpFamily, readonly IpRange[]>> = {
  4: subtractRanges([allAddresses(4)], NEVER_ASSIGNED),
  6: subtractRanges([allAddresses(6)], NEVER_ASSIGNED),
};

export class AddressKnowledge {
  private readonly cluster: Cluster;
  /** What pods without addresses have, as far as the whole cluster tells. */
  private general: AddressFacts | undefined;
  private readonly byNode = new Map<string, AddressFacts>();

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  ofPod(pod: number): AddressFacts {
    const { pods } = this.cluster;
    const ips = pods.ips[pod] ?? [];
    if (pods.isHostNetwork(pod)) return this.ofHost(pods.nodeNames[pod] ?? '', ips);
    return ips.length > 0 ? knownFacts(ips) : this.ofNodesPods(pods.nodeNames[pod] ?? '');
  }

  ofNode(node: number): AddressFacts {
    const addresses = this.cluster.nodes[node]?.addresses ?? [];
    return addresses.length > 0 ? knownFacts(addresses) : UNKNOWN_HOST;
  }

  /** A host-network pod has its node's addresses; its own status repeats some of them. */
  private ofHost(nodeName: string, ips: readonly IpAddress[]): AddressFacts {
    const addresses = this.cluster.nodeNamed(nodeName)?.addresses ?? [];
    if (addresses.length > 0) return knownFacts(addresses);
    return ips.length > 0 ? knownFacts(ips) : UNKNOWN_HOST;
  }

  private ofNodesPods(nodeName: string): AddressFacts {
    let facts = this.byNode.get(nodeName);
    if (facts === undefined) {
      const cidrs = this.cluster.podCidrs.length > 0 ? [] : (this.cluster.nodeNamed(nodeName)?.podCidrs ?? []);
      facts =
        cidrs.length > 0 ? { 4: within(cidrs, 4), 6: within(cidrs, 6) } : (this.general ??= generalFacts(this.cluster));
      this.byNode.set(nodeName, facts);
    }
    return facts;
  }
}

const UNKNOWN_HOST: AddressFacts = {
  4: { presence: MAYBE, known: undefined, possible: ANYWHERE[4] },
  6: { presence: MAYBE, known: undefined, possible: ANYWHERE[6] },
};

function knownFacts(ips: readonly IpAddress[]): AddressFacts {
  const of = (family: IpFamily): FamilyAddresses => {
    const known = ips.filter((ip) => ip.family === family);
    return { presence: known.length > 0 ? YES : NO, known, possible: [] };
  };
  return { 4: of(4), 6: of(6) };
}

function within(cidrs: readonly Cidr[], family: IpFamily): FamilyAddresses {
  const possible = cidrs.filter((cidr) => cidr.family === family);
  return { presence: possible.length > 0 ? YES : NO, known: undefined, possible };
}

function generalFacts(cluster: Cluster): AddressFacts {
  if (cluster.podCidrs.length > 0) return { 4: within(cluster.podCidrs, 4), 6: within(cluster.podCidrs, 6) };
  const somewhere = familiesOfPods(cluster);
  const services = new Set(cluster.services.flatMap((service) => service.clusterIps.map((ip) => ip.family)));
  const of = (family: IpFamily): FamilyAddresses => {
    let presence: Tri;
    if (somewhere.some.size === 0) presence = services.has(family) ? YES : MAYBE;
    else if (somewhere.every.has(family)) presence = YES;
    else presence = somewhere.some.has(family) ? MAYBE : NO;
    return { presence, known: undefined, possible: ANYWHERE[family] };
  };
  return { 4: of(4), 6: of(6) };
}

/** The families that some, and that every pod with known addresses has. */
function familiesOfPods(cluster: Cluster): { some: ReadonlySet<IpFamily>; every: ReadonlySet<IpFamily> } {
  const some = new Set<IpFamily>();
  const every = new Set<IpFamily>(FAMILIES);
  const { pods } = cluster;
  for (let pod = 0; pod < pods.length; pod++) {
    const ips = pods.ips[pod] ?? [];
    if (ips.length === 0 || pods.isHostNetwork(pod)) continue;
    for (const family of FAMILIES) {
      if (ips.some((ip) => ip.family === family)) some.add(family);
      else every.delete(family);
    }
  }
  return { some, every };
}
