/** The list and watch of the agent against the lab's server: as in a real cluster. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApiClient } from '../../../../src/io/kubernetes/api-client.ts';
import { Reflector } from '../../../../src/io/kubernetes/reflector.ts';
import { fixedCredentials } from '../../../../src/io/kubernetes/credentials.ts';
import { until } from '../../../io/kubernetes/fake-clock.ts';
import { plainAccess } from '../../../io/kubernetes/pods.ts';
import { startTestApi, type TestApi, TOKEN } from './test-api.ts';

let api: TestApi;
let stop: AbortController;
let running: Promise<void>;

beforeEach(async () => {
  api = await startTestApi();
  stop = new AbortController();
  running = Promise.resolve();
});

afterEach(async () => {
  stop.abort();
  await running;
  await api.close();
});

const key = (name: string) => ({ group: '', plural: 'pods', namespace: 'default', name });
const pod = (podIP: string) => ({ kind: 'Pod', apiVersion: 'v1', metadata: {}, status: { podIP } });

function start(watchList: 'always' | 'never'): {
  readonly reflector: Reflector<string>;
  readonly known: Map<string, string>;
} {
  const access = plainAccess(new URL(`https://127.0.0.1:${api.port}`), {
    certificateAuthority: () => Promise.resolve(api.authority),
    credentials: fixedCredentials({ authorization: `Bearer ${TOKEN}` }),
  });
  const known = new Map<string, string>();
  const reflector = new Reflector<string>({
    client: new ApiClient({ access }),
    scope: { resource: { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true } },
    project: (object) => (object as { status?: { podIP?: string } }).status?.podIP,
    handler: {
      onReplace: ({ items }) => {
        known.clear();
        for (const { name, value } of items) known.set(name, value);
      },
      onUpsert: (items) => {
        for (const { name, value } of items) known.set(name, value);
      },
      onDelete: (items) => {
        for (const { name } of items) known.delete(name);
      },
    },
    random: () => 0.5,
    watchList,
    pageSize: 2,
  });
  running = reflector.run(stop.signal);
  return { reflector, known };
}

describe.each(['always', 'never'] as const)('watch lists: %s', (watchList) => {
  test('what there is, and what happens to it', async () => {
    for (const name of ['a', 'b', 'c']) api.store.create(key(name), pod('10.244.0.1'));
    const { reflector, known } = start(watchList);
    await reflector.whenSynced();
    expect([...known.keys()]).toEqual(['a', 'b', 'c']);
    await until(() => api.server.watches === 1, 'a watch');
    api.store.create(key('d'), pod('10.244.0.4'));
    api.store.update(key('a'), pod('10.244.0.9'));
    api.store.delete(key('b'));
    await until(() => !known.has('b'), 'the end of b');
    expect(Object.fromEntries(known)).toEqual({ a: '10.244.0.9', c: '10.244.0.1', d: '10.244.0.4' });
    expect(reflector.state).toMatchObject({ phase: 'watching', unreadable: 0, duplicates: 0 });
  });
});
