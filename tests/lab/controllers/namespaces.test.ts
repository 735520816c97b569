import { beforeEach, describe, expect, test } from 'vitest';
import { conditionOf } from '../../../src/lab/controllers/conditions.ts';
import { objectAt, textAt } from '../../../src/lab/api/field-values.ts';
import { Cluster, deployment, template } from './cluster.ts';

let cluster: Cluster;

beforeEach(async () => {
  cluster = new Cluster();
  await cluster.settle();
});

describe('what every namespace has', () => {
  test('a service account and the certificate of the API server', async () => {
    cluster.create('namespaces', { metadata: { name: 'new' } });
    await cluster.settle();
    expect(cluster.names('serviceaccounts', 'new')).toEqual(['default']);
    expect(objectAt(cluster.get('configmaps', 'kube-root-ca.crt', 'new'), 'data')).toEqual({ 'ca.crt': 'CA' });
    expect(cluster.names('serviceaccounts', 'default')).toEqual(['default']);
  });

  test('comes again when it is deleted or changed', async () => {
    cluster.delete('serviceaccounts', 'default');
    cluster.delete('configmaps', 'kube-root-ca.crt');
    await cluster.settle();
    expect(cluster.names('serviceaccounts')).toEqual(['default']);
    cluster.patch('configmaps', 'kube-root-ca.crt', { data: { 'ca.crt': 'other', more: 'x' } });
    await cluster.settle();
    expect(objectAt(cluster.get('configmaps', 'kube-root-ca.crt'), 'data')).toEqual({ 'ca.crt': 'CA' });
    expect(await cluster.settle()).toBe(0);
  });
});

describe('the end of a namespace', () => {
  beforeEach(async () => {
    cluster.create('deployments', deployment('web', 3));
    cluster.create('services', {
      metadata: { name: 'web' },
      spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
    });
    cluster.create('configmaps', { metadata: { name: 'mine' } });
    cluster.create('networkpolicies', { metadata: { name: 'deny' }, spec: { podSelector: {} } });
    await cluster.settle();
  });

  test('takes all its content with it', async () => {
    cluster.delete('namespaces', 'demo');
    expect(textAt(cluster.get('namespaces', 'demo'), 'status', 'phase')).toBe('Terminating');
    await cluster.settle();
    expect(cluster.find('namespaces', 'demo')).toBeUndefined();
    for (const resource of cluster.rest.resources)
      if (resource.namespaced && resource.verbs.includes('list')) expect(cluster.names(resource.plural)).toEqual([]);
    expect(cluster.names('serviceaccounts', 'default')).toEqual(['default']);
  });

  test('waits for pods that take their time, and says so', async () => {
    cluster.deaf = true;
    cluster.delete('namespaces', 'demo');
    await cluster.settle();
    const namespace = cluster.get('namespaces', 'demo');
    expect(conditionOf(namespace, 'NamespaceContentRemaining')).toMatchObject({
      status: 'True',
      reason: 'SomeResourcesRemain',
      message: 'Some resources are remaining: pods. has 3 resource instances',
    });
    expect(conditionOf(namespace, 'NamespaceDeletionContentFailure')).toMatchObject({ status: 'False' });
    expect(await cluster.settle()).toBe(0);
    cluster.deaf = false;
    await cluster.settle();
    expect(cluster.find('namespaces', 'demo')).toBeUndefined();
  });

  test('waits for finalizers of others, and says whose', async () => {
    cluster.patch('configmaps', 'mine', { metadata: { finalizers: ['example.com/hold'] } });
    cluster.delete('namespaces', 'demo');
    await cluster.settle();
    expect(conditionOf(cluster.get('namespaces', 'demo'), 'NamespaceFinalizersRemaining')).toMatchObject({
      status: 'True',
      message: 'Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances',
    });
    cluster.patch('configmaps', 'mine', { metadata: { finalizers: null } });
    await cluster.settle();
    expect(cluster.find('namespaces', 'demo')).toBeUndefined();
  });

  test('nothing new is made in it', async () => {
    cluster.deaf = true;
    cluster.delete('namespaces', 'demo');
    await cluster.settle();
    expect(cluster.names('pods')).toHaveLength(3);
    expect(() => cluster.create('configmaps', { metadata: { name: 'late' } })).toThrow('being terminated');
  });

  test('the name can be used again', async () => {
    cluster.delete('namespaces', 'demo');
    await cluster.settle();
    cluster.create('namespaces', { metadata: { name: 'demo' } });
    cluster.create('deployments', deployment('web', 1));
    await cluster.settle();
    expect(cluster.names('pods')).toHaveLength(1);
    expect(cluster.names('serviceaccounts')).toEqual(['default']);
  });

  test('custom resources go as well', async () => {
    cluster.create('customresourcedefinitions', {
      metadata: { name: 'gates.example.dev' },
      spec: {
        group: 'example.dev',
        names: { plural: 'gates', singular: 'gate', kind: 'Gate' },
        scope: 'Namespaced',
        versions: ['v1', 'v2'].map((name, index) => ({
          name,
          served: true,
          storage: index === 0,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        })),
      },
    });
    await cluster.settle();
    cluster.create('gates', { apiVersion: 'example.dev/v1', kind: 'Gate', metadata: { name: 'north' } });
    cluster.delete('namespaces', 'demo');
    await cluster.settle();
    expect(cluster.find('namespaces', 'demo')).toBeUndefined();
    expect(cluster.names('gates')).toEqual([]);
  });
});

test('a pod that nobody schedules ends with its namespace, too', async () => {
  cluster.create('pods', {
    ...template({}),
    metadata: { name: 'lost' },
    spec: { schedulerName: 'none', containers: [{ name: 'a', image: 'b' }] },
  });
  await cluster.settle();
  cluster.delete('namespaces', 'demo');
  await cluster.settle();
  expect(cluster.find('namespaces', 'demo')).toBeUndefined();
});
