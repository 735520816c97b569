/** Connections of a map that are worth an explanation. */
import type { Engine } from '../../engine/engine.ts';
import type { Connection, ConnectivityMap, WorkloadPeer } from '../../engine/results.ts';
import type { Question } from './step.ts';

/** More workloads than this are not searched for pairs: the first ones are as telling. */
const maxWorkloads = 500;

const dnsNames: ReadonlySet<string> = new Set(['coredns', 'kube-dns', 'rbac-dns', 'node-local-dns']);

/**
 * At most one connection of each kind: allowed through two isolated gates; denied although it would shorten an allowed
 * way (a to b to c, but not a to c), else any denied one; the DNS lookup of a workload whose egress is isolated.
 */
export function tellingPairs(engine: Engine, map: ConnectivityMap): readonly Question[] {
  const workloads = map.peers.flatMap((peer) => (peer.type === 'workload' ? [peer] : [])).slice(0, maxWorkloads);
  const byId = new Map(workloads.map((peer) => [peer.id, peer]));
  const inside = map.connections.filter(({ from, to }) => byId.has(from) && byId.has(to) && from !== to);
  const dns = workloads.find(isDns);
  const allowed = inside.find((connection) => isGuarded(connection, byId) && connection.to !== dns?.id);
  const denied = deniedPair(workloads, inside, dns);
  const questions: Question[] = [];
  if (allowed !== undefined) {
    const port = firstPort(allowed);
    if (port !== undefined) questions.push({ source: allowed.from, target: `${allowed.to}${port}` });
  }
  if (denied !== undefined) {
    questions.push({ source: denied[0], target: `${denied[1]}${declaredPort(engine, denied[1])}` });
  }
  const asker = workloads.find(({ id, isolated }) => isolated.egress && id !== dns?.id);
  if (dns !== undefined && asker !== undefined) questions.push({ source: asker.id, target: `${dns.id}:53/udp` });
  return questions;
}

export function hasDns(map: ConnectivityMap): boolean {
  return map.peers.some((peer) => peer.type === 'workload' && isDns(peer));
}

function isDns({ namespace, name }: WorkloadPeer): boolean {
  return namespace === 'kube-system' && dnsNames.has(name);
}

function isGuarded({ from, to, certain }: Connection, byId: ReadonlyMap<string, WorkloadPeer>): boolean {
  return certain !== false && byId.get(from)?.isolated.egress === true && byId.get(to)?.isolated.ingress === true;
}

function deniedPair(
  workloads: readonly WorkloadPeer[],
  inside: readonly Connection[],
  dns: WorkloadPeer | undefined,
): readonly [string, string] | undefined {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of inside) {
    const list = next.get(from);
    if (list === undefined) next.set(from, new Set([to]));
    else list.add(to);
  }
  for (const [a, direct] of next) {
    if (a === dns?.id) continue;
    for (const b of direct) {
      if (b === dns?.id) continue;
      for (const c of next.get(b) ?? []) if (c !== a && c !== dns?.id && !direct.has(c)) return [a, c];
    }
  }
  for (const { id: a } of workloads) {
    if (a === dns?.id) continue;
    for (const { id: b } of workloads) if (a !== b && b !== dns?.id && !(next.get(a)?.has(b) ?? false)) return [a, b];
  }
  return undefined;
}

function firstPort({ ports }: Connection): string | undefined {
  if (ports === 'any') return undefined;
  const [first] = ports;
  const number = first?.ranges[0]?.[0];
  if (first === undefined || number === undefined) return undefined;
  return `:${number}${first.protocol === 'TCP' ? '' : `/${first.protocol.toLowerCase()}`}`;
}

/** A port that the workload declares; every port when it declares none. */
function declaredPort({ cluster }: Engine, id: string): string {
  const pod = cluster.workloads.find((workload) => workload.id === id)?.pods[0];
  const [port] = pod === undefined ? [] : (cluster.pods.ports[pod] ?? []);
  if (port === undefined) return '';
  return `:${port.containerPort}${port.protocol === 'TCP' ? '' : `/${port.protocol.toLowerCase()}`}`;
}
