import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ApiClient } from '../../../src/io/kubernetes/api-client.ts';
import { ApiError } from '../../../src/io/kubernetes/api-error.ts';
import type { ClusterAccess } from '../../../src/io/kubernetes/cluster-access.ts';
import {
  type CredentialSource,
  fixedCredentials,
  tokenFileCredentials,
} from '../../../src/io/kubernetes/credentials.ts';
import { OperationalError } from '../../../src/io/operational-error.ts';
import { type Certificate, certificate } from './certificate.ts';
import { FakeClock, until } from './fake-clock.ts';
import { plainAccess } from './pods.ts';
import { ScriptedServer } from './scripted-server.ts';

let authority: Certificate;
let server: ScriptedServer;
let clock: FakeClock;
let folder: string;
const clients: ApiClient[] = [];

beforeAll(() => {
  authority = certificate('test authority');
});

beforeEach(() => {
  clock = new FakeClock();
  folder = mkdtempSync(join(tmpdir(), 'sallyport-api-'));
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await server.stop();
  rmSync(folder, { recursive: true });
});

async function plain(more: Partial<ClusterAccess> = {}, url?: (server: URL) => URL): Promise<ApiClient> {
  server = await new ScriptedServer().start();
  return connect(plainAccess(url === undefined ? server.url : url(server.url), more));
}

async function secure(
  more: Partial<ClusterAccess> = {},
  own: Certificate = certificate('server', { issuer: authority, addresses: [[127, 0, 0, 1]], names: ['kubernetes'] }),
): Promise<ApiClient> {
  server = await new ScriptedServer({
    cert: own.certificate,
    key: own.key,
    ca: authority.certificate,
    requestCert: true,
    rejectUnauthorized: false,
  }).start();
  return connect(
    plainAccess(server.url, { certificateAuthority: () => Promise.resolve(authority.certificate), ...more }),
  );
}

function connect(access: ClusterAccess): ApiClient {
  const client = new ApiClient({ access, clock, userAgent: 'sallyport/test' });
  clients.push(client);
  return client;
}

async function failure(work: Promise<unknown>): Promise<OperationalError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof OperationalError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('requests', () => {
  test('path, query and headers', async () => {
    const client = await plain(
      { headers: { 'Impersonate-User': 'jo', 'Impersonate-Group': ['a', 'b'] } },
      (url) => new URL('/k8s/clusters/c-1/', url),
    );
    const answer = client.getJson('/api/v1/pods', { labelSelector: 'a=b,c in (d)', limit: 5, gone: undefined });
    const request = await server.next();
    expect(request.path).toBe('/k8s/clusters/c-1/api/v1/pods');
    expect(Object.fromEntries(request.query)).toEqual({ labelSelector: 'a=b,c in (d)', limit: '5' });
    expect(request.headers).toMatchObject({
      accept: 'application/json',
      'user-agent': 'sallyport/test',
      'impersonate-user': 'jo',
      'impersonate-group': 'a, b',
    });
    request.json({ ok: true });
    expect(await answer).toEqual({ ok: true });
  });

  test('a connection is used again, also after the server closed it', async () => {
    const client = await plain();
    const first = client.getJson('/a');
    const one = await server.next();
    one.json(1);
    await first;
    const second = client.getJson('/b');
    const two = await server.next();
    expect(two.incoming.socket).toBe(one.incoming.socket);
    two.json(2);
    await second;
    const third = client.getJson('/c');
    const three = await server.next();
    // As when an idle connection is closed just when the request is sent.
    three.reset();
    (await server.next()).json(3);
    expect(await third).toBe(3);
  });

  const refusals: readonly (readonly [number, string, string, string])[] = [
    [
      403,
      '{"kind":"Status","code":403,"reason":"Forbidden","message":"pods is forbidden: User \\"x\\""}',
      'api-forbidden',
      'GET /x: pods is forbidden: User "x" (HTTP 403)',
    ],
    [404, '404 page not found\n', 'api-not-found', 'GET /x: 404 page not found (HTTP 404)'],
    [
      410,
      '{"kind":"Status","code":410,"reason":"Expired","message":"too old"}',
      'api-expired',
      'GET /x: too old (HTTP 410)',
    ],
    [500, '', 'api-unavailable', 'GET /x: HTTP 500'],
    [502, '<html><body>Bad gateway</body></html>', 'api-unavailable', 'GET /x: it answered with a web page (HTTP 502)'],
    [422, `{"kind":"Status","message":"${'x'.repeat(600)}"}`, 'api-refused', `GET /x: ${'x'.repeat(500)}… (HTTP 422)`],
  ];
  test.each(refusals)('HTTP %d %s', async (status, body, code, message) => {
    const client = await plain();
    const answer = failure(client.getJson('/x'));
    (await server.next()).text(body, status);
    expect(await answer).toMatchObject({ code, message, exitCode: 4, status });
  });

  test('a refusal without end is cut', async () => {
    const client = await plain();
    const answer = failure(client.getJson('/x'));
    (await server.next()).text('y'.repeat(10_000_000), 500);
    expect((await answer).message).toMatch(/^GET \/x: y{500}… \(HTTP 500\)$/);
  });

  test.each([
    ['no JSON', 'nonsense', 'the answer is no JSON'],
    ['too much', `"${'x'.repeat(33 * 1024 * 1024)}"`, 'the answer is larger than 33554432 bytes'],
  ])('%s', async (_, body, problem) => {
    const client = await plain();
    const answer = failure(client.getJson('/x'));
    (await server.next()).text(body);
    expect(await answer).toMatchObject({ code: 'api-malformed', message: `GET /x: ${problem}` });
  });

  test('nobody listens', async () => {
    const client = await plain();
    await server.stop();
    expect(await failure(client.getJson('/x'))).toMatchObject({
      code: 'api-unreachable',
      message: 'GET /x: connection refused',
      exitCode: 4,
    });
  });

  test('aborting ends the request', async () => {
    const client = await plain();
    const stop = new AbortController();
    const answer = client.getJson('/x', {}, stop.signal);
    const request = await server.next();
    stop.abort(new Error('enough'));
    await expect(answer).rejects.toThrow('enough');
    await until(() => request.closed);
    expect(clock.delays).toEqual([]);
    await expect(client.getJson('/x', {}, stop.signal)).rejects.toThrow('enough');
  });
});

describe('a server that asks for patience', () => {
  const waits: readonly (readonly [number, string, number])[] = [
    [429, '3', 3000],
    [503, '120', 60_000],
    [503, 'Thu, 01 Jan 2026 00:00:20 GMT', 20_000],
  ];
  test.each(waits)('HTTP %d, Retry-After %s', async (status, retryAfter, delayMs) => {
    const client = await plain();
    const answer = client.getJson('/x');
    (await server.next()).text('', status, { 'retry-after': retryAfter });
    await until(() => clock.delays.includes(delayMs));
    clock.advance(delayMs);
    (await server.next()).json('fine');
    expect(await answer).toBe('fine');
  });

  test('gets it five times', async () => {
    const client = await plain();
    const answer = failure(client.getJson('/x'));
    for (let i = 0; i < 5; i++) {
      (await server.next()).text('', 429, { 'retry-after': '1' });
      await until(() => clock.delays.includes(1000));
      clock.advance(1000);
    }
    (await server.next()).text('', 429, { 'retry-after': '1' });
    expect(await answer).toMatchObject({ code: 'api-throttled', retryAfterMs: 1000 });
  });

  test.each([
    [429, ''],
    [429, 'soon'],
    [404, '5'],
  ])('HTTP %d with Retry-After %j fails at once', async (status, retryAfter) => {
    const client = await plain();
    const answer = failure(client.getJson('/x'));
    (await server.next()).text('', status, retryAfter === '' ? {} : { 'retry-after': retryAfter });
    const error = await answer;
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status, retryAfterMs: undefined });
  });
});

describe('who we are', () => {
  test('a token is read again each minute, and at once when the server refuses it', async () => {
    const path = join(folder, 'token');
    writeFileSync(path, 'one\n');
    const client = await secure({ credentials: tokenFileCredentials(path, {}, clock) });
    const ask = async (): Promise<string | undefined> => {
      const answer = client.getJson('/x');
      const request = await server.next();
      request.json(null);
      await answer;
      return request.headers.authorization;
    };
    expect(await ask()).toBe('Bearer one');
    writeFileSync(path, 'two\n');
    expect(await ask()).toBe('Bearer one');
    clock.advance(60_000);
    expect(await ask()).toBe('Bearer two');
    // Half-written: the known one is good still.
    writeFileSync(path, '');
    clock.advance(60_000);
    expect(await ask()).toBe('Bearer two');
    writeFileSync(path, 'three');
    clock.advance(1);
    const answer = client.getJson('/x');
    // The empty file made the text count as old, so the new one is there already; then it is refused.
    const refused = await server.next();
    expect(refused.headers.authorization).toBe('Bearer three');
    writeFileSync(path, 'four');
    refused.status(401, 'Unauthorized', 'Unauthorized');
    const renewed = await server.next();
    expect(renewed.headers.authorization).toBe('Bearer four');
    renewed.json('in');
    expect(await answer).toBe('in');
  });

  test('credentials are renewed once, not for ever', async () => {
    const client = await secure({ credentials: fixedCredentials({ authorization: 'Bearer bad' }) });
    const answer = failure(client.getJson('/x'));
    (await server.next()).status(401, 'Unauthorized', 'Unauthorized');
    (await server.next()).status(401, 'Unauthorized', 'Unauthorized');
    const error = await answer;
    expect(error).toMatchObject({ code: 'api-unauthorized', exitCode: 4 });
    expect(error.hint).toContain('log in again');
    expect(`${error.message} ${error.hint}`).not.toContain('bad');
  });

  test('time that credentials take is not the server`s', async () => {
    let give: () => void = () => {};
    const slow: CredentialSource = {
      current: () => new Promise((resolve) => (give = () => resolve({ authorization: 'Bearer late' }))),
      invalidate: () => {},
    };
    const client = await secure({ credentials: slow });
    const answer = client.getJson('/x');
    clock.advance(600_000);
    give();
    const request = await server.next();
    expect(request.headers.authorization).toBe('Bearer late');
    request.json(1);
    expect(await answer).toBe(1);
  });

  test('a token file that never could be read', async () => {
    const client = await secure({ credentials: tokenFileCredentials(join(folder, 'absent'), {}, clock) });
    expect(await failure(client.getJson('/x'))).toMatchObject({
      code: 'credentials-unreadable',
      message: `the token file ${join(folder, 'absent')} cannot be read: no such file or folder`,
      exitCode: 4,
    });
  });

  test('no secret goes over plain HTTP', async () => {
    const client = await plain({ credentials: fixedCredentials({ authorization: 'Bearer secret' }) });
    const answer = client.getJson('/x');
    const request = await server.next();
    expect(request.headers.authorization).toBeUndefined();
    request.json(1);
    await answer;
  });

  test('a client certificate is shown, and a new one when it changes', async () => {
    let own = certificate('jo', { issuer: authority });
    const client = await secure({
      credentials: {
        current: () => Promise.resolve({ clientCertificate: own.certificate, clientKey: own.key }),
        invalidate: () => {},
      },
    });
    for (const name of ['jo', 'mo']) {
      own = certificate(name, { issuer: authority });
      const answer = client.getJson('/x');
      const request = await server.next();
      const socket = request.incoming.socket as TLSSocket;
      expect(socket.getPeerCertificate().subject.CN).toBe(name);
      expect(socket.authorized).toBe(true);
      request.json(1);
      await answer;
    }
  });
});

describe('who the server is', () => {
  async function answered(client: ApiClient): Promise<void> {
    const answer = client.getJson('/x');
    (await server.next()).json(1);
    expect(await answer).toBe(1);
  }

  test('an authority that did not sign its certificate', async () => {
    const client = await secure({ certificateAuthority: () => Promise.resolve(certificate('other').certificate) });
    const error = await failure(client.getJson('/x'));
    expect(error).toMatchObject({ code: 'api-certificate', exitCode: 4 });
    expect(error.hint).toContain('certificate-authority');
  });

  test('without verification it is not asked', async () => {
    await answered(await secure({ certificateAuthority: () => Promise.resolve(undefined), insecureSkipVerify: true }));
  });

  test('a certificate for another name, unless that is the name to expect', async () => {
    const other = certificate('server', { issuer: authority, names: ['api.internal'] });
    const error = await failure((await secure({}, other)).getJson('/x'));
    expect(error.code).toBe('api-certificate');
    expect(error.hint).toContain('tls-server-name');
    await server.stop();
    await answered(await secure({ tlsServerName: 'api.internal' }, other));
  });

  test('a certificate whose time is over', async () => {
    const old = certificate('server', { issuer: authority, addresses: [[127, 0, 0, 1]], expired: true });
    expect((await failure((await secure({}, old)).getJson('/x'))).hint).toContain('expired');
  });
});
