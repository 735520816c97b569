/** Small clusters for the tables of these tests. */
import { expect } from 'vitest';

import { createEngine, type Engine } from '../../src/engine/engine.ts';
import type { ConnectivityMap, PortsValue } from '../../src/engine/results.ts';
import { readManifests } from '../../src/kube/read.ts';
import { buildCluster, type Cluster } from '../../src/model/cluster.ts';

export function clusterOf(...texts: readonly string[]): Cluster {
  const inputs = texts.map((text, index) => ({ name: `input-${index}.yaml`, text }));
  const { objects, diagnostics } = readManifests(inputs);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return buildCluster(objects);
}

export function engineOf(...texts: readonly string[]): Engine {
  return createEngine(clusterOf(...texts));
}

/** `TCP 80,8000-8010; UDP 53`, `any`, `none`. */
export function portsText(ports: PortsValue | 'none'): string {
  if (typeof ports === 'string') return ports;
  if (ports.length === 0) return 'none';
  return ports
    .map(({ protocol, ranges }) =>
      [protocol, ranges.map(([a, b]) => (a === b ? String(a) : `${a}-${b}`)).join()].join(' ').trim(),
    )
    .join('; ');
}

/** One line a connection, in the order of the map. */
export function connectionLines(map: ConnectivityMap): string[] {
  return map.connections.map(({ from, to, ports, replicas, certain }) => {
    const marks = [replicas === 'some' ? ' (some)' : '', certain === false ? ' (uncertain)' : ''].join('');
    return `${from} -> ${to}: ${portsText(ports)}${marks}`;
  });
}

export function exposureLines(map: ConnectivityMap): string[] {
  return map.exposed.map(({ via, to, ports, allowed, certain }) => {
    const mark = certain === false ? ' (uncertain)' : '';
    return `${via} -> ${to}: ${portsText(ports)} ${allowed ? 'allowed' : 'denied'}${mark}`;
  });
}

export function namespace(name: string, labels: Readonly<Record<string, string>> = {}): string {
  return yaml({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
}

interface WorkloadOptions {
  readonly kind?: 'Deployment' | 'StatefulSet' | 'DaemonSet';
  readonly replicas?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly protocol?: string }[];
  readonly hostNetwork?: boolean;
}

export function workload(namespaceName: string, name: string, options: WorkloadOptions = {}): string {
  const { kind = 'Deployment', replicas, labels = { app: name }, ports = [], hostNetwork } = options;
  return yaml({
    apiVersion: 'apps/v1',
    kind,
    metadata: { namespace: namespaceName, name },
    spec: {
      ...(replicas === undefined ? {} : { replicas }),
      ...(kind === 'StatefulSet' ? { serviceName: name } : {}),
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          ...(hostNetwork === undefined ? {} : { hostNetwork }),
          containers: [{ name: 'main', image: 'main', ports }],
        },
      },
    },
  });
}

interface PodOptions {
  readonly labels?: Readonly<Record<string, string>>;
  readonly ips?: readonly string[];
  readonly node?: string;
  readonly owner?: { readonly kind: string; readonly name: string };
  readonly hostNetwork?: boolean;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number; readonly protocol?: string }[];
  readonly phase?: string;
}

export function pod(namespaceName: string, name: string, options: PodOptions = {}): string {
  const { labels = { app: name }, ips = [], node, owner, hostNetwork, ports = [], phase = 'Running' } = options;
  const references =
    owner === undefined ? {} : { ownerReferences: [{ apiVersion: 'apps/v1', uid: 'u', controller: true, ...owner }] };
  return yaml({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: namespaceName, name, labels, ...references },
    spec: {
      ...(node === undefined ? {} : { nodeName: node }),
      ...(hostNetwork === undefined ? {} : { hostNetwork }),
      containers: [{ name: 'main', image: 'main', ports }],
    },
    status: { phase, ...(ips.length > 0 ? { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) } : {}) },
  });
}

export function service(namespaceName: string, name: string, spec: Readonly<Record<string, unknown>>): string {
  return yaml({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: namespaceName, name },
    spec: { selector: { app: name }, ...spec },
  });
}

export function policy(namespaceName: string, name: string, spec: Readonly<Record<string, unknown>>): string {
  return yaml({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace: namespaceName, name },
    spec: { podSelector: {}, ...spec },
  });
}

/** JSON is YAML; the leading marker lets documents be joined. */
export function yaml(object: unknown): string {
  return `---\n${JSON.stringify(object)}\n`;
}
