/**
 * The exact difference between two clusters: which connections are allowed on one side and not on the other, what was
 * edited, and which edit made which difference.
 *
 * Both sides are prepared apart. Their classes are joined ({@link JointClasses}), the gates of ends are compared as they
 * are written ({@link Candidates}), and only pairs that some difference concerns are asked on both sides.
 */
import { formatCidr } from '../base/inet-format.ts';
import { MAYBE, NO, YES } from '../base/tri.ts';
import { DIRECTIONS } from './compiled.ts';
import type { Engine } from './engine.ts';
import { NO_PORTS, type PortSetId } from './port-sets.ts';
import { possibleChanges } from './possible-peers-changes.ts';
import { resultApiVersion, type PortsValue } from './results.ts';
import { JointAnswers } from './semantic-diff-answers.ts';
import { Causes } from './semantic-diff-causes.ts';
import { JointClasses, type JointItem } from './semantic-diff-classes.ts';
import { Edits } from './semantic-diff-edits.ts';
import { exposureChanges } from './semantic-diff-exposures.ts';
import { changedAddresses, type ChangedAddresses } from './semantic-diff-externals.ts';
import { Candidates } from './semantic-diff-gates.ts';
import { placedAnswers, type PlacedAnswer } from './semantic-diff-placed.ts';
import { SharedPorts, type Side } from './semantic-diff-ports.ts';
import type {
  ChangeCause,
  ChangeKind,
  ConnectionChange,
  ConnectivityDiff,
  DiffPeer,
  IsolationChange,
  IsolationState,
} from './semantic-diff-results.ts';
import { type EndDifference, sweepDifferences } from './semantic-diff-sweep.ts';
import { UnknownReasons } from './semantic-diff-unknown.ts';

export interface DiffOptions {
  /** How the sides are called. */
  readonly names?: { readonly before: string; readonly after: string };
  /** The most differing connections to tell apart; more are counted in `leftOut`. Default 200,000. */
  readonly limit?: number;
}

const DEFAULT_LIMIT = 200_000;

export function connectivityDiff(before: Engine, after: Engine, options: DiffOptions = {}): ConnectivityDiff {
  return new SemanticDiff({ before, after }, options.limit ?? DEFAULT_LIMIT).result(
    options.names ?? { before: 'before', after: 'after' },
  );
}

class SemanticDiff {
  private readonly engines: Readonly<Record<Side, Engine>>;
  private readonly limit: number;
  private readonly ports: SharedPorts;
  private readonly classes: JointClasses;
  private readonly answers: JointAnswers;
  private readonly edits: Edits;
  private readonly candidates: Candidates;
  private readonly causes: Causes;
  private readonly unknown: UnknownReasons;
  private readonly values = new Map<PortSetId, PortsValue | 'none'>([[NO_PORTS, 'none']]);

  constructor(engines: Readonly<Record<Side, Engine>>, limit: number) {
    this.engines = engines;
    this.limit = limit;
    this.ports = new SharedPorts(engines);
    this.classes = new JointClasses(engines);
    this.answers = new JointAnswers(engines, this.classes, this.ports);
    this.edits = new Edits(engines);
    this.candidates = new Candidates(engines, this.classes, this.ports);
    const { classes, ports, edits, candidates } = this;
    this.causes = new Causes({ engines, classes, ports, edits, candidates });
    this.unknown = new UnknownReasons(engines, this.classes, this.ports);
  }

  result(names: { readonly before: string; readonly after: string }): ConnectivityDiff {
    const { classes, answers, ports, limit, engines, candidates } = this;
    const sweep = sweepDifferences({ classes, answers, candidates, ports, limit });
    const inside = sweep.differences.filter(({ from, to }) => Math.max(from, to) < classes.items.length);
    const addresses = changedAddresses(classes, sweep.differences);
    const changes = [
      ...inside.map((difference) => this.change(difference)),
      ...addresses.flatMap((group, index) => group.differences.map((difference) => this.change(difference, index))),
    ];
    const isolation = this.isolation();
    const exposed = exposureChanges(engines);
    const counts: Record<ChangeKind, number> = {
      added: 0,
      removed: 0,
      widened: 0,
      narrowed: 0,
      changed: 0,
      unclear: 0,
    };
    for (const { change } of changes) counts[change]++;
    // Facts that came or went with an item are edits even when nothing connects to it.
    for (const item of classes.items) if (item.in !== 'both') this.edits.ofItem(item);
    return {
      apiVersion: resultApiVersion,
      kind: 'ConnectivityDiff',
      before: names.before,
      after: names.after,
      relation: sweep.opens ? (sweep.closes ? 'mixed' : 'looser') : sweep.closes ? 'tighter' : 'equivalent',
      certain: sweep.certain,
      counts,
      peers: this.peers(changes, addresses),
      changes: this.sorted(changes, addresses),
      isolation,
      exposed,
      possible: possibleChanges({ engines, classes, ports, candidates, edits: this.edits }),
      edits: this.countedEdits(changes),
      ...(sweep.leftOut > 0 ? { leftOut: sweep.leftOut } : {}),
    };
  }

  private change(difference: EndDifference, external = -1): ConnectionChange {
    const { from, to, opened, closed, unclear, certain } = difference;
    const totals = this.totals(difference);
    const why = certain ? [] : this.unknown.of(difference);
    return {
      from: this.idOf(from, external),
      to: this.idOf(to, external),
      change: kindOf(difference, totals),
      before: this.value(totals.before),
      after: this.value(totals.after),
      opened: this.value(this.ports.sets.union(opened, unclear)),
      closed: this.value(this.ports.sets.union(closed, unclear)),
      replicas: totals.all ? 'all' : 'some',
      ...(certain ? {} : { certain: false as const }),
      ...(why.length > 0 ? { why } : {}),
      causes: this.causes.of(difference),
    };
  }

  /** What all pairs may do, also those that do not differ; and whether all differ alike. */
  private totals(difference: EndDifference): { before: PortSetId; after: PortSetId; all: boolean } {
    const { from, to, kinds, alike } = difference;
    const [sources, targets] = [this.classesOf(from), this.classesOf(to)];
    const lone = from === to ? (this.classes.items[from]?.lone.size ?? 0) : 0;
    const pairs = sources.length * targets.length - lone;
    let { before, after } = difference;
    if (kinds >= pairs) return { before, after, all: alike };
    const { sets } = this.ports;
    for (const source of sources) {
      for (const target of targets) {
        if (from === to && source === target && this.classes.items[from]?.lone.has(source) === true) continue;
        for (const pair of this.pairAnswers(from, source, to, target)) {
          before = sets.union(before, pair.before.possible);
          after = sets.union(after, pair.after.possible);
        }
      }
    }
    return { before, after, all: false };
  }

  private pairAnswers(
    from: number,
    source: number,
    to: number,
    target: number,
  ): readonly Pick<PlacedAnswer, 'before' | 'after'>[] {
    const { answers, ports } = this;
    const [a, b] = [this.classes.items[from], this.classes.items[to]];
    if (a !== undefined && b !== undefined && answers.mayShareNode(source, target)) {
      return placedAnswers(answers, ports, a, source, b, target);
    }
    return [{ before: answers.bounds('before', source, target), after: answers.bounds('after', source, target) }];
  }

  private classesOf(end: number): readonly number[] {
    const { items, externalStart } = this.classes;
    return items[end]?.classes ?? [externalStart + end - items.length];
  }

  private idOf(end: number, external: number): string {
    return this.classes.items[end]?.id ?? `external:${external}`;
  }

  private value(set: PortSetId): PortsValue | 'none' {
    let value = this.values.get(set);
    if (value === undefined) this.values.set(set, (value = this.ports.sets.value(set)));
    return value;
  }

  private peers(changes: readonly ConnectionChange[], addresses: readonly ChangedAddresses[]): readonly DiffPeer[] {
    const used = new Set(changes.flatMap(({ from, to }) => [from, to]));
    const inside = this.classes.items.filter((item) => item.in !== 'both' || used.has(item.id)).map(peerOf);
    return [
      ...inside,
      ...addresses.map(({ cidrs, internet }, index): DiffPeer => ({
        id: `external:${index}`,
        type: 'external',
        cidrs: cidrs.map(formatCidr),
        internet,
      })),
    ];
  }

  private sorted(
    changes: readonly ConnectionChange[],
    addresses: readonly ChangedAddresses[],
  ): readonly ConnectionChange[] {
    const order = new Map(this.classes.items.map(({ id }, index) => [id, index]));
    addresses.forEach((_, index) => order.set(`external:${index}`, this.classes.items.length + index));
    const publicOnes = new Set(addresses.flatMap(({ internet }, index) => (internet ? [`external:${index}`] : [])));
    const rank = ({ from, opened }: ConnectionChange): number => (opened !== 'none' && publicOnes.has(from) ? 0 : 1);
    return changes.toSorted(
      (a, b) =>
        rank(a) - rank(b) ||
        (order.get(a.from) ?? 0) - (order.get(b.from) ?? 0) ||
        (order.get(a.to) ?? 0) - (order.get(b.to) ?? 0),
    );
  }

  private isolation(): readonly IsolationChange[] {
    const changes: IsolationChange[] = [];
    for (const item of this.classes.items) {
      if (item.in !== 'both' || item.type !== 'workload') continue;
      for (const direction of DIRECTIONS) {
        const state = (side: Side): IsolationState => {
          const { [side]: engine } = this.engines;
          const of = this.classes.of[side];
          const states = item.classes.map((id) => engine.isolation(of[id] ?? -1)[direction]);
          if (states.includes(MAYBE)) return 'unknown';
          return states.every((tri) => tri === YES) ? 'all' : states.every((tri) => tri === NO) ? 'none' : 'some';
        };
        const [before, after] = [state('before'), state('after')];
        if (before === after) continue;
        const causes = this.causes.ofIsolation(item, direction);
        changes.push({ workload: item.id, direction, before, after, causes });
      }
    }
    return changes;
  }

  private countedEdits(changes: readonly ConnectionChange[]): ConnectivityDiff['edits'] {
    const counts = new Map<string, number>();
    for (const { causes } of changes) {
      for (const edit of new Set(causes.map((cause: ChangeCause) => cause.edit))) {
        counts.set(edit, (counts.get(edit) ?? 0) + 1);
      }
    }
    return this.edits.all().map((edit) => ({ ...edit, connections: counts.get(edit.id) ?? 0 }));
  }
}

function kindOf(
  { opened, closed }: EndDifference,
  { before, after }: { readonly before: PortSetId; readonly after: PortSetId },
): ChangeKind {
  if (opened === NO_PORTS && closed === NO_PORTS) return 'unclear';
  if (before === NO_PORTS) return 'added';
  if (after === NO_PORTS) return 'removed';
  if (closed === NO_PORTS) return 'widened';
  return opened === NO_PORTS ? 'narrowed' : 'changed';
}

function peerOf(item: JointItem): DiffPeer {
  const { id, namespace, kind, name, in: side } = item;
  if (item.type === 'workload') return { id, type: 'workload', namespace, kind, name, in: side };
  const names = item.members.map(({ nodeBefore, nodeAfter }) => (nodeBefore === '' ? nodeAfter : nodeBefore));
  return { id, type: 'nodes', names, in: side };
}
