import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { ClusterAccess } from '../../../src/io/kubernetes/cluster-access.ts';
import { fixedCredentials } from '../../../src/io/kubernetes/credentials.ts';
import { execInPod, type PodExecRequest, type PodExecResult } from '../../../src/io/kubernetes/exec-client.ts';
import { OperationalError } from '../../../src/io/operational-error.ts';
import { FakePods, FakeSession } from '../../lab/api/streams/fake-pods.ts';
import { PodServer } from '../../lab/api/streams/pod-server.ts';
import { processSession } from '../../lab/api/streams/process-session.ts';
import { FakeClock, until } from './fake-clock.ts';
import { plainAccess } from './pods.ts';

let clock: FakeClock;
const ends: (() => unknown)[] = [];

beforeEach(() => {
  clock = new FakeClock();
});

afterEach(async () => {
  for (const end of ends.splice(0)) await end();
  if (clock.delays.length > 0) throw new Error('a timer was left behind');
});

const wanted: PodExecRequest = { namespace: 'shop', pod: 'web', argv: ['sh'] };

async function failure(work: Promise<unknown>): Promise<OperationalError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof OperationalError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('against the streams of the lab', () => {
  let pods: FakePods;
  let server: PodServer;

  beforeEach(async () => {
    pods = new FakePods();
    pods.onExec = (argv, options) => Promise.resolve(processSession(argv, options));
    server = await new PodServer(pods).start();
    ends.push(() => server.stop());
  });

  function run(request: Partial<PodExecRequest>, access: Partial<ClusterAccess> = {}): Promise<PodExecResult> {
    const certificateAuthority = (): Promise<string> => Promise.resolve(server.authority.certificate);
    return execInPod(
      { access: plainAccess(server.url, { certificateAuthority, ...access }), clock },
      { ...wanted, ...request },
    );
  }

  test('output, errors and the exit code', async () => {
    const result = await run({ argv: ['sh', '-c', 'echo out; echo err >&2; exit 7'], container: 'main' });
    expect({ ...result, stdout: String(result.stdout), stderr: String(result.stderr) }).toEqual({
      exitCode: 7,
      stdout: 'out\n',
      stderr: 'err\n',
    });
    expect(pods.calls).toEqual([
      {
        exec: { namespace: 'shop', pod: 'web', container: 'main' },
        argv: ['sh', '-c', 'echo out; echo err >&2; exit 7'],
        stdin: false,
        tty: false,
      },
    ]);
  });

  test('standard input to its end', async () => {
    const stdin = Buffer.alloc(500_000, 'abc');
    const result = await run({ argv: ['cat'], stdin });
    expect([result.exitCode, result.stdout.equals(stdin)]).toEqual([0, true]);
    expect(String((await run({ argv: ['cat'], stdin: 'text' })).stdout)).toBe('text');
    expect((await run({ argv: ['cat'], stdin: '' })).stdout).toHaveLength(0);
  });

  test('a program that does not read all of it', async () => {
    const result = await run({ argv: ['head', '-c', '3'], stdin: Buffer.alloc(5_000_000, 'x') });
    expect([result.exitCode, String(result.stdout)]).toEqual([0, 'xxx']);
  });

  test('a program that is not there', async () => {
    const error = await failure(run({ argv: ['no-such-program'] }));
    expect([error.code, error.exitCode]).toEqual(['exec-failed', 4]);
    expect(error.message).toContain('exec in pod shop/web: ');
    expect(error.message).toContain('"no-such-program": executable file not found');
    expect(error.hint).toContain('no-such-program');
  });

  test('too much output', async () => {
    const error = await failure(run({ argv: ['yes'], maxOutputBytes: 10_000 }));
    expect([error.code, error.message]).toEqual([
      'exec-output',
      'exec in pod shop/web: yes writes more than 10000 bytes',
    ]);
    expect((await run({ argv: ['head', '-c', '10000', '/dev/zero'], maxOutputBytes: 10_000 })).stdout).toHaveLength(
      10_000,
    );
  });

  test('too long', async () => {
    const session = new FakeSession();
    pods.onExec = () => Promise.resolve(session);
    const running = failure(run({ argv: ['sleep', '1000'], stdin: 'x', timeoutMs: 5000 }));
    // Before the connection is open it is the server that does not answer.
    await until(() => session.stdin.readableLength === 1);
    clock.advance(5000);
    const error = await running;
    expect([error.code, error.message]).toEqual(['exec-timeout', 'exec in pod shop/web: sleep did not end within 5 s']);
    await until(() => session.closes === 1);
  });

  test('given up', async () => {
    const session = processSession(['sleep', '1000'], { stdin: false });
    pods.onExec = () => Promise.resolve(session);
    const controller = new AbortController();
    const running = run({ signal: controller.signal });
    await until(() => pods.calls.length === 1);
    controller.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
    expect(await session.exit).toEqual({ exitCode: 137 });
    await expect(run({ signal: controller.signal })).rejects.toThrow('enough');
  });

  test('a pod that is not there', async () => {
    const missing = new FakePods();
    pods.onExec = missing.onExec;
    const error = await failure(run({}));
    expect([error.code, error.message]).toEqual([
      'api-not-found',
      'exec in pod shop/web: pods "web" not found (HTTP 404)',
    ]);
  });

  test('a certificate that nobody vouches for', async () => {
    const error = await failure(run({}, { certificateAuthority: () => Promise.resolve(undefined) }));
    expect(error.code).toBe('api-certificate');
    expect(
      (
        await run(
          { argv: ['true'] },
          { certificateAuthority: () => Promise.resolve(undefined), insecureSkipVerify: true },
        )
      ).exitCode,
    ).toBe(0);
    expect((await failure(run({}, { tlsServerName: 'other' }))).code).toBe('api-certificate');
  });
});

describe('against other servers', () => {
  interface Handshake {
    readonly headers: IncomingMessage['headers'];
    readonly url: string;
  }

  /** @param protocol what the server answers; `undefined` for none */
  async function sockets(
    protocol: string | undefined,
    talk: (socket: WebSocket, handshake: Handshake) => void,
  ): Promise<URL> {
    const server = createServer();
    const webSockets = new WebSocketServer({ server, handleProtocols: () => protocol ?? false });
    webSockets.on('connection', (socket, request) =>
      talk(socket, { headers: request.headers, url: request.url ?? '' }),
    );
    return listening(server, () => {
      for (const socket of webSockets.clients) socket.terminate();
    });
  }

  async function answers(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<URL> {
    return listening(createServer(answer), () => {});
  }

  async function listening(server: ReturnType<typeof createServer>, end: () => void): Promise<URL> {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ends.push(() => {
      end();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    });
    return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  const run = (
    url: URL,
    request: Partial<PodExecRequest> = {},
    access: Partial<ClusterAccess> = {},
  ): Promise<PodExecResult> => execInPod({ access: plainAccess(url, access), clock }, { ...wanted, ...request });

  const say = (socket: WebSocket, channel: number, text: string): void =>
    socket.send(Buffer.concat([Buffer.from([channel]), Buffer.from(text)]));

  test('what is asked, and as whom', async () => {
    let seen: Handshake | undefined;
    const url = await sockets('v4.channel.k8s.io', (socket, handshake) => {
      seen = handshake;
      say(socket, 3, '{"status":"Success"}');
      socket.close(1000);
    });
    await run(
      new URL('/k8s/clusters/c-1/', url),
      { argv: ['a b', '-c', 'x&y'], namespace: 'a/b' },
      {
        headers: { 'Impersonate-User': 'jo' },
        credentials: fixedCredentials({ authorization: 'Bearer secret' }),
      },
    );
    expect(seen?.url).toBe(
      '/k8s/clusters/c-1/api/v1/namespaces/a%2Fb/pods/web/exec?command=a+b&command=-c&command=x%26y&stdout=true&stderr=true',
    );
    expect(seen?.headers).toMatchObject({
      'impersonate-user': 'jo',
      'user-agent': 'sallyport',
      'sec-websocket-protocol': 'v5.channel.k8s.io,v4.channel.k8s.io',
    });
    // Plain HTTP is no way for a secret.
    expect(seen?.headers.authorization).toBeUndefined();
    expect(seen?.headers['sec-websocket-extensions']).toBeUndefined();
  });

  test('a status in pieces, and output behind it', async () => {
    const url = await sockets('v5.channel.k8s.io', (socket) => {
      const status =
        '{"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}';
      say(socket, 3, status.slice(0, 20));
      say(socket, 3, status.slice(20));
      say(socket, 7, 'whatever');
      say(socket, 1, 'late');
      socket.close(1000);
    });
    const { exitCode, stdout } = await run(url);
    expect([exitCode, String(stdout)]).toEqual([3, 'late']);
  });

  const statuses: readonly (readonly [string, string, string, string])[] = [
    ['none', '', 'api-unreachable', 'the connection ended before sh did'],
    ['no JSON', '{"status', 'api-malformed', 'the status of the program is no JSON'],
    ['no object', '7', 'api-malformed', 'the status of the program is none'],
    ['one without words', '{"status":"Failure"}', 'exec-failed', 'it gave no reason'],
    [
      'an exit code that is none',
      '{"status":"Failure","reason":"NonZeroExitCode","message":"what","details":{"causes":[{"reason":"ExitCode","message":"x"}]}}',
      'exec-failed',
      'what',
    ],
    ['one without an end', `"${'x'.repeat(70_000)}"`, 'api-malformed', 'the status does not end'],
  ];
  test.each(statuses)('a status that is %s', async (_name, text, code, message) => {
    const url = await sockets('v5.channel.k8s.io', (socket) => {
      if (text !== '') say(socket, 3, text);
      socket.close(1000);
    });
    const error = await failure(run(url));
    expect([error.code, error.message]).toEqual([code, `exec in pod shop/web: ${message}`]);
    expect(error.hint).not.toBe('');
  });

  test('a server of before 1.30, which cannot end standard input', async () => {
    const url = await sockets(undefined, () => {});
    const error = await failure(run(url, { stdin: 'x' }));
    expect(error.code).toBe('exec-unsupported');
    expect(error.hint).toContain('1.30');
  });

  test('credentials are renewed once', async () => {
    let requests = 0;
    const url = await answers((_request, response) => {
      requests += 1;
      response
        .writeHead(401, { 'content-type': 'application/json' })
        .end('{"kind":"Status","code":401,"message":"Unauthorized"}');
    });
    let invalidated = 0;
    const credentials = { current: () => Promise.resolve({}), invalidate: () => void (invalidated += 1) };
    const error = await failure(run(url, {}, { credentials }));
    expect([error.code, requests, invalidated]).toEqual(['api-unauthorized', 2, 1]);
  });

  test('a redirect, a web page and nobody at all', async () => {
    const redirect = await answers((_request, response) => response.writeHead(302, { location: '/login' }).end());
    expect((await failure(run(redirect))).message).toBe('exec in pod shop/web: it redirects (HTTP 302) to /login');
    const page = await answers((_request, response) => response.writeHead(502).end('<html>bad gateway</html>'));
    expect((await failure(run(page))).message).toBe('exec in pod shop/web: it answered with a web page (HTTP 502)');
    expect((await failure(run(new URL('http://127.0.0.1:1')))).code).toBe('api-unreachable');
  });

  test('a server that does not answer', async () => {
    let asked = false;
    const url = await answers(() => (asked = true));
    const running = failure(run(url, { timeoutMs: 7000 }));
    await until(() => asked);
    clock.advance(7000);
    const error = await running;
    expect([error.code, error.message]).toEqual(['api-timeout', 'exec in pod shop/web: no answer after 7 s']);
  });
});
