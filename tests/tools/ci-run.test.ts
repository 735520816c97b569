import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(realpathSync(tmpdir()), 'sallyport-ci-'));
  mkdirSync(join(folder, '.ci'));
  mkdirSync(join(folder, 'bin'));
  copyFileSync(join(root, '.ci/run'), join(folder, '.ci/run'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Runs `.ci/run` with an `npm` that does what `script` says; `$*` are its arguments. */
function ciRun(script: string): { status: number | null; lines: string[] } {
  writeFileSync(join(folder, 'bin/npm'), `#!/usr/bin/env bash\n${script}\n`, { mode: 0o755 });
  // Installs no system packages from a test.
  writeFileSync(join(folder, 'bin/node'), '#!/usr/bin/env bash\n[ "$1" = tools/system-packages.mjs ]\n', {
    mode: 0o755,
  });
  const { status, stdout } = spawnSync('bash', ['.ci/run'], {
    cwd: folder,
    encoding: 'utf8',
    env: { PATH: `${join(folder, 'bin')}:${process.env['PATH'] ?? ''}` },
  });
  return { status, lines: stdout.trimEnd().split('\n') };
}

const sum = /^\d+ passed, \d+ failed(, \d+ skipped)?$/;
const counting = (counts: string): string => `[ "$1" != test ] || echo ${counts} >"$SALLYPORT_TEST_COUNTS"`;

describe('.ci/run', () => {
  it('adds the tests to the other steps and ends with the sum', () => {
    const { status, lines } = ciRun(counting('100 0 0'));
    expect(lines.filter((line) => sum.test(line))).toEqual(['109 passed, 0 failed']);
    expect(lines.at(-1)).toBe('109 passed, 0 failed');
    expect(status).toBe(0);
  });

  it('goes on after a failing step and fails at the end', () => {
    const { status, lines } = ciRun(`${counting('100 0 2')}\n[ "$2" != lint ]`);
    expect(lines.at(-1)).toBe('108 passed, 1 failed, 2 skipped');
    expect(lines).toContain('failed: lint');
    expect(status).toBe(1);
  });

  it.each([
    ['a failing test', `${counting('99 1 0')}\n[ "$1" != test ]`, '108 passed, 1 failed'],
    ['a runner that breaks after passing tests', `${counting('100 0 0')}\n[ "$1" != test ]`, '109 passed, 1 failed'],
    ['a runner that leaves no count', '[ "$1" != test ]', '9 passed, 1 failed'],
    ['a runner that is content without a test', counting('0 0 0'), '9 passed, 1 failed'],
    ['a failing installation', `${counting('100 0 0')}\n[ "$1" != ci ]`, '108 passed, 1 failed'],
  ])('%s fails', (_name, script, last) => {
    const { status, lines } = ciRun(script);
    expect(lines.at(-1)).toBe(last);
    expect(status).toBe(1);
  });

  it('does everything that `npm run check` does', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const steps = [...(scripts['check'] ?? '').matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name);
    const run = readFileSync(join(root, '.ci/run'), 'utf8');
    expect(steps.length).toBeGreaterThan(5);
    // The unit tests are part of `npm test`.
    expect(steps.filter((step) => step !== 'test:unit' && !run.includes(`npm run ${step}\n`))).toEqual([]);
    expect(run).toContain('npm test\n');
  });
});
