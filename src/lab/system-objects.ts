/** What a lab has before anybody has applied anything: its API as a Service, and its DNS. */
import type { JsonObject } from './api/json.ts';
import { type Rest, systemContext } from './api/rest/rest.ts';
import { BugError } from '../base/assert.ts';
import type { LabNetworks } from './networks.ts';

export const DNS_IMAGE = 'registry.k8s.io/coredns/coredns:v1.12.1';
const DNS_LABELS = { 'k8s-app': 'kube-dns' };

/** As the last of the seeds: their namespaces are there. */
export function createSystemObjects(rest: Rest, networks: LabNetworks): void {
  const context = systemContext('lab');
  const create = (group: string, version: string, plural: string, namespace: string, object: JsonObject): void => {
    const resource = rest.find(group, version, plural);
    if (resource === undefined) throw new BugError(`no resource ${plural}`);
    rest.create({ resource, namespace }, object, context);
  };
  create('', 'v1', 'services', 'default', apiService(networks));
  for (const slice of apiSlices(networks)) create('discovery.k8s.io', 'v1', 'endpointslices', 'default', slice);
  create('', 'v1', 'endpoints', 'default', apiEndpoints(networks));
  create('', 'v1', 'services', 'kube-system', dnsService(networks));
  create('apps', 'v1', 'deployments', 'kube-system', dnsDeployment());
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
