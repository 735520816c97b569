/** The built-in resources that the lab serves. Custom resource definitions add to them at run time. */
import type { MessageName } from './message-table.ts';

/** A resource as discovery names it. */
export interface Resource {
  /** `''` for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
  readonly subresources: readonly Subresource[];
  /** Its fields; `undefined` for custom resources, whose schema is in their definition. */
  readonly message: MessageName | undefined;
  /** A custom resource: no strategic merge patches, no protobuf. */
  readonly custom: boolean;
}

export interface Subresource {
  /** `status`, `exec`, ... */
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

export const storedVerbs: readonly string[] = [
  'create',
  'delete',
  'deletecollection',
  'get',
  'list',
  'patch',
  'update',
  'watch',
];

const CLUSTER = { namespaced: false };
const CREATE_ONLY = { namespaced: false, verbs: ['create'] };
const CUSTOM = { namespaced: false, custom: true };

interface Extras {
  readonly namespaced?: boolean;
  readonly short?: string;
  readonly all?: boolean;
  readonly verbs?: readonly string[];
  readonly custom?: boolean;
  readonly message?: MessageName;
  /** Without `status`, which `hasStatus` adds. */
  readonly subresources?: readonly Subresource[];
  readonly hasStatus?: boolean;
}

function resource(apiVersion: string, kind: MessageName, plural: string, extras: Extras = {}): Resource {
  const [group, version] = splitApiVersion(apiVersion);
  const status = { name: 'status', group, version, kind, verbs: ['get', 'patch', 'update'] };
  return {
    group,
    version,
    kind,
    plural,
    singular: kind.toLowerCase(),
    namespaced: extras.namespaced ?? true,
    shortNames: extras.short?.split(' ') ?? [],
    categories: extras.all === true ? ['all'] : [],
    verbs: extras.verbs ?? storedVerbs,
    subresources: [...(extras.subresources ?? []), ...(extras.hasStatus === true ? [status] : [])],
    message: extras.message ?? kind,
    custom: extras.custom ?? false,
  };
}

/** Group and version of `v1` or `apps/v1`. */
export function splitApiVersion(apiVersion: string): [group: string, version: string] {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? ['', apiVersion] : [apiVersion.slice(0, slash), apiVersion.slice(slash + 1)];
}

const SCALE: Subresource = {
  name: 'scale',
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  verbs: ['get', 'patch', 'update'],
};

const FINALIZE: Subresource = { name: 'finalize', group: '', version: 'v1', kind: 'Namespace', verbs: ['update'] };
const TOKEN: Subresource = {
  name: 'token',
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenRequest',
  verbs: ['create'],
};

const connect = ['create', 'get'];
const POD_SUBRESOURCES: readonly Subresource[] = [
  { name: 'attach', group: '', version: 'v1', kind: 'PodAttachOptions', verbs: connect },
  { name: 'binding', group: '', version: 'v1', kind: 'Binding', verbs: ['create'] },
  { name: 'ephemeralcontainers', group: '', version: 'v1', kind: 'Pod', verbs: ['get', 'patch', 'update'] },
  { name: 'eviction', group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] },
  { name: 'exec', group: '', version: 'v1', kind: 'PodExecOptions', verbs: connect },
  { name: 'log', group: '', version: 'v1', kind: 'Pod', verbs: ['get'] },
  { name: 'portforward', group: '', version: 'v1', kind: 'PodPortForwardOptions', verbs: connect },
];

const withScale = { all: true, hasStatus: true, subresources: [SCALE] };

/** In the order of discovery: the core group first, preferred versions first. */
export const builtInResources: readonly Resource[] = [
  resource('v1', 'ConfigMap', 'configmaps', { short: 'cm' }),
  resource('v1', 'Endpoints', 'endpoints', { short: 'ep' }),
  resource('v1', 'Event', 'events', { short: 'ev' }),
  resource('v1', 'Namespace', 'namespaces', {
    ...CLUSTER,
    short: 'ns',
    hasStatus: true,
    subresources: [FINALIZE],
  }),
  resource('v1', 'Node', 'nodes', { ...CLUSTER, short: 'no', hasStatus: true }),
  resource('v1', 'Pod', 'pods', { short: 'po', all: true, hasStatus: true, subresources: POD_SUBRESOURCES }),
  resource('v1', 'Secret', 'secrets'),
  resource('v1', 'Service', 'services', { short: 'svc', all: true, hasStatus: true }),
  resource('v1', 'ServiceAccount', 'serviceaccounts', { short: 'sa', subresources: [TOKEN] }),
  resource('apps/v1', 'ControllerRevision', 'controllerrevisions'),
  resource('apps/v1', 'DaemonSet', 'daemonsets', { short: 'ds', all: true, hasStatus: true }),
  resource('apps/v1', 'Deployment', 'deployments', { short: 'deploy', ...withScale }),
  resource('apps/v1', 'ReplicaSet', 'replicasets', { short: 'rs', ...withScale }),
  resource('apps/v1', 'StatefulSet', 'statefulsets', { short: 'sts', ...withScale }),
  resource('batch/v1', 'Job', 'jobs', { all: true, hasStatus: true }),
  resource('networking.k8s.io/v1', 'NetworkPolicy', 'networkpolicies', { short: 'netpol' }),
  resource('discovery.k8s.io/v1', 'EndpointSlice', 'endpointslices'),
  resource('coordination.k8s.io/v1', 'Lease', 'leases'),
  resource('authentication.k8s.io/v1', 'SelfSubjectReview', 'selfsubjectreviews', CREATE_ONLY),
  resource('authentication.k8s.io/v1', 'TokenReview', 'tokenreviews', CREATE_ONLY),
  resource('authorization.k8s.io/v1', 'LocalSubjectAccessReview', 'localsubjectaccessreviews', { verbs: ['create'] }),
  resource('authorization.k8s.io/v1', 'SelfSubjectAccessReview', 'selfsubjectaccessreviews', CREATE_ONLY),
  resource('authorization.k8s.io/v1', 'SelfSubjectRulesReview', 'selfsubjectrulesreviews', CREATE_ONLY),
  resource('authorization.k8s.io/v1', 'SubjectAccessReview', 'subjectaccessreviews', CREATE_ONLY),
  resource('apiextensions.k8s.io/v1', 'CustomResourceDefinition', 'customresourcedefinitions', {
    ...CLUSTER,
    short: 'crd crds',
    hasStatus: true,
  }),
  resource('policy.networking.k8s.io/v1alpha2', 'ClusterNetworkPolicy', 'clusternetworkpolicies', {
    ...CUSTOM,
    short: 'cnp',
    hasStatus: true,
  }),
  resource('policy.networking.k8s.io/v1alpha1', 'AdminNetworkPolicy', 'adminnetworkpolicies', {
    ...CUSTOM,
    short: 'anp',
    hasStatus: true,
  }),
  resource('policy.networking.k8s.io/v1alpha1', 'BaselineAdminNetworkPolicy', 'baselineadminnetworkpolicies', {
    ...CUSTOM,
    short: 'banp',
    hasStatus: true,
  }),
];

/** Kinds that only come in bodies or go out in answers, by the group and version they are written with. */
const bodyKinds: ReadonlyMap<string, MessageName> = new Map([
  ['v1/Binding', 'Binding'],
  ['authentication.k8s.io/v1/TokenRequest', 'TokenRequest'],
  ['policy/v1/Eviction', 'Eviction'],
  ['autoscaling/v1/Scale', 'Scale'],
]);

/** The fields of a kind as a body names it, built-in resources and options alike; `undefined` when the lab has none. */
export function messageOf(apiVersion: string, kind: string): MessageName | undefined {
  // Delete options are part of every group.
  if (kind === 'DeleteOptions') return 'DeleteOptions';
  const [group, version] = splitApiVersion(apiVersion);
  const found = builtInResources.find((r) => r.kind === kind && r.group === group && r.version === version);
  return found?.message ?? bodyKinds.get(`${apiVersion}/${kind}`);
}
