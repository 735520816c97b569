import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  isLabName,
  isRunning,
  kubeconfigPath,
  labFolder,
  type LabRecord,
  labsFolder,
  makeLabFolder,
  readRecord,
  runningLabs,
  startOfProcess,
  writeKubeconfig,
  writeRecord,
} from '../../src/lab/lab-folder.ts';

const uid = process.getuid?.() ?? -1;
let home = '';
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sallyport-labs-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

async function record(name: string, more: Partial<LabRecord> = {}): Promise<LabRecord> {
  return {
    name,
    pid: process.pid,
    processStart: await startOfProcess(process.pid),
    runtime: 'sim',
    nodes: 1,
    ipFamily: 'ipv4',
    server: 'https://127.0.0.1:1',
    startedAt: '2026-01-01T00:00:00Z',
    ...more,
  };
}

describe('where labs are', () => {
  test('in the folder that the system gives the user', () => {
    expect(labsFolder({ XDG_RUNTIME_DIR: home }, uid)).toBe(join(home, 'sallyport'));
  });

  test.each([
    ['none', () => ({})],
    ['one that is not there', () => ({ XDG_RUNTIME_DIR: join(home, 'gone') })],
    [
      'a file',
      () => {
        writeFileSync(join(home, 'file'), '');
        return { XDG_RUNTIME_DIR: join(home, 'file') };
      },
    ],
  ])('else below the temporary folder: %s', (_, environment) => {
    expect(labsFolder(environment(), uid)).toBe(join(tmpdir(), `sallyport-${uid}`));
  });

  test('not in the folder of somebody else', () => {
    expect(labsFolder({ XDG_RUNTIME_DIR: home }, uid + 1)).toBe(join(tmpdir(), `sallyport-${uid + 1}`));
  });

  test.each([
    ['lab', true],
    ['a-1', true],
    ['', false],
    ['..', false],
    ['a/b', false],
    ['A', false],
    ['-a', false],
    ['a'.repeat(41), false],
  ])('%j as a name: %s', (name, valid) => {
    expect(isLabName(name)).toBe(valid);
  });
});

describe('the folder of a lab', () => {
  test('and what is in it belongs to the user alone', async () => {
    const folder = await makeLabFolder(join(home, 'labs'), 'one', uid);
    const kubeconfig = await writeKubeconfig(folder, 'secret');
    const mode = (path: string): number => lstatSync(path).mode & 0o777;
    expect([mode(join(home, 'labs')), mode(folder), mode(kubeconfig)]).toEqual([0o700, 0o700, 0o600]);
    expect(kubeconfig).toBe(kubeconfigPath(labFolder(join(home, 'labs'), 'one')));
  });

  test('is made private when it was open', async () => {
    mkdirSync(join(home, 'labs'));
    chmodSync(join(home, 'labs'), 0o777);
    await makeLabFolder(join(home, 'labs'), 'one', uid);
    expect(lstatSync(join(home, 'labs')).mode & 0o777).toBe(0o700);
  });

  test('is no link of somebody who waits for us', async () => {
    mkdirSync(join(home, 'elsewhere'));
    symlinkSync(join(home, 'elsewhere'), join(home, 'labs'));
    await expect(makeLabFolder(join(home, 'labs'), 'one', uid)).rejects.toThrow('does not belong to this user');
  });

  test('of another user is refused', async () => {
    mkdirSync(join(home, 'labs'));
    await expect(makeLabFolder(join(home, 'labs'), 'one', uid + 1)).rejects.toThrow('does not belong to this user');
  });
});

describe('what is running', () => {
  test('by name; what ended without a word is removed', async () => {
    const gone = { pid: 2 ** 22 - 1, processStart: '1' };
    for (const [name, more] of [
      ['b', {}],
      ['a', {}],
      ['dead', gone],
      ['other', { processStart: '1' }],
    ] as const)
      await writeRecord(await makeLabFolder(home, name, uid), await record(name, more));
    expect((await runningLabs(home)).map(({ name }) => name)).toEqual(['a', 'b']);
    expect(await readRecord(labFolder(home, 'dead'))).toBe(undefined);
    expect(await readRecord(labFolder(home, 'other'))).toBe(undefined);
  });

  test('nothing where there is no folder, and nothing that cannot be read', async () => {
    expect(await runningLabs(join(home, 'nothing'))).toEqual([]);
    const folder = await makeLabFolder(home, 'odd', uid);
    for (const text of ['', '{', '[]', '{"name":"odd"}', '{"name":"odd","pid":-1}']) {
      writeFileSync(join(folder, 'lab.json'), text);
      expect(await runningLabs(home)).toEqual([]);
    }
  });

  test('a process is known by its number and its start', async () => {
    const processStart = await startOfProcess(process.pid);
    expect(processStart).toMatch(/^\d+$/);
    expect(await isRunning({ pid: process.pid, processStart })).toBe(true);
    expect(await isRunning({ pid: process.pid, processStart: '7' })).toBe(false);
    expect(await isRunning({ pid: 2 ** 22 - 1, processStart: '' })).toBe(false);
  });
});
