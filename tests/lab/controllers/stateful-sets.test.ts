import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/lab/api/json.ts';
import { labelsOf, nameOf, numberAt, objectAt, objectsAt, textAt } from '../../../src/lab/api/field-values.ts';
import { Cluster, template } from './cluster.ts';

let cluster: Cluster;
let made: string[];

const set = (spec: JsonObject = {}): JsonObject => ({
  metadata: { name: 'db' },
  spec: {
    replicas: 3,
    serviceName: 'db',
    selector: { matchLabels: { app: 'db' } },
    template: template({ app: 'db' }),
    ...spec,
  },
});
const status = () => objectAt(cluster.get('statefulsets', 'db'), 'status');
const imageOf = (pod: JsonObject): string => textAt(objectsAt(pod, 'spec', 'containers')[0] ?? {}, 'image');
const revisions = () =>
  cluster
    .list('controllerrevisions')
    .map((each) => numberAt(each, 'revision') ?? 0)
    .sort((a, b) => a - b);
const images = () => cluster.list('pods').map((pod) => `${nameOf(pod)} ${imageOf(pod)}`);
const image = (name: string) =>
  cluster.patch('statefulsets', 'db', { spec: { template: template({ app: 'db' }, name) } });

beforeEach(async () => {
  cluster = new Cluster();
  await cluster.settle();
  made = [];
  cluster.rest.store.subscribe(({ type, resource, object }) => {
    if (resource === 'pods' && type !== 'MODIFIED') made.push(`${type === 'ADDED' ? '+' : '-'}${nameOf(object)}`);
  });
});

test('pods have names of their own, made one after the other', async () => {
  cluster.create('statefulsets', set());
  cluster.takeTurns();
  expect(made).toEqual(['+db-0']);
  await cluster.settle();
  expect(made).toEqual(['+db-0', '+db-1', '+db-2']);
  const pod = cluster.get('pods', 'db-1');
  const { updateRevision = '' } = status();
  expect(Object.fromEntries(labelsOf(pod))).toEqual({
    app: 'db',
    'apps.kubernetes.io/pod-index': '1',
    'controller-revision-hash': updateRevision,
    'statefulset.kubernetes.io/pod-name': 'db-1',
  });
  expect(objectAt(pod, 'spec')).toMatchObject({ hostname: 'db-1', subdomain: 'db' });
  expect(status()).toMatchObject({
    observedGeneration: 1,
    replicas: 3,
    readyReplicas: 3,
    availableReplicas: 3,
    currentReplicas: 3,
    updatedReplicas: 3,
    currentRevision: updateRevision,
  });
  expect(cluster.told()).toContain('Normal SuccessfulCreate: create Pod db-0 in StatefulSet db successful');
  expect(await cluster.settle()).toBe(0);
});

test('the next one waits until the one before is ready', async () => {
  cluster.behaviour = () => 'running';
  cluster.create('statefulsets', set());
  await cluster.settle();
  expect(cluster.names('pods')).toEqual(['db-0']);
  cluster.setPod(cluster.get('pods', 'db-0'), {}, true);
  await cluster.settle();
  expect(cluster.names('pods')).toEqual(['db-0', 'db-1']);
});

test('Parallel: all at once', async () => {
  cluster.behaviour = () => 'running';
  cluster.create('statefulsets', set({ podManagementPolicy: 'Parallel' }));
  await cluster.settle();
  expect(cluster.names('pods')).toEqual(['db-0', 'db-1', 'db-2']);
  cluster.scale('statefulsets', 'db', 0);
  await cluster.settle();
  expect(cluster.names('pods')).toEqual([]);
});

test('ordinals may begin elsewhere', async () => {
  cluster.create('statefulsets', set({ replicas: 2, ordinals: { start: 5 } }));
  await cluster.settle();
  expect(cluster.names('pods')).toEqual(['db-5', 'db-6']);
});

describe('of three pods', () => {
  beforeEach(async () => {
    cluster.create('statefulsets', set());
    await cluster.settle();
    made.length = 0;
  });

  test('the last ones go first', async () => {
    cluster.scale('statefulsets', 'db', 1);
    await cluster.settle();
    expect(made).toEqual(['-db-2', '-db-1']);
    cluster.scale('statefulsets', 'db', 3);
    await cluster.settle();
    expect(cluster.names('pods')).toEqual(['db-0', 'db-1', 'db-2']);
  });

  test('one that is deleted comes again under its name', async () => {
    cluster.delete('pods', 'db-1');
    await cluster.settle();
    expect(made).toEqual(['-db-1', '+db-1']);
  });

  test('one that has failed is replaced', async () => {
    cluster.setPod(cluster.get('pods', 'db-1'), { phase: 'Failed' }, false);
    await cluster.settle();
    expect(made).toEqual(['-db-1', '+db-1']);
    expect(cluster.told()).toContain('Warning RecreatingFailedPod: StatefulSet demo/db is recreating failed Pod db-1');
  });

  test('a new template replaces them from the last to the first', async () => {
    image('httpd');
    await cluster.settle();
    expect(made).toEqual(['-db-2', '+db-2', '-db-1', '+db-1', '-db-0', '+db-0']);
    expect(images()).toEqual(['db-0 httpd', 'db-1 httpd', 'db-2 httpd']);
    const { currentRevision, updateRevision } = status();
    expect(currentRevision).toBe(updateRevision);
    expect(revisions()).toEqual([1, 2]);
  });

  test('below the partition they keep the former template, also when they come again', async () => {
    cluster.patch('statefulsets', 'db', {
      spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 2 } } },
    });
    image('httpd');
    await cluster.settle();
    expect(images()).toEqual(['db-0 nginx', 'db-1 nginx', 'db-2 httpd']);
    cluster.delete('pods', 'db-0');
    await cluster.settle();
    expect(images()).toEqual(['db-0 nginx', 'db-1 nginx', 'db-2 httpd']);
    expect(status()).toMatchObject({ currentReplicas: 2, updatedReplicas: 1 });
    cluster.patch('statefulsets', 'db', { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } });
    await cluster.settle();
    expect(images()).toEqual(['db-0 httpd', 'db-1 httpd', 'db-2 httpd']);
  });

  test('OnDelete: only those that somebody deletes get the new template', async () => {
    cluster.patch('statefulsets', 'db', { spec: { updateStrategy: { type: 'OnDelete', rollingUpdate: null } } });
    image('httpd');
    await cluster.settle();
    expect(made).toEqual([]);
    cluster.delete('pods', 'db-1');
    await cluster.settle();
    expect(images()).toEqual(['db-0 nginx', 'db-1 httpd', 'db-2 nginx']);
  });

  test('a template that never gets ready stops the rollout; going back heals it', async () => {
    cluster.behaviour = (pod) => (imageOf(pod) === 'broken' ? 'running' : 'ready');
    image('broken');
    await cluster.settle();
    expect(images()).toEqual(['db-0 nginx', 'db-1 nginx', 'db-2 broken']);
    expect(await cluster.settle()).toBe(0);
  });

  test('undo: a revision that was there before becomes the latest', async () => {
    image('httpd');
    await cluster.settle();
    const [first = {}] = cluster.list('controllerrevisions').filter((each) => each['revision'] === 1);
    // As kubectl does it.
    cluster.rest.patch(
      { resource: cluster.resource('statefulsets'), namespace: 'demo', name: 'db' },
      { type: 'strategic', body: objectAt(first, 'data') },
      {
        user: { username: 'u', uid: '', groups: [] },
        fieldManager: 'kubectl',
        dryRun: false,
        fieldValidation: 'Strict',
      },
    );
    await cluster.settle();
    expect(images()).toEqual(['db-0 nginx', 'db-1 nginx', 'db-2 nginx']);
    expect(revisions()).toEqual([2, 3]);
  });
});

test('as many revisions stay as the history allows', async () => {
  cluster.create('statefulsets', set({ revisionHistoryLimit: 1 }));
  await cluster.settle();
  for (const name of ['a', 'b', 'c']) {
    image(name);
    await cluster.settle();
  }
  expect(revisions()).toEqual([3, 4]);
});

test('volume claims become empty directories, and an Event says so', async () => {
  const claim = {
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  };
  const containers = [{ name: 'main', image: 'nginx', volumeMounts: [{ name: 'data', mountPath: '/data' }] }];
  cluster.create(
    'statefulsets',
    set({
      replicas: 1,
      volumeClaimTemplates: [claim],
      template: { metadata: { labels: { app: 'db' } }, spec: { containers } },
    }),
  );
  await cluster.settle();
  expect(objectsAt(cluster.get('pods', 'db-0'), 'spec', 'volumes')).toEqual([{ name: 'data', emptyDir: {} }]);
  expect(cluster.told().filter((line) => line.includes('VolumeClaimsIgnored'))).toHaveLength(1);
});
