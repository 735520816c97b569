/** Objects of a small cluster, as manifests and decoded. */
import type { KubeObject } from '../../src/kube/objects.ts';
import { readManifests } from '../../src/kube/read.ts';
import type { Manifest } from '../oracle/manifest.ts';

export function pod(name: string, address: string, nodeName = 'node-1', namespace = 'shop'): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { app: name } },
    spec: { nodeName, containers: [{ name: 'main' }] },
    status: { phase: 'Running', podIP: address },
  };
}

export function namespace(name: string, annotations: Record<string, string> = {}): Manifest {
  const labels = { 'kubernetes.io/metadata.name': name };
  const metadata = { name, labels, annotations };
  return { apiVersion: 'v1', kind: 'Namespace', metadata };
}

export function node(name: string, address: string, podCIDR: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name },
    spec: { podCIDR, podCIDRs: [podCIDR] },
    status: { addresses: [{ type: 'InternalIP', address }] },
  };
}

/** Lets only pods labelled `app: from` reach the pods labelled `app: to`, on one port. */
export function allow(name: string, to: string, from: string, port: number, annotations: Record<string, string> = {}) {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace: 'shop', annotations },
    spec: {
      podSelector: { matchLabels: { app: to } },
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ podSelector: { matchLabels: { app: from } } }], ports: [{ port }] }],
    },
  } as Manifest;
}

export const shop: readonly Manifest[] = [
  namespace('shop'),
  node('node-1', '192.0.2.1', '10.0.1.0/24'),
  node('node-2', '192.0.2.2', '10.0.2.0/24'),
  pod('web', '10.0.1.1'),
  pod('db', '10.0.1.2'),
  pod('far', '10.0.2.1', 'node-2'),
  allow('db', 'db', 'web', 5432),
  allow('web', 'web', 'far', 80),
];

export function decoded(manifests: readonly Manifest[]): KubeObject[] {
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests });
  const { objects, rejected } = readManifests([{ name: 'cluster.json', text }]);
  if (rejected > 0) throw new Error('an object is invalid');
  const lists: readonly (readonly KubeObject[])[] = Object.values(objects);
  return lists.flat();
}
