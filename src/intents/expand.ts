/** Intents as single connections to try with real packets: one for each kind of pair, not one for each pair. */
import { NO } from '../base/tri.ts';
import type { Engine } from '../engine/engine.ts';
import { NO_PORTS, type PortSetId } from '../engine/port-sets.ts';
import type { PortsValue } from '../engine/results.ts';
import { checksOf, type CheckTarget } from './checks.ts';
import { Universe } from './end-set.ts';
import { type NamedEnd, pointOf, representatives } from './examples.ts';
import type { Intent } from './intent.ts';
import { onSameNode, pairsOf } from './judge.ts';
import { type Part, PartCutter } from './parts.ts';
import { EndResolver } from './resolve-ends.ts';

/** A connection with the outcome that an intent promises; what the engine says of it plays no part. */
export interface ConcreteProbe {
  /** Index of the intent. */
  readonly intent: number;
  readonly from: NamedEnd;
  readonly to: NamedEnd;
  /** The Service that the intent names; `port` is that of the pod behind it. */
  readonly via?: string;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP' | 'other';
  /** `null` for protocols without ports. */
  readonly port: number | null;
  readonly expected: 'allowed' | 'denied';
}

export interface ExpandOptions {
  /** As for `verifyIntents`. */
  readonly namespace?: string;
  /** Probes of one intent at most. 200 when absent. */
  readonly perIntent?: number;
}

/** Ports of one set that are tried: the ends of its ranges. */
const maxPorts = 4;

/**
 * What to try for a set of intents. Intents that name nothing in the cluster, that promise no single port (`allow`
 * without `ports`) or no connection (`isolated`) give no probe.
 */
export function expandIntents(
  engine: Engine,
  intents: readonly Intent[],
  { namespace = 'default', perIntent = 200 }: ExpandOptions = {},
): readonly ConcreteProbe[] {
  const cutter = new PartCutter(engine);
  const universe = new Universe(engine.cluster);
  return intents.flatMap(({ assertion, namespace: own }, intent) => {
    if (assertion.type === 'isolated') return [];
    const found = checksOf(assertion, cutter, new EndResolver(universe, own ?? namespace));
    if ('problem' in found) return [];
    const probes: ConcreteProbe[] = [];
    for (const { sources, targets } of found.checks) {
      for (const target of targets) {
        for (const source of sources) {
          if (probes.length >= perIntent) return probes;
          probes.push(...probesOf(engine, intent, source, target).slice(0, perIntent - probes.length));
        }
      }
    }
    return probes;
  });
}

function probesOf(engine: Engine, intent: number, source: Part, target: CheckTarget): readonly ConcreteProbe[] {
  const { part, demand, via } = target;
  if (pairsOf(engine, source, target) === 0 || (source.kind === 'outside' && part.kind === 'outside')) return [];
  // A pod's own node reaches it whatever policy says (S100).
  const isForbiddable = source.kind !== 'host' || part.kind !== 'pod' || onSameNode(engine, source, part) === NO;
  const [from, to] = representatives(engine, source, target);
  const probe = (ports: PortSetId, expected: ConcreteProbe['expected']): readonly ConcreteProbe[] =>
    points(engine, part, ports).map(({ protocol, port }) => ({
      intent,
      from,
      to,
      ...(via === undefined ? {} : { via }),
      protocol,
      port: protocol === 'other' ? null : port,
      expected,
    }));
  return [...probe(demand.all.sure, 'allowed'), ...(isForbiddable ? probe(demand.none.sure, 'denied') : [])];
}

type Point = ReturnType<typeof pointOf>;

function points(engine: Engine, target: Part, ports: PortSetId): readonly Point[] {
  if (ports === NO_PORTS) return [];
  const value = engine.portsValue(ports);
  const found = new Map<string, Point>();
  const add = (point: Point): void => {
    found.set(`${point.protocol} ${point.port}`, point);
  };
  // A port on which somebody listens tells the most.
  add(pointOf(engine, target, value));
  for (const point of ends(value)) if (found.size < maxPorts) add(point);
  return [...found.values()];
}

/** Of wide ranges nothing: their ends are ports that nobody uses. */
function ends(value: PortsValue): readonly Point[] {
  if (value === 'any') return [];
  return value.flatMap(({ protocol, ranges }): readonly Point[] => {
    if (protocol === 'other') return [{ protocol, port: 0 }];
    return ranges
      .filter(([low, high]) => high - low < wide)
      .flatMap(([low, high]) => (low === high ? [low] : [low, high]))
      .map((port) => ({ protocol, port }));
  });
}

const wide = 10_000;
