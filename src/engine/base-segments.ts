/**
 * Stretches of sources that are alike towards a destination as far as wide rules, tiers, isolation and families go. On
 * each stretch the answer depends only on what narrow rules add.
 */
import type { Compiled } from './compiled.ts';
import type { ClassSet } from './peer-sets.ts';
import { ALL_PORTS, NO_PORTS, type PortSetId } from './port-sets.ts';

/** How NetworkPolicies bind an end in one direction, in one world. */
export const FREE = 0;
export const ISOLATED = 1;
/** Possibly isolated, and this is the world of what is possible: whichever of both ways allows more. */
export const EITHER = 2;
/** A host or an address: nothing binds it. */
export const UNBOUND = 3;

/** A rule that many ends are party to, with its ports for the destination in question. */
export interface WideRule {
  readonly members: ClassSet;
  readonly ports: PortSetId;
}

/** A gate on each segment: `accepted | (gate & NetworkPolicy result)`, or `open` where nothing isolates. */
export interface SegmentGates {
  readonly bound: Uint8Array;
  readonly accepted: Int32Array;
  readonly gate: Int32Array;
  readonly open: Int32Array;
  /** What wide rules allow. */
  readonly wide: Int32Array;
}

export class Segments {
  readonly starts: Int32Array;
  readonly egress: SegmentGates;
  readonly ingress: SegmentGates;
  /** 1 where the two ends share no family. */
  readonly apart: Uint8Array;
  private readonly compiled: Compiled;

  constructor(compiled: Compiled, starts: Int32Array) {
    this.compiled = compiled;
    this.starts = starts;
    this.egress = gates(starts.length);
    this.ingress = gates(starts.length);
    this.apart = new Uint8Array(starts.length);
  }

  /** The answer on a segment, given what narrow rules add at each gate. */
  value(segment: number, narrowIngress: PortSetId, narrowEgress: PortSetId): PortSetId {
    if (this.apart[segment] === 1) return NO_PORTS;
    const ingress = this.through(this.ingress, segment, narrowIngress);
    if (ingress === NO_PORTS) return NO_PORTS;
    return this.compiled.portSets.intersect(ingress, this.through(this.egress, segment, narrowEgress));
  }

  through(gates: SegmentGates, segment: number, narrow: PortSetId): PortSetId {
    const bound = gates.bound[segment] ?? UNBOUND;
    if (bound === UNBOUND) return ALL_PORTS;
    const open = (gates.open[segment] ?? 0) as PortSetId;
    if (bound === FREE) return open;
    const { portSets } = this.compiled;
    const matched = portSets.union((gates.wide[segment] ?? 0) as PortSetId, narrow);
    const limited = portSets.intersect((gates.gate[segment] ?? 0) as PortSetId, matched);
    const result = portSets.union((gates.accepted[segment] ?? 0) as PortSetId, limited);
    return bound === EITHER ? portSets.union(result, open) : result;
  }

  /** Whether no source gets past ingress without a narrow rule. */
  ingressClosed(): boolean {
    for (let segment = 0; segment < this.starts.length; segment++) {
      if (this.apart[segment] === 0 && this.through(this.ingress, segment, NO_PORTS) !== NO_PORTS) return false;
    }
    return true;
  }
}

function gates(length: number): SegmentGates {
  return {
    bound: new Uint8Array(length),
    accepted: new Int32Array(length),
    gate: new Int32Array(length),
    open: new Int32Array(length),
    wide: new Int32Array(length),
  };
}

/** The given starts and every bound of the rules' members, ascending, without repetition. */
export function cutAt(
  starts: Int32Array,
  rules: readonly Pick<WideRule, 'members'>[],
  compiled: Compiled,
  count: number,
): Int32Array {
  const { sets } = compiled.peerSets;
  let size = starts.length;
  for (const { members } of rules) size += 2 * sets.rangeCount(members);
  const all = new Int32Array(size);
  all.set(starts);
  let used = starts.length;
  for (const { members } of rules) {
    const ranges = sets.view(members);
    for (let i = 0; i < ranges.length; i += 2) {
      all[used++] = ranges[i] ?? 0;
      all[used++] = (ranges[i + 1] ?? 0) + 1;
    }
  }
  all.sort();
  let kept = 0;
  for (let i = 0; i < size; i++) {
    const at = all[i] ?? 0;
    if (at < count && (kept === 0 || all[kept - 1] !== at)) all[kept++] = at;
  }
  return all.slice(0, kept);
}

/** Adds what wide rules allow to each segment; segments never straddle a bound of a rule. */
export function addWide(into: Int32Array, starts: Int32Array, rules: readonly WideRule[], compiled: Compiled): void {
  const { portSets, peerSets } = compiled;
  for (const { members, ports } of rules) {
    if (ports === NO_PORTS) continue;
    const ranges = peerSets.sets.view(members);
    let segment = 0;
    for (let i = 0; i < ranges.length; i += 2) {
      segment = firstAtLeast(starts, ranges[i] ?? 0, segment);
      const last = ranges[i + 1] ?? -1;
      for (; segment < starts.length && (starts[segment] ?? 0) <= last; segment++) {
        into[segment] = portSets.union((into[segment] ?? 0) as PortSetId, ports);
      }
    }
  }
}

function firstAtLeast(starts: Int32Array, value: number, from: number): number {
  let low = from;
  let high = starts.length;
  while (low < high) {
    const mid = (low + high) >>> 1;
    if ((starts[mid] ?? 0) < value) low = mid + 1;
    else high = mid;
  }
  return low;
}
