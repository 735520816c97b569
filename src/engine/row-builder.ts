/**
 * Computes all rows of one world: for each destination its base, then the few sources at which narrow rules change
 * something.
 */
import { NO } from '../base/tri.ts';
import { EITHER, ISOLATED, type BaseSegments, type EgressSegments } from './base-segments.ts';
import type { Compiled } from './compiled.ts';
import { PairEvaluation } from './pair-evaluation.ts';
import type { ClassSet, World } from './peer-sets.ts';
import { NO_PORTS, type PortSetId } from './port-sets.ts';
import { RelationRows } from './relation-rows.ts';
import { RowBases } from './row-bases.ts';
import { RuleWidths, type RowTuning } from './rule-widths.ts';
import type { TierTable } from './tier-table.ts';

export class RowBuilder {
  private readonly compiled: Compiled;
  private readonly tuning: RowTuning;
  private readonly count: number;
  private readonly widths: RuleWidths;
  private readonly bases: RowBases;
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
    this.compiled = compiled;
    this.tuning = tuning;
    this.count = compiled.classes.count;
    this.widths = new RuleWidths(compiled, world, tuning);
    this.bases = new RowBases(compiled, tiers, world, this.widths);
    this.pairs = new PairEvaluation(compiled, tiers);
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
    for (const alike of this.bases.destinationsByBase()) {
      const first = alike[0]?.[0];
      if (first === undefined) continue;
      const egress = this.bases.egressSegmentsFor(first);
      for (const destinations of alike) this.buildRows(destinations, egress);
    }
    return this.rows;
  }

  private buildRows(destinations: readonly number[], egress: EgressSegments): void {
    const first = destinations[0];
    if (first === undefined) return;
    const segments = this.bases.baseSegmentsFor(first, egress);
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
    const bound = this.bases.ingressBound[destination];
    if (bound !== ISOLATED && bound !== EITHER) return;
    const { listOf, portSpecs, portSets, classes } = this.compiled;
    const { sets } = this.compiled.peerSets;
    const { numbers } = sets;
    const rules = this.widths.ingress[listOf.ingress[destination] ?? 0];
    if (rules === undefined) return;
    const { ingressPorts, ingressStamp, stamp } = this;
    const named = classes.namedPortsOf(destination);
    for (const { members } of rules.total) this.markAgain(members, false);
    for (const { members, ports } of rules.narrow) {
      const allowed = portSpecs.resolve(ports, named);
      if (allowed === NO_PORTS) continue;
      const end = sets.endOf(members);
      for (let i = sets.startOf(members); i < end; i += 2) {
        const last = numbers[i + 1] ?? -1;
        for (let source = numbers[i] ?? 0; source <= last; source++) {
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
    const from = this.widths.exceptionIndex.starts[destination] ?? 0;
    const to = this.widths.exceptionIndex.starts[destination + 1] ?? 0;
    for (let at = from; at < to; at++) {
      const group = this.widths.egress.total[this.widths.exceptionIndex.ids[at] ?? 0];
      if (group !== undefined) this.markAgain(group.subjects, closed);
    }
    const { portSpecs, classes } = this.compiled;
    const named = classes.namedPortsOf(destination);
    const { starts, ids } = this.widths.narrowIndex;
    const end = starts[destination + 1] ?? 0;
    const few = closed ? this.touchedCount : 0;
    for (let at = starts[destination] ?? 0; at < end; at++) {
      const id = ids[at] ?? 0;
      const group = this.widths.egress.narrow[id];
      if (group === undefined) continue;
      const allowed = portSpecs.resolve(group.ports, named);
      if (allowed === NO_PORTS) continue;
      if (few > 0 && few * LOOKUP_COST < (this.widths.subjectSizes[id] ?? 0))
        this.addIfSubject(group.subjects, allowed, few);
      else this.addSubjects(group.subjects, allowed, closed);
    }
  }

  private addSubjects(subjects: ClassSet, allowed: PortSetId, closed: boolean): void {
    const { egressStamp, egressPorts, stamp } = this;
    const { portSets } = this.compiled;
    const { sets } = this.compiled.peerSets;
    const { numbers } = sets;
    const end = sets.endOf(subjects);
    for (let i = sets.startOf(subjects); i < end; i += 2) {
      const last = numbers[i + 1] ?? -1;
      for (let source = numbers[i] ?? 0; source <= last; source++) {
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
    const bounds = this.pairs.inFamily(source, destination, this.bases.family, NO);
    return this.bases.lower ? bounds.certain : bounds.possible;
  }
}
/** Looking up one source in a set costs about as much as this many steps through it. */
const LOOKUP_COST = 8;
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
