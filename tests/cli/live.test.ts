/** `--live`, by the program as built, against a small cluster on loopback. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { certificate } from '../io/kubernetes/certificate.ts';
import { shop, SmallCluster } from '../io/kubernetes/small-cluster.ts';
import { runSallyport, type RunResult } from './run-sallyport.ts';

let folder: string;
let cluster: SmallCluster;

const authority = certificate('test authority');
const own = certificate('server', { issuer: authority, addresses: [[127, 0, 0, 1]] });
const person = certificate('dev', { issuer: authority });

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-live-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

afterEach(async () => {
  await cluster.stop();
});

interface Access {
  readonly user?: object;
  readonly cluster?: object;
  readonly namespace?: string;
  readonly server?: string;
}

function kubeconfig({ user = {}, cluster: more = {}, namespace, server }: Access = {}): string {
  const path = join(folder, `config-${Math.floor(performance.now() * 1000)}`);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'other',
    clusters: [{ name: 'c', cluster: { server: server ?? cluster.server.url.href, ...more } }],
    users: [{ name: 'u', user }],
    contexts: [
      { name: 'test', context: { cluster: 'c', user: 'u', ...(namespace === undefined ? {} : { namespace }) } },
      { name: 'other', context: { cluster: 'c', user: 'u', namespace: 'tools' } },
    ],
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

async function started(secure = false): Promise<void> {
  const tls = { cert: own.certificate, key: own.key, ca: authority.certificate, requestCert: true };
  cluster = await SmallCluster.start(shop, secure ? { ...tls, rejectUnauthorized: false } : undefined);
}

function live(args: readonly string[], env: Readonly<Record<string, string>>): Promise<RunResult> {
  return runSallyport(args, { env });
}

describe('can --live', () => {
  test('answers with rules that have no file', async () => {
    await started();
    const { exitCode, stdout, stderr } = await live(['can', 'tools/probe', 'shop/db:5432', '--live'], {
      KUBECONFIG: kubeconfig(),
    });
    expect(stderr).toBe('');
    expect(exitCode).toBe(1);
    expect(stdout).toContain('shop/NetworkPolicy/db-from-web');
    expect(stdout).not.toMatch(/undefined|null|:\d+:\d+/);
  });

  test('ends without a namespace live in that of the context, or of -n', async () => {
    await started();
    const config = kubeconfig({ namespace: 'shop' });
    const ofContext = await live(['can', 'web', 'db:5432', '--kubeconfig', config, '--context', 'test'], {});
    expect(ofContext).toMatchObject({ exitCode: 0, stderr: '' });
    expect(ofContext.stdout).toContain('shop/');
    const ofCurrent = await live(['can', 'probe', 'shop/db:5432', '--live'], { KUBECONFIG: config });
    expect(ofCurrent).toMatchObject({ exitCode: 1, stderr: '' });
    const ofOption = await live(['can', 'web', 'db:5432', '--live', '-A', '-n', 'shop'], { KUBECONFIG: config });
    expect(ofOption).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('through a Service, in JSON', async () => {
    await started();
    const { exitCode, stdout } = await live(['can', 'shop/web', 'shop/svc/database:5432', '--live', '-o', 'json'], {
      KUBECONFIG: kubeconfig(),
    });
    expect(exitCode).toBe(0);
    const verdict = JSON.parse(stdout) as { allowed: boolean; ingress: { by: object[] } };
    expect(verdict.allowed).toBe(true);
    expect(verdict.ingress.by).toEqual([{ policy: 'shop/NetworkPolicy/db-from-web', rule: 'spec.ingress[0]' }]);
  });
});

describe('map --live', () => {
  test.each(['text', 'json', 'csv', 'md', 'dot', 'mermaid'])('as %s', async (format) => {
    await started();
    const { exitCode, stdout, stderr } = await live(['map', '--live', '-o', format], { KUBECONFIG: kubeconfig() });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toContain('db');
    expect(stdout).not.toContain('undefined');
  });

  test('reads all namespaces, whatever -n shows', async () => {
    await started();
    const { exitCode, stdout } = await live(['map', '--live', '-n', 'tools', '-o', 'json'], {
      KUBECONFIG: kubeconfig(),
    });
    expect(exitCode).toBe(0);
    const map = JSON.parse(stdout) as { connections: { from: string; to: string }[] };
    expect(map.connections).toContainEqual(expect.objectContaining({ from: 'tools/Pod/probe', to: 'shop/Pod/web' }));
    expect(map.connections).not.toContainEqual(expect.objectContaining({ from: 'shop/Pod/web', to: 'shop/Pod/db' }));
    expect(cluster.requests.filter((text) => text.includes('/namespaces/'))).toEqual([]);
  });

  test('of an empty cluster is no error', async () => {
    cluster = await SmallCluster.start();
    const { exitCode, stderr } = await live(['map', '--live'], { KUBECONFIG: kubeconfig() });
    expect(exitCode).toBe(0);
    expect(stderr).toContain('context "other" has no objects');
  });

  test('says what it may not read, and answers without it', async () => {
    await started();
    cluster.forbid('/api/v1/nodes');
    const asText = await live(['map', '--live'], { KUBECONFIG: kubeconfig() });
    expect(asText.exitCode).toBe(0);
    expect(asText.stderr).toContain('warning: this account may not list nodes');
    const asJson = await live(['map', '--live', '-o', 'json'], { KUBECONFIG: kubeconfig() });
    expect(JSON.parse(asJson.stderr)).toMatchObject({ kind: 'Diagnostics', diagnostics: [{ code: 'not-readable' }] });
  });
});

test('verify --live', async () => {
  await started();
  const intents = join(folder, 'intents.yaml');
  const body = (name: string, text: string): string => `  - name: ${name}\n    ${text}\n`;
  writeFileSync(
    intents,
    'apiVersion: sallyport.dev/v1\nkind: Intents\nintents:\n' +
      body('closed', 'only: {from: web, to: svc/database, ports: 5432}') +
      body('no node in the way', 'deny: {from: anywhere, to: db, ports: 22}') +
      body('open', 'deny: {from: tools/probe, to: web}'),
  );
  const { exitCode, stdout, stderr } = await live(['verify', intents, '--context', 'test'], {
    KUBECONFIG: kubeconfig({ namespace: 'shop' }),
  });
  expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
  expect(stdout).toContain('✓ closed');
  expect(stdout).toContain('✓ no node in the way');
  expect(stdout).toContain('tools/probe → shop/web  every port: open, must be shut');
});

describe('access', () => {
  const can = ['can', 'shop/web', 'shop/db:5432', '--live'];
  const trusted = { 'certificate-authority-data': Buffer.from(authority.certificate).toString('base64') };

  function authorizations(): ReadonlySet<string | undefined> {
    return new Set(cluster.headers.map(({ authorization }) => authorization));
  }

  test('with a token file over TLS', async () => {
    await started(true);
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'from-file\n');
    const { exitCode, stderr } = await live(can, { KUBECONFIG: kubeconfig({ user: { tokenFile }, cluster: trusted }) });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(authorizations()).toEqual(new Set(['Bearer from-file']));
  });

  test('with a credential plugin', async () => {
    await started(true);
    const command = join(folder, 'plugin.sh');
    const answer = { apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token: 'made' } };
    writeFileSync(
      command,
      `#!/bin/sh\necho run >> '${join(folder, 'runs')}'\nprintf '%s' '${JSON.stringify(answer)}'\n`,
    );
    chmodSync(command, 0o755);
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command, interactiveMode: 'Never' };
    const { exitCode, stderr } = await live(can, { KUBECONFIG: kubeconfig({ user: { exec }, cluster: trusted }) });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(authorizations()).toEqual(new Set(['Bearer made']));
    expect(readFileSync(join(folder, 'runs'), 'utf8')).toBe('run\n');
  });

  test('with a client certificate', async () => {
    const tls = { cert: own.certificate, key: own.key, ca: authority.certificate };
    cluster = await SmallCluster.start(shop, { ...tls, requestCert: true, rejectUnauthorized: true });
    const data = (text: string): string => Buffer.from(text).toString('base64');
    const user = { 'client-certificate-data': data(person.certificate), 'client-key-data': data(person.key) };
    const { exitCode, stderr } = await live(can, { KUBECONFIG: kubeconfig({ user, cluster: trusted }) });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  test('to a server whose certificate nobody vouches for', async () => {
    await started(true);
    const { exitCode, stderr } = await live(can, { KUBECONFIG: kubeconfig() });
    expect(exitCode).toBe(4);
    expect(stderr).toContain('TLS failed');
    expect(stderr).toContain('help: set certificate-authority');
  });

  test('to a server that is gone', async () => {
    await started();
    const config = kubeconfig();
    await cluster.stop();
    const { exitCode, stderr } = await live(can, { KUBECONFIG: config });
    expect(exitCode).toBe(4);
    expect(stderr).toContain('connection refused');
    await started();
  });

  test('without the rights, with the rights named; as JSON too', async () => {
    await started();
    cluster.forbid('/api/v1/pods');
    const { exitCode, stderr, stdout } = await live([...can, '-o', 'json'], { KUBECONFIG: kubeconfig() });
    expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: '' });
    expect(JSON.parse(stderr)).toMatchObject({ kind: 'Error', exitCode: 4, code: 'api-forbidden' });
  });

  test.each([
    [['--context', 'nowhere'], 4, 'there is no context "nowhere"'],
    [['--kubeconfig', '/does/not/exist'], 4, 'no such file'],
    [['-f', 'examples/three-tier'], 2, '--live reads a cluster, -f and -k read manifests'],
  ])('with %j', async (args, expected, words) => {
    await started();
    const { exitCode, stderr } = await live([...can, ...args], { KUBECONFIG: kubeconfig() });
    expect(exitCode).toBe(expected);
    expect(stderr).toContain(words);
    expect(cluster.requests).toEqual([]);
  });
});
