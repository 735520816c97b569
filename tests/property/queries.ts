/** Which connections of a cluster are worth asking about. */
import { parseAddress } from '../oracle/addresses.ts';
import type { Manifest, RawPodSpec } from '../oracle/manifest.ts';
import type { End, Query } from '../oracle/oracle.ts';
import { outsideAddresses } from './random-cluster.ts';

export function endName(end: End): string {
  if ('pod' in end) return end.pod;
  return 'node' in end ? `node/${end.node}` : `ip/${end.ip}`;
}

/** Live pods, nodes, and addresses outside. */
export function endsOf(objects: readonly Manifest[]): End[] {
  const pods = objects.filter(
    (object) => object.kind === 'Pod' && !['Succeeded', 'Failed'].includes(object.status?.phase ?? ''),
  );
  const nodes = objects.filter((object) => object.kind === 'Node');
  return [
    ...pods.map((pod) => ({ pod: `${pod.metadata.namespace ?? 'default'}/${pod.metadata.name}` })),
    ...nodes.map((node) => ({ node: node.metadata.name })),
    ...outsideAddresses.filter((ip) => !isTaken(objects, ip)).map((ip) => ({ ip })),
  ];
}

function isTaken(objects: readonly Manifest[], ip: string): boolean {
  const value = parseAddress(ip)?.value;
  return objects.some(({ status }) =>
    [
      status?.podIP ?? '',
      ...(status?.podIPs ?? []).map((each) => each.ip),
      ...(status?.addresses ?? []).map((each) => each.address),
    ].some((text) => parseAddress(text)?.value === value),
  );
}

export const askedPorts: readonly Pick<Query, 'protocol' | 'port'>[] = [
  { protocol: 'TCP', port: 80 },
  { protocol: 'TCP', port: 53 },
  { protocol: 'TCP', port: 81 },
  { protocol: 'TCP', port: 443 },
  { protocol: 'TCP', port: 82 },
  { protocol: 'UDP', port: 53 },
  { protocol: 'UDP', port: 80 },
  { protocol: 'UDP', port: 65535 },
  { protocol: 'SCTP', port: 80 },
  { protocol: 'SCTP', port: 1 },
  { protocol: 'other', port: 0 },
];

/** Every ordered pair of ends of which at least one is a pod; a pod with itself too. */
export function* pairsOf(objects: readonly Manifest[]): Generator<{ readonly from: End; readonly to: End }> {
  const ends = endsOf(objects);
  for (const from of ends) {
    for (const to of ends) if ('pod' in from || 'pod' in to) yield { from, to };
  }
}

/** Whether the oracle may be asked: every namespace declared, every pod with an address and on a node that is there. */
export function isComplete(objects: readonly Manifest[]): boolean {
  const named = (kind: string) =>
    new Set(objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata?.name));
  const [namespaces, nodes] = [named('Namespace'), named('Node')];
  return objects.every((object) => {
    if (typeof object.metadata?.name !== 'string') return false;
    const namespaced = object.kind === 'Pod' || object.kind === 'NetworkPolicy';
    if (namespaced && !namespaces.has(object.metadata.namespace ?? 'default')) return false;
    if (object.kind === 'Node')
      return (object.status?.addresses ?? []).some(({ address }) => parseAddress(address ?? '') !== undefined);
    if (object.kind !== 'Pod') return true;
    const spec: RawPodSpec = object.spec ?? {};
    const ips = object.status?.podIPs?.map(({ ip }) => ip) ?? [object.status?.podIP ?? ''];
    return nodes.has(spec.nodeName ?? '') && ips.length > 0 && ips.every((ip) => parseAddress(ip ?? '') !== undefined);
  });
}
