/** Sets of pods, nodes and outside addresses, exact, with pods of which it is not known whether they belong (D14). */
import type { IpRange } from '../base/inet-ranges.ts';
import { allAddresses, normaliseRanges, subtractRanges } from '../base/inet-ranges.ts';
import { NO, YES, type Tri } from '../base/tri.ts';
import { familiesInUse } from '../engine/endpoint-internet.ts';
import type { Cluster } from '../model/cluster.ts';

export interface EndSet {
  /** By pod index: a {@link Tri}. */
  readonly pods: Uint8Array;
  /** By node index: 1 for members. */
  readonly nodes: Uint8Array;
  /** Outside the cluster; sorted and disjoint. */
  readonly outside: readonly IpRange[];
}

export function emptySet(cluster: Cluster): {
  readonly pods: Uint8Array;
  readonly nodes: Uint8Array;
  outside: IpRange[];
} {
  return { pods: new Uint8Array(cluster.pods.length), nodes: new Uint8Array(cluster.nodes.length), outside: [] };
}

export function isEmptySet({ pods, nodes, outside }: EndSet): boolean {
  return outside.length === 0 && !nodes.includes(1) && pods.every((tri) => tri === NO);
}

export function unionOf(cluster: Cluster, sets: readonly EndSet[]): EndSet {
  const [only] = sets;
  if (only !== undefined && sets.length === 1) return only;
  const union = emptySet(cluster);
  for (const set of sets) {
    set.pods.forEach((tri, pod) => (union.pods[pod] = (union.pods[pod] ?? NO) | tri));
    set.nodes.forEach((member, node) => (union.nodes[node] = (union.nodes[node] ?? 0) | member));
    union.outside.push(...set.outside);
  }
  return { ...union, outside: normaliseRanges(union.outside) };
}

/** Everything that can be one end of a connection, for one cluster. */
export class Universe {
  readonly cluster: Cluster;
  /** All pods, all nodes, and every address of the families in use that is in no pod range. */
  readonly everything: EndSet;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    const families = [...familiesInUse(cluster)].toSorted((a, b) => a - b);
    const podRanges = [...cluster.podCidrs, ...cluster.nodes.flatMap((node) => node.podCidrs)];
    this.everything = {
      pods: new Uint8Array(cluster.pods.length).fill(YES),
      nodes: new Uint8Array(cluster.nodes.length).fill(1),
      outside: subtractRanges(families.map(allAddresses), podRanges),
    };
  }

  complement(set: EndSet): EndSet {
    return {
      pods: set.pods.map((tri) => negated(tri as Tri)),
      nodes: set.nodes.map((member) => 1 - member),
      outside: subtractRanges(this.everything.outside, set.outside),
    };
  }
}

function negated(tri: Tri): Tri {
  return tri === YES ? NO : tri === NO ? YES : tri;
}
