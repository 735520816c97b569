/** Addresses in which everything changed alike become one peer. */
import { compareCidrs, type Cidr } from '../base/inet.ts';
import { rangesToCidrs, subtractRanges } from '../base/inet-ranges.ts';
import { INTERNET } from './endpoint-internet.ts';
import type { JointClasses } from './semantic-diff-classes.ts';
import type { EndDifference } from './semantic-diff-sweep.ts';

export interface ChangedAddresses {
  /** Minimal, sorted, IPv4 first. */
  readonly cidrs: readonly Cidr[];
  readonly internet: boolean;
  /** The differences of one of its pieces, which speak for all. */
  readonly differences: readonly EndDifference[];
}

/** In address order. */
export function changedAddresses(
  classes: JointClasses,
  differences: readonly EndDifference[],
): readonly ChangedAddresses[] {
  const first = classes.items.length;
  const ofPiece = new Map<number, EndDifference[]>();
  for (const difference of differences) {
    const piece = Math.max(difference.from, difference.to) - first;
    if (piece < 0) continue;
    const list = ofPiece.get(piece);
    if (list === undefined) ofPiece.set(piece, [difference]);
    else list.push(difference);
  }
  const groups = new Map<string, { pieces: number[]; differences: readonly EndDifference[] }>();
  for (const [piece, list] of ofPiece) {
    const key = list.map((difference) => keyOf(difference, first)).join(';');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { pieces: [piece], differences: list });
    else group.pieces.push(piece);
  }
  return Array.from(groups.values(), ({ pieces, differences: list }): ChangedAddresses => {
    const cidrs = rangesToCidrs(pieces.flatMap((piece) => classes.externals[piece] ?? []));
    return { cidrs, internet: meetsInternet(cidrs), differences: list };
  }).sort((a, b) => {
    const [x, y] = [a.cidrs[0], b.cidrs[0]];
    return x === undefined || y === undefined ? 0 : compareCidrs(x, y);
  });
}

function keyOf(difference: EndDifference, first: number): string {
  const { from, to, before, after, opened, openedSurely, closed, closedSurely, unclear, kinds, alike } = difference;
  const end = from >= first ? `<${to}` : `>${from}`;
  return [end, before, after, opened, openedSurely, closed, closedSurely, unclear, kinds, alike].join(' ');
}

function meetsInternet(cidrs: readonly Cidr[]): boolean {
  const outside = rangesToCidrs(subtractRanges(cidrs, INTERNET));
  const key = (list: readonly Cidr[]): string =>
    list.map(({ family, first, prefix }) => `${family} ${first} ${prefix}`).join();
  return key(outside) !== key(cidrs);
}
