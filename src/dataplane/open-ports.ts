/**
 * Ports that are open from one peer to one pod, as the kernel will match them: on one line of integers, IP protocol
 * number times 65536 plus port. Point 0 stands for every protocol without ports (D6).
 */
import type { PortsValue } from '../engine/results.ts';

export interface OpenPorts {
  /** lo, hi, lo, hi, ...: sorted, disjoint, inclusive. */
  readonly line: readonly number[];
  /** Equal ports have equal keys. */
  readonly key: string;
}

/** Within one protocol. */
export interface PortRange {
  /** IP protocol number. */
  readonly protocol: number;
  readonly first: number;
  readonly last: number;
}

const SPAN = 65536;
const LAST_PORT = 65535;
/** IP protocol numbers, ascending: the order of the line. */
const NUMBERS: Readonly<Record<'TCP' | 'UDP' | 'SCTP', number>> = { TCP: 6, UDP: 17, SCTP: 132 };
export const PROTOCOLS_WITH_PORTS: readonly number[] = [6, 17, 132];

export const NO_PORTS: OpenPorts = { line: [], key: '' };
export const ALL_PORTS: OpenPorts = openPorts([
  0,
  0,
  ...PROTOCOLS_WITH_PORTS.flatMap((protocol) => [protocol * SPAN + 1, protocol * SPAN + LAST_PORT]),
]);

export function openPortsOf(value: PortsValue): OpenPorts {
  if (value === 'any') return ALL_PORTS;
  const pairs: [number, number][] = [];
  for (const { protocol, ranges } of value) {
    if (protocol === 'other') pairs.push([0, 0]);
    else {
      const base = NUMBERS[protocol] * SPAN;
      for (const [first, last] of ranges) pairs.push([base + first, base + last]);
    }
  }
  return openPorts(pairs.toSorted((a, b) => a[0] - b[0]).flat());
}

export function isAllPorts(ports: OpenPorts): boolean {
  return ports.key === ALL_PORTS.key;
}

/** What of `ports` is not in `without`. */
export function subtractPorts(ports: OpenPorts, without: OpenPorts): OpenPorts {
  if (without.line.length === 0 || ports.line.length === 0) return ports;
  const left: number[] = [];
  let w = 0;
  for (let i = 0; i < ports.line.length; i += 2) {
    let low = ports.line[i] ?? 0;
    const high = ports.line[i + 1] ?? 0;
    while (w < without.line.length && (without.line[w + 1] ?? 0) < low) w += 2;
    for (let k = w; k < without.line.length && (without.line[k] ?? 0) <= high && low <= high; k += 2) {
      const hole = without.line[k] ?? 0;
      if (hole > low) left.push(low, hole - 1);
      low = (without.line[k + 1] ?? 0) + 1;
    }
    if (low <= high) left.push(low, high);
  }
  return openPorts(left);
}

export function intersectPorts(a: OpenPorts, b: OpenPorts): OpenPorts {
  if (a.key === b.key) return a;
  return subtractPorts(a, subtractPorts(a, b));
}

/** Whether everything open in `inner` is open in `outer`. */
export function coversPorts(outer: OpenPorts, inner: OpenPorts): boolean {
  return outer.key === inner.key || subtractPorts(inner, outer).line.length === 0;
}

/** Whether protocols without ports are open. */
export function opensOtherProtocols(ports: OpenPorts): boolean {
  return ports.line[0] === 0;
}

export function portRangesOf(ports: OpenPorts): PortRange[] {
  const ranges: PortRange[] = [];
  for (let i = 0; i < ports.line.length; i += 2) {
    const low = ports.line[i] ?? 0;
    const high = ports.line[i + 1] ?? 0;
    if (low > 0) ranges.push({ protocol: Math.floor(low / SPAN), first: low % SPAN, last: high % SPAN });
  }
  return ranges;
}

export function isWholeProtocol({ first, last }: PortRange): boolean {
  return first === 1 && last === LAST_PORT;
}

/** How many single ports there are. */
export function portCount(ports: OpenPorts): number {
  return portRangesOf(ports).reduce((sum, { first, last }) => sum + last - first + 1, 0);
}

function openPorts(line: readonly number[]): OpenPorts {
  return { line, key: line.join(',') };
}
