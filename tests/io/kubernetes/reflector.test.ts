import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApiClient } from '../../../src/io/kubernetes/api-client.ts';
import { Reflector, type ReflectorOptions } from '../../../src/io/kubernetes/reflector.ts';
import type { WatchedItem, WatchHandler } from '../../../src/io/kubernetes/watch-handler.ts';
import { FakeClock, until } from './fake-clock.ts';
import { adminPolicies, bookmark, plainAccess, pod, podList, pods } from './pods.ts';
import { type ScriptedRequest, ScriptedServer, statusObject } from './scripted-server.ts';

let server: ScriptedServer;
let clock: FakeClock;
let stop: AbortController;
let running: Promise<void>;
let log: string[];
/** What a store would hold that only knows what it is told. */
let told: Map<string, string>;

beforeEach(async () => {
  server = await new ScriptedServer().start();
  clock = new FakeClock();
  stop = new AbortController();
  running = Promise.resolve();
  log = [];
  told = new Map();
});

afterEach(async () => {
  stop.abort();
  await server.stop();
  await running;
});

const handler: WatchHandler<string> = {
  onReplace: ({ items, upserted, deleted }) => {
    log.push(`replace ${items.size}: +[${upserted.map(show).join(' ')}] -[${deleted.map(show).join(' ')}]`);
    told = new Map([...items].map((item) => [keyOf(item), item.value]));
  },
  onUpsert: (items) => {
    log.push(`upsert ${items.map(show).join(' ')}`);
    for (const item of items) told.set(keyOf(item), item.value);
  },
  onDelete: (items) => {
    log.push(`delete ${items.map(show).join(' ')}`);
    for (const item of items) told.delete(keyOf(item));
  },
};

function keyOf({ namespace, name }: WatchedItem<string>): string {
  return `${namespace}/${name}`;
}

function show(item: WatchedItem<string>): string {
  return `${keyOf(item)}=${item.value}`;
}

/** What these tests keep of a pod: its address. */
function addressOf(object: unknown): string | undefined {
  return (object as { status?: { podIP?: string } }).status?.podIP;
}

/** `random` is 0.5 throughout, so the first delays are 500, 1000, 2000 ms. */
function start(more: Partial<ReflectorOptions<string>> = {}): Reflector<string> {
  const reflector = new Reflector<string>({
    client: new ApiClient({ access: plainAccess(server.url), clock }),
    scope: { resource: pods },
    project: addressOf,
    handler,
    random: () => 0.5,
    watchList: 'never',
    ...more,
  });
  running = reflector.run(stop.signal);
  return reflector;
}

/** Answers the list and gives the watch that follows, accepted. */
async function synced(items: readonly unknown[] = [pod('web', 10)], resourceVersion = 100): Promise<ScriptedRequest> {
  (await server.next()).json(podList(resourceVersion, items));
  return (await server.next()).accept();
}

/** Waits until the reflector waits, and lets that time pass. */
async function passDelay(reflector: Reflector<string>, delayMs: number): Promise<void> {
  await until(() => reflector.state.phase === 'waiting' || reflector.state.phase === 'absent', 'waiting');
  await until(() => clock.delays.includes(delayMs), `a delay of ${delayMs}, instead of ${clock.delays.join(' ')}`);
  clock.advance(delayMs);
}

describe('list', () => {
  test('pages are put together, then watched from their version', async () => {
    const reflector = start({ pageSize: 2 });
    const first = await server.next();
    expect(first.path).toBe('/api/v1/pods');
    expect(Object.fromEntries(first.query)).toEqual({ limit: '2' });
    first.json(podList(100, [pod('a', 1), pod('b', 2)], 'token/1'));
    const second = await server.next();
    expect(Object.fromEntries(second.query)).toEqual({ limit: '2', continue: 'token/1' });
    expect(log).toEqual([]);
    second.json(podList(100, [pod('c', 3)]));
    const watch = await server.next();
    expect(Object.fromEntries(watch.query)).toEqual({
      watch: 'true',
      allowWatchBookmarks: 'true',
      timeoutSeconds: '450',
      resourceVersion: '100',
    });
    await reflector.whenSynced();
    expect(log).toEqual(['replace 3: +[shop/a=10.0.0.1 shop/b=10.0.0.1 shop/c=10.0.0.1] -[]']);
    expect(reflector.state).toMatchObject({
      synced: true,
      items: 3,
      resourceVersion: '100',
      relists: 0,
      phase: 'watching',
    });
  });

  test('who waits for a version is told when the handler knows it', async () => {
    const reflector = start({});
    const reached: string[] = [];
    const wait = async (version: string) => {
      await reflector.whenReached(version);
      reached.push(`${version}: ${log.length}`);
    };
    const all = ['90', '101', '105'].map(wait);
    (await server.next()).json(podList(100, [pod('a', 1)]));
    const watch = (await server.next()).accept();
    await all[0];
    expect(reached).toEqual(['90: 1']);
    watch.event('ADDED', pod('b', 102));
    await all[1];
    expect(reached).toEqual(['90: 1', '101: 2']);
    watch.event('BOOKMARK', bookmark(110, false));
    await all[2];
    expect(reached).toHaveLength(3);
    await reflector.whenReached('99');
  });

  test('scope and selectors are sent along', async () => {
    start({ scope: { resource: pods, namespace: 'a b', labelSelector: 'x=y', fieldSelector: 'spec.nodeName=n' } });
    const list = await server.next();
    expect(list.path).toBe('/api/v1/namespaces/a%20b/pods');
    expect(Object.fromEntries(list.query)).toEqual({
      limit: '500',
      labelSelector: 'x=y',
      fieldSelector: 'spec.nodeName=n',
    });
    list.json(podList(1, []));
    expect(Object.fromEntries((await server.next()).query)).toMatchObject({
      labelSelector: 'x=y',
      fieldSelector: 'spec.nodeName=n',
    });
  });

  test('an expired continue token begins the list anew, without what came before', async () => {
    start();
    (await server.next()).json(podList(100, [pod('gone', 1)], 'old'));
    (await server.next()).status(410, 'Expired', 'The provided continue parameter is too old');
    const again = await server.next();
    expect(again.query.has('continue')).toBe(false);
    again.json(podList(120, [pod('web', 110)]));
    await server.next();
    expect(log).toEqual(['replace 1: +[shop/web=10.0.0.1] -[]']);
  });

  test('tokens that always expire end in a list without pages', async () => {
    start();
    for (let i = 0; i < 3; i++) {
      const page = await server.next();
      expect(page.query.get('limit')).toBe('500');
      page.json(podList(100, [pod('a', 1)], `token-${i}`));
      (await server.next()).status(410, 'Expired', 'too old');
    }
    const whole = await server.next();
    expect(whole.query.has('limit')).toBe(false);
    whole.json(podList(120, [pod('b', 1)]));
    await server.next();
    expect(log).toEqual(['replace 1: +[shop/b=10.0.0.1] -[]']);
  });

  test('429 with Retry-After repeats the page when that time has passed, not before', async () => {
    const reflector = start();
    (await server.next()).json(podList(100, [pod('a', 1)], 'more'));
    (await server.next()).status(429, 'TooManyRequests', 'slow down', { 'retry-after': '7' });
    await until(() => clock.delays.includes(7000));
    clock.advance(6999);
    expect(server.unanswered).toBe(0);
    clock.advance(1);
    const again = await server.next();
    expect(again.query.get('continue')).toBe('more');
    again.json(podList(100, [pod('b', 2)]));
    await server.next();
    expect(log).toEqual(['replace 2: +[shop/a=10.0.0.1 shop/b=10.0.0.1] -[]']);
    expect(reflector.state.errors.size).toBe(0);
  });

  const broken: readonly (readonly [string, string, (request: ScriptedRequest) => void])[] = [
    [
      'JSON cut off',
      'api-malformed',
      (request) => request.text('{"kind":"PodList","metadata":{"resourceVersion":"1"},"items":[{"metadata":{"na'),
    ],
    ['an item that is no object', 'api-malformed', (request) => request.json(podList(1, ['x']))],
    ['an item without a name', 'api-malformed', (request) => request.json(podList(1, [{ metadata: {} }]))],
    [
      'nothing between commas',
      'api-malformed',
      (request) => request.text('{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"a"}},,]}'),
    ],
    ['a web page', 'api-malformed', (request) => request.text('<html>Log in</html>')],
    ['no items', 'api-malformed', (request) => request.json({ kind: 'Status', metadata: {} })],
    ['no version', 'api-malformed', (request) => request.json({ metadata: {}, items: [] })],
    ['a redirect', 'api-malformed', (request) => request.text('', 302, { location: 'https://elsewhere/' })],
    ['a refusal', 'api-forbidden', (request) => request.status(403, 'Forbidden', 'pods is forbidden')],
    ['an error in HTML', 'api-unavailable', (request) => request.text('<html>', 502)],
    ['a cut connection', 'api-unreachable', (request) => request.reset()],
    [
      'a connection cut in the middle',
      'api-unreachable',
      (request) => {
        request.accept().write('{"items":[');
        request.reset();
      },
    ],
  ];
  test.each(broken)('%s is counted and tried again', async (_, code, misbehave) => {
    const reflector = start();
    misbehave(await server.next());
    await passDelay(reflector, 500);
    expect([...reflector.state.errors]).toEqual([[code, 1]]);
    expect(reflector.state).toMatchObject({ synced: false, lastError: { code, exitCode: 4 } });
    expect(log).toEqual([]);
    await synced();
    expect(log).toEqual(['replace 1: +[shop/web=10.0.0.1] -[]']);
  });

  test('a list that goes round in circles is noticed', async () => {
    const reflector = start();
    (await server.next()).json(podList(1, [pod('a', 1)], 'same'));
    (await server.next()).json(podList(1, [pod('a', 1)], 'same'));
    await passDelay(reflector, 500);
    expect(reflector.state.lastError?.message).toBe('GET /api/v1/pods: the list goes round in circles');
  });

  test('a server that accepts and says nothing is given up after a minute', async () => {
    const reflector = start();
    const hung = await server.next();
    await until(() => clock.delays.includes(60_000));
    clock.advance(60_000);
    await passDelay(reflector, 500);
    expect(reflector.state.lastError?.code).toBe('api-timeout');
    await until(() => hung.closed, 'the connection is closed');
    await synced();
    expect(reflector.state.synced).toBe(true);
  });

  test('a body that drips is given up after five minutes, one that stands still after half a one', async () => {
    const reflector = start();
    const drip = (await server.next()).accept();
    for (let i = 0; i < 15; i++) {
      drip.write(' ');
      // The timer of the pause between two pieces starts anew with each of them.
      await until(() => clock.due(30_000) === clock.nowMs() + 30_000);
      clock.advance(20_000);
    }
    await passDelay(reflector, 500);
    expect(reflector.state.lastError?.message).toBe('GET /api/v1/pods: not complete after 300 s');
    const still = (await server.next()).accept();
    still.write('{"items":[');
    await until(() => clock.delays.includes(30_000));
    clock.advance(30_000);
    await until(() => reflector.state.errors.get('api-timeout') === 2);
    expect(reflector.state.lastError?.message).toBe('GET /api/v1/pods: nothing came for 30 s');
  });

  test('a large page arrives in pieces of any size', async () => {
    const reflector = start();
    const items = Array.from({ length: 5000 }, (_, i) => pod(`web-${i}`, i + 1));
    (await server.next()).json(podList(9999, items));
    await server.next();
    expect(reflector.state.items).toBe(5000);
    expect(told.size).toBe(5000);
  });
});

describe('watch', () => {
  test('events become changes, neighbours of one kind together', async () => {
    const reflector = start();
    const watch = await synced();
    watch.write(
      [
        ['ADDED', pod('a', 101)],
        ['MODIFIED', pod('web', 102, '10.0.0.2')],
        ['DELETED', pod('a', 103)],
        ['BOOKMARK', bookmark(110)],
      ]
        .map(([type, object]) => `${JSON.stringify({ type, object })}\n`)
        .join(''),
    );
    await until(() => reflector.state.resourceVersion === '110');
    expect(log.slice(1)).toEqual(['upsert shop/a=10.0.0.1 shop/web=10.0.0.2', 'delete shop/a=10.0.0.1']);
    expect(reflector.state).toMatchObject({ items: 1, phase: 'watching', lastEventAgeMs: 0 });
    clock.advance(5000);
    expect(reflector.state.lastEventAgeMs).toBe(5000);
  });

  test('an event may arrive byte by byte', async () => {
    const reflector = start();
    const watch = await synced();
    for (const byte of `${JSON.stringify({ type: 'ADDED', object: pod('é', 101) })}\n`) watch.write(byte);
    await until(() => reflector.state.items === 2);
    expect(log.at(-1)).toBe('upsert shop/é=10.0.0.1');
  });

  test('a name that is used again is a deletion, then an upsert', async () => {
    const reflector = start();
    const watch = await synced([pod('web', 10, '10.0.0.1', 'first')]);
    // The deletion was missed, or comes late.
    watch.event('MODIFIED', pod('web', 101, '10.0.0.2', 'second'));
    watch.event('DELETED', pod('web', 102, '10.0.0.1', 'first'));
    await until(() => reflector.state.resourceVersion === '102');
    expect(log.slice(1)).toEqual(['delete shop/web=10.0.0.1', 'upsert shop/web=10.0.0.2']);
    expect([...told]).toEqual([['shop/web', '10.0.0.2']]);
    expect(reflector.state.duplicates).toBe(1);
  });

  test('duplicates change nothing', async () => {
    const reflector = start();
    const watch = await synced([pod('web', 99)], 99);
    watch.event('ADDED', pod('web', 99));
    watch.event('MODIFIED', pod('web', 101, '10.0.0.2'));
    watch.event('MODIFIED', pod('web', 101, '10.0.0.2'));
    watch.event('DELETED', pod('never', 101));
    await until(() => reflector.state.duplicates === 3);
    expect(log.slice(1)).toEqual(['upsert shop/web=10.0.0.2']);
  });

  test('what is the same to the handler is not told', async () => {
    const reflector = start({ isSame: (a, b) => a === b });
    const watch = await synced();
    watch.event('MODIFIED', pod('web', 101));
    watch.event('MODIFIED', pod('web', 102, '10.0.0.9'));
    await until(() => reflector.state.resourceVersion === '102');
    expect(log.slice(1)).toEqual(['upsert shop/web=10.0.0.9']);
    expect(reflector.state.unchanged).toBe(1);
  });

  test('what the projection makes nothing of is counted and is not there', async () => {
    const reflector = start();
    const watch = await synced();
    watch.event('MODIFIED', { metadata: { name: 'web', namespace: 'shop', uid: 'uid-web', resourceVersion: '101' } });
    await until(() => reflector.state.unreadable === 1);
    expect(log.slice(1)).toEqual(['delete shop/web=10.0.0.1']);
  });

  const faults: readonly (readonly [string, (watch: ScriptedRequest) => void])[] = [
    ['garbage', (watch) => watch.write('�not json\n')],
    ['JSON that is no event', (watch) => watch.write('[]\n')],
    ['an unknown type', (watch) => watch.event('RENAMED', pod('web', 101))],
    ['an event without version', (watch) => watch.event('ADDED', { metadata: { name: 'x' } })],
    ['an event without object', (watch) => watch.write('{"type":"ADDED"}\n')],
    ['a bookmark without version', (watch) => watch.event('BOOKMARK', { metadata: {} })],
    ['an older version than before', (watch) => watch.event('MODIFIED', pod('web', 99))],
    ['an unexplained error', (watch) => watch.event('ERROR', null)],
    ['an internal error', (watch) => watch.event('ERROR', statusObject(500, 'InternalError', 'etcd is gone'))],
  ];
  test.each(faults)('%s is counted and forces a list; what came before counts', async (_, misbehave) => {
    const reflector = start();
    const watch = await synced();
    watch.event('ADDED', pod('before', 100));
    misbehave(watch);
    await passDelay(reflector, 500);
    expect([...reflector.state.errors]).toEqual([['api-malformed', 1]]);
    expect(told.has('shop/before')).toBe(true);
    // Meanwhile what is known goes on counting.
    expect(reflector.state).toMatchObject({ synced: true, items: 2 });
    const list = await server.next();
    expect(list.query.has('watch')).toBe(false);
    list.json(podList(200, [pod('before', 100), pod('other', 150)]));
    await server.next();
    expect(log.at(-1)).toBe('replace 2: +[shop/other=10.0.0.1] -[shop/web=10.0.0.1]');
    expect(reflector.state.relists).toBe(1);
  });

  test.each([
    [
      'as an event',
      (watch: ScriptedRequest) => watch.event('ERROR', statusObject(410, 'Expired', 'too old resource version')),
    ],
    ['as an answer', (watch: ScriptedRequest) => watch.reset()],
  ])('410 %s forces a list, and the set becomes what it says', async (how, misbehave) => {
    const reflector = start();
    misbehave(await synced([pod('web', 10, '10.0.0.1', 'first'), pod('kept', 11)]));
    await passDelay(reflector, 500);
    if (how === 'as an answer') {
      (await server.next()).status(410, 'Gone', 'too old');
      await passDelay(reflector, 1000);
    }
    const list = await server.next();
    expect(list.query.has('watch')).toBe(false);
    list.json(podList(200, [pod('web', 150, '10.0.0.2', 'second'), pod('kept', 11)]));
    expect((await server.next()).query.get('resourceVersion')).toBe('200');
    expect(log.at(-1)).toBe('replace 2: +[shop/web=10.0.0.2] -[shop/web=10.0.0.1]');
    expect(reflector.state.errors.get('api-expired')).toBe(1);
  });

  test('a watch cut in the middle of an event goes on from the last version', async () => {
    const reflector = start();
    const watch = await synced();
    watch.event('ADDED', pod('a', 101));
    watch.write('{"type":"ADDED","object":{"met');
    await until(() => reflector.state.items === 2);
    watch.end();
    await passDelay(reflector, 500);
    expect([...reflector.state.errors.keys()]).toEqual(['api-timeout']);
    const again = await server.next();
    expect(again.query.get('resourceVersion')).toBe('101');
  });

  test('a reset connection goes on from the last version', async () => {
    const reflector = start();
    const watch = await synced();
    watch.event('BOOKMARK', bookmark(140));
    await until(() => reflector.state.resourceVersion === '140');
    watch.reset();
    await passDelay(reflector, 500);
    expect([...reflector.state.errors.keys()]).toEqual(['api-unreachable']);
    expect((await server.next()).query.get('resourceVersion')).toBe('140');
    expect(reflector.state.relists).toBe(0);
  });

  test('429 waits as long as the server asks', async () => {
    const reflector = start();
    (await server.next()).json(podList(100, []));
    (await server.next()).status(429, 'TooManyRequests', 'slow down', { 'retry-after': '12' });
    await passDelay(reflector, 12_000);
    expect((await server.next()).query.get('resourceVersion')).toBe('100');
  });

  test('a half-open connection is left a little after the server should have ended it', async () => {
    const reflector = start();
    const watch = await synced();
    await until(() => clock.delays.includes(465_000), 'the watchdog');
    clock.advance(464_999);
    expect(reflector.state.phase).toBe('watching');
    clock.advance(1);
    await passDelay(reflector, 500);
    await until(() => watch.closed, 'the connection is closed');
    expect([...reflector.state.errors.keys()]).toEqual(['api-timeout']);
    expect((await server.next()).query.get('resourceVersion')).toBe('100');
  });

  test('where bookmarks come, their silence is noticed much earlier', async () => {
    const reflector = start();
    const watch = await synced();
    watch.event('BOOKMARK', bookmark(140));
    await until(() => reflector.state.resourceVersion === '140');
    await until(() => clock.delays.includes(150_000));
    clock.advance(150_000);
    await passDelay(reflector, 500);
    expect(reflector.state.lastError?.message).toContain('not even a bookmark');
    expect((await server.next()).query.get('resourceVersion')).toBe('140');
  });

  test('a watch that lasted ends without delay; ends that come quickly are spread ever wider', async () => {
    const reflector = start();
    let watch = await synced();
    await until(() => reflector.state.watches === 1);
    clock.advance(60_000);
    watch.end();
    watch = (await server.next()).accept();
    for (const delayMs of [500, 1000, 2000, 4000, 8000, 15_000, 15_000]) {
      watch.end();
      await passDelay(reflector, delayMs);
      watch = (await server.next()).accept();
    }
    await until(() => reflector.state.phase === 'watching' && clock.delays.includes(465_000));
    clock.advance(60_000);
    watch.reset();
    // A healthy minute makes up for everything.
    await passDelay(reflector, 500);
  });

  test('something that cuts every watch after half a minute does not make us blind for long', async () => {
    const reflector = start();
    let watch = await synced();
    for (const delayMs of [500, 1000, 2000, 4000, 7500, 7500, 7500]) {
      await until(() => reflector.state.phase === 'watching' && clock.delays.includes(465_000));
      clock.advance(30_000);
      watch.reset();
      await passDelay(reflector, delayMs);
      watch = (await server.next()).accept();
    }
  });

  test('stopping ends the request', async () => {
    const reflector = start();
    const watch = await synced();
    await until(() => reflector.state.phase === 'watching');
    stop.abort();
    await running;
    await until(() => watch.closed);
    expect(reflector.state.phase).toBe('stopped');
    expect(clock.delays).toEqual([]);
  });

  test('a bug in the handler is not taken for a failure of the server', async () => {
    const failing = start({
      handler: {
        ...handler,
        onReplace: () => {
          throw new TypeError('a bug');
        },
      },
    });
    (await server.next()).json(podList(1, []));
    await expect(running).rejects.toThrow(TypeError);
    running = Promise.resolve();
    expect(failing.state.synced).toBe(false);
  });
});

describe('only the fields that are read', () => {
  const fields = { status: { podIP: true } } as const;

  test('reach the projection, with what makes the object itself', async () => {
    const seen: unknown[] = [];
    const reflector = start({
      fields,
      project: (object) => {
        seen.push(object);
        return addressOf(object);
      },
    });
    const watch = await synced();
    watch.event('BOOKMARK', bookmark(101));
    watch.event('MODIFIED', pod('web', 102, '10.0.0.2'));
    await until(() => seen.length === 2);
    expect(seen).toEqual([
      {
        metadata: { name: 'web', namespace: 'shop', uid: 'uid-web', resourceVersion: '10' },
        status: { podIP: '10.0.0.1' },
      },
      {
        metadata: { name: 'web', namespace: 'shop', uid: 'uid-web', resourceVersion: '102' },
        status: { podIP: '10.0.0.2' },
      },
    ]);
    watch.event('ERROR', statusObject(410, 'Expired', 'too old resource version'));
    await passDelay(reflector, 500);
    expect(reflector.state.lastError).toMatchObject({
      code: 'api-expired',
      message: 'watch /api/v1/pods: too old resource version',
    });
  });

  test.each(['{"type":"ADDED","object":{"metadata":', 'garbage', ']}'])('%s is no event', async (line) => {
    const reflector = start({ fields });
    (await synced()).write(`${line}\n`);
    await passDelay(reflector, 500);
    expect([...reflector.state.errors]).toEqual([['api-malformed', 1]]);
  });

  test('a list with an item that is cut off is no list', async () => {
    const reflector = start({ fields });
    (await server.next()).text('{"metadata":{"resourceVersion":"1"},"items":[{"metadata":{"name":"a"}]}');
    await passDelay(reflector, 500);
    expect([...reflector.state.errors]).toEqual([['api-malformed', 1]]);
  });
});

describe('WatchList', () => {
  async function version(gitVersion: string): Promise<void> {
    const request = await server.next();
    expect(request.path).toBe('/version');
    request.json({ gitVersion });
  }

  test('the initial list comes in the watch, and the watch goes on', async () => {
    const reflector = start({ watchList: 'auto' });
    await version('v1.34.2');
    const watch = (await server.next()).accept();
    expect(Object.fromEntries(watch.query)).toEqual({
      watch: 'true',
      allowWatchBookmarks: 'true',
      timeoutSeconds: '450',
      sendInitialEvents: 'true',
      resourceVersionMatch: 'NotOlderThan',
    });
    watch.event('ADDED', pod('b', 20));
    watch.event('ADDED', pod('a', 10));
    watch.event('BOOKMARK', bookmark(15));
    await until(() => clock.delays.includes(10_000));
    expect(reflector.state.synced).toBe(false);
    watch.event('BOOKMARK', bookmark(30, true));
    watch.event('ADDED', pod('c', 31));
    await until(() => reflector.state.items === 3);
    expect(log).toEqual(['replace 2: +[shop/b=10.0.0.1 shop/a=10.0.0.1] -[]', 'upsert shop/c=10.0.0.1']);
    expect(server.count).toBe(2);
    expect(clock.delays).not.toContain(120_000);
  });

  test.each([['v1.33.1'], ['v1.31.0-eks-1'], ['unknown'], ['v1']])(
    'a server of version %s is not asked for it',
    async (gitVersion) => {
      start({ watchList: 'auto' });
      await version(gitVersion);
      expect((await server.next()).query.get('limit')).toBe('500');
    },
  );

  test.each([
    ['silent', 10_000],
    ['busy', 120_000],
  ])('a server that never ends its initial list, %s, is asked for pages', async (manner, deadlineMs) => {
    const reflector = start({ watchList: 'always' });
    const watch = (await server.next()).accept();
    watch.event('ADDED', pod('a', 10));
    for (let passedMs = 0; passedMs < deadlineMs; passedMs += 5000) {
      await until(() => clock.delays.includes(10_000));
      clock.advance(5000);
      if (manner === 'busy' && passedMs + 5000 < deadlineMs) {
        const before = clock.nowMs();
        watch.event('MODIFIED', pod('a', 11 + passedMs));
        // The silence timer must have started anew at this moment.
        await until(() => clock.due(10_000) === before + 10_000);
      }
    }
    const list = await server.next();
    expect(list.query.get('limit')).toBe('500');
    list.json(podList(100, [pod('web', 50)]));
    await server.next();
    expect(log).toEqual(['replace 1: +[shop/web=10.0.0.1] -[]']);
    expect([...reflector.state.errors]).toEqual([['watch-list-unfinished', 1]]);
  });

  test.each([400, 422])('a server that refuses it with %d is asked for pages, now and later', async (code) => {
    const reflector = start({ watchList: 'always' });
    (await server.next()).status(code, 'Invalid', 'sendInitialEvents is forbidden');
    const watch = await synced();
    watch.write('garbage\n');
    await passDelay(reflector, 500);
    expect((await server.next()).query.get('limit')).toBe('500');
  });

  test('a connection cut in the initial list keeps nothing of it', async () => {
    const reflector = start({ watchList: 'always' });
    const watch = (await server.next()).accept();
    watch.event('ADDED', pod('half', 10));
    await until(() => reflector.state.watches === 1);
    watch.reset();
    await passDelay(reflector, 500);
    const again = (await server.next()).accept();
    expect(again.query.get('sendInitialEvents')).toBe('true');
    again.event('ADDED', pod('whole', 10));
    again.event('BOOKMARK', bookmark(30, true));
    await reflector.whenSynced();
    expect(log).toEqual(['replace 1: +[shop/whole=10.0.0.1] -[]']);
  });
});

describe('a resource that the server does not know', () => {
  const groups = (names: readonly string[]): unknown => ({
    kind: 'APIGroupList',
    groups: names.map((name) => ({ name, versions: [{ groupVersion: `${name}/v1alpha1` }] })),
  });

  test('has no objects, and is asked for again', async () => {
    const reflector = start({ scope: { resource: adminPolicies } });
    const list = await server.next();
    expect(list.path).toBe('/apis/policy.networking.k8s.io/v1alpha1/adminnetworkpolicies');
    list.text('404 page not found', 404);
    (await server.next()).json(groups(['apps']));
    await reflector.whenSynced();
    expect(log).toEqual(['replace 0: +[] -[]']);
    await passDelay(reflector, 60_000);
    expect(reflector.state).toMatchObject({ phase: 'absent', synced: true, lastError: undefined });
    // Still absent: nobody needs to hear of it.
    (await server.next()).text('404 page not found', 404);
    (await server.next()).json(groups(['policy.networking.k8s.io']));
    (await server.next()).json({ kind: 'APIResourceList', resources: [{ name: 'clusternetworkpolicies' }] });
    await passDelay(reflector, 60_000);
    expect(log).toHaveLength(1);
    await synced();
    expect(log.at(-1)).toBe('replace 1: +[shop/web=10.0.0.1] -[]');
    expect(reflector.state.phase).toBe('watching');
  });

  test('a 404 for a resource that discovery knows is an error, and nothing is dropped', async () => {
    const reflector = start({ scope: { resource: adminPolicies } });
    (await synced()).reset();
    await passDelay(reflector, 500);
    (await server.next()).text('404', 404);
    (await server.next()).json(groups(['policy.networking.k8s.io']));
    (await server.next()).json({ kind: 'APIResourceList', resources: [{ name: 'adminnetworkpolicies' }] });
    await passDelay(reflector, 1000);
    expect(reflector.state.errors.get('api-not-found')).toBe(1);
    expect(told.size).toBe(1);
  });

  test('something in between that answers 404 to everything drops nothing', async () => {
    const reflector = start();
    (await synced()).reset();
    await passDelay(reflector, 500);
    (await server.next()).text('404', 404);
    (await server.next()).text('<html>', 200);
    await passDelay(reflector, 1000);
    expect(told.size).toBe(1);
    expect(reflector.state.phase).toBe('waiting');
  });
});
