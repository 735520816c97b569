import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../src/lab/api/json.ts';
import type { Strategy } from '../../../../src/lab/api/kinds/strategy.ts';
import { metadataOf } from '../../../../src/lab/api/field-values.ts';
import { LabRest, strict } from './lab-rest.ts';

let lab: LabRest;

const deployment: JsonObject = {
  metadata: { name: 'web', labels: { app: 'web' } },
  spec: { replicas: 2, selector: { matchLabels: { app: 'web' } }, template: {} },
};

beforeEach(() => {
  lab = new LabRest();
  lab.create('deployments', deployment);
});

const withMeta = (object: JsonObject, fields: JsonObject): JsonObject => ({
  ...object,
  metadata: { ...metadataOf(object), ...fields },
});

describe('update', () => {
  test('replaces all but the status, with and without a resourceVersion', () => {
    lab.patch('deployments', 'web', 'merge', { status: { replicas: 2 } }, {}, 'status');
    const read = lab.get('deployments', 'web');
    const { object, created } = lab.update('deployments', 'web', {
      ...read,
      spec: { replicas: 3 },
      status: { replicas: 9 },
    });
    expect(created).toBe(false);
    expect(object).toMatchObject({ spec: { replicas: 3, revisionHistoryLimit: 10 }, status: { replicas: 2 } });
    expect(lab.update('deployments', 'web', deployment).object).toMatchObject({ spec: { replicas: 2 } });
  });

  test('what changes nothing is not written, though defaults are left out', () => {
    const before = lab.store.resourceVersion;
    lab.nowMs += 60_000;
    lab.update('deployments', 'web', deployment, { fieldManager: 'another' });
    lab.patch('deployments', 'web', 'merge', {}, { fieldManager: 'another' });
    lab.update('deployments', 'web', lab.get('deployments', 'web'), { fieldManager: 'another' });
    lab.update('deployments', 'web', lab.get('deployments', 'web'), { fieldManager: 'another' }, 'status');
    expect(lab.store.resourceVersion).toBe(before);
  });

  test('a dry run gives the answer and stores nothing', () => {
    const before = lab.store.resourceVersion;
    const { object } = lab.update('deployments', 'web', { ...deployment, spec: { replicas: 7 } }, { dryRun: true });
    expect(object).toMatchObject({ spec: { replicas: 7 } });
    const made = lab.create('configmaps', { metadata: { name: 'c' } }, { dryRun: true });
    expect(metadataOf(made.object)).toHaveProperty('uid');
    const { gone } = lab.rest.delete(lab.target('deployments', 'web'), {}, { ...strict, dryRun: true });
    expect(gone).toBe(true);
    expect(lab.store.resourceVersion).toBe(before);
  });

  test('the status has an owner of its own', () => {
    const read = lab.get('deployments', 'web');
    const status = { replicas: 1, conditions: [{ type: 'Available', status: 'True' }] };
    const context = { fieldManager: 'controller' };
    const { object } = lab.update('deployments', 'web', { ...read, spec: {}, status }, context, 'status');
    expect(object).toMatchObject({ spec: { replicas: 2 }, status, metadata: { generation: 1 } });
    expect(metadataOf(object)['managedFields']).toMatchObject([
      {
        manager: 'controller',
        operation: 'Update',
        subresource: 'status',
        fieldsV1: {
          'f:status': {
            'f:replicas': {},
            'f:conditions': { 'k:{"type":"Available"}': { '.': {}, 'f:type': {}, 'f:status': {} } },
          },
        },
      },
      { manager: 'test' },
    ]);
  });

  test.each<[what: string, change: (read: JsonObject) => JsonObject, code: number, message: string]>([
    [
      'another name',
      (read) => withMeta(read, { name: 'b' }),
      400,
      'the name of the object (b) does not match the name on the URL (web)',
    ],
    [
      'another namespace',
      (read) => withMeta(read, { namespace: 'b' }),
      400,
      'the namespace of the provided object does not match',
    ],
    [
      'an old version',
      (read) => withMeta(read, { resourceVersion: '1' }),
      409,
      'the object has been modified; please apply your changes to the latest version',
    ],
    [
      'another uid',
      (read) => withMeta(read, { uid: 'x' }),
      409,
      'Precondition failed: UID in precondition: x, UID in object meta: ',
    ],
    [
      'a deletion',
      (read) => withMeta(read, { deletionTimestamp: '2026-01-02T03:04:05Z' }),
      422,
      'Deployment.apps "web" is invalid: metadata.deletionTimestamp: Invalid value: "2026-01-02T03:04:05Z": field is immutable',
    ],
    [
      'a bad finalizer',
      (read) => withMeta(read, { finalizers: ['x'] }),
      422,
      'metadata.finalizers[0]: Invalid value: "x": name is neither a standard finalizer name nor is it fully qualified',
    ],
    ['an unknown field', (read) => ({ ...read, spc: 1 }), 400, 'strict decoding error: unknown field "spc"'],
  ])('%s is refused', (_, change, code, message) => {
    const read = lab.get('deployments', 'web');
    expect(() => lab.update('deployments', 'web', change(read))).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) as unknown }),
    );
  });

  test('what is not there is 404', () => {
    expect(() => lab.update('deployments', 'none', deployment)).toThrow(
      expect.objectContaining({ code: 404, message: 'deployments.apps "none" not found' }),
    );
    const status = lab.target('configmaps', 'c', 'status');
    lab.create('configmaps', { metadata: { name: 'c' } });
    expect(() => lab.rest.update(status, { metadata: { name: 'c' } }, strict)).toThrow(
      expect.objectContaining({ code: 404, message: 'the server could not find the requested resource' }),
    );
  });

  test('no finalizers come to what is being deleted', () => {
    const held = withMeta(lab.get('deployments', 'web'), { finalizers: ['example.com/a'] });
    lab.update('deployments', 'web', held);
    lab.rest.delete(lab.target('deployments', 'web'), {}, strict);
    const read = lab.get('deployments', 'web');
    expect(() =>
      lab.update('deployments', 'web', withMeta(read, { finalizers: ['example.com/a', 'example.com/b'] })),
    ).toThrow(
      /metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers \[\]string{"example.com\/b"}/,
    );
    lab.update('deployments', 'web', withMeta(read, { finalizers: [] }));
    expect(() => lab.get('deployments', 'web')).toThrow(/not found/);
  });
});

describe('strategies', () => {
  const calls: string[] = [];
  const strategy: Strategy = {
    prepareCreate: (object) => ({ ...object, data: { made: 'yes' } }),
    prepareUpdate: (next, before) => ({ ...next, immutable: before['immutable'] ?? false }),
    validate: (object) => {
      calls.push(`validate ${JSON.stringify(object['data'])}`);
      return object['data'] === undefined
        ? [{ reason: 'FieldValueRequired', field: 'data', message: 'Required value' }]
        : [];
    },
    validateUpdate: () => [{ reason: 'FieldValueForbidden', field: 'x', message: 'Forbidden: never' }],
    warnings: () => ['careful'],
  };

  beforeEach(() => {
    lab = new LabRest(new Map([['ConfigMap', strategy]]));
    calls.length = 0;
  });

  test('fill in and warn', () => {
    const { object, warnings } = lab.create('configmaps', { metadata: { name: 'c' } });
    expect(object).toMatchObject({ data: { made: 'yes' } });
    expect(warnings).toEqual(['careful']);
    expect(calls).toEqual(['validate {"made":"yes"}']);
  });

  test('all causes come together', () => {
    lab.create('configmaps', { metadata: { name: 'c' } });
    expect(() => lab.update('configmaps', 'c', { metadata: { name: 'c', labels: { a: '-' } } })).toThrow(
      expect.objectContaining({
        code: 422,
        message: expect.stringMatching(
          /^ConfigMap "c" is invalid: \[metadata.labels: Invalid value: "-": .*, data: Required value, x: Forbidden: never\]$/,
        ) as unknown,
        details: expect.objectContaining({ name: 'c', kind: 'ConfigMap' }) as unknown,
      }),
    );
  });
});

describe('names', () => {
  test('are made up from the prefix, and again when they are taken', () => {
    lab.chances.push(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.99, 0, 0, 0, 0);
    const make = () => metadataOf(lab.create('configmaps', { metadata: { generateName: 'a-' } }).object)['name'];
    expect(make()).toBe('a-bbbbb');
    expect(make()).toBe('a-9bbbb');
    // Chance gives nothing new any more.
    expect(make).toThrow(expect.objectContaining({ reason: 'AlreadyExists' }));
  });

  test('long prefixes are cut', () => {
    const { object } = lab.create('configmaps', { metadata: { generateName: `${'a'.repeat(70)}-` } });
    expect(metadataOf(object)['name']).toBe(`${'a'.repeat(58)}bbbbb`);
  });

  test('namespaces must be there, and not on their way out', () => {
    const create = (namespace: string) =>
      lab.rest.create({ resource: lab.resource('configmaps'), namespace }, { metadata: { name: 'c' } }, strict);
    expect(() => create('none')).toThrow(
      expect.objectContaining({ code: 404, message: 'namespaces "none" not found' }),
    );
    lab.patch('namespaces', 'demo', 'merge', { status: { phase: 'Terminating' } }, {}, 'status');
    expect(() => create('demo')).toThrow(
      expect.objectContaining({
        code: 403,
        message:
          'configmaps "c" is forbidden: unable to create new content in namespace demo because it is being terminated',
        details: {
          name: 'c',
          kind: 'configmaps',
          causes: [
            {
              reason: 'NamespaceTerminating',
              message: 'namespace demo is being terminated',
              field: 'metadata.namespace',
            },
          ],
        },
      }),
    );
  });
});
