/**
 * `node --import ./tools/typescript.mjs bench/list-watch.ts [PODS]`: what it costs to hold all pods of a cluster.
 *
 * A server in this process hands out synthetic pods of about 4.7 KB; children list and watch them, each in one way,
 * and print their peak resident memory. Baselines: a child that only loads the modules, and one that parses the whole
 * list with `JSON.parse` and keeps it. `pages-small` runs with a young generation of 4 MB instead of 16.
 */
import { spawn } from 'node:child_process';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import type { KubeObject } from '../src/kube/objects.ts';
import { ApiClient } from '../src/io/kubernetes/api-client.ts';
import { fixedCredentials } from '../src/io/kubernetes/credentials.ts';
import { objectProjection, projectedFields } from '../src/io/kubernetes/object-projection.ts';
import { Reflector } from '../src/io/kubernetes/reflector.ts';
import { watchedKinds } from '../src/io/kubernetes/watched-kinds.ts';

const here = fileURLToPath(import.meta.url);
const ways = ['nothing', 'pages', 'pages-small', 'stream', 'parse-all'] as const;
type Way = (typeof ways)[number];

interface Report {
  readonly ms: number;
  readonly peakMegabytes: number;
  /** After everything is known and garbage is gone. */
  readonly heapMegabytes: number;
  readonly rssMegabytes: number;
  readonly microsecondsAnEvent: number;
}

const watchEvents = 20_000;

// ---- the server -------------------------------------------------------------------------------------------

const filler = 'x'.repeat(700);

/** A pod as servers send it: most of it is of no interest to anybody but the kubelet. */
function pod(i: number, version: number, phase = 'Running'): string {
  const workload = Math.floor(i / 10);
  const namespace = `team-${Math.floor(i / 80)}`;
  const ip = `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
  const hash = (workload * 2654435761).toString(16).slice(0, 9);
  return JSON.stringify({
    metadata: {
      name: `service-${workload}-${hash}-${i.toString(36).padStart(5, '0')}`,
      generateName: `service-${workload}-${hash}-`,
      namespace,
      uid: `${(i * 2654435761).toString(16).padStart(12, '0')}-4b1d-4c2e-9f3a-${i.toString(16).padStart(12, '0')}`,
      resourceVersion: String(version),
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: { app: `service-${workload}`, 'pod-template-hash': hash, tier: 'backend', team: namespace },
      annotations: {
        'prometheus.io/scrape': 'true',
        'example.com/config-hash': filler.slice(0, 64),
        note: filler.slice(0, 200),
      },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'ReplicaSet',
          name: `service-${workload}-${hash}`,
          uid: `${workload}-uid`,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
      managedFields: [
        {
          manager: 'kubelet',
          operation: 'Update',
          apiVersion: 'v1',
          fieldsType: 'FieldsV1',
          fieldsV1: { 'f:status': { 'f:text': filler } },
        },
      ],
    },
    spec: {
      volumes: [
        {
          name: 'kube-api-access',
          projected: { sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: 'token' } }] },
        },
      ],
      containers: [
        {
          name: 'main',
          image: `registry.example.com/team/service-${workload}:1.2.3`,
          env: Array.from({ length: 12 }, (_, n) => ({ name: `SETTING_${n}`, value: filler.slice(0, 40) })),
          ports: [
            { name: 'http', containerPort: 8080, protocol: 'TCP' },
            { name: 'metrics', containerPort: 9090, protocol: 'TCP' },
          ],
          resources: { limits: { cpu: '1', memory: '512Mi' }, requests: { cpu: '100m', memory: '256Mi' } },
          livenessProbe: { httpGet: { path: '/healthz', port: 'http', scheme: 'HTTP' }, periodSeconds: 10 },
          terminationMessagePath: '/dev/termination-log',
          imagePullPolicy: 'IfNotPresent',
        },
      ],
      restartPolicy: 'Always',
      serviceAccountName: 'default',
      nodeName: `node-${i % 1000}`,
      schedulerName: 'default-scheduler',
      tolerations: [
        { key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 },
      ],
    },
    status: {
      phase,
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map((type) => ({
        type,
        status: 'True',
        lastProbeTime: null,
        lastTransitionTime: '2026-01-01T00:00:10Z',
      })),
      hostIP: `192.0.2.${i % 250}`,
      hostIPs: [{ ip: `192.0.2.${i % 250}` }],
      podIP: ip,
      podIPs: [{ ip }],
      startTime: '2026-01-01T00:00:00Z',
      containerStatuses: [
        {
          name: 'main',
          ready: true,
          restartCount: 0,
          image: filler.slice(0, 60),
          imageID: filler.slice(0, 100),
          containerID: filler.slice(0, 70),
          state: { running: { startedAt: '2026-01-01T00:00:05Z' } },
        },
      ],
      qosClass: 'Burstable',
    },
  });
}

/** Sends pieces as fast as they are taken. */
async function send(response: ServerResponse, pieces: Iterable<string>): Promise<void> {
  for (const piece of pieces)
    if (!response.write(piece)) await new Promise((resolve) => response.once('drain', resolve));
}

function* list(from: number, to: number, total: number): Iterable<string> {
  yield `{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"${total + 1}"${to < total ? `,"continue":"${to}"` : ''}},"items":[`;
  for (let i = from; i < to; i++) yield (i === from ? '' : ',') + pod(i, i + 1);
  yield ']}';
}

function* initialEvents(total: number): Iterable<string> {
  for (let i = 0; i < total; i++) yield `{"type":"ADDED","object":${pod(i, i + 1)}}\n`;
  yield `{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"${total + 1}","annotations":{"k8s.io/initial-events-end":"true"}}}}\n`;
}

function* changes(total: number): Iterable<string> {
  for (let n = 1; n <= watchEvents; n++)
    yield `{"type":"MODIFIED","object":${pod((n * 7919) % total, total + 1 + n, n === watchEvents ? 'Failed' : 'Running')}}\n`;
}

async function serve(request: IncomingMessage, response: ServerResponse, total: number): Promise<void> {
  const { searchParams } = new URL(request.url ?? '/', 'http://server');
  response.writeHead(200, { 'content-type': 'application/json' });
  if (searchParams.get('watch') === 'true') {
    if (searchParams.has('sendInitialEvents')) await send(response, initialEvents(total));
    await send(response, changes(total));
    // The child ends the watch.
    return;
  }
  const from = Number(searchParams.get('continue') ?? 0);
  await send(response, list(from, Math.min(total, from + Number(searchParams.get('limit') ?? total)), total));
  response.end();
}

// ---- the children -----------------------------------------------------------------------------------------

function collectGarbage(): void {
  const { gc } = globalThis as { gc?: () => void };
  gc?.();
  gc?.();
}

async function watchPods(
  server: URL,
  watchList: 'always' | 'never',
): Promise<{ ms: number; eventMs: number; keep: unknown }> {
  const resource = watchedKinds.find(({ kind }) => kind === 'Pod');
  if (resource === undefined) throw new Error('pods are not watched');
  const stop = new AbortController();
  const start = performance.now();
  let listedMs = 0;
  let endedMs = 0;
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
  const reflector = new Reflector<KubeObject>({
    client,
    scope: { resource },
    project: objectProjection({ resource }),
    fields: projectedFields(resource),
    random: () => 0.5,
    watchList,
    handler: {
      onReplace: () => {
        listedMs = performance.now();
      },
      onUpsert: (items) => {
        if (!items.some(({ value }) => value.kind === 'Pod' && value.phase === 'Failed')) return;
        endedMs = performance.now();
        stop.abort();
      },
      onDelete: () => {},
    },
  });
  await reflector.run(stop.signal);
  return { ms: listedMs - start, eventMs: endedMs - listedMs, keep: reflector };
}

async function parseAll(server: URL): Promise<{ ms: number; eventMs: number; keep: unknown }> {
  const start = performance.now();
  const bytes = await new Promise<Buffer>((resolve, reject) => {
    get(server, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => resolve(Buffer.concat(parts)));
    }).on('error', reject);
  });
  const keep: unknown = JSON.parse(bytes.toString('utf8'));
  return { ms: performance.now() - start, eventMs: Number.NaN, keep };
}

async function child(way: Way, server: URL): Promise<void> {
  const nothing = { ms: 0, eventMs: Number.NaN, keep: undefined };
  const { ms, eventMs, keep } =
    way === 'nothing'
      ? nothing
      : way === 'parse-all'
        ? await parseAll(server)
        : await watchPods(server, way === 'stream' ? 'always' : 'never');
  const peakMegabytes = process.resourceUsage().maxRSS / 1000;
  collectGarbage();
  const { heapUsed, rss } = process.memoryUsage();
  const report: Report = {
    ms,
    peakMegabytes,
    heapMegabytes: heapUsed / 1e6,
    rssMegabytes: rss / 1e6,
    microsecondsAnEvent: (eventMs * 1000) / watchEvents,
  };
  // The objects must still be there when memory is read.
  process.stdout.write(`${JSON.stringify(report)}\n`, () => process.exit(keep === null ? 1 : 0));
}

// ---- the comparison ---------------------------------------------------------------------------------------

function run(way: Way, port: number): Promise<Report | undefined> {
  const loader = fileURLToPath(new URL('../tools/typescript.mjs', import.meta.url));
  const heap =
    way === 'parse-all' ? ['--max-old-space-size=6000'] : way === 'pages-small' ? ['--max-semi-space-size=4'] : [];
  const args = ['--expose-gc', ...heap, '--import', loader, here, 'child', way, String(port)];
  return new Promise((resolve, reject) => {
    const process_ = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    process_.stdout.on('data', (part: Buffer) => (output += part.toString()));
    process_.on('error', reject);
    process_.on('close', (code) => resolve(code === 0 ? (JSON.parse(output) as Report) : undefined));
  });
}

async function compare(total: number): Promise<void> {
  const server = createServer((request, response) => {
    serve(request, response, total).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  console.log(`## ${total} pods of ${pod(total - 1, total).length} bytes; then ${watchEvents} events`);
  console.log('way          listed      us/event    peak RSS    RSS after   heap after');
  for (const way of ways) {
    const report = await run(way, port);
    if (report === undefined) {
      console.log(`${way.padEnd(11)}  failed (out of memory?)`);
      continue;
    }
    const { ms, microsecondsAnEvent, peakMegabytes, rssMegabytes, heapMegabytes } = report;
    const columns = [
      `${(ms / 1000).toFixed(1)} s`,
      Number.isFinite(microsecondsAnEvent) ? microsecondsAnEvent.toFixed(0) : '-',
      `${peakMegabytes.toFixed(0)} MB`,
      `${rssMegabytes.toFixed(0)} MB`,
      `${heapMegabytes.toFixed(0)} MB`,
    ];
    console.log(`${way.padEnd(11)}  ${columns.map((column) => column.padEnd(10)).join('  ')}`);
  }
  console.log('Times include the server, which shares the machine. Target for pages and stream: 200 MB, stretch 120.');
  server.closeAllConnections();
  server.close();
}

const [first = '100000', way, port] = process.argv.slice(2);
if (first === 'child')
  await child(ways.find((known) => known === way) ?? 'nothing', new URL(`http://127.0.0.1:${port}/`));
else await compare(Number(first));
