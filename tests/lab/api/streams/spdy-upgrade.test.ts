import { PassThrough } from 'node:stream';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock, until } from '../../../io/kubernetes/fake-clock.ts';
import { FakePods, FakeSession } from './fake-pods.ts';
import { PodServer } from './pod-server.ts';
import { data, SpdyClient } from './spdy/spdy-client.ts';

let pods: FakePods;
let clock: FakeClock;
let server: PodServer;
let session: FakeSession;
const sockets: TLSSocket[] = [];

beforeEach(async () => {
  pods = new FakePods();
  session = new FakeSession();
  pods.onExec = () => Promise.resolve(session);
  clock = new FakeClock();
  server = await new PodServer(pods, clock).start();
});

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await server.stop();
});

interface Upgrade {
  /** The head of the answer, and the body of a refusal. */
  readonly head: string;
  readonly client: SpdyClient;
}

/** @param first what is sent behind the request, before there is an answer */
async function upgrade(
  path: string,
  protocols: readonly string[],
  first?: (client: SpdyClient) => readonly Buffer[],
): Promise<Upgrade> {
  const socket = connect({ host: '127.0.0.1', port: Number(server.url.port), ca: server.authority.certificate });
  sockets.push(socket);
  const transport = new PassThrough({ allowHalfOpen: true });
  const client = new SpdyClient(transport);
  client.send = (...frames) => {
    for (const frame of frames) socket.write(frame);
  };
  let head = '';
  let open = false;
  socket.on('error', () => {});
  socket.on('close', () => (client.ended = true));
  socket.on('data', (bytes: Buffer) => {
    if (open) {
      transport.write(bytes);
      return;
    }
    const text = head + bytes.toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    open = end >= 0 && text.startsWith('HTTP/1.1 101 ');
    head = open ? text.slice(0, end) : text;
    const rest = open ? Buffer.from(text.slice(end + 4), 'latin1') : Buffer.alloc(0);
    if (rest.length > 0) transport.write(rest);
  });
  const lines = [
    `POST /api/v1/namespaces/shop/pods/web/${path} HTTP/1.1`,
    'Host: server',
    'Connection: Upgrade',
    'Upgrade: SPDY/3.1',
    ...protocols.map((name) => `X-Stream-Protocol-Version: ${name}`),
  ];
  socket.write(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), ...(first?.(client) ?? [])]));
  await until(() => open || client.ended, 'the answer');
  return { head, client };
}

const v4 = ['v4.channel.k8s.io', 'v3.channel.k8s.io', 'v2.channel.k8s.io', 'channel.k8s.io'];
const open = (client: SpdyClient, ...types: readonly string[]): void => {
  for (const [index, type] of types.entries())
    client.send(client.frames.synStream(2 * index + 1, { streamtype: type }));
};

describe('exec', () => {
  test('streams by their types, and a status as JSON', async () => {
    const { head, client } = await upgrade('exec?command=sh&stdin=1&stdout=1&stderr=1', v4);
    expect(head).toContain('X-Stream-Protocol-Version: v4.channel.k8s.io');
    open(client, 'error', 'stdin', 'stdout', 'stderr');
    client.send(data(3, 'input', true));
    await until(() => session.stdin.readableLength === 5);
    session.stdout.write('out');
    session.stderr.write('err');
    session.finish({ exitCode: 7 });
    await until(() => client.of('go-away').length === 1);
    expect([5, 7].map((id) => client.bytes(id).toString())).toEqual(['out', 'err']);
    expect(JSON.parse(client.bytes(1).toString())).toMatchObject({ reason: 'NonZeroExitCode' });
    expect([1, 5, 7].map((id) => client.finished(id))).toEqual([true, true, true]);
    expect(session.closes).toBe(0);
  });

  test.each([
    ['v3.channel.k8s.io', 'command terminated with non-zero exit code: exit status 7'],
    ['v2.channel.k8s.io', 'command terminated with non-zero exit code: exit status 7'],
    ['channel.k8s.io', 'command terminated with non-zero exit code: exit status 7'],
  ])('%s has a status of words', async (protocol, status) => {
    const { head, client } = await upgrade('exec?command=sh&stdout=1', [protocol]);
    expect(head).toContain(`X-Stream-Protocol-Version: ${protocol}`);
    open(client, 'error', 'stdout');
    session.finish({ exitCode: 7 });
    await until(() => client.of('go-away').length === 1);
    expect(client.bytes(1).toString()).toBe(status);
  });

  test('frames that come with the request', async () => {
    const { client } = await upgrade('exec?command=sh&stdout=1', v4, (each) => [
      each.frames.synStream(1, { streamtype: 'error' }),
      each.frames.synStream(3, { streamtype: 'stdout' }),
    ]);
    session.stdout.write('out');
    session.finish({ exitCode: 0 });
    await until(() => client.finished(1));
    expect([client.bytes(3).toString(), client.bytes(1).toString()]).toEqual([
      'out',
      '{"metadata":{},"status":"Success"}',
    ]);
  });

  test('the sizes of a terminal', async () => {
    const { client } = await upgrade('exec?command=sh&stdin=1&stdout=1&stderr=1&tty=1', v4);
    open(client, 'error', 'stdin', 'stdout', 'resize');
    client.send(data(7, '{"Width":80,"Hei'), data(7, 'ght":24}\nnonsense\n{"Width":1,"Height":2}\n'));
    await until(() => session.sizes.length === 2);
    expect(session.sizes).toEqual(['80x24', '1x2']);
  });

  test('streams that nobody announced, and those that are there already, are refused', async () => {
    const { client } = await upgrade('exec?command=sh&stdout=1', v4);
    open(client, 'stdin', 'error', 'error', 'chat', 'stdout');
    await until(() => client.of('rst-stream').length === 3);
    expect(client.of('rst-stream').map(({ streamId }) => streamId)).toEqual([1, 5, 7]);
    session.stdout.write('out');
    await until(() => client.bytes(9).toString() === 'out');
  });

  test('streams that do not come', async () => {
    const { client } = await upgrade('exec?command=sh&stdout=1', v4);
    open(client, 'error');
    await until(() => client.of('headers').length === 1);
    clock.advance(30_000);
    await until(() => client.ended && session.closes === 1);
  });

  test('a client that goes closes the session', async () => {
    const { client } = await upgrade('exec?command=sh&stdout=1', v4);
    open(client, 'error', 'stdout');
    await until(() => client.of('headers').length === 2);
    sockets[0]?.destroy();
    await until(() => session.closes === 1);
  });

  test('a client that breaks the protocol does, too', async () => {
    const { client } = await upgrade('exec?command=sh&stdout=1', v4);
    open(client, 'error', 'stdout');
    client.send(Buffer.alloc(100, 0xff));
    await until(() => session.closes === 1 && client.ended);
    expect(client.of('go-away')).toHaveLength(1);
  });

  test.each([
    [
      'no protocol that both know',
      'exec?command=sh&stdout=1',
      ['v9.channel.k8s.io'],
      403,
      'client supports [v9.channel.k8s.io], server accepts [v4.channel.k8s.io v3.channel.k8s.io v2.channel.k8s.io channel.k8s.io]',
    ],
    ['none at all', 'exec?command=sh&stdout=1', [], 403, 'client supports []'],
    ['nothing to connect', 'exec?command=sh', v4, 400, 'you must specify at least 1 of stdin, stdout, stderr'],
    ['another protocol for ports', 'portforward', ['v4.channel.k8s.io'], 403, 'server accepts [portforward.k8s.io]'],
  ])('%s', async (_name, path, protocols, code, message) => {
    const { head } = await upgrade(path, protocols);
    expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${code} `));
    expect(head).toContain(message);
    expect(pods.calls).toEqual([]);
  });
});

describe('port-forward', () => {
  const protocols = ['portforward.k8s.io'];
  const pair = (client: SpdyClient, id: number, port: string, request: string): void => {
    client.send(client.frames.synStream(id, { streamtype: 'error', port, requestid: request }, 1));
    client.send(client.frames.synStream(id + 2, { streamtype: 'data', port, requestid: request }));
  };

  test('pairs of streams, each direction ends on its own', async () => {
    const inside = new PassThrough();
    pods.onPortForward = (port) =>
      port === 80 ? Promise.resolve(inside) : Promise.reject(new Error('connection refused'));
    const { client } = await upgrade('portforward', protocols);
    pair(client, 1, '80', '0');
    pair(client, 5, '81', '1');
    client.send(data(3, 'hello'));
    await until(() => client.bytes(3).toString() === 'hello' && client.finished(5));
    expect(client.bytes(5).toString()).toBe('error forwarding port 81 to pod web: connection refused');
    expect(client.finished(7)).toBe(true);
    expect(client.finished(1)).toBe(false);
    client.send(data(3, '!', true));
    await until(() => client.finished(3) && client.finished(1));
    expect([client.bytes(1), client.bytes(3)].map(String)).toEqual(['', 'hello!']);
  });

  test('a connection that breaks resets its data', async () => {
    const inside = new PassThrough();
    pods.onPortForward = () => Promise.resolve(inside);
    const { client } = await upgrade('portforward', protocols);
    pair(client, 1, '80', '0');
    await until(() => pods.calls.length === 1);
    inside.destroy(new Error('ECONNRESET'));
    await until(() => client.of('rst-stream').length === 1 && client.finished(1));
    expect(client.of('rst-stream')).toEqual([{ type: 'rst-stream', streamId: 3, status: 5 }]);
  });

  test('streams that make no pair', async () => {
    const { client } = await upgrade('portforward', protocols);
    for (const [index, headers] of [
      { streamtype: 'data', port: '0', requestid: '0' },
      { streamtype: 'data', port: '65536', requestid: '0' },
      { streamtype: 'data', port: 'http', requestid: '0' },
      { streamtype: 'data', port: '80' },
      { streamtype: 'chat', port: '80', requestid: '0' },
      { port: '80', requestid: '0' },
      { streamtype: 'error', port: '80', requestid: '7' },
      { streamtype: 'error', port: '80', requestid: '7' },
      { streamtype: 'data', port: '81', requestid: '7' },
    ].entries())
      client.send(client.frames.synStream(2 * index + 1, headers));
    await until(() => client.of('rst-stream').length === 8);
    expect(client.of('rst-stream').map(({ streamId }) => streamId)).toEqual([1, 3, 5, 7, 9, 11, 15, 17]);
    // The one that was taken waits for the other of its pair, but not for ever.
    clock.advance(30_000);
    await until(() => client.of('rst-stream').length === 9);
    expect(client.of('rst-stream').at(-1)?.streamId).toBe(13);
    expect(pods.calls).toEqual([]);
  });

  test('a client that goes ends the connections', async () => {
    const inside = new PassThrough();
    pods.onPortForward = () => Promise.resolve(inside);
    const { client } = await upgrade('portforward', protocols);
    pair(client, 1, '80', '0');
    client.send(data(3, 'hello'));
    await until(() => client.bytes(3).toString() === 'hello');
    sockets[0]?.destroy();
    await until(() => inside.destroyed);
  });
});
