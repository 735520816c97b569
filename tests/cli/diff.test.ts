/** `diff` as a person at a pipe or a pipeline sees it: the built program, a real git repository. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { policy, shop, temporaryFolder } from './manifests.ts';
import { runSallyport, type RunResult } from './run-sallyport.ts';

const folder = temporaryFolder();

/** The same shop, whose database lets the internet in on another port. */
const opened = `${shop}\n---\n${policy('shop', 'open', 'podSelector:\n  matchLabels:\n    app: db\ningress:\n  - from:\n      - ipBlock:\n          cidr: 0.0.0.0/0\n    ports:\n      - port: 6000')}`;
const shut = `${shop}\n---\n${policy('shop', 'shut', 'podSelector:\n  matchLabels:\n    app: web\npolicyTypes: [Egress]')}`;

function git(...args: readonly string[]): void {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.test'];
  execFileSync('git', [...identity, '-C', folder.path, ...args], { stdio: 'ignore' });
}

beforeAll(() => {
  git('init', '-q', '-b', 'main');
  folder.write('k8s/all.yaml', shop);
  git('add', '-A');
  git('commit', '-q', '-m', 'base');
  git('checkout', '-q', '-b', 'change');
  folder.write('k8s/all.yaml', opened);
  git('commit', '-q', '-am', 'opened');
  folder.write('old/all.yaml', shop);
  folder.write('new/all.yaml', opened);
  folder.write('shut.yaml', shut);
});
afterAll(folder.remove);

function diff(...args: readonly string[]): Promise<RunResult> {
  return runSallyport(['diff', ...args], { cwd: folder.path });
}

const internetFirst = 'Opened to the internet (1 connection)\n  + internet (IPv4) → shop/db  tcp 6000\n';

describe.concurrent('sides', () => {
  it.each([
    { what: 'two folders', args: ['old', 'new'], names: 'old → new' },
    { what: 'two files', args: ['old/all.yaml', 'new/all.yaml'], names: 'old/all.yaml → new/all.yaml' },
    { what: 'a revision and the work tree', args: ['main', '--', 'k8s/'], names: 'main → the work tree' },
    { what: 'a revision with two dots', args: ['main..', '--', 'k8s'], names: 'main → the work tree' },
    { what: 'two revisions', args: ['main..HEAD', '--', 'k8s'], names: 'main → HEAD' },
    { what: 'since the common ancestor', args: ['main...change', '--', 'k8s'], names: 'main... → change' },
    { what: 'a revision and a folder', args: ['main:k8s', 'new'], names: 'main → new' },
    { what: 'relative to a revision', args: ['HEAD~1', 'HEAD', '--', 'k8s/all.yaml'], names: 'HEAD~1 → HEAD' },
  ])('$what', async ({ args, names }) => {
    const result = await diff(...args);
    expect(result.stderr).toBe('');
    expect(result.exitCode).toBe(0);
    expect(result.stdout).toContain(`${names}\n`);
    expect(result.stdout).toContain(internetFirst);
  });

  it('standard input', async () => {
    const result = await runSallyport(['diff', 'old', '-'], { cwd: folder.path, stdin: opened });
    expect(result.stderr).toBe('');
    expect(result.stdout).toContain('old → standard input\n');
    expect(result.stdout).toContain(internetFirst);
  });

  it('a place in a revision is named by it', async () => {
    const { stdout } = await diff('HEAD', 'main', '--', 'k8s');
    expect(stdout).toMatch(/shop\/NetworkPolicy\/open removed, spec\.ingress\[0\] \(HEAD:k8s\/all\.yaml:\d+\)/);
  });

  it('a folder that a revision does not have is empty there', async () => {
    const result = await diff('main', '--', 'old');
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toContain('main has no old; it is compared as if it were empty there');
    expect(result.stdout).toContain('New in the work tree\n  namespaces: shop\n  shop/{db, web}');
  });
});

describe.concurrent('exit codes', () => {
  it.each([
    { args: ['old', 'new'], exitCode: 0 },
    { args: ['old', 'new', '--exit-code'], exitCode: 1 },
    { args: ['old', 'old', '--exit-code'], exitCode: 0 },
    { args: ['old', 'old', '--expect', 'equivalent'], exitCode: 0 },
    { args: ['old', 'old', '--expect', 'tighter'], exitCode: 0 },
    { args: ['old', 'new', '--expect', 'looser'], exitCode: 0 },
    { args: ['old', 'new', '--expect', 'tighter'], exitCode: 1 },
    { args: ['old', 'new', '--expect', 'equivalent'], exitCode: 1 },
    { args: ['old', 'shut.yaml', '--expect', 'tighter'], exitCode: 0 },
    { args: ['old', 'shut.yaml', '--expect', 'looser'], exitCode: 1 },
    { args: ['new', 'shut.yaml', '--expect', 'tighter'], exitCode: 0 },
    { args: ['shut.yaml', 'new', '--expect', 'looser'], exitCode: 0 },
  ])('$args', async ({ args, exitCode }) => {
    expect((await diff(...args)).exitCode).toBe(exitCode);
  });

  it('an expectation that fails comes with a counter-example', async () => {
    const { stderr } = await diff('old', 'new', '--expect', 'tighter');
    expect(stderr).toMatch(
      /^not tighter:\n {2}internet \(IPv4\) to shop\/db opens tcp 6000: shop\/NetworkPolicy\/open added, spec\.ingress\[0\] \(new\/all\.yaml:\d+\)\n/,
    );
  });

  it.each([
    { args: [], message: 'nothing to compare' },
    { args: ['old'], message: 'old: there is nothing to compare it with' },
    { args: ['old', 'new', 'shut.yaml'], message: 'diff takes two sides' },
    { args: ['old', 'nowhere'], message: 'nowhere: neither a file or folder nor a git revision' },
    { args: ['nowhere..', '--', 'k8s'], message: 'nowhere: neither a file or folder nor a git revision' },
    { args: ['-', '-'], message: 'standard input can only be one of the two sides' },
    { args: ['main', '--', '../elsewhere'], message: '../elsewhere: not in the repository' },
    { args: ['--live', 'old', 'new'], message: '--live is one side, so exactly one other is needed' },
    { args: ['old', 'new', '--expect', 'same'], message: 'It must be one of equivalent, tighter, looser.' },
  ])('2 for $args', async ({ args, message }) => {
    const result = await diff(...args);
    expect(result.stderr).toContain(message);
    expect(result.exitCode).toBe(2);
    expect(result.stdout).toBe('');
  });

  it('2 for a revision that looks like an option', async () => {
    const result = await diff('old', '--output=json', '--upload-pack=touch x');
    expect(result.exitCode).toBe(2);
    const range = await diff('--', '--help..');
    expect(range.exitCode).toBe(2);
  });

  it('3 for what the API server would refuse', async () => {
    folder.write('bad.yaml', opened.replace('port: 6000', 'port: 600000'));
    const result = await diff('old', 'bad.yaml');
    expect(result.exitCode).toBe(3);
    expect(result.stderr).toContain('must be between 1 and 65535, inclusive');
  });
});

describe.concurrent('formats', () => {
  it('JSON is the contract', async () => {
    const { stdout } = await diff('old', 'new', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      apiVersion: 'sallyport.dev/v1',
      kind: 'ConnectivityDiff',
      before: 'old',
      after: 'new',
      relation: 'looser',
      certain: false,
      changes: [{ from: 'external:0', to: 'shop/Deployment/db', change: 'added' }, {}],
    });
  });
  it.each([
    ['csv', 'connection,added,0.0.0.0/0,shop/Deployment/db,none,tcp 6000'],
    ['md', '| internet \\(IPv4\\) | shop/db | tcp 6000 |'],
    ['dot', 'digraph sallyport {'],
    ['mermaid', 'flowchart LR'],
  ])('%s', async (format, text) => {
    const { stdout, exitCode } = await diff('old', 'new', '-o', format);
    expect(exitCode).toBe(0);
    expect(stdout).toContain(text);
  });
});

describe.concurrent('outside a repository', () => {
  it('a name that is no file is told so', async () => {
    const plain = temporaryFolder();
    const result = await runSallyport(['diff', 'main..', '--', 'k8s'], { cwd: plain.path });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain('no such file or folder, and this is no git repository');
    rmSync(plain.path, { recursive: true });
  });
});

describe.concurrent('map --exposure', () => {
  it('says who would be let in', async () => {
    const { stdout, exitCode } = await runSallyport(['map', '-f', 'new', '--exposure', '--to', 'shop/db'], {
      cwd: folder.path,
    });
    expect(exitCode).toBe(0);
    expect(stdout).toContain('← whoever has an address in the internet (IPv4)  tcp 6000\n');
  });
  it('is not drawn', async () => {
    const result = await runSallyport(['map', '-f', 'new', '--exposure', '-o', 'dot'], { cwd: folder.path });
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain('--exposure is not part of -o dot');
  });
});
