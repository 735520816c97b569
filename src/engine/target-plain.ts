/** A workload, pod, node or address as a target, with the port it is asked for. */
import type { Protocol } from '../kube/objects.ts';
import type { Cluster } from '../model/cluster.ts';
import { type EndpointProblem, type Parsed, type PortText, found, problem } from './endpoint-text.ts';
import type { ResolvedEndpoint } from './endpoint.ts';
import { podLeg, podList } from './target-legs.ts';
import { type Target, type TargetLeg, type TargetPort, podsOf } from './target.ts';

export function plainTarget(cluster: Cluster, end: ResolvedEndpoint, port: PortText | undefined): Parsed<Target> {
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
