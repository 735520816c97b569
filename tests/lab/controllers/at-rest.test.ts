/** Whatever is done to a cluster, it comes to rest, and where it rests is where it should be. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { StatusError } from '../../../src/lab/api/status-error.ts';

import {
  isGoing,
  isTrueAt,
  labelsOf,
  nameOf,
  numberAt,
  objectsAt,
  textAt,
  uidOf,
} from '../../../src/lab/api/field-values.ts';
import { Cluster, deployment, template } from './cluster.ts';

type Step = (cluster: Cluster) => void;

const name = fc.constantFrom('a', 'b');
const count = fc.integer({ min: 0, max: 4 });
const step: fc.Arbitrary<readonly [what: string, act: Step]> = fc.oneof(
  fc
    .tuple(name, count)
    .map(([app, replicas]): readonly [string, Step] => [
      `deployment ${app} ${replicas}`,
      (cluster) => cluster.create('deployments', deployment(app, replicas)),
    ]),
  fc
    .tuple(name, fc.constantFrom('nginx', 'httpd', 'broken'))
    .map(([app, image]): readonly [string, Step] => [
      `image ${app} ${image}`,
      (cluster) => cluster.patch('deployments', app, { spec: { template: template({ app }, image) } }),
    ]),
  fc
    .tuple(name, count)
    .map(([app, replicas]): readonly [string, Step] => [
      `scale ${app} ${replicas}`,
      (cluster) => cluster.scale('deployments', app, replicas),
    ]),
  fc
    .tuple(name, fc.boolean())
    .map(([app, paused]): readonly [string, Step] => [
      `pause ${app} ${String(paused)}`,
      (cluster) => cluster.patch('deployments', app, { spec: { paused } }),
    ]),
  fc.tuple(name, fc.constantFrom('Recreate', 'RollingUpdate')).map(([app, type]): readonly [string, Step] => [
    `strategy ${app} ${type}`,
    (cluster) =>
      cluster.patch('deployments', app, {
        spec: { strategy: { type, rollingUpdate: type === 'Recreate' ? null : { maxSurge: 1, maxUnavailable: 0 } } },
      }),
  ]),
  fc
    .tuple(name, fc.constantFrom(undefined, 'Foreground', 'Orphan'))
    .map(([app, propagationPolicy]): readonly [string, Step] => [
      `delete ${app} ${propagationPolicy ?? ''}`,
      (cluster) =>
        cluster.delete('deployments', app, {
          propagationPolicy,
        }),
    ]),
  name.map((app): readonly [string, Step] => [
    `service ${app}`,
    (cluster) =>
      cluster.create('services', { metadata: { name: app }, spec: { selector: { app }, ports: [{ port: 80 }] } }),
  ]),
  fc
    .nat(5)
    .map((at): readonly [string, Step] => [
      `lose pod ${at}`,
      (cluster) => cluster.delete('pods', cluster.names('pods')[at] ?? 'none'),
    ]),
  fc
    .tuple(fc.nat(5), name)
    .map(([at, app]): readonly [string, Step] => [
      `label pod ${at} ${app}`,
      (cluster) => cluster.patch('pods', cluster.names('pods')[at] ?? 'none', { metadata: { labels: { app } } }),
    ]),
  fc.nat(5).map((at): readonly [string, Step] => [
    `fail pod ${at}`,
    (cluster) => {
      const pod = cluster.list('pods')[at];
      if (pod !== undefined && textAt(pod, 'status', 'podIP') !== '') cluster.setPod(pod, { phase: 'Failed' }, false);
    },
  ]),
  fc
    .boolean()
    .map((unschedulable): readonly [string, Step] => [
      `cordon ${String(unschedulable)}`,
      (cluster) => cluster.patch('nodes', 'lab-1', { spec: { unschedulable } }),
    ]),
  fc.constant<readonly [string, Step]>([
    'daemon',
    (cluster) =>
      cluster.create('daemonsets', {
        metadata: { name: 'd' },
        spec: { selector: { matchLabels: { d: '1' } }, template: template({ d: '1' }) },
      }),
  ]),
  count.map((replicas): readonly [string, Step] => [
    `stateful ${replicas}`,
    (cluster) =>
      cluster.find('statefulsets', 's') === undefined
        ? cluster.create('statefulsets', {
            metadata: { name: 's' },
            spec: { replicas, serviceName: 's', selector: { matchLabels: { s: '1' } }, template: template({ s: '1' }) },
          })
        : cluster.scale('statefulsets', 's', replicas),
  ]),
  fc.constant<readonly [string, Step]>(['end of the namespace', (cluster) => cluster.delete('namespaces', 'demo')]),
  fc.constant<readonly [string, Step]>([
    'namespace again',
    (cluster) => cluster.create('namespaces', { metadata: { name: 'demo' } }),
  ]),
  fc.constant<readonly [string, Step]>(['restart', (cluster) => cluster.restart()]),
);

const schedule = fc.array(fc.tuple(step, fc.constantFrom('at once', 'half way', 'settled')), {
  minLength: 1,
  maxLength: 14,
});

test('after any sequence of operations there is nothing left to write', async () => {
  await fc.assert(
    fc.asyncProperty(schedule, async (steps) => {
      const cluster = new Cluster();
      cluster.behaviour = (pod) =>
        objectsAt(pod, 'spec', 'containers').some((each) => textAt(each, 'image') === 'broken') ? 'running' : 'ready';
      for (const [[, act], pace] of steps) {
        try {
          act(cluster);
        } catch (error) {
          // Not everything can be done at every time.
          if (!(error instanceof StatusError)) throw error;
        }
        if (pace === 'half way') cluster.takeTurns();
        if (pace === 'settled') await cluster.settle(3000);
      }
      await cluster.settle(3000);
      // Deadlines, retries and what is late.
      await cluster.advance(700_000);
      await cluster.advance(700_000);
      expect(await cluster.settle()).toBe(0);
      cluster.restart();
      expect(await cluster.settle()).toBe(0);
      checkRest(cluster);
      cluster.stop();
    }),
    { numRuns: 60 },
  );
});

function checkRest(cluster: Cluster): void {
  const pods = cluster.list('pods');
  const canRun = cluster
    .list('nodes')
    .some((node) => node['spec'] === undefined || !objectsAt(node, 'spec', 'taints').length);
  expect(canRun).toBe(true);
  for (const set of cluster.list('replicasets')) {
    const own = pods.filter((pod) =>
      objectsAt(pod, 'metadata', 'ownerReferences').some((each) => textAt(each, 'uid') === uidOf(set)),
    );
    const active = own.filter((pod) => textAt(pod, 'status', 'phase') !== 'Failed');
    expect(active).toHaveLength(numberAt(set, 'spec', 'replicas') ?? -1);
    expect(active.filter(isGoing)).toEqual([]);
  }
  for (const each of cluster.list('deployments')) {
    const replicas = numberAt(each, 'spec', 'replicas') ?? 0;
    expect(numberAt(each, 'status', 'observedGeneration')).toBe(numberAt(each, 'metadata', 'generation'));
    if (isTrueAt(each, 'spec', 'paused')) continue;
    expect(numberAt(each, 'status', 'replicas') ?? 0).toBeGreaterThanOrEqual(replicas);
    const [container] = objectsAt(each, 'spec', 'template', 'spec', 'containers');
    if (textAt(container ?? {}, 'image') === 'broken') continue;
    expect(numberAt(each, 'status', 'availableReplicas') ?? 0).toBe(replicas);
    expect(numberAt(each, 'status', 'updatedReplicas') ?? 0).toBe(replicas);
  }
  for (const service of cluster.list('services')) {
    const selected = pods.filter(
      (pod) => labelsOf(pod).get('app') === nameOf(service) && textAt(pod, 'status', 'phase') === 'Running',
    );
    const slices = cluster.list('endpointslices', 'demo', `kubernetes.io/service-name=${nameOf(service)}`);
    const uids = slices
      .flatMap((slice) => objectsAt(slice, 'endpoints'))
      .map((each) => textAt(each, 'targetRef', 'uid'));
    expect(new Set(uids)).toEqual(new Set(selected.map(uidOf)));
    expect(uids).toHaveLength(selected.length);
  }
}
