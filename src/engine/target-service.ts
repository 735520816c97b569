/** A Service as a target: its backends at their own ports (S92). */
import { assertNever } from '../base/assert.ts';
import type { ServiceObject, ServicePort } from '../kube/objects.ts';
import type { Cluster } from '../model/cluster.ts';
import { type EndpointProblem, type Parsed, type PortText, found, problem } from './endpoint-text.ts';
import type { NamedFrontend } from './endpoint.ts';
import { type ServiceBackend, ServiceBackends } from './service-backends.ts';
import { legsOf, podList, portKey } from './target-legs.ts';
import { type Target, type TargetHop, type TargetLeg, frontendId } from './target.ts';

export function serviceTarget(
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
