/** `sallyport audit` as built. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RunResult, packageFolder, runSallyport } from './run-sallyport.ts';

const program = join(packageFolder, 'dist/cli/main.js');

const bad = `# The shop.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web
  namespace: shop
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
    - ports:
        - port: 53 # lookups
`;
const good = bad.replace('- port: 53 #', '- { protocol: UDP, port: 53 } #');
const broken = bad.replace('[Egress]', '[egress]');

let root: string;
let folder: string;
let count = 0;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'sallyport-audit-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));
beforeEach(() => {
  folder = join(root, String(count++));
  mkdirSync(join(folder, 'k8s'), { recursive: true });
  // Settings above the folder are none of ours.
  mkdirSync(join(folder, '.git'));
});

function file(name: string, text: string): void {
  writeFileSync(join(folder, name), text);
}

function audit(...args: readonly string[]): Promise<RunResult> {
  return runSallyport(['audit', ...args], { cwd: folder, env: { SOURCE_DATE_EPOCH: '1767225600' } });
}

const only = ['--rule', 'dns-without-udp'];

describe('sallyport audit', () => {
  it('shows findings and fails', async () => {
    file('k8s/web.yaml', bad);
    const { exitCode, stdout } = await audit('-f', 'k8s', ...only);
    expect(stdout).toMatch(/^k8s\/web\.yaml:12:11: error: port 53 without a protocol .* \[dns-without-udp\]\n/);
    expect(stdout).toContain('\n1 error in 1 file\n');
    expect(exitCode).toBe(1);
  });

  it('finds nothing where nothing is wrong', async () => {
    file('k8s/web.yaml', good);
    const { exitCode, stdout, stderr } = await audit('-f', 'k8s', ...only);
    expect([exitCode, stdout, stderr]).toEqual([0, 'no findings (1 rule)\n', '']);
  });

  it.each([
    ['never', 0],
    ['error', 1],
    ['warning', 1],
  ])('--fail-on %s: exit code %i', async (level, exitCode) => {
    file('k8s/web.yaml', bad);
    expect((await audit('-f', 'k8s', '--fail-on', level, ...only)).exitCode).toBe(exitCode);
  });

  it('takes settings from the folder above, unless told not to', async () => {
    file('sallyport.yaml', 'audit: {rules: {dns-without-udp: info}}\n');
    file('k8s/web.yaml', bad);
    const run = (...args: string[]): Promise<RunResult> =>
      runSallyport(['audit', '-f', '.', ...only, ...args], { cwd: join(folder, 'k8s') });
    const [with_, without] = await Promise.all([run(), run('--no-config')]);
    expect([with_.exitCode, without.exitCode]).toEqual([0, 1]);
    expect(with_.stdout).toContain('1 note in 1 file');
  });

  it('refuses settings that it does not understand', async () => {
    file('sallyport.yaml', 'audit:\n  rules:\n    dns-without-upd: off\n');
    file('k8s/web.yaml', bad);
    const { exitCode, stderr } = await audit('-f', 'k8s');
    expect(exitCode).toBe(3);
    expect(stderr).toContain('sallyport.yaml:3:5: error: unknown rule `dns-without-upd`');
    expect(stderr).toContain('did you mean `dns-without-udp`?');
  });

  it('refuses a rule that there is not', async () => {
    const { exitCode, stderr } = await audit('-f', 'k8s', '--rule', 'dns-without-upd');
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('did you mean dns-without-udp?')]);
  });

  it('speaks of nothing else when objects are invalid', async () => {
    file('k8s/broken.yaml', broken);
    file('k8s/web.yaml', bad.replace('name: web', 'name: other'));
    const [strict, lenient, sarif] = await Promise.all([
      audit('-f', 'k8s', ...only),
      audit('-f', 'k8s', ...only, '--ignore-invalid'),
      audit('-f', 'k8s', '-o', 'sarif'),
    ]);
    expect(strict.exitCode).toBe(3);
    expect(strict.stdout).toMatch(/^k8s\/broken\.yaml:9:17: error: .* \[invalid-manifest\]\n/);
    expect(strict.stdout).not.toContain('web.yaml');
    expect(strict.stderr).toContain('--ignore-invalid');
    expect(lenient.exitCode).toBe(1);
    expect(lenient.stdout).toContain('k8s/web.yaml');
    expect(sarif.stdout).toContain('"ruleId":"invalid-manifest"');
  });

  it.each(['json', 'sarif', 'junit', 'github', 'md'])('-o %s', async (format) => {
    file('k8s/web.yaml', bad);
    const { exitCode, stdout } = await audit('-f', 'k8s', '-o', format, ...only);
    expect(exitCode).toBe(1);
    expect(stdout).toContain('dns-without-udp');
    if (format === 'json' || format === 'sarif') expect(() => void JSON.parse(stdout)).not.toThrow();
    if (format === 'sarif') expect(stdout).toContain('## Prefer');
  });

  it('reads standard input', async () => {
    const { exitCode, stdout } = await runSallyport(['audit', '-f', '-', ...only], { cwd: folder, stdin: bad });
    expect([exitCode, stdout]).toEqual([1, expect.stringContaining('[dns-without-udp]')]);
  });

  it('lists and explains rules', async () => {
    const [list, json, page] = await Promise.all([
      audit('--list-rules'),
      audit('--list-rules', '-o', 'json'),
      audit('--explain', 'dns-without-udp'),
    ]);
    expect(list.stdout).toMatch(/^mistakes\n {2}/);
    expect(JSON.parse(json.stdout)).toMatchObject({ kind: 'AuditRules' });
    expect(page.stdout).toMatch(/^# dns-without-udp\n/);
    expect([list.exitCode, json.exitCode, page.exitCode]).toEqual([0, 0, 0]);
  });

  it('passes or fails the controls of a profile', async () => {
    file(
      'k8s/web.yaml',
      'apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec: {containers: [{name: a, image: a}]}\n',
    );
    const { stdout, exitCode } = await audit('-f', 'k8s', '--profile', 'cis', '--fail-on', 'info');
    expect(stdout).toMatch(/✗ fail +5\.3\.2/);
    expect(stdout).toMatch(/\? undecided +5\.3\.1/);
    expect(exitCode).toBe(1);
  });
});

/** Resolves when a text has come, and forgets what came up to it. */
function waitFor(stream: Readable): (text: string) => Promise<void> {
  let seen = '';
  let look = (): void => {};
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    seen += chunk;
    look();
  });
  return (text) =>
    new Promise((resolve) => {
      look = () => {
        const at = seen.indexOf(text);
        if (at === -1) return;
        seen = seen.slice(at + text.length);
        look = () => {};
        resolve();
      };
      look();
    });
}

describe('--watch', () => {
  it('audits again when a file changes, also when it is broken for a while', async () => {
    file('k8s/web.yaml', bad);
    const child = spawn(process.execPath, [program, 'audit', '-f', 'k8s', '--watch', '--brief', ...only], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    try {
      const until = waitFor(child.stdout);
      const untilWaiting = waitFor(child.stderr);
      await until('1 error in 1 file');
      await untilWaiting('watching k8s');
      file('k8s/web.yaml', broken);
      await until('[invalid-manifest]');
      await untilWaiting('watching k8s');
      file('k8s/web.yaml', good);
      await until('no findings');
    } finally {
      child.kill('SIGKILL');
    }
  });

  it.each([[['--watch']], [['-f', '-', '--watch']]])('%j has nothing to watch', async (args) => {
    const { exitCode, stderr } = await audit(...args);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('--watch needs files or folders')]);
  });
});

describe('a baseline', () => {
  it('lets pass what was there', async () => {
    file('k8s/web.yaml', bad);
    const recorded = await audit('-f', 'k8s', '--write-baseline', 'base.json');
    expect(recorded.exitCode).toBe(0);
    expect(recorded.stderr).toContain('recorded in base.json');
    const before = await audit('-f', 'k8s', '--baseline', 'base.json');
    expect([before.exitCode, before.stdout]).toEqual([0, expect.stringContaining('no findings')]);
    file('k8s/web.yaml', `# moved\n\n${bad}`);
    file('k8s/new.yaml', bad.replace('name: web', 'name: new'));
    const after = await audit('-f', 'k8s', '--baseline', 'base.json', ...only);
    expect(after.stdout).toContain('k8s/new.yaml:12:11');
    expect(after.stdout).not.toContain('web.yaml');
  });

  it('that is none is refused', async () => {
    file('k8s/web.yaml', bad);
    file('base.json', '{}');
    const { exitCode, stderr } = await audit('-f', 'k8s', '--baseline', 'base.json');
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('no baseline')]);
  });
});

describe('fixes', () => {
  it('change the files and nothing around', async () => {
    file('k8s/web.yaml', bad);
    chmodSync(join(folder, 'k8s/web.yaml'), 0o640);
    const first = await audit('-f', 'k8s', '--fix', ...only);
    const fixed = readFileSync(join(folder, 'k8s/web.yaml'), 'utf8');
    expect(fixed).toBe(`${bad}        - protocol: UDP\n          port: 53\n`);
    expect(statSync(join(folder, 'k8s/web.yaml')).mode & 0o777).toBe(0o640);
    expect(readdirSync(join(folder, 'k8s'))).toEqual(['web.yaml']);
    expect([first.exitCode, first.stdout]).toEqual([0, 'no findings (1 rule)\n']);
    expect(first.stderr).toContain('fixed: allow port 53 for UDP as well');
    const second = await audit('-f', 'k8s', '--fix', ...only);
    expect(second.stderr).toContain('nothing to fix');
    expect(readFileSync(join(folder, 'k8s/web.yaml'), 'utf8')).toBe(fixed);
  });

  it('keep a byte order mark and Windows line ends', async () => {
    file('k8s/web.yaml', `\uFEFF${bad.replaceAll('\n', '\r\n')}`);
    await audit('-f', 'k8s', '--fix', ...only);
    const fixed = `${bad}        - protocol: UDP\n          port: 53\n`;
    expect(readFileSync(join(folder, 'k8s/web.yaml'), 'utf8')).toBe(`\uFEFF${fixed.replaceAll('\n', '\r\n')}`);
  });

  it('are shown as a patch that git applies', async () => {
    file('k8s/web.yaml', bad);
    file('k8s/end.yaml', bad.replace('name: web', 'name: end').trimEnd());
    const { stdout, stderr, exitCode } = await audit('-f', 'k8s', '--fix-dry-run', ...only);
    expect(readFileSync(join(folder, 'k8s/web.yaml'), 'utf8')).toBe(bad);
    expect(stderr).toContain('2 fixes offered; no finding is left');
    expect(exitCode).toBe(0);
    rmSync(join(folder, '.git'), { recursive: true });
    const applied = spawnSync('git', ['apply', '-'], { cwd: folder, input: stdout, encoding: 'utf8' });
    expect([applied.status, applied.stderr]).toEqual([0, '']);
    const after = await audit('-f', 'k8s', ...only);
    expect(after.stdout).toBe('no findings (1 rule)\n');
  });

  it.each([
    [['-f', '-', '--fix'], 'standard input'],
    [['-f', 'k8s', '--fix', '--fix-dry-run'], 'exclude each other'],
    [['--live', '--fix'], 'not a cluster'],
  ])('%j is refused', async (args, reason) => {
    const { exitCode, stderr } = await audit(...args);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(reason)]);
  });

  it('leave a file alone that cannot be replaced', async () => {
    file('k8s/web.yaml', bad);
    // UTF-16 is read but not written back.
    writeFileSync(
      join(folder, 'k8s/web.yaml'),
      Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(bad, 'utf16le')]),
    );
    const before = readFileSync(join(folder, 'k8s/web.yaml'));
    const { exitCode, stderr } = await audit('-f', 'k8s', '--fix', ...only);
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('not UTF-8; left as it is')]);
    expect(readFileSync(join(folder, 'k8s/web.yaml')).equals(before)).toBe(true);
  });
});
