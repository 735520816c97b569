/** The upstream cases, step by step, as real connections. */
import { clusters, portsOf, readCases, stages, type Case } from '../../case-format/case-file.ts';
import { parsePort } from '../../case-format/expectation.ts';
import type { Manifest, RawPodSpec } from '../../oracle/manifest.ts';
import { Enforced, type PacketFindings, type Ports } from './enforced.ts';
import type { Network } from './network.ts';

/** How many pods of one node a network must have room for. */
export const placesForCases = 16;

/** Every cluster of every case; SCTP and other protocols have no sockets here. */
export async function compareCases(
  network: Network,
  wanted: (file: Case) => boolean,
): Promise<PacketFindings & { steps: number }> {
  const total = { steps: 0, connections: 0, allowed: 0, wrong: [] as string[] };
  const enforced = new Enforced(network);
  for (const file of readCases()) {
    if (file.steps === undefined || !wanted(file)) continue;
    enforced.ports = ports(file);
    for (const { name, items } of clusters(file)) {
      for (const [at, stage] of stages(file, items).entries()) {
        const objects = stage.items.map(({ raw }) => raw);
        enforced.node = busiestNode(objects);
        const places = await enforced.arrange(objects);
        const engine = await enforced.enforce(objects);
        const { connections, allowed, wrong } = await enforced.compare(objects, engine, places);
        total.steps++;
        total.connections += connections;
        total.allowed += allowed;
        total.wrong.push(...wrong.map((line) => `${file.folder}, ${name}, step ${at + 1}: ${line}`));
      }
    }
  }
  return total;
}

function ports(file: Case): Ports {
  const asked = portsOf(file).map(parsePort);
  const of = (wanted: string): number[] => asked.filter(({ protocol }) => protocol === wanted).map(({ port }) => port);
  return { tcp: of('TCP'), udp: of('UDP') };
}

function busiestNode(objects: readonly Manifest[]): string {
  const counts = new Map<string, number>();
  for (const { kind, spec } of objects) {
    if (kind !== 'Pod') continue;
    const { nodeName, hostNetwork } = spec as RawPodSpec;
    if (hostNetwork !== true) counts.set(nodeName ?? '', (counts.get(nodeName ?? '') ?? 0) + 1);
  }
  return [...counts].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))[0]?.[0] ?? '';
}
