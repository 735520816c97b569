/** `sallyport probe` against a lab that sends no packets: what cannot be tried, and exit codes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runSallyport, type RunResult } from '../cli/run-sallyport.ts';
import { measure } from '../../src/cli/run/measure-probes.ts';
import type { Measured } from '../../src/probe/judge-probes.ts';
import type { Attempt, ProbePlan } from '../../src/probe/probe-plan.ts';
import { LabClient, type LabObject } from '../lab/cluster/lab-client.ts';
import { LabProcess } from '../lab/cluster/lab-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-probe-'));
let lab: LabProcess;
let client: LabClient;

function pod(name: string, more: object = {}): LabObject {
  const spec = { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: 'nginx' }] };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: name }, ...more }, spec };
}

function policy(name: string, annotations: object): LabObject {
  const spec = { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Ingress'] };
  const metadata = { name, annotations };
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata, spec };
}

interface Report {
  readonly summary: Readonly<Record<string, number>>;
  readonly attempts: readonly {
    readonly from: string;
    readonly to: string;
    readonly predicted: string;
    readonly judgement: string;
    readonly text?: string;
  }[];
}

beforeAll(async () => {
  lab = await LabProcess.start(['--runtime', 'sim', '--name', 'probed'], ['env', `XDG_RUNTIME_DIR=${folder}`]);
  client = await LabClient.open(lab.kubeconfig);
  const pods = ['web', 'api', 'job'].map((name) => pod(name));
  for (const each of pods) await client.create(each);
  await client.whenReady(pods);
});
afterAll(async () => {
  client.close();
  await lab.stop();
  rmSync(folder, { recursive: true, force: true });
});

const probe = (...args: readonly string[]): Promise<RunResult> =>
  runSallyport(['probe', ...args], { env: { KUBECONFIG: lab.kubeconfig } });

async function report(...args: readonly string[]): Promise<Report> {
  const { exitCode, stdout, stderr } = await probe('-n', 'default', '--external', 'none', '-o', 'json', ...args);
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout) as Report;
}

/** From these pods to web, as if they were there. */
function planFrom(...names: readonly string[]): ProbePlan {
  const address = { family: 4, value: 0x0a_f4_00_02 } as const;
  return {
    sources: names.map((pod, index) => ({
      label: `default/${pod}`,
      group: pod,
      endpoint: { type: 'pod', pod: index },
      namespace: 'default',
      pod,
      families: [4],
    })),
    targets: [{ label: 'there', group: 'there', endpoint: { type: 'address', ip: address }, addresses: [address] }],
    attempts: names.flatMap((_, source) =>
      [80, 81].map((port): Attempt => ({ source, target: 0, address, protocol: 'TCP', port, predicted: 'allowed' })),
    ),
    notes: [],
  };
}

const measured = (plan: ProbePlan): Promise<readonly Measured[]> =>
  measure({ client: client.reader, plan, timeoutMs: 200, progress: undefined });

describe('a pod that has ended', () => {
  test('leaves what it was to try untried, with the reason, and nothing else', async () => {
    const found = await measured(planFrom('api', 'gone', 'job'));
    expect(found.map(({ outcome }) => outcome === 'error')).toEqual([false, false, true, true, false, false]);
    expect(found[2]?.text).toContain('"gone" not found');
  });

  test('is the reason when there is no other', async () => {
    await expect(measured(planFrom('gone', 'gone-too'))).rejects.toMatchObject({ exitCode: 4 });
  });
});

describe('what is tried', () => {
  test('is predicted without policies in audit mode', async () => {
    const denied = async (): Promise<number> =>
      (await report('--port', '80')).attempts.filter(({ predicted }) => predicted === 'denied').length;
    const audited = policy('audited', { 'sallyport.dev/mode': 'audit' });
    await client.create(audited);
    expect(await denied()).toBe(0);
    await client.delete(audited);
    const enforced = policy('enforced', {});
    await client.create(enforced);
    expect(await denied()).toBe(2);
    await client.delete(enforced);
  });
});

describe('exit codes', () => {
  test.each([
    [2, ['--port', '70000']],
    [2, ['--port', 'http']],
    [2, ['--port', '80/icmp']],
    [2, ['--external', 'example.com']],
    [3, ['--intents', '/no/such/file']],
    // No pods there.
    [4, ['-n', 'kube-public']],
    [4, ['--kubeconfig', '/no/such/file']],
  ])('%i for %j', async (exitCode, args) => {
    const found = await probe(...args);
    expect(found).toMatchObject({ exitCode, stdout: '' });
    expect(found.stderr).toMatch(/^error: /);
  });
});
