/** What one joint class may open to another on each side, in shared port sets. */
import type { Engine } from './engine.ts';
import { NO } from '../base/tri.ts';
import { PairEvaluation } from './pair-evaluation.ts';
import { NO_PORTS, type PortBounds, type PortSetId } from './port-sets.ts';
import type { Relation } from './relation.ts';
import type { JointClasses } from './semantic-diff-classes.ts';
import type { SharedPorts, Side } from './semantic-diff-ports.ts';

const NOTHING: PortBounds = { certain: NO_PORTS, possible: NO_PORTS };

/** A row of the relation, unpacked: by class of the side. */
class Row {
  to = -1;
  readonly certain: Int32Array;
  readonly possible: Int32Array;

  constructor(count: number) {
    this.certain = new Int32Array(count);
    this.possible = new Int32Array(count);
  }

  fill(relation: Relation, to: number): void {
    if (this.to === to) return;
    this.to = to;
    this.certain.fill(NO_PORTS);
    this.possible.fill(NO_PORTS);
    relation.forEachSource(to, (first, last, certain, possible) => {
      this.certain.fill(certain, first, last + 1);
      this.possible.fill(possible, first, last + 1);
    });
  }
}

export class JointAnswers {
  private readonly engines: Readonly<Record<Side, Engine>>;
  private readonly classes: JointClasses;
  private readonly ports: SharedPorts;
  /** Hosts on either side. */
  private readonly hosts: Uint8Array;
  private readonly rows: Readonly<Record<Side, Row>>;
  private readonly pairs: Partial<Record<Side, PairEvaluation>> = {};
  private relations: Readonly<Record<Side, Relation>> | undefined;
  private rowOf: Readonly<Record<Side, number>> | undefined;

  constructor(engines: Readonly<Record<Side, Engine>>, classes: JointClasses, ports: SharedPorts) {
    this.engines = engines;
    this.classes = classes;
    this.ports = ports;
    this.hosts = new Uint8Array(classes.count);
    for (const side of ['before', 'after'] as const) {
      const { classes: own } = engines[side].compiled;
      classes.of[side].forEach((classId, id) => {
        if (classId >= 0 && own.isHost(classId)) this.hosts[id] = 1;
      });
    }
    this.rows = { before: new Row(engines.before.classCount), after: new Row(engines.after.classCount) };
  }

  /** From now on answers come from the relations, which are computed for it. */
  useRelations(): void {
    this.relations = { before: this.engines.before.relation(), after: this.engines.after.relation() };
  }

  /** Answers towards this destination come from an unpacked row of the relations, until {@link endRow}. */
  startRow(to: number): void {
    const { classes, engines, rows } = this;
    const of = { before: classes.of.before[to] ?? -1, after: classes.of.after[to] ?? -1 };
    for (const side of ['before', 'after'] as const) {
      if (of[side] >= 0) rows[side].fill(engines[side].relation(), of[side]);
    }
    this.rowOf = of;
  }

  endRow(): void {
    this.rowOf = undefined;
  }

  /** A host counts as another node than the pod's. */
  bounds(side: Side, from: number, to: number): PortBounds {
    const { classes, engines } = this;
    const of = classes.of[side];
    const source = of[from] ?? -1;
    const target = of[to] ?? -1;
    if (source < 0 || target < 0) return NOTHING;
    const { families } = engines[side].compiled.classes;
    // A piece of an atom may have fewer families than the atom.
    const shared = classes.familiesOf(from) & classes.familiesOf(to);
    if (shared !== 15 && ((families[source] ?? 0) & (families[target] ?? 0) & shared) === 0) return NOTHING;
    if (this.rowOf?.[side] === target) {
      const { certain, possible } = this.rows[side];
      return this.ports.pair(
        this.ports.of(side, (certain[source] ?? 0) as PortBounds['certain']),
        this.ports.of(side, (possible[source] ?? 0) as PortBounds['possible']),
      );
    }
    const relation = this.relations?.[side];
    if (relation === undefined) return this.ports.bounds(side, engines[side].classPorts(source, target));
    const possible = this.ports.of(side, relation.possible(source, target));
    return this.ports.pair(relation.exact ? possible : this.ports.of(side, relation.certain(source, target)), possible);
  }

  /** Between a host and a pod on it. */
  ownNodeBounds(side: Side, from: number, to: number): PortBounds {
    const of = this.classes.of[side];
    const source = of[from] ?? -1;
    const target = of[to] ?? -1;
    if (source < 0 || target < 0) return NOTHING;
    const { classes } = this.engines[side].compiled;
    if (classes.isHost(source) === classes.isHost(target)) return this.bounds(side, from, to);
    return this.ports.bounds(side, this.engines[side].ownNodePorts(source, target));
  }

  /**
   * The ports on which one of the two gates changed in some family. Where the whole answer is unknown on both sides, it
   * may be another one on each: unknown facts hide what a gate does.
   */
  gateDifference(from: number, to: number): PortSetId {
    const { of } = this.classes;
    const { sets } = this.ports;
    let differing: PortSetId = NO_PORTS;
    for (const family of [4, 6] as const) {
      for (const direction of ['egress', 'ingress'] as const) {
        const [subject, peer] = direction === 'egress' ? [from, to] : [to, from];
        const [old = NOTHING, now = NOTHING] = (['before', 'after'] as const).map((side) => {
          const [a, b] = [of[side][subject] ?? -1, of[side][peer] ?? -1];
          if (a < 0 || b < 0) return NOTHING;
          this.pairs[side] ??= new PairEvaluation(this.engines[side].compiled, this.engines[side].tiers);
          return this.ports.bounds(side, this.pairs[side].gate(a, b, direction, family, NO));
        });
        if (old === now) continue;
        for (const bound of ['certain', 'possible'] as const) {
          differing = sets.union(differing, sets.subtract(old[bound], now[bound]));
          differing = sets.union(differing, sets.subtract(now[bound], old[bound]));
        }
      }
    }
    return differing;
  }

  /** Whether one is a host and the other a pod. */
  mayShareNode(from: number, to: number): boolean {
    const { classes } = this;
    return !classes.isExternal(from) && !classes.isExternal(to) && this.isHost(from) !== this.isHost(to);
  }

  isHost(id: number): boolean {
    return this.hosts[id] === 1;
  }
}
