/**
 * Interned sets of non-negative integers as sorted, disjoint, non-adjacent inclusive ranges.
 *
 * A set is a small integer id: equal sets have equal ids, 0 is the empty set. All sets lie in one array.
 */
import { BugError } from './assert.ts';

export const EMPTY_SET = 0;

export class RangeSets {
  /** lo, hi, lo, hi, ... of all sets. */
  private pool = new Int32Array(256);
  /** Set `id` has the pool numbers `[starts[id], starts[id + 1])`. */
  private starts = new Int32Array(64);
  private count = 0;
  /** Open addressing by content; id + 1. */
  private buckets = new Int32Array(128);
  private scratch = new Int32Array(64);

  constructor() {
    this.intern(new Int32Array(0), 0);
  }

  /** How many different sets there are. */
  get size(): number {
    return this.count;
  }

  /** How many ranges the set has. */
  rangeCount(set: number): number {
    return ((this.starts[set + 1] ?? 0) - (this.starts[set] ?? 0)) >> 1;
  }

  /** How many integers the set has. */
  cardinality(set: number): number {
    let sum = 0;
    for (let i = this.starts[set] ?? 0, end = this.starts[set + 1] ?? 0; i < end; i += 2) {
      sum += (this.pool[i + 1] ?? 0) - (this.pool[i] ?? 0) + 1;
    }
    return sum;
  }

  /** lo, hi, lo, hi, ...: a view that is valid until the next set is made. */
  view(set: number): Int32Array {
    return this.pool.subarray(this.starts[set] ?? 0, this.starts[set + 1] ?? 0);
  }

  /**
   * For loops too hot to make a view: `numbers` from `startOf(set)` to `endOf(set)` is what `view` shows. Valid until the
   * next set is made.
   */
  get numbers(): Int32Array {
    return this.pool;
  }

  startOf(set: number): number {
    return this.starts[set] ?? 0;
  }

  endOf(set: number): number {
    return this.starts[set + 1] ?? 0;
  }

  has(set: number, value: number): boolean {
    let low = (this.starts[set] ?? 0) >> 1;
    let high = (this.starts[set + 1] ?? 0) >> 1;
    const pool = this.pool;
    while (low < high) {
      const mid = (low + high) >>> 1;
      if ((pool[2 * mid + 1] ?? 0) < value) low = mid + 1;
      else high = mid;
    }
    return 2 * low < (this.starts[set + 1] ?? 0) && (pool[2 * low] ?? 0) <= value;
  }

  /** The set of `length / 2` ranges, which must be sorted and disjoint; adjacent ones are joined. */
  of(ranges: ArrayLike<number>, length: number = ranges.length): number {
    this.reserveScratch(length);
    let used = 0;
    for (let i = 0; i < length; i += 2) used = this.push(used, ranges[i] ?? 0, ranges[i + 1] ?? 0);
    return this.intern(this.scratch, used);
  }

  /** The set of ranges in any order, overlapping or not. */
  ofUnsorted(ranges: readonly (readonly [number, number])[]): number {
    const sorted = ranges.toSorted((a, b) => a[0] - b[0]);
    this.reserveScratch(2 * sorted.length);
    let used = 0;
    for (const [low, high] of sorted) used = this.push(used, low, high);
    return this.intern(this.scratch, used);
  }

  union(a: number, b: number): number {
    if (a === b || b === EMPTY_SET) return a;
    if (a === EMPTY_SET) return b;
    this.reserveScratch(2 * (this.rangeCount(a) + this.rangeCount(b)));
    const { pool, starts } = this;
    let i = starts[a] ?? 0;
    let j = starts[b] ?? 0;
    const endA = starts[a + 1] ?? 0;
    const endB = starts[b + 1] ?? 0;
    let used = 0;
    while (i < endA || j < endB) {
      if (j >= endB || (i < endA && (pool[i] ?? 0) <= (pool[j] ?? 0))) {
        used = this.push(used, pool[i] ?? 0, pool[i + 1] ?? 0);
        i += 2;
      } else {
        used = this.push(used, pool[j] ?? 0, pool[j + 1] ?? 0);
        j += 2;
      }
    }
    return this.intern(this.scratch, used);
  }

  intersect(a: number, b: number): number {
    if (a === b) return a;
    if (a === EMPTY_SET || b === EMPTY_SET) return EMPTY_SET;
    this.reserveScratch(2 * (this.rangeCount(a) + this.rangeCount(b)));
    const { pool, starts } = this;
    let i = starts[a] ?? 0;
    let j = starts[b] ?? 0;
    const endA = starts[a + 1] ?? 0;
    const endB = starts[b + 1] ?? 0;
    let used = 0;
    while (i < endA && j < endB) {
      const low = Math.max(pool[i] ?? 0, pool[j] ?? 0);
      const highA = pool[i + 1] ?? 0;
      const highB = pool[j + 1] ?? 0;
      const high = Math.min(highA, highB);
      if (low <= high) used = this.push(used, low, high);
      if (highA <= highB) i += 2;
      if (highB <= highA) j += 2;
    }
    return this.intern(this.scratch, used);
  }

  subtract(a: number, b: number): number {
    if (a === b) return EMPTY_SET;
    if (a === EMPTY_SET || b === EMPTY_SET) return a;
    this.reserveScratch(2 * (this.rangeCount(a) + this.rangeCount(b)));
    const { pool, starts } = this;
    let j = starts[b] ?? 0;
    const endA = starts[a + 1] ?? 0;
    const endB = starts[b + 1] ?? 0;
    let used = 0;
    for (let i = starts[a] ?? 0; i < endA; i += 2) {
      let low = pool[i] ?? 0;
      const high = pool[i + 1] ?? 0;
      while (j < endB && (pool[j + 1] ?? 0) < low) j += 2;
      for (let k = j; k < endB && (pool[k] ?? 0) <= high && low <= high; k += 2) {
        if ((pool[k] ?? 0) > low) used = this.push(used, low, (pool[k] ?? 0) - 1);
        low = (pool[k + 1] ?? 0) + 1;
      }
      if (low <= high) used = this.push(used, low, high);
    }
    return this.intern(this.scratch, used);
  }

  /** Appends a range to the scratch, joining it with the last one when they touch; returns the new length. */
  private push(used: number, low: number, high: number): number {
    const { scratch } = this;
    if (low > high) throw new BugError(`range ${low}..${high}`);
    if (used > 0 && low <= (scratch[used - 1] ?? 0) + 1) {
      if (high > (scratch[used - 1] ?? 0)) scratch[used - 1] = high;
      return used;
    }
    scratch[used] = low;
    scratch[used + 1] = high;
    return used + 2;
  }

  private reserveScratch(length: number): void {
    if (this.scratch.length < length) this.scratch = new Int32Array(2 * length);
  }

  private intern(numbers: Int32Array, length: number): number {
    let hash = length;
    for (let i = 0; i < length; i++) hash = Math.imul(hash ^ (numbers[i] ?? 0), 0x9e3779b1) ^ (hash >>> 15);
    const mask = this.buckets.length - 1;
    let slot = (hash ^ (hash >>> 16)) & mask;
    for (let entry = this.buckets[slot] ?? 0; entry !== 0; entry = this.buckets[slot] ?? 0) {
      if (this.equals(entry - 1, numbers, length)) return entry - 1;
      slot = (slot + 1) & mask;
    }
    const id = this.count++;
    const start = this.starts[id] ?? 0;
    if (id + 2 > this.starts.length) this.starts = grown(this.starts, 2 * this.starts.length);
    if (start + length > this.pool.length) this.pool = grown(this.pool, Math.max(2 * this.pool.length, start + length));
    for (let i = 0; i < length; i++) this.pool[start + i] = numbers[i] ?? 0;
    this.starts[id] = start;
    this.starts[id + 1] = start + length;
    this.buckets[slot] = id + 1;
    if (2 * this.count > this.buckets.length) this.rehash();
    return id;
  }

  private equals(id: number, numbers: Int32Array, length: number): boolean {
    const start = this.starts[id] ?? 0;
    if ((this.starts[id + 1] ?? 0) - start !== length) return false;
    for (let i = 0; i < length; i++) if (this.pool[start + i] !== numbers[i]) return false;
    return true;
  }

  private rehash(): void {
    const buckets = new Int32Array(2 * this.buckets.length);
    const mask = buckets.length - 1;
    for (let id = 0; id < this.count; id++) {
      const start = this.starts[id] ?? 0;
      const end = this.starts[id + 1] ?? 0;
      let hash = end - start;
      for (let i = start; i < end; i++) hash = Math.imul(hash ^ (this.pool[i] ?? 0), 0x9e3779b1) ^ (hash >>> 15);
      let slot = (hash ^ (hash >>> 16)) & mask;
      while (buckets[slot] !== 0) slot = (slot + 1) & mask;
      buckets[slot] = id + 1;
    }
    this.buckets = buckets;
  }
}

function grown(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length);
  larger.set(array);
  return larger;
}
