/** From candidate pairs of joint classes to differences between the workloads, nodes and addresses behind them. */
import type { Tri } from '../base/tri.ts';
import { NO_PORTS, type PortBounds, type PortSetId } from './port-sets.ts';
import type { JointAnswers } from './semantic-diff-answers.ts';
import type { JointClasses } from './semantic-diff-classes.ts';
import type { Candidates } from './semantic-diff-gates.ts';
import { placedAnswers, sameBounds } from './semantic-diff-placed.ts';
import type { Delta, SharedPorts, Side } from './semantic-diff-ports.ts';

/** One kind of pair behind a difference. */
export interface ClassDifference {
  readonly from: number;
  readonly to: number;
  readonly before: PortBounds;
  readonly after: PortBounds;
  readonly delta: Delta;
  /** Whether one is a host and the other a pod on it, on each side; absent: no. */
  readonly sameNode?: Readonly<Record<Side, Tri>>;
}

/** Everything that differs between two ends. Ends are numbered: items first, then pieces of the address space. */
export class EndDifference {
  readonly from: number;
  readonly to: number;
  opened: PortSetId = NO_PORTS;
  openedSurely: PortSetId = NO_PORTS;
  closed: PortSetId = NO_PORTS;
  closedSurely: PortSetId = NO_PORTS;
  /** Unknown before and unknown after, but not for the same reason. */
  unclear: PortSetId = NO_PORTS;
  /** What the pairs that differ might do at most. */
  before: PortSetId = NO_PORTS;
  after: PortSetId = NO_PORTS;
  /** Kinds of pairs that differ, and whether all of them differ alike. */
  kinds = 0;
  alike = true;
  certain = true;
  /** Some of the pairs behind it; causes are looked for there. */
  readonly samples: ClassDifference[] = [];

  constructor(from: number, to: number) {
    this.from = from;
    this.to = to;
  }

  add(difference: ClassDifference, unclear: PortSetId, sure: boolean, ports: SharedPorts): void {
    const { delta, before, after } = difference;
    const { sets } = ports;
    const first = this.kinds === 0;
    const { opened, closed, openedSurely, closedSurely } = this;
    this.kinds++;
    this.before = sets.union(this.before, before.possible);
    this.after = sets.union(this.after, after.possible);
    this.opened = sets.union(opened, delta.opened);
    this.closed = sets.union(closed, delta.closed);
    this.openedSurely = sets.union(openedSurely, sure ? delta.openedSurely : NO_PORTS);
    this.closedSurely = sets.union(closedSurely, sure ? delta.closedSurely : NO_PORTS);
    this.unclear = sets.union(this.unclear, unclear);
    if (!sure || unclear !== NO_PORTS) this.certain = false;
    if (delta.opened !== delta.openedSurely || delta.closed !== delta.closedSurely) this.certain = false;
    if (!first && (this.opened !== opened || this.closed !== closed)) this.alike = false;
    if (delta.opened !== this.opened || delta.closed !== this.closed) this.alike = false;
    if (this.samples.length < MAX_SAMPLES) this.samples.push(difference);
  }

  /** Pairs of the same two classes that do not differ, because of where they run. */
  addUnchanged({ possible }: PortBounds, { sets }: SharedPorts): void {
    this.before = sets.union(this.before, possible);
    this.after = sets.union(this.after, possible);
    this.alike = false;
  }
}

const MAX_SAMPLES = 24;

/** Pair by pair up to this many candidates for each class; beyond, whole relations are cheaper. */
const PAIRS_PER_CLASS = 40;
/** With the relations at hand, a row is unpacked when at least one in so many of its cells is asked for. */
const ROW_SHARE = 16;

export interface Sweep {
  /** By source, then destination. */
  readonly differences: readonly EndDifference[];
  readonly leftOut: number;
  /** Over everything, also what was left out. */
  readonly opens: boolean;
  readonly closes: boolean;
  readonly certain: boolean;
}

/** Ends by joint class, as arrays with starts. */
class EndsOfClass {
  private readonly start: Int32Array;
  private readonly list: Int32Array;

  constructor(classes: JointClasses) {
    const start = new Int32Array(classes.count + 1);
    for (const item of classes.items) for (const id of item.classes) start[id + 1] = (start[id + 1] ?? 0) + 1;
    for (let i = classes.externalStart; i < classes.bothEnd; i++) start[i + 1] = 1;
    for (let i = 1; i < start.length; i++) start[i] = (start[i] ?? 0) + (start[i - 1] ?? 0);
    const next = start.slice();
    const list = new Int32Array(start.at(-1) ?? 0);
    const put = (id: number, end: number): void => {
      const at = next[id] ?? 0;
      next[id] = at + 1;
      list[at] = end;
    };
    classes.items.forEach((item, index) => item.classes.forEach((id) => put(id, index)));
    for (let i = classes.externalStart; i < classes.bothEnd; i++) {
      put(i, classes.items.length + i - classes.externalStart);
    }
    this.start = start;
    this.list = list;
  }

  of(id: number): Int32Array {
    return this.list.subarray(this.start[id] ?? 0, this.start[id + 1] ?? 0);
  }
}

export interface SweepInput {
  readonly classes: JointClasses;
  readonly answers: JointAnswers;
  readonly candidates: Candidates;
  readonly ports: SharedPorts;
  readonly limit: number;
}

export function sweepDifferences(input: SweepInput): Sweep {
  return new DifferenceSweep(input).run();
}

class DifferenceSweep {
  private readonly input: SweepInput;
  private readonly ends: EndsOfClass;
  private readonly endCount: number;
  private readonly found = new Map<number, EndDifference>();
  private leftOut = 0;
  private opens = false;
  private closes = false;
  private certain = true;

  constructor(input: SweepInput) {
    this.input = input;
    this.ends = new EndsOfClass(input.classes);
    this.endCount = input.classes.items.length + input.classes.externals.length;
  }

  run(): Sweep {
    const { classes, candidates, answers } = this.input;
    const { sets } = candidates;
    const byRow = candidates.total > PAIRS_PER_CLASS * classes.count;
    if (byRow) answers.useRelations();
    for (let to = 0; to < classes.count; to++) {
      const sources = candidates.sourcesOf(to);
      const ranges = Array.from(sets.view(sources));
      if (ranges.length === 0) continue;
      if (byRow && sets.cardinality(sources) * ROW_SHARE >= classes.count) answers.startRow(to);
      for (let i = 0; i < ranges.length; i += 2) {
        for (let from = ranges[i] ?? 0; from <= (ranges[i + 1] ?? -1); from++) this.compare(from, to);
      }
      answers.endRow();
    }
    const differences = [...this.found.values()].sort((a, b) => a.from - b.from || a.to - b.to);
    const { leftOut, opens, closes, certain } = this;
    return { differences, leftOut, opens, closes, certain };
  }

  private compare(from: number, to: number): void {
    const { classes, answers, ports } = this.input;
    if (classes.isExternal(from) && classes.isExternal(to)) return;
    if (classes.isOwned(from) || classes.isOwned(to)) return;
    if (answers.mayShareNode(from, to)) {
      this.compareWithHost(from, to);
      return;
    }
    const before = answers.bounds('before', from, to);
    const after = answers.bounds('after', from, to);
    const unclear = this.unclearPorts(from, to, before, after);
    const same = before.certain === after.certain && before.possible === after.possible;
    if (same && unclear === NO_PORTS) return;
    const delta = ports.delta(before, after);
    for (const source of this.ends.of(from)) {
      for (const target of this.ends.of(to)) {
        if (source === target && from === to && classes.items[source]?.lone.has(from) === true) continue;
        this.record(source, target, { from, to, before, after, delta }, unclear, true);
      }
    }
  }

  /** Ports unknown on both sides, where what is not known may not be the same. */
  private unclearPorts(from: number, to: number, before: PortBounds, after: PortBounds): PortSetId {
    if (before.certain === before.possible || after.certain === after.possible) return NO_PORTS;
    const { answers, candidates, ports } = this.input;
    const { sets } = ports;
    const unknown = sets.intersect(
      sets.subtract(before.possible, before.certain),
      sets.subtract(after.possible, after.certain),
    );
    if (unknown === NO_PORTS || candidates.isUnclear(from, to)) return unknown;
    return sets.intersect(unknown, answers.gateDifference(from, to));
  }

  /** A pod's own node has a door of its own (S100), so it matters which pods share a node with the host. */
  private compareWithHost(from: number, to: number): void {
    const { classes, answers, ports } = this.input;
    for (const source of this.ends.of(from)) {
      for (const target of this.ends.of(to)) {
        const [a, b] = [classes.items[source], classes.items[target]];
        if (a === undefined || b === undefined) continue;
        const unchanged: PortBounds[] = [];
        let found: EndDifference | undefined;
        for (const { before, after, sure, sameNode } of placedAnswers(answers, ports, a, from, b, to)) {
          const unclear = this.unclearPorts(from, to, before, after);
          if (sameBounds(before, after) && unclear === NO_PORTS) unchanged.push(before);
          else {
            const difference = { from, to, before, after, delta: ports.delta(before, after), sameNode };
            found = this.record(source, target, difference, unclear, sure) ?? found;
          }
        }
        for (const same of unchanged) found?.addUnchanged(same, ports);
      }
    }
  }

  private record(
    source: number,
    target: number,
    difference: ClassDifference,
    unclear: PortSetId,
    sure: boolean,
  ): EndDifference | undefined {
    const { delta } = difference;
    const unknown = unclear !== NO_PORTS;
    if (delta.opened !== NO_PORTS || unknown) this.opens = true;
    if (delta.closed !== NO_PORTS || unknown) this.closes = true;
    if (!sure || unknown || delta.opened !== delta.openedSurely || delta.closed !== delta.closedSurely) {
      this.certain = false;
    }
    const key = source * this.endCount + target;
    let found = this.found.get(key);
    if (found === undefined) {
      if (this.found.size >= this.input.limit) {
        this.leftOut++;
        return undefined;
      }
      this.found.set(key, (found = new EndDifference(source, target)));
    }
    found.add(difference, unclear, sure, this.input.ports);
    return found;
  }
}
