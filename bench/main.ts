/**
 * `npm run bench [-- --quick]`: the engine's numbers, each as a ratio against a named baseline of the same run.
 *
 * Baselines: `JSON.parse` of the same input, and the bit matrix of `bit-matrix.ts`. Seconds on a shared machine
 * mean little; the ratios hold. Nothing here passes or fails. `npm run bench -- packets` measures the data plane
 * instead, `npm run bench -- nft` the ways into the kernel, `npm run bench -- lab` the lab.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildCluster, type Cluster } from '../src/model/cluster.ts';
import { createEngine, type Engine } from '../src/engine/engine.ts';
import { connectivityDiff } from '../src/engine/semantic-diff.ts';
import type { KubeObjects } from '../src/kube/objects.ts';
import { allRules } from '../src/rules/all-rules.ts';
import { AuditContext } from '../src/rules/audit-context.ts';
import { runRules } from '../src/rules/audit.ts';
import type { Rule } from '../src/rules/rule.ts';
import { coveredPolicy } from '../src/rules/upkeep/covered-policy.ts';
import { coveredRule } from '../src/rules/upkeep/covered-rule.ts';
import { ruleWithoutEffect } from '../src/rules/upkeep/rule-without-effect.ts';
import { portPoint } from '../src/engine/port-sets.ts';
import { readManifests } from '../src/kube/read.ts';
import { bitMatrixInput, fillBitMatrices } from './bit-matrix.ts';
import { runCommand } from './command.ts';
import { heapMegabytes, median, percentile, timed, timesOf } from './measure.ts';
import { benchPlanUpdates } from './plan-updates.ts';
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

/** Nanoseconds of one call, the median of several passes over `count` random pairs of pods. */
function perPair(cluster: Cluster, seed: number, count: number, call: (from: number, to: number) => unknown): number {
  const random = new Random(seed);
  const from = Int32Array.from({ length: count }, () => random.below(cluster.pods.length));
  const to = Int32Array.from({ length: count }, () => random.below(cluster.pods.length));
  const pass = (): void => {
    for (let i = 0; i < count; i++) call(from[i] ?? 0, to[i] ?? 0);
  };
  pass();
  return (median(timesOf(5, pass)) / count) * 1e6;
}

/** Microseconds of each exact, cluster-wide difference: a random policy loses its first rule, or goes. */
function policyEdits(cluster: Cluster, engine: Engine, seed: number, count: number): number[] {
  const random = new Random(seed);
  const times: number[] = [];
  for (let i = 0; i < count + 200; i++) {
    const policy = random.pick(cluster.networkPolicies);
    const { namespace, name } = policy.meta;
    const after =
      i % 10 === 0 ? undefined : { ...policy, ingress: policy.ingress.slice(1), egress: policy.egress.slice(1) };
    const { ms: time, value } = timed(() => engine.policyChanges(namespace, name, after));
    if (value === undefined) throw new Error(`no exact difference for ${namespace}/${name}`);
    if (i >= 200) times.push(time * 1000);
  }
  return times;
}

/** The same cluster with one NetworkPolicy in a hundred edited: gone, without its first rule, or with another port. */
function editedPolicies(objects: KubeObjects, seed: number): KubeObjects {
  const random = new Random(seed ^ 0xd1ff);
  const networkPolicies = objects.networkPolicies.flatMap((policy) => {
    if (!random.chance(0.01)) return [policy];
    const roll = random.below(4);
    if (roll === 0) return [];
    if (roll === 1) return [{ ...policy, ingress: policy.ingress.slice(1), egress: policy.egress.slice(1) }];
    const ports = [{ protocol: 'TCP' as const, port: 4433, endPort: 4433, span: undefined }];
    return [{ ...policy, ingress: policy.ingress.map((rule) => ({ ...rule, ports: rule.ports.concat(ports) })) }];
  });
  return { ...objects, networkPolicies };
}

function benchDiff(objects: KubeObjects, seed: number): void {
  const before = createEngine(buildCluster(objects));
  const after = createEngine(buildCluster(editedPolicies(objects, seed)));
  const first = timed(() => connectivityDiff(before, after));
  const same = median(timesOf(3, () => connectivityDiff(before, before)));
  // Relations last: a diff that needs them must pay for them.
  const relations = timed(() => complete(before) + complete(after)).ms;
  const again = median(timesOf(3, () => connectivityDiff(before, after)));
  const { changes, edits } = first.value;
  say(
    `diff, 1 % of the policies edited     ${ms(first.ms)} / ${ms(again)} (again)   two complete relations ${ms(relations)}; ${edits.length} edits, ${changes.length} connections with their causes`,
  );
  say(`diff of equal clusters               ${ms(same)}`);
}

/** Rules and policies that nothing would miss: by logic for all workloads, and by the engine for those at hand. */
function benchRedundancy(objects: KubeObjects, cluster: Cluster): void {
  const found = (rules: readonly Rule[]): number =>
    runRules(
      new AuditContext({ objects, cluster, sources: [] }),
      rules.map((rule) => ({ rule })),
    ).length;
  const byLogic = timed(() => found([coveredPolicy, coveredRule]));
  const byEngine = timed(() => found([ruleWithoutEffect]));
  const everything = timed(() => found(allRules));
  const rules = cluster.networkPolicies.reduce((sum, { ingress, egress }) => sum + ingress.length + egress.length, 0);
  say(
    `redundancy of ${rules} rules, both directions: by logic ${ms(byLogic.ms)} (${byLogic.value} found), by the engine with its compilation ${ms(byEngine.ms)} (${byEngine.value} found)`,
  );
  say(`all ${allRules.length} audit rules                   ${ms(everything.ms)} (${everything.value} findings)`);
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
  const web = portPoint('TCP', 8080);
  const byId = perPair(cluster.value, size.seed, 200_000, (from, to) => engine.podVerdict(from, to, web));
  const names = Array.from({ length: cluster.value.pods.length }, (_, pod) => cluster.value.podLabel(pod));
  const pods = new Map(names.map((name, pod) => [name, pod]));
  const byName = perPair(cluster.value, size.seed, 20_000, (from, to) =>
    engine.decide(pods.get(names[from] ?? '') ?? 0, pods.get(names[to] ?? '') ?? 0, web),
  );
  const inWords = perPair(cluster.value, size.seed, 1_000, (from, to) =>
    engine.explain({ from: { type: 'pod', pod: from }, to: { type: 'pod', pod: to }, protocol: 'TCP', port: 8080 }),
  );
  const edits = size.policies === 0 ? [] : policyEdits(cluster.value, engine, size.seed, 2_000);

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
  say(`by name, with the deciding rules     ${(byName / 1000).toFixed(2)} us   target 1 us`);
  say(`explanation in words, with places    ${(inWords / 1000).toFixed(1)} us`);
  if (edits.length > 0) {
    say(
      `policy edit to exact difference      p50 ${percentile(edits, 0.5).toFixed(0)} us, p99 ${percentile(edits, 0.99).toFixed(0)} us   target 50 us, 2000 us`,
    );
  }
  if (size.policies > 0) {
    benchDiff(firstRead.value.objects, size.seed);
    benchRedundancy(firstRead.value.objects, cluster.value);
  }
  if (size.pods <= 20_000 || (!quick && size.pods <= 100_000)) {
    const input = bitMatrixInput(size);
    const matrix = timed(() => fillBitMatrices(input)).ms;
    say(
      `bit matrices (baseline; yes/no only) ${ms(matrix)}   relation first run is ${(first.ms / matrix).toFixed(3)}x of it`,
    );
  }
}

async function benchCommand(size: ScenarioSize, folder: string): Promise<void> {
  const file = join(folder, 'scenario.json');
  const scenario = createScenario(size);
  writeFileSync(file, scenarioJson(scenario));
  const [from, to] = [...scenario.pods].slice(0, 2).map((pod) => {
    const { namespace, name } = pod['metadata'] as unknown as { namespace: string; name: string };
    return `${namespace}/Pod/${name}`;
  });
  say(`\n## Command line, cold: ${size.pods} pods / ${size.policies} policies`);
  const questions: readonly (readonly [string, readonly string[]])[] = [
    ['can', ['can', from ?? '', `${to}:8080`, '-f', file]],
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

if (process.argv.includes('nft')) {
  const { benchNftDrivers } = await import('./nft-drivers.ts');
  process.exit(benchNftDrivers());
}
if (process.argv.includes('packets')) {
  const { benchPacketPath } = await import('./packets.ts');
  await benchPacketPath(quick);
  process.exit();
}
if (process.argv.includes('lab')) {
  const { benchLab } = await import('./lab.ts');
  await benchLab(quick);
  process.exit();
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
  const updates = [
    { pods: 5_000, policies: 200, local: 110, rounds: 150 },
    { pods: 50_000, policies: 5_000, local: 250, rounds: 40 },
    { pods: 100_000, policies: 10_000, local: 110, rounds: 40 },
  ];
  for (const size of quick ? updates.slice(0, 1) : updates) benchPlanUpdates(size, say);
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
