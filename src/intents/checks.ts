/** What an assertion demands of pairs of ends: which ports must be open, and which must not. */
import { assertNever } from '../base/assert.ts';
import { type IpRange, subtractRanges } from '../base/inet-ranges.ts';
import { NO, YES } from '../base/tri.ts';
import type { Engine } from '../engine/engine.ts';
import { NO_PORTS, type PortSetId } from '../engine/port-sets.ts';
import { type EndSet, unionOf } from './end-set.ts';
import { demandKey, DemandSum, type Bounded, type Demand, isIdle, nothing } from './demand.ts';
import type { Assertion, Entry } from './intent.ts';
import type { KeyedEnds, Part, PartCutter } from './parts.ts';
import { everyPort, portsOnEnds, type PortsOnEnds } from './ports.ts';
import type { EndProblem, EndResolver } from './resolve-ends.ts';
import { hasPort, resolveTargets, type TargetPiece, wishKey } from './targets.ts';

export interface CheckTarget {
  readonly part: Part;
  readonly demand: Demand;
  readonly via: string | undefined;
}

/** Every source towards every target. */
export interface Check {
  readonly sources: readonly Part[];
  readonly targets: readonly CheckTarget[];
}

export type Checks = { readonly checks: readonly Check[] } | { readonly problem: EndProblem };

type ReachAssertion = Exclude<Assertion, { readonly type: 'isolated' }>;

export function checksOf(assertion: ReachAssertion, cutter: PartCutter, resolver: EndResolver): Checks {
  const builder = new CheckBuilder(cutter, resolver);
  switch (assertion.type) {
    case 'allow':
    case 'deny':
      return builder.pairs(assertion);
    case 'only':
      return builder.only(assertion);
    case 'onlyTo':
      return builder.onlyTo(assertion);
    default:
      return assertNever(assertion);
  }
}

export function setOfEntries(
  resolver: EndResolver,
  entries: readonly Entry[],
): { readonly set: EndSet } | { readonly problem: EndProblem } {
  const sets: EndSet[] = [];
  for (const { end } of entries) {
    const resolved = resolver.resolve(end);
    if ('problem' in resolved) return resolved;
    sets.push(resolved.set);
  }
  return { set: unionOf(resolver.universe.cluster, sets) };
}

/** Sources of an exact list; without ports of their own those of the assertion count. */
interface ListedSources {
  readonly set: EndSet;
  readonly ports: PortsOnEnds | undefined;
}

/** From ends and ports to the pairs that are judged. */
class CheckBuilder {
  readonly #cutter: PartCutter;
  readonly #resolver: EndResolver;
  readonly #engine: Engine;

  constructor(cutter: PartCutter, resolver: EndResolver) {
    this.#cutter = cutter;
    this.#resolver = resolver;
    this.#engine = cutter.engine;
  }

  /** Every pair of the two sides. */
  pairs(assertion: ReachAssertion & { readonly type: 'allow' | 'deny' }): Checks {
    const from = setOfEntries(this.#resolver, assertion.from);
    if ('problem' in from) return from;
    const to = resolveTargets(this.#engine, this.#resolver, assertion.to, assertion.ports);
    if ('problem' in to) return to;
    const sources = this.#byMembership(from.set);
    const { portSets } = this.#engine;
    const exactly = assertion.type === 'allow' && assertion.exactly;
    const checks: Check[] = [];
    for (const piece of to.pieces) {
      for (const [sourceKey, parts] of sources) {
        const targets = this.#targets(piece, (ports, certain) => {
          const sure = certain && sourceKey === certainly;
          const wanted: Bounded = { sure: sure ? ports : NO_PORTS, maybe: ports };
          if (assertion.type === 'deny') return { all: nothing, some: nothing, none: wanted };
          if (!piece.asked) return { all: nothing, some: wanted, none: nothing };
          const rest = portSets.complement(ports);
          const none = exactly ? { sure: sure ? rest : NO_PORTS, maybe: rest } : nothing;
          return { all: wanted, some: nothing, none };
        });
        checks.push({ sources: parts, targets });
      }
    }
    return { checks };
  }

  /** The sources are exactly these. */
  only({ from, to, ports }: ReachAssertion & { readonly type: 'only' }): Checks {
    const targets = resolveTargets(this.#engine, this.#resolver, to, ports);
    if ('problem' in targets) return targets;
    const sources = this.#listedSources(from);
    if ('problem' in sources) return sources;
    const { listed } = sources;
    const groups = this.#cutter.cut(this.#byVector(listed.map(({ set }) => set)));
    const checks: Check[] = [];
    for (const piece of targets.pieces) {
      for (const [vector, parts] of groups) {
        const checked = this.#targets(piece, (question, certain, onTarget) => {
          const sum = new DemandSum(this.#engine);
          listed.forEach((entry, index) => {
            const isAsked = entry.ports !== undefined || piece.asked;
            const open = entry.ports === undefined ? question : onTarget(entry.ports);
            sum.add(vector.charCodeAt(index) - zero, open, isAsked);
          });
          return sum.demand(question, certain);
        });
        checks.push({ sources: parts, targets: checked });
      }
    }
    for (const { ports: own } of listed) {
      const exists = own === undefined || targets.pieces.some(({ set }) => hasPort(set, own));
      if (!exists) {
        const message = 'no target has a port of the name that an end of `from` gives';
        return { problem: { type: 'nothing', message } };
      }
    }
    return { checks };
  }

  /** Entries with the same ports of their own are one. */
  #listedSources(
    from: readonly Entry[],
  ): { readonly listed: readonly ListedSources[] } | { readonly problem: EndProblem } {
    const groups = new Map<string, { readonly ports: PortsOnEnds | undefined; readonly sets: EndSet[] }>();
    for (const { end, ports: wish } of from) {
      const resolved = this.#resolver.resolve(end);
      if ('problem' in resolved) return resolved;
      const key = wishKey(wish);
      const group = groups.get(key);
      if (group !== undefined) group.sets.push(resolved.set);
      else {
        const ports = wish === undefined ? undefined : portsOnEnds(this.#engine, wish);
        groups.set(key, { ports, sets: [resolved.set] });
      }
    }
    const { cluster } = this.#engine;
    return { listed: [...groups.values()].map(({ ports, sets }) => ({ ports, set: unionOf(cluster, sets) })) };
  }

  /** The targets are exactly these. */
  onlyTo({ from, to, ports }: ReachAssertion & { readonly type: 'onlyTo' }): Checks {
    const sourceSet = setOfEntries(this.#resolver, from);
    if ('problem' in sourceSet) return sourceSet;
    const listed = resolveTargets(this.#engine, this.#resolver, to, ports);
    if ('problem' in listed) return listed;
    const { pieces } = listed;
    const question = ports === undefined ? everyPort : portsOnEnds(this.#engine, ports);
    const demands = new Map<
      string,
      { readonly vector: string; readonly open: readonly PortSetId[]; readonly asked: PortSetId }
    >();
    const keyed = (vector: string, portsOf: (ports: PortsOnEnds) => PortSetId): string => {
      const asked = portsOf(question);
      const open = pieces.map((piece, index) => (vector.charCodeAt(index) === zero ? NO_PORTS : portsOf(piece.ports)));
      const key = `${vector} ${asked} ${open.join(' ')}`;
      if (!demands.has(key)) demands.set(key, { vector, open, asked });
      return key;
    };
    const byVector = this.#byVector(pieces.map(({ set }) => set));
    const groups = this.#cutter.cut({
      podKey: (pod) => keyed(byVector.podKey(pod) ?? '', (ports_) => ports_.onPod(pod)),
      nodeKey: (node) => keyed(byVector.nodeKey(node) ?? '', (ports_) => ports_.elsewhere),
      outside: byVector.outside.map(({ ranges, key }) => ({ ranges, key: keyed(key, (ports_) => ports_.elsewhere) })),
    });
    const checks: Check[] = [];
    for (const [sourceKey, sources] of this.#byMembership(sourceSet.set)) {
      const targets: CheckTarget[] = [];
      for (const [key, parts] of groups) {
        const found = demands.get(key);
        if (found === undefined) continue;
        const sum = new DemandSum(this.#engine);
        pieces.forEach((piece, index) =>
          sum.add(found.vector.charCodeAt(index) - zero, found.open[index] ?? NO_PORTS, piece.asked),
        );
        const demand = sum.demand(found.asked, sourceKey === certainly);
        for (const part of parts) targets.push({ part, demand, via: undefined });
      }
      checks.push({ sources, targets });
    }
    return { checks };
  }

  #byMembership(set: EndSet): ReadonlyMap<string, readonly Part[]> {
    return this.#cutter.cut({
      podKey: (pod) => (set.pods[pod] === NO ? undefined : set.pods[pod] === YES ? certainly : perhaps),
      nodeKey: (node) => (set.nodes[node] === 1 ? certainly : undefined),
      outside: [{ ranges: set.outside, key: certainly }],
    });
  }

  /** Everything, by which of the sets it is in: a digit (a Tri) for each. */
  #byVector(sets: readonly EndSet[]): KeyedEnds {
    const { everything } = this.#resolver.universe;
    let outside: { readonly ranges: readonly IpRange[]; readonly key: string }[] = [
      { ranges: addRanges(everything.outside, sets), key: '' },
    ];
    for (const set of sets) {
      outside = outside.flatMap(({ ranges, key }) => {
        const without = subtractRanges(ranges, set.outside);
        const within = subtractRanges(ranges, without);
        return [
          { ranges: within, key: `${key}${YES}` },
          { ranges: without, key: `${key}${NO}` },
        ].filter((piece) => piece.ranges.length > 0);
      });
    }
    return {
      podKey: (pod) => sets.map((set) => set.pods[pod] ?? NO).join(''),
      nodeKey: (node) => sets.map((set) => (set.nodes[node] === 1 ? YES : NO)).join(''),
      outside,
    };
  }

  /** The parts of a piece with what is demanded of each. */
  #targets(
    piece: TargetPiece,
    demandOf: (ports: PortSetId, certain: boolean, onTarget: (ports: PortsOnEnds) => PortSetId) => Demand,
  ): readonly CheckTarget[] {
    const { set, ports, via } = piece;
    const demands = new Map<string, Demand>();
    const keyed = (demand: Demand): string | undefined => {
      if (isIdle(demand)) return undefined;
      const key = demandKey(demand);
      demands.set(key, demand);
      return key;
    };
    const elsewhere = (other: PortsOnEnds): PortSetId => other.elsewhere;
    const outsideKey = keyed(demandOf(ports.elsewhere, true, elsewhere));
    const parts = this.#cutter.cut({
      podKey: (pod) => {
        const tri = set.pods[pod] ?? NO;
        const wanted = tri === NO ? NO_PORTS : ports.onPod(pod);
        if (wanted === NO_PORTS) return undefined;
        return keyed(demandOf(wanted, tri === YES, (other) => other.onPod(pod)));
      },
      nodeKey: (node) => (set.nodes[node] === 1 && ports.elsewhere !== NO_PORTS ? outsideKey : undefined),
      outside:
        outsideKey === undefined || ports.elsewhere === NO_PORTS ? [] : [{ ranges: set.outside, key: outsideKey }],
    });
    return [...parts].flatMap(([key, list]) => {
      const demand = demands.get(key);
      return demand === undefined ? [] : list.map((part) => ({ part, demand, via }));
    });
  }
}

const certainly = 'y';
const perhaps = 'm';
const zero = '0'.charCodeAt(0);

/** Addresses that an intent names count even where they lie in a pod range. */
function addRanges(outside: readonly IpRange[], sets: readonly EndSet[]): readonly IpRange[] {
  return subtractRanges([...outside, ...sets.flatMap((set) => set.outside)], []);
}
