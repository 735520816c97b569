/** The standard grid of the upstream end-to-end suite: three namespaces of three pods that serve everything. */
import type { Manifest } from '../oracle/manifest.ts';

const namespaces = ['x', 'y', 'z'] as const;
const names = ['a', 'b', 'c'] as const;
const ports = [80, 81] as const;
const protocols = ['TCP', 'UDP', 'SCTP'] as const;

export const gridPods: readonly string[] = namespaces.flatMap((namespace) =>
  names.map((name) => `${namespace}/${name}`),
);
export const gridPorts: readonly string[] = protocols.flatMap((protocol) => ports.map((port) => `${protocol}/${port}`));

function pod(namespace: string, name: string): Manifest {
  const n = namespaces.findIndex((each) => each === namespace) + 1;
  const p = names.findIndex((each) => each === name) + 1;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { pod: name } },
    spec: {
      nodeName: `n${p}`,
      containers: ports.flatMap((port) =>
        protocols.map((protocol) => ({
          name: `serve-${port}-${protocol.toLowerCase()}`,
          image: 'serve',
          ports: [{ name: `serve-${port}-${protocol.toLowerCase()}`, containerPort: port, protocol }],
        })),
      ),
    },
    status: {
      phase: 'Running',
      podIP: `10.0.${n}.${p}`,
      podIPs: [{ ip: `10.0.${n}.${p}` }, { ip: `fd00::${n}:${p}` }],
    },
  };
}

/** The namespaces, and the pods named (`x/a`). */
export function grid(pods: readonly string[]): Manifest[] {
  return [
    ...namespaces.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })),
    ...pods.map((each) => pod(each.split('/')[0] ?? '', each.split('/')[1] ?? '')),
  ];
}
