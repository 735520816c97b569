/** One immutable snapshot of a cluster: everything indexed by integers, everything in one fixed order. */
import type { Cidr, IpAddress } from '../base/inet.ts';
import { formatIp } from '../base/inet-format.ts';
import type {
  ClusterPolicyObject,
  EndpointsObject,
  GatewayObject,
  HttpRouteObject,
  IngressObject,
  KubeObjects,
  NetworkPolicyObject,
  ServiceObject,
} from '../kube/objects.ts';
import type { ClusterNamespace, ClusterNode, ClusterPod, ClusterWorkload, EndedObject } from './entities.ts';
import { collectNamespaces } from './namespaces.ts';
import { compareText, sortedUnique } from './order.ts';
import { PodTable } from './pods.ts';
import { groupPods } from './workloads.ts';

export interface ClusterOptions {
  /** The ranges that pod addresses come from, when the input does not tell every address (D14). All families. */
  readonly podCidrs?: readonly Cidr[];
  /** Exempt egress to the pod's own node from NetworkPolicy (D1). Default: it is judged like any other. */
  readonly allowEgressToLocalNode?: boolean;
}

export class Cluster {
  readonly namespaces: readonly ClusterNamespace[];
  readonly nodes: readonly ClusterNode[];
  readonly pods: PodTable;
  readonly workloads: readonly ClusterWorkload[];
  /** Pods and Jobs of the input that are over and therefore not in `pods` (S95). */
  readonly ended: readonly EndedObject[];
  readonly networkPolicies: readonly NetworkPolicyObject[];
  /** In the order of evaluation: see {@link compareClusterPolicies}. */
  readonly clusterPolicies: readonly ClusterPolicyObject[];
  readonly services: readonly ServiceObject[];
  readonly endpoints: readonly EndpointsObject[];
  readonly ingresses: readonly IngressObject[];
  readonly httpRoutes: readonly HttpRouteObject[];
  readonly gateways: readonly GatewayObject[];
  readonly podCidrs: readonly Cidr[];
  readonly allowEgressToLocalNode: boolean;

  private readonly namespaceIndex: ReadonlyMap<string, number>;
  private readonly nodeIndex: ReadonlyMap<string, number>;
  private readonly serviceIndex: ReadonlyMap<string, number>;
  private workloadIndex: Map<string, number> | undefined;
  /** By namespace, so that a look-up makes no text. */
  private podIndex: (Map<string, number> | undefined)[] | undefined;
  private addressIndex: Map<string, AddressOwner> | undefined;

  constructor(objects: KubeObjects, options: ClusterOptions) {
    this.namespaces = collectNamespaces(objects);
    this.namespaceIndex = new Map(this.namespaces.map((namespace) => [namespace.name, namespace.index]));
    this.nodes = sortedUnique(objects.nodes).map((node, index) => ({
      index,
      name: node.meta.name,
      labels: node.meta.labels,
      addresses: node.addresses,
      podCidrs: node.podCidrs,
    }));
    this.nodeIndex = new Map(this.nodes.map((node) => [node.name, node.index]));
    const { pods, workloads, ended } = groupPods(objects, this.namespaceIndex);
    this.pods = new PodTable(pods);
    this.workloads = workloads;
    this.ended = ended;
    this.networkPolicies = sortedUnique(objects.networkPolicies);
    this.clusterPolicies = sortedUnique(objects.clusterPolicies).toSorted(compareClusterPolicies);
    this.services = sortedUnique(objects.services);
    this.serviceIndex = new Map(this.services.map(({ meta }, index) => [`${meta.namespace}/${meta.name}`, index]));
    // Several subsets of one Endpoints object are several entries here, so nothing is a duplicate.
    this.endpoints = objects.endpoints;
    this.ingresses = sortedUnique(objects.ingresses);
    this.httpRoutes = sortedUnique(objects.httpRoutes);
    this.gateways = sortedUnique(objects.gateways);
    this.podCidrs = options.podCidrs ?? [];
    this.allowEgressToLocalNode = options.allowEgressToLocalNode ?? false;
  }

  pod(index: number): ClusterPod {
    return this.pods.at(index);
  }

  namespaceNamed(name: string): ClusterNamespace | undefined {
    const index = this.namespaceIndex.get(name);
    return index === undefined ? undefined : this.namespaces[index];
  }

  nodeNamed(name: string): ClusterNode | undefined {
    const index = this.nodeIndex.get(name);
    return index === undefined ? undefined : this.nodes[index];
  }

  serviceNamed(namespace: string, name: string): ServiceObject | undefined {
    const index = this.serviceIndex.get(`${namespace}/${name}`);
    return index === undefined ? undefined : this.services[index];
  }

  /** The index of a live pod of the input; pods that stand for replicas have no name of their own. */
  podNamed(namespace: string, name: string): number | undefined {
    const at = this.namespaceIndex.get(namespace);
    if (at === undefined) return undefined;
    this.podIndex ??= this.indexPods();
    return this.podIndex[at]?.get(name);
  }

  /** By `namespace/Kind/name`. */
  workloadById(id: string): ClusterWorkload | undefined {
    this.workloadIndex ??= new Map(this.workloads.map((workload) => [workload.id, workload.index]));
    const index = this.workloadIndex.get(id);
    return index === undefined ? undefined : this.workloads[index];
  }

  /** Of any kind. */
  workloadsNamed(namespace: string, name: string): readonly ClusterWorkload[] {
    const { workloads } = this;
    // Sorted by (namespace, name), so all of one name stand together.
    let low = 0;
    let high = workloads.length;
    while (low < high) {
      const mid = (low + high) >>> 1;
      const at = workloads[mid];
      if (
        at !== undefined &&
        (compareText(this.namespaceName(at.namespace), namespace) || compareText(at.name, name)) < 0
      ) {
        low = mid + 1;
      } else high = mid;
    }
    const found: ClusterWorkload[] = [];
    for (let i = low; i < workloads.length; i++) {
      const at = workloads[i];
      if (at === undefined || at.name !== name || this.namespaceName(at.namespace) !== namespace) break;
      found.push(at);
    }
    return found;
  }

  namespaceName(index: number): string {
    return this.namespaces[index]?.name ?? '';
  }

  /** `namespace/name`; for a pod that stands for replicas the workload's id. */
  podLabel(pod: number): string {
    if (this.pods.isSynthetic(pod)) return this.workloads[this.pods.workloadOf[pod] ?? -1]?.id ?? '';
    return `${this.namespaceName(this.pods.namespaceOf[pod] ?? -1)}/${this.pods.names[pod] ?? ''}`;
  }

  /** Whose address it is: a pod-network pod's, a node's, or nobody's that the input names. */
  ownerOfAddress(ip: IpAddress): AddressOwner | undefined {
    this.addressIndex ??= this.indexAddresses();
    return this.addressIndex.get(formatIp(ip));
  }

  private indexPods(): (Map<string, number> | undefined)[] {
    const index: (Map<string, number> | undefined)[] = this.namespaces.map(() => undefined);
    for (let pod = 0; pod < this.pods.length; pod++) {
      if (this.pods.isSynthetic(pod)) continue;
      const namespace = this.pods.namespaceOf[pod] ?? -1;
      (index[namespace] ??= new Map()).set(this.pods.names[pod] ?? '', pod);
    }
    return index;
  }

  private indexAddresses(): Map<string, AddressOwner> {
    const index = new Map<string, AddressOwner>();
    for (const node of this.nodes) {
      for (const ip of node.addresses) index.set(formatIp(ip), { type: 'node', node: node.index });
    }
    for (const terminating of [true, false]) {
      for (let pod = 0; pod < this.pods.length; pod++) {
        if (this.pods.isHostNetwork(pod) || this.pods.isTerminating(pod) !== terminating) continue;
        // Later entries win: live pods before terminating ones (D15).
        for (const ip of this.pods.ips[pod] ?? []) index.set(formatIp(ip), { type: 'pod', pod });
      }
    }
    return index;
  }
}

export type AddressOwner =
  | { readonly type: 'pod'; readonly pod: number }
  | { readonly type: 'node'; readonly node: number };

export function buildCluster(objects: KubeObjects, options: ClusterOptions = {}): Cluster {
  return new Cluster(objects, options);
}

/**
 * The order in which cluster policies of one tier are asked (S151): ascending priority; equal priorities, which the
 * API leaves undefined (S156), by kind and then by name (D9), so AdminNetworkPolicy comes before ClusterNetworkPolicy.
 */
export function compareClusterPolicies(a: ClusterPolicyObject, b: ClusterPolicyObject): number {
  if (a.tier !== b.tier) return a.tier === 'Admin' ? -1 : 1;
  return a.priority - b.priority || compareText(a.kind, b.kind) || compareText(a.meta.name, b.meta.name);
}
