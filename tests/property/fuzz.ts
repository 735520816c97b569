/**
 * `npm run fuzz -- --minutes N --seed S`: random clusters until the time is over. `--clusters N` counts instead. Seeds
 * start at `S` (by default one taken from the clock) and go up by one. Stops at the first failure, with the smallest
 * cluster that shows it.
 */
import { parseArgs } from 'node:util';
import { USUAL_TUNING } from '../../src/engine/rule-widths.ts';
import { check, describeFailure } from './check.ts';
import { checkMissing, describeMissing } from './missing-check.ts';
import { forget } from './missing-facts.ts';
import { adoptedCluster, largeCluster, randomCluster } from './random-cluster.ts';
import { Random } from './random.ts';
import { rowDifferences, tunings } from './rows-check.ts';

const { values } = parseArgs({
  options: { minutes: { type: 'string' }, clusters: { type: 'string' }, seed: { type: 'string' } },
});
const first = Number(values.seed ?? Date.now() % 1_000_000_000);
const clusters = Number(values.clusters ?? (values.minutes === undefined ? 500 : Infinity));
const until = values.minutes === undefined ? Infinity : performance.now() + Number(values.minutes) * 60_000;
if (![first, clusters, until].every((value) => value >= 0)) {
  console.error('usage: npm run fuzz -- [--minutes N | --clusters N] [--seed S]');
  process.exit(2);
}

/** Rows of what is left when facts are missing, each seed tuned otherwise; now and then of a big cluster. */
function checkRows(at: number): string[] {
  const [name, tuning] = tunings[at % tunings.length] ?? ['as usual', USUAL_TUNING];
  const random = new Random(at);
  const differences = rowDifferences(forget(random, randomCluster(at)), tuning, name);
  if (at % 25 === 0) differences.push(...rowDifferences(largeCluster(at), tuning, `large, ${name}`));
  if (at % 25 === 5) differences.push(...rowDifferences(adoptedCluster(at), tuning, `adopted, ${name}`));
  return differences;
}

const started = performance.now();
let queries = 0;
let unknown = 0;
let overCautious = 0;
let seed = first;
for (; seed < first + clusters && performance.now() < until; seed++) {
  try {
    const complete = check(seed);
    const missing = checkMissing(seed);
    queries += complete.queries + missing.queries;
    unknown += missing.unknown;
    overCautious += missing.overCautious;
    if (complete.wrong.length > 0) throw new Error(describeFailure(seed));
    if (missing.wrong.length > 0) throw new Error(describeMissing(seed));
    const rows = checkRows(seed);
    if (rows.length > 0) throw new Error([`seed ${seed}: rows and cells disagree`, ...rows.slice(0, 5)].join('\n'));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    console.error(`again: npm run fuzz -- --seed ${seed} --clusters 1`);
    process.exit(1);
  }
}
const seconds = ((performance.now() - started) / 1000).toFixed(0);
console.log(
  `${seed - first} clusters, seeds ${first} to ${seed - 1}: ${queries} queries in ${seconds} s, 0 mismatches`,
);
console.log(`facts missing: ${unknown} answers unknown, ${overCautious} of them the same in every completion tried`);
