import { beforeEach, expect, test } from 'vitest';
import { objectsAt, textAt } from '../../../src/lab/api/field-values.ts';
import { Cluster, deployment, template } from './cluster.ts';

let cluster: Cluster;

beforeEach(async () => {
  cluster = new Cluster();
  await cluster.settle();
});

const taints = (name: string) =>
  objectsAt(cluster.get('nodes', name), 'spec', 'taints').map(
    (each) => `${textAt(each, 'key')}:${textAt(each, 'effect')}`,
  );

test('a cordoned node has the taint of it, and loses it again; other taints stay', async () => {
  cluster.patch('nodes', 'lab-1', { spec: { unschedulable: true, taints: [{ key: 'mine', effect: 'NoSchedule' }] } });
  await cluster.settle();
  expect(taints('lab-1')).toEqual(['mine:NoSchedule', 'node.kubernetes.io/unschedulable:NoSchedule']);
  cluster.patch('nodes', 'lab-1', { spec: { unschedulable: false } });
  await cluster.settle();
  expect(taints('lab-1')).toEqual(['mine:NoSchedule']);
});

test('so has one that is not ready', async () => {
  cluster.setStatus('nodes', cluster.get('nodes', 'lab-1'), { conditions: [{ type: 'Ready', status: 'Unknown' }] });
  await cluster.settle();
  expect(taints('lab-1')).toEqual(['node.kubernetes.io/not-ready:NoSchedule']);
  expect(await cluster.settle()).toBe(0);
});

test('pods of a node that is deleted go, and come again elsewhere', async () => {
  cluster.create('deployments', deployment('web', 4));
  await cluster.settle();
  cluster.deaf = true;
  cluster.delete('nodes', 'lab-1');
  await cluster.settle();
  expect(cluster.list('pods').map((pod) => textAt(pod, 'spec', 'nodeName'))).toEqual([
    'lab-2',
    'lab-2',
    'lab-2',
    'lab-2',
  ]);
});

test('a pod of a node that nobody has seen goes after a while, unless the node comes', async () => {
  const bare = (name: string, nodeName: string) =>
    cluster.create('pods', { ...template({}, 'nginx', { nodeName }), metadata: { name } });
  cluster.behaviour = () => 'stuck';
  bare('a', 'nowhere');
  bare('b', 'soon');
  await cluster.settle();
  await cluster.advance(30_000);
  expect(cluster.names('pods')).toEqual(['a', 'b']);
  cluster.addNode('soon');
  await cluster.advance(10_000);
  expect(cluster.names('pods')).toEqual(['b']);
});
