/**
 * Stretches of sources that are alike towards a destination as far as wide rules, tiers, isolation and families go. On
 * each stretch the answer depends only on what narrow rules add.
 */
import type { Compiled } from './compiled.ts';
import type { ClassSet } from './peer-sets.ts';
import { ALL_PORTS, NO_PORTS, type PortSetId, type PortSets } from './port-sets.ts';

/** How NetworkPolicies bind an end in one direction, in one world. */
export const FREE = 0;
export const ISOLATED = 1;
/** Possibly isolated, and this is the world of what is possible: whichever of both ways allows more. */
export const EITHER = 2;
/** A host or an address: nothing binds it. */
export const UNBOUND = 3;

/** What tiers say: `accepted | (gate & NetworkPolicy result)`, or `open` where nothing isolates. */
export interface TierGate {
  readonly accepted: PortSetId;
  readonly gate: PortSetId;
  readonly open: PortSetId;
}

/** What gets through one gate when `matched` is what NetworkPolicies allow. */
export function through(bound: number, tier: TierGate, matched: PortSetId, portSets: PortSets): PortSetId {
  if (bound === UNBOUND) return ALL_PORTS;
  if (bound === FREE) return tier.open;
  const result = portSets.union(tier.accepted, portSets.intersect(tier.gate, matched));
  return bound === EITHER ? portSets.union(result, tier.open) : result;
}

/** The segments of all sources towards destinations that are alike in everything but their ingress rules. */
export interface EgressSegments {
  readonly starts: Int32Array;
  /** Tier group of the sources. */
  readonly group: Int32Array;
  /** How egress binds the sources. */
  readonly bound: Uint8Array;
  /** 1 where the two ends share no family. */
  readonly apart: Uint8Array;
  /** What wide egress rules allow. */
  readonly wide: Int32Array;
  /** What gets out without any narrow rule; nothing where the ends are apart. */
  readonly value: Int32Array;
  /** What tiers say about egress, by tier group of the source. */
  readonly tiers: readonly (TierGate | undefined)[];
}

/** For each of `starts`, which refine those of `segments`, the segment that it lies in. */
export function parentsOf(segments: EgressSegments, starts: Int32Array): Int32Array {
  const parents = new Int32Array(starts.length);
  const coarse = segments.starts;
  const { length } = coarse;
  let at = 0;
  for (let i = 0; i < starts.length; i++) {
    if (at + 1 < length && coarse[at + 1] === starts[i]) at++;
    parents[i] = at;
  }
  return parents;
}

/** Egress segments together with the ingress rules that a base has in common. */
export class BaseSegments {
  readonly starts: Int32Array;
  private readonly egress: EgressSegments;
  /** Where wide ingress rules cut the egress segments further: the egress segment of each. */
  private readonly parents: Int32Array | undefined;
  /** What the base allows on each segment. */
  readonly values: Int32Array;
  /** Whether no source gets past ingress without a narrow rule. */
  readonly closed: boolean;
  private readonly ingressBound: number;
  private readonly ingressTiers: readonly (TierGate | undefined)[];
  /** What wide ingress rules allow: everywhere, and besides on single segments. */
  private readonly everywhere: PortSetId;
  private readonly wide: Int32Array | undefined;
  private readonly portSets: PortSets;

  constructor(
    egress: EgressSegments,
    starts: Int32Array,
    ingressBound: number,
    ingressTiers: readonly (TierGate | undefined)[],
    everywhere: PortSetId,
    wide: Int32Array | undefined,
    portSets: PortSets,
  ) {
    this.egress = egress;
    this.ingressBound = ingressBound;
    this.ingressTiers = ingressTiers;
    this.everywhere = everywhere;
    this.wide = wide;
    this.portSets = portSets;
    this.starts = starts;
    this.parents = starts === egress.starts ? undefined : parentsOf(egress, starts);
    this.values = new Int32Array(starts.length);
    this.closed = this.fillValues();
  }

  private fillValues(): boolean {
    const { portSets, parents, wide, values } = this;
    const { value, apart, group } = this.egress;
    const byGroup: PortSetId[] = [];
    let closed = true;
    for (let segment = 0; segment < values.length; segment++) {
      const parent = parents === undefined ? segment : (parents[segment] ?? 0);
      const g = group[parent] ?? 0;
      const own = wide === undefined ? NO_PORTS : ((wide[segment] ?? 0) as PortSetId);
      let ingress = own === NO_PORTS ? byGroup[g] : this.ingress(g, own);
      if (ingress === undefined) {
        ingress = this.ingress(g, NO_PORTS);
        byGroup[g] = ingress;
      }
      if (ingress === NO_PORTS) continue;
      if (apart[parent] === 0) closed = false;
      values[segment] = portSets.intersect(ingress, (value[parent] ?? 0) as PortSetId);
    }
    return closed;
  }

  isApart(segment: number): boolean {
    return this.egress.apart[this.parents === undefined ? segment : (this.parents[segment] ?? 0)] === 1;
  }

  /** The answer on a segment, given what narrow rules add at each gate. */
  valueAt(segment: number, narrowIngress: PortSetId, narrowEgress: PortSetId): PortSetId {
    const { egress, portSets, wide } = this;
    const parent = this.parents === undefined ? segment : (this.parents[segment] ?? 0);
    if (egress.apart[parent] === 1) return NO_PORTS;
    const group = egress.group[parent] ?? 0;
    const own = wide === undefined ? narrowIngress : portSets.union((wide[segment] ?? 0) as PortSetId, narrowIngress);
    const ingress = this.ingress(group, own);
    if (ingress === NO_PORTS) return NO_PORTS;
    if (narrowEgress === NO_PORTS) return portSets.intersect(ingress, (egress.value[parent] ?? 0) as PortSetId);
    const matched = portSets.union((egress.wide[parent] ?? 0) as PortSetId, narrowEgress);
    const tier = egress.tiers[group] ?? SHUT;
    return portSets.intersect(ingress, through(egress.bound[parent] ?? UNBOUND, tier, matched, portSets));
  }

  private ingress(group: number, matched: PortSetId): PortSetId {
    const { portSets } = this;
    const tier = this.ingressTiers[group] ?? SHUT;
    return through(this.ingressBound, tier, portSets.union(this.everywhere, matched), portSets);
  }
}

/** Where an end is unbound nobody asks the tiers. */
const SHUT: TierGate = { accepted: NO_PORTS, gate: NO_PORTS, open: NO_PORTS };

/** A rule that many ends are party to, with its ports for the destination in question. */
export interface WideRule {
  readonly members: ClassSet;
  readonly ports: PortSetId;
}

/** The given starts and every bound of the rules' members, ascending, without repetition. */
export function cutAt(
  starts: Int32Array,
  rules: readonly Pick<WideRule, 'members'>[],
  compiled: Compiled,
  count: number,
): Int32Array {
  if (rules.length === 0) return starts;
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
