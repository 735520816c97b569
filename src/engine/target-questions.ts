/** One leg of a target as one question to the engine, or as the question which ports are open. */
import { firstPort } from './connectivity-details.ts';
import type { Engine } from './engine.ts';
import { NO_PORTS, type PortSetId, portPoint } from './port-sets.ts';
import type { ConnectionQuery, Endpoint, Verdict } from './query.ts';
import type { PortsValue, VerdictResult } from './results.ts';
import { type TargetLeg, podsOf } from './target.ts';

type Point = Pick<ConnectionQuery, 'protocol' | 'port'>;

export function ask(engine: Engine, from: Endpoint, leg: TargetLeg, viaService: boolean): VerdictResult {
  const result =
    leg.port.type === 'all'
      ? askEveryPort(engine, from, leg.endpoint)
      : engine.explain({ from, to: leg.endpoint, protocol: leg.port.protocol, port: leg.port.port, viaService });
  if (leg.certain) return result;
  const verdict: Verdict = result.verdict === 'denied' ? 'denied' : 'unknown';
  const why = 'the Service selects by a label that only the controller of the pods sets';
  return withWhy({ ...result, verdict, allowed: false, certain: result.certain && verdict === 'denied' }, [why]);
}

/** The gates can only be shown for one port: one that tells the most about the answer. */
export function askEveryPort(engine: Engine, from: Endpoint, to: Endpoint): VerdictResult {
  const { certain, possible, uniform } = engine.ports(from, to);
  const verdict: Verdict = certain !== NO_PORTS ? 'allowed' : possible === NO_PORTS ? 'denied' : 'unknown';
  const shown = tellingPort(engine, to, verdict === 'allowed' ? certain : possible);
  const result = engine.explain({ from, to, ...shown });
  const why = uniform ? [] : ['what is allowed is not the same for all that the two ends stand for'];
  if (certain !== possible && verdict === 'allowed')
    why.push('on further ports the input does not tell whether it is allowed');
  why.push(
    shown.protocol === 'other'
      ? 'the gates are those of protocols without ports'
      : `the gates are those of ${shown.protocol} port ${shown.port}`,
  );
  return withWhy(
    {
      ...result,
      protocol: 'any',
      port: null,
      verdict,
      allowed: verdict === 'allowed',
      certain: verdict !== 'unknown',
      ports: portsOrNone(engine, verdict === 'allowed' ? certain : possible),
    },
    why,
  );
}

/** A port that a container declares and that is among `ports`; else the lowest of them; else a declared one. */
function tellingPort(engine: Engine, to: Endpoint, ports: PortSetId): Point {
  const declared = podsOf(engine.cluster, to).flatMap((pod) => engine.cluster.pods.ports[pod] ?? []);
  const listed = declared.find(({ protocol, containerPort }) =>
    engine.portSets.has(ports, portPoint(protocol, containerPort)),
  );
  if (listed !== undefined) return { protocol: listed.protocol, port: listed.containerPort };
  const lowest = firstPort(engine.portsValue(ports));
  if (lowest !== undefined) return lowest;
  const [first] = declared;
  return first === undefined ? { protocol: 'TCP', port: 80 } : { protocol: first.protocol, port: first.containerPort };
}

export function portsOrNone(engine: Engine, ports: PortSetId): PortsValue | 'none' {
  return ports === NO_PORTS ? 'none' : engine.portsValue(ports);
}

export function withWhy(result: VerdictResult, more: readonly string[]): VerdictResult {
  const why = [...new Set([...(result.why ?? []), ...more])];
  return why.length === 0 ? result : { ...result, why };
}
