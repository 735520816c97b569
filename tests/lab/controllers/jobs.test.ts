import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/lab/api/json.ts';
import { conditionOf } from '../../../src/lab/controllers/conditions.ts';
import { formatIndexes } from '../../../src/lab/controllers/job-indexes.ts';
import { labelsOf, nameOf, objectAt, objectsAt, textAt } from '../../../src/lab/api/field-values.ts';
import { Cluster } from './cluster.ts';

let cluster: Cluster;

const job = (spec: JsonObject = {}): JsonObject => ({
  metadata: { name: 'task' },
  spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'main', image: 'busybox' }] } }, ...spec },
});
const status = () => objectAt(cluster.get('jobs', 'task'), 'status');
const condition = (type: string) => conditionOf(cluster.get('jobs', 'task'), type);
const running = () => cluster.list('pods').filter((pod) => textAt(pod, 'status', 'phase') === 'Running');
const end = (phase: 'Failed' | 'Succeeded', count = 1) => {
  for (const pod of running().slice(0, count)) cluster.setPod(pod, { phase }, false);
};

beforeEach(async () => {
  cluster = new Cluster();
  cluster.behaviour = () => 'ready';
  await cluster.settle();
});

test('a Job of one pod', async () => {
  cluster.create('jobs', job());
  await cluster.settle();
  const [pod = {}] = cluster.list('pods');
  expect(nameOf(pod)).toMatch(/^task-[a-z0-9]{5}$/);
  expect(labelsOf(pod).get('job-name')).toBe('task');
  expect(status()).toMatchObject({ active: 1, ready: 1, startTime: '2026-01-01T00:00:00Z' });
  cluster.clock.advance(5000);
  end('Succeeded');
  await cluster.settle();
  expect(status()).toMatchObject({ succeeded: 1, ready: 0, completionTime: '2026-01-01T00:00:05Z' });
  expect(status()['active']).toBeUndefined();
  expect(condition('Complete')).toMatchObject({ status: 'True' });
  expect(cluster.told()).toContain('Normal Completed: Job completed');
  expect(await cluster.settle()).toBe(0);
});

test('several, so many at a time', async () => {
  cluster.create('jobs', job({ completions: 5, parallelism: 2 }));
  await cluster.settle();
  const active: number[] = [running().length];
  for (let round = 0; round < 5 && condition('Complete') === undefined; round += 1) {
    end('Succeeded');
    await cluster.settle();
    active.push(running().length);
  }
  expect(active).toEqual([2, 2, 2, 2, 1, 0]);
  expect(status()).toMatchObject({ succeeded: 5 });
  expect(cluster.names('pods')).toHaveLength(5);
});

test('a pod that is deleted when it is done counts all the same', async () => {
  cluster.create('jobs', job({ completions: 2, parallelism: 1 }));
  await cluster.settle();
  const [first = ''] = cluster.names('pods');
  end('Succeeded');
  await cluster.settle();
  cluster.delete('pods', first);
  await cluster.settle();
  end('Succeeded');
  await cluster.settle();
  expect(status()).toMatchObject({ succeeded: 2 });
  expect(condition('Complete')).toMatchObject({ status: 'True' });
});

test('a queue of work: when one is done, no new ones begin, and all of them end', async () => {
  cluster.create('jobs', job({ parallelism: 3 }));
  await cluster.settle();
  expect(running()).toHaveLength(3);
  end('Succeeded');
  await cluster.settle();
  expect(running()).toHaveLength(2);
  expect(condition('Complete')).toBeUndefined();
  end('Succeeded', 2);
  await cluster.settle();
  expect(condition('Complete')).toMatchObject({ status: 'True' });
});

describe('failures', () => {
  test('a failed pod is tried again, later each time, until the limit', async () => {
    cluster.create('jobs', job({ backoffLimit: 2 }));
    await cluster.settle();
    end('Failed');
    await cluster.settle();
    expect(cluster.names('pods')).toHaveLength(1);
    await cluster.advance(10_000);
    expect(cluster.names('pods')).toHaveLength(2);
    end('Failed');
    await cluster.advance(10_000);
    expect(cluster.names('pods')).toHaveLength(2);
    await cluster.advance(10_000);
    expect(cluster.names('pods')).toHaveLength(3);
    end('Failed');
    await cluster.settle();
    expect(condition('Failed')).toMatchObject({
      status: 'True',
      reason: 'BackoffLimitExceeded',
      message: 'Job has reached the specified backoff limit',
    });
    expect(status()).toMatchObject({ failed: 3 });
    expect(cluster.told()).toContain('Warning BackoffLimitExceeded: Job has reached the specified backoff limit');
    await cluster.advance(3_600_000);
    expect(cluster.names('pods')).toHaveLength(3);
  });

  test('restarts in place count where the pod restarts itself', async () => {
    const spec = { restartPolicy: 'OnFailure', containers: [{ name: 'main', image: 'busybox' }] };
    cluster.create('jobs', job({ backoffLimit: 2, template: { spec } }));
    await cluster.settle();
    const [pod = {}] = cluster.list('pods');
    const containerStatuses = [{ name: 'main', restartCount: 2, ready: false, image: 'busybox', imageID: '' }];
    cluster.setStatus('pods', pod, { ...objectAt(pod, 'status'), containerStatuses });
    await cluster.settle();
    expect(condition('Failed')).toMatchObject({ reason: 'BackoffLimitExceeded' });
    expect(cluster.names('pods')).toEqual([]);
  });

  test('what takes too long ends', async () => {
    cluster.create('jobs', job({ activeDeadlineSeconds: 30 }));
    await cluster.settle();
    await cluster.advance(29_000);
    expect(condition('Failed')).toBeUndefined();
    await cluster.advance(1000);
    expect(condition('Failed')).toMatchObject({ reason: 'DeadlineExceeded' });
    expect(cluster.names('pods')).toEqual([]);
  });
});

test('a finished Job goes after its time to live', async () => {
  cluster.create('jobs', job({ ttlSecondsAfterFinished: 60 }));
  await cluster.settle();
  end('Succeeded');
  await cluster.settle();
  await cluster.advance(59_000);
  expect(cluster.names('jobs')).toEqual(['task']);
  await cluster.advance(1000);
  expect([cluster.names('jobs'), cluster.names('pods')]).toEqual([[], []]);
});

test('suspended it has no pods; resumed it begins', async () => {
  cluster.create('jobs', job({ suspend: true }));
  await cluster.settle();
  expect(cluster.names('pods')).toEqual([]);
  expect(condition('Suspended')).toMatchObject({ status: 'True', reason: 'JobSuspended' });
  expect(status()['startTime']).toBeUndefined();
  cluster.patch('jobs', 'task', { spec: { suspend: false } });
  await cluster.settle();
  expect(running()).toHaveLength(1);
  expect(condition('Suspended')).toMatchObject({ status: 'False', reason: 'JobResumed' });
  cluster.patch('jobs', 'task', { spec: { suspend: true } });
  await cluster.settle();
  expect(cluster.names('pods')).toEqual([]);
  expect(await cluster.settle()).toBe(0);
});

test('indexed: each number once, in the name, the environment and the annotation', async () => {
  cluster.create('jobs', job({ completions: 3, parallelism: 2, completionMode: 'Indexed' }));
  await cluster.settle();
  expect(cluster.names('pods').map((name) => name.slice(0, 7))).toEqual(['task-0-', 'task-1-']);
  const [first = {}] = cluster.list('pods');
  expect(objectAt(first, 'spec')).toMatchObject({ hostname: 'task-0' });
  expect(objectsAt(first, 'spec', 'containers')).toMatchObject([{ env: [{ name: 'JOB_COMPLETION_INDEX' }] }]);
  end('Succeeded', 2);
  await cluster.settle();
  expect(status()).toMatchObject({ completedIndexes: '0,1', succeeded: 2 });
  end('Failed');
  await cluster.advance(10_000);
  end('Succeeded');
  await cluster.settle();
  expect(status()).toMatchObject({ completedIndexes: '0-2', succeeded: 3, failed: 1 });
  expect(condition('Complete')).toMatchObject({ status: 'True' });
});

test.each<[readonly number[], string]>([
  [[], ''],
  [[3], '3'],
  [[1, 0], '0,1'],
  [[5, 0, 2, 1, 7], '0-2,5,7'],
])('numbers %j are %s', (indexes, text) => {
  expect(formatIndexes(new Set(indexes))).toBe(text);
});
