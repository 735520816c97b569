/**
 * The coarsest partition of all addresses such that every address set of the rules is a union of parts ("atoms").
 *
 * A sweep over the sorted bounds keeps the sets that are open; stretches on which the same ones are open are one atom,
 * also across families and gaps. O(B log B) for B bounds.
 */
import type { IpAddress, IpFamily } from '../base/inet.ts';
import { allAddresses, normaliseRanges, type IpRange } from '../base/inet-ranges.ts';
import { ChangingSet } from '../base/changing-set.ts';
import { EMPTY_SET, type RangeSets } from '../base/range-sets.ts';

export type AddressSetId = number;

interface Stretches<T extends number | bigint> {
  /** First address of each stretch, ascending; a stretch ends before the next one starts. */
  readonly starts: T[];
  readonly atoms: number[];
  /** How many different atoms began before each stretch. */
  readonly begun: number[];
}

const LAST: Readonly<Record<IpFamily, IpRange>> = { 4: allAddresses(4), 6: allAddresses(6) };

/** Address sets are interned first; then {@link AddressAtoms} partitions. */
export class AddressSets {
  readonly sets: (readonly IpRange[])[] = [];
  private readonly ids = new Map<string, AddressSetId>();

  intern(ranges: Iterable<IpRange>): AddressSetId {
    const normal = normaliseRanges(ranges);
    const text = normal.map(({ family, first, last }) => `${family}:${first}-${last}`).join(',');
    let id = this.ids.get(text);
    if (id === undefined) {
      id = this.sets.push(normal) - 1;
      this.ids.set(text, id);
    }
    return id;
  }
}

export class AddressAtoms {
  readonly count: number;
  private readonly four: Stretches<number>;
  private readonly six: Stretches<bigint>;
  private readonly sets: readonly (readonly IpRange[])[];

  constructor(sets: readonly (readonly IpRange[])[]) {
    this.sets = sets;
    const atoms = new Map<number, number>();
    const open = new ChangingSet(sets.length);
    this.four = partition(bounds(sets, 4), 0, open, atoms);
    // Sets that hold the last address of a family never closed.
    open.clear();
    this.six = partition(bounds(sets, 6), 0n, open, atoms);
    this.count = atoms.size;
  }

  atomOf(ip: IpAddress): number {
    return ip.family === 4
      ? (this.four.atoms[stretchOf(this.four.starts, ip.value)] ?? 0)
      : (this.six.atoms[stretchOf(this.six.starts, ip.value)] ?? 0);
  }

  /** The atoms of one of the sets, as ranges of atom numbers in `into`. */
  atomsOfSet(set: AddressSetId, into: RangeSets): number {
    // Atoms are numbered as the sweep first meets them, and an atom lies in a set as a whole, so those that a range
    // meets first have consecutive numbers, and the set's other ranges bring the rest.
    const found: [number, number][] = [];
    for (const range of this.sets[set] ?? []) {
      const [from, to] =
        range.family === 4 ? spanOf(this.four, range.first, range.last) : spanOf(this.six, range.first, range.last);
      if (from <= to) found.push([from, to]);
    }
    return found.length === 0 ? EMPTY_SET : into.ofUnsorted(found);
  }

  /** Whether the atom has addresses of the family. */
  hasFamily(family: IpFamily): Uint8Array {
    const has = new Uint8Array(this.count);
    for (const atom of family === 4 ? this.four.atoms : this.six.atoms) has[atom] = 1;
    return has;
  }

  /** Every stretch of addresses with its atom, IPv4 first, ascending. */
  *stretches(): Generator<{ readonly atom: number; readonly range: IpRange }> {
    const { four, six } = this;
    for (let i = 0; i < four.starts.length; i++) {
      const first = four.starts[i] ?? 0;
      const last = (four.starts[i + 1] ?? Number(LAST[4].last) + 1) - 1;
      yield { atom: four.atoms[i] ?? 0, range: { family: 4, first, last } };
    }
    for (let i = 0; i < six.starts.length; i++) {
      const first = six.starts[i] ?? 0n;
      const last = (six.starts[i + 1] ?? BigInt(LAST[6].last) + 1n) - 1n;
      yield { atom: six.atoms[i] ?? 0, range: { family: 6, first, last } };
    }
  }

  /** Whether the addresses are exactly those of some atoms. */
  isUnionOfAtoms(ranges: Iterable<IpRange>): boolean {
    const inside = new Set<number>();
    const stretches = new Map<number, number>();
    for (const range of normaliseRanges(ranges)) {
      const whole =
        range.family === 4
          ? countStretches(this.four, range.first, range.last, stretches, inside)
          : countStretches(this.six, range.first, range.last, stretches, inside);
      if (!whole) return false;
    }
    // An atom may have stretches elsewhere, which then must be among the ranges too.
    for (const atom of [...this.four.atoms, ...this.six.atoms]) {
      if (inside.has(atom)) stretches.set(atom, (stretches.get(atom) ?? 0) - 1);
    }
    return [...stretches.values()].every((left) => left === 0);
  }

  /** The given ranges split by atom; atoms ascending, the ranges of each too. */
  cut(ranges: Iterable<IpRange>): { readonly atom: number; readonly ranges: readonly IpRange[] }[] {
    const parts = new Map<number, IpRange[]>();
    const add = (atom: number, range: IpRange): void => {
      const list = parts.get(atom);
      if (list === undefined) parts.set(atom, [range]);
      else list.push(range);
    };
    for (const range of normaliseRanges(ranges)) {
      if (range.family === 4) {
        eachStretch(this.four, range.first, range.last, (atom, first, next) =>
          add(atom, { family: 4, first, last: next === undefined || next > range.last ? range.last : next - 1 }),
        );
      } else {
        eachStretch(this.six, range.first, range.last, (atom, first, next) =>
          add(atom, { family: 6, first, last: next === undefined || next > range.last ? range.last : next - 1n }),
        );
      }
    }
    return [...parts].sort((a, b) => a[0] - b[0]).map(([atom, list]) => ({ atom, ranges: list }));
  }

  /** The atoms that have an address in one of the ranges; ascending. */
  atomsTouching(ranges: Iterable<IpRange>): number[] {
    const found = new Set<number>();
    for (const range of ranges) {
      if (range.family === 4) collect(this.four, range.first, range.last, found);
      else collect(this.six, range.first, range.last, found);
    }
    return [...found].sort((a, b) => a - b);
  }
}

interface Bound<T> {
  readonly at: T;
  readonly set: number;
  readonly opens: boolean;
}

function bounds<F extends IpFamily>(
  sets: readonly (readonly IpRange[])[],
  family: F,
): Bound<F extends 4 ? number : bigint>[] {
  type Value = F extends 4 ? number : bigint;
  const found: Bound<Value>[] = [];
  const end = LAST[family].last;
  sets.forEach((ranges, set) => {
    for (const range of ranges) {
      if (range.family !== family) continue;
      found.push({ at: range.first as Value, set, opens: true });
      if (range.last !== end) {
        const after = typeof range.last === 'bigint' ? range.last + 1n : range.last + 1;
        found.push({ at: after as Value, set, opens: false });
      }
    }
  });
  return found.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

function partition<T extends number | bigint>(
  sorted: readonly Bound<T>[],
  zero: T,
  open: ChangingSet,
  atoms: Map<number, number>,
): Stretches<T> {
  const starts: T[] = [];
  const ids: number[] = [];
  const begun: number[] = [];
  let at: T = zero;
  let i = 0;
  for (;;) {
    for (let bound = sorted[i]; bound !== undefined && bound.at === at; bound = sorted[++i]) {
      if (bound.opens) open.add(bound.set);
      else open.remove(bound.set);
    }
    const content = open.id;
    const before = atoms.size;
    const atom = atoms.get(content) ?? before;
    // A stretch that behaves like the one before it only continues it.
    if (atom === before || ids[ids.length - 1] !== atom) {
      if (atom === before) atoms.set(content, atom);
      starts.push(at);
      ids.push(atom);
      begun.push(before);
    }
    const next = sorted[i];
    if (next === undefined) return { starts, atoms: ids, begun };
    at = next.at;
  }
}

/** The stretch that holds `value`. */
function stretchOf<T extends number | bigint>(starts: readonly T[], value: T): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const mid = (low + high + 1) >>> 1;
    const start = starts[mid];
    if (start !== undefined && start <= value) low = mid;
    else high = mid - 1;
  }
  return low;
}

/** Numbers of the atoms that begin within `[first, last]`, both of which are bounds of stretches. */
function spanOf<T extends number | bigint>(stretches: Stretches<T>, first: T, last: T): [number, number] {
  const from = stretchOf(stretches.starts, first);
  const to = stretchOf(stretches.starts, last);
  const lastBegun = stretches.begun[to] ?? 0;
  const lastAtom = stretches.atoms[to] ?? 0;
  return [stretches.begun[from] ?? 0, lastAtom === lastBegun ? lastBegun : lastBegun - 1];
}

function collect<T extends number | bigint>(stretches: Stretches<T>, first: T, last: T, into: Set<number>): void {
  const to = stretchOf(stretches.starts, last);
  for (let i = stretchOf(stretches.starts, first); i <= to; i++) into.add(stretches.atoms[i] ?? 0);
}

/** The stretches within `[first, last]`, the first one from `first` on; `next` is where the following one starts. */
function eachStretch<T extends number | bigint>(
  { starts, atoms }: Stretches<T>,
  first: T,
  last: T,
  visit: (atom: number, first: T, next: T | undefined) => void,
): void {
  let from = first;
  for (let i = stretchOf(starts, first); i < starts.length; i++) {
    const next = starts[i + 1];
    visit(atoms[i] ?? 0, from, next);
    if (next === undefined || next > last) return;
    from = next;
  }
}

/** Counts the stretches of each atom within `[first, last]`; false when one is only partly inside. */
function countStretches<T extends number | bigint>(
  { starts, atoms }: Stretches<T>,
  first: T,
  last: T,
  counts: Map<number, number>,
  inside: Set<number>,
): boolean {
  const from = stretchOf(starts, first);
  if (starts[from] !== first) return false;
  for (let i = from; i < starts.length; i++) {
    const start = starts[i];
    if (start === undefined || start > last) return start === after(last);
    const atom = atoms[i] ?? 0;
    inside.add(atom);
    counts.set(atom, (counts.get(atom) ?? 0) + 1);
  }
  // The last stretch of a family ends where the family does.
  return last === (typeof last === 'bigint' ? LAST[6].last : LAST[4].last);
}

function after(value: number | bigint): number | bigint {
  return typeof value === 'bigint' ? value + 1n : value + 1;
}
