/** Addresses outside the cluster, as coarse as the question allows. */
import type { Cidr } from '../base/inet.ts';
import { compareCidrs } from '../base/inet.ts';
import { rangesToCidrs } from '../base/inet-ranges.ts';
import type { Cluster } from '../model/cluster.ts';
import type { Engine } from './engine.ts';
import type { Relation } from './relation.ts';

/** Addresses that behave alike towards and from every class in view. */
export interface ExternalGroup {
  /** Class of one of its atoms, which speaks for all. */
  readonly classId: number;
  /** Minimal, sorted, IPv4 first. */
  readonly cidrs: readonly Cidr[];
  /** Indexes into the engine's external atoms. */
  readonly atoms: readonly number[];
}

/**
 * The coarsest partition of all addresses that behave alike towards and from the classes that `inView` flags, in
 * address order. One group when no policy tells addresses apart. Groups of nothing but addresses of pods are left out:
 * those are peers of their own. Node addresses stay, since a node is no peer and policies name the API server so.
 */
export function externalGroups(engine: Engine, inView: Uint8Array): readonly ExternalGroup[] {
  const atoms = engine.externalAtoms();
  if (atoms.length === 0) return [];
  const relation = engine.relation();
  const groupOf = new Int32Array(atoms.length);
  const partition = new Partition(groupOf);
  splitAsSources(relation, inView, engine.podClassCount + engine.hostClassCount, partition);
  const asDestinations = splitAsDestinations(
    relation,
    inView,
    atoms.map((atom) => atom.classId),
  );
  const members = new Map<string, number[]>();
  atoms.forEach((_, index) => {
    const key = `${groupOf[index]} ${asDestinations[index]}`;
    const group = members.get(key);
    if (group === undefined) members.set(key, [index]);
    else group.push(index);
  });
  const groups: ExternalGroup[] = [];
  const pods = new PodAddresses(engine.cluster);
  for (const indexes of members.values()) {
    const cidrs = rangesToCidrs(indexes.flatMap((index) => atoms[index]?.cidrs ?? []));
    if (pods.cover(cidrs)) continue;
    groups.push({ classId: atoms[indexes[0] ?? 0]?.classId ?? -1, cidrs, atoms: indexes });
  }
  return groups.toSorted((a, b) => {
    const [firstA, firstB] = [a.cidrs[0], b.cidrs[0]];
    return firstA === undefined || firstB === undefined ? 0 : compareCidrs(firstA, firstB);
  });
}

/** The addresses of the pods of the cluster. */
class PodAddresses {
  private readonly cluster: Cluster;
  private readonly count: number;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    let count = 0;
    for (const ips of cluster.pods.ips) count += ips.length;
    this.count = count;
  }

  /** Networks of nothing but pod addresses: a policy that names a pod by its address makes such. */
  cover(cidrs: readonly Cidr[]): boolean {
    let left = this.count;
    for (const cidr of cidrs) {
      left -= cidr.family === 4 ? cidr.last - cidr.first + 1 : 2 ** (128 - cidr.prefix);
      if (left < 0) return false;
    }
    return cidrs.every((cidr) => this.covers(cidr));
  }

  private covers(cidr: Cidr): boolean {
    if (cidr.family === 4) {
      for (let value = cidr.first; value <= cidr.last; value++) {
        if (this.cluster.ownerOfAddress({ family: 4, value })?.type !== 'pod') return false;
      }
      return true;
    }
    for (let value = cidr.first; value <= cidr.last; value++) {
      if (this.cluster.ownerOfAddress({ family: 6, value })?.type !== 'pod') return false;
    }
    return true;
  }
}

/** Groups that only ever get finer. */
class Partition {
  private readonly groupOf: Int32Array;
  private next = 1;

  constructor(groupOf: Int32Array) {
    this.groupOf = groupOf;
  }

  get size(): number {
    return this.groupOf.length;
  }

  /** Runs are quadruples `first, last, certain, possible`; members in no run stay among themselves. */
  refine(runs: readonly number[]): void {
    const renamed = new Map<string, number>();
    for (let i = 0; i < runs.length; i += 4) {
      const last = runs[i + 1] ?? -1;
      const value = `${runs[i + 2]} ${runs[i + 3]}`;
      for (let member = runs[i] ?? 0; member <= last; member++) {
        const key = `${this.groupOf[member]} ${value}`;
        let group = renamed.get(key);
        if (group === undefined) renamed.set(key, (group = this.next++));
        this.groupOf[member] = group;
      }
    }
  }
}

/** Atoms that some class in view treats differently as sources come apart. */
function splitAsSources(relation: Relation, inView: Uint8Array, firstAtomClass: number, partition: Partition): void {
  let before: readonly number[] = [];
  for (let to = 0; to < firstAtomClass; to++) {
    if (inView[to] !== 1) continue;
    const runs: number[] = [];
    relation.forEachSource(to, (first, last, certain, possible) => {
      if (last < firstAtomClass) return;
      runs.push(Math.max(first, firstAtomClass) - firstAtomClass, last - firstAtomClass, certain, possible);
    });
    const covers = runs.length === 0 || (runs.length === 4 && runs[0] === 0 && runs[1] === partition.size - 1);
    // Neighbouring classes mostly agree, and a row that treats every address alike splits nothing.
    if (!covers && !sameNumbers(runs, before)) partition.refine(runs);
    before = runs;
  }
}

/** For every atom the number of its group as a destination: equal rows towards the classes in view, equal number. */
function splitAsDestinations(relation: Relation, inView: Uint8Array, classIds: readonly number[]): readonly number[] {
  const rank = ranks(inView);
  const byHash = new Map<number, number[]>();
  const groups: number[] = [];
  for (let index = 0; index < classIds.length; index++) {
    const row = rowInView(relation, classIds[index] ?? 0, rank);
    const hash = hashOf(row);
    const candidates = byHash.get(hash) ?? [];
    // Rows are compared, not trusted to their hash; they are walked again instead of kept, as there may be many.
    const same = candidates.find((other) => sameNumbers(row, rowInView(relation, classIds[other] ?? 0, rank)));
    if (same === undefined) {
      byHash.set(hash, [...candidates, index]);
      groups.push(index);
    } else groups.push(groups[same] ?? 0);
  }
  return groups;
}

/** How many classes in view lie before each class; one entry more than classes. */
function ranks(inView: Uint8Array): Int32Array {
  const rank = new Int32Array(inView.length + 1);
  for (let i = 0; i < inView.length; i++) rank[i + 1] = (rank[i] ?? 0) + (inView[i] === 1 ? 1 : 0);
  return rank;
}

/** Runs over the classes in view only, numbered without gaps, so that equal behaviour gives equal rows. */
function rowInView(relation: Relation, to: number, rank: Int32Array): readonly number[] {
  const row: number[] = [];
  relation.forEachSource(to, (first, last, certain, possible) => {
    const start = rank[first] ?? 0;
    const end = rank[last + 1] ?? 0;
    if (start === end) return;
    const tail = row.length - 4;
    if (tail >= 0 && row[tail + 1] === start - 1 && row[tail + 2] === certain && row[tail + 3] === possible) {
      row[tail + 1] = end - 1;
    } else row.push(start, end - 1, certain, possible);
  });
  return row;
}

function hashOf(numbers: readonly number[]): number {
  let hash = numbers.length;
  for (const number of numbers) hash = (Math.imul(hash ^ number, 0x9e3779b1) ^ (hash >>> 15)) | 0;
  return hash;
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}
