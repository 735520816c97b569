import type { MapIndex } from './map-index.ts';

/** Nodes that cannot be told apart by what they may talk to. */
export interface AlikeClass {
  /** Ascending node numbers. */
  readonly members: readonly number[];
  /** The label set of every connection between two different members; -1 when there is none. */
  readonly internal: number;
}

const NONE = -1;

/**
 * Groups nodes with the same connections: any two members of a class have the same label to and from every node
 * outside it, and one label connects every ordered pair inside it. `attribute` keeps apart what must not be mixed
 * (isolation, namespace, ...). Classes in order of their first member.
 *
 * Two nodes are such twins with inner label L exactly when their rows and columns are equal once each node's own
 * diagonal cell is set to L. Rows are compared through a sum of cell hashes, so that trying another L costs O(1), and
 * then cell by cell, so that a collision costs time and never a wrong answer. O(connections) in practice.
 */
export function alikeClasses(index: MapIndex, attribute: (node: number) => string): AlikeClass[] {
  const count = index.nodes.length;
  const attributes = Array.from({ length: count }, (_, node) => attribute(node));
  const hashes = Float64Array.from({ length: count }, (_, node) => rowHash(index, node));

  const buckets = new Map<string, AlikeCandidates[]>();
  for (let node = 0; node < count; node++) {
    for (const label of innerLabels(index, node, attributes)) {
      const hash = mask(
        (hashes[node] ?? 0) + (label === NONE ? 0 : cellHash(node, label, 0) + cellHash(node, label, 1)),
      );
      const key = `${label} ${hash} ${attributes[node]}`;
      const bucket = buckets.get(key);
      if (bucket === undefined) buckets.set(key, [{ label, members: [node] }]);
      else join(index, bucket, node, label);
    }
  }

  const taken = new Uint8Array(count);
  const classes: AlikeClass[] = [];
  for (const bucket of buckets.values()) {
    for (const { label, members } of bucket) {
      if (members.length < 2) continue;
      for (const member of members) taken[member] = 1;
      classes.push({ members, internal: label });
    }
  }
  for (let node = 0; node < count; node++) {
    if (taken[node] === 0) classes.push({ members: [node], internal: NONE });
  }
  return classes.toSorted((a, b) => (a.members[0] ?? 0) - (b.members[0] ?? 0));
}

interface AlikeCandidates {
  readonly label: number;
  readonly members: number[];
}

function join(index: MapIndex, bucket: AlikeCandidates[], node: number, label: number): void {
  for (const candidates of bucket) {
    if (areTwins(index, candidates.members[0] ?? 0, node, label)) {
      candidates.members.push(node);
      return;
    }
  }
  bucket.push({ label, members: [node] });
}

/** The labels under which a node could have a twin: none, and each that it shares both ways with a like neighbour. */
function innerLabels(index: MapIndex, node: number, attributes: readonly string[]): Set<number> {
  const labels = new Set([NONE]);
  const into = index.in[node];
  for (const [other, label] of index.out[node] ?? []) {
    if (other !== node && !labels.has(label) && attributes[other] === attributes[node] && into?.get(other) === label) {
      labels.add(label);
    }
  }
  return labels;
}

function areTwins(index: MapIndex, a: number, b: number, label: number): boolean {
  return sameCells(index.out[a], index.out[b], a, b, label) && sameCells(index.in[a], index.in[b], a, b, label);
}

function sameCells(
  left: ReadonlyMap<number, number> | undefined,
  right: ReadonlyMap<number, number> | undefined,
  a: number,
  b: number,
  label: number,
): boolean {
  if (left === undefined || right === undefined || left.size !== right.size) return false;
  if ((left.get(b) ?? NONE) !== label || (right.get(a) ?? NONE) !== label || left.get(a) !== right.get(b)) return false;
  for (const [other, value] of left) {
    if (other !== a && other !== b && right.get(other) !== value) return false;
  }
  return true;
}

function rowHash(index: MapIndex, node: number): number {
  let sum = 0;
  for (const [other, label] of index.out[node] ?? []) sum += other === node ? label + 1 : cellHash(other, label, 0);
  for (const [other, label] of index.in[node] ?? []) sum += other === node ? label + 1 : cellHash(other, label, 1);
  return mask(sum);
}

/** Sums stay exact in a double: 2^53 holds 2^21 cells of 32 bits. */
function mask(sum: number): number {
  return sum % 2 ** 51;
}

function cellHash(node: number, label: number, direction: 0 | 1): number {
  let h = Math.imul(node + 1, 0x9e3779b1) ^ Math.imul(label * 2 + direction + 1, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return (h ^ (h >>> 16)) >>> 0;
}
