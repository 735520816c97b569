/**
 * `npm run bench [-- --quick]`: the engine's numbers, each as a ratio against a named baseline of the same run.
 *
 * Baselines: `JSON.parse` of the same input, and the bit matrix of `bit-matrix.ts`. Seconds on a shared machine
 * mean little; the ratios hold. Nothing here passes or fails.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildCluster, type Cluster } from '../src/model/cluster.ts';
import { createEngine, type Engine } from '../src/engine/engine.ts';
import type { ConnectionQuery } from '../src/engine/query.ts';
import { readManifests } from '../src/kube/read.ts';
import { bitMatrixInput, bitMatrixPairs } from './bit-matrix.ts';
import { runCommand } from './command.ts';
import { heapMegabytes, median, timed, timesOf } from './measure.ts';
import { Random } from './random.ts';
import { createScenario, scenarioJson, type ScenarioSize, type Shape } from './scenario.ts';

const quick = process.argv.includes('--quick');
const main = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

function say(line = ''): void {
  process.stdout.write(`${line}\n`);
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
}

function read(text: string): Cluster {
  const { objects, rejected } = readManifests([{ name: 'scenario.json', text }]);
  if (rejected > 0) throw new Error(`${rejected} objects of the scenario were rejected`);
  return buildCluster(objects);
}

/** Runs the relation to its end, so that nothing stays lazy: the number of runs of equal cells. */
function complete(engine: Engine): number {
  const relation = engine.relation();
  let runs = 0;
  for (let to = 0; to < relation.classCount; to++) relation.forEachSource(to, () => runs++);
  return runs;
}

function pointQueries(cluster: Cluster, seed: number, count: number): ConnectionQuery[] {
  const random = new Random(seed);
  const ports = [80, 8080, 8443, 5432, 6379, 9090];
  return Array.from({ length: count }, () => ({
    from: { type: 'pod', pod: random.below(cluster.pods.length) },
    to: { type: 'pod', pod: random.below(cluster.pods.length) },
    protocol: 'TCP',
    port: random.pick(ports),
  }));
}

/** Nanoseconds of one call, best median of several passes. */
function perCall(queries: readonly ConnectionQuery[], call: (query: ConnectionQuery) => unknown): number {
  for (const query of queries) call(query);
  return (median(timesOf(5, () => queries.forEach(call))) / queries.length) * 1e6;
}

function benchEngine(size: ScenarioSize): void {
  const bytes = scenarioJson(createScenario(size));
  const text = bytes.toString();
  const label = `${size.pods} pods / ${size.policies} policies, ${size.shape}, ${(bytes.length / 1e6).toFixed(1)} MB`;
  const parse = median(timesOf(size.pods > 50_000 ? 3 : 5, () => JSON.parse(text)));

  const before = heapMegabytes();
  const firstRead = timed(() => readManifests([{ name: 'scenario.json', text }]));
  const reading = Math.min(firstRead.ms, timed(() => readManifests([{ name: 'scenario.json', text }])).ms);
  const cluster = timed(() => buildCluster(firstRead.value.objects));
  const compiled = timed(() => createEngine(cluster.value));
  const first = timed(() => complete(compiled.value));
  const memory = heapMegabytes() - before;
  const warm = median(timesOf(3, () => complete(createEngine(cluster.value))));
  const compileWarm = median(timesOf(3, () => createEngine(cluster.value)));
  const whole = median(timesOf(size.pods > 50_000 ? 2 : 3, () => complete(createEngine(read(text)))));

  const engine = compiled.value;
  const byId = perCall(pointQueries(cluster.value, size.seed, 20_000), (query) => engine.verdict(query));
  const explained = perCall(pointQueries(cluster.value, size.seed, 2_000), (query) => engine.explain(query));

  say(`\n## ${label}`);
  say(
    `classes ${engine.classCount} (pods ${engine.podClassCount}), runs in the relation ${first.value}, memory of input objects, cluster and relation ${memory.toFixed(0)} MB`,
  );
  say(`JSON.parse (baseline)                ${ms(parse)}`);
  say(`read manifests                       ${ms(reading)}   ${(reading / parse).toFixed(2)}x JSON.parse`);
  say(`cluster model                        ${ms(cluster.ms)}`);
  say(`compile, first / warm                ${ms(compiled.ms)} / ${ms(compileWarm)}`);
  say(`complete relation, first             ${ms(first.ms)}   target 150 ms at 100k/10k`);
  say(`compile + complete relation, warm    ${ms(warm)}`);
  say(`complete relation alone, warm        ${ms(Math.max(0, warm - compileWarm))}   target 50 ms at 100k/10k`);
  say(`file to full answer                  ${ms(whole)}   ${(whole / parse).toFixed(2)}x JSON.parse, target < 1.5x`);
  say(`point query by id                    ${byId.toFixed(0)} ns   target 25 ns`);
  say(`explanation by id, rules and places  ${(explained / 1000).toFixed(2)} us   target 1 us`);
  if (size.pods <= 20_000 || (!quick && size.pods <= 100_000)) {
    const input = bitMatrixInput(size);
    const matrix = timed(() => bitMatrixPairs(input)).ms;
    say(
      `bit matrix (baseline; yes/no only)   ${ms(matrix)}   relation first run is ${(first.ms / matrix).toFixed(3)}x of it`,
    );
  }
}

async function benchCommand(size: ScenarioSize, folder: string): Promise<void> {
  const file = join(folder, 'scenario.json');
  writeFileSync(file, scenarioJson(createScenario(size)));
  say(`\n## Command line, cold: ${size.pods} pods / ${size.policies} policies`);
  const questions: readonly (readonly [string, readonly string[]])[] = [
    ['can', ['can', 'ns-3/web-0', 'ns-3/api-0:8080', '-f', file]],
    ['map of one namespace', ['map', '-n', 'ns-3', '-o', 'json', '-f', file]],
  ];
  const parse = `JSON.parse(require('fs').readFileSync(${JSON.stringify(file)},'utf8'))`;
  const baseline = median((await repeat(3, () => runCommand(['-e', parse]))).map((run) => run.ms));
  say(`node JSON.parse of the file (baseline)  ${ms(baseline)}`);
  for (const [name, args] of questions) {
    const runs = await repeat(3, () => runCommand([main, ...args]));
    const time = median(runs.map((run) => run.ms));
    const peak = median(runs.map((run) => run.peakMegabytes));
    say(
      `${name.padEnd(38)}  ${ms(time)}   ${(time / baseline).toFixed(2)}x, peak ${peak.toFixed(0)} MB, exit ${runs[0]?.exitCode}; target 2000 ms, 300 MB at 150k/15k`,
    );
  }
}

async function repeat<T>(times: number, work: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let i = 0; i < times; i++) results.push(await work());
  return results;
}

async function benchHelp(): Promise<void> {
  const empty = median((await repeat(7, () => runCommand(['-e', '0']))).map((run) => run.ms));
  const help = median((await repeat(7, () => runCommand([main, '--help']))).map((run) => run.ms));
  say(
    `\n## sallyport --help\n${ms(help)}, an empty node program (baseline) ${ms(empty)}, ${(help / empty).toFixed(2)}x; target 80 ms`,
  );
}

const seed = 1;
const sizes: [number, number, Shape][] = [
  [1_000, 200, 'usual'],
  [10_000, 2_000, 'usual'],
  ...(quick
    ? []
    : ([
        [100_000, 10_000, 'usual'],
        [100_000, 2_500, 'sparse'],
      ] as [number, number, Shape][])),
  [10_000, 0, 'open'],
  [3_500, 12_000, 'policies-over-pods'],
  [10_000, 2_000, 'one-namespace'],
  [10_000, 2_000, 'unique-labels'],
  [10_000, 10_000, 'many-cidrs'],
];

const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-'));
try {
  say('Figures are medians on whatever machine this is: read the ratios.');
  for (const [pods, policies, shape] of sizes) benchEngine({ pods, policies, shape, seed });
  await benchHelp();
  await benchCommand(
    quick
      ? { pods: 10_000, policies: 2_000, shape: 'usual', seed }
      : { pods: 150_000, policies: 15_000, shape: 'usual', seed },
    folder,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
