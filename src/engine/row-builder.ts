/**
 * Computes all rows of one world: for each destination a base row shared with the destinations that are alike as far as
 * wide rules, tiers and isolation go, then the few sources at which narrow rules change something.
 */
import type { IpFamily } from '../base/inet.ts';
import { NO, YES } from '../base/tri.ts';
import { addWide, cutAt, EITHER, FREE, ISOLATED, Segments, UNBOUND, type SegmentGates, type WideRule } from './base-segments.ts';
import type { Compiled } from './compiled.ts';
import { egressGroups, type EgressGroup } from './egress-groups.ts';
import type { ClassSet, World } from './peer-sets.ts';
import type { Direction } from './policy-rules.ts';
import { NO_PORTS, type PortSetId } from './port-sets.ts';
import type { PortSpecId } from './port-specs.ts';
import { RelationRows } from './relation-rows.ts';
import type { TierTable } from './tier-table.ts';

/** Trade-offs that change how long rows take, never what they say. */
export interface RowTuning {
  /** Sets with more members than this part of all classes are wide. */
  readonly widePart: number;
  /** But none with fewer members. */
  readonly leastWide: number;
  /** At most 60. Beyond, the least wide ones are treated as narrow: bases would no longer be shared. */
  readonly maxWideGroups: number;
  /** The same for the wide ingress rules of one destination. */
  readonly maxWidePeers: number;
  /** Rows of a base from which on a table from source to segment pays. */
  readonly tableFrom: number;
}

export const USUAL_TUNING: RowTuning = {
  widePart: 1 / 8,
  leastWide: 16,
  maxWideGroups: 60,
  maxWidePeers: 16,
  tableFrom: 4,
};

interface IngressRules {
  /** Distinct lists of wide rules have distinct numbers. */
  readonly wideId: number;
  readonly wide: readonly { readonly members: ClassSet; readonly ports: PortSpecId }[];
  readonly narrow: readonly { readonly members: ClassSet; readonly ports: PortSpecId }[];
}

export class RowBuilder {
  private readonly compiled: Compiled;
  private readonly tiers: TierTable;
  private readonly world: World;
  private readonly tuning: RowTuning;
  private readonly lower: boolean;
  private readonly family: IpFamily;
  private readonly count: number;
  private readonly sizes = new Map<ClassSet, number>();
  private readonly wideFrom: number;
  private readonly egressBound: Uint8Array;
  private readonly ingressBound: Uint8Array;
  private readonly mask: Uint8Array;
  private readonly staticStarts: Int32Array;
  private readonly ingressRules: readonly (IngressRules | undefined)[];
  private readonly wideGroups: readonly EgressGroup[];
  private readonly narrowGroups: readonly EgressGroup[];
  /** Narrow groups by destination: those of `d` are `groupIds[groupStarts[d] .. groupStarts[d + 1])`. */
  private readonly groupStarts: Int32Array;
  private readonly groupIds: Int32Array;
  private readonly rows: RelationRows;

  // Scratch of one row: what narrow rules allow per source, valid where the stamp is the row's.
  private readonly ingressPorts: Int32Array;
  private readonly ingressStamp: Int32Array;
  private readonly egressPorts: Int32Array;
  private readonly egressStamp: Int32Array;
  private readonly touched: Int32Array;
  private touchedCount = 0;
  private stamp = 0;
  private readonly segmentOf: Int32Array;
  private runs = new Int32Array(3 * 64);

  constructor(compiled: Compiled, tiers: TierTable, world: World, tuning: RowTuning) {
    this.tuning = tuning;
    this.compiled = compiled;
    this.tiers = tiers;
    this.world = world;
    this.lower = (world & 1) === 0;
    this.family = world < 2 ? 4 : 6;
    const { classes } = compiled;
    this.count = classes.count;
    this.wideFrom = Math.max(tuning.leastWide, this.count * tuning.widePart);
    this.egressBound = this.boundBy('egress');
    this.ingressBound = this.boundBy('ingress');
    this.mask = this.familyMask();
    this.staticStarts = this.findStaticStarts();
    this.ingressRules = this.splitIngress();
    [this.wideGroups, this.narrowGroups] = this.splitEgress();
    [this.groupStarts, this.groupIds] = this.indexGroups();
    this.rows = new RelationRows(this.count, this.count);
    this.ingressPorts = new Int32Array(this.count);
    this.ingressStamp = new Int32Array(this.count);
    this.egressPorts = new Int32Array(this.count);
    this.egressStamp = new Int32Array(this.count);
    this.touched = new Int32Array(this.count);
    this.segmentOf = new Int32Array(this.count);
  }

  build(): RelationRows {
    for (const destinations of this.destinationsByBase()) this.buildRows(destinations);
    return this.rows;
  }

  // ---- what is the same for all rows --------------------------------------------------------------------------

  private boundBy(direction: Direction): Uint8Array {
    const { classes } = this.compiled;
    const bound = new Uint8Array(this.count).fill(UNBOUND);
    for (let id = 0; id < classes.podCount; id++) {
      const { isolated } = this.compiled.policyList(id, direction);
      // A pod that is only possibly isolated certainly gets no more than an isolated one without any rule.
      bound[id] = isolated === NO ? FREE : isolated === YES || this.lower ? ISOLATED : EITHER;
    }
    return bound;
  }

  /** Two ends can connect when their masks have a bit in common. */
  private familyMask(): Uint8Array {
    const { families } = this.compiled.classes;
    const { familiesAgree } = this.compiled.peerSets;
    const four = familiesAgree || this.family === 4;
    const six = familiesAgree || this.family === 6;
    return families.map((bits) => (four && (bits & 3) !== 0 ? 1 : 0) | (six && (bits >> 2) !== 0 ? 2 : 0));
  }

  private findStaticStarts(): Int32Array {
    const starts: number[] = [];
    const { groupOf } = this.tiers;
    for (let id = 0; id < this.count; id++) {
      const same =
        id > 0 &&
        this.egressBound[id] === this.egressBound[id - 1] &&
        this.mask[id] === this.mask[id - 1] &&
        groupOf[id] === groupOf[id - 1];
      if (!same) starts.push(id);
    }
    return Int32Array.from(starts);
  }

  private sizeOf(set: ClassSet): number {
    let size = this.sizes.get(set);
    if (size === undefined) {
      size = this.compiled.peerSets.sets.cardinality(set);
      this.sizes.set(set, size);
    }
    return size;
  }

  /** By policy list, for the lists that some class has for ingress. */
  private splitIngress(): (IngressRules | undefined)[] {
    const { policyLists, listOf, peerSets } = this.compiled;
    const split: (IngressRules | undefined)[] = [];
    const wideIds = new Map<string, number>();
    for (const list of new Set(listOf.ingress)) {
      const policies = policyLists[list];
      if (policies === undefined) continue;
      const all = (this.lower ? policies.certainRules : policies.possibleRules)
        .map(({ peers, ports }) => ({ members: peerSets.set(peers, this.world), ports }))
        .filter(({ members }) => this.sizeOf(members) > 0);
      const wide = all
        .filter(({ members }) => this.sizeOf(members) > this.wideFrom)
        .sort((a, b) => this.sizeOf(b.members) - this.sizeOf(a.members) || a.members - b.members || a.ports - b.ports)
        .slice(0, this.tuning.maxWidePeers);
      const chosen = new Set(wide);
      const text = wide.map(({ members, ports }) => `${members}/${ports}`).join(' ');
      let wideId = wideIds.get(text);
      if (wideId === undefined) {
        wideId = wideIds.size;
        wideIds.set(text, wideId);
      }
      split[list] = { wideId, wide, narrow: all.filter((rule) => !chosen.has(rule)) };
    }
    return split;
  }

  private splitEgress(): [readonly EgressGroup[], readonly EgressGroup[]] {
    const groups = egressGroups(this.compiled, this.world);
    const weight = ({ peers, subjects }: EgressGroup): number => this.sizeOf(peers) * this.sizeOf(subjects);
    const wide = groups
      .filter(({ peers, subjects }) => this.sizeOf(peers) > this.wideFrom || this.sizeOf(subjects) > this.wideFrom)
      .sort((a, b) => weight(b) - weight(a))
      .slice(0, this.tuning.maxWideGroups);
    const chosen = new Set(wide);
    return [wide, groups.filter((group) => !chosen.has(group))];
  }

  private indexGroups(): [Int32Array, Int32Array] {
    const { sets } = this.compiled.peerSets;
    const starts = new Int32Array(this.count + 1);
    // Counts by difference first: a group adds one to every destination in its ranges.
    for (const { peers } of this.narrowGroups) {
      const ranges = sets.view(peers);
      for (let i = 0; i < ranges.length; i += 2) {
        for (let id = ranges[i] ?? 0; id <= (ranges[i + 1] ?? -1); id++) starts[id + 1] = (starts[id + 1] ?? 0) + 1;
      }
    }
    for (let id = 0; id < this.count; id++) starts[id + 1] = (starts[id + 1] ?? 0) + (starts[id] ?? 0);
    const next = starts.slice();
    const ids = new Int32Array(starts[this.count] ?? 0);
    this.narrowGroups.forEach(({ peers }, group) => {
      const ranges = sets.view(peers);
      for (let i = 0; i < ranges.length; i += 2) {
        for (let id = ranges[i] ?? 0; id <= (ranges[i + 1] ?? -1); id++) {
          const at = next[id] ?? 0;
          ids[at] = group;
          next[id] = at + 1;
        }
      }
    });
    return [starts, ids];
  }

  // ---- bases --------------------------------------------------------------------------------------------------

  private destinationsByBase(): number[][] {
    const { classes, listOf } = this.compiled;
    const wideEgress = this.wideGroupsOf();
    const keys = new KeyChain();
    const byBase: number[][] = [];
    for (let id = 0; id < this.count; id++) {
      const pod = classes.isPod(id);
      const wide = pod ? (this.ingressRules[listOf.ingress[id] ?? 0]?.wideId ?? 0) : 0;
      let key = keys.join(wide, (this.ingressBound[id] ?? 0) * 4 + (this.mask[id] ?? 0));
      key = keys.join(key, wideEgress[id] ?? 0);
      key = keys.join(key, classes.namedPortsOf(id));
      key = keys.join(key, this.tiers.groupOf[id] ?? 0);
      (byBase[key] ??= []).push(id);
    }
    return byBase.filter((ids) => ids !== undefined);
  }

  /** A number per destination: equal for those in the same wide groups. */
  private wideGroupsOf(): Int32Array {
    const { sets } = this.compiled.peerSets;
    const low = new Int32Array(this.count);
    const high = new Int32Array(this.count);
    this.wideGroups.forEach(({ peers }, group) => {
      const bits = group < 30 ? low : high;
      const bit = 1 << (group % 30);
      const ranges = sets.view(peers);
      for (let i = 0; i < ranges.length; i += 2) {
        for (let id = ranges[i] ?? 0; id <= (ranges[i + 1] ?? -1); id++) bits[id] = (bits[id] ?? 0) | bit;
      }
    });
    const ids = new Map<number, number>();
    return low.map((bits, id) => {
      const key = bits + (high[id] ?? 0) * 0x40000000;
      let number = ids.get(key);
      if (number === undefined) {
        number = ids.size;
        ids.set(key, number);
      }
      return number;
    });
  }

  /** The segments of a base, taken from one of its destinations. */
  private segmentsFor(destination: number): Segments {
    const { compiled } = this;
    const { classes, portSpecs, peerSets } = compiled;
    const named = classes.namedPortsOf(destination);
    const wideIngress: WideRule[] = [];
    const wideEgress: WideRule[] = [];
    if (this.ingressBound[destination] === ISOLATED || this.ingressBound[destination] === EITHER) {
      for (const { members, ports } of this.ingressRules[compiled.listOf.ingress[destination] ?? 0]?.wide ?? []) {
        wideIngress.push({ members, ports: portSpecs.resolve(ports, named) });
      }
    }
    for (const { peers, ports, subjects } of this.wideGroups) {
      if (peerSets.sets.has(peers, destination)) {
        wideEgress.push({ members: subjects, ports: portSpecs.resolve(ports, named) });
      }
    }
    const plain = wideIngress.length + wideEgress.length === 0;
    const starts = plain ? this.staticStarts : cutAt(this.staticStarts, [...wideIngress, ...wideEgress], compiled, this.count);
    const segments = new Segments(compiled, starts);
    const mask = this.mask[destination] ?? 0;
    for (let segment = 0; segment < starts.length; segment++) {
      const source = starts[segment] ?? 0;
      segments.apart[segment] = ((this.mask[source] ?? 0) & mask) === 0 ? 1 : 0;
      this.setGate(segments.ingress, segment, this.ingressBound[destination] ?? UNBOUND, destination, source, 'ingress');
      this.setGate(segments.egress, segment, this.egressBound[source] ?? UNBOUND, source, destination, 'egress');
    }
    addWide(segments.ingress.wide, starts, wideIngress, compiled);
    addWide(segments.egress.wide, starts, wideEgress, compiled);
    return segments;
  }

  private setGate(
    gates: SegmentGates,
    segment: number,
    bound: number,
    subject: number,
    peer: number,
    direction: Direction,
  ): void {
    gates.bound[segment] = bound;
    if (bound === UNBOUND) return;
    const result = this.tiers.result(subject, peer, direction, this.family);
    gates.accepted[segment] = this.lower ? result.accepted : result.maybeAccepted;
    gates.gate[segment] = this.lower ? result.notDenied : result.undecided;
    gates.open[segment] = this.lower ? result.openCertain : result.openPossible;
  }

  // ---- rows ---------------------------------------------------------------------------------------------------

  private buildRows(destinations: readonly number[]): void {
    const first = destinations[0];
    if (first === undefined) return;
    const segments = this.segmentsFor(first);
    const { starts } = segments;
    const values = new Int32Array(starts.length);
    for (let segment = 0; segment < starts.length; segment++) values[segment] = segments.value(segment, NO_PORTS, NO_PORTS);
    const base = this.rows.bases.push(joined(starts, values)) - 1;
    const closed = segments.ingressClosed();
    const table = destinations.length >= this.tuning.tableFrom;
    if (table) this.fillSegmentTable(starts);
    for (const destination of destinations) {
      this.stamp++;
      this.touchedCount = 0;
      this.scatterIngress(destination);
      this.scatterEgress(destination, closed);
      const length = this.emit(segments, values, table);
      this.rows.setRow(destination, base, this.runs, length);
    }
  }

  private fillSegmentTable(starts: Int32Array): void {
    for (let segment = 0; segment < starts.length; segment++) {
      this.segmentOf.fill(segment, starts[segment] ?? 0, starts[segment + 1] ?? this.count);
    }
  }

  private scatterIngress(destination: number): void {
    const bound = this.ingressBound[destination];
    if (bound !== ISOLATED && bound !== EITHER) return;
    const { listOf, portSpecs, portSets, peerSets, classes } = this.compiled;
    const rules = this.ingressRules[listOf.ingress[destination] ?? 0];
    if (rules === undefined) return;
    const { ingressPorts, ingressStamp, touched, stamp } = this;
    const named = classes.namedPortsOf(destination);
    for (const { members, ports } of rules.narrow) {
      const allowed = portSpecs.resolve(ports, named);
      if (allowed === NO_PORTS) continue;
      const ranges = peerSets.sets.view(members);
      for (let i = 0; i < ranges.length; i += 2) {
        const last = ranges[i + 1] ?? -1;
        for (let source = ranges[i] ?? 0; source <= last; source++) {
          if (ingressStamp[source] === stamp) {
            ingressPorts[source] = portSets.union((ingressPorts[source] ?? 0) as PortSetId, allowed);
          } else {
            ingressStamp[source] = stamp;
            ingressPorts[source] = allowed;
            touched[this.touchedCount++] = source;
          }
        }
      }
    }
  }

  /** `closed`: what ingress has not touched stays shut whatever egress allows. */
  private scatterEgress(destination: number, closed: boolean): void {
    if (closed && this.touchedCount === 0) return;
    const { portSpecs, portSets, peerSets, classes } = this.compiled;
    const { egressPorts, egressStamp, ingressStamp, touched, stamp, groupIds } = this;
    const named = classes.namedPortsOf(destination);
    const end = this.groupStarts[destination + 1] ?? 0;
    for (let at = this.groupStarts[destination] ?? 0; at < end; at++) {
      const group = this.narrowGroups[groupIds[at] ?? 0];
      if (group === undefined) continue;
      const allowed = portSpecs.resolve(group.ports, named);
      if (allowed === NO_PORTS) continue;
      const ranges = peerSets.sets.view(group.subjects);
      for (let i = 0; i < ranges.length; i += 2) {
        const last = ranges[i + 1] ?? -1;
        for (let source = ranges[i] ?? 0; source <= last; source++) {
          const untouched = ingressStamp[source] !== stamp;
          if (closed && untouched) continue;
          if (egressStamp[source] === stamp) {
            egressPorts[source] = portSets.union((egressPorts[source] ?? 0) as PortSetId, allowed);
          } else {
            egressStamp[source] = stamp;
            egressPorts[source] = allowed;
            if (untouched) touched[this.touchedCount++] = source;
          }
        }
      }
    }
  }

  /** Runs that differ from the base, into `runs`; returns how many numbers. */
  private emit(segments: Segments, values: Int32Array, table: boolean): number {
    const { touched, stamp, ingressPorts, ingressStamp, egressPorts, egressStamp, segmentOf } = this;
    const count = this.touchedCount;
    sortPrefix(touched, count);
    if (this.runs.length < 3 * count) this.runs = new Int32Array(6 * count);
    const { runs } = this;
    let used = 0;
    for (let i = 0; i < count; i++) {
      const source = touched[i] ?? 0;
      const segment = table ? (segmentOf[source] ?? 0) : segmentAt(segments.starts, source);
      const ingress = ingressStamp[source] === stamp ? (ingressPorts[source] ?? 0) : NO_PORTS;
      const egress = egressStamp[source] === stamp ? (egressPorts[source] ?? 0) : NO_PORTS;
      const value = segments.value(segment, ingress as PortSetId, egress as PortSetId);
      if (value === values[segment]) continue;
      if (used > 0 && runs[used - 1] === value && runs[used - 2] === source - 1) runs[used - 2] = source;
      else {
        runs[used] = source;
        runs[used + 1] = source;
        runs[used + 2] = value;
        used += 3;
      }
    }
    return used;
  }
}

/** Numbers pairs of numbers in order of first sight; chains of them number tuples. */
class KeyChain {
  private readonly ids = new Map<number, number>();

  join(a: number, b: number): number {
    const key = a * 0x4000000 + b;
    let id = this.ids.get(key);
    if (id === undefined) {
      id = this.ids.size;
      this.ids.set(key, id);
    }
    return id;
  }
}

/** Without starts at which the value does not change. */
function joined(starts: Int32Array, values: Int32Array): { starts: Int32Array; values: Int32Array } {
  let kept = 0;
  const first = starts.slice();
  const value = values.slice();
  for (let i = 0; i < starts.length; i++) {
    if (kept > 0 && value[kept - 1] === values[i]) continue;
    first[kept] = starts[i] ?? 0;
    value[kept] = values[i] ?? 0;
    kept++;
  }
  return { starts: first.slice(0, kept), values: value.slice(0, kept) };
}

function segmentAt(starts: Int32Array, source: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const mid = (low + high + 1) >>> 1;
    if ((starts[mid] ?? 0) <= source) low = mid;
    else high = mid - 1;
  }
  return low;
}

const INSERTION_LIMIT = 32;

function sortPrefix(numbers: Int32Array, count: number): void {
  if (count > INSERTION_LIMIT) {
    numbers.subarray(0, count).sort();
    return;
  }
  for (let i = 1; i < count; i++) {
    const value = numbers[i] ?? 0;
    let j = i - 1;
    while (j >= 0 && (numbers[j] ?? 0) > value) {
      numbers[j + 1] = numbers[j] ?? 0;
      j--;
    }
    numbers[j + 1] = value;
  }
}
