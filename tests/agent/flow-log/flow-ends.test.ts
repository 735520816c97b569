import { describe, expect, it } from 'vitest';
import { flowEnd } from '../../../src/agent/flow-log/flow-ends.ts';
import { recordLine } from '../../../src/agent/flow-log/flow-record.ts';
import type { NodeObject, OwnerReference, PodObject } from '../../../src/kube/objects.ts';
import { nodePart } from '../../../src/dataplane/node-peers.ts';
import { ip } from './shop.ts';

function pod(
  name: string,
  labels: Iterable<readonly [string, string]>,
  owner?: Omit<OwnerReference, 'apiVersion'>,
): PodObject {
  const map = new Map(labels);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    meta: {
      name,
      namespace: 'shop',
      labels: map,
      annotations: new Map(),
      owner: owner && { apiVersion: 'v1', ...owner },
    },
    span: undefined,
    pod: { labels: map, ports: [], hostNetwork: false, nodeName: 'node-1', serviceAccountName: 'default' },
    phase: 'Running',
    ips: [],
    hostIps: [],
    terminating: false,
  };
}

describe('whose pod it is', () => {
  const hash = [['pod-template-hash', '5d9c']] as const;
  it.each<[string, PodObject, string]>([
    ['nobody', pod('a', []), 'Pod/a'],
    ['a static pod', pod('a', [], { kind: 'Node', name: 'node-1' }), 'Pod/a'],
    ['a ReplicaSet of a Deployment', pod('a', hash, { kind: 'ReplicaSet', name: 'web-5d9c' }), 'Deployment/web'],
    ['a ReplicaSet of nobody', pod('a', [], { kind: 'ReplicaSet', name: 'web-5d9c' }), 'ReplicaSet/web-5d9c'],
    ['a ReplicaSet with another name', pod('a', hash, { kind: 'ReplicaSet', name: 'web' }), 'ReplicaSet/web'],
    ['a kind of its own', pod('a', [], { kind: 'Rollout', name: 'r' }), 'Rollout/r'],
  ])('%s', (_name, object, expected) => {
    const { workload } = flowEnd(ip('10.0.0.1'), object);
    expect(`${workload?.kind}/${workload?.name}`).toBe(expected);
  });
});

describe('what somebody wrote into labels', () => {
  it('cannot break the line, and cannot make it long', () => {
    const labels = Array.from({ length: 100 }, (_, i) => [`k${String(i).padStart(3, '0')}`, 'x'] as const);
    const end = flowEnd(ip('10.0.0.1'), pod('a', [['__proto__', 'y'], ['\u202e\n', '\x1b[31m'], ...labels]));
    const line = recordLine({ from: end } as unknown as Parameters<typeof recordLine>[0]);
    expect(line).toMatch(/^[\x20-\x7e]+\n$/);
    const { from } = JSON.parse(line) as { from: { labels: object; labelsLeftOut: number } };
    expect(Object.keys(from.labels)).toHaveLength(40);
    expect(Object.entries(from.labels)[0]).toEqual(['__proto__', 'y']);
    expect(from.labelsLeftOut).toBe(62);
  });
});

it('a node has one name, whichever of its addresses it is', () => {
  const node = { kind: 'Node', meta: { name: nodePart('node-1', 1) } } as NodeObject;
  expect(flowEnd(ip('fd00::1'), node)).toEqual({ ip: 'fd00::1', type: 'node', node: 'node-1' });
});
