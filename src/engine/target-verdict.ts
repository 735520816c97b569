/** One answer to "can SOURCE reach TARGET", however many questions to the engine that takes. */
import { assertNever } from '../base/assert.ts';
import type { Cluster } from '../model/cluster.ts';
import { firstPort } from './connectivity-details.ts';
import { type ResolvedEndpoint, podEndpointLabel, workloadEndpoint } from './endpoint.ts';
import type { Engine } from './engine.ts';
import { type Controller, controllersFor } from './exposure-controllers.ts';
import { ExposureSurvey } from './exposure.ts';
import { facesOutside } from './exposure-doors.ts';
import { NO_PORTS, type PortSetId, portPoint } from './port-sets.ts';
import type { ConnectionQuery, Endpoint, Verdict } from './query.ts';
import { type GateResult, type PortsValue, type VerdictResult, resultApiVersion } from './results.ts';
import { type Target, type TargetLeg, podsOf } from './service-target.ts';

type Point = Pick<ConnectionQuery, 'protocol' | 'port'>;

export interface TargetAnswer {
  readonly verdict: VerdictResult;
  /** How the two texts were understood, and what else than policy counts; for readers. */
  readonly notes: readonly string[];
}

/** Questions asked for one target; a Service may have thousands of backends that differ. */
const MAX_LEGS = 200;

/**
 * The verdict for a source and a target as {@link parseEndpoint} and {@link parseTarget} give them.
 *
 * - A plain end and port: the engine's own explanation.
 * - Without a port: `ports` says what is allowed, `allowed` is true when anything certainly is.
 * - A Service: allowed when every backend is, because clients do not choose; `legs` has each answer.
 * - An Ingress or route: the source must reach the controller, and the controller every backend.
 */
export function explainTarget(engine: Engine, source: ResolvedEndpoint, target: Target): TargetAnswer {
  const notes = [...source.notes, ...target.notes, ...serviceNotes(engine.cluster, source.endpoint, target)];
  const left = target.legs.length - MAX_LEGS;
  const asked = left > 0 ? { ...target, legs: target.legs.slice(0, MAX_LEGS) } : target;
  if (left > 0) notes.push(`${left} more backends of ${target.legs.length} were not asked`);
  const proxies = target.via.some((hop) => hop.works === 'proxy');
  const results = proxies ? proxied(engine, source, asked) : direct(engine, source.endpoint, asked);
  const via = target.via.length > 0 ? { via: target.via.map((hop) => hop.id) } : {};
  const [only] = results;
  const verdict = only !== undefined && results.length === 1 ? only : combined(engine, results, source.label, asked);
  return { verdict: { ...verdict, ...via }, notes: [...new Set(notes)] };
}

function direct(engine: Engine, from: Endpoint, target: Target): readonly VerdictResult[] {
  const viaService = target.via.length > 0;
  return target.legs.map((leg) => ask(engine, from, leg, viaService));
}

function ask(engine: Engine, from: Endpoint, leg: TargetLeg, viaService: boolean): VerdictResult {
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
function askEveryPort(engine: Engine, from: Endpoint, to: Endpoint): VerdictResult {
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

function portsOrNone(engine: Engine, ports: PortSetId): PortsValue | 'none' {
  return ports === NO_PORTS ? 'none' : engine.portsValue(ports);
}

/** From the source to every controller, and from there to every backend. */
function proxied(engine: Engine, source: ResolvedEndpoint, target: Target): readonly VerdictResult[] {
  const { cluster } = engine;
  const survey = new ExposureSurvey(engine, []);
  const frontends = target.via.flatMap((hop) => {
    const [namespace = '', , name = ''] = hop.id.split('/');
    return [{ kind: hop.kind, namespace, name }];
  });
  const controllers = new Set(frontends.flatMap((frontend) => controllersFor(survey.controllers, cluster, frontend)));
  const results: VerdictResult[] = [];
  for (const controller of controllers) {
    const proxies = controller.type === 'pods' ? endpointsOf(cluster, controller.pods) : [];
    for (const proxy of proxies) {
      results.push(toController(engine, survey, source.endpoint, proxy));
      for (const leg of target.legs) results.push(ask(engine, proxy.endpoint, leg, false));
    }
    if (controller.type !== 'pods')
      for (const leg of target.legs) results.push(fromStranger(engine, survey, controller, leg));
  }
  return results;
}

/** Whole workloads where possible. */
function endpointsOf(cluster: Cluster, pods: readonly number[]): readonly ResolvedEndpoint[] {
  const byWorkload = new Map<number, number[]>();
  for (const pod of pods) {
    const workload = cluster.pods.workloadOf[pod] ?? -1;
    const list = byWorkload.get(workload);
    if (list === undefined) byWorkload.set(workload, [pod]);
    else list.push(pod);
  }
  return [...byWorkload].flatMap(([index, members]): ResolvedEndpoint[] => {
    const workload = cluster.workloads[index];
    if (workload !== undefined && workload.pods.length === members.length && workload.kind !== 'Pod')
      return [workloadEndpoint(workload)];
    return members.map((pod) => ({ endpoint: { type: 'pod', pod }, label: podEndpointLabel(cluster, pod), notes: [] }));
  });
}

/** By the port that is open, when a Service has several of it (80 and 443): one is enough to get in. */
function toController(engine: Engine, survey: ExposureSurvey, from: Endpoint, proxy: ResolvedEndpoint): VerdictResult {
  const [pod] = podsOf(engine.cluster, proxy.endpoint);
  const doors = pod === undefined ? undefined : survey.doors.of(pod);
  if (doors === undefined) return askEveryPort(engine, from, proxy.endpoint);
  const results = doors.map(({ protocol, port }) =>
    engine.explain({ from, to: proxy.endpoint, protocol, port, viaService: true }),
  );
  const best =
    results.find(({ verdict }) => verdict === 'allowed') ??
    results.find(({ verdict }) => verdict === 'unknown') ??
    results[0];
  return best ?? askEveryPort(engine, from, proxy.endpoint);
}

/** A controller that the input does not have: certain only when every source is treated alike. */
function fromStranger(
  engine: Engine,
  survey: ExposureSurvey,
  controller: Exclude<Controller, { readonly type: 'pods' }>,
  leg: TargetLeg,
): VerdictResult {
  const { protocol, port } = leg.port.type === 'all' ? { protocol: 'TCP' as const, port: 80 } : leg.port;
  const pods = podsOf(engine.cluster, leg.endpoint);
  const finding = survey.throughControllerToAll(controller, pods, portPoint(protocol, port));
  const verdict: Verdict =
    finding.openness === 'all' ? 'allowed' : finding.openness === 'unknown' ? 'unknown' : 'denied';
  const certain = verdict !== 'unknown';
  const isolated = pods.some((pod) => engine.isolation(engine.classOfPod(pod)).ingress === 3);
  const ingress: GateResult = {
    allowed: verdict === 'allowed',
    certain,
    isolated,
    tier: isolated ? 'NetworkPolicy' : 'none',
    by: [],
    ...(finding.why.length > 0 ? { why: finding.why } : {}),
  };
  const egress: GateResult = {
    allowed: true,
    certain: true,
    isolated: false,
    tier: 'exempt',
    by: [],
    why: [`${controller.name} is not part of the input`],
  };
  return {
    apiVersion: resultApiVersion,
    kind: 'Verdict',
    from: controller.name,
    to: leg.label,
    protocol,
    port: protocol === 'other' ? null : port,
    allowed: verdict === 'allowed',
    certain,
    verdict,
    egress,
    ingress,
  };
}

/** All must be allowed. The gates are those of the first answer that decides. */
function combined(engine: Engine, legs: readonly VerdictResult[], from: string, target: Target): VerdictResult {
  if (target.everyPort) return combinedPorts(engine, legs, from, target);
  const verdict = verdictOfAll(legs);
  const shown = legs.find((leg) => leg.verdict === verdict) ?? NOBODY;
  const named = (wanted: Verdict): readonly string[] => [
    ...new Set(legs.filter((leg) => leg.verdict === wanted).map(legName)),
  ];
  const differ = legs.some((leg) => leg.verdict !== verdict || leg.partly !== undefined);
  return {
    ...verdictOf(verdict, shown),
    from,
    to: target.label,
    protocol: shown.protocol,
    port: shown.port,
    ...(differ ? { partly: { allowed: named('allowed'), denied: named('denied'), unknown: named('unknown') } } : {}),
    legs,
  };
}

/** What an answer made of several has in common with the one whose gates it shows. */
function verdictOf(
  verdict: Verdict,
  { egress, ingress }: VerdictResult,
): Pick<VerdictResult, 'apiVersion' | 'kind' | 'verdict' | 'allowed' | 'certain' | 'egress' | 'ingress'> {
  return {
    apiVersion: resultApiVersion,
    kind: 'Verdict',
    verdict,
    allowed: verdict === 'allowed',
    certain: verdict !== 'unknown',
    egress,
    ingress,
  };
}

/** Several ports of a Service: which of them lead to backends that all let the source in. */
function combinedPorts(engine: Engine, legs: readonly VerdictResult[], from: string, target: Target): VerdictResult {
  const { portSets } = engine;
  const byPort = new Map<string, VerdictResult[]>();
  for (const leg of legs) {
    const key = `${leg.protocol} ${leg.port}`;
    const list = byPort.get(key);
    if (list === undefined) byPort.set(key, [leg]);
    else list.push(leg);
  }
  let allowed = NO_PORTS;
  const verdicts = [...byPort.values()].map((sameport) => {
    const verdict = verdictOfAll(sameport);
    const [leg] = sameport;
    if (verdict === 'allowed' && leg !== undefined && leg.port !== null && isProtocol(leg.protocol)) {
      allowed = portSets.union(allowed, portSets.range(leg.protocol, leg.port, leg.port));
    }
    return verdict;
  });
  const verdict: Verdict = verdicts.includes('allowed')
    ? 'allowed'
    : verdicts.includes('unknown')
      ? 'unknown'
      : 'denied';
  const shown = legs.find((leg) => leg.verdict === verdict) ?? NOBODY;
  return {
    ...verdictOf(verdict, shown),
    from,
    to: target.label,
    protocol: 'any',
    port: null,
    ports: portsOrNone(engine, allowed),
    legs,
  };
}

function isProtocol(text: string): text is 'TCP' | 'UDP' | 'SCTP' {
  return text === 'TCP' || text === 'UDP' || text === 'SCTP';
}

function verdictOfAll(legs: readonly VerdictResult[]): Verdict {
  if (legs.some((leg) => leg.verdict === 'denied')) return 'denied';
  return legs.some((leg) => leg.verdict === 'unknown') ? 'unknown' : 'allowed';
}

function legName({ from, to, protocol, port }: VerdictResult): string {
  return `${from} to ${to}${port === null ? '' : ` ${protocol} ${port}`}`;
}

const NO_GATE: GateResult = { allowed: true, certain: true, isolated: false, tier: 'none', by: [] };

/** No leg at all; targets have at least one. */
const NOBODY: VerdictResult = {
  apiVersion: resultApiVersion,
  kind: 'Verdict',
  from: '',
  to: '',
  protocol: 'any',
  port: null,
  allowed: false,
  certain: true,
  verdict: 'denied',
  egress: NO_GATE,
  ingress: NO_GATE,
};

function withWhy(result: VerdictResult, more: readonly string[]): VerdictResult {
  const why = [...new Set([...(result.why ?? []), ...more])];
  return why.length === 0 ? result : { ...result, why };
}

/** What stands between an outside source and a Service besides policy (S93). */
function serviceNotes(cluster: Cluster, from: Endpoint, target: Target): readonly string[] {
  const inside = from.type === 'pod' || from.type === 'workload';
  if (inside || from.type === 'node') return [];
  return target.via.flatMap((hop): readonly string[] => {
    const [namespace = '', , name = ''] = hop.id.split('/');
    switch (hop.kind) {
      case 'Service': {
        const service = cluster.serviceNamed(namespace, name);
        if (service === undefined) return [];
        if (!facesOutside(service)) {
          return [
            `${hop.id} is of type ${service.type}, which has no address outside the cluster; the answer is about policy only`,
          ];
        }
        return service.externalTrafficPolicy === 'Cluster'
          ? [
              `${hop.id} has externalTrafficPolicy Cluster: policy is judged for the client's own address here, but some network plugins see the address of a node instead`,
            ]
          : [];
      }
      case 'Ingress':
      case 'HTTPRoute':
      case 'Gateway':
        return [];
      default:
        return assertNever(hop.kind);
    }
  });
}
