import { describe, expect, it } from 'vitest';
import type { JsonObject, JsonValue } from '../../../../src/lab/api/json.ts';
import { isList, isObject } from '../../../../src/lab/api/json.ts';
import { builtInResources, type Resource } from '../../../../src/lab/api/resources.ts';
import { tableOf } from '../../../../src/lab/api/tables/table-of.ts';

const NOW = Date.parse('2026-01-02T00:00:00Z');
const YESTERDAY = '2026-01-01T00:00:00Z';

function resourceOf(kind: string): Resource {
  const found = builtInResources.find((each) => each.kind === kind);
  if (found === undefined) throw new Error(`no ${kind}`);
  return found;
}

function named(name: string, fields: JsonObject, metadata: JsonObject = {}): JsonObject {
  return { metadata: { name, namespace: 'shop', creationTimestamp: YESTERDAY, ...metadata }, ...fields };
}

function listIn(object: JsonObject, name: string): readonly JsonObject[] {
  const value = object[name];
  return isList(value) ? value.filter(isObject) : [];
}

/** As kubectl prints it with `-o wide`, columns separated by bars. */
function printed(kind: string, objects: readonly JsonObject[], columns?: readonly JsonValue[]): readonly string[] {
  const resource = resourceOf(kind);
  const table = tableOf({ resource, objects, includeObject: 'None', nowMs: NOW, columns });
  const header = listIn(table, 'columnDefinitions').map(
    ({ name, priority }) => `${name as string}${priority === 0 ? '' : '*'}`,
  );
  const rows = listIn(table, 'rows').map(({ cells }) => (isList(cells) ? cells : []).map(String));
  for (const row of rows) expect(row).toHaveLength(header.length);
  return [header, ...rows].map((row) => row.join(' | '));
}

const running = (name: string, fields: JsonObject = {}): JsonObject => ({
  name,
  ready: true,
  started: true,
  restartCount: 0,
  state: { running: { startedAt: YESTERDAY } },
  ...fields,
});
const waiting = (name: string, reason: string): JsonObject => ({
  name,
  restartCount: 0,
  state: { waiting: { reason } },
});
const ended = (name: string, terminated: JsonObject): JsonObject => ({ name, restartCount: 0, state: { terminated } });

describe('pods', () => {
  const one = { nodeName: 'lab-1', containers: [{ name: 'a' }] };
  const two = { nodeName: 'lab-1', containers: [{ name: 'a' }, { name: 'b' }] };
  const init = { ...one, initContainers: [{ name: 'i' }, { name: 'j' }] };
  const sidecar = { ...one, initContainers: [{ name: 'i', restartPolicy: 'Always' }] };
  const initialized = { type: 'Initialized', status: 'True' };
  const ready = { type: 'Ready', status: 'True' };

  it.each<[what: string, spec: JsonObject, status: JsonObject, metadata: JsonObject, ready: string, reason: string]>([
    ['not yet anywhere', { containers: [{ name: 'a' }] }, { phase: 'Pending' }, {}, '0/1', 'Pending'],
    ['runs', one, { phase: 'Running', containerStatuses: [running('a')] }, {}, '1/1', 'Running'],
    [
      'is made',
      two,
      { phase: 'Pending', containerStatuses: [waiting('a', 'ContainerCreating'), waiting('b', 'ContainerCreating')] },
      {},
      '0/2',
      'ContainerCreating',
    ],
    [
      'has an image that is not there',
      two,
      { phase: 'Pending', containerStatuses: [waiting('a', 'ErrImagePull'), running('b')] },
      {},
      '1/2',
      'ErrImagePull',
    ],
    [
      'crashes: the first container has the word',
      two,
      { phase: 'Running', containerStatuses: [waiting('a', 'CrashLoopBackOff'), waiting('b', 'ImagePullBackOff')] },
      {},
      '0/2',
      'CrashLoopBackOff',
    ],
    [
      'has done its work',
      one,
      { phase: 'Succeeded', containerStatuses: [ended('a', { exitCode: 0, reason: 'Completed' })] },
      {},
      '0/1',
      'Completed',
    ],
    [
      'has done half of its work',
      two,
      {
        phase: 'Running',
        conditions: [ready],
        containerStatuses: [ended('a', { exitCode: 0, reason: 'Completed' }), running('b')],
      },
      {},
      '1/2',
      'Running',
    ],
    [
      'has done half of its work and is not ready',
      two,
      { phase: 'Running', containerStatuses: [ended('a', { exitCode: 0, reason: 'Completed' }), running('b')] },
      {},
      '1/2',
      'NotReady',
    ],
    ['failed', one, { phase: 'Failed', containerStatuses: [ended('a', { exitCode: 3 })] }, {}, '0/1', 'ExitCode:3'],
    [
      'was killed',
      one,
      { phase: 'Failed', containerStatuses: [ended('a', { exitCode: 137, signal: 9 })] },
      {},
      '0/1',
      'Signal:9',
    ],
    ['was evicted', one, { phase: 'Failed', reason: 'Evicted' }, {}, '0/1', 'Evicted'],
    [
      'begins',
      init,
      { phase: 'Pending', initContainerStatuses: [running('i'), waiting('j', 'PodInitializing')] },
      {},
      '0/1',
      'Init:0/2',
    ],
    [
      'is through with the first step',
      init,
      {
        phase: 'Pending',
        initContainerStatuses: [ended('i', { exitCode: 0 }), waiting('j', 'PodInitializing')],
        containerStatuses: [waiting('a', 'PodInitializing')],
      },
      {},
      '0/1',
      'Init:1/2',
    ],
    [
      'cannot begin',
      init,
      { phase: 'Pending', initContainerStatuses: [waiting('i', 'CrashLoopBackOff')] },
      {},
      '0/1',
      'Init:CrashLoopBackOff',
    ],
    [
      'failed to begin',
      init,
      { phase: 'Pending', initContainerStatuses: [ended('i', { exitCode: 1, reason: 'Error' })] },
      {},
      '0/1',
      'Init:Error',
    ],
    [
      'runs with a sidecar',
      sidecar,
      {
        phase: 'Running',
        conditions: [initialized],
        initContainerStatuses: [running('i')],
        containerStatuses: [running('a')],
      },
      {},
      '2/2',
      'Running',
    ],
    [
      'ends',
      one,
      { phase: 'Running', containerStatuses: [running('a')] },
      { deletionTimestamp: YESTERDAY },
      '1/1',
      'Terminating',
    ],
    [
      'has ended and waits for its finalizers',
      one,
      { phase: 'Succeeded', containerStatuses: [ended('a', { exitCode: 0, reason: 'Completed' })] },
      { deletionTimestamp: YESTERDAY },
      '0/1',
      'Completed',
    ],
    [
      'is held by a gate',
      one,
      { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }] },
      {},
      '0/1',
      'SchedulingGated',
    ],
  ])('one that %s', (_, spec, status, metadata, readyText, reason) => {
    const [, row = ''] = printed('Pod', [named('web', { spec, status }, metadata)]);
    expect(row.split(' | ').slice(1, 3)).toEqual([readyText, reason]);
  });

  it('with all columns', () => {
    const status = {
      phase: 'Running',
      podIP: '10.244.0.2',
      podIPs: [{ ip: '10.244.0.2' }, { ip: 'fd00::2' }],
      nominatedNodeName: 'lab-2',
      conditions: [{ type: 'a/b', status: 'True' }],
      containerStatuses: [
        running('a', { restartCount: 2, lastState: { terminated: { finishedAt: '2026-01-01T23:59:55Z' } } }),
      ],
    };
    const gates = [{ conditionType: 'a/b' }, { conditionType: 'c/d' }];
    expect(
      printed('Pod', [named('web', { spec: { ...one, readinessGates: gates }, status }), named('bare', {})]),
    ).toEqual([
      'Name | Ready | Status | Restarts | Age | IP* | Node* | Nominated Node* | Readiness Gates*',
      'web | 1/1 | Running | 2 (5s ago) | 24h | 10.244.0.2 | lab-1 | lab-2 | 1/2',
      'bare | 0/0 |  | 0 | 24h | <none> | <none> | <none> | <none>',
    ]);
  });

  it('that ended say so beside their cells', () => {
    const pods = ['Succeeded', 'Failed', 'Running'].map((phase) => named(phase, { status: { phase } }));
    const table = tableOf({ resource: resourceOf('Pod'), objects: pods, includeObject: 'None', nowMs: NOW });
    expect(listIn(table, 'rows').map(({ conditions }) => conditions)).toEqual([
      [{ type: 'Completed', status: 'True', reason: 'Succeeded', message: 'The pod has completed successfully.' }],
      [{ type: 'Completed', status: 'True', reason: 'Failed', message: 'The pod failed.' }],
      undefined,
    ]);
  });
});

const template = {
  spec: {
    nodeSelector: { disk: 'ssd' },
    containers: [
      { name: 'web', image: 'nginx:1' },
      { name: 'log', image: 'busybox' },
    ],
  },
};
const selector = {
  matchLabels: { app: 'web' },
  matchExpressions: [
    { key: 'tier', operator: 'In', values: ['b', 'a'] },
    { key: 'zone', operator: 'DoesNotExist' },
    { key: 'a', operator: 'Exists' },
    { key: 'env', operator: 'NotIn', values: ['prod'] },
  ],
};

describe('other kinds', () => {
  it.each<[kind: string, objects: readonly JsonObject[], lines: readonly string[]]>([
    [
      'Service',
      [
        named('web', {
          spec: {
            type: 'NodePort',
            clusterIP: '10.96.1.1',
            clusterIPs: ['10.96.1.1', 'fd00::1'],
            ports: [
              { port: 80, nodePort: 30_080, protocol: 'TCP' },
              { port: 53, protocol: 'UDP' },
            ],
            selector: { b: '2', a: '1' },
          },
        }),
        named('head', { spec: { type: 'ClusterIP', clusterIP: 'None', clusterIPs: ['None'] } }),
        named('name', { spec: { type: 'ExternalName', externalName: 'example.com' } }),
        named('lb', { spec: { type: 'LoadBalancer', clusterIP: '10.96.1.2', externalIPs: [] } }),
        named('lb2', {
          spec: { type: 'LoadBalancer', clusterIP: '10.96.1.3', externalIPs: ['192.0.2.9'] },
          status: { loadBalancer: { ingress: [{ ip: '192.0.2.2' }, { hostname: 'a.example' }, { ip: '192.0.2.1' }] } },
        }),
      ],
      [
        'Name | Type | Cluster-IP | External-IP | Port(s) | Age | Selector*',
        'web | NodePort | 10.96.1.1 | <none> | 80:30080/TCP,53/UDP | 24h | a=1,b=2',
        'head | ClusterIP | None | <none> | <none> | 24h | <none>',
        'name | ExternalName | <none> | example.com | <none> | 24h | <none>',
        'lb | LoadBalancer | 10.96.1.2 | <pending> | <none> | 24h | <none>',
        'lb2 | LoadBalancer | 10.96.1.3 | 192.0.2.1,192.0.2.2,a.example,192.0.2.9 | <none> | 24h | <none>',
      ],
    ],
    ['Namespace', [named('shop', { status: { phase: 'Active' } })], ['Name | Status | Age', 'shop | Active | 24h']],
    [
      'Node',
      [
        named(
          'lab-1',
          {
            spec: { unschedulable: true },
            status: {
              conditions: [{ type: 'Ready', status: 'True' }],
              addresses: [{ type: 'InternalIP', address: '172.30.0.2' }],
              nodeInfo: { kubeletVersion: 'v1.32.0', osImage: 'Linux', kernelVersion: '6.1' },
            },
          },
          { labels: { 'node-role.kubernetes.io/worker': '', 'node-role.kubernetes.io/control-plane': '' } },
        ),
        named('lost', { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } }),
        named('new', {}),
      ],
      [
        'Name | Status | Roles | Age | Version | Internal-IP* | External-IP* | OS-Image* | Kernel-Version* | Container-Runtime*',
        'lab-1 | Ready,SchedulingDisabled | control-plane,worker | 24h | v1.32.0 | 172.30.0.2 | <none> | Linux | 6.1 | <unknown>',
        'lost | NotReady | <none> | 24h |  | <none> | <none> | <unknown> | <unknown> | <unknown>',
        'new | Unknown | <none> | 24h |  | <none> | <none> | <unknown> | <unknown> | <unknown>',
      ],
    ],
    [
      'Deployment',
      [
        named('web', {
          spec: { replicas: 3, selector, template },
          status: { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 1 },
        }),
      ],
      [
        'Name | Ready | Up-to-date | Available | Age | Containers* | Images* | Selector*',
        'web | 2/3 | 3 | 1 | 24h | web,log | nginx:1,busybox | a,app=web,env notin (prod),tier in (a,b),!zone',
      ],
    ],
    [
      'ReplicaSet',
      [named('web', { spec: { replicas: 3, selector, template }, status: { replicas: 2, readyReplicas: 1 } })],
      [
        'Name | Desired | Current | Ready | Age | Containers* | Images* | Selector*',
        'web | 3 | 2 | 1 | 24h | web,log | nginx:1,busybox | a,app=web,env notin (prod),tier in (a,b),!zone',
      ],
    ],
    [
      'StatefulSet',
      [named('db', { spec: { replicas: 3, template }, status: { readyReplicas: 1 } })],
      ['Name | Ready | Age | Containers* | Images*', 'db | 1/3 | 24h | web,log | nginx:1,busybox'],
    ],
    [
      'DaemonSet',
      [
        named('agent', {
          spec: { template, selector: {} },
          status: {
            desiredNumberScheduled: 5,
            currentNumberScheduled: 4,
            numberReady: 3,
            updatedNumberScheduled: 2,
            numberAvailable: 1,
          },
        }),
      ],
      [
        'Name | Desired | Current | Ready | Up-to-date | Available | Node Selector | Age | Containers* | Images* | Selector*',
        'agent | 5 | 4 | 3 | 2 | 1 | disk=ssd | 24h | web,log | nginx:1,busybox | <none>',
      ],
    ],
    [
      'Job',
      [
        named('done', {
          spec: { completions: 2, template },
          status: {
            succeeded: 2,
            startTime: '2026-01-01T00:00:00Z',
            completionTime: '2026-01-01T00:02:05Z',
            conditions: [{ type: 'Complete', status: 'True' }],
          },
        }),
        named('open', { spec: { parallelism: 3, template }, status: { startTime: '2026-01-01T23:59:00Z' } }),
        named('new', { spec: { parallelism: 1 } }),
      ],
      [
        'Name | Status | Completions | Duration | Age | Containers* | Images* | Selector*',
        'done | Complete | 2/2 | 2m5s | 24h | web,log | nginx:1,busybox | <none>',
        'open | Running | 0/1 of 3 | 60s | 24h | web,log | nginx:1,busybox | <none>',
        'new | Running | 0/1 |  | 24h |  |  | <none>',
      ],
    ],
    [
      'ConfigMap',
      [named('c', { data: { a: '1', b: '2' }, binaryData: { c: '' } }), named('empty', {})],
      ['Name | Data | Age', 'c | 3 | 24h', 'empty | 0 | 24h'],
    ],
    ['Secret', [named('s', { type: 'Opaque', data: { a: '' } })], ['Name | Type | Data | Age', 's | Opaque | 1 | 24h']],
    ['ServiceAccount', [named('default', {})], ['Name | Secrets | Age', 'default | 0 | 24h']],
    [
      'Endpoints',
      [
        named('web', {
          subsets: [
            {
              addresses: [{ ip: '10.244.0.2' }, { ip: 'fd00::2' }],
              ports: [
                { name: 'a', port: 80 },
                { name: 'b', port: 443 },
              ],
            },
          ],
        }),
        named('bare', { subsets: [{ addresses: [{ ip: '10.244.0.2' }] }] }),
        named('none', {}),
      ],
      [
        'Name | Endpoints | Age',
        'web | 10.244.0.2:80,[fd00::2]:80,10.244.0.2:443 + 1 more... | 24h',
        'bare | 10.244.0.2 | 24h',
        'none | <none> | 24h',
      ],
    ],
    [
      'EndpointSlice',
      [
        named('web', {
          addressType: 'IPv4',
          ports: [{ port: 80 }, { name: 'x' }, {}],
          endpoints: [{ addresses: ['1.1.1.1'] }, { addresses: ['1.1.1.2'] }],
        }),
        named('none', { addressType: 'IPv6' }),
      ],
      [
        'Name | AddressType | Ports | Endpoints | Age',
        'web | IPv4 | 80,x,* | 1.1.1.1,1.1.1.2 | 24h',
        'none | IPv6 | <unset> | <unset> | 24h',
      ],
    ],
    [
      'Event',
      [
        named('e', {
          type: 'Warning',
          reason: 'Failed',
          message: ' no image \n',
          count: 3,
          firstTimestamp: '2026-01-01T22:00:00Z',
          lastTimestamp: '2026-01-01T23:59:00Z',
          source: { component: 'kubelet', host: 'lab-1' },
          involvedObject: { kind: 'Pod', name: 'web', fieldPath: 'spec.containers{web}' },
        }),
        named('new', {
          type: 'Normal',
          eventTime: '2026-01-01T23:00:00.000000Z',
          reportingComponent: 'sallyport',
          series: { count: 7, lastObservedTime: '2026-01-01T23:59:50.000000Z' },
          involvedObject: { kind: 'Node' },
        }),
      ],
      [
        'Last Seen | Type | Reason | Object | Subobject* | Source* | Message | First Seen* | Count* | Name*',
        '60s | Warning | Failed | pod/web | spec.containers{web} | kubelet, lab-1 | no image | 120m | 3 | e',
        '10s | Normal |  | node |  | sallyport |  | 60m | 7 | new',
      ],
    ],
    [
      'NetworkPolicy',
      [
        named('deny', { spec: { podSelector: {} } }),
        named('web', { spec: { podSelector: { matchLabels: { a: 'b' } } } }),
      ],
      ['Name | Pod-Selector | Age', 'deny | <none> | 24h', 'web | a=b | 24h'],
    ],
    [
      'ClusterNetworkPolicy',
      [named('p', { spec: { tier: 'Admin', priority: 10 } })],
      ['Name | Tier | Priority | Age', 'p | Admin | 10 | 24h'],
    ],
    ['AdminNetworkPolicy', [named('p', { spec: { priority: 10 } })], ['Name | Priority | Age', 'p | 10 | 24h']],
    ['BaselineAdminNetworkPolicy', [named('default', {})], ['Name | Age', 'default | 24h']],
    [
      'CustomResourceDefinition',
      [named('tests.example.com', {})],
      ['Name | Created At', 'tests.example.com | 2026-01-01T00:00:00Z'],
    ],
    ['Lease', [named('l', { spec: { holderIdentity: 'lab-1' } })], ['Name | Holder | Age', 'l | lab-1 | 24h']],
  ])('%s', (kind, objects, lines) => {
    expect(printed(kind, objects)).toEqual(lines);
  });
});

describe('custom resources', () => {
  it('have the columns of their definition', () => {
    const columns = [
      { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
      { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas', priority: 1 },
      { name: 'Since', type: 'date', jsonPath: '.status.since' },
      { name: 'Labels', type: 'string', jsonPath: '.metadata.labels' },
      { name: 'On', type: 'boolean', jsonPath: '.spec.on' },
      { name: 'First', type: 'string', jsonPath: '.spec.list[0]' },
      { name: 'Ratio', type: 'number', jsonPath: '.spec.ratio' },
      { name: 'Odd', type: 'string', jsonPath: 'no path' },
    ];
    const full = named(
      'full',
      {
        spec: { replicas: 2.9, on: false, list: ['x', 'y'], ratio: 0.5 },
        status: {
          since: '2026-01-01T23:00:00Z',
          conditions: [
            { type: 'Other', status: 'False' },
            { type: 'Ready', status: 'True' },
          ],
        },
      },
      { labels: { a: 'b' } },
    );
    const wrong = named('wrong', { spec: { replicas: 'two', on: 'yes', list: 'x' }, status: { since: 'now' } });
    expect(printed('ClusterNetworkPolicy', [full, wrong], columns)).toEqual([
      'Name | Ready | Replicas* | Since | Labels | On | First | Ratio | Odd',
      'full | True | 2 | 60m | {"a":"b"} | false | x | 0.5 | null',
      'wrong | null | null | <invalid> | null | null | null | null | null',
    ]);
  });

  it('have an age when their definition names none', () => {
    expect(printed('ClusterNetworkPolicy', [named('x', {})], [])).toEqual(['Name | Age', 'x | 24h']);
  });
});

describe('the table itself', () => {
  it.each<['None' | 'Metadata' | 'Object', JsonValue]>([
    ['None', null],
    [
      'Metadata',
      {
        kind: 'PartialObjectMetadata',
        apiVersion: 'meta.k8s.io/v1',
        metadata: { name: 'shop', namespace: 'shop', creationTimestamp: YESTERDAY },
      },
    ],
    ['Object', named('shop', { kind: 'Namespace' })],
  ])('has rows with %s', (includeObject, expected) => {
    const objects = [named('shop', { kind: 'Namespace' })];
    const resource = resourceOf('Namespace');
    const table = tableOf({ resource, objects, includeObject, nowMs: NOW, resourceVersion: '7' });
    expect(table).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata: { resourceVersion: '7' } });
    expect(listIn(table, 'rows')).toEqual([{ cells: ['shop', '', '24h'], object: expected }]);
    expect(listIn(table, 'columnDefinitions')[0]).toMatchObject({ name: 'Name', type: 'string', format: 'name' });
  });
});
