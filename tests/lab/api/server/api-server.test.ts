import { connect, type TLSSocket } from 'node:tls';
import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { ServedRequest } from '../../../../src/lab/api/server/api-server.ts';
import type { Strategy } from '../../../../src/lab/api/kinds/strategy.ts';
import { FakeClock, until } from '../../../io/kubernetes/fake-clock.ts';
import { admin, linesOf, startTestApi, type TestApi, type TestApiOptions, textOf, TOKEN } from './test-api.ts';

const running: TestApi[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((api) => api.close()));
});

async function start(options: TestApiOptions = {}): Promise<TestApi> {
  const api = await startTestApi(options);
  running.push(api);
  return api;
}

const configMaps = '/api/v1/namespaces/default/configmaps';
const configMap = (name: string, data: Record<string, string> = {}) => ({
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { name },
  data,
});
const table = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };

/** Speaks HTTP by hand, and gives all that comes back. */
async function raw(api: TestApi, text: string): Promise<string> {
  const socket: TLSSocket = connect({ host: '127.0.0.1', port: api.port, ca: api.authority });
  let answer = '';
  socket.setEncoding('utf8');
  socket.on('data', (piece: string) => (answer += piece));
  const closed = new Promise<void>((resolve, reject) => {
    socket.on('close', () => resolve());
    socket.on('error', reject);
  });
  socket.write(text);
  await closed;
  return answer;
}

describe('the gate', () => {
  test.each(['/version', '/healthz', '/api', '/openapi/v3', '/nothing', configMaps])(
    'nobody gets %s without a token',
    async (path) => {
      const api = await start();
      const answer = await api.ask('GET', path, { headers: { authorization: '' } });
      expect(answer.code).toBe(401);
      expect(answer.json).toMatchObject({ kind: 'Status', status: 'Failure', reason: 'Unauthorized', code: 401 });
    },
  );

  test.each([
    ['a page', { origin: 'https://127.0.0.1' }],
    ['another name', { host: 'lab.evil.example' }],
  ])('refuses what comes by %s, writes too', async (_, headers) => {
    const api = await start();
    const answer = await api.ask('POST', configMaps, { headers, body: configMap('a') });
    expect(answer).toMatchObject({ code: 403, json: { reason: 'Forbidden' } });
    expect(api.store.list({ group: '', plural: 'configmaps' }).items).toEqual([]);
  });

  test.each([
    ['without a token', [], 401],
    ['from a page', [`Authorization: Bearer ${TOKEN}`, 'Origin: https://evil.example'], 403],
    ['to what is no stream', [`Authorization: Bearer ${TOKEN}`], 404],
  ])('refuses upgrades %s', async (_, headers, code) => {
    const api = await start();
    const path = code === 404 ? '/api/v1/namespaces/default/pods/web/log' : '/api/v1/namespaces/default/pods/web/exec';
    const head = [`GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket', ...headers];
    expect(await raw(api, `${head.join('\r\n')}\r\n\r\n`)).toMatch(new RegExp(`^HTTP/1.1 ${code} `));
  });

  test('hands upgrades for streams over', async () => {
    const seen: string[] = [];
    const api = await start({
      streams: {
        upgrade: (_request, socket, _head, { subresource, namespace, pod, query }) => {
          seen.push(`${subresource} ${namespace}/${pod} ${query.getAll('command').join(' ')}`);
          socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n');
        },
        log: () => Promise.resolve(),
        close: () => {},
      },
    });
    const path = '/api/v1/namespaces/default/pods/web/exec?command=ls&command=-l';
    const head = ['Host: localhost', 'Connection: Upgrade', 'Upgrade: SPDY/3.1', `Authorization: Bearer ${TOKEN}`];
    const answer = await raw(api, `POST ${path} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`);
    expect(answer).toContain('101');
    expect(seen).toEqual(['exec default/web ls -l']);
  });

  test('speaks TLS only', async () => {
    const api = await start();
    const socket = connectTcp({ host: '127.0.0.1', port: api.port });
    let answer = '';
    socket.on('data', (piece) => (answer += piece.toString('latin1')));
    socket.on('error', () => {});
    socket.write('GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await new Promise((resolve) => socket.on('close', resolve));
    expect(answer).not.toContain('HTTP');
    expect(await api.ask('GET', '/version')).toMatchObject({ code: 200 });
  });

  test.each([
    ['what is no HTTP', 'HELLO\r\n\r\n', 400],
    ['headers without end', `GET /version HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`, 413],
    [
      'a path that is none',
      `GET https://localhost/version HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\nConnection: close\r\n\r\n`,
      400,
    ],
  ])('refuses %s', async (_, text, code) => {
    const api = await start();
    expect(await raw(api, text)).toMatch(new RegExp(`^HTTP/1.1 ${code} `));
  });

  test('refuses bodies that are too large, and lives on', async () => {
    const api = await start();
    const body = configMap('a', { x: 'x'.repeat(4 * 1024 * 1024) });
    await expect(api.ask('POST', configMaps, { body })).resolves.toMatchObject({ code: 413 });
    expect(await api.ask('GET', '/version')).toMatchObject({ code: 200 });
  });
});

describe('documents', () => {
  test.each([
    ['/version', { gitVersion: 'v1.33.1+sallyport', major: '1', minor: '33' }],
    ['/api', { kind: 'APIVersions', versions: ['v1'] }],
    ['/apis', { kind: 'APIGroupList' }],
    ['/apis/apps', { kind: 'APIGroup', name: 'apps' }],
    ['/apis/networking.k8s.io/v1', { kind: 'APIResourceList', groupVersion: 'networking.k8s.io/v1' }],
    ['/openapi/v3', { paths: { 'api/v1': { serverRelativeURL: '/openapi/v3/api/v1' } } }],
    ['/openapi/v3/apis/networking.k8s.io/v1', { openapi: '3.0.0' }],
  ])('%s', async (path, expected) => {
    const api = await start();
    expect(await api.ask('GET', path)).toMatchObject({ code: 200, json: expected });
  });

  test.each(['v2', 'v2beta1'])('aggregated discovery %s says so in its Content-Type', async (version) => {
    const api = await start();
    const type = `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;
    const answer = await api.ask('GET', '/apis', { headers: { accept: type } });
    expect(answer.headers['content-type']).toBe(type);
    expect(answer.json).toMatchObject({
      kind: 'APIGroupDiscoveryList',
      apiVersion: `apidiscovery.k8s.io/${version}`,
    });
  });

  test('OpenAPI version 2 is an empty document of a type that Go can read', async () => {
    const api = await start();
    const answer = await api.ask('GET', '/openapi/v2');
    expect(answer.headers['content-type']).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
    expect(answer.headers['content-length']).toBe('5');
  });

  test.each(['/healthz', '/livez', '/readyz'])('%s', async (path) => {
    const api = await start();
    expect(await api.ask('GET', path)).toMatchObject({ code: 200, text: 'ok' });
  });

  test.each([
    ['GET', '/nothing', 404],
    ['GET', '/apis/nothing.dev/v1', 404],
    ['GET', '/apis/nothing.dev/v1/things', 404],
    ['GET', '/api/v1/pods/web', 404],
    ['GET', '/api/v1/namespaces/default/nodes', 404],
    ['GET', '/api/v1/namespaces/default/pods/web/nothing', 404],
    ['GET', '/openapi/v3/apis/nothing.dev/v1', 404],
    ['POST', '/version', 405],
    ['POST', '/api/v1/configmaps', 405],
    ['DELETE', '/api/v1/configmaps', 405],
    ['POST', `${configMaps}/a`, 405],
    ['PUT', configMaps, 405],
    ['OPTIONS', configMaps, 405],
    ['GET', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', 405],
    ['GET', '/api/v1/namespaces/default/pods/web/exec', 400],
    ['GET', `${configMaps}/nothing`, 404],
    ['GET', '/api/v1/namespaces/%ff', 400],
  ])('%s %s: %i', async (method, path, code) => {
    const api = await start();
    const answer = await api.ask(method, path);
    expect(answer).toMatchObject({ code, json: { kind: 'Status', status: 'Failure', code } });
  });
});

describe('verbs', () => {
  test('create, get, update, patch, delete', async () => {
    const api = await start();
    const created = await api.ask('POST', `${configMaps}?fieldManager=me`, { body: configMap('a', { x: '1' }) });
    expect(created).toMatchObject({
      code: 201,
      json: { kind: 'ConfigMap', metadata: { name: 'a', namespace: 'default' } },
    });
    expect(await api.ask('POST', configMaps, { body: configMap('a') })).toMatchObject({
      code: 409,
      json: { reason: 'AlreadyExists' },
    });
    expect(await api.ask('GET', `${configMaps}/a`)).toMatchObject({ code: 200, json: { data: { x: '1' } } });
    expect(await api.ask('PUT', `${configMaps}/a`, { body: configMap('a', { x: '2' }) })).toMatchObject({
      code: 200,
      json: { data: { x: '2' } },
    });
    const uid = (created.json['metadata'] as { uid: string }).uid;
    expect(await api.ask('DELETE', `${configMaps}/a`, { body: { propagationPolicy: 'Background' } })).toMatchObject({
      code: 200,
      json: { kind: 'Status', status: 'Success', details: { name: 'a', kind: 'configmaps', uid } },
    });
    expect(await api.ask('GET', `${configMaps}/a`)).toMatchObject({ code: 404, json: { reason: 'NotFound' } });
  });

  test.each([
    ['application/json-patch+json', [{ op: 'add', path: '/data/y', value: '2' }]],
    ['application/merge-patch+json', { data: { y: '2' } }],
    ['application/strategic-merge-patch+json', { data: { y: '2' } }],
    ['application/apply-patch+yaml', { ...configMap('a', { y: '2' }) }],
  ])('%s', async (type, body) => {
    const api = await start();
    await api.ask('POST', configMaps, { body: configMap('a', { x: '1' }) });
    const answer = await api.ask('PATCH', `${configMaps}/a?fieldManager=me`, {
      headers: { 'content-type': type },
      body,
    });
    expect(answer).toMatchObject({ code: 200, json: { data: { x: '1', y: '2' } } });
  });

  test('apply makes what is not there: 201', async () => {
    const api = await start();
    const headers = { 'content-type': 'application/apply-patch+yaml' };
    const body = configMap('a');
    expect(await api.ask('PATCH', `${configMaps}/a?fieldManager=me`, { headers, body })).toMatchObject({ code: 201 });
    expect(await api.ask('PATCH', `${configMaps}/a?fieldManager=me`, { headers, body })).toMatchObject({ code: 200 });
    expect(await api.ask('PATCH', `${configMaps}/a`, { headers, body })).toMatchObject({
      code: 422,
      json: { details: { causes: [{ field: 'fieldManager' }] } },
    });
  });

  test.each([
    ['PATCH', `${configMaps}/a`, 'application/json', '{}', 415],
    [
      'PATCH',
      '/apis/policy.networking.k8s.io/v1alpha1/adminnetworkpolicies/a',
      'application/strategic-merge-patch+json',
      '{}',
      415,
    ],
    ['POST', configMaps, 'text/plain', 'hello', 415],
    ['POST', configMaps, 'application/cbor', 'hello', 415],
    ['POST', configMaps, 'application/json', '{', 400],
    ['POST', configMaps, 'application/json', '[]', 400],
    ['POST', configMaps, 'application/json', '', 400],
    ['POST', configMaps, 'application/json', `{"data":${'['.repeat(5000)}${']'.repeat(5000)}}`, 400],
    ['POST', configMaps, 'application/vnd.kubernetes.protobuf', 'hello', 400],
    ['POST', `${configMaps}?dryRun=Server`, 'application/json', '{}', 422],
    ['DELETE', `${configMaps}/a`, 'application/json', '{"gracePeriodSeconds":"soon"}', 400],
    ['DELETE', `${configMaps}/a`, 'application/json', '{"propagationPolicy":"Sideways"}', 422],
    ['DELETE', `${configMaps}/a`, 'application/json', '{"kind":"Pod","apiVersion":"v1"}', 400],
  ])('%s %s with %s %#: refused', async (method, path, type, body, code) => {
    const api = await start();
    await api.ask('POST', configMaps, { body: configMap('a') });
    expect(await api.ask(method, path, { headers: { 'content-type': type }, body })).toMatchObject({ code });
    expect(api.errors).toEqual([]);
  });

  test('dry runs store nothing', async () => {
    const api = await start();
    expect(await api.ask('POST', `${configMaps}?dryRun=All`, { body: configMap('a') })).toMatchObject({ code: 201 });
    expect(await api.ask('GET', `${configMaps}/a`)).toMatchObject({ code: 404 });
    await api.ask('POST', configMaps, { body: configMap('a') });
    expect(await api.ask('DELETE', `${configMaps}/a`, { body: { dryRun: ['All'] } })).toMatchObject({ code: 200 });
    expect(await api.ask('GET', `${configMaps}/a`)).toMatchObject({ code: 200 });
  });

  test('lists, by selectors', async () => {
    const api = await start();
    for (const [name, app] of [
      ['a', 'web'],
      ['b', 'db'],
      ['c', 'web'],
    ] as const)
      await api.ask('POST', configMaps, { body: { ...configMap(name), metadata: { name, labels: { app } } } });
    const namesOf = async (query: string) => {
      const { json } = await api.ask('GET', `/api/v1/configmaps?${query}`);
      return (json['items'] as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);
    };
    expect(await namesOf('limit=2')).toEqual(['a', 'b', 'c']);
    expect(await namesOf('labelSelector=app%3Dweb')).toEqual(['a', 'c']);
    expect(await namesOf('labelSelector=app+in+(db)')).toEqual(['b']);
    expect(await namesOf('fieldSelector=metadata.name%3Dc')).toEqual(['c']);
    expect(await api.ask('GET', `${configMaps}?labelSelector=((`)).toMatchObject({ code: 400 });
    expect(await api.ask('GET', configMaps)).toMatchObject({
      json: { kind: 'ConfigMapList', apiVersion: 'v1', metadata: { resourceVersion: '4' } },
    });
  });

  test('deletes collections, by selectors', async () => {
    const api = await start();
    for (const name of ['a', 'b'])
      await api.ask('POST', configMaps, { body: { ...configMap(name), metadata: { name, labels: { app: name } } } });
    expect(await api.ask('DELETE', `${configMaps}?labelSelector=app%3Da`)).toMatchObject({
      code: 200,
      json: { kind: 'ConfigMapList', items: [{ metadata: { name: 'a' } }] },
    });
    expect(api.store.list({ group: '', plural: 'configmaps' }).items).toHaveLength(1);
  });

  test('what waits for its end is answered with itself', async () => {
    const api = await start();
    const metadata = { name: 'a', finalizers: ['example.dev/hold'] };
    await api.ask('POST', configMaps, { body: { ...configMap('a'), metadata } });
    expect(await api.ask('DELETE', `${configMaps}/a`)).toMatchObject({
      code: 200,
      json: { kind: 'ConfigMap', metadata: { finalizers: ['example.dev/hold'] } },
    });
    expect(await api.ask('DELETE', `${configMaps}/a?orphanDependents=false`)).toMatchObject({ code: 202 });
  });

  test('service accounts are answered with themselves', async () => {
    const api = await start();
    const path = '/api/v1/namespaces/default/serviceaccounts';
    await api.ask('POST', path, { body: { kind: 'ServiceAccount', apiVersion: 'v1', metadata: { name: 'a' } } });
    expect(await api.ask('DELETE', `${path}/a`)).toMatchObject({ code: 200, json: { kind: 'ServiceAccount' } });
  });

  test('tables, for one and for many', async () => {
    const api = await start();
    await api.ask('POST', configMaps, { body: configMap('a', { x: '1' }) });
    const one = await api.ask('GET', `${configMaps}/a`, { headers: table });
    expect(one.json).toMatchObject({
      kind: 'Table',
      metadata: { resourceVersion: '2' },
      rows: [{ cells: ['a', 1, '0s'] }],
    });
    expect(one.headers['content-type']).toBe('application/json');
    const many = await api.ask('GET', `${configMaps}?includeObject=Object`, { headers: table });
    expect(many.json).toMatchObject({ rows: [{ object: { kind: 'ConfigMap', data: { x: '1' } } }] });
    expect(await api.ask('GET', `${configMaps}?includeObject=Some`, { headers: table })).toMatchObject({ code: 400 });
  });

  test('metadata alone', async () => {
    const api = await start();
    await api.ask('POST', configMaps, { body: configMap('a', { x: '1' }) });
    const accept = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
    const { json } = await api.ask('GET', configMaps, { headers: { accept } });
    expect(json).toMatchObject({ kind: 'PartialObjectMetadataList', items: [{ kind: 'PartialObjectMetadata' }] });
    expect(JSON.stringify(json)).not.toContain('data":{"x"');
  });

  test('a form that nobody has is refused before anything is written', async () => {
    const api = await start();
    const headers = { accept: 'text/html' };
    expect(await api.ask('POST', configMaps, { headers, body: configMap('a') })).toMatchObject({ code: 406 });
    expect(await api.ask('GET', `${configMaps}/a`)).toMatchObject({ code: 404 });
  });

  test('warnings are headers that Go can read', async () => {
    const strategy: Strategy = { warnings: () => ['say "no" to \\ and\r\nX-Evil: 1', 'Käse'] };
    const api = await start({ strategies: new Map([['ConfigMap', strategy]]) });
    const { headers } = await api.ask('POST', `${configMaps}?fieldValidation=Warn`, {
      body: { ...configMap('a'), datta: 1 },
    });
    expect(headers['x-evil']).toBeUndefined();
    expect(Buffer.from(headers['warning'] ?? '', 'latin1').toString('utf8')).toBe(
      '299 - "unknown field \\"datta\\"", 299 - "say \\"no\\" to \\\\ and X-Evil: 1", 299 - "Käse"',
    );
  });

  test('people get line breaks', async () => {
    const api = await start();
    const { text } = await api.ask('GET', '/version', { headers: { 'user-agent': 'curl/8.0' } });
    expect(text).toContain('\n  "major": "1",\n');
    expect(
      (await api.ask('GET', '/version?pretty=false', { headers: { 'user-agent': 'curl/8.0' } })).text,
    ).not.toContain('\n ');
  });

  test('namespaces have parts, not resources, of these names', async () => {
    const api = await start();
    const namespace = { kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'default' }, status: { phase: 'Odd' } };
    expect(await api.ask('PUT', '/api/v1/namespaces/default/status', { body: namespace })).toMatchObject({
      code: 200,
      json: { status: { phase: 'Odd' } },
    });
    const finalize = { ...namespace, spec: { finalizers: [] } };
    expect(await api.ask('PUT', '/api/v1/namespaces/default/finalize', { body: finalize })).toMatchObject({
      code: 200,
    });
  });
});

describe('watches', () => {
  test('tell what happens, until they end', async () => {
    const api = await start();
    await api.ask('POST', configMaps, { body: configMap('a') });
    const response = await api.open('GET', `${configMaps}?watch=true`);
    expect(response.headers).toMatchObject({ 'content-type': 'application/json', 'transfer-encoding': 'chunked' });
    const lines = linesOf(response);
    const next = async () => {
      const { value } = (await lines.next()) as { value?: { type: string; object: { metadata: { name: string } } } };
      return value === undefined ? undefined : `${value.type} ${value.object.metadata.name}`;
    };
    expect(await next()).toBe('ADDED a');
    await api.ask('POST', configMaps, { body: configMap('b') });
    expect(await next()).toBe('ADDED b');
    await api.ask('PATCH', `${configMaps}/b`, {
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { data: { x: '1' } },
    });
    expect(await next()).toBe('MODIFIED b');
    await api.ask('DELETE', `${configMaps}/b`);
    expect(await next()).toBe('DELETED b');
    await api.server.close();
    expect(await next()).toBeUndefined();
  });

  test('open before anything happens', async () => {
    const api = await start();
    const response = await api.open('GET', `${configMaps}?watch=1&resourceVersion=1`);
    expect(response.statusCode).toBe(200);
    expect(api.server.watches).toBe(1);
    response.destroy();
    await until(() => api.server.watches === 0);
  });

  test('are refused before they open', async () => {
    const api = await start();
    expect(await api.ask('GET', `${configMaps}?watch=1&resourceVersion=x`)).toMatchObject({ code: 400 });
    expect(await api.ask('GET', `${configMaps}?watch=1&resourceVersion=99`)).toMatchObject({
      code: 504,
      headers: { 'retry-after': '1' },
      json: { reason: 'Timeout' },
    });
    expect(await api.ask('GET', `${configMaps}?watch=1&fieldSelector=spec.x%3D1`)).toMatchObject({ code: 400 });
    expect(api.server.watches).toBe(0);
  });

  test('end in time', async () => {
    const clock = new FakeClock();
    const api = await start({ clock });
    const response = await api.open('GET', `${configMaps}?watch=1&timeoutSeconds=7`);
    clock.advance(7000);
    expect(await textOf(response)).toBe('');
  });

  test('cut off whoever does not read', async () => {
    const api = await start();
    const response = await api.open('GET', `${configMaps}?watch=1`);
    response.pause();
    const configMapsOf = api.rest.find('', 'v1', 'configmaps');
    expect(configMapsOf).toBeDefined();
    const key = { group: '', plural: 'configmaps', namespace: 'default', name: 'a' };
    api.store.create(key, configMap('a'));
    for (let i = 0; i < 12_000 && api.server.watches > 0; i += 1) {
      api.store.update(key, configMap('a', { x: `${i}`.padEnd(2000) }));
      if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => api.server.watches === 0, 'the end of the watch');
    response.destroy();
  });
});

describe('the write barrier', () => {
  test('holds the answer until the change is in force', async () => {
    const waiting: { version: string; done: () => void }[] = [];
    const api = await start({
      settlement: {
        settled: ({ resource, resourceVersion }) =>
          new Promise((done) => waiting.push({ version: `${resource.plural} ${resourceVersion}`, done })),
      },
    });
    let answered = false;
    const answer = api.ask('POST', configMaps, { body: configMap('a') }).then((result) => {
      answered = true;
      return result;
    });
    await until(() => waiting.length === 1);
    expect(api.store.find({ group: '', plural: 'configmaps', namespace: 'default', name: 'a' })).toBeDefined();
    expect(await api.ask('GET', `${configMaps}/a`)).toMatchObject({ code: 200 });
    expect(answered).toBe(false);
    expect(waiting[0]?.version).toBe('configmaps 2');
    waiting[0]?.done();
    expect(await answer).toMatchObject({ code: 201 });
    expect((await answer).headers['warning']).toBeUndefined();
  });

  test('not for ever, and then says so', async () => {
    const clock = new FakeClock();
    const api = await start({ clock, settlement: { settled: () => new Promise(() => {}) } });
    const answer = api.ask('POST', configMaps, { body: configMap('a') });
    await until(() => clock.delays.includes(2000));
    clock.advance(2000);
    expect(await answer).toMatchObject({ code: 201 });
    expect((await answer).headers['warning']).toMatch(/^299 - "not in force everywhere after 2000 ms/);
  });

  test('not for what changes nothing that is stored', async () => {
    const asked: string[] = [];
    const api = await start({
      settlement: {
        settled: ({ resource }) => {
          asked.push(resource.plural);
          return Promise.resolve();
        },
      },
    });
    await api.ask('POST', `${configMaps}?dryRun=All`, { body: configMap('a') });
    await api.ask('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      body: { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' },
    });
    await api.ask('DELETE', configMaps);
    expect(asked).toEqual([]);
  });

  test('a settlement that fails delays nothing', async () => {
    const api = await start({ settlement: { settled: () => Promise.reject(new Error('no')) } });
    expect(await api.ask('POST', configMaps, { body: configMap('a') })).toMatchObject({ code: 201 });
  });
});

describe('what goes wrong', () => {
  test('bugs are answered with 500, and nothing else suffers', async () => {
    const strategy: Strategy = {
      validate: () => {
        throw new TypeError('cannot read properties of undefined');
      },
    };
    const api = await start({ strategies: new Map([['ConfigMap', strategy]]) });
    expect(await api.ask('POST', configMaps, { body: configMap('a') })).toMatchObject({
      code: 500,
      json: { kind: 'Status', reason: 'InternalError' },
    });
    expect(api.errors).toHaveLength(1);
    expect(await api.ask('GET', '/version')).toMatchObject({ code: 200 });
  });

  test('streams that throw end their connection alone', async () => {
    const api = await start({
      streams: {
        upgrade: () => {
          throw new Error('spawn undefined');
        },
        log: () => Promise.reject(new Error('no log')),
        close: () => {},
      },
    });
    const pod = '/api/v1/namespaces/default/pods/web';
    expect(await api.ask('GET', `${pod}/log`)).toMatchObject({ code: 500 });
    const head = ['Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket', `Authorization: Bearer ${TOKEN}`];
    expect(await raw(api, `GET ${pod}/exec HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`)).toMatch(/^HTTP\/1.1 500 /);
    expect(await api.ask('GET', '/version')).toMatchObject({ code: 200 });
  });

  test('an observer hears of every request', async () => {
    const heard: ServedRequest[] = [];
    const api = await start({ onRequest: (request) => heard.push(request) });
    await api.ask('GET', '/version?pretty=true');
    await api.ask('GET', '/nothing', { headers: { authorization: '' } });
    await until(() => heard.length === 2);
    expect(heard).toEqual([
      { method: 'GET', path: '/version', code: 200, user: admin.username, ms: expect.any(Number) as unknown },
      { method: 'GET', path: '/nothing', code: 401, user: undefined, ms: expect.any(Number) as unknown },
    ]);
  });

  test('several listeners, one server', async () => {
    const api = await start();
    const port = await api.server.listen({ host: '127.0.0.1', port: 0 });
    expect(port).not.toBe(api.port);
    await api.ask('POST', configMaps, { body: configMap('a') });
    const socket = connect({ host: '127.0.0.1', port, ca: api.authority });
    socket.write(
      `GET ${configMaps}/a HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\nConnection: close\r\n\r\n`,
    );
    expect(await textOf(socket)).toContain('"name":"a"');
    await expect(api.server.listen({ host: '127.0.0.1', port })).rejects.toThrow('EADDRINUSE');
  });

  test('takes a listener over', async () => {
    const listener = createServer();
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    const api = await start();
    expect(await api.server.listen(listener)).toBe(port);
    const socket = connect({ host: '127.0.0.1', port, ca: api.authority });
    socket.write('GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    expect(await textOf(socket)).toMatch(/^HTTP\/1.1 401 /);
    await api.server.close();
    // What served is free again.
    const next = createServer();
    next.listen(port, '127.0.0.1');
    await once(next, 'listening');
    next.close();
    listener.close();
  });

  test('closes with streams open, and twice', async () => {
    const api = await start({
      streams: { upgrade: () => {}, log: () => Promise.resolve(), close: () => {} },
    });
    const socket = connect({ host: '127.0.0.1', port: api.port, ca: api.authority });
    socket.on('error', () => {});
    const head = ['Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket', `Authorization: Bearer ${TOKEN}`];
    socket.write(`GET /api/v1/namespaces/default/pods/web/exec HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n`);
    const closed = new Promise((resolve) => socket.on('close', resolve));
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    await api.ask('GET', '/version');
    await Promise.all([api.server.close(), api.server.close()]);
    await closed;
    await expect(api.server.listen({ host: '127.0.0.1', port: 0 })).rejects.toThrow('closed');
  });
});
