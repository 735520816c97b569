import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../src/lab/api/json.ts';
import type { StoreEvent } from '../../../../src/lab/api/store/event-ring.ts';
import { metadataOf } from '../../../../src/lab/api/field-values.ts';
import { type ObjectKey, ObjectStore } from '../../../../src/lab/api/store/object-store.ts';
import { objectFilter, seenThrough } from '../../../../src/lab/api/store/selection.ts';

const pods = { group: '', plural: 'pods' };
const pod = (name: string, namespace = 'demo'): ObjectKey => ({ ...pods, namespace, name });
const metaOf = (object: JsonObject, name: string) => metadataOf(object)[name];
const version = (object: JsonObject) => metaOf(object, 'resourceVersion');

let clock: Date;
let store: ObjectStore;

beforeEach(() => {
  clock = new Date('2026-01-02T03:04:05.678Z');
  let uids = 0;
  store = new ObjectStore({ now: () => clock, newUid: () => `uid-${(uids += 1)}`, eventLimit: 5 });
});

const withSpec = (object: JsonObject, spec: JsonObject): JsonObject => ({ ...object, spec });
const withMeta = (object: JsonObject, fields: JsonObject): JsonObject => ({
  ...object,
  metadata: { ...metadataOf(object), ...fields },
});

describe('writes', () => {
  test('a new object gets what only the server gives', () => {
    const made = store.create(pod('a'), { metadata: { uid: 'mine', generation: 7, labels: { x: 'y' } }, spec: {} });
    expect(made).toEqual({
      metadata: {
        labels: { x: 'y' },
        name: 'a',
        namespace: 'demo',
        uid: 'uid-1',
        creationTimestamp: '2026-01-02T03:04:05Z',
        generation: 1,
        resourceVersion: '1',
      },
      spec: {},
    });
    expect(store.get(pod('a'))).toBe(made);
    expect(Object.isFrozen(metadataOf(made)['labels'])).toBe(true);
  });

  test('a name is taken once, in each namespace', () => {
    store.create(pod('a'), {});
    store.create(pod('a', 'other'), {});
    expect(() => store.create(pod('a'), {})).toThrow(
      expect.objectContaining({ code: 409, reason: 'AlreadyExists', message: 'pods "a" already exists' }),
    );
    store.create(pod('b'), { metadata: { finalizers: ['x/y'] } });
    store.delete(pod('b'));
    expect(() => store.create(pod('b'), {})).toThrow('object is being deleted: pods "b" already exists');
  });

  test('what is not there is 404, with the group in the name', () => {
    const key = { group: 'apps', plural: 'deployments', namespace: 'demo', name: 'web' };
    const missing = { code: 404, message: 'deployments.apps "web" not found' };
    const details = { name: 'web', group: 'apps', kind: 'deployments' };
    expect(() => store.get(key)).toThrow(expect.objectContaining({ ...missing, details }));
    expect(() => store.update(key, {})).toThrow(expect.objectContaining(missing));
    expect(() => store.delete(key)).toThrow(expect.objectContaining(missing));
  });

  test('an update from an old version is a conflict', () => {
    const old = store.create(pod('a'), { spec: { n: 1 } });
    const next = store.update(pod('a'), withSpec(old, { n: 2 }));
    expect(() => store.update(pod('a'), withSpec(old, { n: 3 }))).toThrow(
      expect.objectContaining({
        code: 409,
        reason: 'Conflict',
        message:
          'Operation cannot be fulfilled on pods "a": the object has been modified; please apply your changes to the latest version and try again',
      }),
    );
    expect(() => store.update(pod('a'), withMeta(next, { uid: 'another' }))).toThrow(
      expect.objectContaining({ reason: 'Conflict' }),
    );
    expect(store.update(pod('a'), { spec: { n: 3 } })).toMatchObject({ spec: { n: 3 }, metadata: { generation: 3 } });
  });

  test('a write that changes nothing makes no version and no event', () => {
    const made = store.create(pod('a'), { spec: { x: 1, y: [2] } });
    const events: StoreEvent[] = [];
    store.subscribe((event) => events.push(event));
    expect(store.update(pod('a'), { spec: { y: [2], x: 1 }, status: undefined })).toBe(made);
    expect(store.resourceVersion).toBe('1');
    expect(events).toEqual([]);
  });

  test('the generation counts what is desired, not labels and status', () => {
    const made = store.create(pod('a'), { spec: {} });
    const labelled = store.update(pod('a'), {
      ...withMeta(made, { labels: { a: 'b' } }),
      status: { phase: 'Running' },
    });
    expect(metaOf(labelled, 'generation')).toBe(1);
    expect(metaOf(store.update(pod('a'), withSpec(labelled, { n: 1 })), 'generation')).toBe(2);
  });

  test('the client cannot change what the server owns', () => {
    const made = store.create(pod('a'), {});
    const written = store.update(
      pod('a'),
      withMeta(made, { creationTimestamp: '1999-01-01T00:00:00Z', deletionTimestamp: 'now', generation: 9, x: 1 }),
    );
    expect(written).toMatchObject({ metadata: { creationTimestamp: '2026-01-02T03:04:05Z', generation: 1, x: 1 } });
    expect(metaOf(written, 'deletionTimestamp')).toBeUndefined();
  });
});

describe('deletion', () => {
  test('at once when nothing holds the object', () => {
    store.create(pod('a'), {});
    expect(store.delete(pod('a'))).toMatchObject({ gone: true, object: { metadata: { resourceVersion: '2' } } });
    expect(store.find(pod('a'))).toBeUndefined();
    expect(store.list(pods).items).toEqual([]);
  });

  test('with the last finalizer', () => {
    store.create(pod('a'), { metadata: { finalizers: ['x/y'] } });
    const { object, gone } = store.delete(pod('a'));
    expect(gone).toBe(false);
    expect(object).toMatchObject({ metadata: { deletionTimestamp: '2026-01-02T03:04:05Z', generation: 2 } });
    clock = new Date('2026-01-02T03:05:00Z');
    expect(store.delete(pod('a')).object).toBe(object);
    store.update(pod('a'), withMeta(object, { finalizers: [] }));
    expect(store.find(pod('a'))).toBeUndefined();
  });

  test('after a grace period that a second deletion shortens and never prolongs', () => {
    store.create(pod('a'), {});
    const first = store.delete(pod('a'), { gracePeriodSeconds: 30 });
    expect(first).toMatchObject({
      gone: false,
      object: { metadata: { deletionTimestamp: '2026-01-02T03:04:35Z', deletionGracePeriodSeconds: 30 } },
    });
    expect(store.delete(pod('a'), { gracePeriodSeconds: 60 }).object).toBe(first.object);
    expect(store.delete(pod('a'), { gracePeriodSeconds: 0 }).gone).toBe(true);
  });

  test('only of the object that is meant', () => {
    store.create(pod('a'), {});
    expect(() => store.delete(pod('a'), { uid: 'another' })).toThrow(
      expect.objectContaining({ code: 409, message: expect.stringContaining('UID in object meta: uid-1') as string }),
    );
    expect(store.delete(pod('a'), { uid: 'uid-1', resourceVersion: '1' }).gone).toBe(true);
  });
});

describe('lists and watches', () => {
  test('lists are sorted by namespace and name', () => {
    for (const [namespace, name] of [
      ['b', 'a'],
      ['a', 'c'],
      ['a', 'b'],
    ] as const)
      store.create(pod(name, namespace), {});
    const names = (namespace?: string) => store.list(pods, namespace).items.map((item) => metaOf(item, 'name'));
    expect(names()).toEqual(['b', 'c', 'a']);
    expect(names('a')).toEqual(['b', 'c']);
    expect(store.list({ group: 'apps', plural: 'pods' })).toEqual({ items: [], resourceVersion: '3' });
  });

  test('a watch goes on where it stopped, and is told when it cannot', () => {
    for (const name of ['a', 'b', 'c']) store.create(pod(name), {});
    store.create({ group: '', plural: 'services', namespace: 'demo', name: 's' }, {});
    expect(store.eventsSince(pods, '1').map(({ object }) => version(object))).toEqual(['2', '3']);
    expect(store.eventsSince(pods, '4')).toEqual([]);
    expect(store.eventsSince(pods, '99')).toEqual([]);
    for (let n = 0; n < 30; n += 1) store.update(pod('a'), { spec: { n } });
    expect(store.resourceVersion).toBe('34');
    expect(store.eventsSince(pods, '29').map(({ resourceVersion }) => resourceVersion)).toEqual([30, 31, 32, 33, 34]);
    expect(() => store.eventsSince(pods, '28')).toThrow(
      expect.objectContaining({ code: 410, reason: 'Expired', message: 'too old resource version: 28 (29)' }),
    );
    expect(() => store.eventsSince(pods, 'x')).toThrow(expect.objectContaining({ code: 400 }));
  });

  test('changes that listeners make come after the change they react to', () => {
    const seen: string[] = [];
    store.subscribe(({ type, object }) => {
      if (type === 'ADDED') store.update(pod('a'), withSpec(object, { scheduled: true }));
    });
    const end = store.subscribe(({ type }) => seen.push(type));
    store.create(pod('a'), {});
    expect(seen).toEqual(['ADDED', 'MODIFIED']);
    end();
    store.delete(pod('a'));
    expect(seen).toEqual(['ADDED', 'MODIFIED']);
  });

  test('an object that enters a selector is ADDED, one that leaves it DELETED', () => {
    const filter = objectFilter('Pod', 'app=web', '');
    const seen: (string | undefined)[] = [];
    store.subscribe((event) => seen.push(seenThrough(filter, event)?.type));
    const label = (app: string) => ({ metadata: { labels: { app } } });
    store.create(pod('a'), label('db'));
    store.update(pod('a'), label('web'));
    store.update(pod('a'), { ...label('web'), spec: {} });
    store.update(pod('a'), label('db'));
    store.delete(pod('a'));
    expect(seen).toEqual([undefined, 'ADDED', 'MODIFIED', 'DELETED', undefined]);
  });

  test('a watch from any version and its list make the state of now', () => {
    const step = fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('web', 'db', undefined));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.nat(30), (steps, from) => {
        const all = new ObjectStore({ now: () => clock, newUid: () => 'u' });
        const filter = objectFilter('Pod', 'app=web', '');
        const shown = () => all.list(pods).items.filter((item) => filter(item));
        let view = new Map<unknown, JsonObject>();
        let at = '0';
        for (const [index, [name, app]] of steps.entries()) {
          const key = pod(name);
          const next = { metadata: { labels: { app } } };
          if (app === undefined && all.find(key) !== undefined) all.delete(key);
          else if (all.find(key) === undefined) all.create(key, next);
          else all.update(key, next);
          if (index !== from) continue;
          view = new Map(shown().map((item) => [metaOf(item, 'name'), item]));
          at = all.resourceVersion;
        }
        for (const event of all.eventsSince(pods, at)) {
          const seen = seenThrough(filter, event);
          if (seen === undefined) continue;
          if (seen.type === 'DELETED') view.delete(metaOf(seen.object, 'name'));
          else view.set(metaOf(seen.object, 'name'), seen.object);
        }
        expect(new Set(view.values())).toEqual(new Set(shown()));
      }),
      { numRuns: 200 },
    );
  });
});

describe('selectors', () => {
  const object = {
    metadata: { name: 'a', namespace: 'demo', labels: { app: 'web', constructor: 'x' } },
    spec: { nodeName: 'n1' },
    status: { phase: 'Running' },
  };
  test.each([
    ['', '', true],
    ['app=web', '', true],
    ['app!=web', '', false],
    ['app in (web,db),constructor', '', true],
    ['toString', '', false],
    ['', 'metadata.name=a', true],
    ['', 'metadata.name==a,spec.nodeName=n1', true],
    ['', 'metadata.name!=a', false],
    ['app=web', 'status.phase!=Succeeded,status.phase!=Failed', true],
    ['', 'spec.hostNetwork=false', true],
    ['', 'status.podIP=', true],
  ])('labels %j and fields %j: %j', (labels, fields, selected) => {
    expect(objectFilter('Pod', labels, fields)(object)).toBe(selected);
  });

  test.each([
    ['app=(', '', /unable to parse requirement/],
    ['', 'spec.image=x', /field label not supported: spec.image/],
    ['', 'metadata.name', /invalid selector/],
    ['', 'metadata.name=a,', /invalid selector/],
  ])('labels %j and fields %j are refused', (labels, fields, message) => {
    expect(() => objectFilter('Pod', labels, fields)).toThrow(
      expect.objectContaining({ code: 400, message: expect.stringMatching(message) as string }),
    );
  });
});
