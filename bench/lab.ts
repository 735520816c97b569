/**
 * `npm run bench -- lab [--quick]`: from nothing to pods that are ready, what a lab takes in memory, how long a policy is
 * on its way into the kernel, and how fast everything is gone again.
 *
 * The baseline is the same lab with the simulated runtime: API server, controllers and kubelet without one namespace.
 * Times are medians of several labs, one after the other, the runtimes by turns.
 */
import { readFileSync } from 'node:fs';
import buildWhenStale from '../tools/build-when-stale.mjs';
import { LabClient, type LabObject } from '../tests/lab/cluster/lab-client.ts';
import { LabProcess } from '../tests/lab/cluster/lab-process.ts';
import { treeOf } from '../tests/lab/cluster/left-behind.ts';
import { whyNoPackets } from '../tests/packets/requirements.ts';
import { median } from './measure.ts';

const say = (line = ''): void => void process.stdout.write(`${line}\n`);
const POLICIES = 20;
const POLL_MS = 10;

type RuntimeName = 'netns' | 'sim';

interface LabFigures {
  /** Until the API of a lab without pods can be used, with DNS. */
  readonly startMs: number;
  /** From the Deployment to all of its pods ready. */
  readonly podsMs: number;
  /** A NetworkPolicy that selects all pods: until the API server says that it is in force. */
  readonly policyMs: number;
  readonly stopMs: number;
  /** Of the lab's own process. */
  readonly labMb: number;
  /** Of the processes of all pods together, shared pages by parts. */
  readonly podsMb: number;
  /** What the kernel has taken for itself: slabs, stacks, page tables, per-CPU areas. */
  readonly kernelMb: number;
}

function deployment(replicas: number): LabObject {
  const labels = { app: 'web' };
  const containers = [{ name: 'web', image: 'nginx', ports: [{ containerPort: 80 }] }];
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } },
  };
}

function policy(index: number): LabObject {
  const metadata = { name: `policy-${index}` };
  const ingress = [{ from: [{ podSelector: {} }], ports: [{ port: 8000 + index }] }];
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata, spec: { podSelector: {}, ingress } };
}

async function benchOne(runtime: RuntimeName, pods: number): Promise<LabFigures> {
  const kernelBefore = kernelMb();
  const begun = performance.now();
  const lab = await LabProcess.start(['--runtime', runtime, '--name', `bench-${process.pid}`]);
  try {
    const startMs = performance.now() - begun;
    const client = await LabClient.open(lab.kubeconfig);
    const podsBegun = performance.now();
    await client.create(deployment(pods));
    await untilReady(client, pods);
    const podsMs = performance.now() - podsBegun;
    const policyTimes: number[] = [];
    for (let index = 0; index < POLICIES; index++) {
      const before = performance.now();
      await client.create(policy(index));
      policyTimes.push(performance.now() - before);
    }
    const memory = memoryOf(lab.child.pid ?? 0);
    const kernel = kernelMb() - kernelBefore;
    client.close();
    const stopBegun = performance.now();
    await lab.stop();
    const stopMs = performance.now() - stopBegun;
    return { startMs, podsMs, policyMs: median(policyTimes), stopMs, ...memory, kernelMb: kernel };
  } finally {
    await lab.stop('SIGKILL');
  }
}

async function untilReady(client: LabClient, pods: number): Promise<void> {
  for (;;) {
    const { body } = await client.ask('/apis/apps/v1/namespaces/default/deployments/web');
    const { status } = body as { readonly status?: { readonly readyReplicas?: number } };
    if (status?.readyReplicas === pods) return;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function memoryOf(launcher: number): Pick<LabFigures, 'labMb' | 'podsMb'> {
  const processes = treeOf(launcher);
  // The simulated one has everything in the launcher.
  const server = processes.find(({ command }) => command.includes('lab-server.js'))?.pid ?? launcher;
  const pods = processes.find(({ command }) => command.startsWith('sallyport-lab: init'))?.pid;
  const own = new Set(pods === undefined ? [] : treeOf(server).map(({ pid }) => pid));
  const ofPods = pods === undefined ? [] : treeOf(pods).filter(({ pid }) => pid !== pods && !own.has(pid));
  const sum = ofPods.reduce((total, { pid }) => total + fieldKb(`/proc/${pid}/smaps_rollup`, 'Pss'), 0);
  return { labMb: fieldKb(`/proc/${server}/status`, 'VmRSS') / 1024, podsMb: sum / 1024 };
}

function fieldKb(path: string, name: string): number {
  try {
    return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(path, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

function kernelMb(): number {
  const fields = ['Slab', 'KernelStack', 'PageTables', 'Percpu'];
  return fields.reduce((total, name) => total + fieldKb('/proc/meminfo', name), 0) / 1024;
}

const KEYS = ['startMs', 'podsMs', 'policyMs', 'stopMs', 'labMb', 'podsMb', 'kernelMb'] as const;

function medians(runs: readonly LabFigures[]): LabFigures {
  return Object.fromEntries(KEYS.map((key) => [key, median(runs.map((run) => run[key]))])) as unknown as LabFigures;
}

function row(pods: number, name: string, figures: LabFigures): string {
  const { startMs, podsMs, policyMs, stopMs, labMb, podsMb, kernelMb: kernel } = figures;
  const ms = [startMs, podsMs, startMs + podsMs, policyMs, stopMs].map((value) => `${value.toFixed(0)} ms`);
  const mb = [labMb, podsMb, kernel].map((value) => `${value.toFixed(0)} MB`);
  return columns([String(pods), name, ...ms, ...mb]);
}

function columns(cells: readonly string[]): string {
  return cells.map((cell, index) => (index < 2 ? cell.padEnd(7) : cell.padStart(10))).join('');
}

export async function benchLab(quick: boolean): Promise<void> {
  buildWhenStale();
  const why = whyNoPackets();
  if (why !== undefined) {
    say(`only the baseline: ${why}`);
    say();
  }
  const heads = ['lab', 'pods ready', 'together', 'policy', 'end', 'lab RSS', 'pods PSS', 'kernel'];
  say(columns(['pods', 'runtime', ...heads]));
  for (const pods of quick ? [3, 30] : [3, 30, 300]) {
    const runs: Record<RuntimeName, LabFigures[]> = { netns: [], sim: [] };
    for (let run = 0; run < (quick ? 1 : 3); run++) {
      runs.sim.push(await benchOne('sim', pods));
      if (why === undefined) runs.netns.push(await benchOne('netns', pods));
    }
    const baseline = medians(runs.sim);
    say(row(pods, 'sim', baseline));
    if (runs.netns.length === 0) continue;
    const found = medians(runs.netns);
    say(row(pods, 'netns', found));
    const ratio = (key: (typeof KEYS)[number]): string => (found[key] / baseline[key]).toFixed(1);
    say(
      `       netns against sim: lab ${ratio('startMs')}, pods ready ${ratio('podsMs')}, policy ${ratio('policyMs')}, ` +
        `end ${ratio('stopMs')}, memory of the lab ${ratio('labMb')}; a pod: ${(found.podsMs / pods).toFixed(1)} ms, ` +
        `${(found.podsMb / pods).toFixed(1)} MB and ${(found.kernelMb / pods).toFixed(1)} MB of the kernel`,
    );
  }
}
