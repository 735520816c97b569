/**
 * Computes all rows of one world: for each destination a base row shared with the destinations that are alike as far as
 * wide rules, tiers and isolation go, then the few sources at which narrow rules change something.
 */
import type { IpFamily } from '../base/inet.ts';
import { EMPTY_SET } from '../base/range-sets.ts';
import { NO, YES } from '../base/tri.ts';
import {
  addWide,
  BaseSegments,
  cutAt,
  EITHER,
  FREE,
  ISOLATED,
  through,
  UNBOUND,
  type EgressSegments,
  type TierGate,
  type WideRule,
} from './base-segments.ts';
import type { Compiled } from './compiled.ts';
import { egressGroups, type EgressGroup } from './egress-groups.ts';
import { PairEvaluation } from './pair-evaluation.ts';
import type { ClassSet, World } from './peer-sets.ts';
import type { Direction } from './policy-rules.ts';
import { ALL_PORTS, NO_PORTS, type PortSetId } from './port-sets.ts';
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

interface SetRule {
  readonly members: ClassSet;
  readonly ports: PortSpecId;
}

/** The ingress rules of one policy list, by how many they let in. */
interface IngressRules {
  /** Lists with the same wide and nearly total rules have the same number. */
  readonly wideId: number;
  readonly wide: readonly SetRule[];
  /** Let in everybody but `members`. */
  readonly total: readonly SetRule[];
  readonly narrow: readonly SetRule[];
  /** Whether the wide and nearly total rules name ports, so that they differ from pod to pod. */
  readonly named: boolean;
}

/** Groups of egress rules, by how many destinations they reach. */
interface EgressSplit {
  readonly wide: readonly EgressGroup[];
  /** Reach everybody but the complement; counted in for all, then the exceptions are computed again. */
  readonly total: readonly EgressGroup[];
  readonly narrow: readonly EgressGroup[];
}

/** For each destination the numbers of the groups that concern it. */
interface GroupIndex {
  readonly starts: Int32Array;
  readonly ids: Int32Array;
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
  private readonly egress: EgressSplit;
  private readonly totalNamed: boolean;
  /** Cut wherever isolation, tiers, families or the nearly total groups change. */
  private readonly commonStarts: Int32Array;
  private readonly commonWides = new Map<number, Int32Array>();
  private readonly narrowIndex: GroupIndex;
  /** The nearly total groups that leave a destination out. */
  private readonly exceptionIndex: GroupIndex;
  private readonly subjectSizes: Int32Array;
  private readonly everybody: ClassSet;
  private readonly pairs: PairEvaluation;
  private readonly rows: RelationRows;

  // Scratch of one row: what narrow rules allow per source, valid where the stamp is the row's.
  private readonly ingressPorts: Int32Array;
  private readonly ingressStamp: Int32Array;
  private readonly egressPorts: Int32Array;
  private readonly egressStamp: Int32Array;
  /** Sources whose answer must be computed from their rules, because a nearly total rule leaves this pair out. */
  private readonly againStamp: Int32Array;
  private readonly touched: Int32Array;
  private touchedCount = 0;
  private stamp = 0;
  private readonly segmentOf: Int32Array;
  /** The starts that `segmentOf` is for. */
  private tableStarts: Int32Array | undefined;
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
    this.pairs = new PairEvaluation(compiled, tiers);
    this.everybody = this.count === 0 ? EMPTY_SET : compiled.peerSets.sets.of([0, this.count - 1]);
    this.wideFrom = Math.max(tuning.leastWide, this.count * tuning.widePart);
    this.egressBound = this.boundBy('egress');
    this.ingressBound = this.boundBy('ingress');
    this.mask = this.familyMask();
    this.staticStarts = this.findStaticStarts();
    this.ingressRules = this.splitIngress();
    this.egress = this.splitEgress();
    const subjects = this.egress.total.map(({ subjects: members }) => ({ members }));
    this.commonStarts = cutAt(this.staticStarts, subjects, compiled, this.count);
    this.totalNamed = this.egress.total.some(({ ports }) => compiled.portSpecs.hasNames(ports));
    this.narrowIndex = this.index(this.egress.narrow.map(({ peers }) => peers));
    this.exceptionIndex = this.index(this.egress.total.map(({ peers }) => this.complement(peers)));
    this.subjectSizes = Int32Array.from(this.egress.narrow, ({ subjects }) => this.sizeOf(subjects));
    this.rows = new RelationRows(this.count, this.count);
    this.ingressPorts = new Int32Array(this.count);
    this.ingressStamp = new Int32Array(this.count);
    this.egressPorts = new Int32Array(this.count);
    this.egressStamp = new Int32Array(this.count);
    this.againStamp = new Int32Array(this.count);
    this.touched = new Int32Array(this.count);
    this.segmentOf = new Int32Array(this.count);
  }

  build(): RelationRows {
    for (const alike of this.destinationsByBase()) {
      const first = alike[0]?.[0];
      if (first === undefined) continue;
      const egress = this.egressSegmentsFor(first);
      for (const destinations of alike) this.buildRows(destinations, egress);
    }
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
    return families.map((bits) => (four && (bits & 3) !== 0 ? 1 : 0) | (six && bits >> 2 !== 0 ? 2 : 0));
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

  private complement(set: ClassSet): ClassSet {
    return this.compiled.peerSets.sets.subtract(this.everybody, set);
  }

  private isWide(set: ClassSet): boolean {
    return this.sizeOf(set) > this.wideFrom;
  }

  private isNearlyTotal(set: ClassSet): boolean {
    return this.isWide(set) && this.count - this.sizeOf(set) <= this.wideFrom;
  }

  /** By policy list, for the lists that some class has for ingress. */
  private splitIngress(): (IngressRules | undefined)[] {
    const { policyLists, listOf, peerSets, portSpecs } = this.compiled;
    const split: (IngressRules | undefined)[] = [];
    const wideIds = new Map<string, number>([['', 0]]);
    for (const list of new Set(listOf.ingress)) {
      const policies = policyLists[list];
      if (policies === undefined) continue;
      const narrow: SetRule[] = [];
      const wide: SetRule[] = [];
      const total: SetRule[] = [];
      for (const { peers, ports } of this.lower ? policies.certainRules : policies.possibleRules) {
        const members = peerSets.set(peers, this.world);
        if (members === EMPTY_SET) continue;
        if (this.isNearlyTotal(members)) total.push({ members: this.complement(members), ports });
        else if (this.isWide(members)) wide.push({ members, ports });
        else narrow.push({ members, ports });
      }
      wide.sort(
        (a, b) => this.sizeOf(b.members) - this.sizeOf(a.members) || a.members - b.members || a.ports - b.ports,
      );
      narrow.push(...wide.splice(this.tuning.maxWidePeers));
      const totalPorts = [...new Set(total.map(({ ports }) => ports))].sort((a, b) => a - b);
      const text = [...wide.map(({ members, ports }) => `${members}/${ports}`), ...totalPorts].join(' ');
      let wideId = wideIds.get(text);
      if (wideId === undefined) {
        wideId = wideIds.size;
        wideIds.set(text, wideId);
      }
      const named = [...wide, ...total].some(({ ports }) => portSpecs.hasNames(ports));
      split[list] = { wideId, wide, total, narrow, named };
    }
    return split;
  }

  private splitEgress(): EgressSplit {
    const wide: EgressGroup[] = [];
    const total: EgressGroup[] = [];
    const narrow: EgressGroup[] = [];
    for (const group of egressGroups(this.compiled, this.world)) {
      if (this.isNearlyTotal(group.peers) && (!this.isWide(group.subjects) || group.peers === this.everybody)) {
        total.push(group);
      } else if (this.isWide(group.peers) || this.isWide(group.subjects)) wide.push(group);
      else narrow.push(group);
    }
    const weight = ({ peers, subjects }: EgressGroup): number => this.sizeOf(peers) * this.sizeOf(subjects);
    wide.sort((a, b) => weight(b) - weight(a));
    narrow.push(...wide.splice(this.tuning.maxWideGroups));
    return { wide, total, narrow };
  }

  private index(groups: readonly ClassSet[]): GroupIndex {
    const { sets } = this.compiled.peerSets;
    const starts = new Int32Array(this.count + 1);
    for (const set of groups) {
      const ranges = sets.view(set);
      for (let i = 0; i < ranges.length; i += 2) {
        for (let id = ranges[i] ?? 0; id <= (ranges[i + 1] ?? -1); id++) starts[id + 1] = (starts[id + 1] ?? 0) + 1;
      }
    }
    for (let id = 0; id < this.count; id++) starts[id + 1] = (starts[id + 1] ?? 0) + (starts[id] ?? 0);
    const next = starts.slice();
    const ids = new Int32Array(starts[this.count] ?? 0);
    groups.forEach((set, group) => {
      const ranges = sets.view(set);
      for (let i = 0; i < ranges.length; i += 2) {
        for (let id = ranges[i] ?? 0; id <= (ranges[i + 1] ?? -1); id++) {
          const at = next[id] ?? 0;
          ids[at] = group;
          next[id] = at + 1;
        }
      }
    });
    return { starts, ids };
  }

  // ---- bases --------------------------------------------------------------------------------------------------

  /** Destinations by what their bases depend on: first what concerns egress, then what concerns ingress too. */
  private destinationsByBase(): number[][][] {
    const { classes, listOf, portSpecs } = this.compiled;
    const wideEgress = this.wideGroupsOf();
    const egressNamed = this.totalNamed || this.egress.wide.some(({ ports }) => portSpecs.hasNames(ports));
    const egressKeys = new KeyChain();
    const ingressKeys = new KeyChain();
    const byBase = new Map<number, Map<number, number[]>>();
    for (let id = 0; id < this.count; id++) {
      const names = classes.namedPortsOf(id) + 1;
      let key = egressKeys.join(wideEgress[id] ?? 0, this.mask[id] ?? 0);
      key = egressKeys.join(key, egressNamed ? names : 0);
      key = egressKeys.join(key, this.tiers.groupOf[id] ?? 0);
      key = egressKeys.join(key, this.tiers.portsOf[id] ?? 0);
      const rules = classes.isPod(id) ? this.ingressRules[listOf.ingress[id] ?? 0] : undefined;
      let inner = ingressKeys.join(rules?.wideId ?? 0, this.ingressBound[id] ?? 0);
      inner = ingressKeys.join(inner, rules?.named === true ? names : 0);
      let alike = byBase.get(key);
      if (alike === undefined) {
        alike = new Map();
        byBase.set(key, alike);
      }
      const same = alike.get(inner);
      if (same === undefined) alike.set(inner, [id]);
      else same.push(id);
    }
    return Array.from(byBase.values(), (alike) => [...alike.values()]);
  }

  /** A number per destination: equal for those in the same wide groups. */
  private wideGroupsOf(): Int32Array {
    const { sets } = this.compiled.peerSets;
    const low = new Int32Array(this.count);
    const high = new Int32Array(this.count);
    this.egress.wide.forEach(({ peers }, group) => {
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

  /** What bases have in common that differ only in ingress rules, taken from one of their destinations. */
  private egressSegmentsFor(destination: number): EgressSegments {
    const { compiled } = this;
    const { portSets } = compiled;
    const named = compiled.classes.namedPortsOf(destination);
    const rules: WideRule[] = [];
    for (const { peers, ports, subjects } of this.egress.wide) {
      if (compiled.peerSets.sets.has(peers, destination)) {
        rules.push({ members: subjects, ports: compiled.portSpecs.resolve(ports, named) });
      }
    }
    const starts = cutAt(this.commonStarts, rules, compiled, this.count);
    const { length } = starts;
    const group = new Int32Array(length);
    const bound = new Uint8Array(length);
    const apart = new Uint8Array(length);
    const wide = new Int32Array(length);
    const value = new Int32Array(length);
    const tiers: TierGate[] = [];
    const mask = this.mask[destination] ?? 0;
    const common = this.commonWide(named);
    let at = 0;
    for (let segment = 0; segment < length; segment++) {
      const source = starts[segment] ?? 0;
      while ((this.commonStarts[at + 1] ?? this.count) <= source) at++;
      group[segment] = this.tiers.groupOf[source] ?? 0;
      bound[segment] = this.egressBound[source] ?? UNBOUND;
      apart[segment] = ((this.mask[source] ?? 0) & mask) === 0 ? 1 : 0;
      wide[segment] = common[at] ?? NO_PORTS;
    }
    addWide(wide, starts, rules, compiled);
    for (let segment = 0; segment < length; segment++) {
      if (apart[segment] === 1) continue;
      const how = bound[segment] ?? UNBOUND;
      const g = group[segment] ?? 0;
      if (how === UNBOUND) {
        value[segment] = ALL_PORTS;
        continue;
      }
      tiers[g] ??= this.tierGate(starts[segment] ?? 0, destination, 'egress');
      value[segment] = through(how, tiers[g], (wide[segment] ?? 0) as PortSetId, portSets);
    }
    return { starts, group, bound, apart, wide, value, tiers };
  }

  /** The segments of a base, taken from one of its destinations. */
  private baseSegmentsFor(destination: number, egress: EgressSegments): BaseSegments {
    const { compiled } = this;
    const bound = this.ingressBound[destination] ?? UNBOUND;
    const tiers: TierGate[] = [];
    if (bound !== UNBOUND) {
      for (let group = 0; group < this.tiers.groupCount; group++) {
        tiers.push(this.tierGate(destination, this.tiers.memberOf(group), 'ingress'));
      }
    }
    let everywhere: PortSetId = NO_PORTS;
    const rules: WideRule[] = [];
    if (bound === ISOLATED || bound === EITHER) {
      const named = compiled.classes.namedPortsOf(destination);
      const { wide = [], total = [] } = this.ingressRules[compiled.listOf.ingress[destination] ?? 0] ?? {};
      for (const { members, ports } of wide) rules.push({ members, ports: compiled.portSpecs.resolve(ports, named) });
      for (const { ports } of total) {
        everywhere = compiled.portSets.union(everywhere, compiled.portSpecs.resolve(ports, named));
      }
    }
    const starts = cutAt(egress.starts, rules, compiled, this.count);
    let wide: Int32Array | undefined;
    if (rules.length > 0) {
      wide = new Int32Array(starts.length);
      addWide(wide, starts, rules, compiled);
    }
    return new BaseSegments(egress, starts, bound, tiers, everywhere, wide, compiled.portSets);
  }

  /** What the nearly total egress groups allow on each of the common segments. */
  private commonWide(named: number): Int32Array {
    const key = this.totalNamed ? named : 0;
    let wide = this.commonWides.get(key);
    if (wide === undefined) {
      wide = new Int32Array(this.commonStarts.length);
      const rules = this.egress.total.map(({ ports, subjects }) => ({
        members: subjects,
        ports: this.compiled.portSpecs.resolve(ports, named),
      }));
      addWide(wide, this.commonStarts, rules, this.compiled);
      this.commonWides.set(key, wide);
    }
    return wide;
  }

  /** What tiers say about a pair, in the numbers of this world. */
  private tierGate(subject: number, peer: number, direction: Direction): TierGate {
    const result = this.tiers.result(subject, peer, direction, this.family);
    return this.lower
      ? { accepted: result.accepted, gate: result.notDenied, open: result.openCertain }
      : { accepted: result.maybeAccepted, gate: result.undecided, open: result.openPossible };
  }

  // ---- rows ---------------------------------------------------------------------------------------------------

  private buildRows(destinations: readonly number[], egress: EgressSegments): void {
    const first = destinations[0];
    if (first === undefined) return;
    const segments = this.baseSegmentsFor(first, egress);
    const { starts } = segments;
    const base = this.rows.bases.push(joined(starts, segments.values)) - 1;
    const table = destinations.length >= this.tuning.tableFrom;
    if (table) this.fillSegmentTable(starts);
    for (const destination of destinations) {
      this.stamp++;
      this.touchedCount = 0;
      this.scatterIngress(destination);
      this.scatterEgress(destination, segments.closed);
      const length = this.touchedCount === 0 ? 0 : this.emit(destination, segments, table);
      this.rows.setRow(destination, base, this.runs, length);
    }
  }

  private fillSegmentTable(starts: Int32Array): void {
    if (this.tableStarts === starts) return;
    this.tableStarts = starts;
    const { segmentOf } = this;
    let source = 0;
    for (let segment = 0; segment < starts.length; segment++) {
      const end = starts[segment + 1] ?? this.count;
      while (source < end) segmentOf[source++] = segment;
    }
  }

  private scatterIngress(destination: number): void {
    const bound = this.ingressBound[destination];
    if (bound !== ISOLATED && bound !== EITHER) return;
    const { listOf, portSpecs, portSets, peerSets, classes } = this.compiled;
    const rules = this.ingressRules[listOf.ingress[destination] ?? 0];
    if (rules === undefined) return;
    const { ingressPorts, ingressStamp, stamp } = this;
    const named = classes.namedPortsOf(destination);
    for (const { members } of rules.total) this.markAgain(members, false);
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
            this.touch(source);
            ingressStamp[source] = stamp;
            ingressPorts[source] = allowed;
          }
        }
      }
    }
  }

  /** Every source of the set is touched, and computed from its rules; `onlyTouched`: only those that are already. */
  private markAgain(set: ClassSet, onlyTouched: boolean): void {
    const ranges = this.compiled.peerSets.sets.view(set);
    for (let i = 0; i < ranges.length; i += 2) {
      const last = ranges[i + 1] ?? -1;
      for (let source = ranges[i] ?? 0; source <= last; source++) {
        if (onlyTouched && !this.isTouched(source)) continue;
        this.touch(source);
        this.againStamp[source] = this.stamp;
      }
    }
  }

  private isTouched(source: number): boolean {
    const { stamp } = this;
    return (
      this.ingressStamp[source] === stamp || this.egressStamp[source] === stamp || this.againStamp[source] === stamp
    );
  }

  private touch(source: number): void {
    if (!this.isTouched(source)) this.touched[this.touchedCount++] = source;
  }

  /** `closed`: what ingress has not touched stays shut whatever egress allows. */
  private scatterEgress(destination: number, closed: boolean): void {
    if (closed && this.touchedCount === 0) return;
    const from = this.exceptionIndex.starts[destination] ?? 0;
    const to = this.exceptionIndex.starts[destination + 1] ?? 0;
    for (let at = from; at < to; at++) {
      const group = this.egress.total[this.exceptionIndex.ids[at] ?? 0];
      if (group !== undefined) this.markAgain(group.subjects, closed);
    }
    const { portSpecs, classes } = this.compiled;
    const named = classes.namedPortsOf(destination);
    const { starts, ids } = this.narrowIndex;
    const end = starts[destination + 1] ?? 0;
    const few = closed ? this.touchedCount : 0;
    for (let at = starts[destination] ?? 0; at < end; at++) {
      const id = ids[at] ?? 0;
      const group = this.egress.narrow[id];
      if (group === undefined) continue;
      const allowed = portSpecs.resolve(group.ports, named);
      if (allowed === NO_PORTS) continue;
      if (few > 0 && few * LOOKUP_COST < (this.subjectSizes[id] ?? 0)) this.addIfSubject(group.subjects, allowed, few);
      else this.addSubjects(group.subjects, allowed, closed);
    }
  }

  private addSubjects(subjects: ClassSet, allowed: PortSetId, closed: boolean): void {
    const { egressStamp, egressPorts, stamp } = this;
    const { portSets, peerSets } = this.compiled;
    const ranges = peerSets.sets.view(subjects);
    for (let i = 0; i < ranges.length; i += 2) {
      const last = ranges[i + 1] ?? -1;
      for (let source = ranges[i] ?? 0; source <= last; source++) {
        if (egressStamp[source] === stamp) {
          egressPorts[source] = portSets.union((egressPorts[source] ?? 0) as PortSetId, allowed);
          continue;
        }
        if (!this.isTouched(source)) {
          if (closed) continue;
          this.touched[this.touchedCount++] = source;
        }
        egressStamp[source] = stamp;
        egressPorts[source] = allowed;
      }
    }
  }

  /** The same for the first `few` touched sources only, where the subjects are many. */
  private addIfSubject(subjects: ClassSet, allowed: PortSetId, few: number): void {
    const { egressStamp, egressPorts, stamp, touched } = this;
    const { portSets, peerSets } = this.compiled;
    for (let i = 0; i < few; i++) {
      const source = touched[i] ?? 0;
      if (!peerSets.sets.has(subjects, source)) continue;
      const before = egressStamp[source] === stamp ? (egressPorts[source] ?? 0) : NO_PORTS;
      egressStamp[source] = stamp;
      egressPorts[source] = portSets.union(before as PortSetId, allowed);
    }
  }

  /** Runs that differ from the base, into `runs`; returns how many numbers. */
  private emit(destination: number, segments: BaseSegments, table: boolean): number {
    const { values, starts } = segments;
    const { touched, stamp, ingressPorts, ingressStamp, egressPorts, egressStamp, segmentOf } = this;
    const count = this.touchedCount;
    sortPrefix(touched, count);
    if (this.runs.length < 3 * count) this.runs = new Int32Array(6 * count);
    const { runs } = this;
    let used = 0;
    for (let i = 0; i < count; i++) {
      const source = touched[i] ?? 0;
      const segment = table ? (segmentOf[source] ?? 0) : segmentAt(starts, source);
      let value: PortSetId;
      if (this.againStamp[source] === stamp) value = this.computeAgain(source, destination, segments.isApart(segment));
      else {
        const ingress = ingressStamp[source] === stamp ? (ingressPorts[source] ?? 0) : NO_PORTS;
        const egress = egressStamp[source] === stamp ? (egressPorts[source] ?? 0) : NO_PORTS;
        value = segments.valueAt(segment, ingress as PortSetId, egress as PortSetId);
      }
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

  private computeAgain(source: number, destination: number, apart: boolean): PortSetId {
    if (apart) return NO_PORTS;
    const bounds = this.pairs.inFamily(source, destination, this.family, NO);
    return this.lower ? bounds.certain : bounds.possible;
  }
}

/** Looking up one source in a set costs about as much as this many steps through it. */
const LOOKUP_COST = 8;

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
