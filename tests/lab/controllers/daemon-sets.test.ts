import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/lab/api/json.ts';
import { isGoing, nameOf, objectAt, objectsAt, textAt } from '../../../src/lab/api/field-values.ts';
import { Cluster, template } from './cluster.ts';

let cluster: Cluster;

const set = (spec: JsonObject = {}, pod: JsonObject = {}): JsonObject => ({
  metadata: { name: 'agent' },
  spec: { selector: { matchLabels: { app: 'agent' } }, template: template({ app: 'agent' }, 'nginx', pod), ...spec },
});
const status = () => objectAt(cluster.get('daemonsets', 'agent'), 'status');
const nodes = () =>
  cluster
    .list('pods')
    .map((pod) => textAt(pod, 'spec', 'nodeName'))
    .sort((a, b) => (a < b ? -1 : 1));
const imageOf = (pod: JsonObject): string => textAt(objectsAt(pod, 'spec', 'containers')[0] ?? {}, 'image');
const image = (name: string) =>
  cluster.patch('daemonsets', 'agent', { spec: { template: template({ app: 'agent' }, name) } });

beforeEach(async () => {
  cluster = new Cluster(['lab-1', 'lab-2', 'lab-3']);
  await cluster.settle();
});

test('one pod on each node', async () => {
  cluster.create('daemonsets', set());
  await cluster.settle();
  expect(nodes()).toEqual(['lab-1', 'lab-2', 'lab-3']);
  expect(status()).toEqual({
    currentNumberScheduled: 3,
    numberMisscheduled: 0,
    desiredNumberScheduled: 3,
    numberReady: 3,
    observedGeneration: 1,
    updatedNumberScheduled: 3,
    numberAvailable: 3,
  });
  expect(await cluster.settle()).toBe(0);
});

test('nodes come and go', async () => {
  cluster.create('daemonsets', set());
  await cluster.settle();
  cluster.addNode('lab-4');
  await cluster.settle();
  expect(nodes()).toEqual(['lab-1', 'lab-2', 'lab-3', 'lab-4']);
  cluster.delete('nodes', 'lab-2');
  await cluster.settle();
  expect(nodes()).toEqual(['lab-1', 'lab-3', 'lab-4']);
});

test('only nodes that are selected, also when their labels change', async () => {
  cluster.patch('nodes', 'lab-2', { metadata: { labels: { disk: 'ssd' } } });
  cluster.create('daemonsets', set({}, { nodeSelector: { disk: 'ssd' } }));
  await cluster.settle();
  expect(nodes()).toEqual(['lab-2']);
  cluster.patch('nodes', 'lab-3', { metadata: { labels: { disk: 'ssd' } } });
  cluster.patch('nodes', 'lab-2', { metadata: { labels: { disk: null } } });
  await cluster.settle();
  expect(nodes()).toEqual(['lab-3']);
});

describe('taints', () => {
  test('a cordoned node has one all the same', async () => {
    cluster.patch('nodes', 'lab-1', { spec: { unschedulable: true } });
    cluster.create('daemonsets', set());
    await cluster.settle();
    expect(nodes()).toEqual(['lab-1', 'lab-2', 'lab-3']);
  });

  test('a tainted node has none, unless it is tolerated', async () => {
    cluster.patch('nodes', 'lab-1', { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } });
    cluster.create('daemonsets', set());
    await cluster.settle();
    expect(nodes()).toEqual(['lab-2', 'lab-3']);
    cluster.patch('daemonsets', 'agent', {
      spec: { template: template({ app: 'agent' }, 'nginx', { tolerations: [{ operator: 'Exists' }] }) },
    });
    await cluster.settle();
    expect(nodes()).toEqual(['lab-1', 'lab-2', 'lab-3']);
  });

  test('NoSchedule leaves what runs, NoExecute does not', async () => {
    cluster.create('daemonsets', set());
    await cluster.settle();
    cluster.patch('nodes', 'lab-1', { spec: { taints: [{ key: 'k', effect: 'NoSchedule' }] } });
    await cluster.settle();
    expect(nodes()).toEqual(['lab-1', 'lab-2', 'lab-3']);
    cluster.patch('nodes', 'lab-1', { spec: { taints: [{ key: 'k', effect: 'NoExecute' }] } });
    await cluster.settle();
    expect(nodes()).toEqual(['lab-2', 'lab-3']);
  });
});

describe('a new template', () => {
  beforeEach(async () => {
    cluster.create('daemonsets', set());
    await cluster.settle();
  });

  test.each([
    [1, 2],
    [2, 1],
    ['50%', 1],
  ])('rolls with at most %s missing', async (maxUnavailable, fewest) => {
    cluster.patch('daemonsets', 'agent', {
      spec: { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable } } },
    });
    await cluster.settle();
    const live: number[] = [];
    cluster.rest.store.subscribe(({ resource }) => {
      if (resource === 'pods')
        live.push(
          cluster.list('pods').filter((pod) => !isGoing(pod) && textAt(pod, 'status', 'phase') === 'Running').length,
        );
    });
    image('httpd');
    await cluster.settle();
    expect(cluster.list('pods').map(imageOf)).toEqual(['httpd', 'httpd', 'httpd']);
    expect(Math.min(...live)).toBe(fewest);
    expect(status()).toMatchObject({ updatedNumberScheduled: 3, numberAvailable: 3 });
  });

  test('OnDelete waits for somebody to delete', async () => {
    cluster.patch('daemonsets', 'agent', { spec: { updateStrategy: { type: 'OnDelete', rollingUpdate: null } } });
    image('httpd');
    await cluster.settle();
    expect(status()['updatedNumberScheduled']).toBeUndefined();
    const [first = ''] = cluster.names('pods');
    cluster.delete('pods', first);
    await cluster.settle();
    expect(
      cluster
        .list('pods')
        .map(imageOf)
        .sort((a, b) => (a < b ? -1 : 1)),
    ).toEqual(['httpd', 'nginx', 'nginx']);
  });

  test('is a revision', async () => {
    image('httpd');
    await cluster.settle();
    expect(
      cluster
        .list('controllerrevisions')
        .map((each) => Number(each['revision']))
        .sort((a, b) => a - b),
    ).toEqual([1, 2]);
  });
});

test('a failed pod is replaced, but not without a pause', async () => {
  cluster.create('daemonsets', set());
  await cluster.settle();
  const [first = {}] = cluster.list('pods');
  cluster.setPod(first, { phase: 'Failed' }, false);
  await cluster.settle();
  expect(cluster.names('pods')).toContain(nameOf(first));
  await cluster.advance(10_000);
  expect(cluster.names('pods')).not.toContain(nameOf(first));
  expect(nodes()).toEqual(['lab-1', 'lab-2', 'lab-3']);
});
