import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../src/lab/api/json.ts';
import type { Resource } from '../../../../src/lab/api/resources.ts';
import { builtInResources } from '../../../../src/lab/api/resources.ts';
import type { Rest } from '../../../../src/lab/api/rest/rest.ts';
import { WatchHub } from '../../../../src/lab/api/server/watch-hub.ts';
import type { WatchSpec } from '../../../../src/lab/api/server/watch.ts';
import { watchOptions } from '../../../../src/lab/api/server/watch-request.ts';
import { metadataOf } from '../../../../src/lab/api/field-values.ts';
import { ObjectStore } from '../../../../src/lab/api/store/object-store.ts';
import { objectFilter } from '../../../../src/lab/api/store/selection.ts';
import { FakeClock } from '../../../io/kubernetes/fake-clock.ts';
import { FakeSink } from './fake-sink.ts';

const configMaps = resourceOf('configmaps');
const key = (name: string, namespace = 'demo') => ({ group: '', plural: 'configmaps', namespace, name });
const configMap = (labels: Record<string, string> = {}, data: Record<string, string> = {}): JsonObject => ({
  kind: 'ConfigMap',
  apiVersion: 'v1',
  metadata: { labels },
  data,
});

let clock: FakeClock;
let store: ObjectStore;
let hub: WatchHub;
let served: Set<Resource>;

beforeEach(() => {
  clock = new FakeClock();
  let uids = 0;
  store = new ObjectStore({
    now: () => new Date(clock.calendarMs()),
    newUid: () => `uid-${(uids += 1)}`,
    eventLimit: 20,
  });
  served = new Set(builtInResources);
  hub = new WatchHub(restOf(), clock);
});

/** What a hub asks of it, and nothing else. */
function restOf(): Rest {
  const notAsked = (): never => {
    throw new Error('not asked in these tests');
  };
  return {
    store,
    resources: builtInResources,
    find: (group, version, plural) =>
      [...served].find((r) => r.group === group && r.version === version && r.plural === plural),
    list: ({ resource, namespace }) => store.list(resource, namespace),
    schemaOf: notAsked,
    get: notAsked,
    create: notAsked,
    update: notAsked,
    patch: notAsked,
    delete: notAsked,
  };
}

function resourceOf(plural: string): Resource {
  const found = builtInResources.find((resource) => resource.plural === plural);
  if (found === undefined) throw new Error(plural);
  return found;
}

function open(query = '', spec: Partial<WatchSpec> = {}): FakeSink & { abandon: () => void } {
  const sink = new FakeSink();
  const options = watchOptions(new URLSearchParams(query), store.resourceVersion);
  const abandon = hub.open(
    {
      resource: configMaps,
      namespace: 'demo',
      filter: () => true,
      shown: { form: { kind: 'object' }, rowObject: 'Metadata', columns: undefined },
      bookmarks: options.bookmarks,
      ...spec,
    },
    options,
    sink,
  );
  return Object.assign(sink, { abandon });
}

/** `ADDED web 3` */
function said(sink: FakeSink): readonly string[] {
  return sink.take().map(({ type, object }) => {
    const { name, resourceVersion } = metadataOf(object) as { name?: string; resourceVersion?: string };
    return [type, name, resourceVersion].filter((part) => part !== undefined).join(' ');
  });
}

describe('where a watch begins', () => {
  beforeEach(() => {
    store.create(key('a'), configMap());
    store.create(key('b'), configMap());
    store.create(key('c', 'other'), configMap());
    store.update(key('a'), configMap({}, { x: '1' }));
  });

  test('without a version: what there is, and then what happens', () => {
    const sink = open();
    expect(said(sink)).toEqual(['ADDED a 4', 'ADDED b 2']);
    store.delete(key('b'));
    expect(said(sink)).toEqual(['DELETED b 5']);
  });

  test('with a version: what has happened since', () => {
    const sink = open('resourceVersion=1');
    expect(said(sink)).toEqual(['ADDED b 2', 'MODIFIED a 4']);
  });

  test('at the present version: nothing', () => {
    expect(said(open('resourceVersion=4'))).toEqual([]);
  });

  test('in all namespaces', () => {
    expect(said(open('', { namespace: undefined }))).toEqual(['ADDED a 4', 'ADDED b 2', 'ADDED c 3']);
  });

  test('a version that is forgotten is an error, and the end', () => {
    for (let i = 0; i < 50; i += 1) store.update(key('a'), configMap({}, { x: `${i + 2}` }));
    const sink = open('resourceVersion=2');
    expect(sink.take()).toEqual([
      { type: 'ERROR', object: expect.objectContaining({ kind: 'Status', reason: 'Expired', code: 410 }) as unknown },
    ]);
    expect(sink.state).toBe('ended');
    expect(hub.size).toBe(0);
  });

  test('a list within the watch is followed by the bookmark that ends it', () => {
    const sink = open('sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true');
    const lines = sink.take();
    expect(lines.map(({ type }) => type)).toEqual(['ADDED', 'ADDED', 'BOOKMARK']);
    expect(lines[2]?.object).toEqual({
      kind: 'ConfigMap',
      apiVersion: 'v1',
      metadata: {
        resourceVersion: '4',
        creationTimestamp: null,
        annotations: { 'k8s.io/initial-events-end': 'true' },
      },
    });
  });
});

describe('what a watch sees', () => {
  test('objects that begin and cease to match', () => {
    const sink = open('', { filter: objectFilter('ConfigMap', 'app=web', '') });
    store.create(key('a'), configMap({ app: 'web' }));
    store.update(key('a'), configMap({ app: 'web', more: '1' }));
    store.update(key('a'), configMap({ app: 'db' }));
    store.update(key('a'), configMap({ app: 'db', more: '1' }));
    store.update(key('a'), configMap({ app: 'web' }));
    store.delete(key('a'));
    expect(said(sink)).toEqual(['ADDED a 1', 'MODIFIED a 2', 'DELETED a 3', 'ADDED a 5', 'DELETED a 6']);
  });

  test('one object, by its name', () => {
    const sink = open('', { filter: objectFilter('ConfigMap', '', 'metadata.name=b') });
    store.create(key('a'), configMap());
    store.create(key('b'), configMap());
    expect(said(sink)).toEqual(['ADDED b 2']);
  });

  test('nothing of other resources and namespaces', () => {
    const sink = open();
    store.create({ group: '', plural: 'secrets', namespace: 'demo', name: 'a' }, { kind: 'Secret' });
    store.create(key('a', 'other'), configMap());
    expect(said(sink)).toEqual([]);
  });

  test('resources of the cluster', () => {
    const sink = open('', { resource: resourceOf('namespaces'), namespace: '' });
    store.create({ group: '', plural: 'namespaces', namespace: '', name: 'demo' }, { kind: 'Namespace' });
    expect(said(sink)).toEqual(['ADDED demo 1']);
  });

  test('changes that a reaction to a change makes, in order', () => {
    const sink = open();
    store.subscribe(({ type }) => {
      if (type === 'ADDED') store.update(key('a'), configMap({}, { x: 'reaction' }));
    });
    store.create(key('a'), configMap());
    expect(said(sink)).toEqual(['ADDED a 1', 'MODIFIED a 2']);
  });

  test('a custom resource in the version that it asks for', () => {
    const resource: Resource = {
      ...configMaps,
      group: 'example.dev',
      version: 'v2',
      kind: 'Thing',
      plural: 'things',
      custom: true,
    };
    const sink = open('', { resource });
    store.create(
      { group: 'example.dev', plural: 'things', namespace: 'demo', name: 'a' },
      { kind: 'Thing', apiVersion: 'example.dev/v1', metadata: {} },
    );
    expect(sink.take()[0]?.object['apiVersion']).toBe('example.dev/v2');
  });
});

describe('forms', () => {
  const table = { form: { kind: 'table', version: 'v1' }, rowObject: 'Metadata', columns: undefined } as const;

  test('tables have their columns once', () => {
    store.create(key('a'), configMap());
    const first = open('', { shown: table });
    const second = open('resourceVersion=1', { shown: table });
    store.update(key('a'), configMap({}, { x: '1' }));
    store.delete(key('a'));
    const columnsOf = (sink: FakeSink) => sink.take().map(({ object }) => Array.isArray(object['columnDefinitions']));
    expect(columnsOf(first)).toEqual([true, false, false]);
    expect(columnsOf(second)).toEqual([true, false]);
  });

  test('a row has the metadata of its object', () => {
    const sink = open('', { shown: table });
    store.create(key('a'), configMap());
    expect(sink.take()[0]?.object).toMatchObject({
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { resourceVersion: '1' },
      rows: [{ object: { kind: 'PartialObjectMetadata', metadata: { name: 'a' } } }],
    });
  });

  test('bookmarks of tables are tables too', () => {
    const query = 'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
    expect(open(query, { shown: table }).take()).toMatchObject([
      {
        type: 'BOOKMARK',
        object: {
          kind: 'Table',
          metadata: { resourceVersion: '0' },
          columnDefinitions: [{ name: 'Name' }, { name: 'Data' }, { name: 'Age' }],
          rows: [
            {
              cells: ['', '', ''],
              object: {
                kind: 'PartialObjectMetadata',
                metadata: { resourceVersion: '0', annotations: { 'k8s.io/initial-events-end': 'true' } },
              },
            },
          ],
        },
      },
    ]);
  });

  test('metadata alone', () => {
    const sink = open('', { shown: { ...table, form: { kind: 'partial', version: 'v1' } } });
    store.create(key('a'), configMap({}, { secret: 'x' }));
    const [line] = sink.take();
    expect(line?.object).toMatchObject({ kind: 'PartialObjectMetadata', metadata: { name: 'a' } });
    expect(line?.object).not.toHaveProperty('data');
  });

  test('watches of the same form share one text', () => {
    const spies = [open(), open(), open('', { filter: objectFilter('ConfigMap', 'app=web', '') })];
    let reads = 0;
    store.create(key('a'), {
      ...configMap({ app: 'web' }),
      data: {
        get x() {
          reads += 1;
          return 'y';
        },
      },
    });
    const before = reads;
    expect(spies.map((sink) => said(sink))).toEqual([['ADDED a 1'], ['ADDED a 1'], ['ADDED a 1']]);
    // Once to freeze it, once for the text.
    expect(before).toBe(2);
  });
});

describe('time', () => {
  test('bookmarks once a minute, for those who want them', () => {
    const with_ = open('allowWatchBookmarks=true');
    const without = open();
    store.create(key('a', 'other'), configMap());
    clock.advance(60_000);
    expect(said(with_)).toEqual(['BOOKMARK 1']);
    expect(said(without)).toEqual([]);
    clock.advance(120_000);
    expect(said(with_)).toEqual(['BOOKMARK 1', 'BOOKMARK 1']);
  });

  test('a watch ends after its timeout', () => {
    const sink = open('timeoutSeconds=5');
    clock.advance(4999);
    expect(sink.state).toBe('open');
    clock.advance(1);
    expect(sink.state).toBe('ended');
    expect(hub.size).toBe(0);
    store.create(key('a'), configMap());
    expect(said(sink)).toEqual([]);
  });

  test('no watch is for ever', () => {
    const sink = open('timeoutSeconds=999999999');
    clock.advance(3_600_000);
    expect(sink.state).toBe('ended');
  });
});

describe('readers', () => {
  test('one that stops reading gets the rest when it goes on', () => {
    const sink = open();
    sink.isFull = true;
    for (const name of ['a', 'b', 'c']) store.create(key(name), configMap());
    expect(said(sink)).toEqual(['ADDED a 1']);
    sink.readAgain();
    expect(said(sink)).toEqual(['ADDED b 2', 'ADDED c 3']);
  });

  test('one that never reads is cut off', () => {
    const sink = open();
    sink.isFull = true;
    for (let i = 0; i < 5001; i += 1) store.create(key(`n${i}`), configMap());
    expect(sink.state).toBe('open');
    store.create(key('last'), configMap());
    expect(sink.state).toBe('destroyed');
    expect(said(sink)).toHaveLength(1);
  });

  test('a long list at the beginning is nobody’s fault', () => {
    for (let i = 0; i < 8000; i += 1) store.create(key(`n${i}`), configMap());
    const sink = new FakeSink();
    sink.isFull = true;
    const options = watchOptions(new URLSearchParams(), store.resourceVersion);
    const shown = { form: { kind: 'object' }, rowObject: 'Metadata', columns: undefined } as const;
    hub.open({ resource: configMaps, namespace: 'demo', filter: () => true, shown, bookmarks: false }, options, sink);
    store.create(key('last'), configMap());
    expect(sink.state).toBe('open');
    expect(sink.text.length).toBeLessThan(200_000);
    sink.readAgain();
    expect(said(sink)).toHaveLength(8001);
  });

  test('one that has gone is forgotten', () => {
    const sink = open();
    sink.abandon();
    expect(hub.size).toBe(0);
    store.create(key('a'), configMap());
    expect(said(sink)).toEqual([]);
    expect(clock.delays).toEqual([60_000]);
  });

  test('an object that cannot be shown ends the watches that would show it', () => {
    const broken = open('', {
      shown: { form: { kind: 'object' }, rowObject: 'Metadata', columns: undefined },
      resource: {
        ...configMaps,
        get kind(): string {
          throw new Error('no kind today');
        },
      },
    });
    const whole = open();
    store.create(key('a'), configMap());
    expect(broken.take()).toMatchObject([{ type: 'ERROR', object: { reason: 'InternalError' } }]);
    expect(broken.state).toBe('ended');
    expect(said(whole)).toEqual(['ADDED a 1']);
  });
});

describe('ends', () => {
  test('the end of the server', () => {
    const sink = open();
    hub.close();
    expect(sink.state).toBe('ended');
    expect(open().state).toBe('ended');
    expect(hub.size).toBe(0);
  });

  test('a custom resource that is served no more', () => {
    const resource: Resource = { ...configMaps, group: 'example.dev', plural: 'things', custom: true };
    served.add(resource);
    const sink = open('', { resource });
    const definition = { group: 'apiextensions.k8s.io', plural: 'customresourcedefinitions', namespace: '' };
    store.create({ ...definition, name: 'things.example.dev' }, { kind: 'CustomResourceDefinition' });
    store.create({ ...definition, name: 'others.example.dev' }, { kind: 'CustomResourceDefinition' });
    store.delete({ ...definition, name: 'others.example.dev' });
    clock.advance(0);
    expect(sink.state).toBe('open');
    store.delete({ ...definition, name: 'things.example.dev' });
    served.delete(resource);
    clock.advance(0);
    expect(sink.state).toBe('ended');
  });
});
