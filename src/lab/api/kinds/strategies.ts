/**
 * What the API server does with each kind beyond storing it. Kinds that are not here are stored as they come; definitions
 * of custom resources are a matter of `../rest`, which serves them.
 */
import { controllerRevisionStrategy } from './controller-revision.ts';
import { configMapStrategy, secretStrategy } from './data-objects.ts';
import { endpointSliceStrategy, endpointsStrategy } from './endpoints.ts';
import { eventStrategy } from './event.ts';
import { jobStrategy } from './job.ts';
import { leaseStrategy } from './lease.ts';
import { namespaceStrategy } from './namespace.ts';
import { clusterPolicyStrategy, networkPolicyStrategy } from './network-policy.ts';
import { nodeStrategy } from './node.ts';
import { podStrategy } from './pod.ts';
import { serviceStrategy } from './service.ts';
import type { Strategy } from './strategy.ts';
import { daemonSetStrategy, deploymentStrategy, replicaSetStrategy, statefulSetStrategy } from './workloads.ts';

/** By kind. */
export const strategies: ReadonlyMap<string, Strategy> = new Map([
  ['AdminNetworkPolicy', clusterPolicyStrategy],
  ['BaselineAdminNetworkPolicy', clusterPolicyStrategy],
  ['ClusterNetworkPolicy', clusterPolicyStrategy],
  ['ConfigMap', configMapStrategy],
  ['ControllerRevision', controllerRevisionStrategy],
  ['DaemonSet', daemonSetStrategy],
  ['Deployment', deploymentStrategy],
  ['EndpointSlice', endpointSliceStrategy],
  ['Endpoints', endpointsStrategy],
  ['Event', eventStrategy],
  ['Job', jobStrategy],
  ['Lease', leaseStrategy],
  ['Namespace', namespaceStrategy],
  ['NetworkPolicy', networkPolicyStrategy],
  ['Node', nodeStrategy],
  ['Pod', podStrategy],
  ['ReplicaSet', replicaSetStrategy],
  ['Secret', secretStrategy],
  ['Service', serviceStrategy],
  ['StatefulSet', statefulSetStrategy],
]);
