import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../src/lab/api/json.ts';
import { inVersion } from '../../../../src/lab/api/rest/api-version.ts';
import { seedSystem } from '../../../../src/lab/api/rest/system-seeds.ts';
import { metadataOf } from '../../../../src/lab/api/field-values.ts';
import { LabRest, strict } from './lab-rest.ts';

let lab: LabRest;

beforeEach(() => {
  lab = new LabRest();
});

const specSchema: JsonObject = {
  type: 'object',
  required: ['size'],
  properties: {
    size: { type: 'integer', minimum: 1, maximum: 9 },
    color: { type: 'string', enum: ['red', 'blue'], default: 'red' },
    host: { type: 'string', pattern: '^[a-z]+$', maxLength: 5 },
    port: { 'x-kubernetes-int-or-string': true },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
    free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    parts: {
      type: 'array',
      maxItems: 2,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: { type: 'object', properties: { name: { type: 'string' }, on: { type: 'boolean', default: true } } },
    },
    either: {
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'string' } },
      oneOf: [{ required: ['a'] }, { required: ['b'] }],
    },
  },
};

const version = (name: string, more: JsonObject = {}): JsonObject => ({
  name,
  served: true,
  storage: true,
  schema: {
    openAPIV3Schema: {
      type: 'object',
      properties: {
        spec: specSchema,
        status: { type: 'object', properties: { ready: { type: 'boolean' }, replicas: { type: 'integer' } } },
      },
    },
  },
  ...more,
});

const definition = (spec: JsonObject = {}): JsonObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'gizmos.example.com' },
  spec: {
    group: 'example.com',
    names: { plural: 'gizmos', kind: 'Gizmo', shortNames: ['gz'] },
    scope: 'Namespaced',
    versions: [version('v1')],
    ...spec,
  },
});

const gizmo = (spec: JsonObject, apiVersion = 'example.com/v1'): JsonObject => ({
  apiVersion,
  kind: 'Gizmo',
  metadata: { name: 'a' },
  spec,
});

describe('definitions', () => {
  test('are established and served at once', () => {
    const { object, warnings } = lab.create('customresourcedefinitions', definition());
    expect(warnings).toEqual([]);
    expect(object).toMatchObject({
      metadata: { finalizers: ['customresourcecleanup.apiextensions.k8s.io'] },
      spec: { names: { singular: 'gizmo', listKind: 'GizmoList' }, conversion: { strategy: 'None' } },
      status: {
        conditions: [
          { type: 'NamesAccepted', status: 'True' },
          { type: 'Established', status: 'True' },
        ],
        storedVersions: ['v1'],
      },
    });
    const resource = lab.rest.find('example.com', 'v1', 'gizmos');
    expect(resource).toMatchObject({
      kind: 'Gizmo',
      singular: 'gizmo',
      namespaced: true,
      shortNames: ['gz'],
      custom: true,
    });
    expect(resource === undefined ? undefined : lab.rest.schemaOf(resource)).toMatchObject({ type: 'object' });
  });

  test('a dry run serves nothing', () => {
    lab.create('customresourcedefinitions', definition(), { dryRun: true });
    expect(lab.rest.find('example.com', 'v1', 'gizmos')).toBeUndefined();
  });

  test.each<[what: string, spec: JsonObject, message: string]>([
    ['no group', { group: '' }, 'spec.group: Required value'],
    [
      'a group without a dot',
      { group: 'apps' },
      'spec.group: Invalid value: "apps": should be a domain with at least one dot',
    ],
    ['no scope', { scope: '' }, 'spec.scope: Required value'],
    [
      'another scope',
      { scope: 'Galaxy' },
      'spec.scope: Unsupported value: "Galaxy": supported values: "Cluster", "Namespaced"',
    ],
    [
      'no storage',
      { versions: [version('v1', { storage: false })] },
      'must have exactly one version marked as storage version',
    ],
    [
      'no schema',
      { versions: [version('v1', { schema: {} })] },
      'spec.versions[0].schema.openAPIV3Schema: Required value: schemas are required',
    ],
    [
      'a field without a type',
      { versions: [version('v1', { schema: { openAPIV3Schema: { type: 'object', properties: { a: {} } } } })] },
      'spec.versions[0].schema.openAPIV3Schema.properties[a].type: Required value: must not be empty for specified object fields',
    ],
    ['a protected group', { group: 'x.k8s.io' }, 'metadata.annotations[api-approved.kubernetes.io]: Required value'],
    [
      'another name',
      { names: { plural: 'gadgets', kind: 'Gizmo' } },
      'metadata.name: Invalid value: "gizmos.example.com": must be spec.names.plural+"."+spec.group',
    ],
  ])('%s is refused', (_, spec, message) => {
    expect(() => lab.create('customresourcedefinitions', definition(spec))).toThrow(
      expect.objectContaining({ code: 422, message: expect.stringContaining(message) as unknown }),
    );
  });

  test('say what the lab does not evaluate', () => {
    const openAPIV3Schema = {
      type: 'object',
      'x-kubernetes-validations': [{ rule: 'true' }],
      properties: { a: { type: 'string', pattern: '(?=x)' } },
    };
    const path = 'spec.versions[0].schema.openAPIV3Schema';
    const { warnings } = lab.create(
      'customresourcedefinitions',
      definition({ versions: [version('v1', { schema: { openAPIV3Schema } })] }),
    );
    expect(warnings).toEqual([
      `the lab does not evaluate ${path}.x-kubernetes-validations`,
      `the lab does not evaluate ${path}.properties[a].pattern`,
    ]);
  });

  test('go with their objects, after those that finalizers hold', () => {
    lab.create('customresourcedefinitions', definition());
    lab.create('gizmos', gizmo({ size: 1 }));
    const held = gizmo({ size: 2 });
    lab.create('gizmos', { ...held, metadata: { name: 'b', finalizers: ['example.com/wait'] } });
    const gizmos = lab.resource('gizmos');
    const { gone } = lab.rest.delete(lab.target('customresourcedefinitions', 'gizmos.example.com'), {}, strict);
    expect(gone).toBe(false);
    expect(lab.store.list(gizmos).items).toHaveLength(1);
    expect(lab.resource('gizmos').verbs).not.toContain('create');
    const body = [{ op: 'remove', path: '/metadata/finalizers' }];
    lab.patch('gizmos', 'b', 'json', body);
    expect(lab.store.list(gizmos).items).toHaveLength(0);
    expect(lab.rest.find('example.com', 'v1', 'gizmos')).toBeUndefined();
    expect(() => lab.get('customresourcedefinitions', 'gizmos.example.com')).toThrow(/not found/);
  });

  test('without objects they go at once', () => {
    lab.create('customresourcedefinitions', definition());
    const target = lab.target('customresourcedefinitions', 'gizmos.example.com');
    expect(lab.rest.delete(target, {}, strict).gone).toBe(true);
    lab.create('customresourcedefinitions', definition());
    expect(lab.rest.find('example.com', 'v1', 'gizmos')).toBeDefined();
  });

  test('of the cluster policies are there from the start and stay', () => {
    seedSystem(lab.rest);
    seedSystem(lab.rest);
    const { items } = lab.store.list({ group: 'apiextensions.k8s.io', plural: 'customresourcedefinitions' });
    expect(items.map((item) => metadataOf(item)['name'])).toEqual([
      'adminnetworkpolicies.policy.networking.k8s.io',
      'baselineadminnetworkpolicies.policy.networking.k8s.io',
      'clusternetworkpolicies.policy.networking.k8s.io',
    ]);
    const target = lab.target('customresourcedefinitions', 'adminnetworkpolicies.policy.networking.k8s.io');
    expect(() => lab.rest.delete(target, {}, strict)).toThrow(expect.objectContaining({ code: 403 }));
    expect(lab.store.list({ group: '', plural: 'namespaces' }).items).toHaveLength(5);
  });
});

describe('objects of a definition', () => {
  beforeEach(() => {
    lab.create('customresourcedefinitions', definition());
  });

  test('defaults come, and unknown fields go with a warning', () => {
    const body = gizmo({ size: 1, parts: [{ name: 'x' }], labels: { k: 'v' }, free: { any: [1] }, odd: 1 });
    const { object, warnings } = lab.create('gizmos', body, { fieldValidation: 'Warn' });
    expect(object).toMatchObject({
      spec: { size: 1, color: 'red', parts: [{ name: 'x', on: true }], labels: { k: 'v' }, free: { any: [1] } },
    });
    expect(object['spec']).not.toHaveProperty('odd');
    expect(warnings).toEqual(['unknown field "spec.odd"']);
  });

  test.each<[what: string, spec: JsonObject, message: string]>([
    ['a missing field', {}, 'Gizmo.example.com "a" is invalid: spec.size: Required value'],
    [
      'a wrong type',
      { size: 'x' },
      'spec.size: Invalid value: "string": spec.size in body must be of type integer: "string"',
    ],
    ['too large', { size: 10 }, 'spec.size: Invalid value: 10: spec.size in body should be less than or equal to 9'],
    ['too small', { size: 0 }, 'spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1'],
    [
      'no member',
      { size: 1, color: 'green' },
      'spec.color: Unsupported value: "green": supported values: "red", "blue"',
    ],
    [
      'another pattern',
      { size: 1, host: 'A' },
      `spec.host: Invalid value: "A": spec.host in body should match '^[a-z]+$'`,
    ],
    ['too long', { size: 1, host: 'abcdef' }, 'spec.host: Too long: may not be more than 5 bytes'],
    ['neither number nor text', { size: 1, port: true }, 'spec.port in body must be of type int or string: "boolean"'],
    [
      'too many',
      { size: 1, parts: [{ name: 'a' }, { name: 'b' }, { name: 'c' }] },
      'spec.parts: Too many: 3: must have at most 2 items',
    ],
    [
      'the same twice',
      { size: 1, parts: [{ name: 'a' }, { name: 'a' }] },
      'spec.parts[1]: Duplicate value: {"name":"a"}',
    ],
    [
      'both of one',
      { size: 1, either: { a: '', b: '' } },
      'spec.either in body must validate one and only one schema (oneOf)',
    ],
  ])('%s is refused', (_, spec, message) => {
    expect(() => lab.create('gizmos', gizmo(spec))).toThrow(
      expect.objectContaining({ code: 422, message: expect.stringContaining(message) as unknown }),
    );
  });

  test('take merge patches and no strategic ones, and are replaced only by who read them', () => {
    lab.create('gizmos', gizmo({ size: 1 }));
    expect(lab.patch('gizmos', 'a', 'merge', { spec: { size: 2 } }).object).toMatchObject({ spec: { size: 2 } });
    expect(() => lab.patch('gizmos', 'a', 'strategic', { spec: { size: 3 } })).toThrow(
      expect.objectContaining({ code: 415 }),
    );
    expect(() => lab.update('gizmos', 'a', gizmo({ size: 4 }))).toThrow(
      /metadata.resourceVersion: Invalid value: 0x0: must be specified for an update/,
    );
    const read = lab.get('gizmos', 'a');
    expect(lab.update('gizmos', 'a', { ...read, spec: { size: 5 } }).object).toMatchObject({ spec: { size: 5 } });
  });

  test('apply owns fields and takes unknown ones from nobody', () => {
    const { object, created } = lab.apply('gizmos', 'a', gizmo({ size: 1 }), { fieldManager: 'one' });
    expect(created).toBe(true);
    expect(metadataOf(object)['managedFields']).toMatchObject([{ manager: 'one', operation: 'Apply' }]);
    expect(() => lab.apply('gizmos', 'a', gizmo({ size: 2 }), { fieldManager: 'two' })).toThrow(
      /conflict with "one".*: \.spec\.size/,
    );
  });
});

describe('several versions and subresources', () => {
  test('share what is stored', () => {
    const versions = [version('v2'), version('v1', { storage: false })];
    lab.create('customresourcedefinitions', definition({ versions }));
    const [v2, v1] = ['v2', 'v1'].map((name) => lab.rest.find('example.com', name, 'gizmos'));
    if (v1 === undefined || v2 === undefined) throw new Error('both versions are served');
    const { object } = lab.rest.create({ resource: v1, namespace: 'demo' }, gizmo({ size: 1 }), strict);
    expect(object['apiVersion']).toBe('example.com/v1');
    expect(lab.store.list(v1).items[0]?.['apiVersion']).toBe('example.com/v2');
    expect(lab.rest.get({ resource: v2, namespace: 'demo', name: 'a' })['apiVersion']).toBe('example.com/v2');
    expect(lab.rest.list({ resource: v1, namespace: 'demo' }).items[0]?.['apiVersion']).toBe('example.com/v1');
    const before = lab.store.resourceVersion;
    lab.rest.update({ resource: v1, namespace: 'demo', name: 'a' }, object, strict);
    expect(lab.store.resourceVersion).toBe(before);
    expect(inVersion(v1, object)).toBe(object);
  });

  test('status and scale', () => {
    const subresources = {
      status: {},
      scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.replicas' },
    };
    lab.create('customresourcedefinitions', definition({ versions: [version('v1', { subresources })] }));
    const made = lab.create('gizmos', { ...gizmo({ size: 1 }), status: { ready: true } });
    expect(made.object['status']).toBeUndefined();
    lab.patch('gizmos', 'a', 'merge', { spec: { size: 9 }, status: { ready: true, replicas: 1 } }, {}, 'status');
    expect(lab.get('gizmos', 'a')).toMatchObject({ spec: { size: 1 }, status: { ready: true, replicas: 1 } });
    expect(lab.get('gizmos', 'a', 'scale')).toMatchObject({ spec: { replicas: 1 }, status: { replicas: 1 } });
    lab.patch('gizmos', 'a', 'merge', { spec: { replicas: 4 } }, {}, 'scale');
    expect(lab.get('gizmos', 'a')).toMatchObject({ spec: { size: 4 }, status: { ready: true } });
    expect(() => lab.patch('gizmos', 'a', 'merge', { spec: { replicas: 40 } }, {}, 'scale')).toThrow(
      /should be less than or equal to 9/,
    );
  });
});
