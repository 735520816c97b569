/** From objects to workloads and pods: owners, replicas, what has ended, what is named twice. */
import { describe, expect, it } from 'vitest';
import { clusterOf } from '../engine/cluster-fixture.ts';

interface PodText {
  readonly name: string;
  readonly labels?: string;
  readonly owner?: string;
  readonly phase?: string;
  readonly ip?: string;
  readonly terminating?: boolean;
}

function pod({ name, labels = '{}', owner, phase = 'Running', ip, terminating = false }: PodText): string {
  const [kind = '', ownerName = ''] = owner?.split('/') ?? [];
  const owners =
    owner === undefined
      ? ''
      : `, ownerReferences: [{apiVersion: v1, kind: ${kind}, name: ${ownerName}, uid: u, controller: true}]`;
  const deletion = terminating ? ', deletionTimestamp: "2026-01-01T00:00:00Z"' : '';
  const ips = ip === undefined ? '' : `, podIPs: [{ip: ${ip}}]`;
  return `{apiVersion: v1, kind: Pod, metadata: {name: ${name}, namespace: ns, labels: ${labels}${owners}${deletion}}, spec: {containers: [{name: c, image: i}]}, status: {phase: ${phase}${ips}}}`;
}

function workload(kind: string, name: string, spec = '', owner?: string): string {
  const [ownerKind = '', ownerName = ''] = owner?.split('/') ?? [];
  const owners =
    owner === undefined
      ? ''
      : `, ownerReferences: [{apiVersion: apps/v1, kind: ${ownerKind}, name: ${ownerName}, uid: u, controller: true}]`;
  const template =
    'template: {metadata: {labels: {app: web}}, spec: {restartPolicy: Always, containers: [{name: c, image: i}]}}';
  const job = `template: {metadata: {labels: {app: job}}, spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}`;
  const meta = `metadata: {name: ${name}, namespace: ns${owners}}`;
  if (kind === 'CronJob')
    return `{apiVersion: batch/v1, kind: CronJob, ${meta}, spec: {schedule: "* * * * *", jobTemplate: {spec: {${job}}}}}`;
  if (kind === 'Job') return `{apiVersion: batch/v1, kind: Job, ${meta}, spec: {${job}}}`;
  const selector = 'selector: {matchLabels: {app: web}}, ';
  const service = kind === 'StatefulSet' ? 'serviceName: s, ' : '';
  return `{apiVersion: apps/v1, kind: ${kind}, ${meta}, spec: {${spec}${selector}${service}${template}}}`;
}

const summary = (...objects: string[]) => {
  const cluster = clusterOf(objects.join('\n---\n'));
  return cluster.workloads.map(
    ({ id, podCount, pods }) => `${id} ${podCount} ${pods.map((p) => cluster.pods.names[p]).join()}`,
  );
};

describe('owners', () => {
  it.each<[string, string[], string[]]>([
    ['a pod that nobody owns is its own workload', [pod({ name: 'a' })], ['ns/Pod/a 1 a']],
    [
      'pod, ReplicaSet, Deployment',
      [
        workload('Deployment', 'web'),
        workload('ReplicaSet', 'web-7', 'replicas: 2, ', 'Deployment/web'),
        pod({ name: 'b', owner: 'ReplicaSet/web-7' }),
        pod({ name: 'a', owner: 'ReplicaSet/web-7' }),
      ],
      ['ns/Deployment/web 2 a,b'],
    ],
    [
      'a ReplicaSet names its Deployment also when that is not there',
      [workload('ReplicaSet', 'web-7', '', 'Deployment/web'), pod({ name: 'a', owner: 'ReplicaSet/web-7' })],
      ['ns/Deployment/web 1 a'],
    ],
    [
      'without the ReplicaSet the Deployment is known by hash and selector',
      [
        workload('Deployment', 'web'),
        pod({ name: 'a', owner: 'ReplicaSet/web-7f9', labels: '{app: web, pod-template-hash: 7f9}' }),
      ],
      ['ns/Deployment/web 1 a'],
    ],
    [
      'but not by the hash alone',
      [
        workload('Deployment', 'web'),
        pod({ name: 'a', owner: 'ReplicaSet/web-7f9', labels: '{app: other, pod-template-hash: 7f9}' }),
      ],
      ['ns/Deployment/web 1 web', 'ns/ReplicaSet/web-7f9 1 a'],
    ],
    [
      'the ReplicaSet alone',
      [pod({ name: 'a', owner: 'ReplicaSet/web-7f9', labels: '{pod-template-hash: 7f9}' })],
      ['ns/ReplicaSet/web-7f9 1 a'],
    ],
    [
      'Job and CronJob',
      [workload('Job', 'nightly-281', '', 'CronJob/nightly'), pod({ name: 'a', owner: 'Job/nightly-281' })],
      ['ns/CronJob/nightly 1 a'],
    ],
    [
      'a Job that the input lacks',
      [workload('CronJob', 'nightly'), pod({ name: 'a', owner: 'Job/nightly-281' })],
      ['ns/CronJob/nightly 1 a'],
    ],
    ['kinds that nobody knows', [pod({ name: 'a', owner: 'Rollout/web' })], ['ns/Rollout/web 1 a']],
    [
      "static pods are nobody's",
      [pod({ name: 'a', owner: 'Node/n1' }), pod({ name: 'b', owner: 'Node/n1' })],
      ['ns/Pod/a 1 a', 'ns/Pod/b 1 b'],
    ],
    [
      'a circle of owners ends',
      [
        workload('ReplicaSet', 'r', '', 'Deployment/d'),
        workload('Deployment', 'd', '', 'ReplicaSet/r'),
        pod({ name: 'a', owner: 'ReplicaSet/r' }),
      ],
      ['ns/Deployment/d 1 a', 'ns/ReplicaSet/r 1 r'],
    ],
  ])('%s', (_, objects, expected) => {
    expect(summary(...objects)).toEqual(expected);
  });
});

describe('workloads without pods', () => {
  it.each<[string, string[], string[]]>([
    ['stand for their replicas', [workload('Deployment', 'web', 'replicas: 3, ')], ['ns/Deployment/web 3 web']],
    ['one by default', [workload('StatefulSet', 'db')], ['ns/StatefulSet/db 1 db']],
    ['none is shown all the same', [workload('Deployment', 'web', 'replicas: 0, ')], ['ns/Deployment/web 0 web']],
    [
      'a DaemonSet runs on every node',
      [
        workload('DaemonSet', 'agent'),
        ...['a', 'b'].map((n) => `{apiVersion: v1, kind: Node, metadata: {name: ${n}}}`),
      ],
      ['ns/DaemonSet/agent 2 agent'],
    ],
    [
      'an owner speaks for what it owns',
      [
        workload('Deployment', 'web', 'replicas: 2, '),
        workload('ReplicaSet', 'web-1', 'replicas: 2, ', 'Deployment/web'),
      ],
      ['ns/Deployment/web 2 web'],
    ],
    [
      'an owner that is not there is spoken for by what it owns, old versions apart',
      [
        workload('ReplicaSet', 'web-1', 'replicas: 0, ', 'Deployment/web'),
        workload('ReplicaSet', 'web-2', 'replicas: 2, ', 'Deployment/web'),
      ],
      ['ns/Deployment/web 2 web-2'],
    ],
  ])('%s', (_, objects, expected) => {
    expect(summary(...objects)).toEqual(expected);
  });

  it('know which labels their controller will add', () => {
    const cluster = clusterOf([workload('StatefulSet', 'db'), workload('Job', 'once')].join('\n---\n'));
    expect([...cluster.pod(0).unknownLabels]).toContain('statefulset.kubernetes.io/pod-name');
    expect(cluster.pod(0)).toMatchObject({ synthetic: true, name: 'db' });
    expect(cluster.pod(1).labels.get('job-name')).toBe('once');
    expect(cluster.podNamed('ns', 'db')).toBeUndefined();
    expect(cluster.podLabel(0)).toBe('ns/StatefulSet/db');
  });
});

describe('what is over', () => {
  it('S95: ended pods are out, and a Job whose pods have ended with them', () => {
    const cluster = clusterOf(
      [
        pod({ name: 'done', phase: 'Succeeded', ip: '10.0.0.1', owner: 'Job/once' }),
        pod({ name: 'broken', phase: 'Failed', ip: '10.0.0.2' }),
        pod({ name: 'fine', phase: 'Pending' }),
        workload('Job', 'once'),
        workload('Job', 'new'),
      ].join('\n---\n'),
    );
    expect(cluster.workloads.map(({ id }) => id)).toEqual(['ns/Pod/fine', 'ns/Job/new']);
    expect(cluster.ended.map(({ kind, name, why }) => `${kind} ${name}: ${why}`)).toEqual([
      'Pod broken: its phase is Failed',
      'Pod done: its phase is Succeeded',
      'Job once: every pod of it has ended',
    ]);
    expect(cluster.ownerOfAddress({ family: 4, value: 0x0a000001 })).toBeUndefined();
  });

  it('S96: terminating pods count, but D15 not when their address belongs to a live one', () => {
    const cluster = clusterOf(
      [
        pod({ name: 'going', ip: '10.0.0.1', terminating: true }),
        pod({ name: 'gone', ip: '10.0.0.2', terminating: true }),
        pod({ name: 'live', ip: '10.0.0.2' }),
      ].join('\n---\n'),
    );
    expect([...cluster.pods.names]).toEqual(['going', 'live']);
    expect(cluster.pod(0).terminating).toBe(true);
    expect(cluster.ownerOfAddress({ family: 4, value: 0x0a000002 })).toEqual({ type: 'pod', pod: 1 });
    expect(cluster.ended[0]).toMatchObject({
      name: 'gone',
      why: 'it is terminating and its address already belongs to another pod',
    });
  });
});

describe('names', () => {
  it('finds things by name, in the order of namespace and name', () => {
    const cluster = clusterOf(
      [
        workload('Deployment', 'web'),
        workload('StatefulSet', 'web'),
        workload('Deployment', 'api'),
        '{apiVersion: v1, kind: Pod, metadata: {name: web, namespace: aa}, spec: {containers: [{name: c, image: i}]}}',
      ].join('\n---\n'),
    );
    expect(cluster.workloads.map(({ id }) => id)).toEqual([
      'aa/Pod/web',
      'ns/Deployment/api',
      'ns/Deployment/web',
      'ns/StatefulSet/web',
    ]);
    expect(cluster.workloadsNamed('ns', 'web').map(({ kind }) => kind)).toEqual(['Deployment', 'StatefulSet']);
    expect(cluster.workloadsNamed('ns', 'nobody')).toEqual([]);
    expect(cluster.workloadById('ns/Deployment/api')?.index).toBe(1);
    expect(cluster.podNamed('aa', 'web')).toBe(0);
    expect(cluster.podNamed('ns', 'web')).toBeUndefined();
  });

  it('S61: namespaces are known by what lies in them, with their name as a label', () => {
    const cluster = clusterOf(
      [
        pod({ name: 'a' }),
        '{apiVersion: v1, kind: Namespace, metadata: {name: given, labels: {team: red, kubernetes.io/metadata.name: lies}}}',
        '{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: ruled}, spec: {podSelector: {}}}',
      ].join('\n---\n'),
    );
    expect(cluster.namespaces.map(({ name, labelsKnown }) => `${name} ${labelsKnown}`)).toEqual([
      'given true',
      'ns false',
      'ruled false',
    ]);
    expect([...(cluster.namespaceNamed('given')?.labels ?? [])]).toEqual([
      ['team', 'red'],
      ['kubernetes.io/metadata.name', 'given'],
    ]);
    expect([...(cluster.namespaceNamed('ns')?.labels ?? [])]).toEqual([['kubernetes.io/metadata.name', 'ns']]);
  });

  it('M56: of two objects with one name the last one counts', () => {
    const named = (label: string) =>
      `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: p, namespace: ns}, spec: {podSelector: {matchLabels: {v: "${label}"}}}}`;
    const cluster = clusterOf(
      [named('1'), named('2'), pod({ name: 'a', labels: '{v: "1"}' }), pod({ name: 'a', labels: '{v: "2"}' })].join(
        '\n---\n',
      ),
    );
    expect(cluster.networkPolicies.map(({ podSelector }) => podSelector.requirements[0]?.values)).toEqual([['2']]);
    expect(cluster.pods.length).toBe(1);
    expect(cluster.pod(0).labels.get('v')).toBe('2');
  });

  it('S151, D9: cluster policies stand in the order in which they are asked', () => {
    const cnp = (name: string, tier: string, priority: number) =>
      `{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: ${name}}, spec: {tier: ${tier}, priority: ${priority}, subject: {namespaces: {}}}}`;
    const anp =
      '{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: z}, spec: {priority: 5, subject: {namespaces: {}}}}';
    const banp =
      '{apiVersion: policy.networking.k8s.io/v1alpha1, kind: BaselineAdminNetworkPolicy, metadata: {name: default}, spec: {subject: {namespaces: {}}}}';
    const cluster = clusterOf(
      [cnp('b', 'Baseline', 1), cnp('c', 'Admin', 5), cnp('a', 'Admin', 5), cnp('d', 'Admin', 0), anp, banp].join(
        '\n---\n',
      ),
    );
    expect(cluster.clusterPolicies.map(({ kind, meta }) => `${kind} ${meta.name}`)).toEqual([
      'ClusterNetworkPolicy d',
      'AdminNetworkPolicy z',
      'ClusterNetworkPolicy a',
      'ClusterNetworkPolicy c',
      'BaselineAdminNetworkPolicy default',
      'ClusterNetworkPolicy b',
    ]);
  });
});
