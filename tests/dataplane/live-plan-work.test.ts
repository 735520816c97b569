/** How much of a plan is made again: nothing is compiled for what everybody knows already. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type * as CompilePlan from '../../src/dataplane/compile-plan.ts';
import { compilePlan } from '../../src/dataplane/compile-plan.ts';
import { NodePlanner } from '../../src/dataplane/node-planner.ts';
import type { KubeObject } from '../../src/kube/objects.ts';
import { readManifests } from '../../src/kube/read.ts';
import type { Manifest } from '../oracle/manifest.ts';

vi.mock('../../src/dataplane/compile-plan.ts', async (original) => {
  const module = await original<typeof CompilePlan>();
  return { ...module, compilePlan: vi.fn(module.compilePlan) };
});

const compiled = vi.mocked(compilePlan);

function objectsOf(...manifests: readonly Manifest[]): KubeObject[] {
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests });
  const { namespaces, nodes, pods, networkPolicies } = readManifests([{ name: 'cluster.json', text }]).objects;
  return [...namespaces, ...nodes, ...pods, ...networkPolicies];
}

const namespace = (name: string, labels: Record<string, string> = {}): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels },
});
const node = (name: string, address: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name },
  status: { addresses: [{ type: 'InternalIP', address }] },
});
const pod = (name: string, address: string, labels: Record<string, string>, more: Partial<Where> = {}): Manifest => {
  const { inNamespace = 'shop', nodeName = 'node2' } = more;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: inNamespace, labels },
    spec: { nodeName, containers: [{ name: 'c' }] },
    status: { phase: 'Running', podIP: address },
  };
};
interface Where {
  readonly inNamespace: string;
  readonly nodeName: string;
}
const policy = (name: string, inNamespace: string, port: number): Manifest => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: inNamespace },
  spec: {
    podSelector: { matchLabels: { app: 'db' } },
    ingress: [
      {
        from: [
          { podSelector: { matchLabels: { app: 'web' } } },
          { namespaceSelector: { matchLabels: { team: 'ops' } } },
        ],
        ports: [{ port }],
      },
    ],
  },
});

const policyFor = (matchLabels: Record<string, string>): Manifest => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'more', namespace: 'shop' },
  spec: { podSelector: { matchLabels } },
});
const withPort = (manifest: Manifest): Manifest => ({
  ...manifest,
  spec: { nodeName: 'node1', containers: [{ name: 'c', ports: [{ name: 'sql', containerPort: 5432 }] }] },
});

const start = [
  namespace('shop', { team: 'shop' }),
  namespace('ops', { team: 'ops' }),
  namespace('other'),
  node('node1', '192.0.2.1'),
  node('node2', '192.0.2.2'),
  pod('db', '10.0.0.1', { app: 'db', hash: '1' }, { nodeName: 'node1' }),
  pod('web', '10.0.0.2', { app: 'web', hash: '1' }),
  pod('cron', '10.0.0.3', { app: 'cron' }),
  pod('watch', '10.0.0.4', {}, { inNamespace: 'ops' }),
  pod('x', '10.0.0.5', {}, { inNamespace: 'other' }),
  policy('db', 'shop', 5432),
];

const cases: readonly [
  what: string,
  changes: readonly Manifest[],
  compiles: number,
  peers: Readonly<Record<string, string | undefined>>,
][] = [
  ['nothing', [], 0, {}],
  ['a replica elsewhere', [pod('web2', '10.0.1.1', { app: 'web', hash: '1' })], 0, { '10.0.1.1': '10.0.0.2' }],
  ['a new version elsewhere', [pod('web2', '10.0.1.1', { app: 'web', hash: '2' })], 0, { '10.0.1.1': '10.0.0.2' }],
  ['a workload that no policy names', [pod('new', '10.0.1.1', { app: 'new' })], 0, { '10.0.1.1': undefined }],
  [
    'a pod of a team that policies name',
    [pod('log', '10.0.1.1', { app: 'log' }, { inNamespace: 'ops' })],
    0,
    { '10.0.1.1': '10.0.0.4' },
  ],
  ['other labels of a pod', [pod('cron', '10.0.0.3', { app: 'web' })], 0, { '10.0.0.3': '10.0.0.2' }],
  ['another address', [pod('web', '10.0.1.1', { app: 'web' })], 0, { '10.0.0.2': undefined, '10.0.1.1': '10.0.0.4' }],
  ['a namespace with labels that nobody names', [namespace('other', { team: 'x' })], 0, { '10.0.0.5': undefined }],
  ['a namespace with labels of another', [namespace('other', { team: 'ops' })], 1, { '10.0.0.5': '10.0.0.4' }],
  ['a node more', [node('node3', '192.0.2.3')], 0, { '192.0.2.3': undefined }],
  ['the own node again', [node('node1', '192.0.2.1')], 0, {}],
  ['the own node with another address', [node('node1', '192.0.2.9')], 1, {}],
  ['a policy of others', [policy('db', 'other', 1)], 0, {}],
  ['a policy of ours', [policy('db', 'shop', 5433)], 1, { '10.0.0.2': '10.0.0.4' }],
  ['a replica here', [pod('db2', '10.0.1.1', { app: 'db', hash: '1' }, { nodeName: 'node1' })], 0, {}],
  ['a new version here', [pod('db2', '10.0.1.1', { app: 'db', hash: '2' }, { nodeName: 'node1' })], 0, {}],
  [
    'a new version here that a new policy selects',
    [policyFor({ hash: '2' }), pod('db2', '10.0.1.1', { app: 'db', hash: '2' }, { nodeName: 'node1' })],
    1,
    {},
  ],
  ['other names of ports here', [withPort(pod('db2', '10.0.1.1', { app: 'db' }, { nodeName: 'node1' }))], 1, {}],
  ['a workload here', [pod('api', '10.0.1.1', { app: 'api' }, { nodeName: 'node1' })], 1, {}],
];

describe('what is compiled again', () => {
  let planner: NodePlanner;

  beforeEach(() => {
    planner = new NodePlanner({ node: 'node1' });
    planner.reset(objectsOf(...start));
    planner.plan();
    compiled.mockClear();
  });

  it.each(cases)('%s', (_what, changes, compiles, peers) => {
    const before = planner.plan();
    planner.change({ upserted: objectsOf(...changes), deleted: [] });
    const plan = planner.plan();
    expect(compiled).toHaveBeenCalledTimes(compiles);
    for (const [address, like] of Object.entries(peers)) {
      expect(plan.peers.get(address)?.identity).toBe(like === undefined ? undefined : plan.peers.get(like)?.identity);
    }
    if (compiles === 0) expect(plan.policySets).toBe(before.policySets);
  });

  it('a plan that nothing changes stays the object that it is', () => {
    const before = planner.plan();
    planner.change({
      upserted: objectsOf(policy('db', 'other', 1), pod('x', '10.0.0.5', {}, { inNamespace: 'other' })),
      deleted: [],
    });
    expect(planner.plan()).toBe(before);
  });

  it('the last pod that a policy set judges takes it along', () => {
    planner.change({ upserted: [], deleted: [{ kind: 'Pod', namespace: 'shop', name: 'db' }] });
    expect(planner.plan()).toMatchObject({ policySets: [], localPods: [] });
    expect(compiled).not.toHaveBeenCalled();
  });
});
