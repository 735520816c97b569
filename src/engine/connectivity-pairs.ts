/**
 * From the relation between classes to connections between the peers of a map: what all pairs of their members may do,
 * what some may, and whether it is the same for all.
 */
import type { Engine } from './engine.ts';
import { ALL_PORTS, NO_PORTS, type PortBounds, type PortSetId } from './port-sets.ts';

/** A peer as the sweep sees it: the classes of its members. */
export interface SweepPeer {
  readonly classes: readonly number[];
  /** Classes with one member of several: it has no other of its class to talk to. */
  readonly lone?: ReadonlySet<number>;
}

/** Bounds over all pairs of members of two peers. */
export interface PairSummary {
  readonly from: number;
  readonly to: number;
  /** What at least one pair may do. */
  readonly some: PortBounds;
  /** What every pair may do. */
  readonly every: PortBounds;
}

/** A pair of classes whose answer the relation gives in part only, see {@link OwnNodePairs}. */
export interface ExtraPair {
  readonly from: number;
  readonly bounds: PortBounds;
  /** True when the pair takes the place of the answer in the relation, false when it stands beside it. */
  readonly replaces: boolean;
  readonly fromClass: number;
}

/** Further answers towards one destination class of one peer. */
export type ExtraPairs = (to: number, toClass: number) => readonly ExtraPair[];

export interface SweepOptions {
  /** Peers in focus; a pair without one is skipped. `undefined`: all are. */
  readonly focus: Uint8Array | undefined;
  /** Pairs that cannot do anything are visited too. */
  readonly empty: boolean;
  readonly extra: ExtraPairs;
}

/** What is known about the pairs from one source peer towards the destination peer at hand. */
class Column {
  readonly seen: Int32Array;
  readonly someCertain: Int32Array;
  readonly somePossible: Int32Array;
  readonly everyCertain: Int32Array;
  readonly everyPossible: Int32Array;
  readonly stamp: Int32Array;

  constructor(size: number) {
    this.seen = new Int32Array(size);
    this.someCertain = new Int32Array(size);
    this.somePossible = new Int32Array(size);
    this.everyCertain = new Int32Array(size);
    this.everyPossible = new Int32Array(size);
    this.stamp = new Int32Array(size).fill(-1);
  }
}

/**
 * Calls `visit` for every pair of peers that may do something (with `empty`: for every pair), destination by
 * destination, sources ascending. A peer towards itself is included.
 */
export function sweepPairs(
  engine: Engine,
  peers: readonly SweepPeer[],
  options: SweepOptions,
  visit: (summary: PairSummary) => void,
): void {
  const { portSets } = engine;
  const relation = engine.relation();
  const members = peersByClass(peers, engine.classCount);
  const column = new Column(peers.length);
  const { seen, someCertain, somePossible, everyCertain, everyPossible, stamp } = column;
  const { focus } = options;
  const bounds = new BoundsPool();
  let touched: number[] = [];

  const add = (to: number, from: number, certain: PortSetId, possible: PortSetId): void => {
    if (stamp[from] !== to) {
      stamp[from] = to;
      touched.push(from);
      seen[from] = 1;
      someCertain[from] = everyCertain[from] = certain;
      somePossible[from] = everyPossible[from] = possible;
      return;
    }
    seen[from] = (seen[from] ?? 0) + 1;
    if (someCertain[from] !== certain || everyCertain[from] !== certain) {
      someCertain[from] = portSets.union(someCertain[from] as PortSetId, certain);
      everyCertain[from] = portSets.intersect(everyCertain[from] as PortSetId, certain);
    }
    if (somePossible[from] !== possible || everyPossible[from] !== possible) {
      somePossible[from] = portSets.union(somePossible[from] as PortSetId, possible);
      everyPossible[from] = portSets.intersect(everyPossible[from] as PortSetId, possible);
    }
  };

  for (let to = 0; to < peers.length; to++) {
    const peer = peers[to];
    if (peer === undefined) continue;
    const sourcesInFocus = focus === undefined || focus[to] === 1 ? undefined : focus;
    touched = [];
    let extraSeen: Map<number, number> | undefined;
    for (const toClass of peer.classes) {
      const extras = options.extra(to, toClass);
      const replaced = new Set<number>();
      for (const { from, fromClass, bounds: answer, replaces } of extras) {
        if (sourcesInFocus !== undefined && sourcesInFocus[from] !== 1) continue;
        if (replaces) replaced.add(fromClass * peers.length + from);
        else (extraSeen ??= new Map()).set(from, (extraSeen.get(from) ?? 0) + 1);
        add(to, from, answer.certain, answer.possible);
      }
      relation.forEachSource(toClass, (first, last, certain, possible) => {
        for (let i = members.start[first] ?? 0, end = members.start[last + 1] ?? 0; i < end; i++) {
          const from = members.peer[i] ?? 0;
          if (sourcesInFocus !== undefined && sourcesInFocus[from] !== 1) continue;
          const fromClass = members.classId[i] ?? 0;
          if (replaced.size > 0 && replaced.has(fromClass * peers.length + from)) continue;
          if (from === to && fromClass === toClass && peer.lone?.has(toClass) === true) continue;
          add(to, from, certain, possible);
        }
      });
    }
    if (options.empty) {
      touched = [];
      for (let from = 0; from < peers.length; from++) {
        if (sourcesInFocus === undefined || sourcesInFocus[from] === 1) touched.push(from);
      }
    } else touched.sort((a, b) => a - b);
    for (const from of touched) {
      if (stamp[from] !== to) {
        visit({ from, to, some: NOTHING, every: NOTHING });
        continue;
      }
      const lone = from === to ? (peer.lone?.size ?? 0) : 0;
      const pairs = (peers[from]?.classes.length ?? 0) * peer.classes.length - lone + (extraSeen?.get(from) ?? 0);
      const some = bounds.of(someCertain[from] as PortSetId, somePossible[from] as PortSetId);
      const every =
        seen[from] === pairs ? bounds.of(everyCertain[from] as PortSetId, everyPossible[from] as PortSetId) : NOTHING;
      visit({ from, to, some, every });
    }
  }
}

/** Shared objects: millions of pairs have a few hundred different bounds. */
class BoundsPool {
  private readonly pool = new Map<number, PortBounds>();

  of(certain: PortSetId, possible: PortSetId): PortBounds {
    const key = keyOf(certain, possible);
    let bounds = this.pool.get(key);
    if (bounds === undefined) this.pool.set(key, (bounds = { certain, possible }));
    return bounds;
  }
}

/** Two ids as one number; there are never as many sets as half a double's digits hold. */
function keyOf(certain: PortSetId, possible: PortSetId): number {
  return certain * 0x4000000 + possible;
}

const NOTHING: PortBounds = { certain: NO_PORTS, possible: NO_PORTS };

/**
 * What a map shows of the answers: what is allowed or what is denied, on all ports or on some. Denied bounds mean the
 * same as allowed ones: what is not possible is certainly denied.
 */
export class ShownBounds {
  private readonly engine: Engine;
  private readonly denied: boolean;
  private readonly filter: PortSetId;
  private readonly known = new Map<number, PortBounds>();

  constructor(engine: Engine, denied: boolean, filter: PortSetId = ALL_PORTS) {
    this.engine = engine;
    this.denied = denied;
    this.filter = filter;
  }

  /** `undefined` when there is nothing to show. */
  ofPairs(summary: PairSummary): PairSummary | undefined {
    if (!this.denied && this.filter === ALL_PORTS) return summary.some.possible === NO_PORTS ? undefined : summary;
    const some = this.of(this.denied ? summary.every : summary.some);
    if (some.possible === NO_PORTS) return undefined;
    return { from: summary.from, to: summary.to, some, every: this.of(this.denied ? summary.some : summary.every) };
  }

  of(bounds: PortBounds): PortBounds {
    const key = keyOf(bounds.certain, bounds.possible);
    let shown = this.known.get(key);
    if (shown === undefined) this.known.set(key, (shown = this.compute(bounds)));
    return shown;
  }

  private compute({ certain, possible }: PortBounds): PortBounds {
    const { portSets } = this.engine;
    return this.denied
      ? { certain: portSets.subtract(this.filter, possible), possible: portSets.subtract(this.filter, certain) }
      : { certain: portSets.intersect(certain, this.filter), possible: portSets.intersect(possible, this.filter) };
  }
}

/** The peers that have members of each class, as one array with starts; `classId` repeats the class of each entry. */
interface Members {
  readonly start: Int32Array;
  readonly peer: Int32Array;
  readonly classId: Int32Array;
}

function peersByClass(peers: readonly SweepPeer[], classCount: number): Members {
  const start = new Int32Array(classCount + 2);
  let total = 0;
  for (const { classes } of peers) {
    total += classes.length;
    for (const classId of classes) start[classId + 1] = (start[classId + 1] ?? 0) + 1;
  }
  for (let i = 1; i < start.length; i++) start[i] = (start[i] ?? 0) + (start[i - 1] ?? 0);
  const next = start.slice();
  const peer = new Int32Array(total);
  const classId = new Int32Array(total);
  peers.forEach(({ classes }, index) => {
    for (const id of classes) {
      const at = next[id] ?? 0;
      next[id] = at + 1;
      peer[at] = index;
      classId[at] = id;
    }
  });
  return { start, peer, classId };
}
