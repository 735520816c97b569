/**
 * The answer to "may this end connect to that target?": one question to the engine for every way that the connection
 * may take (each backend of a Service, each controller of an Ingress), and what they come to together.
 */
import { invariant } from '../base/assert.ts';
import type { Cluster } from '../model/cluster.ts';
import type { ResolvedEndpoint } from './endpoint.ts';
import type { Engine } from './engine.ts';
import { type Controller, Controllers } from './exposure-controllers.ts';
import { INTERNET } from './endpoint-internet.ts';
import { NO_PORTS, type PortSetId, portPoint } from './port-sets.ts';
import type { Endpoint, Verdict } from './query.ts';
import type { PortsValue, VerdictResult } from './results.ts';
import type { Protocol } from '../kube/objects.ts';
import type { Target, TargetHop, TargetLeg } from './service-target.ts';

export interface TargetAnswer {
  readonly verdict: VerdictResult;
  /** How the question was understood, for the reader. */
  readonly notes: readonly string[];
}

/** A single question and its answer are kept; more answers than this are cut and counted. */
const MAX_LEGS = 200;

/**
 * The verdict for a target. A Service picks one of its backends for each connection, so it is allowed only when every
 * backend is at its port; behind an Ingress or Gateway the controller is the source (S92, and `works: "proxy"`).
 *
 * @param anyPort no port was asked for: the question is which ports are open
 */
export function explainTarget(engine: Engine, from: ResolvedEndpoint, target: Target, anyPort = false): TargetAnswer {
  const notes = [...from.notes, ...target.notes];
  const proxies = target.via.filter(({ works }) => works === 'proxy');
  const sources = proxies.length > 0 ? proxySources(engine.cluster, proxies) : [{ endpoint: from.endpoint }];
  if (proxies.length > 0) notes.push(...proxyNotes(proxies, sources));
  else notes.push(...outsideNotes(engine.cluster, from, target));
  const viaService = target.via.some(({ kind }) => kind === 'Service');

  const legs: AnsweredLeg[] = [];
  for (const source of sources) {
    for (const leg of target.legs) {
      if (legs.length === MAX_LEGS) break;
      const label = `${sources.length > 1 ? `${sourceName(source)} to ` : ''}${leg.label}${portLabel(leg)}`;
      legs.push({ answer: explainLeg(engine, source, leg, viaService), label });
    }
  }
  const ways = sources.length * target.legs.length;
  if (ways > legs.length) notes.push(`${ways - legs.length} more ways of ${ways} were not asked`);
  const severalPorts = anyPort && new Set(target.legs.map(portLabel)).size > 1;
  const asked = proxies.length > 0 ? from.label : undefined;
  return { verdict: together(legs, target, asked, severalPorts), notes: [...new Set(notes)] };
}

/** Who opens the connection: the asked source, or a controller on its behalf. */
interface Source {
  readonly endpoint: Endpoint;
  /** Set when it is only known roughly who it is: then nothing but an open gate is certain. */
  readonly unknown?: string;
  readonly name?: string;
}

function sourceName({ name }: Source): string {
  return name ?? 'the source';
}

function proxySources(cluster: Cluster, hops: readonly TargetHop[]): readonly Source[] {
  const controllers = new Controllers(cluster);
  const found = new Set<Controller>();
  for (const { id } of hops) {
    for (const { meta, ingressClassName } of cluster.ingresses) {
      if (`${meta.namespace}/Ingress/${meta.name}` === id) found.add(controllers.ofIngress(ingressClassName));
    }
    for (const { meta, parents } of cluster.httpRoutes) {
      if (`${meta.namespace}/HTTPRoute/${meta.name}` === id)
        controllers.ofHttpRoute(parents).forEach((c) => found.add(c));
    }
    for (const { meta, gatewayClassName } of cluster.gateways) {
      if (`${meta.namespace}/Gateway/${meta.name}` === id) found.add(controllers.ofGateway(meta, gatewayClassName));
    }
  }
  return [...found].flatMap((controller) => sourcesOf(cluster, controller));
}

function sourcesOf(cluster: Cluster, controller: Controller): readonly Source[] {
  if (controller.type === 'pods') {
    const workloads = new Set(controller.pods.map((pod) => cluster.pods.workloadOf[pod] ?? -1));
    return [...workloads].map((workload) => ({
      endpoint: { type: 'workload', workload },
      name: cluster.workloads[workload]?.id ?? controller.name,
    }));
  }
  const unknown =
    controller.type === 'outside'
      ? `the addresses of ${controller.name} are not known`
      : `${controller.name} is not part of the input, so it is not known who opens the connection`;
  return [{ endpoint: { type: 'range', cidrs: INTERNET, label: 'internet' }, unknown, name: controller.name }];
}

function proxyNotes(hops: readonly TargetHop[], sources: readonly Source[]): readonly string[] {
  const names = sources.map(sourceName).join(' and ');
  const ids = hops.map(({ id }) => id).join(' and ');
  const known = sources.some(({ unknown }) => unknown === undefined);
  return [
    `behind ${ids} the connection is opened by ${names}: the verdict is about that connection` +
      (known ? `; whether the source reaches the controller is a question of its own` : ''),
  ];
}

/** What the type of a Service means to a client outside the cluster; policy knows nothing of it. */
function outsideNotes(cluster: Cluster, from: ResolvedEndpoint, target: Target): readonly string[] {
  if (from.endpoint.type !== 'address' && from.endpoint.type !== 'range') return [];
  const notes: string[] = [];
  for (const { id, kind } of target.via) {
    if (kind !== 'Service') continue;
    const service = cluster.services.find(({ meta }) => `${meta.namespace}/Service/${meta.name}` === id);
    if (service === undefined) continue;
    const facesOutside =
      service.type === 'LoadBalancer' || service.type === 'NodePort' || service.externalIps.length > 0;
    if (!facesOutside) {
      notes.push(
        `${id} has no address outside the cluster (type ${service.type}); the verdict is what policy alone would say`,
      );
    } else if (service.externalTrafficPolicy === 'Cluster') {
      notes.push(
        'with externalTrafficPolicy: Cluster some network plugins show the pods the address of a node instead of the client',
      );
    }
  }
  return notes;
}

function explainLeg(engine: Engine, source: Source, leg: TargetLeg, viaService: boolean): VerdictResult {
  const { endpoint: from } = source;
  const { endpoint: to, port } = leg;
  const answer =
    port.type === 'one'
      ? engine.explain({ from, to, protocol: port.protocol, port: port.port, viaService })
      : explainAllPorts(engine, from, to, viaService);
  const doubts: string[] = [];
  if (source.unknown !== undefined) doubts.push(source.unknown);
  if (!leg.certain) doubts.push(`it is not certain that ${leg.label} is a backend`);
  const named = source.unknown === undefined ? answer : { ...answer, from: sourceName(source) };
  return doubts.length === 0 ? named : doubted(named, doubts);
}

/** An answer that holds only if something does that nobody knows. Where nothing is closed to anybody, it holds anyway. */
function doubted(answer: VerdictResult, doubts: readonly string[]): VerdictResult {
  const open = answer.verdict === 'allowed' && answer.ingress.tier === 'none';
  if (open) return answer;
  return { ...answer, allowed: false, certain: false, verdict: 'unknown', why: [...(answer.why ?? []), ...doubts] };
}

function explainAllPorts(engine: Engine, from: Endpoint, to: Endpoint, viaService: boolean): VerdictResult {
  const { certain, possible, uniform } = engine.ports(from, to, viaService);
  const shown = tellingPort(engine, to, certain === NO_PORTS ? possible : certain);
  const explained = engine.explain({ from, to, protocol: shown.protocol, port: shown.port, viaService });
  const verdict: Verdict = certain !== NO_PORTS ? 'allowed' : possible !== NO_PORTS ? 'unknown' : 'denied';
  const why = [...(explained.why ?? [])];
  if (engine.portsValue(certain) !== 'any') why.push(`the gates are shown for ${shown.protocol} ${shown.port}`);
  if (!uniform) why.push('replicas differ: the ports are those that at least one of them may use');
  return {
    ...explained,
    protocol: 'any',
    port: null,
    allowed: verdict === 'allowed',
    certain: certain === possible,
    verdict,
    why,
    ports: certain === NO_PORTS ? 'none' : engine.portsValue(certain),
  };
}

/** A port of the set, best one that the target declares; any declared one when the set is empty. */
function tellingPort(
  engine: Engine,
  to: Endpoint,
  set: PortSetId,
): { readonly protocol: Protocol | 'other'; readonly port: number } {
  const declared = declaredPorts(engine.cluster, to);
  const inside = declared.find(({ protocol, port }) => engine.portSets.has(set, portPoint(protocol, port)));
  if (inside !== undefined) return inside;
  const value: PortsValue = set === NO_PORTS ? 'any' : engine.portsValue(set);
  if (value === 'any') return declared[0] ?? { protocol: 'TCP', port: 80 };
  const [first] = value;
  return first === undefined
    ? { protocol: 'TCP', port: 80 }
    : { protocol: first.protocol, port: first.ranges[0]?.[0] ?? 0 };
}

function declaredPorts(
  cluster: Cluster,
  end: Endpoint,
): readonly { readonly protocol: Protocol; readonly port: number }[] {
  const pods =
    end.type === 'pod' ? [end.pod] : end.type === 'workload' ? (cluster.workloads[end.workload]?.pods ?? []) : [];
  const [pod] = pods;
  return pod === undefined
    ? []
    : (cluster.pods.ports[pod] ?? []).map(({ protocol, containerPort }) => ({ protocol, port: containerPort }));
}

function portLabel({ port }: TargetLeg): string {
  if (port.type === 'all') return '';
  return port.protocol === 'other'
    ? ':icmp'
    : `:${port.port}${port.protocol === 'TCP' ? '' : `/${port.protocol.toLowerCase()}`}`;
}

interface AnsweredLeg {
  readonly answer: VerdictResult;
  readonly label: string;
}

/** One answer for all legs. The gates shown are those of the first leg that has the common verdict. */
function together(
  legs: readonly AnsweredLeg[],
  target: Target,
  asked: string | undefined,
  severalPorts: boolean,
): VerdictResult {
  const via = target.via.map(({ id }) => id);
  const passed = via.length > 0 ? { via } : {};
  const [only] = legs;
  if (only !== undefined && legs.length === 1) return { ...only.answer, ...passed };
  const verdicts = new Set(legs.map(({ answer }) => answer.verdict));
  const verdict = severalPorts ? bestPort(legs) : worst(verdicts);
  const shown = (legs.find(({ answer }) => answer.verdict === verdict) ?? only)?.answer;
  invariant(shown !== undefined, 'a target has at least one leg');
  const named = (wanted: Verdict): readonly string[] =>
    legs.filter(({ answer }) => answer.verdict === wanted).map(({ label }) => label);
  const { partly: _ofOneLeg, ...base } = shown;
  const result: VerdictResult = {
    ...base,
    from: asked ?? shown.from,
    to: target.label,
    allowed: verdict === 'allowed',
    certain: severalPorts ? !verdicts.has('unknown') : verdict === 'denied' || !verdicts.has('unknown'),
    verdict,
    ...(verdicts.size > 1 && !severalPorts
      ? { partly: { allowed: named('allowed'), denied: named('denied'), unknown: named('unknown') } }
      : {}),
    ...passed,
    legs: legs.map(({ answer }) => answer),
  };
  return severalPorts ? { ...result, protocol: 'any', port: null, ports: openPorts(legs) } : result;
}

function worst(verdicts: ReadonlySet<Verdict>): Verdict {
  return verdicts.has('denied') ? 'denied' : verdicts.has('unknown') ? 'unknown' : 'allowed';
}

/** The legs by port: a port is open when every backend behind it is. */
function portGroups(legs: readonly AnsweredLeg[]): readonly (readonly VerdictResult[])[] {
  const groups = new Map<string, VerdictResult[]>();
  for (const { answer } of legs) {
    const key = `${answer.protocol} ${answer.port}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [answer]);
    else group.push(answer);
  }
  return [...groups.values()];
}

function groupVerdict(group: readonly VerdictResult[]): Verdict {
  return worst(new Set(group.map(({ verdict }) => verdict)));
}

function bestPort(legs: readonly AnsweredLeg[]): Verdict {
  const verdicts = new Set(portGroups(legs).map(groupVerdict));
  return verdicts.has('allowed') ? 'allowed' : verdicts.has('unknown') ? 'unknown' : 'denied';
}

function openPorts(legs: readonly AnsweredLeg[]): PortsValue | 'none' {
  const open = portGroups(legs).filter((group) => groupVerdict(group) === 'allowed');
  const ports = (['TCP', 'UDP', 'SCTP'] as const).flatMap((protocol) => {
    const numbers = open.flatMap(([first]) =>
      first?.protocol === protocol && first.port !== null ? [first.port] : [],
    );
    const ranges: [number, number][] = [];
    for (const port of numbers.toSorted((a, b) => a - b)) {
      const last = ranges.at(-1);
      if (last !== undefined && last[1] + 1 === port) last[1] = port;
      else ranges.push([port, port]);
    }
    return ranges.length === 0 ? [] : [{ protocol, ranges }];
  });
  return ports.length === 0 ? 'none' : ports;
}
