/** What "the internet" is: the addresses that are routed publicly. */
import type { Cidr, IpFamily } from '../base/inet.ts';
import { parseCidr } from '../base/inet-parse.ts';
import type { Cluster } from '../model/cluster.ts';
import { type IpRange, allAddresses, rangesToCidrs, subtractRanges } from '../base/inet-ranges.ts';
import { invariant } from '../base/assert.ts';

/**
 * IPv4 that never comes from the internet: "this network", private and shared space, loopback, link-local,
 * benchmarking, multicast and reserved. The documentation networks stay in: manifests use them for public addresses.
 */
const NOT_PUBLIC_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '224.0.0.0/3',
];

/** All of IPv6 that is handed out as global unicast. */
const PUBLIC_IPV6 = '2000::/3';

/** Sorted and minimal, IPv4 first. */
export const INTERNET: readonly Cidr[] = rangesToCidrs([
  ...subtractRanges([allAddresses(4)], NOT_PUBLIC_IPV4.map(known)),
  known(PUBLIC_IPV6),
]);

function known(text: string): IpRange & Cidr {
  const parsed = parseCidr(text);
  invariant(parsed !== undefined, `${text} is a CIDR`);
  return parsed.cidr;
}

/**
 * The families that the cluster shows to use: by addresses, else by the networks that policies name. Where it shows
 * nothing, both.
 */
export function familiesInUse(cluster: Cluster): ReadonlySet<IpFamily> {
  const shown = new Set<IpFamily>(cluster.podCidrs.map(({ family }) => family));
  for (const { podCidrs, addresses } of cluster.nodes)
    for (const { family } of [...podCidrs, ...addresses]) shown.add(family);
  for (const ips of cluster.pods.ips) for (const { family } of ips) shown.add(family);
  for (const { clusterIps } of cluster.services) for (const { family } of clusterIps) shown.add(family);
  if (shown.size > 0) return shown;
  for (const { ingress, egress } of cluster.networkPolicies) {
    for (const { peers } of [...ingress, ...egress]) {
      for (const peer of peers) if (peer.type === 'ipBlock' && peer.cidr !== undefined) shown.add(peer.cidr.family);
    }
  }
  return shown.size > 0 ? shown : new Set<IpFamily>([4, 6]);
}
