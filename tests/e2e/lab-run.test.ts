/** `lab run`, `lab status` and `lab down`, by the program as built. No packet is sent here. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runSallyport, type RunResult } from '../cli/run-sallyport.ts';
import { LabProcess, main } from '../lab/cluster/lab-process.ts';

const folder = mkdtempSync(join(tmpdir(), 'sallyport-lab-run-'));
const labs = join(folder, 'sallyport');
const env = { XDG_RUNTIME_DIR: folder };
const pod = (name: string, image: string): string =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, labels: {app: ${name}}}\nspec:\n  containers: [{name: main, image: '${image}'}]\n`;
const closed = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed}
spec: {podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}
`;

beforeAll(() => {
  writeFileSync(join(folder, 'good.yaml'), [pod('web', 'nginx'), pod('api', 'nginx'), closed].join('---\n'));
  writeFileSync(join(folder, 'pull.yaml'), pod('web', 'example.com/no/such:1'));
  writeFileSync(join(folder, 'refused.yaml'), `${pod('web', 'nginx')}---\n${closed.replace('closed', 'No Name')}`);
  writeFileSync(join(folder, 'broken.yaml'), 'apiVersion: v1\nkind: Pod\nmetadata: {name: [\n');
  for (const [name, body] of [
    ['held', 'deny: {from: default/api, to: default/web, ports: 80}'],
    ['broken', 'allow: {from: default/api, to: default/web, ports: 80}'],
  ])
    writeFileSync(
      join(folder, `${name}-intents.yaml`),
      `apiVersion: sallyport.dev/v1\nkind: Intents\nintents:\n  - name: ${name}\n    ${body}\n`,
    );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
const sallyport = (...args: readonly string[]): Promise<RunResult> => runSallyport(args, { env });
const labRun = (file: string, command: readonly string[], ...flags: readonly string[]): Promise<RunResult> =>
  sallyport('lab', 'run', '--runtime', 'sim', '-f', at(file), ...flags, '--', ...command);
const own = (...args: readonly string[]): readonly string[] => [process.execPath, main, ...args];

describe('the exit code of lab run', () => {
  test.each([
    ['0', ['true'], 0],
    ['3', ['sh', '-c', 'exit 3'], 3],
    ['137 when it is killed', ['sh', '-c', 'kill -9 $$'], 137],
    ['143 when it is asked to end', ['sh', '-c', 'kill $$'], 143],
    ['2 when there is no such program', ['no-such-program'], 2],
  ])('is that of the command: %s', async (_, command, exitCode) => {
    const found = await labRun('good.yaml', command);
    expect(found, found.stderr).toMatchObject({ exitCode });
    expect(readdirSync(labs)).toEqual([]);
  });

  test('is that of a probe: reality is as predicted', async () => {
    const { exitCode, stdout } = await labRun('good.yaml', own('probe', '-o', 'json'));
    const report = JSON.parse(stdout) as { readonly summary: Readonly<Record<string, number>> };
    expect(exitCode).toBe(0);
    expect(report).toMatchObject({ kind: 'ProbeReport', simulated: true, summary: { leaks: 0, lost: 0 } });
    expect(report.summary['agrees']).toBeGreaterThan(10);
  });

  test.each([
    ['held', 0],
    ['broken', 1],
  ])('is that of a probe of intents: %s', async (name, exitCode) => {
    const found = await labRun('good.yaml', own('probe', '--intents', at(`${name}-intents.yaml`)));
    expect(found, found.stderr).toMatchObject({ exitCode });
    if (exitCode === 1) expect(found.stdout).toContain('promised to be allowed, measured: timeout');
  });

  test('is 3 for a manifest that the API server refuses, with its place', async () => {
    const { exitCode, stderr } = await labRun('refused.yaml', ['true']);
    expect(exitCode).toBe(3);
    expect(stderr).toContain(`${at('refused.yaml')}:`);
    expect(stderr).toContain('metadata.name');
    expect(readdirSync(labs)).toEqual([]);
  });

  test('is 3 for what is no YAML, with its place', async () => {
    const { exitCode, stderr } = await labRun('broken.yaml', ['true']);
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/broken\.yaml:\d+/);
  });

  test('is 4 when pods do not get ready in time, with the reason', async () => {
    const { exitCode, stderr } = await labRun('pull.yaml', ['true'], '--wait', '1');
    expect(exitCode).toBe(4);
    expect(stderr).toContain('not ready after 1 s');
    expect(stderr).toContain('default/Pod/web: ErrImagePull');
    expect(readdirSync(labs)).toEqual([]);
  });
});

describe('several labs', () => {
  test('live beside each other, by name', async () => {
    const prefix = ['env', `XDG_RUNTIME_DIR=${folder}`];
    const one = await LabProcess.start(['--runtime', 'sim', '--name', 'one'], prefix);
    const two = await LabProcess.start(['--runtime', 'sim', '--name', 'two', '--nodes', '3'], prefix);
    try {
      const again = await sallyport('lab', 'up', '--runtime', 'sim', '--name', 'one');
      expect(again.exitCode).toBe(4);
      expect(again.stderr).toContain('a lab called one is running already');

      const status = await sallyport('lab', 'status', '-o', 'json');
      expect(status.exitCode).toBe(0);
      expect(JSON.parse(status.stdout)).toMatchObject({
        apiVersion: 'sallyport.dev/v1',
        kind: 'LabList',
        labs: [
          { name: 'one', runtime: 'sim', nodes: 1, pid: one.child.pid, kubeconfig: one.kubeconfig },
          { name: 'two', runtime: 'sim', nodes: 3, pid: two.child.pid, kubeconfig: two.kubeconfig },
        ],
      });

      const both = await sallyport('lab', 'down');
      expect(both).toMatchObject({ exitCode: 2 });
      expect(both.stderr).toContain('several labs are running: one, two');
      const which = await runSallyport(['probe'], { env: { ...env, HOME: folder } });
      expect(which).toMatchObject({ exitCode: 2 });

      expect(await sallyport('lab', 'down', 'one')).toMatchObject({ exitCode: 0 });
      expect(one.child.exitCode).toBe(0);
      expect(await sallyport('lab', 'down', 'tow')).toMatchObject({ exitCode: 1 });
      expect((await sallyport('lab', 'status')).stdout).toMatch(/^NAME.*\ntwo +sim +3/);
      expect(await sallyport('lab', 'down')).toMatchObject({ exitCode: 0 });
      expect(await sallyport('lab', 'status')).toMatchObject({ exitCode: 1, stdout: '' });
    } finally {
      await Promise.all([one.stop('SIGKILL'), two.stop('SIGKILL')]);
    }
  });
});
