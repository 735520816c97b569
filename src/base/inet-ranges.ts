/** Sets of addresses as ranges, and back to the fewest networks that cover them exactly. */
import type { Cidr, IpFamily } from './inet.ts';

/** Inclusive; a {@link Cidr} is one. */
export type IpRange =
  | { readonly family: 4; readonly first: number; readonly last: number }
  | { readonly family: 6; readonly first: bigint; readonly last: bigint };

/** A range of one family, widened so that one routine serves numbers and bigints. */
interface Bounds<T extends number | bigint> {
  readonly first: T;
  readonly last: T;
}

const IPV6_BITS = 128;
const LOW_64 = (1n << 64n) - 1n;

/** Sorted (IPv4 first), disjoint and non-adjacent ranges of the same addresses. */
export function normaliseRanges(ranges: Iterable<IpRange>): IpRange[] {
  const [four, six] = split(ranges);
  return [
    ...merge(four, 1).map(({ first, last }): IpRange => ({ family: 4, first, last })),
    ...merge(six, 1n).map(({ first, last }): IpRange => ({ family: 6, first, last })),
  ];
}

/** The addresses of `ranges` that are in none of `holes`; normalised. O((n + m) log(n + m)). */
export function subtractRanges(ranges: Iterable<IpRange>, holes: Iterable<IpRange>): IpRange[] {
  const [four, six] = split(ranges);
  const [holes4, holes6] = split(holes);
  return [
    ...subtract(merge(four, 1), merge(holes4, 1), 1).map(({ first, last }): IpRange => ({ family: 4, first, last })),
    ...subtract(merge(six, 1n), merge(holes6, 1n), 1n).map(({ first, last }): IpRange => ({ family: 6, first, last })),
  ];
}

/** What an `ipBlock` means: the addresses of `cidr` outside every `except` (S90). */
export function subtractCidrs(cidr: Cidr, except: readonly Cidr[]): IpRange[] {
  if (except.length === 0) return [toRange(cidr)];
  return subtractRanges([cidr], except);
}

/** The fewest networks that hold exactly the addresses of `ranges`, IPv4 first, ascending. */
export function rangesToCidrs(ranges: Iterable<IpRange>): Cidr[] {
  const cidrs: Cidr[] = [];
  for (const range of normaliseRanges(ranges)) {
    if (range.family === 4) appendCidrs4(range.first, range.last, cidrs);
    else appendCidrs6(range.first, range.last, cidrs);
  }
  return cidrs;
}

/** Every address of a family as one range. */
export function allAddresses(family: IpFamily): IpRange {
  return family === 4
    ? { family: 4, first: 0, last: 0xffffffff }
    : { family: 6, first: 0n, last: (1n << BigInt(IPV6_BITS)) - 1n };
}

function toRange(cidr: Cidr): IpRange {
  return cidr.family === 4
    ? { family: 4, first: cidr.first, last: cidr.last }
    : { family: 6, first: cidr.first, last: cidr.last };
}

function split(ranges: Iterable<IpRange>): [Bounds<number>[], Bounds<bigint>[]] {
  const four: Bounds<number>[] = [];
  const six: Bounds<bigint>[] = [];
  for (const range of ranges) {
    if (range.family === 4) four.push(range);
    else six.push(range);
  }
  return [four, six];
}

function merge<T extends number | bigint>(ranges: Bounds<T>[], one: T): Bounds<T>[] {
  if (ranges.length < 2) return ranges;
  const sorted = ranges.toSorted((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const merged: Bounds<T>[] = [];
  let current = sorted[0];
  if (current === undefined) return merged;
  for (let i = 1; i < sorted.length; i++) {
    const next = sorted[i];
    if (next === undefined) break;
    if (next.first <= plus(current.last, one)) {
      if (next.last > current.last) current = { first: current.first, last: next.last };
    } else {
      merged.push(current);
      current = next;
    }
  }
  merged.push(current);
  return merged;
}

/** Both lists merged; one sweep over the two. */
function subtract<T extends number | bigint>(ranges: Bounds<T>[], holes: Bounds<T>[], one: T): Bounds<T>[] {
  const left: Bounds<T>[] = [];
  let h = 0;
  for (const range of ranges) {
    let first = range.first;
    let open = true;
    // A hole that reaches beyond this range may still bite into the next one, so it stays current.
    for (let hole = holes[h]; hole !== undefined && hole.first <= range.last; hole = holes[h]) {
      if (hole.last < first) {
        h++;
        continue;
      }
      if (hole.first > first) left.push({ first, last: minus(hole.first, one) });
      if (hole.last >= range.last) {
        open = false;
        break;
      }
      first = plus(hole.last, one);
      h++;
    }
    if (open) left.push({ first, last: range.last });
  }
  return left;
}

function plus<T extends number | bigint>(a: T, b: T): T {
  return ((a as number) + (b as number)) as T;
}

function minus<T extends number | bigint>(a: T, b: T): T {
  return ((a as number) - (b as number)) as T;
}

function appendCidrs4(first: number, last: number, into: Cidr[]): void {
  let at = first;
  while (at <= last) {
    // The largest aligned power of two at `at` that does not run past `last`.
    let hostBits = at === 0 ? 32 : 31 - Math.clz32(at & -at);
    const room = last - at + 1;
    while (2 ** hostBits > room) hostBits--;
    const size = 2 ** hostBits;
    into.push({ family: 4, prefix: 32 - hostBits, first: at, last: at + size - 1 });
    at += size;
  }
}

function appendCidrs6(first: bigint, last: bigint, into: Cidr[]): void {
  let at = first;
  while (at <= last) {
    const hostBits = Math.min(trailingZeros(at), bitLength(last - at + 1n) - 1);
    const size = 1n << BigInt(hostBits);
    into.push({ family: 6, prefix: IPV6_BITS - hostBits, first: at, last: at + size - 1n });
    at += size;
  }
}

function trailingZeros(value: bigint): number {
  if (value === 0n) return IPV6_BITS;
  let zeros = 0;
  let rest = value;
  if ((rest & LOW_64) === 0n) {
    zeros = 64;
    rest >>= 64n;
  }
  if ((rest & 0xffffffffn) === 0n) {
    zeros += 32;
    rest >>= 32n;
  }
  const low = Number(rest & 0xffffffffn) | 0;
  return zeros + 31 - Math.clz32(low & -low);
}

function bitLength(value: bigint): number {
  return value.toString(2).length;
}
