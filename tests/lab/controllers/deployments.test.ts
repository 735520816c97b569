import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/lab/api/json.ts';
import { conditionOf } from '../../../src/lab/controllers/conditions.ts';
import { labelsOf, nameOf, numberAt, objectAt, objectsAt, textAt } from '../../../src/lab/api/field-values.ts';
import { Cluster, deployment, template } from './cluster.ts';

let cluster: Cluster;

beforeEach(async () => {
  cluster = new Cluster();
  await cluster.settle();
});

const get = (name = 'web') => cluster.get('deployments', name);
const status = (name = 'web') => objectAt(get(name), 'status');
const reason = (type: string) => textAt(conditionOf(get(), type) ?? {}, 'reason');
const spec = (changes: JsonObject) => cluster.patch('deployments', 'web', { spec: changes });
const image = (name: string) => spec({ template: template({ app: 'web' }, name) });
const images = () =>
  cluster
    .list('pods')
    .map((pod) => imageOf(pod))
    .sort((a, b) => (a < b ? -1 : 1));
const imageOf = (object: JsonObject): string => textAt(objectsAt(object, 'spec', 'containers')[0] ?? {}, 'image');
/** Image, revision and replicas of each set, by revision. */
const sets = () =>
  cluster
    .list('replicasets')
    .map((set) => {
      const revision = textAt(set, 'metadata', 'annotations', 'deployment.kubernetes.io/revision');
      return `${revision} ${imageOf(objectAt(set, 'spec', 'template'))} ${numberAt(set, 'spec', 'replicas') ?? ''}`;
    })
    .sort((a, b) => (a < b ? -1 : 1));

describe('a new Deployment', () => {
  test('has a ReplicaSet with the hash of its template, and as many pods as it asks for', async () => {
    cluster.create('deployments', deployment('web', 3));
    await cluster.settle();
    const [set = {}] = cluster.list('replicasets');
    const hash = labelsOf(set).get('pod-template-hash') ?? '';
    expect(nameOf(set)).toBe(`web-${hash}`);
    expect(hash).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/);
    expect(objectAt(set, 'spec', 'selector')).toEqual({ matchLabels: { app: 'web', 'pod-template-hash': hash } });
    expect(objectAt(set, 'metadata', 'annotations')).toEqual({
      'deployment.kubernetes.io/desired-replicas': '3',
      'deployment.kubernetes.io/max-replicas': '4',
      'deployment.kubernetes.io/revision': '1',
    });
    const pods = cluster.list('pods');
    expect(pods.map((pod) => labelsOf(pod).get('pod-template-hash'))).toEqual([hash, hash, hash]);
    expect(status()).toMatchObject({
      observedGeneration: 1,
      replicas: 3,
      updatedReplicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
    });
    expect([reason('Available'), reason('Progressing')]).toEqual([
      'MinimumReplicasAvailable',
      'NewReplicaSetAvailable',
    ]);
    expect(cluster.told()).toContain(`Normal ScalingReplicaSet: Scaled up replica set web-${hash} from 0 to 3`);
  });

  test('comes to rest', async () => {
    cluster.create('deployments', deployment('web', 3));
    await cluster.settle();
    expect(await cluster.settle()).toBe(0);
    cluster.patch('deployments', 'web', { metadata: { annotations: { note: 'changes nothing' } } });
    // The annotation is copied to its ReplicaSet, and that is all.
    expect(await cluster.settle()).toBe(1);
  });

  test('without pods is complete at once', async () => {
    cluster.create('deployments', deployment('web', 0));
    await cluster.settle();
    expect(reason('Progressing')).toBe('NewReplicaSetAvailable');
  });

  test('steps aside for a ReplicaSet of somebody else that has its name', async () => {
    cluster.create('deployments', deployment('web', 1));
    await cluster.settle();
    const [taken = ''] = cluster.names('replicasets');
    cluster.delete('deployments', 'web');
    await cluster.settle();
    const foreign = { matchLabels: { other: 'yes' } };
    const metadata = { name: taken, labels: { other: 'yes' } };
    cluster.create('replicasets', {
      metadata,
      spec: { replicas: 0, selector: foreign, template: template({ other: 'yes' }) },
    });
    cluster.create('deployments', deployment('web', 1));
    await cluster.settle();
    expect(cluster.names('replicasets')).toHaveLength(2);
    expect(status()).toMatchObject({ collisionCount: 1, availableReplicas: 1 });
  });
});

describe('rollouts', () => {
  beforeEach(async () => {
    cluster.create('deployments', deployment('web', 4));
    await cluster.settle();
  });

  test('a new template moves all pods to a new ReplicaSet; the old one stays for the history', async () => {
    image('httpd');
    await cluster.settle();
    expect(sets()).toEqual(['1 nginx 0', '2 httpd 4']);
    expect(images()).toEqual(['httpd', 'httpd', 'httpd', 'httpd']);
    expect(textAt(get(), 'metadata', 'annotations', 'deployment.kubernetes.io/revision')).toBe('2');
    expect(status()).toMatchObject({ observedGeneration: 2, updatedReplicas: 4, availableReplicas: 4 });
    expect(reason('Progressing')).toBe('NewReplicaSetAvailable');
  });

  test('undo, a template that was there before, takes the old ReplicaSet again as a new revision', async () => {
    image('httpd');
    await cluster.settle();
    image('nginx');
    await cluster.settle();
    expect(sets()).toEqual(['2 httpd 0', '3 nginx 4']);
    const [, present = {}] = cluster
      .list('replicasets')
      .toSorted((a, b) => (numberAt(a, 'spec', 'replicas') ?? 0) - (numberAt(b, 'spec', 'replicas') ?? 0));
    expect(textAt(present, 'metadata', 'annotations', 'deployment.kubernetes.io/revision-history')).toBe('1');
  });

  test('restart, an annotation of the template, is a rollout', async () => {
    const before = new Set(cluster.names('pods'));
    spec({ template: { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } } } });
    await cluster.settle();
    expect(cluster.names('pods').filter((name) => before.has(name))).toEqual([]);
    expect(sets()).toEqual(['1 nginx 0', '2 nginx 4']);
  });

  test.each([
    { maxSurge: 1, maxUnavailable: 0, fewest: 4, most: 5 },
    { maxSurge: 0, maxUnavailable: 1, fewest: 3, most: 4 },
    { maxSurge: '50%', maxUnavailable: '25%', fewest: 3, most: 6 },
    { maxSurge: 0, maxUnavailable: '10%', fewest: 3, most: 4 },
    { maxSurge: '100%', maxUnavailable: '100%', fewest: 0, most: 8 },
  ])(
    'never fewer than $fewest available or more than $most pods with $maxSurge up, $maxUnavailable down',
    async (bounds) => {
      const { maxSurge, maxUnavailable, fewest, most } = bounds;
      spec({ strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge, maxUnavailable } } });
      await cluster.settle();
      const seen: [available: number, pods: number][] = [];
      const unsubscribe = cluster.rest.store.subscribe(({ resource }) => {
        if (resource !== 'pods') return;
        const live = cluster.list('pods').filter((pod) => textAt(pod, 'metadata', 'deletionTimestamp') === '');
        const ready = live.filter((pod) => textAt(conditionOf(pod, 'Ready') ?? {}, 'status') === 'True');
        seen.push([ready.length, live.length]);
      });
      image('httpd');
      await cluster.settle();
      unsubscribe();
      expect(seen.length).toBeGreaterThan(8);
      expect(Math.min(...seen.map(([ready]) => ready))).toBeGreaterThanOrEqual(fewest);
      expect(Math.max(...seen.map(([, pods]) => pods))).toBeLessThanOrEqual(most);
      expect(images()).toEqual(['httpd', 'httpd', 'httpd', 'httpd']);
    },
  );

  test('a template that never gets ready leaves the old pods, and is late after its deadline', async () => {
    cluster.behaviour = (pod) => (imageOf(pod) === 'broken' ? 'running' : 'ready');
    image('broken');
    await cluster.settle();
    expect(sets()).toEqual(['1 nginx 3', '2 broken 2']);
    expect(reason('Progressing')).toBe('ReplicaSetUpdated');
    expect(status()).toMatchObject({ replicas: 5, updatedReplicas: 2, availableReplicas: 3, unavailableReplicas: 2 });
    await cluster.advance(602_000);
    expect(conditionOf(get(), 'Progressing')).toMatchObject({ status: 'False', reason: 'ProgressDeadlineExceeded' });
    expect(await cluster.settle()).toBe(0);
    image('httpd');
    await cluster.settle();
    expect(sets()).toEqual(['1 nginx 0', '2 broken 0', '3 httpd 4']);
    expect(reason('Progressing')).toBe('NewReplicaSetAvailable');
  });

  test('paused, a new template waits; resumed, it rolls', async () => {
    spec({ paused: true });
    await cluster.settle();
    expect(conditionOf(get(), 'Progressing')).toMatchObject({ status: 'Unknown', reason: 'DeploymentPaused' });
    image('httpd');
    await cluster.settle();
    expect(sets()).toEqual(['1 nginx 4']);
    expect(numberAt(get(), 'status', 'updatedReplicas')).toBeUndefined();
    cluster.scale('deployments', 'web', 2);
    await cluster.settle();
    expect(sets()).toEqual(['1 nginx 2']);
    spec({ paused: false });
    await cluster.settle();
    expect(sets()).toEqual(['1 nginx 0', '2 httpd 2']);
    expect(reason('Progressing')).toBe('NewReplicaSetAvailable');
  });

  test('Recreate ends all old pods before it makes a new one', async () => {
    spec({ strategy: { type: 'Recreate', rollingUpdate: null } });
    await cluster.settle();
    const together: boolean[] = [];
    cluster.rest.store.subscribe(({ resource }) => {
      if (resource === 'pods') together.push(new Set(images()).size > 1);
    });
    image('httpd');
    await cluster.settle();
    expect(together).not.toContain(true);
    expect(images()).toEqual(['httpd', 'httpd', 'httpd', 'httpd']);
    expect(sets()).toEqual(['1 nginx 0', '2 httpd 4']);
  });

  test('as many old ReplicaSets stay as the history allows', async () => {
    spec({ revisionHistoryLimit: 2 });
    for (const name of ['a', 'b', 'c', 'd']) {
      image(name);
      await cluster.settle();
    }
    expect(sets()).toEqual(['3 b 0', '4 c 0', '5 d 4']);
  });

  test('the cause of a change is in the revision it made', async () => {
    cluster.patch('deployments', 'web', {
      metadata: { annotations: { 'kubernetes.io/change-cause': 'why' } },
      spec: { template: template({ app: 'web' }, 'httpd') },
    });
    await cluster.settle();
    const causes = cluster
      .list('replicasets')
      .map((set) => textAt(set, 'metadata', 'annotations', 'kubernetes.io/change-cause'));
    expect(causes.sort((a, b) => (a < b ? -1 : 1))).toEqual(['', 'why']);
  });
});

describe('scaling', () => {
  beforeEach(async () => {
    cluster.create('deployments', deployment('web', 4));
    await cluster.settle();
  });

  test.each([0, 1, 7])('to %d pods', async (replicas) => {
    cluster.scale('deployments', 'web', replicas);
    await cluster.settle();
    expect(cluster.names('pods')).toHaveLength(replicas);
    expect(sets()).toEqual([`1 nginx ${replicas}`]);
    expect(reason('Progressing')).toBe('NewReplicaSetAvailable');
  });

  test('in the middle of a rollout gives each ReplicaSet its share', async () => {
    cluster.behaviour = (pod) => (imageOf(pod) === 'broken' ? 'running' : 'ready');
    image('broken');
    await cluster.settle();
    expect(sets()).toEqual(['1 nginx 3', '2 broken 2']);
    cluster.scale('deployments', 'web', 8);
    await cluster.settle();
    // Ten pods: eight and a surge of two.
    expect(sets()).toEqual(['1 nginx 6', '2 broken 4']);
    cluster.scale('deployments', 'web', 4);
    await cluster.settle();
    expect(sets()).toEqual(['1 nginx 3', '2 broken 2']);
  });

  test('a surplus pod that does not work goes first', async () => {
    const [victim = {}] = cluster.list('pods').slice(2);
    cluster.setPod(victim, {}, false);
    await cluster.settle();
    cluster.scale('deployments', 'web', 3);
    await cluster.settle();
    expect(cluster.names('pods')).not.toContain(nameOf(victim));
  });

  test('minReadySeconds: pods count as available only after so long', async () => {
    spec({ minReadySeconds: 10 });
    image('httpd');
    await cluster.settle();
    expect(sets()).toEqual(['1 nginx 3', '2 httpd 2']);
    expect(numberAt(get(), 'status', 'availableReplicas')).toBe(3);
    await cluster.advance(10_000);
    await cluster.advance(10_000);
    expect(sets()).toEqual(['1 nginx 0', '2 httpd 4']);
    expect(numberAt(get(), 'status', 'availableReplicas')).toBe(4);
  });
});

test('a pod that is deleted comes again', async () => {
  cluster.create('deployments', deployment('web', 2));
  await cluster.settle();
  const [first = ''] = cluster.names('pods');
  cluster.delete('pods', first);
  await cluster.settle();
  expect(cluster.names('pods')).toHaveLength(2);
  expect(cluster.names('pods')).not.toContain(first);
});

test('a template that pods may not have is told, and tried again when it may', async () => {
  cluster.rest.refuse = (write) => {
    if (write.startsWith('create pods')) throw cluster.refusal('no room');
  };
  cluster.create('deployments', deployment('web', 2));
  await cluster.settle();
  expect(conditionOf(get(), 'ReplicaFailure')).toMatchObject({
    status: 'True',
    reason: 'FailedCreate',
    message: 'no room',
  });
  expect(cluster.told().join('\n')).toContain('Warning FailedCreate: Error creating: no room');
  cluster.rest.refuse = () => {};
  await cluster.advance(60_000);
  expect(cluster.names('pods')).toHaveLength(2);
  expect(conditionOf(get(), 'ReplicaFailure')).toBeUndefined();
});

test('controllers that start anew find everything in order', async () => {
  cluster.create('deployments', deployment('web', 2));
  await cluster.settle();
  cluster.restart();
  expect(await cluster.settle()).toBe(0);
});
