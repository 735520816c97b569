/** Everybody whom pods of one node may talk to, as classes of the engine, and the pods themselves. */
import type { IpAddress } from '../base/inet.ts';
import { formatIp } from '../base/inet-format.ts';
import type { IpRange } from '../base/inet-ranges.ts';
import type { Compiled } from '../engine/compiled.ts';
import type { Cluster } from '../model/cluster.ts';

/** An address of a pod or a node. */
export interface AddressPeer {
  readonly address: IpAddress;
  readonly classId: number;
  /** It is an address of the node itself. */
  readonly ownNode: boolean;
}

/** Addresses of nobody in particular. */
export interface RangePeer {
  readonly range: IpRange;
  readonly classId: number;
}

export interface JudgedPod {
  readonly pod: number;
  readonly classId: number;
  readonly addresses: readonly IpAddress[];
}

/** Pods of the pod network that run on the node and own their address (D15); in the order of the cluster. */
export function podsOn(node: string, compiled: Compiled): JudgedPod[] {
  const { cluster, classes } = compiled;
  const found: JudgedPod[] = [];
  const { pods } = cluster;
  for (let pod = 0; pod < pods.length; pod++) {
    if (pods.nodeNames[pod] !== node || pods.isHostNetwork(pod) || pods.isSynthetic(pod)) continue;
    const addresses = (pods.ips[pod] ?? []).filter((ip) => owns(cluster, pod, ip));
    if (addresses.length > 0) found.push({ pod, classId: classes.ofPod[pod] ?? -1, addresses });
  }
  return found;
}

function owns(cluster: Cluster, pod: number, ip: IpAddress): boolean {
  const owner = cluster.ownerOfAddress(ip);
  return owner?.type === 'pod' && owner.pod === pod;
}

/** One entry per address; pods before nodes. */
export function addressPeers(node: string, compiled: Compiled): AddressPeer[] {
  const { cluster, classes } = compiled;
  const found: AddressPeer[] = [];
  const { pods } = cluster;
  for (let pod = 0; pod < pods.length; pod++) {
    if (pods.isHostNetwork(pod) || pods.isSynthetic(pod)) continue;
    for (const address of pods.ips[pod] ?? []) {
      if (owns(cluster, pod, address)) found.push({ address, classId: classes.ofPod[pod] ?? -1, ownNode: false });
    }
  }
  const taken = new Set<string>();
  for (const { index, name, addresses } of cluster.nodes) {
    for (const address of addresses) {
      const text = formatIp(address);
      const owner = cluster.ownerOfAddress(address);
      if (owner?.type !== 'node' || owner.node !== index || taken.has(text)) continue;
      taken.add(text);
      found.push({ address, classId: classes.ofNode[index] ?? -1, ownNode: nodeOfPart(name) === node });
    }
  }
  return found;
}

export function rangePeers(compiled: Compiled): RangePeer[] {
  const start = compiled.classes.externalStart;
  return Array.from(compiled.atoms.stretches(), ({ atom, range }) => ({ range, classId: start + atom }));
}

/** Between the name of a node and the number of one of its parts; no name of Kubernetes has it. */
const PART = ' ';

/** How {@link separateNodeAddresses} names the parts of a node. */
export function nodePart(name: string, index: number): string {
  return index === 0 ? name : `${name}${PART}${index}`;
}

export function nodeOfPart(name: string): string {
  return name.split(PART, 1)[0] ?? name;
}
