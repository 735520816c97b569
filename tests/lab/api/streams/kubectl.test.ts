/** Stock kubectl against the streams, over WebSocket and over SPDY; programs in the pod are programs of this machine. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { type AddressInfo, connect, createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, type Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StatusError } from '../../../../src/lab/api/status-error.ts';
import { until } from '../../../io/kubernetes/fake-clock.ts';
import { FakePods, FakeSession } from './fake-pods.ts';
import { PodServer } from './pod-server.ts';
import { processSession } from './process-session.ts';

const program = process.env['KUBECTL'] ?? 'kubectl';
const client = spawnSync(program, ['version', '--client'], { encoding: 'utf8' });
const there = client.status === 0;
/** Older ones have SPDY only for port-forward, whatever they are told. */
const tunnels = Number(/v1\.(\d+)\./.exec(client.stdout)?.[1]) >= 30;
/** Of util-linux: runs a command in a terminal. */
const inTerminal = 'script';
const pty = there && spawnSync(inTerminal, ['--version']).status === 0;
const needs = there ? '' : ' (skipped: no kubectl here)';
const needsPty = pty ? '' : ' (skipped: needs kubectl, and `script` of util-linux)';

let pods: FakePods;
let server: PodServer;
let folder: string;
const ends: (() => void)[] = [];

beforeEach(async () => {
  pods = new FakePods();
  pods.onExec = (argv, options) => Promise.resolve(processSession(argv, options));
  server = await new PodServer(pods).start();
  folder = mkdtempSync(join(tmpdir(), 'sallyport-streams-'));
  writeFileSync(join(folder, 'config'), server.kubeconfig, { mode: 0o600 });
});

afterEach(async () => {
  for (const end of ends.splice(0)) end();
  await server.stop();
  rmSync(folder, { recursive: true });
});

interface Run {
  readonly stdout: () => Buffer;
  readonly stderr: () => string;
  readonly write: (bytes: Buffer | string) => void;
  readonly end: () => void;
  readonly kill: () => void;
  readonly exitCode: Promise<number>;
}

/** @param sockets whether it may use WebSocket; else it has SPDY only */
function start(argv: readonly [string, ...string[]], sockets: boolean): Run {
  const [file, ...words] = argv;
  const child = spawn(file, words, {
    env: {
      ...process.env,
      HOME: folder,
      KUBECONFIG: join(folder, 'config'),
      KUBECTL_REMOTE_COMMAND_WEBSOCKETS: String(sockets),
      KUBECTL_PORT_FORWARD_WEBSOCKETS: String(sockets),
    },
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => stdout.push(part));
  child.stderr.on('data', (part: Buffer) => stderr.push(part));
  child.stdin.on('error', () => {});
  ends.push(() => child.kill('SIGKILL'));
  return {
    stdout: () => Buffer.concat(stdout),
    stderr: () => Buffer.concat(stderr).toString(),
    write: (bytes) => void child.stdin.write(bytes),
    end: () => void child.stdin.end(),
    kill: () => void child.kill('SIGKILL'),
    exitCode: once(child, 'close').then(([code]) => Number(code ?? -1)),
  };
}

const kubectl = (words: readonly string[], sockets: boolean): Run => start([program, ...words], sockets);

async function finished(run: Run, input: Buffer | string = ''): Promise<number> {
  run.write(input);
  run.end();
  return run.exitCode;
}

/** How much of its input a process was given. */
const written = (stdin: Writable): number => (stdin instanceof Socket ? stdin.bytesWritten : 0);

const hash = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

describe.each([
  ['WebSocket', true],
  ['SPDY', false],
])(`kubectl over %s${needs}`, (_name, sockets) => {
  test.skipIf(!there)('exec: output, errors and the exit code', async () => {
    const run = kubectl(['exec', 'web', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7'], sockets);
    expect(await finished(run)).toBe(7);
    expect(run.stdout().toString()).toBe('out\n');
    expect(run.stderr()).toContain('err\n');
    expect(run.stderr()).toContain('command terminated with exit code 7');
    expect(server.requests.at(-1)).toMatch(sockets ? /\/exec websocket$/ : /^POST .*\/exec SPDY\/3\.1$/);
  });

  test.skipIf(!there)('exec: what cannot be run', async () => {
    const run = kubectl(['exec', 'web', '--', 'no-such-program'], sockets);
    expect(await finished(run)).toBe(1);
    expect(run.stderr()).toContain('exec: "no-such-program": executable file not found in $PATH');
  });

  test.skipIf(!there)('exec: refusals are printed', async () => {
    pods.onExec = () => Promise.reject(new StatusError('NotFound', 'pods "web" not found'));
    const run = kubectl(['exec', 'web', '--', 'true'], sockets);
    expect(await finished(run)).toBe(1);
    expect(run.stderr()).toContain('Error from server (NotFound): pods "web" not found');
  });

  test.skipIf(!there)('exec: 3 MB of anything in and out again', async () => {
    const bytes = randomBytes(3_000_000);
    const run = kubectl(['exec', '-i', 'web', '--', 'cat'], sockets);
    expect(await finished(run, bytes)).toBe(0);
    expect(hash(run.stdout())).toBe(hash(bytes));
  });

  test.skipIf(!there)('exec: 50 MB out', async () => {
    const run = kubectl(['exec', 'web', '--', 'head', '-c', '50000000', '/dev/zero'], sockets);
    expect(await finished(run)).toBe(0);
    expect(hash(run.stdout())).toBe(hash(Buffer.alloc(50_000_000)));
  });

  test.skipIf(!there)('exec: input that the program does not want', async () => {
    const run = kubectl(['exec', '-i', 'web', '--', 'head', '-c', '5'], sockets);
    run.write(Buffer.alloc(1_000_000, 'x'));
    expect(await run.exitCode).toBe(0);
    expect(run.stdout().toString()).toBe('xxxxx');
  });

  test.skipIf(!there)('exec: a kubectl that is killed ends the program', async () => {
    const session = processSession(['sleep', '1000'], { stdin: true });
    pods.onExec = () => Promise.resolve(session);
    const run = kubectl(['exec', '-i', 'web', '--', 'sleep', '1000'], sockets);
    await until(() => server.requests.some((request) => request.includes('/exec')));
    // `sleep` reads nothing: what arrives waits in the pipe.
    run.write('x');
    await until(() => written(session.stdin) === 1);
    run.kill();
    expect(await session.exit).toEqual({ exitCode: 128 + 9 });
  });

  test.skipIf(!there)('attach: what was said before, and both ways', async () => {
    const session = new FakeSession();
    session.stdout.write('before\n');
    pods.onAttach = () => Promise.resolve(session);
    const run = kubectl(['attach', '-i', 'web'], sockets);
    await until(() => run.stdout().toString().includes('before\n'));
    run.write('hello\n');
    await until(() => session.stdin.readableLength > 0);
    expect(String(session.stdin.read())).toBe('hello\n');
    session.stdout.write('and bye\n');
    session.finish({ exitCode: 4 });
    expect(await run.exitCode).toBe(0);
    expect(run.stdout().toString()).toContain('and bye\n');
  });

  test.skipIf(!there)('cp: a folder there and back', async () => {
    const source = join(folder, 'source');
    mkdirSync(join(source, 'deep'), { recursive: true });
    const content = randomBytes(200_000);
    writeFileSync(join(source, 'deep', 'file'), content);
    writeFileSync(join(source, 'empty'), '');
    mkdirSync(join(folder, 'pod'));
    const there = kubectl(['cp', source, `default/web:${join(folder, 'pod')}`], sockets);
    expect([await finished(there), there.stderr()]).toEqual([0, '']);
    expect(readFileSync(join(folder, 'pod', 'source', 'deep', 'file')).equals(content)).toBe(true);
    const back = kubectl(['cp', `web:${join(folder, 'pod', 'source')}`, join(folder, 'back')], sockets);
    expect(await finished(back)).toBe(0);
    expect(readdirSync(join(folder, 'back')).sort()).toEqual(['deep', 'empty']);
    expect(readFileSync(join(folder, 'back', 'deep', 'file')).equals(content)).toBe(true);
  });

  test.skipIf(!there)('port-forward: many connections at once, and a port that refuses', async () => {
    const web = createServer({ allowHalfOpen: true }, (socket) => serveHttp(socket));
    web.listen(0, '127.0.0.1');
    await once(web, 'listening');
    ends.push(() => web.close());
    const inside = (web.address() as AddressInfo).port;
    pods.onPortForward = async (port) => {
      const socket = connect({ host: '127.0.0.1', port: port === 80 ? inside : 1, allowHalfOpen: true });
      await once(socket, 'connect');
      return socket;
    };
    const run = kubectl(['port-forward', 'pod/web', ':80', ':81'], sockets);
    const local = (port: number): string | undefined =>
      new RegExp(`127\\.0\\.0\\.1:(\\d+) -> ${port}\n`).exec(run.stdout().toString())?.[1];
    await until(() => local(80) !== undefined && local(81) !== undefined, 'the ports');
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => fetchText(local(80) ?? '', `/${index}`)),
    );
    expect(answers).toEqual(Array.from({ length: 12 }, (_, index) => `GET /${index} HTTP/1.1`));
    const large = await fetchText(local(80) ?? '', '/large');
    expect(large.length).toBe(5_000_000);
    expect(server.requests.at(-1)).toMatch(
      sockets && tunnels ? /portforward websocket$/ : /^POST .*portforward SPDY\/3\.1$/,
    );
    await fetchText(local(81) ?? '', '/').catch(() => '');
    await until(() => run.stderr().includes('error forwarding port 81 to pod web: connect ECONNREFUSED'), 'the error');
  });

  test.skipIf(!pty)(`exec -it: a terminal${needsPty}`, async () => {
    const session = new FakeSession();
    pods.onExec = () => Promise.resolve(session);
    const run = start(
      [inTerminal, '-qec', `stty rows 33 cols 101; ${program} exec -it web -- sh`, join(folder, 'typescript')],
      sockets,
    );
    await until(() => session.sizes.length > 0, 'the size');
    expect(session.sizes[0]).toBe('101x33');
    session.stdout.write('# ');
    await until(() => run.stdout().toString().includes('# '));
    run.write('ls\r');
    await until(() => session.stdin.readableLength >= 3);
    expect(String(session.stdin.read())).toBe('ls\r');
    session.finish({ exitCode: 0 });
    expect(await run.exitCode).toBe(0);
    expect(pods.calls).toEqual([expect.objectContaining({ stdin: true, tty: true })]);
  });
});

test.skipIf(!there)(`kubectl logs -f${needs}`, async () => {
  const log = new PassThrough();
  pods.onLogs = () => Promise.resolve(log);
  const run = kubectl(['logs', '-f', '--tail=5', 'web'], true);
  log.write('one\n');
  await until(() => run.stdout().toString() === 'one\n');
  log.write('two\n');
  await until(() => run.stdout().toString() === 'one\ntwo\n');
  log.end();
  expect(await run.exitCode).toBe(0);
  expect(pods.calls).toEqual([expect.objectContaining({ follow: true, tailLines: 5 })]);
});

/** Answers with the first line of the request, or with 5 MB. */
function serveHttp(socket: Socket): void {
  socket.on('error', () => {});
  socket.once('data', (request: Buffer) => {
    const line = request.toString('latin1').split('\r\n')[0] ?? '';
    const body = line.includes('/large') ? 'x'.repeat(5_000_000) : line;
    socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
  });
}

function fetchText(port: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => resolve(Buffer.concat(parts).toString()));
      response.on('error', reject);
    }).on('error', reject);
  });
}
