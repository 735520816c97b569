/** However a lab ends, nothing of it remains: no process, no folder, no mount, link, namespace or table. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import buildWhenStale from '../../../tools/build-when-stale.mjs';
import { describeKernel } from '../../packets/kernel.ts';
import { LabProcess, main, run } from './lab-process.ts';
import { alive, knownTo, machineState, type ProcessId, treeOf } from './left-behind.ts';

const NOBODY = 65_534;
const POLL_MS = 20;
/** On a busy machine. */
const PATIENCE_MS = 20_000;

const manifest = `
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: web, image: nginx}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed}
spec: {podSelector: {matchLabels: {app: web}}}
`;

interface User {
  readonly name: string;
  readonly prefix: readonly string[];
  readonly uid: number;
}

const isRoot = process.getuid?.() === 0;
const myself: User = { name: isRoot ? 'root' : 'this user', prefix: [], uid: process.getuid?.() ?? 0 };
const ordinary: User = {
  name: 'an ordinary user',
  prefix: ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'],
  uid: NOBODY,
};
/** Where root keeps what nobody else may read, the ordinary user cannot run it. */
const hasOrdinary = isRoot && spawnSync('setpriv', [...ordinary.prefix.slice(1), 'test', '-r', main]).status === 0;

/** Of the lab's processes: the one whose command is like this. */
function find(processes: readonly ProcessId[], command: RegExp): number {
  const found = processes.find((each) => command.test(each.command));
  if (found === undefined) throw new Error(`no ${command}: ${JSON.stringify(processes)}`);
  return found.pid;
}

interface End {
  readonly name: string;
  readonly end: (lab: LabProcess, processes: readonly ProcessId[], user: User) => unknown;
  /** Of the launcher; `null` when a signal ends it. */
  readonly code: number | null;
}

const ends: readonly End[] = [
  { name: 'SIGINT', end: ({ child }) => child.kill('SIGINT'), code: 0 },
  { name: 'SIGTERM', end: ({ child }) => child.kill('SIGTERM'), code: 0 },
  { name: 'SIGHUP', end: ({ child }) => child.kill('SIGHUP'), code: 0 },
  { name: 'kill -9 of the launcher', end: ({ child }) => child.kill('SIGKILL'), code: null },
  {
    name: "kill -9 of the lab's own process",
    end: (_, processes) => process.kill(find(processes, /lab-server\.js/), 'SIGKILL'),
    code: 4,
  },
  {
    name: 'kill -9 of init',
    end: (_, processes) => process.kill(find(processes, /^sallyport-lab: init$/), 'SIGKILL'),
    code: 4,
  },
  {
    name: 'kill -9 of what waits for init',
    end: (_, processes) => process.kill(find(processes, /^sallyport-lab: outer$/), 'SIGKILL'),
    code: 4,
  },
  {
    name: 'lab down from elsewhere',
    end: async (lab, _, { prefix }) => {
      const name = lab.folder.split('/').at(-1) ?? '';
      const runtime = `XDG_RUNTIME_DIR=${join(lab.folder, '..', '..')}`;
      expect(await run(['env', runtime, ...prefix, process.execPath, main, 'lab', 'down', name])).toMatchObject({
        code: 0,
      });
    },
    code: 0,
  },
];

async function until<T>(value: () => T, done: (value: T) => boolean): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const found = value();
    if (done(found) || performance.now() > deadline) return found;
    await wait(POLL_MS);
  }
}

describeKernel('nothing of a lab remains', () => {
  const folders: string[] = [];
  beforeAll(() => buildWhenStale());
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  describe.each(hasOrdinary ? [myself, ordinary] : [myself])('of $name', (user) => {
    test.each(ends)('after $name', async ({ end, code }) => {
      const runtime = mkdtempSync(join(tmpdir(), 'sallyport-ends-'));
      folders.push(runtime);
      const pods = join(runtime, 'pods.yaml');
      writeFileSync(pods, manifest);
      chownSync(runtime, user.uid, user.uid);
      const before = machineState();
      const lab = await LabProcess.start(
        ['--runtime', 'netns', '--nodes', '2', '--ip-family', 'dual', '-f', pods, '--name', 'ends'],
        ['env', `XDG_RUNTIME_DIR=${runtime}`, ...user.prefix],
      );
      try {
        const processes = treeOf(lab.child.pid ?? 0);
        // Launcher, inits of the lab and of its pods, the lab itself, servers.
        expect(processes.length).toBeGreaterThan(5);
        const [, token = ''] = /"?token"?: ?"?([\w-]+)/.exec(readFileSync(lab.kubeconfig, 'utf8')) ?? [];
        expect(token.length).toBeGreaterThanOrEqual(43);
        expect(knownTo(processes, token)).toEqual([]);

        const exited = once(lab.child, 'exit');
        await end(lab, processes, user);
        expect((await exited)[0], lab.said()).toBe(code);
        expect(
          await until(
            () => alive(processes),
            ({ length }) => length === 0,
          ),
        ).toEqual([]);
        const labs = join(runtime, 'sallyport');
        expect(
          await until(
            () => readdirSync(labs),
            ({ length }) => length === 0,
          ),
        ).toEqual([]);
        expect(
          await until(
            () => [...machineState()].filter((line) => !before.has(line)),
            ({ length }) => length === 0,
          ),
        ).toEqual([]);
      } finally {
        await lab.stop('SIGKILL');
      }
    });
  });
});
