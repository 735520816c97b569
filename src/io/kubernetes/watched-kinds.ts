/** The kinds that Sallyport reads from a live cluster, in the versions that it asks for. */
import type { KubeResource } from './resource.ts';

function core(kind: string, plural: string, namespaced = true): KubeResource {
  return { group: '', version: 'v1', plural, kind, namespaced };
}

function grouped(group: string, version: string, kind: string, plural: string, namespaced = true): KubeResource {
  return { group, version, plural, kind, namespaced };
}

const policyGroup = 'policy.networking.k8s.io';

/** What decides verdicts: all that the node agent needs. The three cluster policies are CRDs and often absent. */
export const enforcedKinds: readonly KubeResource[] = [
  core('Namespace', 'namespaces', false),
  core('Node', 'nodes', false),
  core('Pod', 'pods'),
  grouped('networking.k8s.io', 'v1', 'NetworkPolicy', 'networkpolicies'),
  grouped(policyGroup, 'v1alpha2', 'ClusterNetworkPolicy', 'clusternetworkpolicies', false),
  grouped(policyGroup, 'v1alpha1', 'AdminNetworkPolicy', 'adminnetworkpolicies', false),
  grouped(policyGroup, 'v1alpha1', 'BaselineAdminNetworkPolicy', 'baselineadminnetworkpolicies', false),
];

/** What answers name and doors are made of, besides {@link enforcedKinds}. EndpointSlices mirror Endpoints. */
const describedKinds: readonly KubeResource[] = [
  core('Service', 'services'),
  grouped('discovery.k8s.io', 'v1', 'EndpointSlice', 'endpointslices'),
  grouped('apps', 'v1', 'Deployment', 'deployments'),
  grouped('apps', 'v1', 'ReplicaSet', 'replicasets'),
  grouped('apps', 'v1', 'StatefulSet', 'statefulsets'),
  grouped('apps', 'v1', 'DaemonSet', 'daemonsets'),
  grouped('batch', 'v1', 'Job', 'jobs'),
  grouped('batch', 'v1', 'CronJob', 'cronjobs'),
  core('ReplicationController', 'replicationcontrollers'),
  grouped('networking.k8s.io', 'v1', 'Ingress', 'ingresses'),
  grouped('gateway.networking.k8s.io', 'v1', 'HTTPRoute', 'httproutes'),
  grouped('gateway.networking.k8s.io', 'v1', 'Gateway', 'gateways'),
];

/** Everything that the model is made of. */
export const watchedKinds: readonly KubeResource[] = [...enforcedKinds, ...describedKinds];
