/** What many pods cost: writes and syncs in proportion to their number, however they arrive. */
import { expect, test } from 'vitest';
import { isReady } from '../../../src/lab/controllers/pod-state.ts';
import { nameOf, numberAt, objectsAt } from '../../../src/lab/api/field-values.ts';
import { Cluster, deployment } from './cluster.ts';

const kindsOf = (writes: readonly string[]): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>();
  for (const write of writes) {
    const kind = write.slice(0, write.lastIndexOf(' '));
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
};

test('300 pods of a Deployment behind a Service that become ready one after the other', async () => {
  const cluster = new Cluster();
  await cluster.settle();
  cluster.behaviour = () => 'running';
  cluster.create('services', { metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } });
  cluster.create('deployments', deployment('web', 300));
  await cluster.settle();
  const pods = cluster.list('pods');
  expect(pods).toHaveLength(300);
  const made = kindsOf(cluster.rest.writes);
  expect(made.get('create pods')).toBe(300);
  expect(made.get('create pods/binding')).toBe(300);
  // Each pod has two Events; all else is a small share of the number of pods.
  const others = [...made].filter(
    ([kind]) => !kind.endsWith('pods') && !kind.endsWith('binding') && kind !== 'create events',
  );
  expect(others.reduce((sum, [, count]) => sum + count, 0)).toBeLessThan(60);

  const before = cluster.rest.writes.length;
  for (const pod of pods) {
    cluster.setPod(cluster.get('pods', nameOf(pod)), {}, true);
    cluster.takeTurns();
    cluster.clock.advance(4);
  }
  await cluster.settle();
  expect(numberAt(cluster.get('deployments', 'web'), 'status', 'availableReplicas')).toBe(300);
  expect(
    objectsAt(cluster.get('endpoints', 'web'), 'subsets').flatMap((each) => objectsAt(each, 'addresses')),
  ).toHaveLength(300);
  expect(cluster.list('pods').every(isReady)).toBe(true);
  // 1.2 seconds in all, and each big object at most every 60 ms: status of set and Deployment, Endpoints, three slices.
  expect(cluster.rest.writes.length - before).toBeLessThan(6 * 25);
});

test('a small Service has every change at once', async () => {
  const cluster = new Cluster();
  await cluster.settle();
  cluster.create('services', { metadata: { name: 'web' }, spec: { selector: { app: 'web' }, ports: [{ port: 80 }] } });
  cluster.create('deployments', deployment('web', 3));
  await cluster.settle();
  const now = cluster.clock.nowMs();
  const [pod = {}] = cluster.list('pods');
  cluster.setPod(pod, {}, false);
  cluster.takeTurns();
  expect(cluster.clock.nowMs()).toBe(now);
  expect(
    objectsAt(cluster.get('endpoints', 'web'), 'subsets').flatMap((each) => objectsAt(each, 'addresses')),
  ).toHaveLength(2);
});

test('120 pods go with their Deployment, or with their namespace, in as many deletions', async () => {
  for (const end of ['deployment', 'namespace']) {
    const cluster = new Cluster();
    cluster.create('deployments', deployment('web', 120));
    await cluster.settle();
    const before = cluster.rest.writes.length;
    if (end === 'deployment') cluster.delete('deployments', 'web', { propagationPolicy: 'Foreground' });
    else cluster.delete('namespaces', 'demo');
    await cluster.settle();
    expect(cluster.names('pods')).toEqual([]);
    const kinds = kindsOf(cluster.rest.writes.slice(before));
    expect(kinds.get('delete pods')).toBe(120);
    const others = [...kinds].filter(([kind]) => kind !== 'delete pods' && !kind.endsWith('events'));
    expect(others.reduce((sum, [, count]) => sum + count, 0)).toBeLessThan(30);
  }
});
