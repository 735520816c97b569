/** The ports that tell policies apart. */
import type { Engine } from '../engine/engine.ts';
import type { ClusterPolicyPort, Protocol } from '../kube/objects.ts';
import type { ProbePort } from './probe-plan.ts';

/** Nobody listens on it or names it, as a rule: what is open there is open everywhere. */
const UNNAMED: ProbePort = { protocol: 'TCP', port: 7357 };
const ORDER: readonly Protocol[] = ['TCP', 'UDP', 'SCTP'];

/** Those that pods declare, those at the edges of rules, and one that nobody names. Sorted; at most `most`. */
export function tellingPorts(
  engine: Engine,
  most: number,
): { readonly ports: readonly ProbePort[]; readonly left: number } {
  const declared = new Map<string, ProbePort>();
  const ruled = new Map<string, ProbePort>();
  const add = (into: Map<string, ProbePort>, protocol: Protocol, port: number): void => {
    if (Number.isInteger(port) && port >= 1 && port <= 65_535) into.set(`${protocol} ${port}`, { protocol, port });
  };
  const { pods, networkPolicies, clusterPolicies } = engine.cluster;
  for (let pod = 0; pod < pods.length; pod++)
    for (const { protocol, containerPort } of pods.ports[pod] ?? []) add(declared, protocol, containerPort);
  for (const { ingress, egress } of networkPolicies)
    for (const { ports } of [...ingress, ...egress])
      for (const { protocol, port, endPort } of ports) {
        if (typeof port !== 'number') continue;
        add(ruled, protocol, port);
        if (endPort > port) add(ruled, protocol, endPort);
      }
  for (const { ingress, egress } of clusterPolicies)
    for (const { ports } of [...ingress, ...egress]) for (const range of ports ?? []) addRange(range, ruled, add);
  const all = [
    ...declared.values(),
    UNNAMED,
    ...[...ruled].filter(([key]) => !declared.has(key)).map(([, port]) => port),
  ];
  const distinct = [...new Map(all.map((port) => [`${port.protocol} ${port.port}`, port])).values()];
  return { ports: distinct.slice(0, most).toSorted(comparePorts), left: Math.max(0, distinct.length - most) };
}

function addRange(
  range: ClusterPolicyPort,
  into: Map<string, ProbePort>,
  add: (into: Map<string, ProbePort>, protocol: Protocol, port: number) => void,
): void {
  if (range.type !== 'range') return;
  add(into, range.protocol, range.start);
  add(into, range.protocol, range.end);
}

export function comparePorts(a: ProbePort, b: ProbePort): number {
  return ORDER.indexOf(a.protocol) - ORDER.indexOf(b.protocol) || a.port - b.port;
}
