/** What a cluster would hold after `kubectl apply`: its own objects, with those of manifests in their places. */
import type { ContainerPort, KubeObjects, Labels, PodFacts, WorkloadObject } from '../kube/objects.ts';
import { buildCluster } from '../model/cluster.ts';

interface Named {
  readonly kind: string;
  readonly meta: { readonly namespace: string; readonly name: string };
}

/**
 * Nothing is pruned: objects that only the cluster has stay. The pods of a workload stay as well unless its template
 * changes in something that policy looks at; then the template stands for the pods to come.
 */
export function appliedObjects(cluster: KubeObjects, manifests: KubeObjects): KubeObjects {
  const workloads = new Map(cluster.workloads.map((workload) => [keyOf(workload), workload]));
  const replaced = manifests.workloads.filter((workload) => {
    const old = workloads.get(keyOf(workload));
    return old !== undefined && !sameFacts(old.template, workload.template);
  });
  const gone = podsOf(cluster, replaced);
  return {
    namespaces: applied(cluster.namespaces, manifests.namespaces),
    nodes: applied(cluster.nodes, manifests.nodes),
    pods: applied(
      cluster.pods.filter((pod) => !gone.has(keyOf(pod))),
      manifests.pods,
    ),
    workloads: applied(cluster.workloads, manifests.workloads),
    services: applied(cluster.services, manifests.services),
    endpoints: applied(cluster.endpoints, manifests.endpoints),
    ingresses: applied(cluster.ingresses, manifests.ingresses),
    httpRoutes: applied(cluster.httpRoutes, manifests.httpRoutes),
    gateways: applied(cluster.gateways, manifests.gateways),
    networkPolicies: applied(cluster.networkPolicies, manifests.networkPolicies),
    clusterPolicies: applied(cluster.clusterPolicies, manifests.clusterPolicies),
  };
}

function keyOf({ kind, meta }: Named): string {
  return `${kind} ${meta.namespace}/${meta.name}`;
}

function applied<T extends Named>(own: readonly T[], given: readonly T[]): readonly T[] {
  if (given.length === 0) return own;
  const names = new Set(given.map(keyOf));
  return [...own.filter((object) => !names.has(keyOf(object))), ...given];
}

/** Keys of the pods behind the workloads, through whatever owns them in between. */
function podsOf(objects: KubeObjects, workloads: readonly WorkloadObject[]): ReadonlySet<string> {
  if (workloads.length === 0) return new Set();
  const cluster = buildCluster(objects);
  const wanted = new Set(workloads.map(({ kind, meta }) => `${meta.namespace}/${kind}/${meta.name}`));
  const keys = new Set<string>();
  for (const { id, pods } of cluster.workloads) {
    if (!wanted.has(id)) continue;
    for (const pod of pods) {
      const namespace = cluster.namespaceName(cluster.pods.namespaceOf[pod] ?? -1);
      keys.add(keyOf({ kind: 'Pod', meta: { namespace, name: cluster.pods.names[pod] ?? '' } }));
    }
  }
  return keys;
}

function sameFacts(a: PodFacts, b: PodFacts): boolean {
  return a.hostNetwork === b.hostNetwork && sameLabels(a.labels, b.labels) && portsText(a.ports) === portsText(b.ports);
}

function sameLabels(a: Labels, b: Labels): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}

function portsText(ports: readonly ContainerPort[]): string {
  return ports.map(({ name, protocol, containerPort }) => `${name} ${protocol} ${containerPort}`).join();
}
