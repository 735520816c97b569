/** What a lab has before anybody has applied anything: its API as a Service, and its DNS. */
import type { JsonObject } from './api/json.ts';
import { type Rest, systemContext } from './api/rest/rest.ts';
import { nameOf, namespaceOf } from './api/field-values.ts';
import { type ObjectKey, type ObjectStore, resourceKey } from './api/store/object-store.ts';
import { BugError } from '../base/assert.ts';
import type { Clock } from '../io/kubernetes/clock.ts';
import type { LabNetworks } from './networks.ts';

export const DNS_IMAGE = 'registry.k8s.io/coredns/coredns:v1.12.1';
const DNS_LABELS = { 'k8s-app': 'kube-dns' };

/** As the last of the seeds: their namespaces are there. */
export function createSystemObjects(rest: Rest, networks: LabNetworks): void {
  for (const each of apiObjects(networks)) create(rest, 'default', each);
  create(rest, 'kube-system', ['', 'v1', 'services', dnsService(networks)]);
  create(rest, 'kube-system', ['apps', 'v1', 'deployments', dnsDeployment()]);
}

/** A real API server looks every ten seconds; here nobody has to wait so long. */
const RESTORED_AFTER_MS = 20;

/**
 * As a real API server, brings its Service back when somebody deletes it: `kubectl delete service --all` is how exercises
 * clean up. The result ends that.
 */
export function keepApiService(store: ObjectStore, rest: Rest, networks: LabNetworks, clock: Clock): () => void {
  const kept = apiObjects(networks).map((each) => [keyOf(each), each] as const);
  let cancel: (() => void) | undefined;
  const restore = (): void => {
    cancel = undefined;
    for (const [key, each] of kept) if (store.find(key) === undefined) create(rest, key.namespace, each);
  };
  const unsubscribe = store.subscribe(({ type, resource, object }) => {
    if (type !== 'DELETED' || cancel !== undefined) return;
    const lost = kept.some(
      ([key]) => resourceKey(key) === resource && nameOf(object) === key.name && namespaceOf(object) === key.namespace,
    );
    if (lost) cancel = clock.after(RESTORED_AFTER_MS, restore);
  });
  return () => {
    unsubscribe();
    cancel?.();
  };
}

type SystemObject = readonly [group: string, version: string, plural: string, object: JsonObject];

function create(rest: Rest, namespace: string, [group, version, plural, object]: SystemObject): void {
  const resource = rest.find(group, version, plural);
  if (resource === undefined) throw new BugError(`no resource ${plural}`);
  rest.create({ resource, namespace }, object, systemContext('lab'));
}

function keyOf([group, , plural, object]: SystemObject): ObjectKey {
  return { group, plural, namespace: 'default', name: nameOf(object) };
}

function apiObjects(networks: LabNetworks): readonly SystemObject[] {
  return [
    ['', 'v1', 'services', apiService(networks)],
    ...apiSlices(networks).map((slice): SystemObject => ['discovery.k8s.io', 'v1', 'endpointslices', slice]),
    ['', 'v1', 'endpoints', apiEndpoints(networks)],
  ];
}

function families(networks: LabNetworks): JsonObject {
  return {
    ipFamilies: networks.families.map((family) => `IPv${family}`),
    ipFamilyPolicy: networks.families.length > 1 ? 'RequireDualStack' : 'SingleStack',
  };
}

function apiService(networks: LabNetworks): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'kubernetes', labels: { component: 'apiserver', provider: 'kubernetes' } },
    spec: {
      ...families(networks),
      clusterIP: networks.apiService[0] ?? '',
      clusterIPs: [...networks.apiService],
      ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: networks.apiPort }],
    },
  };
}

/** Nobody watches over them: the API server is there as long as the lab is. */
function apiSlices(networks: LabNetworks): readonly JsonObject[] {
  return networks.families.map((family, index) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: index === 0 ? 'kubernetes' : `kubernetes-ipv${family}`,
      labels: { 'kubernetes.io/service-name': 'kubernetes' },
    },
    addressType: `IPv${family}`,
    endpoints: [{ addresses: [networks.controlPlane[index] ?? ''], conditions: { ready: true } }],
    ports: [{ name: 'https', port: networks.apiPort, protocol: 'TCP' }],
  }));
}

function apiEndpoints(networks: LabNetworks): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'kubernetes', labels: { 'endpointslice.kubernetes.io/skip-mirror': 'true' } },
    subsets: [
      {
        addresses: networks.controlPlane.slice(0, 1).map((ip) => ({ ip })),
        ports: [{ name: 'https', port: networks.apiPort, protocol: 'TCP' }],
      },
    ],
  };
}

function dnsService(networks: LabNetworks): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'kube-dns', labels: { ...DNS_LABELS, 'kubernetes.io/name': 'CoreDNS' } },
    spec: {
      ...families(networks),
      clusterIP: networks.dnsService[0] ?? '',
      clusterIPs: [...networks.dnsService],
      selector: DNS_LABELS,
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
        { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 },
      ],
    },
  };
}

function dnsDeployment(): JsonObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'coredns', labels: DNS_LABELS },
    spec: {
      replicas: 1,
      selector: { matchLabels: DNS_LABELS },
      template: {
        metadata: { labels: DNS_LABELS },
        spec: {
          automountServiceAccountToken: false,
          dnsPolicy: 'Default',
          containers: [
            {
              name: 'coredns',
              image: DNS_IMAGE,
              ports: [
                { name: 'dns', containerPort: 53, protocol: 'UDP' },
                { name: 'dns-tcp', containerPort: 53, protocol: 'TCP' },
              ],
              readinessProbe: { tcpSocket: { port: 53 }, periodSeconds: 5 },
            },
          ],
        },
      },
    },
  };
}
