import { request, type IncomingHttpHeaders } from 'node:http';
import { createConnection } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AgentServer, type AgentServerOptions } from '../../../src/agent/http/agent-server.ts';
import { mayReadStatus } from '../../../src/agent/http/status-access.ts';
import type { AgentStatus, PodStatus } from '../../../src/agent/status.ts';
import { FakeClock } from '../../io/kubernetes/fake-clock.ts';
import { statusOf } from '../metrics/status.ts';

interface Reply {
  readonly code: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const pods: readonly PodStatus[] = [
  {
    pod: 'shop/db-0',
    addresses: ['10.1.0.6'],
    ingress: ['shop/NetworkPolicy/db'],
    egress: [],
    quarantined: [],
    generation: 7,
  },
];
let status: AgentStatus;
let failures: string[];
let clock: FakeClock;
const servers: AgentServer[] = [];

beforeEach(() => {
  status = statusOf();
  failures = [];
  clock = new FakeClock();
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function serve(more: Partial<AgentServerOptions> = {}): Promise<AgentServer> {
  const server = new AgentServer({
    host: '127.0.0.1',
    port: 0,
    sources: {
      view: { status: () => status, pods: () => pods, inForce: () => undefined },
      metrics: { contentType: 'text/plain; version=0.0.4', render: () => Promise.resolve('sallyport_ready 1\n') },
      flowLog: undefined,
    },
    clock,
    onFailure: (message) => failures.push(message),
    ...more,
  });
  servers.push(server);
  server.start();
  while (server.address === undefined && failures.length === 0) await new Promise(setImmediate);
  return server;
}

function ask(server: AgentServer, path: string, method = 'GET', headers = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port: server.address?.port, path, method, headers, agent: false },
      (reply) => {
        let body = '';
        reply.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        reply.on('end', () => resolve({ code: reply.statusCode ?? 0, headers: reply.headers, body }));
      },
    );
    sent.on('error', reject).end();
  });
}

describe('the addresses of the agent', () => {
  it.each([
    ['/healthz', 200, 'ok\n'],
    ['/healthz?verbose', 200, 'ok\n'],
    ['/readyz', 200, 'ok\n'],
    ['/metrics', 200, 'sallyport_ready 1\n'],
    ['/', 404, 'not found: /healthz, /readyz, /statusz, /metrics\n'],
    ['/healthz/../statusz', 404, 'not found: /healthz, /readyz, /statusz, /metrics\n'],
    ['/<script>alert(1)</script>', 404, 'not found: /healthz, /readyz, /statusz, /metrics\n'],
  ])('%s', async (path, code, body) => {
    const server = await serve();
    const reply = await ask(server, path);
    expect([reply.code, reply.body]).toEqual([code, body]);
    expect(reply.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    const head = await ask(server, path, 'HEAD');
    expect([head.code, head.body, head.headers['content-length']]).toEqual([code, '', String(body.length)]);
  });

  it.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('do not know %s', async (method) => {
    const reply = await ask(await serve(), '/healthz', method);
    expect([reply.code, reply.headers.allow]).toEqual([405, 'GET, HEAD']);
  });

  it('readyz says each reason, in lines that disturb no terminal', async () => {
    status = statusOf({
      preconditions: [{ name: 'nft', state: 'failed', explanation: 'there is no nft\x1b[31m\n', hint: '' }],
      lastApply: { ok: false, at: 0, error: { reason: 'nft-missing', message: 'gone' } },
    });
    const reply = await ask(await serve(), '/readyz');
    expect(reply.code).toBe(503);
    expect(reply.body).toBe('the last transaction failed: gone\nthere is no nft\\u{1b}[31m\\n\n');
  });

  it('readyz does not grow without bound', async () => {
    status = statusOf({
      invalid: Array.from({ length: 90 }, (_, i) => ({
        object: `o${i}`,
        reason: 'r',
        since: 0,
        effect: 'deny' as const,
      })),
    });
    const { body } = await ask(await serve(), '/readyz');
    expect(body.trimEnd().split('\n')).toHaveLength(51);
    expect(body).toContain('and 40 more\n');
  });

  it('statusz tells everything', async () => {
    const reply = await ask(await serve(), '/statusz');
    expect(reply.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(JSON.parse(reply.body)).toMatchObject({
      ready: true,
      reasons: [],
      status: { node: 'node-1', generation: 7 },
      pods,
    });
  });

  it('a bug is told by its code only', async () => {
    const server = await serve({
      sources: {
        view: { status: () => status, pods: () => pods, inForce: () => undefined },
        metrics: { contentType: 'text/plain', render: () => Promise.reject(new Error('secret')) },
        flowLog: undefined,
      },
    });
    const reply = await ask(server, '/metrics');
    expect([reply.code, reply.body]).toEqual([500, 'a bug in Sallyport: see its log\n']);
  });
});

describe('who may read the status', () => {
  it.each([
    ['127.0.0.1', true],
    ['127.8.9.1', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['::ffff:10.0.0.1', false],
    ['10.0.0.1', false],
    ['fd00::1', false],
    ['128.0.0.1', false],
    ['', false],
  ])('whoever asks from %s: %s', (address, expected) => {
    expect(mayReadStatus(address, undefined, undefined)).toBe(expected);
    expect(mayReadStatus(address, 'Bearer ', '')).toBe(expected);
  });

  it.each([
    ['Bearer secret', true],
    ['bearer secret', false],
    ['secret', false],
    ['Bearer secret2', false],
    ['Bearer ', false],
    ['', false],
  ])('from elsewhere with %j: %s', (authorization, expected) => {
    expect(mayReadStatus('10.0.0.1', authorization, 'secret')).toBe(expected);
  });
});

describe('what is no honest question', () => {
  /** What the server answers to these bytes before it hangs up. */
  function send(server: AgentServer, bytes: string): Promise<string> {
    return new Promise((resolve) => {
      const socket = createConnection(server.address?.port ?? 0, '127.0.0.1');
      let reply = '';
      socket.setEncoding('latin1').on('data', (chunk: string) => (reply += chunk));
      socket.on('error', () => undefined).on('close', () => resolve(reply));
      socket.write(bytes);
    });
  }

  it.each([
    ['no HTTP', 'HELLO\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['headers without end', `GET /healthz HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(20_000)}`],
  ])('%s ends the connection, without an echo', async (_name, bytes) => {
    expect(await send(await serve(), bytes)).toBe('');
  });

  it('a body is not waited for', async () => {
    const reply = await send(
      await serve(),
      'POST /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 3\r\n\r\nabc',
    );
    expect(reply).toMatch(/^HTTP\/1\.1 405 /);
  });
});

describe('an address that is taken', () => {
  it('is told and tried again', async () => {
    const first = await serve();
    const port = first.address?.port ?? 0;
    const second = await serve({ port });
    expect(failures).toEqual([
      `health and metrics cannot be served at 127.0.0.1 port ${port}: another program listens there`,
    ]);
    await first.stop();
    clock.advance(5000);
    while (second.address === undefined) await new Promise(setImmediate);
    expect((await ask(second, '/healthz')).code).toBe(200);
  });
});
