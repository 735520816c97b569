import type { Part } from './parts.ts';

/** Sources in the order of their classes, one for each. */
export class Row {
  readonly parts: readonly Part[];
  readonly #classes: Int32Array;
  /** How many ends with these families the parts before a position have. */
  readonly #before = new Map<number, Float64Array>();

  constructor(parts: readonly Part[]) {
    this.parts = parts.toSorted((a, b) => a.classId - b.classId);
    this.#classes = Int32Array.from(this.parts, (part) => part.classId);
    for (const kind of new Set(parts.map((part) => part.families))) {
      const before = new Float64Array(parts.length + 1);
      this.parts.forEach((part, i) => (before[i + 1] = (before[i] ?? 0) + (part.families === kind ? part.count : 0)));
      this.#before.set(kind, before);
    }
  }

  /** Ends of the parts `[from, to)` that have one of these families. */
  countBetween(from: number, to: number, families: number): number {
    if (from >= to) return 0;
    let count = 0;
    for (const [kind, before] of this.#before)
      if ((kind & families) !== 0) count += (before[to] ?? 0) - (before[from] ?? 0);
    return count;
  }

  partOf(classId: number): Part | undefined {
    const part = this.parts[this.#from(classId)];
    return part?.classId === classId ? part : undefined;
  }

  isBetween({ classId }: Part, from: number, to: number): boolean {
    const at = this.#from(classId);
    return from <= at && at < to;
  }

  /** The positions `[from, to)` of the parts whose classes are in `[first, last]`. */
  between(first: number, last: number): readonly [number, number] {
    return [this.#from(first), this.#from(last + 1)];
  }

  #from(classId: number): number {
    let low = 0;
    let high = this.#classes.length;
    while (low < high) {
      const mid = (low + high) >>> 1;
      if ((this.#classes[mid] ?? 0) < classId) low = mid + 1;
      else high = mid;
    }
    return low;
  }
}
