/**
 * Targets of a connection: an end and a port, or a Service, Ingress or route that leads to some.
 *
 * Policy is judged after the Service's address was translated (S92), so a Service stands for its backends at their own
 * ports, and an Ingress or route for a connection that the controller opens to the backends.
 */
import { assertNever } from '../base/assert.ts';
import { formatIp } from '../base/inet-format.ts';
import type { Protocol, ServiceObject, ServicePort } from '../kube/objects.ts';
import type { Cluster } from '../model/cluster.ts';
import {
  type EndpointOptions,
  type NamedFrontend,
  type ResolvedEndpoint,
  nodeLabel,
  podEndpointLabel,
  resolveText,
  serviceOfAddress,
  workloadEndpoint,
} from './endpoint.ts';
import { type EndpointProblem, type Parsed, type PortText, readTargetText } from './endpoint-text.ts';
import type { Endpoint } from './query.ts';
import { type RouteRule, routesOf, routesOfHost } from './service-routes.ts';
import { type ServiceBackend, ServiceBackends } from './service-backends.ts';

/** The port to ask for; `all`: everything that is allowed. */
export type TargetPort =
  | { readonly type: 'one'; readonly protocol: Protocol | 'other'; readonly port: number }
  | { readonly type: 'all' };

/** One question to the engine. Several legs are alternatives: the Service picks one backend per connection. */
export interface TargetLeg {
  readonly endpoint: Endpoint;
  readonly label: string;
  readonly port: TargetPort;
  /** False when it depends on a label that the input does not tell whether this is a backend at all. */
  readonly certain: boolean;
}

/** What a connection passes before it reaches the legs. */
export interface TargetHop {
  /** `namespace/Service/name`, `namespace/Ingress/name`, `namespace/HTTPRoute/name`. */
  readonly id: string;
  readonly kind: NamedFrontend['kind'];
  /**
   * `address`: the source is kept, only the destination is translated. `proxy`: the controller of the Ingress or
   * Gateway accepts the connection and opens its own to the legs, so *it* is their source.
   */
  readonly works: 'address' | 'proxy';
}

export interface Target {
  readonly label: string;
  /** Never empty. */
  readonly legs: readonly TargetLeg[];
  readonly via: readonly TargetHop[];
  /** No port was asked for, and there may be several: the answer says which are allowed. */
  readonly everyPort: boolean;
  /** How the text was understood and what translation does to the port. */
  readonly notes: readonly string[];
}

/**
 * The target of a connection, with or without a port.
 *
 * Problems: unknown names (with what was probably meant), a Service without that port or without backends, an
 * ExternalName Service, a port name that no container has.
 */
export function parseTarget(cluster: Cluster, text: string, options: EndpointOptions = {}): Parsed<Target> {
  const read = readTargetText(text);
  if (!read.ok) return read;
  const { end, port } = read.value;
  const service = serviceOfAddress(cluster, end);
  if (service !== undefined && end.type === 'address') {
    const note = `${formatIp(end.ip)} is an address of Service ${service.namespace}/${service.name}`;
    return frontendTarget(cluster, service, port, [note]);
  }
  const resolved = resolveText(cluster, end, options);
  if (!resolved.ok) {
    const host = end.type === 'name' && end.parts.length === 1 ? (end.parts[0] ?? '') : '';
    const rules = host.includes('.') ? routesOfHost(cluster, host) : [];
    return rules.length === 0
      ? resolved
      : routeTarget(cluster, host, rules, port, [`${host} is a host of ${routeNames(rules)}`]);
  }
  return 'endpoint' in resolved.value
    ? plainTarget(cluster, resolved.value, port)
    : frontendTarget(cluster, resolved.value, port, []);
}

function plainTarget(cluster: Cluster, end: ResolvedEndpoint, port: PortText | undefined): Parsed<Target> {
  if (port?.type === 'name') return namedPortTarget(cluster, end, port);
  const targetPort: TargetPort =
    port === undefined
      ? { type: 'all' }
      : port.type === 'portless'
        ? { type: 'one', protocol: 'other', port: 0 }
        : { type: 'one', protocol: port.protocol, port: port.port };
  const leg: TargetLeg = { endpoint: end.endpoint, label: end.label, port: targetPort, certain: true };
  return found({
    label: end.label,
    legs: [leg],
    via: [],
    everyPort: targetPort.type === 'all',
    notes: [...end.notes, ...translatedElsewhere(cluster, end, targetPort)],
  });
}

/** Writing a Service's port behind a workload of the same name is the classic slip: say what the Service does. */
function translatedElsewhere(cluster: Cluster, end: ResolvedEndpoint, port: TargetPort): readonly string[] {
  if (port.type !== 'one' || port.protocol === 'other') return [];
  const pods = podsOf(cluster, end.endpoint);
  const first = pods[0];
  if (
    first === undefined ||
    pods.some((pod) => (cluster.pods.ports[pod] ?? []).some((p) => p.containerPort === port.port))
  )
    return [];
  const namespace = cluster.namespaceName(cluster.pods.namespaceOf[first] ?? -1);
  const name = end.label.slice(end.label.lastIndexOf('/') + 1);
  const service = cluster.serviceNamed(namespace, name);
  const servicePort = service?.ports.find((p) => p.port === port.port && p.protocol === port.protocol);
  if (servicePort === undefined || servicePort.targetPort === servicePort.port) return [];
  return [
    `no container of it declares port ${port.port}, but Service ${namespace}/${name} leads from ${port.port} to ` +
      `${servicePort.targetPort}; write ${namespace}/svc/${name}:${port.port} to ask for a connection through the Service`,
  ];
}

/** A name is looked up on every pod on its own (S113); pods without it are left out and named. */
function namedPortTarget(
  cluster: Cluster,
  end: ResolvedEndpoint,
  port: PortText & { readonly type: 'name' },
): Parsed<Target> {
  const pods = podsOf(cluster, end.endpoint);
  if (pods.length === 0) {
    const message = `${end.label} has no named ports`;
    return problem({ code: 'no-port', message, help: 'only pods have named ports; write the number' });
  }
  const byPort = new Map<string, { protocol: Protocol; port: number; pods: number[] }>();
  const without: number[] = [];
  for (const pod of pods) {
    let has = false;
    for (const { name, protocol, containerPort } of cluster.pods.ports[pod] ?? []) {
      if (name !== port.name || (port.protocol !== undefined && protocol !== port.protocol)) continue;
      has = true;
      const key = `${protocol}/${containerPort}`;
      const entry = byPort.get(key);
      if (entry === undefined) byPort.set(key, { protocol, port: containerPort, pods: [pod] });
      else if (entry.pods.at(-1) !== pod) entry.pods.push(pod);
    }
    if (!has) without.push(pod);
  }
  if (byPort.size === 0) return problem(noSuchPort(cluster, end, port, pods));
  const legs: TargetLeg[] = [];
  for (const entry of [...byPort.values()].toSorted((a, b) => a.port - b.port)) {
    const targetPort: TargetPort = { type: 'one', protocol: entry.protocol, port: entry.port };
    if (entry.pods.length === pods.length) {
      legs.push({ endpoint: end.endpoint, label: end.label, port: targetPort, certain: true });
    } else {
      for (const pod of entry.pods) legs.push(podLeg(cluster, pod, targetPort, true));
    }
  }
  const ports = [...byPort.values()].map((entry) => `${entry.port}/${entry.protocol}`).join(', ');
  const notes = [...end.notes, `port ${port.name} is ${ports} on ${end.label}`];
  if (without.length > 0)
    notes.push(`${podList(cluster, without)} ${without.length === 1 ? 'has' : 'have'} no port ${port.name}`);
  return found({ label: end.label, legs, via: [], everyPort: false, notes });
}

function noSuchPort(
  cluster: Cluster,
  end: ResolvedEndpoint,
  port: PortText & { readonly type: 'name' },
  pods: readonly number[],
): EndpointProblem {
  const names = new Set<string>();
  for (const pod of pods) {
    for (const { name, protocol } of cluster.pods.ports[pod] ?? [])
      if (name !== '') names.add(`${name}/${protocol.toLowerCase()}`);
  }
  const protocol = port.protocol === undefined ? '' : `/${port.protocol.toLowerCase()}`;
  const help =
    names.size === 0
      ? 'its containers name no ports; write the number'
      : `its ports are named ${[...names].toSorted().join(', ')}`;
  return { code: 'no-port', message: `${end.label} has no port named ${port.name}${protocol}`, help };
}

function frontendTarget(
  cluster: Cluster,
  named: NamedFrontend,
  port: PortText | undefined,
  notes: readonly string[],
): Parsed<Target> {
  if (named.kind === 'Service') return serviceTarget(cluster, named, port, notes);
  const rules = routesOf(cluster, named);
  const id = frontendId(named);
  if (rules.length === 0) {
    return problem({
      code: 'no-backend',
      message: `${id} sends traffic to no Service`,
      help: 'give it a rule with a backend',
    });
  }
  return routeTarget(cluster, id, rules, port, notes);
}

function serviceTarget(
  cluster: Cluster,
  named: NamedFrontend,
  port: PortText | undefined,
  notes: readonly string[],
): Parsed<Target> {
  const service = cluster.serviceNamed(named.namespace, named.name);
  const id = frontendId(named);
  if (service === undefined) {
    return problem({
      code: 'not-found',
      message: `no Service ${JSON.stringify(named.name)} in namespace ${JSON.stringify(named.namespace)}`,
    });
  }
  if (service.type === 'ExternalName') {
    const message = `${id} is only an alias for the DNS name ${JSON.stringify(service.externalName)}`;
    return problem({
      code: 'unsupported',
      message,
      help: 'policy sees the addresses behind that name: ask for one of them',
    });
  }
  const ports = portsAsked(service, port);
  if (ports.length === 0) return problem(noServicePort(service, id, port));
  const backends = new ServiceBackends(cluster);
  const legs = new Map<string, TargetLeg>();
  const said = [...notes];
  for (const servicePort of ports) {
    const translated = !service.headless || port?.type === 'name';
    const { backends: ends, portless } = backends.of(service, servicePort, translated);
    said.push(...translationNotes(cluster, service, servicePort, translated, ends, portless));
    for (const leg of legsOf(cluster, ends)) legs.set(`${leg.label} ${portKey(leg.port)}`, leg);
  }
  if (legs.size === 0) return problem(noBackend(cluster, service, id, backends));
  const via: TargetHop = { id, kind: 'Service', works: 'address' };
  const everyPort = port === undefined && ports.length > 1;
  return found({ label: id, legs: [...legs.values()], via: [via], everyPort, notes: said });
}

/** The Service's ports that the text means; a headless Service has every port of its pods. */
function portsAsked(service: ServiceObject, port: PortText | undefined): readonly ServicePort[] {
  if (port === undefined) return service.ports;
  switch (port.type) {
    case 'portless':
      return [];
    case 'name': {
      const named = service.ports.filter(
        (p) => p.name === port.name && (port.protocol === undefined || p.protocol === port.protocol),
      );
      // Clients learn a headless Service's ports by name from DNS, which answers with the pods' own.
      return named;
    }
    case 'number': {
      const written = service.ports.filter((p) => p.port === port.port && p.protocol === port.protocol);
      if (written.length > 0 || !service.headless) return written;
      return [{ name: '', protocol: port.protocol, port: port.port, targetPort: port.port, nodePort: 0 }];
    }
    default:
      return assertNever(port);
  }
}

function noServicePort(service: ServiceObject, id: string, port: PortText | undefined): EndpointProblem {
  if (port?.type === 'portless') {
    const message = `${id} forwards only its ports; other protocols do not pass a Service`;
    return { code: 'no-port', message, help: 'ask for the workload behind it' };
  }
  const listed = service.ports.map(
    (p) => `${p.port}/${p.protocol.toLowerCase()}${p.name === '' ? '' : ` (${p.name})`}`,
  );
  const wanted =
    port === undefined
      ? 'any port'
      : port.type === 'name'
        ? `a port named ${port.name}`
        : `port ${port.port}/${port.protocol.toLowerCase()}`;
  const asTarget =
    port?.type === 'number'
      ? service.ports.find((p) => p.targetPort === port.port && p.protocol === port.protocol)
      : undefined;
  const hint =
    asTarget === undefined
      ? listed.length === 0
        ? 'it has no ports'
        : `it has ${listed.join(', ')}`
      : `${asTarget.targetPort} is the port of the pods; the Service's own is ${asTarget.port}`;
  return { code: 'no-port', message: `${id} does not have ${wanted}`, help: hint };
}

function noBackend(cluster: Cluster, service: ServiceObject, id: string, backends: ServiceBackends): EndpointProblem {
  if (service.selector === undefined || service.selector.size === 0) {
    const message = `${id} has no selector, and the input has no endpoints for it`;
    return { code: 'no-backend', message, help: 'add its EndpointSlice to the input, or ask for an address' };
  }
  const selector = [...service.selector].map(([key, value]) => `${key}=${value}`).join(',');
  const selected = backends.selectedPods(service);
  if (selected.length === 0) {
    return {
      code: 'no-backend',
      message: `no pod of namespace ${service.meta.namespace} has the labels ${selector} that ${id} selects`,
    };
  }
  const names = service.ports.filter((p) => typeof p.targetPort === 'string').map((p) => p.targetPort);
  const pods = podList(
    cluster,
    selected.map(({ pod }) => pod),
  );
  return {
    code: 'no-backend',
    message: `${id} leads to the port named ${names.join(' or ')}, which ${pods} does not have`,
  };
}

function translationNotes(
  cluster: Cluster,
  service: ServiceObject,
  port: ServicePort,
  translated: boolean,
  ends: readonly ServiceBackend[],
  portless: readonly number[],
): readonly string[] {
  const id = frontendId({ kind: 'Service', namespace: service.meta.namespace, name: service.meta.name });
  const notes: string[] = [];
  const numbers = [...new Set(ends.map((end) => end.port))].toSorted((a, b) => a - b);
  if (!translated) {
    notes.push(`${id} is headless: clients connect to port ${port.port} of the pods themselves`);
    if (typeof port.targetPort === 'number' && port.targetPort !== port.port) {
      notes.push(`a headless Service does not translate ${port.port} to its targetPort ${port.targetPort}`);
    }
  } else if (numbers.length > 0) {
    const where = numbers.join(' or ');
    notes.push(
      numbers.length === 1 && numbers[0] === port.port
        ? `policy acts behind the Service: what counts is port ${where} of its pods`
        : `policy acts behind the Service: port ${port.port} of it is port ${where} of its pods`,
    );
  }
  if (portless.length > 0) {
    notes.push(
      `${podList(cluster, portless)} ${portless.length === 1 ? 'has' : 'have'} no port named ${port.targetPort} and gets no traffic`,
    );
  }
  if (ends.some((end) => !end.certain))
    notes.push(`${id} selects by a label that only the controller sets, so its backends are not certain`);
  return notes;
}

/** The backends grouped as far as possible: a whole workload at one port is one leg. */
export function legsOf(cluster: Cluster, ends: readonly ServiceBackend[]): readonly TargetLeg[] {
  const groups = new Map<
    string,
    { readonly workload: number; readonly port: TargetPort; readonly pods: number[]; certain: boolean }
  >();
  const legs: TargetLeg[] = [];
  for (const { end, protocol, port, certain } of ends) {
    const targetPort: TargetPort = { type: 'one', protocol, port };
    switch (end.type) {
      case 'pod': {
        const workload = cluster.pods.workloadOf[end.pod] ?? -1;
        const key = `${workload} ${portKey(targetPort)}`;
        const group = groups.get(key);
        if (group === undefined) groups.set(key, { workload, port: targetPort, pods: [end.pod], certain });
        else {
          group.pods.push(end.pod);
          group.certain &&= certain;
        }
        break;
      }
      case 'node':
        legs.push({ endpoint: end, label: nodeLabel(cluster.nodes[end.node]), port: targetPort, certain });
        break;
      case 'address':
        legs.push({ endpoint: end, label: formatIp(end.ip), port: targetPort, certain });
        break;
    }
  }
  const grouped: TargetLeg[] = [];
  for (const { workload, port, pods, certain } of groups.values()) {
    const whole = cluster.workloads[workload];
    if (whole !== undefined && whole.kind !== 'Pod' && whole.pods.length === pods.length) {
      const { endpoint, label } = workloadEndpoint(whole);
      grouped.push({ endpoint, label, port, certain });
    } else {
      for (const pod of pods) grouped.push(podLeg(cluster, pod, port, certain));
    }
  }
  return [...grouped, ...legs];
}

/** An Ingress or route: the legs are what its controller connects to. */
function routeTarget(
  cluster: Cluster,
  label: string,
  rules: readonly RouteRule[],
  port: PortText | undefined,
  notes: readonly string[],
): Parsed<Target> {
  if (port?.type === 'portless') {
    return problem({ code: 'no-port', message: `${label} carries HTTP only`, help: 'ask for the workload behind it' });
  }
  const backends = new ServiceBackends(cluster);
  const legs = new Map<string, TargetLeg>();
  const said = [...notes];
  if (port !== undefined)
    said.push(`the port of ${label} is that of its controller; behind it the backends' own ports count`);
  for (const rule of rules) {
    const resolved = backendPort(cluster, rule);
    if (!resolved.ok) {
      said.push(resolved.problem.message);
      continue;
    }
    const { service, servicePort } = resolved.value;
    for (const leg of legsOf(cluster, backends.of(service, servicePort, true).backends))
      legs.set(`${leg.label} ${portKey(leg.port)}`, leg);
  }
  if (legs.size === 0)
    return problem({
      code: 'no-backend',
      message: `${label} reaches no pod: ${said.at(-1) ?? 'its Services have no backends'}`,
    });
  const via = new Map<string, TargetHop>();
  for (const { frontend } of rules) {
    const id = frontendId(frontend);
    via.set(id, { id, kind: frontend.kind, works: 'proxy' });
  }
  return found({ label, legs: [...legs.values()], via: [...via.values()], everyPort: false, notes: said });
}

/** The Service and port that a rule names. */
export function backendPort(
  cluster: Cluster,
  { backend, frontend }: RouteRule,
): Parsed<{ readonly service: ServiceObject; readonly servicePort: ServicePort }> {
  const service = cluster.serviceNamed(backend.serviceNamespace, backend.serviceName);
  const name = `${backend.serviceNamespace}/Service/${backend.serviceName}`;
  if (service === undefined) {
    return problem({
      code: 'not-found',
      message: `${frontendId(frontend)} names ${name}, which the input does not have`,
    });
  }
  const servicePort = service.ports.find((p) =>
    typeof backend.servicePort === 'number' ? p.port === backend.servicePort : p.name === backend.servicePort,
  );
  if (servicePort === undefined) {
    return problem({
      code: 'no-port',
      message: `${frontendId(frontend)} names port ${backend.servicePort} of ${name}, which it does not have`,
    });
  }
  return found({ service, servicePort });
}

export function frontendId({ kind, namespace, name }: NamedFrontend): string {
  return `${namespace}/${kind}/${name}`;
}

/** Every pod that an endpoint stands for; none for nodes and addresses. */
export function podsOf(cluster: Cluster, endpoint: Endpoint): readonly number[] {
  if (endpoint.type === 'pod') return [endpoint.pod];
  return endpoint.type === 'workload' ? (cluster.workloads[endpoint.workload]?.pods ?? []) : [];
}

function podLeg(cluster: Cluster, pod: number, port: TargetPort, certain: boolean): TargetLeg {
  return { endpoint: { type: 'pod', pod }, label: podEndpointLabel(cluster, pod), port, certain };
}

function portKey(port: TargetPort): string {
  return port.type === 'all' ? 'all' : `${port.port}/${port.protocol}`;
}

const MAX_NAMED = 3;

function podList(cluster: Cluster, pods: readonly number[]): string {
  const names = [...new Set(pods.map((pod) => podEndpointLabel(cluster, pod)))];
  const more = names.length - MAX_NAMED;
  return more > 0 ? `${names.slice(0, MAX_NAMED).join(', ')} and ${more} more` : names.join(', ');
}

function routeNames(rules: readonly RouteRule[]): string {
  return [...new Set(rules.map(({ frontend }) => frontendId(frontend)))].join(', ');
}

function found<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

function problem(value: EndpointProblem): Parsed<never> {
  return { ok: false, problem: value };
}
