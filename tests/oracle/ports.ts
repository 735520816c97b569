/** Ports of rules against the port of a connection, on raw manifests (semantics S110-S119, S165, S167). */
import type { Manifest, RawClusterRule, RawContainer, RawPodSpec, RawPolicyPort } from './manifest.ts';

/** Where a connection goes. `pod` is the destination's pod, on which names are looked up. */
export interface Destination {
  readonly protocol: string;
  readonly port: number;
  readonly pod: Manifest | undefined;
}

/** Ports of containers and of init containers that keep running (D4). */
function containerPorts(pod: Manifest): { name: string; protocol: string; port: number }[] {
  const spec: RawPodSpec = pod.spec ?? {};
  const sidecar = (container: RawContainer): boolean => container.restartPolicy === 'Always';
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? []).filter(sidecar)];
  return containers.flatMap((container) =>
    (container.ports ?? []).map((port) => ({
      name: port.name ?? '',
      protocol: port.protocol ?? 'TCP',
      port: port.containerPort,
    })),
  );
}

/** S13-S15, S110-S119. */
export function policyPortMatches(entry: RawPolicyPort | null | undefined, to: Destination): boolean {
  if ((entry?.protocol ?? 'TCP') !== to.protocol) return false; // D6: never ICMP
  if (entry?.port === undefined || entry.port === null) return true;
  if (typeof entry.port === 'string') return namedPort(entry.port, to);
  return entry.port <= to.port && to.port <= (entry.endPort ?? entry.port);
}

/** S112-S116: resolved on the destination pod, never for nodes and host-network pods. */
function namedPort(name: string, to: Destination): boolean {
  const declared = to.pod === undefined ? [] : containerPorts(to.pod);
  return declared.some((each) => each.name === name && each.protocol === to.protocol && each.port === to.port);
}

/** S146, S165, S167. */
export function clusterPortsMatch(rule: RawClusterRule, to: Destination): boolean {
  if (!rule.protocols && !rule.ports) return true;
  const within = (protocol: string, start: number, end: number): boolean =>
    to.protocol === protocol && start <= to.port && to.port <= end;
  const v1alpha2 = (rule.protocols ?? []).some((entry) => {
    if (typeof entry.destinationNamedPort === 'string') return namedPort(entry.destinationNamedPort, to);
    const protocol = entry.tcp ? 'TCP' : entry.udp ? 'UDP' : 'SCTP';
    const { number, range } = (entry.tcp ?? entry.udp ?? entry.sctp)?.destinationPort ?? {};
    return number ? within(protocol, number, number) : range ? within(protocol, range.start, range.end) : false;
  });
  const v1alpha1 = (rule.ports ?? []).some(({ portNumber, portRange, namedPort: name }) => {
    if (portNumber) return within(portNumber.protocol ?? 'TCP', portNumber.port, portNumber.port);
    if (portRange) return within(portRange.protocol ?? 'TCP', portRange.start, portRange.end);
    return typeof name === 'string' && namedPort(name, to);
  });
  return v1alpha2 || v1alpha1;
}
