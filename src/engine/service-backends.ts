/**
 * From a Service to the pods behind it, and from the port of the Service to the port of each pod (S92, S112, S113).
 *
 * Readiness is not looked at: it never affects policy (S129), and an unready backend is one soon enough.
 */
import { assertNever } from '../base/assert.ts';
import type { IpAddress } from '../base/inet.ts';
import { formatIp } from '../base/inet-format.ts';
import type { ContainerPort, EndpointsObject, Labels, Protocol, ServiceObject, ServicePort } from '../kube/objects.ts';
import type { Cluster } from '../model/cluster.ts';

/** Where a connection to one port of a Service ends after the Service translated it. */
export interface ServiceBackend {
  readonly end:
    | { readonly type: 'pod'; readonly pod: number }
    | { readonly type: 'node'; readonly node: number }
    | { readonly type: 'address'; readonly ip: IpAddress };
  readonly protocol: Protocol;
  /** On the pod. */
  readonly port: number;
  /** The selector asks for a label that only the controller will set, so the pod may be no backend (D14). */
  readonly certain: boolean;
}

export interface ServicePortBackends {
  readonly port: ServicePort;
  /** In the order of the pods; endpoints that are no pods behind them by address. */
  readonly backends: readonly ServiceBackend[];
  /** Pods that the Service selects but whose containers do not name the target port: they get no traffic. */
  readonly portless: readonly number[];
}

/** Answers for one cluster; keeps what it built for the next question. */
export class ServiceBackends {
  private readonly cluster: Cluster;
  private readonly byNamespace = new Map<string, NamespacePods>();
  private selectorKeys: Map<string, Set<string>> | undefined;
  private endpointsByService: Map<string, EndpointsObject[]> | undefined;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
  }

  /**
   * Of one port. `translated`: the client (a proxy, or one that asked DNS for the port by name) uses the target port;
   * who only resolves the name of a headless Service connects to `port.port` of the pods themselves.
   */
  of(service: ServiceObject, port: ServicePort, translated = !service.headless): ServicePortBackends {
    const selected = this.selectedPods(service);
    if (selected.length > 0) return this.ofPods(selected, port, translated);
    return { port, backends: this.ofEndpoints(service, port, translated), portless: [] };
  }

  /** Every pod that the Service's selector picks. */
  selectedPods(service: ServiceObject): readonly { readonly pod: number; readonly certain: boolean }[] {
    if (service.selector === undefined || service.selector.size === 0) return [];
    return this.podsOf(service.meta.namespace).select(service.selector);
  }

  /** Live pods of a namespace, as an index from labels to pods. */
  private podsOf(namespace: string): NamespacePods {
    let pods = this.byNamespace.get(namespace);
    if (pods === undefined) {
      pods = new NamespacePods(this.cluster, namespace, this.keysSelectedIn(namespace));
      this.byNamespace.set(namespace, pods);
    }
    return pods;
  }

  private keysSelectedIn(namespace: string): ReadonlySet<string> {
    if (this.selectorKeys === undefined) {
      this.selectorKeys = new Map();
      for (const { meta, selector } of this.cluster.services) {
        let keys = this.selectorKeys.get(meta.namespace);
        if (keys === undefined) this.selectorKeys.set(meta.namespace, (keys = new Set()));
        for (const key of selector?.keys() ?? []) keys.add(key);
      }
    }
    return this.selectorKeys.get(namespace) ?? new Set();
  }

  private ofPods(
    selected: readonly { readonly pod: number; readonly certain: boolean }[],
    port: ServicePort,
    translated: boolean,
  ): ServicePortBackends {
    const backends: ServiceBackend[] = [];
    const portless: number[] = [];
    for (const { pod, certain } of selected) {
      const numbers = translated ? targetPorts(this.cluster.pods.ports[pod] ?? [], port) : [port.port];
      if (numbers.length === 0) portless.push(pod);
      for (const number of numbers)
        backends.push({ end: { type: 'pod', pod }, protocol: port.protocol, port: number, certain });
    }
    return { port, backends, portless };
  }

  /** Without a selector somebody else keeps the list of endpoints. */
  private ofEndpoints(service: ServiceObject, port: ServicePort, translated: boolean): readonly ServiceBackend[] {
    const { namespace, name } = service.meta;
    this.endpointsByService ??= groupEndpoints(this.cluster.endpoints);
    const found = new Map<string, ServiceBackend>();
    for (const slice of this.endpointsByService.get(`${namespace}/${name}`) ?? []) {
      for (const slicePort of slice.ports) {
        if (slicePort.protocol !== port.protocol) continue;
        const samePort = slicePort.name === port.name || (slice.ports.length === 1 && service.ports.length === 1);
        if (!samePort) continue;
        for (const endpoint of slice.endpoints) {
          for (const end of this.endsOf(namespace, endpoint)) {
            const number = translated ? slicePort.port : port.port;
            const backend: ServiceBackend = { end, protocol: port.protocol, port: number, certain: true };
            found.set(backendKey(backend), backend);
          }
        }
      }
    }
    return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, backend]) => backend);
  }

  private endsOf(namespace: string, endpoint: EndpointsObject['endpoints'][number]): readonly ServiceBackend['end'][] {
    const named = endpoint.podName === '' ? undefined : this.cluster.podNamed(namespace, endpoint.podName);
    if (named !== undefined) return [{ type: 'pod', pod: named }];
    return endpoint.addresses.map((ip) => this.cluster.ownerOfAddress(ip) ?? { type: 'address', ip });
  }
}

/**
 * The ports on one pod. A named target port means every container port of that name and protocol: names are unique
 * per container only (S113).
 */
function targetPorts(ports: readonly ContainerPort[], port: ServicePort): readonly number[] {
  const { targetPort, protocol } = port;
  if (typeof targetPort === 'number') return [targetPort];
  const numbers = new Set<number>();
  for (const candidate of ports) {
    if (candidate.name === targetPort && candidate.protocol === protocol) numbers.add(candidate.containerPort);
  }
  return [...numbers].toSorted((a, b) => a - b);
}

function groupEndpoints(endpoints: readonly EndpointsObject[]): Map<string, EndpointsObject[]> {
  const groups = new Map<string, EndpointsObject[]>();
  for (const slice of endpoints) {
    const key = `${slice.meta.namespace}/${slice.serviceName}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [slice]);
    else group.push(slice);
  }
  return groups;
}

/** Sorts pods before nodes before addresses, each in their order. */
function backendKey({ end, port }: ServiceBackend): string {
  const padded = String(port).padStart(5, '0');
  switch (end.type) {
    case 'pod':
      return `0 ${String(end.pod).padStart(9, '0')} ${padded}`;
    case 'node':
      return `1 ${String(end.node).padStart(9, '0')} ${padded}`;
    case 'address':
      return `${end.ip.family === 4 ? '2' : '3'} ${end.ip.value.toString().padStart(39, '0')} ${padded} ${formatIp(end.ip)}`;
    default:
      return assertNever(end);
  }
}

/** Label postings of the keys that Services of the namespace select by, so that a Service costs what it selects. */
class NamespacePods {
  private readonly cluster: Cluster;
  private readonly postings = new Map<string, Map<string, number[]>>();
  /** Pods of which the label's value is unknown, by key. */
  private readonly unknown = new Map<string, number[]>();

  constructor(cluster: Cluster, namespace: string, keys: ReadonlySet<string>) {
    this.cluster = cluster;
    const { pods } = cluster;
    const index = cluster.namespaceNamed(namespace)?.index ?? -1;
    for (let pod = firstPodOf(pods.namespaceOf, index); pods.namespaceOf[pod] === index; pod++) {
      for (const key of keys) {
        const value = pods.labels[pod]?.get(key);
        if (value !== undefined) append(this.postings, key, value, pod);
        else if (pods.unknownLabels(pod).has(key)) {
          const list = this.unknown.get(key);
          if (list === undefined) this.unknown.set(key, [pod]);
          else list.push(pod);
        }
      }
    }
  }

  select(selector: Labels): readonly { readonly pod: number; readonly certain: boolean }[] {
    let shortest: readonly number[] | undefined;
    for (const [key, value] of selector) {
      const candidates = merge(this.postings.get(key)?.get(value) ?? [], this.unknown.get(key) ?? []);
      if (shortest === undefined || candidates.length < shortest.length) shortest = candidates;
    }
    const selected: { readonly pod: number; readonly certain: boolean }[] = [];
    for (const pod of shortest ?? []) {
      const match = this.matches(pod, selector);
      if (match !== 'no') selected.push({ pod, certain: match === 'yes' });
    }
    return selected;
  }

  private matches(pod: number, selector: Labels): 'yes' | 'no' | 'maybe' {
    const { pods } = this.cluster;
    let certain = true;
    for (const [key, value] of selector) {
      const actual = pods.labels[pod]?.get(key);
      if (actual === value) continue;
      if (actual !== undefined || !pods.unknownLabels(pod).has(key)) return 'no';
      certain = false;
    }
    return certain ? 'yes' : 'maybe';
  }
}

/** Pods are sorted by namespace. */
function firstPodOf(namespaceOf: Int32Array, namespace: number): number {
  let low = 0;
  let high = namespaceOf.length;
  while (low < high) {
    const mid = (low + high) >>> 1;
    if ((namespaceOf[mid] ?? 0) < namespace) low = mid + 1;
    else high = mid;
  }
  return low;
}

function append(postings: Map<string, Map<string, number[]>>, key: string, value: string, pod: number): void {
  let values = postings.get(key);
  if (values === undefined) postings.set(key, (values = new Map<string, number[]>()));
  const list = values.get(value);
  if (list === undefined) values.set(value, [pod]);
  else list.push(pod);
}

function merge(a: readonly number[], b: readonly number[]): readonly number[] {
  if (b.length === 0) return a;
  return a.length === 0 ? b : [...a, ...b].toSorted((x, y) => x - y);
}
