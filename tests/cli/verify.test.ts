/** `sallyport verify`, by the program as built. */
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packageFolder, runSallyport, type RunResult } from './run-sallyport.ts';

let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-verify-'));
  cpSync(join(packageFolder, 'examples/three-tier'), join(folder, 'k8s'), { recursive: true });
  mkdirSync(join(folder, 'intents'));
  write('intents/one.yaml', intents('first', 'deny: {from: frontend/frontend, to: db/db}'));
  write('intents/two.yaml', intents('second', 'allow: {from: backend/backend, to: db/db, ports: 8080}'));
  write('intents/notes.yaml', 'replicas: 3\n');
  write('broken.yaml', intents('opens the database', 'allow: {from: frontend/frontend, to: db/db, ports: 8080}'));
  write('faulty.yaml', intents('slip', 'alow: {from: frontend/frontend, to: db/db}'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

function intents(name: string, body: string): string {
  return `apiVersion: sallyport.dev/v1\nkind: Intents\nintents:\n  - name: ${name}\n    ${body}\n`;
}

function write(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

function verify(...args: readonly string[]): Promise<RunResult> {
  return runSallyport(['verify', ...args], { cwd: folder });
}

describe('exit codes', () => {
  test('0 when all hold', async () => {
    const { exitCode, stdout, stderr } = await verify('k8s/intents.yaml', '-f', 'k8s');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain('6 intents: 6 hold');
  });

  test('1 when one fails, with the rules that decide', async () => {
    const { exitCode, stdout } = await verify('k8s/intents.yaml', 'broken.yaml', '-f', 'k8s');
    expect(exitCode).toBe(1);
    expect(stdout).toContain('✗ opens the database  broken.yaml:4');
    expect(stdout).toContain('frontend/frontend → db/db  tcp 8080: shut, must be open');
    expect(stdout).toMatch(/ingress: isolated by db\/NetworkPolicy\/[a-z-]+\s+\(k8s\/[a-z0-9/.-]+:\d+\)/);
    expect(stdout).toContain('7 intents: 6 hold, 1 fails');
  });

  test.each([
    [['faulty.yaml', '-f', 'k8s'], 3, 'did you mean `allow`?'],
    [['faulty.yaml', '-f', 'k8s', '--ignore-invalid'], 3, 'an intent asserts nothing'],
    [['k8s/app', '-f', 'k8s'], 3, 'k8s/app: no intents in it'],
    [['nowhere.yaml', '-f', 'k8s'], 3, 'no such file'],
    [['intents'], 2, 'no manifests given'],
    [[], 2, "missing required argument 'intents'"],
    [['-', '-f', '-'], 2, 'cannot both come from standard input'],
    [['intents', '-f', 'k8s', '-o', 'jsonn'], 2, 'Did you mean json?'],
    [['intents', '--watch', '-f', '-'], 2, '--watch needs files'],
    [['intents', '-f', 'k8s', '--kubeconfig', 'x'], 2, 'give one of them'],
  ] as const)('%j: %i', async (args, expected, words) => {
    const { exitCode, stdout, stderr } = await verify(...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: expected, stdout: '' });
    expect(stderr).toContain(words);
    expect(stderr).not.toContain('--ignore-invalid to answer');
  });
});

describe('input', () => {
  test('folders of intents; other documents in them are passed over', async () => {
    const { exitCode, stdout } = await verify('intents', '-f', 'k8s');
    expect(exitCode).toBe(0);
    expect(stdout).toBe('intents/one.yaml\n✓ first\n\nintents/two.yaml\n✓ second\n\n2 intents: 2 hold\n');
  });

  test('intents from standard input', async () => {
    const { exitCode, stdout } = await runSallyport(['verify', '-', '-f', 'k8s'], {
      cwd: folder,
      stdin: intents('piped', 'deny: {from: internet, to: ns/db}'),
    });
    expect(exitCode).toBe(0);
    expect(stdout).toContain('✓ piped');
  });

  test('-n is where names without a namespace live', async () => {
    write('short.yaml', intents('short', 'allow: {from: db, to: db, ports: 1}\n    mayMatchNothing: true'));
    expect((await verify('short.yaml', '-f', 'k8s')).stdout).toContain('✓ short');
    write('short.yaml', intents('short', 'deny: {from: db, to: backend/backend}'));
    expect(await verify('short.yaml', '-f', 'k8s', '-n', 'db')).toMatchObject({ exitCode: 0 });
    expect((await verify('short.yaml', '-f', 'k8s')).stdout).toContain('the input has no namespace "default"');
  });
});

describe('formats', () => {
  test('json, also of what is wrong with the intents', async () => {
    const { exitCode, stdout, stderr } = await verify('broken.yaml', '-f', 'k8s', '-o', 'json');
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      apiVersion: 'sallyport.dev/v1',
      kind: 'VerifyReport',
      summary: { intents: 1, hold: 0, fail: 1, unknown: 0, accepted: 0 },
      results: [{ name: 'opens the database', outcome: 'fails', file: 'broken.yaml', line: 4, judged: 2 }],
    });
    const faulty = await verify('faulty.yaml', '-f', 'k8s', '-o', 'json');
    expect(JSON.parse(faulty.stderr)).toMatchObject({ kind: 'Error', exitCode: 3 });
  });

  test.each([
    ['junit', '<testsuites'],
    ['tap', 'TAP version 14\n1..1\nnot ok 1 - opens the database\n'],
    ['github', '::error file=broken.yaml,line=4,title=sallyport verify%3A opens the database::'],
  ])('%s', async (format, begin) => {
    const { exitCode, stdout } = await verify('broken.yaml', '-f', 'k8s', '-o', format);
    expect(exitCode).toBe(1);
    expect(stdout).toContain(begin);
  });

  test('brief, ASCII, and full', async () => {
    const { stdout } = await verify('intents', 'broken.yaml', '-f', 'k8s', '--brief', '--ascii', '--full');
    expect(stdout).not.toContain('first');
    expect(stdout).toContain('x opens the database');
  });
});

test('--watch verifies again when a file changes, and ends with Ctrl-C', async () => {
  write('watched.yaml', intents('watched', 'deny: {from: frontend/frontend, to: db/db}'));
  const main = join(packageFolder, 'dist/cli/main.js');
  const child = spawn(process.execPath, [main, 'verify', 'watched.yaml', '-f', 'k8s', '--watch'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const seen = { text: '' };
  const waiting: { readonly words: string; readonly resolve: () => void }[] = [];
  const look = (chunk: Buffer): void => {
    seen.text += chunk.toString();
    for (const { words, resolve } of waiting) if (seen.text.includes(words)) resolve();
  };
  child.stdout.on('data', look);
  child.stderr.on('data', look);
  const until = (words: string): Promise<void> =>
    seen.text.includes(words)
      ? Promise.resolve()
      : new Promise((resolve) => waiting.push({ words, resolve: () => resolve() }));
  try {
    await until('1 intent: 1 holds');
    await until('watching watched.yaml, k8s; Ctrl-C ends');
    const touch = setInterval(() => {
      // The watcher tells nobody when it is ready, so the change is made until it is seen.
      write('watched.yaml', intents('watched', 'allow: {from: frontend/frontend, to: db/db}'));
    }, 300);
    await until('1 intent: 1 fails').finally(() => clearInterval(touch));
    write('watched.yaml', 'kind: Intents\n');
    await until('not intents');
  } finally {
    const ended = new Promise((resolve) => child.on('close', resolve));
    child.kill('SIGINT');
    await ended;
  }
  expect(child.signalCode).toBe('SIGINT');
});
