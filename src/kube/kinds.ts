/** The table of kinds that Sallyport reads, and who serves them. */
import {
  decodeAdminNetworkPolicy,
  decodeBaselineAdminNetworkPolicy,
  decodeClusterNetworkPolicy,
} from './cluster-policy.ts';
import { CLUSTER_POLICY } from './cluster-policy-schema.ts';
import type { DecodeRules } from './decoder.ts';
import { decodeEndpoints, decodeEndpointSlice, ENDPOINT_SLICE, ENDPOINTS } from './endpoints.ts';
import type { Fields } from './fields.ts';
import { type Shape, shape } from './shape.ts';
import { decodeGateway, decodeHttpRoute, GATEWAY, HTTP_ROUTE } from './gateway.ts';
import { decodeIngress, INGRESS } from './ingress.ts';
import type { LabelPool } from './label-pool.ts';
import type { DecodedMetadata } from './metadata.ts';
import { decodeNetworkPolicy, NETWORK_POLICY } from './network-policy.ts';
import { decodeNode, NAMESPACE, NODE, withNameLabel } from './node-and-namespace.ts';
import type { KubeObject, WorkloadKind } from './objects.ts';
import { decodePodFacts, decodePodStatus, POD } from './pod.ts';
import { decodeService } from './service.ts';
import { dns1035LabelProblems, dnsLabelProblems, subdomainProblems } from './syntax.ts';
import { decodeWorkload } from './workload.ts';

/** What all objects have in common. */
type Base = Pick<KubeObject, 'apiVersion' | 'meta' | 'span'>;

export interface KindDefinition {
  readonly kind: string;
  /** Versions that are read, the preferred one first. */
  readonly apiVersions: readonly string[];
  readonly namespaced: boolean;
  readonly shape: Shape;
  readonly rules: DecodeRules;
  readonly nameProblems: (name: string) => readonly string[];
  /** Usually one object; an Endpoints object has one per subset. */
  readonly decode: (fields: Fields, base: Base, metadata: DecodedMetadata, pool: LabelPool) => readonly KubeObject[];
}

const STRICT: DecodeRules = { dialect: 'go', unknownFields: 'error' };
const STRICT_SCHEMA: DecodeRules = { dialect: 'schema', unknownFields: 'error' };
const LENIENT: DecodeRules = { dialect: 'go', unknownFields: 'warning' };
const LENIENT_SCHEMA: DecodeRules = { dialect: 'schema', unknownFields: 'warning' };

const COMMON = { nameProblems: subdomainProblems, rules: LENIENT, namespaced: true };

function workload(kind: WorkloadKind, apiVersion: string): KindDefinition {
  return {
    ...COMMON,
    kind,
    apiVersions: [apiVersion],
    shape: shape(`v1.${kind}`, 'apiVersion kind metadata spec status'),
    decode: (fields, base, _metadata, pool) => [{ kind, ...base, ...decodeWorkload(fields, kind, pool) }],
  };
}

/** Service names may begin with a digit where the server's relaxed check is on, so only a warning keeps them apart. */
function serviceNameProblems(name: string): readonly string[] {
  const problems = dns1035LabelProblems(name);
  return problems.length === 0 || dnsLabelProblems(name).length === 0 ? [] : problems;
}

export const KINDS: readonly KindDefinition[] = [
  {
    ...COMMON,
    kind: 'Namespace',
    apiVersions: ['v1'],
    namespaced: false,
    shape: NAMESPACE,
    nameProblems: dnsLabelProblems,
    decode: (_fields, base) => [{ kind: 'Namespace', ...base, meta: withNameLabel(base.meta) }],
  },
  {
    ...COMMON,
    kind: 'Node',
    apiVersions: ['v1'],
    namespaced: false,
    shape: NODE,
    decode: (fields, base) => [{ kind: 'Node', ...base, ...decodeNode(fields) }],
  },
  {
    ...COMMON,
    kind: 'Pod',
    apiVersions: ['v1'],
    shape: POD,
    decode: (fields, base, { terminating }) => [
      { kind: 'Pod', ...base, pod: decodePodFacts(fields, base.meta.labels), ...decodePodStatus(fields), terminating },
    ],
  },
  workload('Deployment', 'apps/v1'),
  workload('ReplicaSet', 'apps/v1'),
  workload('StatefulSet', 'apps/v1'),
  workload('DaemonSet', 'apps/v1'),
  workload('Job', 'batch/v1'),
  workload('CronJob', 'batch/v1'),
  workload('ReplicationController', 'v1'),
  {
    ...COMMON,
    kind: 'Service',
    apiVersions: ['v1'],
    shape: shape('v1.Service', 'apiVersion kind metadata spec status'),
    nameProblems: serviceNameProblems,
    decode: (fields, base, _metadata, pool) => [{ kind: 'Service', ...base, ...decodeService(fields, pool) }],
  },
  {
    ...COMMON,
    kind: 'Endpoints',
    apiVersions: ['v1'],
    shape: ENDPOINTS,
    decode: (fields, base) =>
      decodeEndpoints(fields, base.meta).map((parts) => ({ kind: 'Endpoints' as const, ...base, ...parts })),
  },
  {
    ...COMMON,
    kind: 'EndpointSlice',
    apiVersions: ['discovery.k8s.io/v1'],
    shape: ENDPOINT_SLICE,
    decode: (fields, base) => [{ kind: 'EndpointSlice', ...base, ...decodeEndpointSlice(fields, base.meta) }],
  },
  {
    ...COMMON,
    kind: 'Ingress',
    apiVersions: ['networking.k8s.io/v1'],
    shape: INGRESS,
    decode: (fields, base) => [{ kind: 'Ingress', ...base, ...decodeIngress(fields, base.meta) }],
  },
  {
    ...COMMON,
    kind: 'HTTPRoute',
    apiVersions: ['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1beta1'],
    shape: HTTP_ROUTE,
    rules: LENIENT_SCHEMA,
    decode: (fields, base) => [{ kind: 'HTTPRoute', ...base, ...decodeHttpRoute(fields, base.meta) }],
  },
  {
    ...COMMON,
    kind: 'Gateway',
    apiVersions: ['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1beta1'],
    shape: GATEWAY,
    rules: LENIENT_SCHEMA,
    decode: (fields, base) => [{ kind: 'Gateway', ...base, ...decodeGateway(fields) }],
  },
  {
    ...COMMON,
    kind: 'NetworkPolicy',
    apiVersions: ['networking.k8s.io/v1'],
    shape: NETWORK_POLICY,
    rules: STRICT,
    decode: (fields, base) => [{ kind: 'NetworkPolicy', ...base, ...decodeNetworkPolicy(fields) }],
  },
  {
    ...COMMON,
    kind: 'ClusterNetworkPolicy',
    // The same fields with the same meaning; v1beta1 also refuses host bits in `networks`.
    apiVersions: ['policy.networking.k8s.io/v1alpha2', 'policy.networking.k8s.io/v1beta1'],
    namespaced: false,
    shape: CLUSTER_POLICY,
    rules: STRICT_SCHEMA,
    decode: (fields, base) => [{ kind: 'ClusterNetworkPolicy', ...base, ...decodeClusterNetworkPolicy(fields) }],
  },
  {
    ...COMMON,
    kind: 'AdminNetworkPolicy',
    apiVersions: ['policy.networking.k8s.io/v1alpha1'],
    namespaced: false,
    shape: CLUSTER_POLICY,
    rules: STRICT_SCHEMA,
    decode: (fields, base) => [{ kind: 'AdminNetworkPolicy', ...base, ...decodeAdminNetworkPolicy(fields) }],
  },
  {
    ...COMMON,
    kind: 'BaselineAdminNetworkPolicy',
    apiVersions: ['policy.networking.k8s.io/v1alpha1'],
    namespaced: false,
    shape: CLUSTER_POLICY,
    rules: STRICT_SCHEMA,
    decode: (fields, base) => [
      { kind: 'BaselineAdminNetworkPolicy', ...base, ...decodeBaselineAdminNetworkPolicy(fields, base.meta.name) },
    ],
  },
];
