/** A cluster around one node: its pods, the policies that judge them, and peers elsewhere. */
import type { KubeObject, NetworkPolicyObject, PodObject } from '../src/kube/objects.ts';
import { readManifests } from '../src/kube/read.ts';

export interface PacketClusterSize {
  /** Of the node under test. */
  readonly localPods: number;
  readonly policies: number;
  /** Pods elsewhere; each is somebody whom some policy names. */
  readonly peers: number;
}

export const node = 'node-0';
export const ends = { client: '10.250.0.1', server: '10.250.0.2' } as const;

const groups = 100;
const peerNodes = 50;
const address = (base: number, i: number): string => `10.${base + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`;

const pod = (name: string, namespace: string, ip: string, nodeName: string, labels: object) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels },
  spec: { nodeName, containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 8080 }] }] },
  status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] },
});

export const peerManifest = (i: number, group: number) =>
  pod(`peer-${i}`, `ns-${i % 20}`, address(100, i), `node-${1 + (i % peerNodes)}`, { group: `g${group}` });

export const localManifest = (i: number, app: number) =>
  pod(`local-${i}`, `ns-${app % 20}`, address(60, i), node, { app: `a${app}` });

export function policyManifest(i: number, localPods: number, port: number) {
  const app = i % localPods;
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `policy-${i}`, namespace: `ns-${app % 20}` },
    spec: {
      podSelector: { matchLabels: { app: `a${app}` } },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        {
          from: [{ namespaceSelector: {}, podSelector: { matchLabels: { group: `g${i % groups}` } } }],
          ports: [{ port }, { protocol: 'UDP', port: 53 }],
        },
      ],
      egress: [
        { to: [{ ipBlock: { cidr: `172.${16 + (i % 16)}.0.0/16`, except: [`172.${16 + (i % 16)}.7.0/24`] } }] },
        { to: [{ namespaceSelector: {}, podSelector: { matchLabels: { group: `g${(i * 7) % groups}` } } }] },
      ],
    },
  };
}

/** The two ends of the measured connections: both gates are closed but for each other. */
const measured = [
  pod('client', 'bench', ends.client, node, { role: 'client' }),
  pod('server', 'bench', ends.server, node, { role: 'server' }),
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'client', namespace: 'bench' },
    spec: {
      podSelector: { matchLabels: { role: 'client' } },
      policyTypes: ['Egress'],
      egress: [{ to: [{ podSelector: { matchLabels: { role: 'server' } } }], ports: openPorts() }],
    },
  },
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'server', namespace: 'bench' },
    spec: {
      podSelector: { matchLabels: { role: 'server' } },
      ingress: [{ from: [{ podSelector: { matchLabels: { role: 'client' } } }], ports: openPorts() }],
    },
  },
];

function openPorts(): object[] {
  return [7001, 7002, 7003, 7004, 7005].map((port) => ({ protocol: port < 7004 ? 'TCP' : 'UDP', port }));
}

export function decode(manifests: readonly object[]): KubeObject[] {
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests });
  const { objects } = readManifests([{ name: 'cluster.json', text }]);
  const { namespaces, nodes, pods, networkPolicies, clusterPolicies } = objects;
  return [...namespaces, ...nodes, ...pods, ...networkPolicies, ...clusterPolicies];
}

export function decodeOne(manifest: object): PodObject | NetworkPolicyObject {
  const [only] = decode([manifest]);
  if (only?.kind !== 'Pod' && only?.kind !== 'NetworkPolicy') throw new Error('neither a pod nor a policy');
  return only;
}

export function clusterObjects({ localPods, policies, peers }: PacketClusterSize): KubeObject[] {
  const namespaces = ['bench', ...Array.from({ length: 20 }, (_, i) => `ns-${i}`)];
  return decode([
    ...namespaces.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
    ...Array.from({ length: peerNodes + 1 }, (_, i) => ({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: `node-${i}` },
      status: { addresses: [{ type: 'InternalIP', address: `192.0.2.${i + 1}` }] },
    })),
    ...measured,
    ...Array.from({ length: localPods }, (_, i) => localManifest(i, i)),
    ...Array.from({ length: peers }, (_, i) => peerManifest(i, i % groups)),
    ...Array.from({ length: policies }, (_, i) => policyManifest(i, localPods, 8000 + (i % 10))),
  ]);
}
