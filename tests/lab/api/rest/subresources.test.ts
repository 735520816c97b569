import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../src/lab/api/json.ts';
import { metadataOf } from '../../../../src/lab/api/field-values.ts';
import { LabRest, strict, user } from './lab-rest.ts';

let lab: LabRest;

beforeEach(() => {
  lab = new LabRest();
});

const post = (plural: string, name: string, subresource: string, body: JsonObject, dryRun = false) => {
  const target = { resource: lab.resource(plural), namespace: 'demo', name, subresource };
  return lab.rest.create(target, body, { ...strict, dryRun });
};

describe('scale', () => {
  const selector = {
    matchLabels: { b: '1', a: '2' },
    matchExpressions: [
      { key: 'c', operator: 'In', values: ['y', 'x'] },
      { key: 'd', operator: 'NotIn', values: ['z'] },
      { key: 'e', operator: 'Exists' },
      { key: 'f', operator: 'DoesNotExist' },
    ],
  };

  beforeEach(() => {
    lab.create('deployments', { metadata: { name: 'web' }, spec: { replicas: 2, selector } });
    lab.patch('deployments', 'web', 'merge', { status: { replicas: 1 } }, {}, 'status');
  });

  test('is read', () => {
    expect(lab.get('deployments', 'web', 'scale')).toMatchObject({
      apiVersion: 'autoscaling/v1',
      kind: 'Scale',
      metadata: { name: 'web', namespace: 'demo', resourceVersion: lab.store.resourceVersion },
      spec: { replicas: 2 },
      status: { replicas: 1, selector: 'a=2,b=1,c in (x,y),d notin (z),e,!f' },
    });
  });

  test('is written by its own manager', () => {
    const scale = lab.get('deployments', 'web', 'scale');
    const { object } = lab.update('deployments', 'web', { ...scale, spec: { replicas: 3 } }, {}, 'scale');
    expect(object).toMatchObject({ kind: 'Scale', spec: { replicas: 3 } });
    lab.patch('deployments', 'web', 'merge', { spec: { replicas: 4 } }, { fieldManager: 'x' }, 'scale');
    const deployment = lab.get('deployments', 'web');
    expect(deployment).toMatchObject({ spec: { replicas: 4, selector }, status: { replicas: 1 } });
    expect(metadataOf(deployment)['managedFields']).toContainEqual(
      expect.objectContaining({ manager: 'x', subresource: 'scale', fieldsV1: { 'f:spec': { 'f:replicas': {} } } }),
    );
    expect(() => lab.update('deployments', 'web', scale, {}, 'scale')).toThrow(expect.objectContaining({ code: 409 }));
  });

  test.each<[body: JsonObject, code: number, message: string]>([
    [
      { spec: { replicas: -1 } },
      422,
      'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    ],
    [{ spec: { replicas: 'x' } }, 400, 'spec.replicas must be int32'],
    [{ kind: 'Pod' }, 400, 'wrong object passed to Scale update'],
    [{ metadata: { name: 'b' } }, 400, 'the name of the object (b) does not match the name on the URL (web)'],
  ])('%j is refused', (body, code, message) => {
    expect(() => lab.patch('deployments', 'web', 'merge', body, {}, 'scale')).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) as unknown }),
    );
  });

  test('kinds without one have none', () => {
    lab.create('configmaps', { metadata: { name: 'c' } });
    expect(() => lab.get('configmaps', 'c', 'scale')).toThrow(expect.objectContaining({ code: 404 }));
    expect(() => lab.rest.delete(lab.target('deployments', 'web', 'scale'), {}, strict)).toThrow(
      expect.objectContaining({ code: 405 }),
    );
  });
});

describe('pods', () => {
  beforeEach(() => {
    lab.create('pods', { metadata: { name: 'p' }, spec: { containers: [{ name: 'main', image: 'nginx' }] } });
  });

  test('ephemeral containers come and stay as they are', () => {
    const add = (containers: readonly JsonObject[]) =>
      lab.patch('pods', 'p', 'strategic', { spec: { ephemeralContainers: containers } }, {}, 'ephemeralcontainers');
    add([{ name: 'debug', image: 'busybox', targetContainerName: 'main' }]);
    const { object } = add([{ name: 'more', image: 'busybox' }]);
    const containers = (object['spec'] as JsonObject)['ephemeralContainers'];
    expect(containers).toHaveLength(2);
    expect(containers).toContainEqual(
      expect.objectContaining({ name: 'debug', targetContainerName: 'main', imagePullPolicy: 'Always' }),
    );
    expect(() => add([{ name: 'debug', image: 'alpine' }])).toThrow(/"debug" may not be changed/);
    const read = lab.get('pods', 'p', 'ephemeralcontainers');
    const none = { ...read, spec: { containers: [] } };
    expect(() => lab.update('pods', 'p', none, {}, 'ephemeralcontainers')).toThrow(/"debug" may not be removed/);
    expect(() => add([{ name: 'main', image: 'x' }])).toThrow(
      /ephemeralContainers\[0\]\.name: Duplicate value: "main"/,
    );
    expect(() => add([{ name: 'x' }])).toThrow(/ephemeralContainers\[0\]\.image: Required value/);
    expect(() => add([{ name: 'x', image: 'x', targetContainerName: 'who' }])).toThrow(
      /ephemeralContainers\[0\]\.targetContainerName: Not found: "who"/,
    );
    expect(() => add([{ name: 'x', image: 'x', ports: [{ containerPort: 80 }] }])).toThrow(
      /ephemeralContainers\[0\]\.ports: Forbidden/,
    );
  });

  test('binding puts a pod on a node, once', () => {
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name: 'p' },
      target: { kind: 'Node', name: 'n1' },
    };
    expect(post('pods', 'p', 'binding', binding, true).created).toBe(true);
    expect(lab.get('pods', 'p')['spec']).not.toHaveProperty('nodeName');
    post('pods', 'p', 'binding', binding);
    expect(lab.get('pods', 'p')).toMatchObject({
      spec: { nodeName: 'n1' },
      status: { conditions: [{ type: 'PodScheduled', status: 'True' }] },
    });
    expect(() => post('pods', 'p', 'binding', binding)).toThrow(
      expect.objectContaining({
        code: 409,
        message: 'Operation cannot be fulfilled on pods/binding "p": pod p is already assigned to node "n1"',
      }),
    );
  });

  test('eviction deletes', () => {
    const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p', namespace: 'demo' } };
    post('pods', 'p', 'eviction', { ...eviction, deleteOptions: { dryRun: ['All'] } });
    expect(lab.get('pods', 'p')).toBeDefined();
    expect(() =>
      post('pods', 'p', 'eviction', { ...eviction, deleteOptions: { preconditions: { uid: 'x' } } }),
    ).toThrow(expect.objectContaining({ code: 409 }));
    post('pods', 'p', 'eviction', eviction);
    expect(() => lab.get('pods', 'p')).toThrow(expect.objectContaining({ code: 404 }));
  });

  test.each<[subresource: string, body: JsonObject, code: number]>([
    ['binding', { kind: 'Pod' }, 400],
    ['binding', { metadata: { name: 'q' } }, 400],
    ['binding', { target: {} }, 400],
    ['binding', { target: 'n1' }, 400],
    ['eviction', { odd: 1 }, 400],
    ['exec', {}, 404],
    ['none', {}, 404],
  ])('%s with %j is refused', (subresource, body, code) => {
    expect(() => post('pods', 'p', subresource, body)).toThrow(expect.objectContaining({ code }));
  });
});

describe('tokens of service accounts', () => {
  beforeEach(() => {
    lab.create('serviceaccounts', { metadata: { name: 'bob' } });
  });

  test('say who one is until they expire', () => {
    const { object } = post('serviceaccounts', 'bob', 'token', { spec: { expirationSeconds: 600 } });
    const { token, expirationTimestamp } = object['status'] as {
      readonly token: string;
      readonly expirationTimestamp: string;
    };
    expect(expirationTimestamp).toBe('2026-01-02T03:14:05Z');
    const bob = lab.rest.userOfToken(token);
    expect(bob).toMatchObject({
      username: 'system:serviceaccount:demo:bob',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:demo', 'system:authenticated'],
    });
    const review = lab.create('tokenreviews', { spec: { token } }).object;
    expect(review).toMatchObject({
      status: { authenticated: true, user: { username: 'system:serviceaccount:demo:bob' } },
    });
    lab.nowMs += 600_001;
    expect(lab.rest.userOfToken(token)).toBeUndefined();
    expect(lab.create('tokenreviews', { spec: { token } }).object).toMatchObject({ status: { authenticated: false } });
    expect(lab.rest.userOfToken('other')).toBeUndefined();
  });

  test('live long enough', () => {
    expect(() => post('serviceaccounts', 'bob', 'token', { spec: { expirationSeconds: 5 } })).toThrow(
      'TokenRequest.authentication.k8s.io "bob" is invalid: spec.expirationSeconds: Invalid value: 5: may not specify a duration less than 10 minutes',
    );
    expect(() => post('serviceaccounts', 'eve', 'token', {})).toThrow(expect.objectContaining({ code: 404 }));
  });
});

describe('reviews', () => {
  test.each<[plural: string, spec: JsonObject | undefined, status: JsonObject]>([
    ['selfsubjectreviews', undefined, { userInfo: { username: user.username, groups: user.groups } }],
    ['selfsubjectaccessreviews', { resourceAttributes: { verb: 'get' } }, { allowed: true }],
    ['subjectaccessreviews', { nonResourceAttributes: { path: '/' }, user: 'x' }, { allowed: true }],
    ['localsubjectaccessreviews', { resourceAttributes: { verb: 'get' } }, { allowed: true }],
    ['selfsubjectrulesreviews', { namespace: 'demo' }, { incomplete: false }],
  ])('%s', (plural, spec, status) => {
    const before = lab.store.resourceVersion;
    const { object, created } = lab.create(plural, spec === undefined ? {} : { spec });
    expect(created).toBe(true);
    expect(object).toMatchObject({ status });
    expect(lab.store.resourceVersion).toBe(before);
  });

  test('ask something', () => {
    expect(() => lab.create('selfsubjectaccessreviews', { spec: {} })).toThrow(
      expect.objectContaining({
        code: 422,
        message: expect.stringContaining('exactly one of nonResourceAttributes or resourceAttributes') as unknown,
      }),
    );
  });
});
