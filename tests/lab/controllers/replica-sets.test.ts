import { beforeEach, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/lab/api/json.ts';
import { controllerOf } from '../../../src/lab/controllers/cluster-index.ts';
import { nameOf, objectAt, textAt } from '../../../src/lab/api/field-values.ts';
import { Cluster, template } from './cluster.ts';

let cluster: Cluster;

beforeEach(async () => {
  cluster = new Cluster();
  await cluster.settle();
});

const set = (name: string, replicas: number): JsonObject => ({
  metadata: { name },
  spec: { replicas, selector: { matchLabels: { app: name } }, template: template({ app: name }) },
});
const pod = (name: string, labels: JsonObject): JsonObject => ({ ...template(labels), metadata: { name, labels } });
const ownerOf = (name: string) => textAt(controllerOf(cluster.get('pods', name)) ?? {}, 'name');

test('a pod that the selector matches and nobody controls is adopted', async () => {
  cluster.create('pods', pod('mine', { app: 'web' }));
  await cluster.settle();
  cluster.create('replicasets', set('web', 2));
  await cluster.settle();
  expect(ownerOf('mine')).toBe('web');
  expect(cluster.names('pods')).toHaveLength(2);
  cluster.create('pods', pod('late', { app: 'web' }));
  await cluster.settle();
  // One too many now: the youngest of equals goes.
  expect(cluster.names('pods')).toHaveLength(2);
});

test('a pod that loses its label is set free and replaced; it is taken back with the label', async () => {
  cluster.create('replicasets', set('web', 2));
  await cluster.settle();
  const [first = ''] = cluster.names('pods');
  cluster.patch('pods', first, { metadata: { labels: { app: 'debug' } } });
  await cluster.settle();
  expect(ownerOf(first)).toBe('');
  expect(cluster.names('pods')).toHaveLength(3);
  cluster.patch('pods', first, { metadata: { labels: { app: 'web' } } });
  await cluster.settle();
  expect(cluster.names('pods')).toHaveLength(2);
});

test('a pod of somebody else is left alone', async () => {
  cluster.create('replicasets', set('web', 1));
  await cluster.settle();
  const [first = ''] = cluster.names('pods');
  cluster.create('replicasets', { ...set('web', 1), metadata: { name: 'other' } });
  await cluster.settle();
  expect(ownerOf(first)).toBe('web');
  expect(cluster.names('pods')).toHaveLength(2);
});

test.each<[string, (cluster: Cluster, pods: readonly JsonObject[]) => JsonObject | undefined]>([
  [
    'the one that is not ready',
    (at, [, second]) => {
      if (second !== undefined) at.setPod(second, {}, false);
      return second;
    },
  ],
  [
    'the one that costs least',
    (at, pods) => {
      for (const each of pods)
        at.patch('pods', nameOf(each), {
          metadata: {
            annotations: {
              'controller.kubernetes.io/pod-deletion-cost': nameOf(each) === nameOf(pods[1] ?? {}) ? '-1' : '5',
            },
          },
        });
      return pods[1];
    },
  ],
  [
    'the one that restarted most',
    (at, [, second]) => {
      if (second === undefined) return undefined;
      const containerStatuses = [{ name: 'main', restartCount: 3, ready: true, image: 'nginx', imageID: '' }];
      at.setStatus('pods', second, { ...objectAt(second, 'status'), containerStatuses });
      return second;
    },
  ],
  [
    'one of the node that has two of them',
    (_, pods) =>
      pods
        .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
        .find((each) => textAt(each, 'spec', 'nodeName') === crowded(pods)),
  ],
])('of surplus pods %s goes', async (_, prepare) => {
  cluster.create('replicasets', set('web', 3));
  await cluster.settle();
  const victim = prepare(cluster, cluster.list('pods'));
  await cluster.settle();
  cluster.patch('replicasets', 'web', { spec: { replicas: 2 } });
  await cluster.settle();
  expect(cluster.names('pods')).toHaveLength(2);
  expect(cluster.names('pods')).not.toContain(nameOf(victim ?? {}));
  expect(cluster.told()).toContain(`Normal SuccessfulDelete: Deleted pod: ${nameOf(victim ?? {})}`);
});

function crowded(pods: readonly JsonObject[]): string {
  const nodes = pods.map((each) => textAt(each, 'spec', 'nodeName'));
  return nodes.find((node) => nodes.indexOf(node) !== nodes.lastIndexOf(node)) ?? '';
}

test('a failed pod counts no more', async () => {
  cluster.create('replicasets', set('web', 1));
  await cluster.settle();
  const [first = {}] = cluster.list('pods');
  cluster.setPod(first, { phase: 'Failed' }, false);
  await cluster.settle();
  expect(cluster.names('pods')).toHaveLength(2);
  expect(objectAt(cluster.get('replicasets', 'web'), 'status')).toMatchObject({ replicas: 1, readyReplicas: 1 });
});
