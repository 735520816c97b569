/** What the API server does with each kind beyond storing it. Kinds that are not here are stored as they come. */
import { namespaceStrategy } from './namespace.ts';
import { clusterPolicyStrategy, networkPolicyStrategy } from './network-policy.ts';
import { podStrategy } from './pod.ts';
import { serviceStrategy } from './service.ts';
import type { Strategy } from './strategy.ts';

/** By kind. */
export const strategies: ReadonlyMap<string, Strategy> = new Map([
  ['AdminNetworkPolicy', clusterPolicyStrategy],
  ['BaselineAdminNetworkPolicy', clusterPolicyStrategy],
  ['ClusterNetworkPolicy', clusterPolicyStrategy],
  ['Namespace', namespaceStrategy],
  ['NetworkPolicy', networkPolicyStrategy],
  ['Pod', podStrategy],
  ['Service', serviceStrategy],
]);
