import { beforeEach, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/lab/api/json.ts';
import { conditionOf } from '../../../src/lab/controllers/conditions.ts';
import { objectAt, textAt } from '../../../src/lab/api/field-values.ts';
import { Cluster, deployment } from './cluster.ts';

let cluster: Cluster;

beforeEach(async () => {
  cluster = new Cluster();
  await cluster.settle();
});

let names = 0;
const place = async (spec: JsonObject, labels: JsonObject = {}): Promise<string> => {
  const name = `p${(names += 1)}`;
  cluster.create('pods', { metadata: { name, labels }, spec: { containers: [{ name: 'a', image: 'b' }], ...spec } });
  await cluster.settle();
  return textAt(cluster.get('pods', name), 'spec', 'nodeName');
};
const nodes = () => cluster.list('pods').map((pod) => textAt(pod, 'spec', 'nodeName'));
const taint = (name: string, ...taints: readonly JsonObject[]) => cluster.patch('nodes', name, { spec: { taints } });
const required = (...matchExpressions: readonly JsonObject[]): JsonObject => ({
  affinity: {
    nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions }] } },
  },
});

test('pods go where the fewest are, and an Event says where', async () => {
  cluster.create('deployments', deployment('web', 6));
  await cluster.settle();
  expect(nodes().filter((node) => node === 'lab-1')).toHaveLength(3);
  const [pod = ''] = cluster.names('pods');
  const node = textAt(cluster.get('pods', pod), 'spec', 'nodeName');
  expect(cluster.told()).toContain(`Normal Scheduled: Successfully assigned demo/${pod} to ${node}`);
  expect(conditionOf(cluster.get('pods', pod), 'PodScheduled')).toMatchObject({ status: 'True' });
});

describe('nodes that a pod may run on', () => {
  beforeEach(() => {
    cluster.patch('nodes', 'lab-2', { metadata: { labels: { disk: 'ssd', rank: '7' } } });
  });

  test.each<[string, JsonObject, string]>([
    ['nodeSelector', { nodeSelector: { disk: 'ssd' } }, 'lab-2'],
    ['In', required({ key: 'disk', operator: 'In', values: ['hdd', 'ssd'] }), 'lab-2'],
    ['NotIn', required({ key: 'disk', operator: 'NotIn', values: ['ssd'] }), 'lab-1'],
    ['Exists', required({ key: 'disk', operator: 'Exists' }), 'lab-2'],
    ['DoesNotExist', required({ key: 'disk', operator: 'DoesNotExist' }), 'lab-1'],
    ['Gt', required({ key: 'rank', operator: 'Gt', values: ['6'] }), 'lab-2'],
    ['Lt', required({ key: 'rank', operator: 'Lt', values: ['7'] }), ''],
    ['all of a term', required({ key: 'disk', operator: 'Exists' }, { key: 'rank', operator: 'DoesNotExist' }), ''],
    ['no such label', { nodeSelector: { disk: 'tape' } }, ''],
    ['another scheduler', { schedulerName: 'mine' }, ''],
    ['a gate', { schedulingGates: [{ name: 'example.com/wait' }] }, ''],
  ])('%s', async (_, spec, node) => {
    expect([await place(spec), await place(spec)]).toEqual([node, node]);
  });

  test('one of several terms is enough', async () => {
    const terms = ['hdd', 'ssd'].map((value) => ({
      matchExpressions: [{ key: 'disk', operator: 'In', values: [value] }],
    }));
    const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } };
    expect(await place({ affinity: { nodeAffinity } })).toBe('lab-2');
  });
});

describe('taints', () => {
  test.each<[string, JsonObject, readonly JsonObject[], boolean]>([
    ['not tolerated', { key: 'k', value: 'v', effect: 'NoSchedule' }, [], false],
    ['NoExecute', { key: 'k', effect: 'NoExecute' }, [], false],
    ['only preferred', { key: 'k', effect: 'PreferNoSchedule' }, [], true],
    ['Exists', { key: 'k', value: 'v', effect: 'NoSchedule' }, [{ key: 'k', operator: 'Exists' }], true],
    ['Equal', { key: 'k', value: 'v', effect: 'NoSchedule' }, [{ key: 'k', operator: 'Equal', value: 'v' }], true],
    [
      'another value',
      { key: 'k', value: 'v', effect: 'NoSchedule' },
      [{ key: 'k', operator: 'Equal', value: 'w' }],
      false,
    ],
    [
      'another effect',
      { key: 'k', effect: 'NoSchedule' },
      [{ key: 'k', operator: 'Exists', effect: 'NoExecute' }],
      false,
    ],
    ['everything', { key: 'k', effect: 'NoSchedule' }, [{ operator: 'Exists' }], true],
  ])('%s', async (_, each, tolerations, fits) => {
    taint('lab-1', each);
    taint('lab-2', each);
    expect((await place({ tolerations })) !== '').toBe(fits);
  });
});

test('a pod that fits nowhere says why, once, and runs as soon as it can', async () => {
  cluster.patch('nodes', 'lab-1', { spec: { unschedulable: true } });
  taint('lab-2', { key: 'k', value: 'v', effect: 'NoSchedule' });
  await cluster.settle();
  await place({});
  const name = `p${names}`;
  const message =
    '0/2 nodes are available: 1 node(s) had untolerated taint {k: v}, 1 node(s) were unschedulable. ' +
    'preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.';
  expect(conditionOf(cluster.get('pods', name), 'PodScheduled')).toMatchObject({
    status: 'False',
    reason: 'Unschedulable',
    message,
  });
  expect(cluster.told()).toEqual([`Warning FailedScheduling: ${message}`]);
  cluster.patch('nodes', 'lab-1', { spec: { unschedulable: false } });
  await cluster.settle();
  expect(textAt(cluster.get('pods', name), 'spec', 'nodeName')).toBe('lab-1');
});

test('without nodes a pod waits for the first one', async () => {
  cluster = new Cluster([]);
  await cluster.settle();
  expect(await place({})).toBe('');
  expect(cluster.told()).toEqual(['Warning FailedScheduling: no nodes available to schedule pods']);
  cluster.addNode('lab-1');
  await cluster.settle();
  expect(nodes()).toEqual(['lab-1']);
});

test('a heartbeat of a node is no reason to try again', async () => {
  await place({ nodeSelector: { no: 'where' } });
  const node = cluster.get('nodes', 'lab-1');
  const conditions = [
    { type: 'Ready', status: 'True', reason: 'KubeletReady', lastHeartbeatTime: '2026-01-01T00:00:10Z' },
  ];
  cluster.setStatus('nodes', node, { conditions });
  expect(await cluster.settle()).toBe(0);
});

test('a node that is not ready gets no pods', async () => {
  cluster.setStatus('nodes', cluster.get('nodes', 'lab-1'), { conditions: [{ type: 'Ready', status: 'False' }] });
  await cluster.settle();
  expect([await place({}), await place({})]).toEqual(['lab-2', 'lab-2']);
});

test('a node holds as many pods as it says; who waits comes in when one goes', async () => {
  cluster.patch('nodes', 'lab-2', { spec: { unschedulable: true } });
  const node = cluster.get('nodes', 'lab-1');
  cluster.setStatus('nodes', node, { ...objectAt(node, 'status'), allocatable: { pods: '2' } });
  await cluster.settle();
  expect([await place({}), await place({}), await place({})]).toEqual(['lab-1', 'lab-1', '']);
  const waiting = `p${names}`;
  expect(cluster.told().at(-1)).toContain('1 Too many pods');
  cluster.setPod(cluster.get('pods', `p${names - 1}`), { phase: 'Succeeded' }, false);
  await cluster.settle();
  expect(textAt(cluster.get('pods', waiting), 'spec', 'nodeName')).toBe('lab-1');
});

describe('other pods', () => {
  const term = (app: string, more: JsonObject = {}): JsonObject => ({
    labelSelector: { matchLabels: { app } },
    topologyKey: 'kubernetes.io/hostname',
    ...more,
  });
  const near = (...terms: readonly JsonObject[]): JsonObject => ({
    affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
  });
  const apart = (...terms: readonly JsonObject[]): JsonObject => ({
    affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
  });

  test('near one that runs', async () => {
    const node = await place({}, { app: 'db' });
    expect([await place(near(term('db'))), await place(near(term('db')))]).toEqual([node, node]);
    expect(await place(near(term('none')))).toBe('');
  });

  test('the first of a group that wants to be together goes anywhere', async () => {
    const spec = near(term('web'));
    const node = await place(spec, { app: 'web' });
    expect(node).not.toBe('');
    expect(await place(spec, { app: 'web' })).toBe(node);
  });

  test('one a node, and the next one waits until there is room', async () => {
    const spec = apart(term('web'));
    const placed = [await place(spec, { app: 'web' }), await place(spec, { app: 'web' })];
    expect(new Set(placed)).toEqual(new Set(['lab-1', 'lab-2']));
    expect(await place(spec, { app: 'web' })).toBe('');
    const waiting = `p${names}`;
    cluster.delete('pods', `p${names - 1}`);
    await cluster.settle();
    expect(textAt(cluster.get('pods', waiting), 'spec', 'nodeName')).toBe(placed[1]);
  });

  test('who wants nobody near is left alone by others', async () => {
    const lonely = await place(apart(term('web')), { app: 'lonely' });
    expect(await place({}, { app: 'web' })).not.toBe(lonely);
    expect(await place({}, { app: 'web' })).not.toBe(lonely);
  });

  test('other namespaces count when the term says so', async () => {
    cluster.create(
      'pods',
      {
        metadata: { name: 'far', labels: { app: 'db' } },
        spec: { nodeName: 'lab-2', containers: [{ name: 'a', image: 'b' }] },
      },
      'default',
    );
    await cluster.settle();
    expect(await place(near(term('db')))).toBe('');
    expect(await place(near(term('db', { namespaces: ['default'] })))).toBe('lab-2');
    expect(await place(near(term('db', { namespaceSelector: {} })))).toBe('lab-2');
  });
});
