import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/lab/api/json.ts';
import { objectsAt, textAt, textsAt, uidOf } from '../../../src/lab/api/field-values.ts';
import { Cluster, deployment } from './cluster.ts';

let cluster: Cluster;

beforeEach(async () => {
  cluster = new Cluster();
  await cluster.settle();
});

const owner = (object: JsonObject, fields: JsonObject = {}): JsonObject => ({
  apiVersion: textAt(object, 'apiVersion'),
  kind: textAt(object, 'kind'),
  name: textAt(object, 'metadata', 'name'),
  uid: uidOf(object),
  ...fields,
});
const config = (name: string, ...ownerReferences: readonly JsonObject[]): JsonObject =>
  cluster.create('configmaps', { metadata: { name, ...(ownerReferences.length === 0 ? {} : { ownerReferences }) } });
const configs = () => cluster.names('configmaps').filter((name) => name !== 'kube-root-ca.crt');
const ownersOf = (name: string) =>
  objectsAt(cluster.get('configmaps', name), 'metadata', 'ownerReferences').map((each) => textAt(each, 'name'));

describe('a Deployment is deleted', () => {
  const order: string[] = [];
  beforeEach(async () => {
    cluster.create('deployments', deployment('web', 3));
    await cluster.settle();
    order.length = 0;
    cluster.rest.store.subscribe(({ type, resource }) => {
      if (type === 'DELETED' && resource !== 'events') order.push(resource);
    });
  });

  test('in the background: it goes at once, its sets and pods after it', async () => {
    cluster.delete('deployments', 'web');
    expect(cluster.find('deployments', 'web')).toBeUndefined();
    await cluster.settle();
    expect(order).toEqual(['deployments.apps', 'replicasets.apps', 'pods', 'pods', 'pods']);
  });

  test('in the foreground: it goes last', async () => {
    cluster.delete('deployments', 'web', { propagationPolicy: 'Foreground' });
    expect(textsAt(cluster.get('deployments', 'web'), 'metadata', 'finalizers')).toEqual(['foregroundDeletion']);
    await cluster.settle();
    expect(order).toEqual(['pods', 'pods', 'pods', 'replicasets.apps', 'deployments.apps']);
  });

  test('in the foreground it waits for pods that take their time', async () => {
    cluster.deaf = true;
    cluster.delete('deployments', 'web', { propagationPolicy: 'Foreground' });
    await cluster.settle();
    expect(cluster.names('deployments')).toEqual(['web']);
    expect(cluster.names('pods')).toHaveLength(3);
    cluster.deaf = false;
    await cluster.settle();
    expect(cluster.names('deployments')).toEqual([]);
  });

  test('alone: the set and its pods stay, and belong to the next one', async () => {
    cluster.delete('deployments', 'web', { propagationPolicy: 'Orphan' });
    await cluster.settle();
    expect(order).toEqual(['deployments.apps']);
    const [set = {}] = cluster.list('replicasets');
    expect(objectsAt(set, 'metadata', 'ownerReferences')).toEqual([]);
    const before = cluster.names('pods');
    cluster.create('deployments', deployment('web', 3));
    await cluster.settle();
    expect(cluster.names('pods')).toEqual(before);
    expect(cluster.names('replicasets')).toHaveLength(1);
  });
});

describe('owners of any kind', () => {
  test('an object goes with the last of its owners', async () => {
    const [a, b] = [config('a'), config('b')];
    config('child', owner(a), owner(b));
    await cluster.settle();
    cluster.delete('configmaps', 'a');
    await cluster.settle();
    expect([configs(), ownersOf('child')]).toEqual([['b', 'child'], ['b']]);
    cluster.delete('configmaps', 'b');
    await cluster.settle();
    expect(configs()).toEqual([]);
  });

  test.each<[string, (a: JsonObject) => JsonObject]>([
    ['an owner that never was', (a) => owner(a, { uid: 'c0ffee00-0000-4000-8000-000000000000' })],
    ['the uid of another object', (a) => owner(a, { name: 'somebody' })],
  ])('%s is none', async (_, reference) => {
    config('child', reference(config('a')));
    await cluster.settle();
    expect(configs()).toEqual(['a']);
  });

  test('an owner of another namespace is none, one of the cluster is', async () => {
    const far = cluster.create('configmaps', { metadata: { name: 'far' } }, 'default');
    config('x', owner(far));
    config('y', owner(cluster.get('nodes', 'lab-1')));
    await cluster.settle();
    expect(configs()).toEqual(['y']);
    cluster.delete('nodes', 'lab-1');
    await cluster.settle();
    expect(configs()).toEqual([]);
  });

  test('of kinds that the lab does not serve nothing is known', async () => {
    config('x', { apiVersion: 'example.dev/v1', kind: 'Thing', name: 'a', uid: 'u' });
    await cluster.settle();
    expect(configs()).toEqual(['x']);
  });

  test('who waits for dependents does not wait for those that do not ask for it', async () => {
    config('child', owner(config('a')));
    cluster.patch('configmaps', 'child', { metadata: { finalizers: ['example.com/hold'] } });
    cluster.delete('configmaps', 'a', { propagationPolicy: 'Foreground' });
    await cluster.settle();
    expect(configs()).toEqual(['child']);
  });

  test('a circle ends when one of it does', async () => {
    const a = config('a');
    const b = config('b', owner(a));
    cluster.patch('configmaps', 'a', { metadata: { ownerReferences: [owner(b)] } });
    await cluster.settle();
    expect(configs()).toEqual(['a', 'b']);
    cluster.delete('configmaps', 'a');
    await cluster.settle();
    expect(configs()).toEqual([]);
  });

  test('what was left from before is found at the start', async () => {
    cluster.stop();
    config('child', owner(config('a')));
    cluster.delete('configmaps', 'a');
    cluster.restart();
    await cluster.settle();
    expect(configs()).toEqual([]);
  });
});
