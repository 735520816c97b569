/** Demands held against the engine: every pair of parts, exactly, by runs of the relation where there are many. */
import { MAYBE, NO, type Tri, YES } from '../base/tri.ts';
import { rangesToCidrs } from '../base/inet-ranges.ts';
import type { Engine } from '../engine/engine.ts';
import { NO_PORTS, type PortBounds, type PortSetId } from '../engine/port-sets.ts';
import type { Endpoint } from '../engine/query.ts';
import type { Check, CheckTarget } from './checks.ts';
import { type Demand, demandKey } from './demand.ts';
import type { Part } from './parts.ts';
import { Row } from './row.ts';

/** Pairs of two parts that break a demand. */
export interface Violation {
  readonly source: Part;
  readonly target: CheckTarget;
  /** `shut`: what must be open is not. `open`: what must not be open is. */
  readonly type: 'shut' | 'open';
  /** False: it hangs on facts that the input lacks. */
  readonly certain: boolean;
  /** The ports concerned. */
  readonly ports: PortSetId;
  /** Pairs of single ends. */
  readonly pairs: number;
}

export interface Judgement {
  /** Pairs of single ends that were judged. */
  readonly pairs: number;
  /** The first violations; certain ones before others. */
  readonly violations: readonly Violation[];
  /** All pairs that break a demand for certain, and those that may. */
  readonly broken: number;
  readonly doubtful: number;
}

export interface JudgeOptions {
  /** How many violations of each kind are kept; all are counted. */
  readonly kept: number;
  /** More pairs of parts than this are judged row by row from the relation: the answer is the same. */
  readonly fewPairs?: number | undefined;
}

const usuallyFew = 20_000;

export class Judge {
  readonly #engine: Engine;
  readonly #kept: number;
  readonly #fewPairs: number;
  readonly #certain: Violation[] = [];
  readonly #doubtful: Violation[] = [];
  #pairs = 0;
  #brokenPairs = 0;
  #doubtfulPairs = 0;

  constructor(engine: Engine, { kept, fewPairs = usuallyFew }: JudgeOptions) {
    this.#engine = engine;
    this.#kept = kept;
    this.#fewPairs = fewPairs;
  }

  judgement(): Judgement {
    return {
      pairs: this.#pairs,
      violations: [...this.#certain, ...this.#doubtful].slice(0, this.#kept),
      broken: this.#brokenPairs,
      doubtful: this.#doubtfulPairs,
    };
  }

  add({ sources, targets }: Check): void {
    const many = sources.length * targets.length > this.#fewPairs;
    // Hosts are judged one by one: what counts is whether they share a node with the target.
    const hosts = sources.filter((part) => part.kind === 'host');
    const mixed = sources.filter((part) => part.mixed);
    const others = sources.filter((part) => part.kind !== 'host' && !part.mixed);
    const inside = others.filter((part) => part.kind !== 'outside');
    const row = many ? new Row(others) : undefined;
    const insideRow = many ? new Row(inside) : undefined;
    const clean = new Set<string>();
    for (const target of targets) {
      for (const host of hosts) this.#hostPair(host, target);
      // What addresses outside send to each other is no concern of the cluster.
      const outward = target.part.kind === 'outside';
      if (!outward) for (const source of mixed) this.#pair(source, target);
      if (row === undefined || insideRow === undefined || target.part.mixed)
        for (const source of outward ? inside : others) this.#pair(source, target);
      else this.#row(outward ? insideRow : row, target, clean);
    }
  }

  #pair(source: Part, target: CheckTarget): void {
    const pairs = pairsOf(this.#engine, source, target);
    if (pairs === 0) return;
    const bounds = boundsOf(this.#engine, source, target.part);
    this.#pairs += pairs;
    this.#record(source, target, breachesOf(this.#engine, target.demand, bounds, bounds), pairs);
  }

  /** One target towards all sources, run by run. */
  #row(row: Row, target: CheckTarget, clean: Set<string>): void {
    const engine = this.#engine;
    const relation = engine.relation();
    const { classId, count } = target.part;
    const twin = row.partOf(classId);
    const { families } = target.part;
    const all = row.countBetween(0, row.parts.length, families);
    this.#pairs += all * count - (twin === undefined ? 0 : sharedEnds(engine, twin, target));
    const key = `${relation.rowKey(classId)} ${families} ${demandKey(target.demand)}`;
    if (clean.has(key)) return;
    const before = this.#brokenPairs + this.#doubtfulPairs;
    const visit = (first: number, last: number, bounds: PortBounds): void => {
      const [from, to] = row.between(first, last);
      if (from >= to) return;
      const breaches = breachesOf(engine, target.demand, bounds, bounds);
      if (breaches.length === 0) return;
      let at = from;
      for (; at < to && breaches.some((breach) => !this.#isFull(breach)); at++) {
        const source = row.parts[at];
        if (source !== undefined) this.#record(source, target, breaches, pairsOf(engine, source, target));
      }
      // What cannot be shown any more is only counted.
      let pairs = row.countBetween(at, to, families) * count;
      if (twin !== undefined && row.isBetween(twin, at, to)) pairs -= sharedEnds(engine, twin, target);
      for (const { certain } of breaches) this.#count(certain, pairs);
    };
    let next = 0;
    relation.forEachSource(classId, (first, last, certain, possible) => {
      if (first > next) visit(next, first - 1, shut);
      visit(first, last, { certain, possible });
      next = last + 1;
    });
    if (next < relation.classCount) visit(next, relation.classCount - 1, shut);
    // A pod that is both ends is no pair here, but it is one end towards the next target with such a row.
    const whole = twin === undefined || sharedEnds(engine, twin, target) === 0;
    if (whole && this.#brokenPairs + this.#doubtfulPairs === before) clean.add(key);
  }

  /**
   * Hosts towards pods: those on other nodes are judged by policy, and the pod's own node reaches it whatever policy
   * says (S100), which no intent can forbid. Where nodes are not known, what must be open may be open for that reason.
   */
  #hostPair(host: Part, target: CheckTarget): void {
    const engine = this.#engine;
    const pairs = pairsOf(engine, host, target);
    const elsewhere = boundsOf(engine, host, target.part);
    const same = target.part.kind === 'pod' ? onSameNode(engine, host, target.part) : NO;
    let required = elsewhere;
    if (same !== NO) {
      const own = engine.ownNodePorts(host.classId, target.part.classId);
      required = same === YES ? own : { certain: elsewhere.certain, possible: own.possible };
    }
    this.#pairs += pairs;
    this.#record(host, target, breachesOf(engine, target.demand, required, same === YES ? shut : elsewhere), pairs);
  }

  #isFull({ certain }: Breach): boolean {
    return (certain ? this.#certain : this.#doubtful).length >= this.#kept;
  }

  #record(source: Part, target: CheckTarget, breaches: readonly Breach[], pairs: number): void {
    if (pairs === 0) return;
    for (const { type, certain, ports } of breaches) {
      this.#count(certain, pairs);
      const list = certain ? this.#certain : this.#doubtful;
      if (list.length < this.#kept) list.push({ source, target, type, certain, ports, pairs });
    }
  }

  #count(certain: boolean, pairs: number): void {
    if (certain) this.#brokenPairs += pairs;
    else this.#doubtfulPairs += pairs;
  }
}

/** What members of one part may open to others of another; hosts as if on another node. */
function boundsOf(engine: Engine, source: Part, target: Part): PortBounds {
  if (!source.mixed && !target.mixed) return engine.classPorts(source.classId, target.classId);
  const { certain, possible } = engine.ports(memberOf(source), memberOf(target));
  return { certain, possible };
}

function memberOf({ pods, nodes, outside }: Part): Endpoint {
  const [[pod], [node]] = [pods, nodes];
  if (pod !== undefined) return { type: 'pod', pod };
  if (node !== undefined) return { type: 'node', node };
  return { type: 'range', cidrs: rangesToCidrs(outside).slice(0, 1), label: '' };
}

const shut: PortBounds = { certain: NO_PORTS, possible: NO_PORTS };

type Breach = Pick<Violation, 'type' | 'certain' | 'ports'>;

/**
 * At most one breach of each type: the certain one if there is one. `required` is what counts as open where something
 * must be, `forbidden` where nothing may be.
 */
function breachesOf(
  { portSets }: Engine,
  { all, some, none }: Demand,
  { certain, possible }: PortBounds,
  forbidden: PortBounds,
): readonly Breach[] {
  const breaches: Breach[] = [];
  const missing = portSets.subtract(all.sure, possible);
  const maybeMissing = portSets.subtract(all.maybe, certain);
  const someShut = some.sure !== NO_PORTS && portSets.intersect(some.sure, possible) === NO_PORTS;
  const someMaybeShut = some.maybe !== NO_PORTS && portSets.intersect(some.maybe, certain) === NO_PORTS;
  if (missing !== NO_PORTS) breaches.push({ type: 'shut', certain: true, ports: missing });
  else if (someShut) breaches.push({ type: 'shut', certain: true, ports: some.sure });
  else if (maybeMissing !== NO_PORTS) breaches.push({ type: 'shut', certain: false, ports: maybeMissing });
  else if (someMaybeShut) breaches.push({ type: 'shut', certain: false, ports: some.maybe });
  const open = portSets.intersect(none.sure, forbidden.certain);
  const maybeOpen = portSets.intersect(none.maybe, forbidden.possible);
  if (open !== NO_PORTS) breaches.push({ type: 'open', certain: true, ports: open });
  else if (maybeOpen !== NO_PORTS) breaches.push({ type: 'open', certain: false, ports: maybeOpen });
  return breaches;
}

/** Pairs of different ends with an IP family in common, without which there is no connection to judge; a pod that stands for replicas may meet another of them. */
export function pairsOf(engine: Engine, source: Part, target: CheckTarget): number {
  if ((source.families & target.part.families) === 0) return 0;
  return source.count * target.part.count - sharedEnds(engine, source, target);
}

/** Ends that are on both sides: an end and itself are no pair, unless a Service leads back to the pod (D3). */
function sharedEnds(engine: Engine, source: Part, { part, via }: CheckTarget): number {
  if (source.classId !== part.classId || via !== undefined) return 0;
  let shared = intersection(source.nodes, part.nodes).length;
  for (const pod of intersection(source.pods, part.pods)) shared += Math.max(1, engine.cluster.pods.count(pod));
  return shared;
}

/** Of two ascending lists. */
function intersection(a: readonly number[], b: readonly number[]): readonly number[] {
  const common: number[] = [];
  let at = 0;
  for (const value of a) {
    while ((b[at] ?? Infinity) < value) at++;
    if (b[at] === value) common.push(value);
  }
  return common;
}

/** `YES` where all are on one node; `MAYBE` where nobody knows. */
export function onSameNode(engine: Engine, host: Part, target: Part): Tri {
  const hostNodes = nodeNames(engine, host);
  const targetNodes = nodeNames(engine, target);
  if (hostNodes.has('') || targetNodes.has('')) return MAYBE;
  if (hostNodes.size === 1 && targetNodes.size === 1) return [...hostNodes][0] === [...targetNodes][0] ? YES : NO;
  return NO;
}

function nodeNames({ cluster }: Engine, { pods, nodes }: Part): ReadonlySet<string> {
  return new Set([
    ...pods.map((pod) => cluster.pods.nodeNames[pod] ?? ''),
    ...nodes.map((node) => cluster.nodes[node]?.name ?? ''),
  ]);
}
