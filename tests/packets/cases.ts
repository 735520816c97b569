/** The upstream cases (semantics §3 and §4.7, and our own), step by step, as real connections. */
import { clusters, portsOf, readCases, stages, type Case } from '../case-format/case-file.ts';
import { covers, parseLine, parsePort } from '../case-format/expectation.ts';
import { compare, type Findings, type Worth } from './compare.ts';
import type { Enforced } from './enforced.ts';
import type { Network } from './network.ts';
import { Residence } from './residence.ts';

/** The folders of the cases that make connections. */
export function packetCases(): Case[] {
  return readCases().filter(({ steps }) => steps !== undefined);
}

/** Of what a case says nothing about, one connection of so many is made in a short run. */
const sparsely = 11;

/** All that the lines speak about, and some of the rest. */
function spokenOf(lines: readonly string[]): Worth {
  const parsed = lines.map(parseLine);
  let unspoken = 0;
  return (from, to, { protocol, port }, family) =>
    parsed.some((line) => covers(line, from, to, protocol === 'other' ? protocol : `${protocol}/${port}`, family)) ||
    unspoken++ % sparsely === 0;
}

/**
 * One case, step by step. With `everything`: every connection, and the same once more with everybody else of the grid
 * around.
 */
export async function compareCase(
  network: Network,
  enforced: Enforced,
  file: Case,
  { everything }: { readonly everything: boolean },
): Promise<Findings & { readonly steps: number }> {
  const total = { steps: 0, connections: 0, allowed: 0, wrong: [] as string[] };
  const ports = portsOf(file).map(parsePort);
  const numbers = (wanted: string) => ports.filter(({ protocol }) => protocol === wanted).map(({ port }) => port);
  for (const { name, items } of clusters(file).slice(0, everything ? undefined : 1)) {
    for (const [at, stage] of stages(file, items).entries()) {
      const objects = stage.items.map(({ raw }) => raw);
      const residence = new Residence(objects, network.nodes.length);
      await residence.settle(network, { tcp: numbers('TCP'), udp: numbers('UDP') });
      const engine = await enforced.enforce(objects, residence.nodes);
      const { connections, allowed, wrong } = await compare(
        network,
        residence,
        engine,
        ports,
        everything ? undefined : spokenOf([...(stage.step.expect ?? []), ...(stage.step.probes ?? [])]),
      );
      total.steps++;
      total.connections += connections;
      total.allowed += allowed;
      total.wrong.push(...wrong.map((line) => `${file.folder}, ${name}, step ${at + 1}: ${line}`));
    }
  }
  return total;
}
