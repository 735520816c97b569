/** Violations as concrete connections, with the rules that decide over them. */
import { invariant } from '../base/assert.ts';
import { formatCidr } from '../base/inet-format.ts';
import { rangesToCidrs } from '../base/inet-ranges.ts';
import { firstPort } from '../engine/connectivity-details.ts';
import { nodeLabel, podEndpointLabel } from '../engine/endpoint.ts';
import { INTERNET } from '../engine/endpoint-internet.ts';
import type { Engine } from '../engine/engine.ts';
import type { Endpoint } from '../engine/query.ts';
import type { PortsValue } from '../engine/results.ts';
import type { CheckTarget } from './checks.ts';
import type { Violation } from './judge.ts';
import type { Part } from './parts.ts';
import type { ConnectionExample } from './report.ts';

/** Networks that a name lists before the rest is only counted. */
const namedNetworks = 4;

export function connectionExample(engine: Engine, violation: Violation): ConnectionExample {
  const { source, target, type, certain, ports, pairs } = violation;
  const [from, to] = representatives(engine, source, target);
  const value = engine.portsValue(ports);
  const anyPort = type === 'shut' && target.demand.all.maybe === 0;
  const point = pointOf(engine, target.part, value);
  const { egress, ingress, why } = engine.explain({
    from: from.endpoint,
    to: to.endpoint,
    ...point,
    viaService: target.via !== undefined,
  });
  const expected = type === 'shut' ? 'allowed' : 'denied';
  return {
    type: 'connection',
    from: from.label,
    to: to.label,
    ...(target.via === undefined ? {} : { via: target.via }),
    expected,
    verdict: !certain ? 'unknown' : expected === 'allowed' ? 'denied' : 'allowed',
    ports: value,
    ...(anyPort ? { anyPort: true as const } : {}),
    protocol: point.protocol,
    port: point.protocol === 'other' ? null : point.port,
    egress,
    ingress,
    ...(why === undefined ? {} : { why }),
    pairs,
  };
}

export interface NamedEnd {
  readonly endpoint: Endpoint;
  readonly label: string;
}

/** One of each part: not the same pod twice, and a host and a pod on different nodes, as far as there are such. */
export function representatives(
  engine: Engine,
  source: Part,
  { part, via }: CheckTarget,
): readonly [NamedEnd, NamedEnd] {
  const sources = candidatesOf(engine, source);
  const targets = candidatesOf(engine, part);
  const byNode = (source.kind === 'host' && part.kind === 'pod') || (source.kind === 'pod' && part.kind === 'host');
  const differ = (a: Candidate, b: Candidate): boolean =>
    a.pod === undefined
      ? a.endpoint.type !== 'node' || a.label !== b.label
      : a.pod !== b.pod || via !== undefined || engine.cluster.pods.isSynthetic(a.pod);
  let second: readonly [Candidate, Candidate] | undefined;
  for (const a of sources) {
    for (const b of targets) {
      if (!differ(a, b)) continue;
      if (!byNode || a.nodeName !== b.nodeName) return [a, b];
      second ??= [a, b];
    }
  }
  const [a] = sources;
  const [b] = targets;
  invariant(a !== undefined && b !== undefined, 'a part has members');
  return second ?? [a, b];
}

/** Members of a part that are tried against each other. */
const maxTried = 64;

interface Candidate extends NamedEnd {
  readonly pod: number | undefined;
  readonly nodeName: string;
}

function candidatesOf({ cluster }: Engine, { pods, nodes, outside }: Part): readonly Candidate[] {
  const candidates: Candidate[] = pods.slice(0, maxTried).map((pod) => ({
    pod,
    nodeName: cluster.pods.nodeNames[pod] ?? '',
    endpoint: { type: 'pod', pod },
    label: podEndpointLabel(cluster, pod),
  }));
  for (const node of nodes.slice(0, maxTried)) {
    const label = nodeLabel(cluster.nodes[node]);
    candidates.push({
      pod: undefined,
      nodeName: cluster.nodes[node]?.name ?? '',
      endpoint: { type: 'node', node },
      label,
    });
  }
  if (outside.length > 0) {
    const cidrs = rangesToCidrs(outside);
    const label = outsideLabel(cidrs.map(formatCidr));
    // One network is enough to ask about: all of the part behave alike.
    candidates.push({
      pod: undefined,
      nodeName: '',
      endpoint: { type: 'range', cidrs: cidrs.slice(0, 1), label },
      label,
    });
  }
  return candidates;
}

const internetNetworks = ([4, 6] as const).map((family) =>
  INTERNET.filter((cidr) => cidr.family === family)
    .map(formatCidr)
    .join(),
);

function outsideLabel(networks: readonly string[]): string {
  const [only] = networks;
  if (only === '0.0.0.0/0' || only === '::/0') return only === '::/0' ? 'outside (IPv6)' : 'outside';
  const internet = internetNetworks.indexOf(networks.join());
  if (internet !== -1) return internet === 0 ? 'internet' : 'internet (IPv6)';
  const more = networks.length - namedNetworks;
  const listed = networks.slice(0, namedNetworks).join(', ');
  return more > 0 ? `${listed} and ${more} more networks` : listed;
}

/** A port of these that a container declares, else the lowest. */
export function pointOf(
  engine: Engine,
  target: Part,
  ports: PortsValue,
): { readonly protocol: 'TCP' | 'UDP' | 'SCTP' | 'other'; readonly port: number } {
  for (const { protocol, containerPort } of engine.cluster.pods.ports[target.pods[0] ?? -1] ?? []) {
    const isAmong =
      ports === 'any' ||
      ports.some(
        (entry) =>
          entry.protocol === protocol &&
          entry.ranges.some(([low, high]) => low <= containerPort && containerPort <= high),
      );
    if (isAmong) return { protocol, port: containerPort };
  }
  const first = ports === 'any' ? undefined : firstPort(ports);
  return first ?? { protocol: 'TCP', port: 80 };
}
