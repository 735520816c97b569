/**
 * `node --import ./tools/typescript.mjs bench/agent-load.ts [PODS] [EVENTS PER SECOND] [SECONDS]`: what it costs to run
 * the agent of one node in a large, busy cluster.
 *
 * A server in this process hands out the cluster: PODS pods of about 2 KB on a thousand nodes, 200 policies, and then
 * changes of pods, of which 7 in 10 change nothing that policy needs, as in real clusters; 1 in 50 is about the node of
 * the agent, which has 110 pods. The agent runs in a child process, as root with the nft of a network namespace of its own,
 * else with a kernel that takes everything.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { Agent } from '../src/agent/agent.ts';
import type { AgentEvent } from '../src/agent/events.ts';
import { isSameWatched, watchedProjection } from '../src/agent/undecoded.ts';
import { DEFAULT_FIELD } from '../src/dataplane/generation.ts';
import { FULL_OBSERVATION } from '../src/dataplane/observation.ts';
import { systemFiles } from '../src/io/host-files.ts';
import { ApiClient } from '../src/io/kubernetes/api-client.ts';
import { systemClock } from '../src/io/kubernetes/clock.ts';
import { fixedCredentials } from '../src/io/kubernetes/credentials.ts';
import { projectedFields } from '../src/io/kubernetes/object-projection.ts';
import { Reflector } from '../src/io/kubernetes/reflector.ts';
import { enforcedKinds } from '../src/io/kubernetes/watched-kinds.ts';
import { KernelNft } from '../src/io/nft/kernel-nft.ts';
import type { NftDriver, NftTable } from '../src/io/nft/nft-driver.ts';
import { SpawnedNftTable } from '../src/io/nft/spawned-nft-table.ts';

const here = fileURLToPath(import.meta.url);
const nodes = 1000;
const localPods = 110;
const podsPerNamespace = 80;
const policies = 200;
const filler = 'x'.repeat(700);

// ---- the cluster ------------------------------------------------------------------------------------------

const namespaceOf = (i: number): number => Math.floor(i / podsPerNamespace);

/** Pods 0 to 109 are on node 0, a few of each namespace; the others on the other nodes. */
function isLocal(i: number, total: number): boolean {
  return i % Math.floor(total / localPods) === 0 && i / Math.floor(total / localPods) < localPods;
}

function address(i: number, life: number): string {
  const n = i * 8 + (life % 8);
  return `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
}

function pod(i: number, total: number, version: number, life: number): object {
  const ip = address(i, life);
  const workload = Math.floor(i / 10);
  return {
    metadata: {
      name: `service-${workload}-${i}`,
      namespace: `team-${namespaceOf(i)}`,
      uid: `uid-${i}-${life}`,
      resourceVersion: String(version),
      labels: {
        app: `service-${workload}`,
        tier: ['front', 'back', 'data'][workload % 3],
        // A new version of the workload now and then.
        'pod-template-hash': `${workload}-${life >> 2}`,
      },
      annotations: { note: filler.slice(0, 200) },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `service-${workload}`, uid: 'u', controller: true },
      ],
      managedFields: [{ manager: 'kubelet', operation: 'Update', fieldsV1: { 'f:status': { 'f:text': filler } } }],
    },
    spec: {
      containers: [
        {
          name: 'main',
          image: 'x',
          ports: [{ name: 'http', containerPort: 8080 }],
          env: [{ name: 'A', value: filler }],
        },
      ],
      nodeName: isLocal(i, total) ? 'node-0' : `node-${1 + (i % (nodes - 1))}`,
    },
    status: { phase: 'Running', hostIP: `192.0.2.${i % 250}`, podIP: ip, podIPs: [{ ip }], version: String(version) },
  };
}

function policy(i: number, total: number): object {
  // Every other one is about a namespace that has a pod on the node.
  const step = Math.floor(total / localPods);
  const namespace = i % 2 === 0 ? namespaceOf((i % localPods) * step) : (i * 7) % (namespaceOf(total - 1) + 1);
  return {
    metadata: { name: `policy-${i}`, namespace: `team-${namespace}`, uid: `p${i}`, resourceVersion: '1' },
    spec: {
      podSelector: i % 4 === 0 ? {} : { matchLabels: { tier: 'back' } },
      policyTypes: i % 3 === 0 ? ['Ingress', 'Egress'] : ['Ingress'],
      ingress: [
        { from: [{ podSelector: { matchLabels: { tier: 'front' } } }], ports: [{ port: 8000 + (i % 10) }] },
        { from: [{ namespaceSelector: { matchLabels: { group: String(i % 20) } } }] },
      ],
      egress: [
        { to: [{ ipBlock: { cidr: `10.${i % 200}.0.0/16`, except: [`10.${i % 200}.7.0/24`] } }] },
        { ports: [{ protocol: 'UDP', port: 53 }] },
      ],
    },
  };
}

function objectsOf(path: string, total: number): readonly object[] {
  switch (path) {
    case '/api/v1/namespaces':
      return Array.from({ length: namespaceOf(total - 1) + 1 }, (_, i) => ({
        metadata: { name: `team-${i}`, uid: `n${i}`, resourceVersion: '1', labels: { group: String(i % 20) } },
      }));
    case '/api/v1/nodes':
      return Array.from({ length: nodes }, (_, i) => ({
        metadata: { name: `node-${i}`, uid: `m${i}`, resourceVersion: '1' },
        status: { addresses: [{ type: 'InternalIP', address: `192.168.${i >> 8}.${i & 255}` }] },
      }));
    case '/apis/networking.k8s.io/v1/networkpolicies':
      return Array.from({ length: policies }, (_, i) => policy(i, total));
    default:
      return [];
  }
}

const kindOfPath = new Map(
  enforcedKinds.map(({ group, version, plural, kind }) => [
    group === '' ? `/api/${version}/${plural}` : `/apis/${group}/${version}/${plural}`,
    kind,
  ]),
);

/** Sends pieces as fast as they are taken. */
async function send(response: ServerResponse, pieces: Iterable<string>): Promise<void> {
  for (const piece of pieces) if (!response.write(piece)) await once(response, 'drain');
}

function* podList(from: number, to: number, total: number): Iterable<string> {
  const rest = to < total ? `,"continue":"${to}"` : '';
  yield `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"${total + 1}"${rest}},"items":[`;
  for (let i = from; i < to; i++) yield (i === from ? '' : ',') + JSON.stringify(pod(i, total, i + 1, 0));
  yield ']}';
}

class Server {
  readonly #total: number;
  readonly #lives: Uint8Array;
  #version: number;
  #watch: ServerResponse | undefined;
  #sent = 0;

  constructor(total: number) {
    this.#total = total;
    this.#version = total + 1;
    this.#lives = new Uint8Array(total);
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://server');
    const kind = kindOfPath.get(pathname);
    response.writeHead(200, { 'content-type': 'application/json' });
    if (kind === undefined) response.end('{}');
    else if (searchParams.get('watch') === 'true') {
      response.flushHeaders();
      if (kind === 'Pod') this.#watch = response;
    } else if (kind === 'Pod') {
      const from = Number(searchParams.get('continue') ?? 0);
      await send(response, podList(from, Math.min(this.#total, from + Number(searchParams.get('limit'))), this.#total));
      response.end();
    } else {
      const items = objectsOf(pathname, this.#total);
      response.end(JSON.stringify({ kind: `${kind}List`, metadata: { resourceVersion: '1' }, items }));
    }
  }

  /** One change. */
  change(): void {
    const n = ++this.#sent;
    const local = n % 50 === 0;
    const step = Math.floor(this.#total / localPods);
    const i = local ? ((n / 50) % localPods) * step : (n * 7919) % this.#total;
    // The others only touch what nobody here reads.
    if (local || n % 10 >= 7) this.#lives[i] = ((this.#lives[i] ?? 0) + 1) % 200;
    const object = pod(i, this.#total, ++this.#version, this.#lives[i] ?? 0);
    this.#watch?.write(`{"type":"MODIFIED","object":${JSON.stringify(object)}}\n`);
  }
}

// ---- the agent --------------------------------------------------------------------------------------------

interface Report {
  readonly syncedMs: number;
  readonly firstApplyMs: number;
  readonly peakMegabytes: number;
  readonly rssMegabytes: number;
  readonly heapMegabytes: number;
  readonly cpuShare: number;
  readonly transactions: number;
  /** Of the whole table. */
  readonly replacements: number;
  /** Milliseconds to compile, milliseconds in the kernel, operations, elements afterwards. */
  readonly slow: readonly string[];
  readonly localPodMs: Quantiles;
  readonly clusterMs: Quantiles;
  readonly compileMs: Quantiles;
  readonly kernelMs: Quantiles;
  readonly loopDelayMs: Quantiles;
}

interface Quantiles {
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
}

function quantiles(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), most: at(1) };
}

const everythingGoes: NftDriver & NftTable = {
  apply: () => Promise.resolve(),
  read: () => Promise.resolve(undefined),
  readElements: () => Promise.resolve(new Map()),
  remove: () => Promise.resolve(),
};

async function child(server: URL, namespacePid: string, seconds: number): Promise<void> {
  const command = ['nsenter', '--target', namespacePid, '--net', '--', 'nft'] as const;
  const isReal = namespacePid !== '0';
  const driver = isReal ? new KernelNft({ command }) : everythingGoes;
  const tables = isReal ? new SpawnedNftTable({ command }) : everythingGoes;
  const client = new ApiClient({
    access: {
      description: 'the benchmark',
      server,
      namespace: 'default',
      insecureSkipVerify: false,
      tlsServerName: undefined,
      certificateAuthority: () => Promise.resolve(undefined),
      credentials: fixedCredentials({}),
      headers: {},
    },
  });
  const applied: Extract<AgentEvent, { type: 'applied' }>[] = [];
  let syncedMs = 0;
  const agent = new Agent({
    node: 'node-0',
    version: 'bench',
    table: 'sallyport',
    field: DEFAULT_FIELD,
    closedRanges: [],
    allowEgressToLocalNode: false,
    observation: FULL_OBSERVATION,
    resources: enforcedKinds,
    watch: (resource, handler) =>
      new Reflector({
        client,
        scope: { resource },
        project: watchedProjection(resource),
        fields: projectedFields(resource),
        isSame: isSameWatched,
        handler,
        random: () => 0.5,
        watchList: 'never',
      }),
    driver,
    tables,
    files: systemFiles,
    clock: systemClock,
    random: Math.random,
    observers: [
      (event) => {
        if (event.type === 'applied') applied.push(event);
        else if (event.type === 'synced') syncedMs = event.afterMs;
        else if (event.type !== 'precondition') process.stderr.write(`${JSON.stringify(event)}\n`);
      },
    ],
  });
  const stop = new AbortController();
  const running = agent.run(stop.signal);
  while (applied.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const firstApplyMs = performance.now();
  const [first] = applied;
  // Quiet for a moment, then what is measured.
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const rssQuiet = process.memoryUsage().rss;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  applied.length = 0;
  process.stdout.write('ready\n');
  delay.enable();
  const before = process.cpuUsage();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const { user, system } = process.cpuUsage(before);
  delay.disable();
  const latency = (scope: string): Quantiles =>
    quantiles(applied.flatMap(({ latencies }) => latencies.filter((each) => each.scope === scope).map(({ ms }) => ms)));
  const { heapUsed, rss } = process.memoryUsage();
  const report: Report & { readonly rssQuietMegabytes: number; readonly counts: unknown } = {
    syncedMs,
    firstApplyMs: (first?.compileMs ?? 0) + (first?.durationMs ?? firstApplyMs),
    counts: first?.counts,
    rssQuietMegabytes: rssQuiet / 1e6,
    peakMegabytes: process.resourceUsage().maxRSS / 1000,
    rssMegabytes: rss / 1e6,
    heapMegabytes: heapUsed / 1e6,
    cpuShare: (user + system) / 1e6 / seconds,
    transactions: applied.length,
    replacements: applied.filter(({ full }) => full).length,
    slow: applied
      .filter(({ durationMs, compileMs }) => durationMs + compileMs > 100)
      .map(({ durationMs, compileMs, operations, counts: { elements } }) =>
        [compileMs, durationMs].map(Math.round).concat(operations, elements).join(' '),
      ),
    localPodMs: latency('local-pod'),
    clusterMs: latency('cluster'),
    compileMs: quantiles(applied.map(({ compileMs }) => compileMs)),
    kernelMs: quantiles(applied.map(({ durationMs }) => durationMs)),
    loopDelayMs: { p50: delay.percentile(50) / 1e6, p99: delay.percentile(99) / 1e6, most: delay.max / 1e6 },
  };
  stop.abort();
  await running;
  await driver.close?.();
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(0));
}

// ---- both -------------------------------------------------------------------------------------------------

async function measure(total: number, perSecond: number, seconds: number): Promise<void> {
  const cluster = new Server(total);
  const server = createServer((request, response) => {
    cluster.answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const holder =
    process.getuid?.() === 0 ? spawn('unshare', ['--net', 'cat'], { stdio: ['pipe', 'pipe', 'inherit'] }) : undefined;
  if (holder !== undefined) {
    // It repeats what it reads: then it is inside.
    holder.stdin.write('\n');
    await once(holder.stdout, 'data');
  }
  const loader = fileURLToPath(new URL('../tools/typescript.mjs', import.meta.url));
  const flags = (process.env['BENCH_NODE_FLAGS'] ?? '--max-semi-space-size=4').split(' ').filter((flag) => flag !== '');
  const args = [...flags, '--import', loader, here, 'child', String(port), String(holder?.pid ?? 0), String(seconds)];
  const agent = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  let timer: NodeJS.Timeout | undefined;
  agent.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (timer !== undefined || !output.startsWith('ready')) return;
    const begun = performance.now();
    let sent = 0;
    timer = setInterval(() => {
      const elapsed = Math.min(seconds, (performance.now() - begun) / 1000);
      for (; sent < elapsed * perSecond; sent++) cluster.change();
    }, 1);
  });
  const [exitCode] = (await once(agent, 'close')) as [number];
  if (exitCode !== 0) throw new Error(`the agent ended with ${exitCode}: ${output}`);
  clearInterval(timer);
  holder?.kill('SIGKILL');
  server.closeAllConnections();
  server.close();
  console.log(
    `## ${total} pods, ${perSecond} events/s for ${seconds} s, ${policies} policies, ${localPods} pods on the node`,
  );
  console.log(JSON.stringify(JSON.parse(output.split('\n')[1] ?? 'null'), undefined, 1));
}

const [first = '100000', ...more] = process.argv.slice(2);
if (first === 'child') await child(new URL(`http://127.0.0.1:${more[0]}/`), more[1] ?? '0', Number(more[2]));
else await measure(Number(first), Number(more[0] ?? 1000), Number(more[1] ?? 20));
