/**
 * `npm run bench -- packets [--quick]`, as root: what policy costs packets, and how fast it comes into the kernel. In
 * network namespaces that the run makes and that end with it.
 *
 * Packets: every variant has its own node and two pods. In each round each variant gets a slice of each load, in random
 * order; a ratio is the median over the rounds of the variant's slice against the baseline's slice of the same round. The
 * baseline `conntrack alone` accepts what is established and nothing else, which is what a node with kube-proxy does. A
 * rate is per second of processor time of both ends, so that it hardly matters who else uses the machine.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import readline from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { Enforcer } from '../src/agent/enforcer.ts';
import { DEFAULT_FIELD } from '../src/dataplane/generation.ts';
import { NodePlanner, type ObjectChanges } from '../src/dataplane/node-planner.ts';
import { FULL_OBSERVATION, type Observation } from '../src/dataplane/observation.ts';
import { rulesetOf } from '../src/dataplane/plan-ruleset.ts';
import { DEFAULT_TABLE } from '../src/dataplane/transaction.ts';
import { systemClock } from '../src/io/kubernetes/clock.ts';
import { KernelNft } from '../src/io/nft/kernel-nft.ts';
import { SpawnedNftTable } from '../src/io/nft/spawned-nft-table.ts';
import { Enforced } from '../tests/packets/enforced.ts';
import { changeUnderFlows, liveChanges, type FlowResult } from '../tests/packets/live-flows.ts';
import { env, Namespaces, type Namespace } from '../tests/packets/namespaces.ts';
import { Network } from '../tests/packets/network.ts';
import { whyNoPackets } from '../tests/packets/requirements.ts';
import { ensurePrograms } from '../tools/system-packages.mjs';
import { median, percentile } from './measure.ts';
import {
  clusterObjects,
  decodeOne,
  ends,
  localManifest,
  node,
  peerManifest,
  policyManifest,
  type PacketClusterSize,
} from './packet-cluster.ts';
import { Random } from './random.ts';

const say = (line = ''): void => void process.stdout.write(`${line}\n`);
const loadPath = fileURLToPath(new URL('./packet-load.pl', import.meta.url));

const small: PacketClusterSize = { localPods: 110, policies: 200, peers: 5_000 };
const large: PacketClusterSize = { localPods: 250, policies: 5_000, peers: 50_000 };
const wide: PacketClusterSize = { localPods: 110, policies: 200, peers: 100_000 };
const sizeName = ({ localPods, policies, peers }: PacketClusterSize): string =>
  `${localPods} pods, ${policies} policies, ${peers} peers`;

// ---- one node that enforces -----------------------------------------------------------------------------------

class BenchNode {
  readonly planner: NodePlanner;
  readonly driver: KernelNft;
  private readonly enforcer: Enforcer;

  constructor(namespace: Namespace, observation: Observation) {
    const command = namespace.enter('nft');
    this.planner = new NodePlanner({ node, observation });
    this.driver = new KernelNft({ command });
    this.enforcer = new Enforcer({
      driver: this.driver,
      tables: new SpawnedNftTable({ command }),
      table: DEFAULT_TABLE,
      field: DEFAULT_FIELD,
      clock: systemClock,
      random: () => 0.5,
      observe: ({ type }) => {
        if (type === 'quarantined') throw new Error('the kernel refuses a policy');
      },
    });
  }

  async load(size: PacketClusterSize): Promise<{ readonly planMs: number; readonly kernelMs: number }> {
    const objects = clusterObjects(size);
    const begin = performance.now();
    this.planner.reset(objects);
    const plan = this.planner.plan();
    const planned = performance.now();
    await this.enforcer.apply(plan);
    return { planMs: planned - begin, kernelMs: performance.now() - planned };
  }

  /** From the event, decoded, to the commit in the kernel. */
  async change(changes: ObjectChanges): Promise<number> {
    const begin = performance.now();
    this.planner.change(changes);
    await this.enforcer.apply(this.planner.plan());
    return performance.now() - begin;
  }

  elements(): number {
    let count = 0;
    for (const set of rulesetOf(this.planner.plan()).sets.values()) count += set.elements.size;
    return count;
  }
}

// ---- packets --------------------------------------------------------------------------------------------------

interface Variant {
  readonly name: string;
  /** Makes the rules of the node. */
  readonly prepare: (node: Namespace) => Promise<void> | void;
}

class Worker {
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;
  private readonly lines: AsyncIterator<string, undefined>;

  constructor(namespace: Namespace, ...args: readonly string[]) {
    // Both ends on one processor: all the work for a packet is then done in the time of one of them.
    const cpu = String(cpus().length - 1);
    const [program, ...rest] = namespace.enter('taskset', '-c', cpu, 'nice', '-n', '-19', 'perl', loadPath, ...args);
    this.child = spawn(program, rest, { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = readline.createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    const next = await this.lines.next();
    if (next.done === true) throw new Error('the load generator ended');
    return next.value;
  }

  /** How often, and the processor time that this end had for it. */
  async slice(what: string, ms: number): Promise<{ readonly count: number; readonly nanoseconds: number }> {
    this.child.stdin.write(`${what} ${ms}\n`);
    const [count = 0, nanoseconds = 0] = (await this.line()).split(' ').map(Number);
    return { count, nanoseconds };
  }

  /** Of the process and its children, nanoseconds. */
  processorTime(): number {
    const { pid } = this.child;
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    const of = (each: string): number => Number(readFileSync(`/proc/${each}/schedstat`, 'utf8').split(' ')[0]);
    return [String(pid), ...children].reduce((sum, each) => sum + of(each), 0);
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const closed = once(this.child, 'close');
    this.child.stdin.end();
    await closed;
  }
}

class Rig {
  readonly variant: Variant;
  readonly client: Worker;
  readonly server: Worker;

  private constructor(variant: Variant, client: Worker, server: Worker) {
    this.variant = variant;
    this.client = client;
    this.server = server;
  }

  static async open(namespaces: Namespaces, variant: Variant): Promise<Rig> {
    const router = await namespaces.add();
    router.set(['ipv4/ip_forward 1']);
    router.ip(4, ['link set lo up', 'addr add 169.254.1.1/32 dev lo']);
    const pods: Namespace[] = [];
    for (const [name, ip] of Object.entries(ends)) {
      const pod = await namespaces.add();
      router.ip(4, [
        `link add ${name} type veth peer name eth0 netns ${pod.pid}`,
        `link set ${name} up`,
        `route add ${ip}/32 dev ${name}`,
      ]);
      pod.ip(4, [
        'link set lo up',
        `addr add ${ip}/32 dev eth0`,
        'link set eth0 up',
        'route add 169.254.1.1 dev eth0 scope link',
        'route add default via 169.254.1.1 dev eth0',
      ]);
      pods.push(pod);
    }
    await variant.prepare(router);
    const [client, server] = pods;
    if (client === undefined || server === undefined) throw new Error('no pods');
    const rig = new Rig(variant, new Worker(client, 'client', ends.server), new Worker(server, 'server'));
    await Promise.all([rig.client.line(), rig.server.line()]);
    return rig;
  }

  /** How often in a second of processor time of both ends. */
  async rate(load: string): Promise<number> {
    const before = this.server.processorTime();
    const { count, nanoseconds } = await this.client.slice(load, sliceMs);
    return (count / (nanoseconds + this.server.processorTime() - before)) * 1e9;
  }

  async end(): Promise<void> {
    await Promise.all([this.client.end(), this.server.end()]);
  }
}

const conntrackAlone = [
  'table inet baseline {',
  '  chain forward { type filter hook forward priority 0; policy accept;',
  '    ct state established,related accept',
  '  }',
  '}',
].join('\n');

/** One rule for each allowed pair, as the iptables-based enforcers write them; ours is the last one. */
function iptablesRules(count: number): string {
  const rules = Array.from({ length: count - 1 }, (_, i) => {
    return `-A FORWARD -s 10.${60 + (i >> 16)}.${(i >> 8) & 255}.${i & 255}/32 -d ${ends.server}/32 -p tcp -m tcp --dport 80 -j ACCEPT`;
  });
  const established = '-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT';
  const ours = `-A FORWARD -s ${ends.client}/32 -d ${ends.server}/32 -j ACCEPT`;
  return ['*filter', ':FORWARD ACCEPT [0:0]', established, ...rules, ours, '-A FORWARD -j DROP', 'COMMIT', ''].join(
    '\n',
  );
}

const iptables = (count: number, kind: 'legacy' | 'nft'): Variant => ({
  name: `iptables-${kind}, ${count} rules`,
  prepare: (router) => void router.run([`iptables-${kind}-restore`], iptablesRules(count)),
});

const baselineName = 'conntrack alone';

function variantsOf(quick: boolean, atEnd: (() => Promise<void>)[]): Variant[] {
  const sallyport = (size: PacketClusterSize, name: string, observation: Observation): Variant => ({
    name: `sallyport, ${sizeName(size)}${name}`,
    prepare: async (router) => {
      const enforcing = new BenchNode(router, observation);
      await enforcing.load(size);
      atEnd.push(() => enforcing.driver.close());
    },
  });
  return [
    { name: baselineName, prepare: (router) => void router.run(['nft', '-f', '-'], conntrackAlone) },
    { name: 'no rules', prepare: () => undefined },
    sallyport(small, '', {}),
    sallyport(small, ', counted and logged', FULL_OBSERVATION),
    ...(quick ? [] : [sallyport(large, '', {})]),
    ...[10, 100, 1000, 10_000].map((count) => iptables(count, 'legacy')),
    iptables(1000, 'nft'),
  ];
}

const loads = [
  ['first', 'first packets'],
  ['connect', 'connections'],
  ['established', 'established UDP'],
  ['ping-pong', 'established TCP'],
  ['bulk', 'throughput'],
] as const;
const sliceMs = 60;

async function benchPackets(namespaces: Namespaces, quick: boolean): Promise<void> {
  const rounds = quick ? 7 : 25;
  const atEnd: (() => Promise<void>)[] = [];
  const rigs: Rig[] = [];
  try {
    for (const variant of variantsOf(quick, atEnd)) rigs.push(await Rig.open(namespaces, variant));
    const results = new Map<string, number[]>();
    const random = new Random(1);
    for (let round = 0; round < rounds; round++) {
      // Whatever else the machine does then, the baseline has next to it.
      for (const [load] of loads) {
        const order = rigs.map((rig) => ({ rig, key: random.below(1 << 30) })).toSorted((a, b) => a.key - b.key);
        for (const { rig } of order) {
          const key = `${rig.variant.name} ${load}`;
          const list = results.get(key) ?? [];
          results.set(key, list);
          list.push(await rig.rate(load));
        }
      }
    }
    report(rigs, results, rounds);
  } finally {
    for (const end of [...atEnd, ...rigs.map((rig) => () => rig.end())]) await end();
  }
}

/** The rate that a fifth of the slices exceed: those in which others disturbed the caches least. */
const best = (rates: readonly number[]): number => percentile(rates, 0.8);

function report(rigs: readonly Rig[], results: ReadonlyMap<string, readonly number[]>, rounds: number): void {
  const of = (name: string, load: string): readonly number[] => results.get(`${name} ${load}`) ?? [];
  const baseline = (load: string): readonly number[] => of(baselineName, load);
  say(
    `\n## Packets, ${rounds} rounds: rates against "${baselineName}" of the same round; in brackets, best against best`,
  );
  say(
    `${baselineName}: ${(1e9 / best(baseline('first'))).toFixed(0)} ns a first packet, ` +
      `${best(baseline('connect')).toFixed(0)} connections/s, ${best(baseline('ping-pong')).toFixed(0)} ping-pongs/s, ` +
      `${((best(baseline('bulk')) * 8) / 1e9).toFixed(1)} Gbit/s`,
  );
  say(`${''.padEnd(66)}${loads.map(([, name]) => name.padStart(17)).join('')}   first packet costs`);
  for (const { variant } of rigs) {
    const cells = loads.map(([load]) => {
      const [rates, base] = [of(variant.name, load), baseline(load)];
      const paired = median(rates.map((rate, i) => rate / (base[i] ?? Number.NaN)));
      return `${paired.toFixed(2)}x (${(best(rates) / best(base)).toFixed(2)})`.padStart(17);
    });
    const more = 1e6 / best(of(variant.name, 'first')) - 1e6 / best(baseline('first'));
    say(`${variant.name.padEnd(66)}${cells.join('')}   ${more >= 0 ? '+' : ''}${more.toFixed(2)} us`);
  }
  say('target: connections >= 0.97x, established 1.00x, at any size');
}

// ---- changes --------------------------------------------------------------------------------------------------

const figures = (times: readonly number[]): string =>
  `p50 ${median(times).toFixed(2)} ms, p99 ${percentile(times, 0.99).toFixed(2)} ms`;

async function repeat(count: number, change: (i: number) => Promise<number>): Promise<number[]> {
  const times: number[] = [];
  // The first ones warm up.
  for (let i = 0; i < count + 20; i++) {
    const ms = await change(i);
    if (i >= 20) times.push(ms);
  }
  return times;
}

async function benchChanges(namespaces: Namespaces, size: PacketClusterSize, count: number): Promise<void> {
  const namespace = await namespaces.add();
  const enforcing = new BenchNode(namespace, FULL_OBSERVATION);
  try {
    const { planMs, kernelMs } = await enforcing.load(size);
    say(`\n## Changes: ${sizeName(size)}, ${enforcing.elements()} elements`);
    say(`cold: plan ${planMs.toFixed(0)} ms, kernel ${kernelMs.toFixed(0)} ms   target 1500 ms at 100,000 elements`);
    const upsert = (object: object) => enforcing.change({ upserted: [decodeOne(object)], deleted: [] });
    const groupOf = (i: number): number => 1 + (i % 98);
    // Who is somebody else now, and who comes back: one element each.
    const elsewhere = await repeat(count, (i) => upsert(peerManifest(i % 500, groupOf(i))));
    const local = await repeat(count, (i) => upsert(localManifest(i % size.localPods, (i * 3 + 1) % size.localPods)));
    const policy = await repeat(count, (i) =>
      upsert(policyManifest(i % size.policies, size.localPods, 9000 + (i % 50))),
    );
    // What any program that starts nft for each change pays, next to the same table.
    namespace.run(['nft', 'add table inet other; add set inet other s { type ipv4_addr ; }']);
    const spawned: number[] = [];
    for (let i = 0; i < Math.min(count, 40); i++) {
      const begin = performance.now();
      namespace.run(['nft', '-f', '-'], `add element inet other s { 10.9.${i >> 8}.${i & 255} }\n`);
      spawned.push(performance.now() - begin);
    }
    const baseline = median(spawned);
    say(`an element by a new nft (baseline)  ${figures(spawned)}`);
    const rows = [
      ['a pod elsewhere', elsewhere, ''],
      ['a pod of this node', local, '   target 3 / 20 ms'],
      ['a policy', policy, '   target 10 / 50 ms'],
    ] as const;
    for (const [name, times, target] of rows)
      say(`${name.padEnd(35)} ${figures(times)}   ${(median(times) / baseline).toFixed(2)}x${target}`);
  } finally {
    await enforcing.driver.close();
  }
}

/** Connections that live while a stricter policy comes: when the last of them got through. */
async function benchCuts(times: number): Promise<void> {
  const network = await Network.open(2);
  try {
    const enforced = new Enforced(network);
    const cut: FlowResult[] = [];
    for (let i = 0; i < times; i++) {
      for (const change of liveChanges) cut.push(...(await changeUnderFlows(network, enforced, change)));
    }
    const wrong = cut.filter(({ expected, lastAfterMs }) => (lastAfterMs === undefined) !== (expected === 'goes on'));
    say(`\n## Live connections under a stricter policy: ${cut.length}, ${wrong.length} not as they should be`);
    for (const streaming of [false, true]) {
      const ended = cut.filter((flow) => flow.streaming === streaming && flow.lastAfterRequestMs !== undefined);
      const last = ended.map(({ lastAfterRequestMs }) => lastAfterRequestMs ?? 0);
      const late = Math.max(...ended.map(({ lastAfterMs }) => lastAfterMs ?? 0));
      say(
        `${(streaming ? 'the server streams' : 'the client asks').padEnd(35)} ${figures(last)} from the change to the last byte; ` +
          `last one ${late <= 0 ? 'before' : `${late.toFixed(2)} ms after`} the kernel had said that it has it`,
      );
    }
  } finally {
    await network.close();
  }
}

export async function benchPacketPath(quick: boolean): Promise<void> {
  const why = whyNoPackets() ?? ensurePrograms(['iptables', 'taskset', 'perl']);
  if (why !== undefined) throw new Error(why);
  if (process.getuid?.() !== 0) throw new Error('needs root');
  const namespaces = new Namespaces();
  const load = (): string =>
    loadavg()
      .map((value) => value.toFixed(1))
      .join(' ');
  try {
    say(`load of the machine before: ${load()}, ${cpus().length} processors`);
    await benchChanges(namespaces, small, quick ? 60 : 300);
    if (!quick) await benchChanges(namespaces, large, 200);
    await benchChanges(namespaces, wide, quick ? 60 : 200);
    await benchCuts(quick ? 2 : 8);
    await benchPackets(namespaces, quick);
    say(`\nload of the machine after: ${load()}`);
  } finally {
    await namespaces.close();
  }
}
