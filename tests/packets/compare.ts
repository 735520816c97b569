/** Real connections against the oracle and the engine: every pair, on the ports that are asked for. */
import type { Engine } from '../../src/engine/engine.ts';
import { endName } from '../property/queries.ts';
import { allowedBy } from '../property/agreement.ts';
import type { Network } from './network.ts';
import type { Place, Probe, ProbedProtocol } from './place.ts';
import { pairName, type Residence } from './residence.ts';

export interface AskedPort {
  readonly protocol: ProbedProtocol;
  readonly port: number;
}

/** Whether a connection is worth making; both ends by name. */
export type Worth = (from: string, to: string, port: AskedPort, family: 4 | 6) => boolean;

export interface Findings {
  readonly connections: number;
  readonly allowed: number;
  readonly wrong: readonly string[];
}

interface Question {
  readonly place: Place;
  readonly target: Place;
  readonly probe: Omit<Probe, 'id' | 'awaited'>;
  /** The packet arrives. */
  readonly expected: boolean;
  readonly label: string;
}

/** So many at once. */
const batchSize = 1500;
/** For what policy allows: nothing is lost on the way, so this is only for machines that are busy with others. */
const answerTimeoutMs = 10_000;
/** For the packets that nobody answers to have been counted, or to have arrived: on such machines, too. */
const quietTimeoutMs = 5000;
/** Whoever gets no answer to the first packet of a TCP connection sends it again. */
const againMs = 1000;
/** Of what is wrong, so many are told. */
const shown = 20;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Tries every pair of which at least one end is judged. */
export async function compare(
  network: Network,
  residence: Residence,
  engine: Engine,
  ports: readonly AskedPort[],
  worth: Worth = () => true,
): Promise<Findings> {
  const wrong: string[] = [];
  const questions = [...questionsOf(network, residence, engine, ports, worth, wrong)];
  for (let at = 0; at < questions.length; at += batchSize) {
    await tryAll(network, questions.slice(at, at + batchSize), wrong);
  }
  return { connections: questions.length, allowed: questions.filter(({ expected }) => expected).length, wrong };
}

function* questionsOf(
  network: Network,
  residence: Residence,
  engine: Engine,
  ports: readonly AskedPort[],
  worth: Worth,
  wrong: string[],
): Generator<Question> {
  const { oracle, ends } = residence;
  for (const from of ends) {
    for (const to of ends) {
      const [egress, ingress] = [residence.isJudged(from), residence.isJudged(to)];
      if ((!egress && !ingress) || endName(from) === endName(to)) continue;
      if (residence.isBeyondOracle(from, to) || residence.isBeyondOracle(to, from)) continue;
      const [place, target] = [residence.placeOf(from, network), residence.placeOf(to, network)];
      for (const family of [4, 6] as const) {
        const [source] = oracle.addresses(from, family);
        const [destination] = oracle.addresses(to, family);
        if (source === undefined || destination === undefined) continue;
        for (const asked of ports) {
          if (!worth(endName(from), endName(to), asked, family)) continue;
          const { protocol, port } = asked;
          const query = { from, to, protocol, port, family };
          const answer = oracle.evaluate(query);
          const label = `${pairName(from, to)} ${protocol}/${port} (${source} -> ${destination})`;
          if (allowedBy(engine, query) !== answer.allowed && wrong.length < shown)
            wrong.push(`${label}: the engine and the oracle differ`);
          // A node that does not enforce judges neither way.
          const expected = (!egress || answer.egress.allowed) && (!ingress || answer.ingress.allowed);
          yield { place, target, probe: { from: source, to: destination, protocol, port }, expected, label };
        }
      }
    }
  }
}

const hasSocket = (protocol: ProbedProtocol): boolean => protocol === 'TCP' || protocol === 'UDP';

/** Ids of packets without sockets must not meet those of an earlier batch. */
let lastId = 0;

async function tryAll(
  network: Network,
  questions: readonly Question[],
  wrong: string[],
  isLast = false,
): Promise<void> {
  const firstId = lastId + 1;
  lastId += questions.length;
  const places = new Map<Place, Probe[]>();
  const targets = new Set<Place>();
  questions.forEach(({ place, target, probe, expected }, index) => {
    const list = places.get(place) ?? [];
    places.set(place, list);
    list.push({ ...probe, id: firstId + index, awaited: expected && hasSocket(probe.protocol) });
    if (!hasSocket(probe.protocol)) targets.add(target);
  });
  const forbidden = questions.filter(({ expected }) => !expected).length;
  // Listening begins with being asked.
  const arrived = async () => (await Promise.all([...targets].map((place) => place.ask<number[]>('arrived')))).flat();
  await arrived();
  const before = await droppedBy(network);
  const begin = performance.now();
  await Promise.all([...places].map(([place, probes]) => place.ask('probe', { probes, timeoutMs: answerTimeoutMs })));
  const results = new Map<number, string>();
  const expectedRaw = questions.filter(({ expected, probe }) => expected && !hasSocket(probe.protocol)).length;
  let raw = 0;
  let dropped = 0;
  const end = performance.now() + quietTimeoutMs;
  do {
    if (raw + dropped > 0) await pause(5);
    for (const id of await arrived()) {
      raw += results.has(id) ? 0 : 1;
      results.set(id, 'open');
    }
    dropped = (await droppedBy(network)) - before;
  } while ((raw < expectedRaw || dropped < forbidden) && performance.now() < end);
  for (const list of await Promise.all([...places.keys()].map((place) => place.ask<[number, string][]>('settle')))) {
    for (const [id, result] of list) results.set(id, result);
  }
  for (const id of await arrived()) results.set(id, 'open');
  const found = wrong.length;
  const unanswered: Question[] = [];
  questions.forEach((question, index) => {
    const { expected, label } = question;
    const result = results.get(firstId + index) ?? 'no answer';
    // On a machine that is busy with others a full buffer may lose a packet, but policy would drop the next one too.
    if (expected && result === 'no answer' && !isLast) unanswered.push(question);
    else if ((result === 'open') !== expected && wrong.length < shown)
      wrong.push(`${label}: ${result}, the oracle ${expected ? 'allows' : 'denies'} it`);
  });
  // Whoever asked got no answer, but that is not all that counts: the packet must not have come through.
  const countsAll = dropped === forbidden || (dropped > forbidden && performance.now() - begin > againMs);
  if (!countsAll && wrong.length === found) wrong.push(`${forbidden} packets had to be dropped, ${dropped} were`);
  if (unanswered.length > 0) await tryAll(network, unanswered, wrong, true);
}

async function droppedBy(network: Network): Promise<number> {
  const counts = await Promise.all(network.nodes.map((node) => node.dropped()));
  return counts.reduce((sum, count) => sum + count, 0);
}
