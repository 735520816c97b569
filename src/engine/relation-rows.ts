/**
 * Rows of one relation: what every source may open to one destination, as runs that differ from a base row shared by
 * many destinations. Equal patches, and equal bases, are stored once.
 */
import { NO_PORTS, type PortSetId } from './port-sets.ts';

/** Runs `[starts[i], starts[i + 1])` of equal values; covers all sources. */
export interface BaseRow {
  readonly starts: Int32Array;
  readonly values: Int32Array;
}

const NUMBERS_PER_RUN = 3;

export class RelationRows {
  readonly sourceCount: number;
  readonly bases: BaseRow[] = [];
  private readonly baseOf: Int32Array;
  private readonly patchOf: Int32Array;
  /** first, last, value of every run of every patch. */
  private pool = new Int32Array(1 << 12);
  private patchStarts = new Int32Array(1 << 8);
  private patchCount = 0;
  private buckets = new Int32Array(1 << 9);

  constructor(sourceCount: number, destinationCount: number) {
    this.sourceCount = sourceCount;
    this.baseOf = new Int32Array(destinationCount);
    this.patchOf = new Int32Array(destinationCount);
    this.internPatch(new Int32Array(0), 0);
  }

  /** `runs` has `length` numbers: first, last, value of each run, ascending. */
  setRow(destination: number, base: number, runs: Int32Array, length: number): void {
    this.baseOf[destination] = base;
    this.patchOf[destination] = length === 0 ? 0 : this.internPatch(runs, length);
  }

  /** Destinations with equal numbers have equal rows. */
  rowId(destination: number): number {
    return (this.baseOf[destination] ?? 0) * 0x4000000 + (this.patchOf[destination] ?? 0);
  }

  at(source: number, destination: number): PortSetId {
    const patch = this.patchOf[destination] ?? 0;
    if (patch !== 0) {
      const { pool } = this;
      let low = this.patchStarts[patch] ?? 0;
      let high = (this.patchStarts[patch + 1] ?? 0) - NUMBERS_PER_RUN;
      // The last run that starts at or before the source.
      while (low < high) {
        const runs = ((high - low) / NUMBERS_PER_RUN + 1) >> 1;
        const mid = low + runs * NUMBERS_PER_RUN;
        if ((pool[mid] ?? 0) <= source) low = mid;
        else high = mid - NUMBERS_PER_RUN;
      }
      if ((pool[low] ?? 0) <= source && source <= (pool[low + 1] ?? -1)) return (pool[low + 2] ?? 0) as PortSetId;
    }
    const base = this.bases[this.baseOf[destination] ?? 0];
    return base === undefined ? NO_PORTS : valueIn(base, source);
  }

  /** Calls `visit` for runs of one value that together cover all sources, ascending; neighbours may be equal. */
  forEachRun(destination: number, visit: (first: number, last: number, value: PortSetId) => void): void {
    const base = this.bases[this.baseOf[destination] ?? 0];
    if (base === undefined) return;
    const patch = this.patchOf[destination] ?? 0;
    const end = this.patchStarts[patch + 1] ?? 0;
    const { starts, values } = base;
    const { pool } = this;
    let run = 0;
    let next = 0;
    const upTo = (limit: number): void => {
      while (next < limit) {
        while ((starts[run + 1] ?? this.sourceCount) <= next) run++;
        const last = Math.min((starts[run + 1] ?? this.sourceCount) - 1, limit - 1);
        visit(next, last, (values[run] ?? 0) as PortSetId);
        next = last + 1;
      }
    };
    for (let at = this.patchStarts[patch] ?? 0; at < end; at += NUMBERS_PER_RUN) {
      upTo(pool[at] ?? 0);
      visit(pool[at] ?? 0, pool[at + 1] ?? 0, (pool[at + 2] ?? 0) as PortSetId);
      next = (pool[at + 1] ?? 0) + 1;
    }
    upTo(this.sourceCount);
  }

  /** Sizes, for benchmarks. */
  stats(): { readonly bases: number; readonly baseRuns: number; readonly patches: number; readonly patchRuns: number } {
    return {
      bases: this.bases.length,
      baseRuns: this.bases.reduce((sum, base) => sum + base.starts.length, 0),
      patches: this.patchCount,
      patchRuns: (this.patchStarts[this.patchCount] ?? 0) / NUMBERS_PER_RUN,
    };
  }

  private internPatch(runs: Int32Array, length: number): number {
    const mask = this.buckets.length - 1;
    let slot = hashOf(runs, 0, length) & mask;
    for (let entry = this.buckets[slot] ?? 0; entry !== 0; entry = this.buckets[slot] ?? 0) {
      if (this.equals(entry - 1, runs, length)) return entry - 1;
      slot = (slot + 1) & mask;
    }
    const id = this.patchCount++;
    if (id + 2 > this.patchStarts.length) this.patchStarts = grown(this.patchStarts, 2 * this.patchStarts.length);
    const start = this.patchStarts[id] ?? 0;
    if (start + length > this.pool.length) this.pool = grown(this.pool, Math.max(2 * this.pool.length, start + length));
    for (let i = 0; i < length; i++) this.pool[start + i] = runs[i] ?? 0;
    this.patchStarts[id + 1] = start + length;
    this.buckets[slot] = id + 1;
    if (2 * this.patchCount > this.buckets.length) this.rehash();
    return id;
  }

  private equals(patch: number, runs: Int32Array, length: number): boolean {
    const start = this.patchStarts[patch] ?? 0;
    if ((this.patchStarts[patch + 1] ?? 0) - start !== length) return false;
    for (let i = 0; i < length; i++) if (this.pool[start + i] !== runs[i]) return false;
    return true;
  }

  private rehash(): void {
    const buckets = new Int32Array(2 * this.buckets.length);
    const mask = buckets.length - 1;
    for (let id = 0; id < this.patchCount; id++) {
      let slot = hashOf(this.pool, this.patchStarts[id] ?? 0, this.patchStarts[id + 1] ?? 0) & mask;
      while (buckets[slot] !== 0) slot = (slot + 1) & mask;
      buckets[slot] = id + 1;
    }
    this.buckets = buckets;
  }
}

export function valueIn({ starts, values }: BaseRow, source: number): PortSetId {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const mid = (low + high + 1) >>> 1;
    if ((starts[mid] ?? 0) <= source) low = mid;
    else high = mid - 1;
  }
  return (values[low] ?? 0) as PortSetId;
}

function hashOf(numbers: Int32Array, from: number, to: number): number {
  let hash = to - from;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ (numbers[i] ?? 0), 0x9e3779b1) ^ (hash >>> 15);
  return hash ^ (hash >>> 16);
}

function grown(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(length);
  larger.set(array);
  return larger;
}
