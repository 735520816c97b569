import { PairTable } from './pair-table.ts';

/**
 * A multiset of integers below a bound that changes one by one and knows at any time whether it held the same integers
 * before: equal content has an equal id, and only equal content does. (A sum of random numbers would be simpler, but
 * whoever writes the input could make two of those meet.)
 *
 * A binary tree over the bound, whose nodes are shared: a node is the pair of its children, interned. Changes cost the
 * logarithm of the bound.
 */
export class ChangingSet {
  private readonly counts: Int32Array;
  /** Heap order: the children of `i` are `2i` and `2i + 1`; the leaves begin at `leaves`. 0 is the empty subtree. */
  private readonly nodes: Int32Array;
  private readonly leaves: number;
  private readonly interned = new PairTable();
  /** 0 and 1 are the leaves. */
  private nextNode = 2;

  /** Holds integers in `[0, bound)`. */
  constructor(bound: number) {
    let leaves = 1;
    while (leaves < bound) leaves *= 2;
    this.leaves = leaves;
    this.nodes = new Int32Array(2 * leaves);
    this.counts = new Int32Array(leaves);
  }

  add(member: number): void {
    const count = (this.counts[member] ?? 0) + 1;
    this.counts[member] = count;
    if (count === 1) this.put(member, 1);
  }

  /** The integer must be in the set. */
  remove(member: number): void {
    const count = (this.counts[member] ?? 0) - 1;
    this.counts[member] = count;
    if (count === 0) this.put(member, 0);
  }

  /** Empties the set; ids stay comparable. */
  clear(): void {
    this.counts.fill(0);
    this.nodes.fill(0);
  }

  /** Of the content as it is, without regard to how often a member was added. 0 is the empty set. */
  get id(): number {
    return this.nodes[1] ?? 0;
  }

  private put(member: number, leaf: number): void {
    const { nodes } = this;
    let at = this.leaves + member;
    nodes[at] = leaf;
    for (at >>>= 1; at >= 1; at >>>= 1) {
      const left = nodes[2 * at] ?? 0;
      const right = nodes[2 * at + 1] ?? 0;
      nodes[at] = left === 0 && right === 0 ? 0 : this.node(left, right);
    }
  }

  private node(left: number, right: number): number {
    const known = this.interned.get(left, right);
    if (known >= 0) return known;
    this.interned.set(left, right, this.nextNode);
    return this.nextNode++;
  }
}
