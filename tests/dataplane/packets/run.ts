/**
 * Real packets, as root on Linux with nft and ip:
 * `node --import ./tools/typescript.mjs tests/dataplane/packets/run.ts [cases] [flows] [random FIRST LAST]`.
 * Without a word: connections that live while policies change, and ten random clusters.
 */
import { randomCluster } from '../../property/random-cluster.ts';
import { compareCases, placesForCases } from './cases.ts';
import { Enforced } from './enforced.ts';
import { changeUnderFlows } from './live-flows.ts';
import { Network, whyNoPackets } from './network.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const shown = 20;

async function cases(network: Network): Promise<number> {
  const { wrong, ...counts } = await compareCases(network, () => true);
  for (const line of wrong.slice(0, shown)) say(line);
  say(`cases ${JSON.stringify({ ...counts, wrong: wrong.length })}`);
  return wrong.length;
}

async function flows(network: Network): Promise<number> {
  const results = await changeUnderFlows(network);
  const wrong = results.filter(({ expected, lastAfterMs }) => (expected === 'cut') !== (lastAfterMs !== undefined));
  for (const { what, expected } of wrong) say(`${what}: not ${expected}`);
  const cut = results.flatMap(({ lastAfterMs }) => lastAfterMs ?? []).toSorted((a, b) => a - b);
  say(`flows ${JSON.stringify({ flows: results.length, cutAfterMs: cut, wrong: wrong.length })}`);
  return wrong.length;
}

/** Each cluster by the change from the one before it, every fifth one anew. */
async function random(network: Network, first: number, last: number): Promise<number> {
  const total = { clusters: 0, connections: 0, allowed: 0, wrong: 0 };
  const enforced = new Enforced(network);
  for (let seed = first; seed <= last; seed++) {
    const objects = randomCluster(seed);
    const places = await enforced.arrange(objects);
    const engine = await enforced.enforce(objects, seed % 5 === 0);
    const { connections, allowed, wrong } = await enforced.compare(objects, engine, places);
    total.clusters++;
    total.connections += connections;
    total.allowed += allowed;
    total.wrong += wrong.length;
    for (const line of wrong.slice(0, shown)) say(`seed ${seed}: ${line}`);
  }
  say(`random ${JSON.stringify(total)}`);
  return total.wrong;
}

const words = process.argv.slice(2);
const why = whyNoPackets();
if (why !== undefined) throw new Error(why);
const network = Network.open(placesForCases);
let wrong = 0;
try {
  if (words.includes('cases')) wrong += await cases(network);
  if (words.length === 0 || words.includes('flows')) wrong += await flows(network);
  const [first = 1, last = 10] = words.slice(words.indexOf('random') + 1).map(Number);
  if (words.length === 0 || words.includes('random')) wrong += await random(network, first, last);
} finally {
  await network.close();
}
const leftovers = Network.leftovers();
if (leftovers.length > 0) say(`left behind: ${leftovers.join(' ')}`);
process.exitCode = wrong + leftovers.length > 0 ? 1 : 0;
