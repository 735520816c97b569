/** Who may use a lab: its user alone. No packet is sent here. */
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runSallyport, type RunResult } from '../cli/run-sallyport.ts';
import { LabClient } from '../lab/cluster/lab-client.ts';
import { LabProcess } from '../lab/cluster/lab-process.ts';
import { knownTo, treeOf } from '../lab/cluster/left-behind.ts';

const isRoot = process.getuid?.() === 0;

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'sallyport-security-'));
}

describe('a running lab', () => {
  const folder = newFolder();
  let lab: LabProcess;
  let client: LabClient;

  beforeAll(async () => {
    const pods = join(folder, 'pods.yaml');
    writeFileSync(
      pods,
      'apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: nginx}]}\n',
    );
    lab = await LabProcess.start(
      ['--runtime', 'sim', '--name', 'guarded', '-f', pods],
      ['env', `XDG_RUNTIME_DIR=${folder}`],
    );
    client = await LabClient.open(lab.kubeconfig);
  });
  afterAll(async () => {
    client.close();
    await lab.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const upgrade = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  };
  const paths = [
    '/',
    '/api',
    '/apis',
    '/version',
    '/healthz',
    '/readyz',
    '/openapi/v2',
    '/openapi/v3',
    '/api/v1/secrets',
    '/api/v1/namespaces/default/pods/web/log',
    '/api/v1/pods?watch=true',
    '/no/such/path',
  ];
  const exec = '/api/v1/namespaces/default/pods/web/exec?command=id&stdout=true';
  const portForward = '/api/v1/namespaces/default/pods/web/portforward?ports=80';

  test.each([
    ['no credentials', () => ({})],
    ['an empty token', () => ({ authorization: 'Bearer ' })],
    ['a wrong token', () => ({ authorization: `Bearer ${'x'.repeat(43)}` })],
    ['the beginning of the token', () => ({ authorization: `Bearer ${client.token.slice(0, -1)}` })],
    ['more than the token', () => ({ authorization: `Bearer ${client.token}x` })],
    [
      'the token as a password',
      () => ({ authorization: `Basic ${Buffer.from(`admin:${client.token}`).toString('base64')}` }),
    ],
    ['the token of no scheme', () => ({ authorization: client.token })],
  ])('answers nothing to %s', async (_, headers) => {
    for (const path of paths) expect((await client.ask(path, { headers: headers() })).status, path).toBe(401);
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
      expect((await client.ask('/api/v1/namespaces', { method, headers: headers() })).status, method).toBe(401);
    for (const path of [exec, portForward])
      expect((await client.ask(path, { headers: { ...headers(), ...upgrade } })).status, path).toBe(401);
  });

  test('says nothing about what is there', async () => {
    const { text } = await client.ask('/api/v1/namespaces/default/pods/web', { headers: {} });
    expect(text).not.toContain('web');
    expect(text).toContain('Unauthorized');
  });

  /** The status of the answer to exactly these lines. */
  function raw(lines: readonly string[]): Promise<string> {
    const { hostname: host, port } = client.server;
    return new Promise((resolve, reject) => {
      const socket = connectTls({ host, port: Number(port), ca: client.authority, servername: 'localhost' });
      let text = '';
      socket.setEncoding('utf8').on('data', (part: string) => {
        text += part;
        const [, status] = /^HTTP\/1\.1 (\d{3}) /.exec(text) ?? [];
        if (status === undefined) return;
        socket.destroy();
        resolve(status);
      });
      socket.once('error', reject).once('close', () => resolve('closed'));
      socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    });
  }

  test.each([
    ['a foreign Host', ['Host: evil.example']],
    ['a foreign Host with a port', ['Host: evil.example:6443']],
    ['a Host that begins like its own', ['Host: localhost.evil.example']],
    ['a foreign Host before its own', ['Host: evil.example', 'Host: localhost']],
    ['no Host', []],
    ['an Origin', ['Host: localhost', 'Origin: https://evil.example']],
    ['an Origin of its own', ['Host: localhost', 'Origin: https://localhost']],
    ['an Origin of a file', ['Host: localhost', 'Origin: null']],
  ])('refuses %s, even with the right token', async (_, headers) => {
    const own = [...headers, `Authorization: Bearer ${client.token}`];
    for (const path of paths) expect(await raw([`GET ${path} HTTP/1.1`, ...own]), path).toMatch(/^40[03]$/);
    const upgraded = [...own, ...Object.entries(upgrade).map(([name, value]) => `${name}: ${value}`)];
    for (const path of [exec, portForward])
      expect(await raw([`GET ${path} HTTP/1.1`, ...upgraded]), path).toMatch(/^40[03]$/);
    expect(await raw([`POST /api/v1/namespaces HTTP/1.1`, ...own, 'Content-Length: 0'])).toMatch(/^40[03]$/);
  });

  test('answers the same lines without what is refused', async () => {
    const own = ['Host: localhost', `Authorization: Bearer ${client.token}`];
    expect(await raw(['GET /version HTTP/1.1', ...own])).toBe('200');
  });

  test('speaks TLS only', async () => {
    const answer = await new Promise<number | undefined>((resolve) => {
      const asked = request(`http://127.0.0.1:${client.server.port}/version`, (found) => {
        found.resume();
        resolve(found.statusCode);
      });
      asked.on('error', () => resolve(undefined));
      asked.setHeader('authorization', `Bearer ${client.token}`).end();
    });
    expect([undefined, 400]).toContain(answer);
  });

  test('listens on the loopback address only', async () => {
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ address }) => address !== '127.0.0.1');
    const reached: string[] = [];
    for (const { address, scopeid } of others) {
      const host = (scopeid ?? 0) === 0 ? address : `${address}%${scopeid}`;
      const open = await new Promise<boolean>((resolve) => {
        const socket = connect({ host, port: Number(client.server.port), timeout: 1000 });
        const end = (is: boolean) => (): void => {
          socket.destroy();
          resolve(is);
        };
        socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false));
      });
      if (open) reached.push(address);
    }
    expect(client.server.hostname).toBe('127.0.0.1');
    expect(reached).toEqual([]);
  });

  test('keeps its kubeconfig to its user', () => {
    const mode = (path: string): string => (statSync(path).mode & 0o777).toString(8);
    expect(mode(lab.kubeconfig)).toBe('600');
    expect(mode(lab.folder)).toBe('700');
    expect(mode(join(lab.folder, '..'))).toBe('700');
  });

  test('tells its token in no argument, environment or output', () => {
    expect(client.token.length).toBeGreaterThanOrEqual(43);
    expect(knownTo(treeOf(lab.child.pid ?? 0), client.token)).toEqual([]);
    expect(lab.said()).not.toContain(client.token);
    expect(readFileSync(join(lab.folder, 'lab.json'), 'utf8')).not.toContain(client.token);
  });

  test('knows pods by the accounts they run as', async () => {
    const token = await client.exec('default', 'web', ['cat', '/var/run/secrets/kubernetes.io/serviceaccount/token']);
    expect(token.length).toBeGreaterThan(30);
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
    const headers = { authorization: `Bearer ${token.trim()}`, 'content-type': 'application/json' };
    const { status, body } = await client.ask(path, { method: 'POST', body: review, headers });
    expect(status).toBe(201);
    expect(body).toMatchObject({ status: { userInfo: { username: 'system:serviceaccount:default:default' } } });
  });
});

describe('a folder of labs', () => {
  let folder: string;
  let labs: string;
  beforeEach(() => {
    folder = newFolder();
    labs = join(folder, 'sallyport');
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const sallyport = (...args: readonly string[]): Promise<RunResult> =>
    runSallyport(args, { env: { XDG_RUNTIME_DIR: folder } });
  const labRun = (): Promise<RunResult> => sallyport('lab', 'run', '--runtime', 'sim', '--', 'true');

  test('is made for the user alone', async () => {
    expect((await labRun()).exitCode).toBe(0);
    expect((statSync(labs).mode & 0o777).toString(8)).toBe('700');
  });

  test('becomes private when it was not', async () => {
    mkdirSync(labs);
    chmodSync(labs, 0o777);
    expect((await labRun()).exitCode).toBe(0);
    expect((statSync(labs).mode & 0o777).toString(8)).toBe('700');
  });

  test('is refused when it is a link', async () => {
    mkdirSync(join(folder, 'trap'));
    symlinkSync(join(folder, 'trap'), labs);
    for (const run of [labRun(), sallyport('lab', 'status'), sallyport('lab', 'down')]) {
      const { exitCode, stderr } = await run;
      expect(exitCode).toBe(4);
      expect(stderr).toContain('does not belong to this user');
    }
  });

  test.skipIf(!isRoot)('is refused when somebody else owns it', async () => {
    mkdirSync(labs);
    chownSync(labs, 65_534, 65_534);
    for (const run of [labRun(), sallyport('lab', 'status'), sallyport('probe')]) {
      const { exitCode, stderr } = await run;
      expect(exitCode).toBe(4);
      expect(stderr).toContain('does not belong to this user');
    }
  });

  /** A record that names a process to end. */
  function plant(name: string, pid: number): string {
    const own = join(labs, name);
    mkdirSync(own, { recursive: true });
    const record = {
      name,
      pid,
      processStart: '',
      runtime: 'sim',
      nodes: 1,
      ipFamily: 'ipv4',
      server: 'https://127.0.0.1:1',
      startedAt: '2026-01-01T00:00:00Z',
    };
    writeFileSync(join(own, 'lab.json'), JSON.stringify(record));
    return own;
  }

  test('lists what the user has put there', async () => {
    plant('mine', process.pid);
    expect((await sallyport('lab', 'status')).stdout).toContain('mine');
  });

  test.skipIf(!isRoot)('does not list what somebody else has put there', async () => {
    const planted = plant('trap', process.pid);
    chownSync(planted, 65_534, 65_534);
    expect(await sallyport('lab', 'status')).toMatchObject({ exitCode: 1, stdout: '' });
    // Would end this very process.
    expect((await sallyport('lab', 'down', 'trap')).exitCode).toBe(1);
    expect(statSync(planted).isDirectory()).toBe(true);
  });

  test('of links lists nothing', async () => {
    const planted = plant('real', process.pid);
    mkdirSync(join(folder, 'elsewhere'));
    symlinkSync(planted, join(labs, 'linked'));
    expect((await sallyport('lab', 'status', '-o', 'json')).stdout).not.toContain('linked');
  });
});
