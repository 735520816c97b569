/** The namespaces of a cluster: declared ones, and those that are only implied by what lies in them (S61, D14). */
import type { KubeObjects, Labels, NamespaceObject } from '../kube/objects.ts';
import type { ClusterNamespace } from './entities.ts';
import { compareText, sortedUnique } from './order.ts';

export const NAMESPACE_NAME_LABEL = 'kubernetes.io/metadata.name';

export function collectNamespaces(objects: KubeObjects): readonly ClusterNamespace[] {
  const declared = new Map<string, NamespaceObject>();
  for (const object of sortedUnique(objects.namespaces)) declared.set(object.meta.name, object);
  const names = new Set(declared.keys());
  for (const list of [
    objects.pods,
    objects.workloads,
    objects.services,
    objects.networkPolicies,
    objects.ingresses,
    objects.httpRoutes,
    objects.gateways,
  ]) {
    for (const object of list) names.add(object.meta.namespace);
  }
  return [...names].sort(compareText).map((name, index) => {
    const object = declared.get(name);
    return { index, name, labels: namespaceLabels(name, object?.meta.labels), labelsKnown: object !== undefined };
  });
}

/** The server sets the name label itself, whatever was written (S61). */
export function namespaceLabels(name: string, given: Labels | undefined): Labels {
  if (given?.get(NAMESPACE_NAME_LABEL) === name) return given;
  const labels = new Map(given);
  labels.set(NAMESPACE_NAME_LABEL, name);
  return labels;
}
