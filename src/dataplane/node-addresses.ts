import type { IpAddress } from '../base/inet.ts';
import type { KubeObjects, NodeObject } from '../kube/objects.ts';
import { nodePart } from './node-peers.ts';

/**
 * The same objects with each node that has several addresses of a family as several nodes, which share its labels.
 *
 * The engine answers for a node as a whole: an `ipBlock` with one of its addresses covers it. A packet has one source
 * and one destination, and a rule matches that address or it does not (S89).
 */
export function separateNodeAddresses(objects: KubeObjects): KubeObjects {
  return { ...objects, nodes: objects.nodes.flatMap(nodeParts) };
}

/** The parts of one node; all but the first have names that no node has. */
export function nodeParts(node: NodeObject): NodeObject[] {
  const byFamily = [4, 6].map((family) => node.addresses.filter((ip) => ip.family === family));
  const count = Math.max(1, ...byFamily.map((addresses) => addresses.length));
  return Array.from({ length: count }, (_, index) => ({
    ...node,
    meta: { ...node.meta, name: nodePart(node.meta.name, index) },
    addresses: byFamily.flatMap((addresses): IpAddress[] => addresses.slice(index, index + 1)),
  }));
}
