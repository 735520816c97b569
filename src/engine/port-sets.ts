/**
 * Sets of (protocol, port), interned to small integers; every operation is a table look-up after its first time.
 *
 * All protocols lie on one line of integers: TCP 1..65535, then UDP, then SCTP, then one point for every other
 * protocol, which has no ports (D6).
 */
import { PairTable } from '../base/pair-table.ts';
import { EMPTY_SET, RangeSets } from '../base/range-sets.ts';
import type { Protocol } from '../kube/objects.ts';
import type { PortsOfProtocol, PortsValue } from './results.ts';

declare const portSetBrand: unique symbol;
/** Equal sets have equal ids, within one engine. */
export type PortSetId = number & { readonly [portSetBrand]: true };

export const NO_PORTS = EMPTY_SET as PortSetId;
/** Every protocol and port. */
export const ALL_PORTS = 1 as PortSetId;

/** Bounds on what is allowed: `certain` whatever the unknown facts are, `possible` for some of them (D14). */
export interface PortBounds {
  readonly certain: PortSetId;
  readonly possible: PortSetId;
}

const LAST_PORT = 65535;
const SPAN = 65536;
const PROTOCOLS: readonly Protocol[] = ['TCP', 'UDP', 'SCTP'];
// One further than the last port of SCTP reaches: neighbouring points would merge into one range.
const OTHER_POINT = 3 * SPAN + 1;

/** Where a protocol and port lie on the line; the port of `other` is ignored. */
export function portPoint(protocol: Protocol | 'other', port: number): number {
  return protocol === 'other' ? OTHER_POINT : PROTOCOLS.indexOf(protocol) * SPAN + port;
}

export class PortSets {
  private readonly sets = new RangeSets();
  private readonly unions = new PairTable();
  private readonly intersections = new PairTable();
  private readonly differences = new PairTable();

  constructor() {
    const all: number[] = [];
    for (let p = 0; p < PROTOCOLS.length; p++) all.push(p * SPAN + 1, p * SPAN + LAST_PORT);
    all.push(OTHER_POINT, OTHER_POINT);
    this.sets.of(all);
  }

  /** How many different sets there are. */
  get size(): number {
    return this.sets.size;
  }

  /** Every port of the protocol (S14). */
  protocol(protocol: Protocol): PortSetId {
    return this.range(protocol, 1, LAST_PORT);
  }

  /** Both ends inclusive. Ports outside 1..65535 do not exist. */
  range(protocol: Protocol, start: number, end: number): PortSetId {
    const low = Math.max(1, start);
    const high = Math.min(LAST_PORT, end);
    if (low > high) return NO_PORTS;
    return this.sets.of([portPoint(protocol, low), portPoint(protocol, high)]) as PortSetId;
  }

  union(a: PortSetId, b: PortSetId): PortSetId {
    if (a === b || b === NO_PORTS) return a;
    if (a === NO_PORTS) return b;
    if (a === ALL_PORTS || b === ALL_PORTS) return ALL_PORTS;
    let result = this.unions.get(a, b);
    if (result < 0) {
      result = this.sets.union(a, b);
      this.unions.set(a, b, result);
    }
    return result as PortSetId;
  }

  intersect(a: PortSetId, b: PortSetId): PortSetId {
    if (a === b || b === ALL_PORTS) return a;
    if (a === ALL_PORTS) return b;
    if (a === NO_PORTS || b === NO_PORTS) return NO_PORTS;
    let result = this.intersections.get(a, b);
    if (result < 0) {
      result = this.sets.intersect(a, b);
      this.intersections.set(a, b, result);
    }
    return result as PortSetId;
  }

  subtract(a: PortSetId, b: PortSetId): PortSetId {
    if (b === NO_PORTS) return a;
    if (a === b || a === NO_PORTS || b === ALL_PORTS) return NO_PORTS;
    let result = this.differences.get(a, b);
    if (result < 0) {
      result = this.sets.subtract(a, b);
      this.differences.set(a, b, result);
    }
    return result as PortSetId;
  }

  complement(a: PortSetId): PortSetId {
    return this.subtract(ALL_PORTS, a);
  }

  /** Whether `point` (see {@link portPoint}) is in the set. */
  has(set: PortSetId, point: number): boolean {
    if (set <= ALL_PORTS) return set === ALL_PORTS;
    return this.sets.has(set, point);
  }

  /** As the JSON contracts write it. */
  value(set: PortSetId): PortsValue {
    if (set === ALL_PORTS) return 'any';
    const ranges = this.sets.view(set);
    const byProtocol: [number, number][][] = [[], [], []];
    let other = false;
    for (let i = 0; i < ranges.length; i += 2) {
      const low = ranges[i] ?? 0;
      const high = ranges[i + 1] ?? 0;
      if (low === OTHER_POINT) other = true;
      else byProtocol[Math.floor(low / SPAN)]?.push([low % SPAN, high % SPAN]);
    }
    const value: PortsOfProtocol[] = [];
    PROTOCOLS.forEach((protocol, p) => {
      const list = byProtocol[p] ?? [];
      if (list.length > 0) value.push({ protocol, ranges: list });
    });
    if (other) value.push({ protocol: 'other', ranges: [] });
    return value;
  }
}
