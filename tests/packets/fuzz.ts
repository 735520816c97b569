/**
 * `npm run fuzz:packets -- [--clusters N | --minutes N] [--seed S]`: random clusters in the kernel, every pair tried on
 * several ports: oracle = engine = packet. Seeds start at `S` and go up by one.
 *
 * With `--large`, clusters of fifty pods and more, of which not every connection is made.
 *
 * Instead, `--cases`: all cases, every connection of them; `--churn SECONDS`: packets while everything changes.
 */
import { parseArgs } from 'node:util';
import { churn } from './churn.ts';
import { Enforced } from './enforced.ts';
import { compareCase, packetCases } from './cases.ts';
import type { Findings } from './compare.ts';
import { Network } from './network.ts';
import { RandomComparison, randomClusterNodes } from './random.ts';
import { whyNoPackets } from './requirements.ts';

const { values } = parseArgs({
  options: {
    cases: { type: 'boolean' },
    churn: { type: 'string' },
    large: { type: 'boolean' },
    minutes: { type: 'string' },
    clusters: { type: 'string' },
    seed: { type: 'string' },
  },
});
const first = Number(values.seed ?? 1);
const clusters = Number(values.clusters ?? (values.minutes === undefined ? 100 : Infinity));
const untilMs = values.minutes === undefined ? Infinity : performance.now() + Number(values.minutes) * 60_000;
if (![first, clusters, untilMs].every((value) => value >= 0)) {
  process.stderr.write(
    'usage: npm run fuzz:packets -- [--cases | --large | --churn SECONDS] [--minutes N | --clusters N] [--seed S]\n',
  );
  process.exit(2);
}
const why = whyNoPackets();
if (why !== undefined) {
  process.stderr.write(`${why}\n`);
  process.exit(1);
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const begin = performance.now();
const total = { connections: 0, allowed: 0, mismatches: 0 };

function add(name: string, { connections, allowed, wrong }: Findings): void {
  total.connections += connections;
  total.allowed += allowed;
  total.mismatches += wrong.length;
  for (const line of wrong) say(`${name}: ${line}`);
}

const network = await Network.open(randomClusterNodes);
let what: string;
try {
  if (values.cases === true) {
    const enforced = new Enforced(network);
    const files = packetCases();
    let steps = 0;
    for (const file of files) {
      const found = await compareCase(network, enforced, file, { everything: true });
      add(file.folder, found);
      steps += found.steps;
    }
    what = `${files.length} cases, ${steps} steps`;
  } else if (values.churn !== undefined) {
    const { wrong, ...found } = await churn(network, { seconds: Number(values.churn), seed: first });
    for (const line of wrong) say(line);
    for (const [name, value] of Object.entries(found)) say(`${name}: ${Math.round(value)}`);
    total.connections = found.allowed + found.forbidden;
    total.allowed = found.allowed;
    total.mismatches = found.leaked + found.lost;
    what = `${found.changes} changes`;
  } else {
    const comparison = new RandomComparison(network);
    let seed = first;
    for (; seed < first + clusters && performance.now() < untilMs; seed++)
      add(`seed ${seed}`, await (values.large === true ? comparison.compareLarge(seed) : comparison.compare(seed)));
    what = `${seed - first} clusters, seeds ${first} to ${seed - 1}`;
  }
} finally {
  await network.close();
}
const seconds = ((performance.now() - begin) / 1000).toFixed(0);
const { connections, allowed, mismatches } = total;
say(`${what}: ${connections} connections (${allowed} allowed) in ${seconds} s, ${mismatches} mismatches`);
process.exitCode = mismatches > 0 ? 1 : 0;
