/** From the notation of an endpoint to the pod, workload, node or addresses that it stands for in a cluster. */
import { assertNever } from '../base/assert.ts';
import { formatCidr, formatIp } from '../base/inet-format.ts';
import { type IpAddress, cidrContains } from '../base/inet.ts';
import type { Cluster } from '../model/cluster.ts';
import type { ClusterNode, ClusterWorkload } from '../model/entities.ts';
import { INTERNET, familiesInUse } from './endpoint-internet.ts';
import { kindOfAlias } from './endpoint-kinds.ts';
import { help, noNamespace, nothingNamed, quote } from './endpoint-missing.ts';
import { nearestNames } from './endpoint-suggestions.ts';
import { type EndpointText, type Parsed, found, problem, readEndpointText } from './endpoint-text.ts';
import type { Endpoint } from './query.ts';

export interface EndpointOptions {
  /** Where a bare `NAME` lives. Default `default`. */
  readonly namespace?: string;
}

export interface ResolvedEndpoint {
  readonly endpoint: Endpoint;
  /** As answers name it: `shop/Deployment/web`, `shop/Pod/web-0`, `Node/worker-1`, `10.0.0.1`, `internet`. */
  readonly label: string;
  /** What the reader should know about how the text was understood. */
  readonly notes: readonly string[];
}

/** The objects that are no end of a connection themselves but lead to some. */
export interface NamedFrontend {
  readonly kind: 'Service' | 'Ingress' | 'HTTPRoute' | 'Gateway';
  readonly namespace: string;
  readonly name: string;
}

/**
 * One end of a connection without a port, for instance its source.
 *
 * A name stands for the workload of that name, else for the pod; a Service and the like are never meant by a bare
 * name. An address that a pod or node of the cluster has stands for that pod or node.
 */
export function parseEndpoint(cluster: Cluster, text: string, options: EndpointOptions = {}): Parsed<ResolvedEndpoint> {
  const read = readEndpointText(text);
  if (!read.ok) return read;
  const resolved = resolveText(cluster, read.value, options);
  if (!resolved.ok) return resolved;
  const { value } = resolved;
  if ('endpoint' in value) {
    const service = serviceOfAddress(cluster, read.value);
    if (service !== undefined) {
      const message = `${value.label} is the address of Service ${service.namespace}/${service.name}, which opens no connections`;
      return problem({ code: 'unsupported', message, help: 'name the workload behind it as the source' });
    }
    return { ok: true, value };
  }
  const message = `${value.kind} ${value.namespace}/${value.name} opens no connections itself`;
  const help =
    value.kind === 'Service'
      ? 'name the workload behind it as the source'
      : 'name the pods of its controller, or internet, as the source';
  return problem({ code: 'unsupported', message, help });
}

/** Also finds Services, Ingresses and routes, which only a target may be. */
export function resolveText(
  cluster: Cluster,
  text: EndpointText,
  options: EndpointOptions,
): Parsed<ResolvedEndpoint | NamedFrontend> {
  switch (text.type) {
    case 'internet':
      return found(internetOf(cluster));
    case 'address':
      return found(resolveAddress(cluster, text.ip));
    case 'cidr': {
      const { cidr } = text;
      if (cidr.family === 4 ? cidr.prefix === 32 : cidr.prefix === 128) {
        const ip: IpAddress = cidr.family === 4 ? { family: 4, value: cidr.first } : { family: 6, value: cidr.first };
        return found(resolveAddress(cluster, ip));
      }
      const label = formatCidr(cidr);
      return found({ endpoint: { type: 'range', cidrs: [cidr], label }, label, notes: [] });
    }
    case 'name':
      return resolveName(cluster, text.parts, options.namespace ?? 'default');
    default:
      return assertNever(text);
  }
}

/** The Service that answers on an address: its cluster, external or load balancer address. */
export function serviceOfAddress(cluster: Cluster, text: EndpointText): NamedFrontend | undefined {
  if (text.type !== 'address' || cluster.ownerOfAddress(text.ip) !== undefined) return undefined;
  const { ip } = text;
  const same = (other: IpAddress): boolean => other.family === ip.family && other.value === ip.value;
  for (const { meta, clusterIps, externalIps, loadBalancerIps } of cluster.services) {
    if (clusterIps.some(same) || externalIps.some(same) || loadBalancerIps.some(same)) {
      return { kind: 'Service', namespace: meta.namespace, name: meta.name };
    }
  }
  return undefined;
}

/** An address of a family that the cluster does not use cannot meet anybody, so it would only blur the answer. */
function internetOf(cluster: Cluster): ResolvedEndpoint {
  const families = familiesInUse(cluster);
  const cidrs = INTERNET.filter(({ family }) => families.has(family));
  return { endpoint: { type: 'range', cidrs, label: 'internet' }, label: 'internet', notes: [] };
}

function resolveAddress(cluster: Cluster, ip: IpAddress): ResolvedEndpoint {
  const text = formatIp(ip);
  const owner = cluster.ownerOfAddress(ip);
  if (owner?.type === 'pod') {
    const label = podEndpointLabel(cluster, owner.pod);
    return { endpoint: owner, label, notes: [`${text} is the address of ${label}`] };
  }
  if (owner?.type === 'node') {
    const label = nodeLabel(cluster.nodes[owner.node]);
    return { endpoint: owner, label, notes: [`${text} is an address of ${label}`] };
  }
  return { endpoint: { type: 'address', ip }, label: text, notes: podRangeNotes(cluster, ip) };
}

/** An address out of the pods' range that no pod of the input has is most likely a pod that the input lacks. */
function podRangeNotes(cluster: Cluster, ip: IpAddress): readonly string[] {
  for (const cidr of [...cluster.podCidrs, ...cluster.nodes.flatMap((node) => node.podCidrs)]) {
    if (cidrContains(cidr, ip)) {
      return [`${formatIp(ip)} lies in the pod range ${formatCidr(cidr)}, but no pod of the input has it`];
    }
  }
  return [];
}

function resolveName(
  cluster: Cluster,
  parts: readonly string[],
  defaultNamespace: string,
): Parsed<ResolvedEndpoint | NamedFrontend> {
  const [first = '', second = '', third = ''] = parts;
  if (parts.length === 1) return inNamespace(cluster, defaultNamespace, undefined, first);
  if (parts.length === 3) {
    if (kindOfAlias(second) === 'Node') return nodeNamed(cluster, third);
    return inNamespace(cluster, first, second, third);
  }
  const kind = kindOfAlias(first);
  if (kind === 'Node' && cluster.namespaceNamed(first) === undefined) return nodeNamed(cluster, second);
  // `svc/db` against a namespace that happens to be called `svc`: the namespace wins when it has such a thing.
  const inNamed = inNamespace(cluster, first, undefined, second);
  if (inNamed.ok || kind === undefined) return inNamed;
  const ofKind = kind === 'Node' ? nodeNamed(cluster, second) : inNamespace(cluster, defaultNamespace, first, second);
  return ofKind.ok || cluster.namespaceNamed(first) === undefined ? ofKind : inNamed;
}

function nodeNamed(cluster: Cluster, name: string): Parsed<ResolvedEndpoint> {
  const node = cluster.nodeNamed(name);
  if (node !== undefined) {
    return found({ endpoint: { type: 'node', node: node.index }, label: nodeLabel(node), notes: [] });
  }
  const near = nearestNames(
    name,
    cluster.nodes.map((n) => n.name),
  ).map((n) => `node/${n}`);
  const message = `no node ${quote(name)} in the input`;
  return problem({ code: 'not-found', message, ...help(near) });
}

function inNamespace(
  cluster: Cluster,
  namespace: string,
  kindText: string | undefined,
  name: string,
): Parsed<ResolvedEndpoint | NamedFrontend> {
  const known = kindText === undefined ? undefined : kindOfAlias(kindText);
  if (cluster.namespaceNamed(namespace) === undefined) return noNamespace(cluster, namespace, kindText, name);
  switch (known) {
    case 'Service':
    case 'Ingress':
    case 'HTTPRoute':
    case 'Gateway':
      return frontend(cluster, known, namespace, name);
    case 'Namespace':
      return problem({
        code: 'unsupported',
        message: 'a namespace is not one end of a connection',
        help: 'name a workload in it',
      });
    default:
  }
  if (known === 'Pod') {
    const pod = podInNamespace(cluster, namespace, name);
    return pod === undefined ? nothingNamed(cluster, namespace, 'Pod', name) : found(pod);
  }
  const workloads = cluster
    .workloadsNamed(namespace, name)
    .filter(({ kind }) => kindText === undefined || kind === known || kind.toLowerCase() === kindText.toLowerCase());
  const controllers = workloads.filter(({ kind }) => kind !== 'Pod');
  if (controllers.length > 1) {
    const choices = controllers.map(({ kind }) => `${namespace}/${kind}/${name}`);
    const message = `${quote(`${namespace}/${name}`)} could be ${choices.join(' or ')}`;
    return problem({ code: 'ambiguous', message, help: `write ${choices.join(' or ')}` });
  }
  const workload = controllers[0];
  if (workload !== undefined) return found(workloadEndpoint(workload));
  if (kindText === undefined) {
    const pod = podInNamespace(cluster, namespace, name);
    if (pod !== undefined) return found(pod);
  }
  return nothingNamed(cluster, namespace, kindText === undefined ? undefined : (known ?? kindText), name);
}

function podInNamespace(cluster: Cluster, namespace: string, name: string): ResolvedEndpoint | undefined {
  const pod = cluster.podNamed(namespace, name);
  if (pod === undefined) return undefined;
  return { endpoint: { type: 'pod', pod }, label: podEndpointLabel(cluster, pod), notes: [] };
}

export function workloadEndpoint(workload: ClusterWorkload): ResolvedEndpoint {
  const { podCount, id } = workload;
  const notes = podCount === 0 ? [`${id} is scaled to 0; the answer is for the pods it would have`] : [];
  return { endpoint: { type: 'workload', workload: workload.index }, label: id, notes };
}

/** `namespace/Pod/name`; the workload's id for the pod that stands for its replicas. */
export function podEndpointLabel(cluster: Cluster, pod: number): string {
  const { pods } = cluster;
  if (pods.isSynthetic(pod)) return cluster.podLabel(pod);
  return `${cluster.namespaceName(pods.namespaceOf[pod] ?? -1)}/Pod/${pods.names[pod] ?? ''}`;
}

export function nodeLabel(node: ClusterNode | undefined): string {
  return `Node/${node?.name ?? ''}`;
}

function frontend(
  cluster: Cluster,
  kind: NamedFrontend['kind'],
  namespace: string,
  name: string,
): Parsed<NamedFrontend> {
  const objects = frontendsOf(cluster, kind);
  if (objects.some(({ meta }) => meta.namespace === namespace && meta.name === name)) {
    return { ok: true, value: { kind, namespace, name } };
  }
  const near = [
    ...objects.filter(({ meta }) => meta.name === name).map(({ meta }) => meta),
    ...nearestNames(
      name,
      objects.filter(({ meta }) => meta.namespace === namespace).map(({ meta }) => meta.name),
    ).map((other) => ({ namespace, name: other })),
  ];
  const message = `no ${kind} ${quote(name)} in namespace ${quote(namespace)}`;
  return problem({
    code: 'not-found',
    message,
    ...help(near.slice(0, 3).map((meta) => `${meta.namespace}/${kind}/${meta.name}`)),
  });
}

function frontendsOf(
  cluster: Cluster,
  kind: NamedFrontend['kind'],
): readonly { readonly meta: { readonly namespace: string; readonly name: string } }[] {
  switch (kind) {
    case 'Service':
      return cluster.services;
    case 'Ingress':
      return cluster.ingresses;
    case 'HTTPRoute':
      return cluster.httpRoutes;
    case 'Gateway':
      return cluster.gateways;
    default:
      return assertNever(kind);
  }
}
