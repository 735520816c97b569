/** Port sets of two engines in one numbering, so that equal sets have equal ids whichever engine they come from. */
import type { Engine } from './engine.ts';
import { ALL_PORTS, NO_PORTS, PortSets, type PortBounds, type PortSetId } from './port-sets.ts';
import type { PortsValue } from './results.ts';

export type Side = 'before' | 'after';

export class SharedPorts {
  readonly sets = new PortSets();
  private readonly engines: Readonly<Record<Side, Engine>>;
  private readonly known: Readonly<Record<Side, PortSetId[]>> = { before: [], after: [] };
  private readonly exact: PortBounds[] = [];
  private readonly inexact = new Map<number, PortBounds>();
  private readonly deltas = new Map<PortBounds, Map<PortBounds, Delta>>();

  constructor(engines: Readonly<Record<Side, Engine>>) {
    this.engines = engines;
  }

  of(side: Side, set: PortSetId): PortSetId {
    if (set <= ALL_PORTS) return set;
    const known = this.known[side];
    return (known[set] ??= this.intern(this.engines[side].portsValue(set)));
  }

  bounds(side: Side, { certain, possible }: PortBounds): PortBounds {
    const low = this.of(side, certain);
    return this.pair(low, certain === possible ? low : this.of(side, possible));
  }

  /** Equal bounds are one object: a large diff looks at millions of them. */
  pair(certain: PortSetId, possible: PortSetId): PortBounds {
    if (certain === possible) return (this.exact[certain] ??= { certain, possible });
    const key = certain * 0x4000000 + possible;
    let bounds = this.inexact.get(key);
    if (bounds === undefined) this.inexact.set(key, (bounds = { certain, possible }));
    return bounds;
  }

  /** What differs between two answers; one object for equal ones. */
  delta(before: PortBounds, after: PortBounds): Delta {
    let known = this.deltas.get(before);
    if (known === undefined) this.deltas.set(before, (known = new Map<PortBounds, Delta>()));
    let delta = known.get(after);
    if (delta === undefined) known.set(after, (delta = deltaOf(this.sets, before, after)));
    return delta;
  }

  private intern(value: PortsValue): PortSetId {
    const { sets } = this;
    if (value === 'any') return ALL_PORTS;
    let set: PortSetId = NO_PORTS;
    for (const { protocol, ranges } of value) {
      if (protocol === 'other') set = sets.union(set, otherProtocols(sets));
      else for (const [low, high] of ranges) set = sets.union(set, sets.range(protocol, low, high));
    }
    return set;
  }
}

/** The one point that stands for ICMP and every other protocol without ports. */
export function otherProtocols(sets: PortSets): PortSetId {
  const withPorts = (['TCP', 'UDP', 'SCTP'] as const).map((protocol) => sets.protocol(protocol));
  return sets.complement(withPorts.reduce((a, b) => sets.union(a, b)));
}

/** What differs between two answers to the same question. Certain parts are contained in the others. */
export interface Delta {
  /** Ports whose answer moved towards allowed: from denied to unknown or allowed, from unknown to allowed. */
  readonly opened: PortSetId;
  /** Denied before and allowed now, whatever the unknown facts are. */
  readonly openedSurely: PortSetId;
  readonly closed: PortSetId;
  readonly closedSurely: PortSetId;
}

const NO_DELTA: Delta = { opened: NO_PORTS, openedSurely: NO_PORTS, closed: NO_PORTS, closedSurely: NO_PORTS };

function deltaOf(sets: PortSets, before: PortBounds, after: PortBounds): Delta {
  if (before.certain === after.certain && before.possible === after.possible) return NO_DELTA;
  return {
    opened: sets.union(sets.subtract(after.possible, before.possible), sets.subtract(after.certain, before.certain)),
    openedSurely: sets.subtract(after.certain, before.possible),
    closed: sets.union(sets.subtract(before.possible, after.possible), sets.subtract(before.certain, after.certain)),
    closedSurely: sets.subtract(before.certain, after.possible),
  };
}
