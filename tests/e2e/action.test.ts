/** The GitHub Action's program on a repository of its own, with a server that plays GitHub. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { packageFolder, runProgram } from '../cli/run-sallyport.ts';

const program = fileURLToPath(new URL('../../action/review.mjs', import.meta.url));

const pods = ['web', 'db']
  .map(
    (name) => `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { app: ${name} } }
spec: { containers: [{ name: main, image: main }] }
`,
  )
  .join('---\n');

const database = (peers: string): string => `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: shop }
spec:
  podSelector: { matchLabels: { app: db } }
  policyTypes: [Ingress]
  ingress:
    - ${peers}ports: [{ port: 5432 }]
`;
const fromWeb = database('from: [{ podSelector: { matchLabels: { app: web } } }]\n      ');

interface Comment {
  readonly id: number;
  body: string;
}

let folder: string;
let server: Server;
let api: string;
let comments: Comment[];
let refuses: number;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-action-'));
  comments = [{ id: 1, body: 'looks good' }];
  refuses = 0;
  server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const [status, value] = answer(method, url.split('?')[0] ?? '', headers.authorization, text);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

/** As GitHub does: a list, a new comment, another text for a comment. */
function answer(method: string, path: string, token: string | undefined, text: string): readonly [number, unknown] {
  if (refuses !== 0) return [refuses, { message: 'no' }];
  if (token !== 'Bearer secret') return [401, {}];
  const ofIssue = path === '/repos/acme/shop/issues/7/comments';
  if (method === 'GET' && ofIssue) return [200, comments];
  const { body } = JSON.parse(text) as { body: string };
  if (method === 'POST' && ofIssue) {
    comments.push({ id: comments.length + 1, body });
    return [201, {}];
  }
  const id = /^\/repos\/acme\/shop\/issues\/comments\/(\d+)$/.exec(path)?.[1];
  const comment = comments.find((candidate) => String(candidate.id) === id);
  if (method !== 'PATCH' || comment === undefined) return [404, {}];
  comment.body = body;
  return [200, {}];
}

async function git(...args: string[]): Promise<string> {
  const identity = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'commit.gpgsign=false'];
  const { exitCode, stdout, stderr } = await runProgram('git', [...identity, ...args], { cwd: folder });
  expect(stderr + stdout, args.join(' ')).toSatisfy(() => exitCode === 0);
  return stdout.trim();
}

function write(policy: string): void {
  mkdirSync(join(folder, 'k8s'), { recursive: true });
  writeFileSync(join(folder, 'k8s/app.yaml'), pods);
  writeFileSync(join(folder, 'k8s/db.yaml'), policy);
}

async function commit(policy: string): Promise<string> {
  write(policy);
  await git('add', '.');
  await git('commit', '-q', '-m', 'change');
  return git('rev-parse', 'HEAD');
}

async function review(env: Readonly<Record<string, string>>) {
  return runProgram(process.execPath, [program], { cwd: folder, env: { SALLYPORT_PATH: 'k8s/', ...env } });
}

function pullRequest(sha: string): Readonly<Record<string, string>> {
  const event = join(folder, 'event.json');
  writeFileSync(event, JSON.stringify({ pull_request: { number: 7, base: { sha } } }));
  return {
    GITHUB_EVENT_PATH: event,
    GITHUB_API_URL: api,
    GITHUB_REPOSITORY: 'acme/shop',
    GITHUB_STEP_SUMMARY: join(folder, 'summary.md'),
    SALLYPORT_TOKEN: 'secret',
    SALLYPORT_COMMENT: 'true',
  };
}

describe('the action', () => {
  it('annotates, compares with the base, comments once, and keeps the comment up to date', async () => {
    await git('init', '-q');
    const base = await commit(fromWeb);
    await commit(database(''));
    const env = pullRequest(base);
    const first = await review(env);
    expect(first.stdout).toMatch(/^::warning /m);
    expect(first.stdout).toContain('comment created');
    expect(first.exitCode).toBe(0);
    expect(comments).toHaveLength(2);
    const opened = comments[1]?.body ?? '';
    expect(opened).toContain('shop/db');
    expect(opened).toContain('5432');
    expect(opened).toContain('internet');
    expect(readFileSync(join(folder, 'summary.md'), 'utf8')).toContain('5432');

    await commit(fromWeb);
    const second = await review(env);
    expect(second.stdout).toContain('comment updated');
    expect(comments).toHaveLength(2);
    expect(comments[1]?.body).toContain('No connection differs');
  });

  it('fails when the change opens what it must not, and says which step failed', async () => {
    await git('init', '-q');
    const base = await commit(fromWeb);
    await commit(database(''));
    const { exitCode, stderr } = await review({ SALLYPORT_BASE: base, SALLYPORT_EXPECT: 'tighter' });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('failed: diff --expect tighter');
  });

  it('does not fail because a comment is refused', async () => {
    await git('init', '-q');
    const base = await commit(fromWeb);
    refuses = 403;
    const { exitCode, stdout } = await review(pullRequest(base));
    expect(stdout).toContain('::warning title=Sallyport::the comment was not written:');
    expect(exitCode).toBe(0);
  });

  it('fails by findings and by intents, and writes SARIF', async () => {
    await git('init', '-q');
    await commit(fromWeb);
    const intents = `apiVersion: sallyport.dev/v1
kind: Intents
intents:
  - name: closed
    deny: { from: { labels: { app: web } }, to: { labels: { app: db } }, ports: [5432] }
`;
    writeFileSync(join(folder, 'intents.yaml'), intents);
    const { exitCode, stderr } = await review({
      SALLYPORT_FAIL_ON: 'warning',
      SALLYPORT_INTENTS: 'intents.yaml',
      SALLYPORT_SARIF: 'findings.sarif',
    });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('audit');
    expect(stderr).toContain('verify');
    const sarif = JSON.parse(readFileSync(join(folder, 'findings.sarif'), 'utf8')) as { version: string };
    expect(sarif.version).toBe('2.1.0');
  });

  it.each([
    ['an option as base', { SALLYPORT_BASE: '--output=/etc/passwd' }, 'is no revision'],
    ['no path', { SALLYPORT_PATH: ' ' }, 'names no manifests'],
    ['a base that does not exist', { SALLYPORT_BASE: 'f'.repeat(40) }, 'cannot be fetched'],
  ])('refuses %s', async (_, env, text) => {
    await git('init', '-q');
    await commit(fromWeb);
    const { exitCode, stdout } = await review(env);
    expect(stdout).toContain(`::error title=Sallyport::`);
    expect(stdout).toContain(text);
    expect(exitCode).toBe(1);
  });
});

interface Step {
  readonly run: string;
  readonly env?: Readonly<Record<string, string>>;
}

describe('action.yml', () => {
  const action = parse(readFileSync(join(packageFolder, 'action.yml'), 'utf8')) as {
    readonly inputs: Readonly<Record<string, unknown>>;
    readonly runs: { readonly steps: readonly Step[] };
  };

  it('puts no input into a shell line', () => {
    for (const { run } of action.runs.steps) expect(run).not.toContain('${{');
  });

  it('hands over every input, by a name that the program reads', () => {
    const program = readFileSync(join(packageFolder, 'action/review.mjs'), 'utf8');
    const env = action.runs.steps.flatMap((step) => Object.entries(step.env ?? {}));
    expect(env.map(([, value]) => value).sort()).toEqual(
      Object.keys(action.inputs)
        .map((name) => `\${{ inputs.${name} }}`)
        .sort(),
    );
    for (const [name] of env) expect(program).toContain(`'${name}'`);
  });
});
