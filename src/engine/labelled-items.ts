/**
 * Which of many labelled things a selector selects, through an index from label value to things, so that neither a
 * huge namespace nor thousands of selectors make it quadratic.
 */
import { MAYBE, NO, YES } from '../base/tri.ts';
import type { CompiledRequirement, CompiledSelector, LabelSpace, SignatureId } from './label-space.ts';

/** lo, hi, lo, hi, ... inclusive and sorted. `certain` is part of `possible`. */
export interface MatchRanges {
  readonly certain: readonly number[];
  readonly possible: readonly number[];
}

const NOTHING: MatchRanges = { certain: [], possible: [] };

/** Below this many things looking at each is cheaper than any index. */
const FEW = 24;

export class LabelledItems {
  private readonly space: LabelSpace;
  private readonly signatures: Int32Array;
  private readonly byCode = new Map<number, number[]>();
  private readonly byKey = new Map<number, number[]>();
  /** Things that may have labels which the input does not tell. */
  private readonly incomplete: number[] = [];

  constructor(space: LabelSpace, signatures: Int32Array) {
    this.space = space;
    this.signatures = signatures;
    for (let item = 0; item < signatures.length; item++) {
      const signature = signatures[item] ?? 0;
      if (!space.isComplete(signature)) this.incomplete.push(item);
      for (const code of space.codes(signature)) {
        append(this.byCode, code, item);
        append(this.byKey, space.keyOfCode[code] ?? -1, item);
      }
    }
  }

  signatureOf(item: number): SignatureId {
    return this.signatures[item] ?? 0;
  }

  /** The selected things among `[first, end)`. */
  matching(selector: CompiledSelector, first: number, end: number): MatchRanges {
    if (selector.impossible || first >= end) return NOTHING;
    if (selector.requirements.length === 0) return { certain: [first, end - 1], possible: [first, end - 1] };
    if (end - first <= FEW) return this.filter(selector, range(first, end));
    let best: number[][] | undefined;
    let bestSize = Infinity;
    for (const requirement of selector.requirements) {
      if (requirement.operator !== 'In' && requirement.operator !== 'Exists') continue;
      const lists = this.listed(requirement, first, end);
      const size = lists.reduce((sum, list) => sum + list.length, 0);
      if (size < bestSize) {
        best = lists;
        bestSize = size;
      }
    }
    if (best !== undefined) return this.filter(selector, merge(best));
    // Only `NotIn` and `DoesNotExist`: everything but some of those that have one of the keys.
    const lists = selector.requirements.flatMap((requirement) => this.listed(requirement, first, end));
    return this.allBut(selector, first, end, merge(lists));
  }

  /** Everything in `[first, end)` for which the requirement's labels are present, or unknown. */
  private listed(requirement: CompiledRequirement, first: number, end: number): number[][] {
    const lists: number[][] = [];
    const add = (list: number[] | undefined): void => {
      const part = list === undefined ? [] : slice(list, first, end);
      if (part.length > 0) lists.push(part);
    };
    if (requirement.operator === 'In' || requirement.operator === 'NotIn') {
      for (const code of requirement.codes) add(this.byCode.get(code));
      add(this.byCode.get(this.space.unknownCode(requirement.key)));
    } else add(this.byKey.get(requirement.key));
    add(this.incomplete);
    return lists;
  }

  private filter(selector: CompiledSelector, candidates: readonly number[]): MatchRanges {
    const certain: number[] = [];
    const possible: number[] = [];
    for (const item of candidates) {
      const match = this.space.matches(selector, this.signatures[item] ?? 0);
      if (match === NO) continue;
      extend(possible, item, item);
      if (match === YES) extend(certain, item, item);
    }
    return { certain, possible };
  }

  private allBut(selector: CompiledSelector, first: number, end: number, suspects: readonly number[]): MatchRanges {
    const certain: number[] = [];
    const possible: number[] = [];
    let next = first;
    for (const item of suspects) {
      if (item > next) {
        extend(certain, next, item - 1);
        extend(possible, next, item - 1);
      }
      next = item + 1;
      const match = this.space.matches(selector, this.signatures[item] ?? 0);
      if (match !== NO) extend(possible, item, item);
      if (match !== NO && match !== MAYBE) extend(certain, item, item);
    }
    if (next < end) {
      extend(certain, next, end - 1);
      extend(possible, next, end - 1);
    }
    return { certain, possible };
  }
}

/** Appends a range to a sorted list of ranges, joining it with the last one when they touch. */
export function extend(ranges: number[], low: number, high: number): void {
  const last = ranges.length - 1;
  if (last >= 0 && (ranges[last] ?? 0) + 1 >= low) ranges[last] = Math.max(ranges[last] ?? 0, high);
  else ranges.push(low, high);
}

function append(index: Map<number, number[]>, at: number, item: number): void {
  const list = index.get(at);
  if (list === undefined) index.set(at, [item]);
  else if (list[list.length - 1] !== item) list.push(item);
}

function range(first: number, end: number): number[] {
  const list: number[] = [];
  for (let i = first; i < end; i++) list.push(i);
  return list;
}

function slice(sorted: number[], first: number, end: number): number[] {
  const from = lowerBound(sorted, first);
  const to = lowerBound(sorted, end);
  return from === 0 && to === sorted.length ? sorted : sorted.slice(from, to);
}

/** The first index whose value is not below `value`. */
export function lowerBound(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const mid = (low + high) >>> 1;
    if ((sorted[mid] ?? 0) < value) low = mid + 1;
    else high = mid;
  }
  return low;
}

/** Sorted, without repetition. */
function merge(lists: readonly (readonly number[])[]): readonly number[] {
  const [only] = lists;
  if (only === undefined) return [];
  if (lists.length === 1) return only;
  const all = Float64Array.from(lists.flat()).sort();
  const unique: number[] = [];
  for (const item of all) if (unique[unique.length - 1] !== item) unique.push(item);
  return unique;
}
