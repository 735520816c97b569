import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { ExecSession } from '../../../../src/lab/runtime/exec-session.ts';
import { badRequest } from '../../../../src/lab/api/status-error.ts';
import { FakeClock, until } from '../../../io/kubernetes/fake-clock.ts';
import { FakePods, FakeSession } from './fake-pods.ts';
import { PodServer } from './pod-server.ts';
import { processSession } from './process-session.ts';

let pods: FakePods;
let clock: FakeClock;
let server: PodServer;

beforeEach(async () => {
  pods = new FakePods();
  clock = new FakeClock();
  server = await new PodServer(pods, clock).start();
});

afterEach(() => server.stop());

/** A client that keeps everything it is told. */
class Client {
  readonly socket: WebSocket;
  readonly messages: string[] = [];
  opened = false;
  closeCode: number | undefined;
  /** Of an answer that is no upgrade: code and body. */
  refused: string | undefined;

  constructor(path: string, protocols: readonly string[] = ['v5.channel.k8s.io']) {
    this.socket = new WebSocket(new URL(`/api/v1/namespaces/shop/pods/web/${path}`, server.url), [...protocols], {
      ca: server.authority.certificate,
    });
    this.socket.on('open', () => (this.opened = true));
    this.socket.on('message', (data: Buffer) => this.messages.push(data.toString('latin1')));
    this.socket.on('close', (code) => (this.closeCode ??= code));
    this.socket.on('error', () => {});
    this.socket.on('unexpected-response', (_request, response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        this.refused = `${response.statusCode ?? 0} ${response.headers['content-type'] ?? ''} ${Buffer.concat(parts).toString()}`;
      });
    });
  }

  async ready(): Promise<this> {
    await until(() => this.opened, 'the connection');
    return this;
  }

  async closed(): Promise<number> {
    await until(() => this.closeCode !== undefined, 'the end');
    return this.closeCode ?? 0;
  }

  send(channel: number, payload: string | Buffer): void {
    this.socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(payload)]));
  }

  /** What came on a channel, put together. */
  on(channel: number): string {
    return this.messages
      .filter((message) => message.charCodeAt(0) === channel)
      .map((message) => message.slice(1))
      .join('');
  }
}

const everything = 'exec?command=sh&command=-c&command=x&stdin=true&stdout=true&stderr=true&container=main';

function offer(session: ExecSession): void {
  pods.onExec = () => Promise.resolve(session);
}

const failure = JSON.stringify({
  metadata: {},
  status: 'Failure',
  message: 'command terminated with non-zero exit code: exit status 7',
  reason: 'NonZeroExitCode',
  details: { causes: [{ reason: 'ExitCode', message: '7' }] },
});
const failureText = 'command terminated with non-zero exit code: exit status 7';

describe('exec', () => {
  test('what was asked, output, status and a normal end', async () => {
    const session = new FakeSession();
    offer(session);
    const client = await new Client(everything).ready();
    expect(client.socket.protocol).toBe('v5.channel.k8s.io');
    expect(pods.calls).toEqual([
      {
        exec: { namespace: 'shop', pod: 'web', container: 'main' },
        argv: ['sh', '-c', 'x'],
        stdin: true,
        tty: false,
      },
    ]);
    session.stdout.write('out');
    session.stderr.write('err');
    session.finish({ exitCode: 0 });
    expect(await client.closed()).toBe(1000);
    expect([client.on(1), client.on(2), client.on(3)]).toEqual(['out', 'err', '{"metadata":{},"status":"Success"}']);
    expect(client.messages.at(-1)?.charCodeAt(0)).toBe(3);
    expect(session.closes).toBe(0);
  });

  const protocols: readonly (readonly [string, readonly string[], string, string, string])[] = [
    ['version 5', ['v5.channel.k8s.io'], 'v5.channel.k8s.io', '\u0001out', `\u0003${failure}`],
    ['version 4', ['v4.channel.k8s.io'], 'v4.channel.k8s.io', '\u0001out', `\u0003${failure}`],
    ['version 3', ['v3.channel.k8s.io'], 'v3.channel.k8s.io', '\u0001out', `\u0003${failureText}`],
    ['version 2', ['v2.channel.k8s.io'], 'v2.channel.k8s.io', '\u0001out', `\u0003${failureText}`],
    ['version 1', ['channel.k8s.io'], 'channel.k8s.io', '\u0001out', `\u0003${failureText}`],
    ['none at all', [], '', '\u0001out', `\u0003${failureText}`],
    [
      'base64, version 4',
      ['v4.base64.channel.k8s.io'],
      'v4.base64.channel.k8s.io',
      '1b3V0',
      `3${Buffer.from(failure).toString('base64')}`,
    ],
    [
      'base64, version 1',
      ['base64.channel.k8s.io'],
      'base64.channel.k8s.io',
      '1b3V0',
      `3${Buffer.from(failureText).toString('base64')}`,
    ],
    [
      'what the client likes best',
      ['v9.channel.k8s.io', 'v4.channel.k8s.io', 'v5.channel.k8s.io'],
      'v4.channel.k8s.io',
      '\u0001out',
      `\u0003${failure}`,
    ],
  ];
  test.each(protocols)('%s', async (_name, offered, chosen, output, status) => {
    const session = new FakeSession();
    offer(session);
    const client = await new Client('exec?command=x&stdout=1', offered).ready();
    expect(client.socket.protocol).toBe(chosen);
    session.stdout.write('out');
    session.finish({ exitCode: 7 });
    expect(await client.closed()).toBe(1000);
    expect(client.messages).toEqual([output, status]);
  });

  test('success is silence in old versions', async () => {
    const session = new FakeSession();
    offer(session);
    const client = await new Client('exec?command=x&stdout=1', ['channel.k8s.io']).ready();
    session.finish({ exitCode: 0 });
    expect(await client.closed()).toBe(1000);
    expect(client.messages).toEqual([]);
  });

  test('a program that is not there', async () => {
    const session = new FakeSession();
    offer(session);
    const client = await new Client('exec?command=x&stdout=1').ready();
    session.finish({ exitCode: 127, error: 'exec: "x": not found' });
    await client.closed();
    expect(JSON.parse(client.on(3))).toMatchObject({
      status: 'Failure',
      reason: 'InternalError',
      code: 500,
      message: 'Internal error occurred: error executing command in container: exec: "x": not found',
    });
  });

  test('standard input, closed by the client', async () => {
    offer(processSession(['cat'], { stdin: true }));
    const client = await new Client(everything).ready();
    client.send(0, 'one ');
    client.send(0, '');
    client.send(0, 'two');
    client.send(255, Buffer.from([0]));
    client.send(0, 'behind the end');
    await client.closed();
    expect(client.on(1)).toBe('one two');
  });

  test('standard input in base64', async () => {
    const session = new FakeSession();
    offer(session);
    const client = await new Client(everything, ['v4.base64.channel.k8s.io']).ready();
    client.socket.send(`0${Buffer.from('tea').toString('base64')}`);
    client.socket.send('~nonsense');
    client.socket.send('');
    await until(() => session.stdin.readableLength === 3);
  });

  test('the size of the terminal', async () => {
    const session = new FakeSession();
    offer(session);
    const client = await new Client('exec?command=sh&stdin=true&stdout=true&stderr=true&tty=true').ready();
    for (const size of [
      '{"Width":80,"Height":24}',
      '{"Width":0,"Height":0}',
      'nonsense',
      '{"Width":120,"Height":50}\n',
    ])
      client.send(4, size);
    await until(() => session.sizes.length === 2);
    expect(session.sizes).toEqual(['80x24', '120x50']);
    session.stderr.write('nobody asked for this');
    session.stdout.write('everything');
    session.finish({ exitCode: 0 });
    await client.closed();
    expect([client.on(1), client.on(2)]).toEqual(['everything', '']);
  });

  test('channels that there are not are ignored', async () => {
    const session = new FakeSession();
    offer(session);
    const client = await new Client('exec?command=x&stdout=1').ready();
    for (const channel of [0, 1, 2, 3, 4, 5, 200, 255]) client.send(channel, 'x');
    client.socket.send('');
    session.finish({ exitCode: 0 });
    expect(await client.closed()).toBe(1000);
    expect(session.sizes).toEqual([]);
  });

  test('a client that goes closes the session', async () => {
    const session = new FakeSession();
    offer(session);
    const client = await new Client(everything).ready();
    client.socket.close();
    await until(() => session.closes === 1);
    session.finish({ exitCode: 137 });
  });

  test('a client that goes before the program has started does, too', async () => {
    const session = new FakeSession();
    let start: () => void = () => {};
    pods.onExec = () => new Promise((resolve) => (start = () => resolve(session)));
    const client = new Client(everything);
    await until(() => pods.calls.length === 1);
    client.socket.terminate();
    await until(() => client.closeCode !== undefined);
    start();
    await until(() => session.closes === 1);
  });

  test('a program that reads nothing stops its client, and still ends', async () => {
    const session = new FakeSession();
    offer(session);
    const client = await new Client(everything).ready();
    const piece = Buffer.alloc(512 * 1024);
    for (let index = 0; index < 80; index += 1) client.send(0, piece);
    await until(() => session.stdin.writableNeedDrain, 'a full pipe');
    for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(client.socket.bufferedAmount).toBeGreaterThan(20 * 1024 * 1024);
    // It is told that we are still here, although nobody reads its pings.
    let pongs = 0;
    client.socket.on('pong', () => (pongs += 1));
    clock.advance(30_000);
    await until(() => pongs === 1);
    session.stdout.write('enough');
    session.finish({ exitCode: 0 });
    await until(() => client.on(3) !== '', 'the status');
    expect(client.on(1)).toBe('enough');
    await client.closed();
  });

  test('input that has waited arrives whole also when its end came first', async () => {
    const session = new FakeSession();
    offer(session);
    const client = await new Client(everything).ready();
    client.send(0, Buffer.alloc(1_000_000, 1));
    client.send(255, Buffer.from([0]));
    await until(() => session.stdin.writableNeedDrain);
    let bytes = 0;
    session.stdin.on('data', (part: Buffer) => (bytes += part.length));
    await until(() => session.stdin.readableEnded);
    expect(bytes).toBe(1_000_000);
  });

  test('output waits for a client that does not read', async () => {
    const session = new FakeSession();
    offer(session);
    const client = await new Client(everything).ready();
    client.socket.pause();
    let written = 0;
    const piece = Buffer.alloc(64 * 1024);
    const write = (): void => {
      for (let more = true; more && written < 1600; written += 1) more = session.stdout.write(piece);
    };
    session.stdout.on('drain', write);
    write();
    let before = -1;
    // Until the kernel takes no more.
    while (written > before) {
      before = written;
      for (let turn = 0; turn < 300; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(written).toBeLessThan(1600);
    client.socket.resume();
    await until(() => written === 1600);
  });

  test('a message that is too large ends it', async () => {
    const session = new FakeSession();
    offer(session);
    const client = await new Client(everything).ready();
    client.send(0, Buffer.alloc(16 * 1024 * 1024 + 1));
    expect(await client.closed()).toBe(1009);
    await until(() => session.closes === 1);
  });

  test('pings every 30 s', async () => {
    offer(new FakeSession());
    const client = await new Client(everything).ready();
    let pings = 0;
    client.socket.on('ping', () => (pings += 1));
    clock.advance(30_000);
    await until(() => pings === 1);
    clock.advance(30_000);
    await until(() => pings === 2);
    client.socket.close();
    await client.closed();
    await until(() => clock.delays.length === 0);
  });

  test('the end of the server ends everything', async () => {
    const session = new FakeSession();
    offer(session);
    const client = await new Client(everything).ready();
    server.handler.close();
    await client.closed();
    await until(() => session.closes === 1);
    const late = new Client(everything);
    await late.closed();
    expect(late.opened).toBe(false);
  });
});

describe('refusals are answered as HTTP', () => {
  const cases: readonly (readonly [string, string, readonly string[], number, string])[] = [
    ['no such pod', everything, ['v5.channel.k8s.io'], 404, 'pods "web" not found'],
    [
      'no streams',
      'exec?command=x&stdin=false&stdout=0',
      ['v5.channel.k8s.io'],
      400,
      'you must specify at least 1 of stdin, stdout, stderr',
    ],
    [
      'a terminal with nothing but standard error',
      'exec?command=x&stderr=true&tty=true',
      ['v5.channel.k8s.io'],
      400,
      'you must specify at least 1 of stdin, stdout, stderr',
    ],
    [
      'no program',
      'exec?stdout=true',
      ['v5.channel.k8s.io'],
      400,
      'you must specify at least one command for the container',
    ],
    [
      'no protocol that both know',
      everything,
      ['v9.x', 'chat'],
      400,
      'unable to negotiate protocol: client supports [v9.x chat]',
    ],
    ['no ports', 'portforward', ['v4.channel.k8s.io'], 400, 'query parameter "ports" is required'],
    ['an empty port', 'portforward?ports=', ['v4.channel.k8s.io'], 400, 'query parameter "ports" cannot be empty'],
    ['a port that is none', 'portforward?ports=80,x', ['v4.channel.k8s.io'], 400, 'unable to parse "80,x" as a port'],
    [
      'a port beyond the last',
      'portforward?ports=65536',
      ['v4.channel.k8s.io'],
      400,
      'unable to parse "65536" as a port',
    ],
    [
      'more ports than channels',
      `portforward?ports=${Array.from({ length: 65 }, () => '80').join(',')}`,
      ['v4.channel.k8s.io'],
      400,
      'at most 64 ports',
    ],
  ];
  test.each(cases)('%s', async (_name, path, protocols, code, message) => {
    const client = new Client(path, protocols);
    await until(() => client.refused !== undefined);
    const [, status, type, body] = /^(\d+) (\S+) (.*)$/.exec(client.refused ?? '') ?? [];
    expect([status, type]).toEqual([String(code), 'application/json']);
    const answer = JSON.parse(body ?? '') as { readonly message: string };
    expect(answer).toMatchObject({ kind: 'Status', status: 'Failure', code });
    expect(answer.message).toContain(message);
  });

  test('a pod that is not there, before a port of it is asked for', async () => {
    const client = new Client('../missing/portforward?ports=80', ['v4.channel.k8s.io']);
    await until(() => client.refused !== undefined);
    expect(client.refused).toMatch(/^404 .*pods \\"missing\\" not found/);
  });

  test('another upgrade than these', async () => {
    const refused = get(new URL('/api/v1/namespaces/shop/pods/web/exec?stdout=1', server.url), {
      ca: server.authority.certificate,
      headers: { Connection: 'Upgrade', Upgrade: 'h2c' },
    });
    const [response] = (await once(refused, 'response')) as [IncomingMessage];
    expect(response.statusCode).toBe(400);
    expect(await text(response)).toContain('Upgrade request required');
  });

  test('what is no refusal is an error of the server', async () => {
    pods.onExec = () => Promise.reject(new Error('the pod has exploded'));
    const client = new Client(everything);
    await until(() => client.refused !== undefined);
    expect(client.refused).toMatch(/^500 .*Internal error occurred: the pod has exploded/);
  });

  test('a container that does not run', async () => {
    pods.onAttach = () => Promise.reject(badRequest('container main is not running'));
    const client = new Client('attach?stdout=true');
    await until(() => client.refused !== undefined);
    expect(client.refused).toMatch(/^400 .*container main is not running/);
  });
});

describe('attach', () => {
  test('what it has said before and says now; its exit code is told by the pod', async () => {
    const session = new FakeSession();
    session.stdout.write('before ');
    pods.onAttach = () => Promise.resolve(session);
    const client = await new Client('attach?stdin=true&stdout=true&stderr=true&container=main').ready();
    expect(pods.calls).toEqual([
      { attach: { namespace: 'shop', pod: 'web', container: 'main' }, stdin: true, tty: false },
    ]);
    session.stdout.write('now');
    session.finish({ exitCode: 3 });
    await client.closed();
    expect([client.on(1), client.on(3)]).toEqual(['before now', '{"metadata":{},"status":"Success"}']);
  });

  test('input goes nowhere unless it was asked for', async () => {
    const session = new FakeSession();
    pods.onAttach = () => Promise.resolve(session);
    const client = await new Client('attach?stdout=true').ready();
    client.send(0, 'not for you');
    client.send(255, Buffer.from([0]));
    session.finish({ exitCode: 0 });
    await client.closed();
    expect(session.stdin.readableLength).toBe(0);
    expect(session.stdin.writableEnded).toBe(false);
  });
});

describe('port-forward with channels', () => {
  test('pairs of channels that begin with their port', async () => {
    const echo = new PassThrough();
    pods.onPortForward = (port) =>
      port === 80 ? Promise.resolve(echo) : Promise.reject(new Error('connection refused'));
    const client = await new Client('portforward?ports=80&ports=4660', [
      'v5.channel.k8s.io',
      'v4.channel.k8s.io',
    ]).ready();
    expect(client.socket.protocol).toBe('v4.channel.k8s.io');
    await until(() => client.on(3).length > 2);
    expect([client.on(0), client.on(1), client.on(2)]).toEqual(['P\0', 'P\0', '\u0034\u0012']);
    expect(client.on(3)).toBe('\u0034\u0012error forwarding port 4660 to pod web: connection refused');
    client.send(0, 'hello');
    client.send(2, 'nobody');
    await until(() => client.on(0) === 'P\0hello');
    echo.end();
    expect(await client.closed()).toBe(1000);
  });

  test('a client that goes ends the connections', async () => {
    const connection = new PassThrough();
    pods.onPortForward = () => Promise.resolve(connection);
    const client = await new Client('portforward?ports=80', ['v4.channel.k8s.io']).ready();
    client.send(0, 'hello');
    await until(() => client.on(0).endsWith('hello'));
    client.socket.terminate();
    await until(() => connection.destroyed);
  });
});
