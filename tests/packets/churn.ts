/** Pods, policies and the agent itself come and go while packets flow; every packet is judged afterwards. */
import { setTimeout as pause } from 'node:timers/promises';
import { Random } from '../property/random.ts';
import { AgentProcess, sharedNowMs } from './agent-process.ts';
import { addresses, ChurnCluster, node } from './churn-cluster.ts';
import type { Network } from './network.ts';
import type { Place } from './place.ts';
import { Timeline, type AskedFlow } from './timeline.ts';

export interface ChurnOptions {
  readonly seconds: number;
  readonly seed: number;
}

export interface ChurnFindings {
  readonly changes: number;
  /** Packets and connections that all possible states forbid, and how many of them came through. */
  readonly forbidden: number;
  readonly leaked: number;
  /** Packets and connections that all possible states allow, and how many of them were lost. */
  readonly allowed: number;
  readonly lost: number;
  /** That some of the possible states allow and others do not. */
  readonly undecided: number;
  /** From the deletion of the table by somebody else to its repair. */
  readonly repairMs: number;
  /** Forbidden packets that came through meanwhile. */
  readonly leakedInHole: number;
  /** From killing the agent to when the next one enforced. */
  readonly restartMs: number;
  /** From an event to the commit, as the agent says, at most. */
  readonly slowestMs: number;
  readonly wrong: readonly string[];
}

interface Flow extends AskedFlow {
  readonly fresh: boolean;
}

interface Report {
  readonly sent: readonly number[];
  readonly arrived: readonly number[];
  readonly answered: readonly number[];
  readonly connected: readonly number[];
}

const ports = { tcp: [53, 80], udp: [53, 80] };
const periodMs = 120;
/** Between two changes, on average. */
const changeMs = 150;
/** A living agent has a change in the kernel after this time, or, where it says that it took longer, twice as long. */
const settleMs = 1500;
/** From when a packet is sent, or arrives, to when it, or its answer, has surely been judged. */
const underwayMs = 200;
const shown = 12;

type Where = keyof typeof addresses;

function flowsOf(random: Random): { readonly where: Where; readonly flow: Flow }[] {
  const flows: { where: Where; flow: Flow }[] = [];
  const all = (Object.keys(addresses) as Where[]).flatMap((where) => {
    const list = where === 'local' || where === 'remote' ? addresses[where] : [addresses[where]];
    return list.map((ips) => ({ where, ips }));
  });
  for (const from of all) {
    for (const to of all) {
      if (from === to || (from.where !== 'local' && to.where !== 'local')) continue;
      for (const family of [0, 1]) {
        const [source = '', target = ''] = [from.ips[family], to.ips[family]];
        for (const port of ports.udp) {
          const what = random.int(0, 5);
          const protocol = what === 0 ? 'TCP' : 'UDP';
          const flow = { id: flows.length, from: source, to: target, protocol, port, fresh: what === 1 } as const;
          flows.push({ where: from.where, flow });
        }
      }
    }
  }
  return flows;
}

export async function churn(network: Network, { seconds, seed }: ChurnOptions): Promise<ChurnFindings> {
  const random = new Random(seed);
  const [routing] = network.nodes;
  if (routing === undefined) throw new Error('no node');
  const cluster = new ChurnCluster(random, seed);
  const flows = flowsOf(random);
  await network.arrange({
    nodes: [{ own: [...addresses.host], pods: addresses.local.flat() }],
    elsewhere: [...addresses.remote.flat(), ...addresses.outside],
    ...ports,
  });
  const places: Readonly<Record<Where, Place>> = {
    local: routing.pods,
    host: routing.host,
    remote: network.elsewhere,
    outside: network.elsewhere,
  };
  const agent = await AgentProcess.prepare(routing.host.namespace, cluster.objects);
  try {
    const timeline = new Timeline();
    timeline.issue(Number.NEGATIVE_INFINITY, cluster.objects);
    await agent.start(node);
    for (const place of new Set(Object.values(places))) {
      const own = flows.filter(({ where }) => places[where] === place).map(({ flow }) => flow);
      await place.ask('traffic', { flows: own, periodMs });
    }
    let changes = 0;
    const changing = async (forMs: number): Promise<void> => {
      for (const end = sharedNowMs() + forMs; sharedNowMs() < end; changes++) {
        const { type, object } = cluster.change();
        // The agent may have it as soon as it is asked for.
        timeline.issue(sharedNowMs(), cluster.objects);
        await agent.server.ask(type, object);
        await pause(random.int(0, 2 * changeMs));
      }
    };
    const part = (seconds * 1000) / 4;
    await changing(part);

    const killedMs = sharedNowMs();
    await agent.kill();
    await changing(part / 4);
    await Promise.all([agent.start(node), changing(part)]);
    const startedMs = agent.heardLines.filter(({ full }) => full === true).at(-1)?.atMs ?? sharedNowMs();
    timeline.gap(killedMs, startedMs);

    const heard = agent.heardLines.length;
    routing.host.namespace.run(['nft', 'delete', 'table', 'inet', 'sallyport']);
    const deletedMs = sharedNowMs();
    const repaired = agent.until(({ event }) => event === 'drift-repaired', heard);
    await Promise.all([repaired, changing(part)]);
    const repairedMs = (await repaired).atMs;
    await changing(part);

    const endMs = sharedNowMs();
    await Promise.all(network.places.map((place) => place.ask('end-traffic')));
    await pause(500);
    const reports = await Promise.all(network.places.map((place) => place.ask<Report>('traffic-report')));
    const slowestMs = Math.max(...agent.heardLines.flatMap(({ latencies = [] }) => latencies.map(({ ms }) => ms)));
    timeline.settle(Math.max(settleMs, 2 * slowestMs));
    const judged = judge(
      flows.map(({ flow }) => flow),
      timeline,
      reports,
      // A table that is away for a moment lets everything through; what was on its way then is not held against it.
      { holeFromMs: deletedMs - underwayMs - 100, holeToMs: repairedMs, untilMs: endMs - underwayMs },
    );
    for (const { event, message } of agent.heardLines) {
      if (['quarantined', 'apply-failed', 'unreadable'].includes(event)) judged.wrong.push(`the agent: ${message}`);
    }
    return { changes, ...judged, repairMs: repairedMs - deletedMs, restartMs: startedMs - killedMs, slowestMs };
  } finally {
    await agent.close();
  }
}

interface Span {
  readonly holeFromMs: number;
  readonly holeToMs: number;
  /** Later ones may not have arrived yet. */
  readonly untilMs: number;
}

function judge(
  flows: readonly Flow[],
  timeline: Timeline,
  reports: readonly Report[],
  { holeFromMs, holeToMs, untilMs }: Span,
): Omit<ChurnFindings, 'changes' | 'repairMs' | 'restartMs' | 'slowestMs' | 'wrong'> & { readonly wrong: string[] } {
  const findings = { forbidden: 0, leaked: 0, allowed: 0, lost: 0, undecided: 0, leakedInHole: 0 };
  const wrong: string[] = [];
  const arrived = new Map<string, number>();
  const answered = new Set<string>();
  for (const report of reports) {
    for (let at = 0; at < report.arrived.length; at += 3)
      arrived.set(`${report.arrived[at]} ${report.arrived[at + 1]}`, report.arrived[at + 2] ?? 0);
    for (let at = 0; at < report.answered.length; at += 3)
      answered.add(`${report.answered[at]} ${report.answered[at + 1]}`);
  }
  const one = (flow: Flow, what: string, fromMs: number, toMs: number, through: boolean): void => {
    if (fromMs > untilMs) return;
    const inHole = toMs >= holeFromMs && fromMs <= holeToMs;
    const verdict = timeline.verdict(flow, fromMs, toMs);
    if (inHole) {
      if (verdict === false && through) findings.leakedInHole++;
      return;
    }
    if (verdict === undefined) findings.undecided++;
    else if (verdict) findings.allowed++;
    else findings.forbidden++;
    if (verdict === undefined || verdict === through) return;
    findings[through ? 'leaked' : 'lost']++;
    const { from, to, protocol, port, fresh } = flow;
    if (wrong.length < shown)
      wrong.push(
        `${what} of ${protocol}/${port} ${from} -> ${to}${fresh ? ', fresh' : ''}, ` +
          `at ${(fromMs - holeFromMs).toFixed(0)} ms: ${through ? 'came through' : 'was lost'}`,
      );
  };
  for (const { sent, connected } of reports) {
    for (let at = 0; at < sent.length; at += 4) {
      const [id = 0, number = 0, beforeMs = 0, afterMs = 0] = sent.slice(at, at + 4);
      const flow = flows[id];
      if (flow === undefined) continue;
      const key = `${id} ${number}`;
      const came = arrived.get(key);
      one(flow, 'a packet', beforeMs, came ?? afterMs + underwayMs, came !== undefined);
      // Its answer belongs to the same connection.
      if (came !== undefined && !flow.fresh && timeline.verdict(flow, beforeMs, came + underwayMs) === true)
        one(flow, 'an answer', came, came + underwayMs, answered.has(key));
    }
    for (let at = 0; at < connected.length; at += 4) {
      const [id = 0, beginMs = 0, endedMs = 0, success] = connected.slice(at, at + 4);
      const flow = flows[id];
      if (flow !== undefined) one(flow, 'a connection', beginMs, endedMs, success === 1);
    }
  }
  return { ...findings, wrong };
}
