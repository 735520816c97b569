import { describe, expect, test } from 'vitest';
import type { AgentEvent } from '../../src/agent/events.ts';
import { World } from '../../src/agent/world.ts';
import { NodePlanner, type ChangeScope } from '../../src/dataplane/node-planner.ts';
import type { JsonObject } from '../../src/io/kubernetes/api-object.ts';
import { enforcedKinds } from '../../src/io/kubernetes/watched-kinds.ts';
import { FakeClock } from '../io/kubernetes/fake-clock.ts';
import { allow, node, pod, shop } from './objects.ts';
import { ScriptedWatchers } from './scripted-watchers.ts';

function setUp() {
  const watchers = new ScriptedWatchers();
  const planner = new NodePlanner({ node: 'node-1' });
  const events: AgentEvent[] = [];
  const scopes: ChangeScope[] = [];
  const world = new World({
    resources: enforcedKinds,
    watch: watchers.watch,
    planner,
    clock: new FakeClock(),
    observe: (event) => events.push(event),
    onChange: (scope) => scopes.push(scope),
  });
  return { watchers, planner, world, events, scopes };
}

/** What may reach the pod on the port. */
function verdict({ planner }: { planner: NodePlanner }, from: string, to: string, port: number): string {
  const { cluster, engine } = planner;
  const [source, target] = [from, to].map((name) => cluster.podNamed('shop', name));
  if (source === undefined || target === undefined) return 'no pod';
  return engine.verdict({
    from: { type: 'pod', pod: source },
    to: { type: 'pod', pod: target },
    protocol: 'TCP',
    port,
  });
}

describe('the cluster as the planner holds it', () => {
  test('is what was listed, then what changed', async () => {
    const all = setUp();
    const { watchers, world, scopes } = all;
    watchers.list(shop);
    await world.whenSynced();
    expect(world.objectCount).toBe(shop.length);
    expect(verdict(all, 'web', 'db', 5432)).toBe('allowed');
    expect(verdict(all, 'far', 'db', 5432)).toBe('denied');
    scopes.length = 0;
    watchers.apply(allow('more', 'db', 'far', 5432));
    expect(verdict(all, 'far', 'db', 5432)).toBe('allowed');
    watchers.remove(allow('more', 'db', 'far', 5432));
    expect(verdict(all, 'far', 'db', 5432)).toBe('denied');
    watchers.list(shop.filter(({ kind }) => kind !== 'NetworkPolicy'));
    expect(verdict(all, 'far', 'db', 5432)).toBe('allowed');
    expect(scopes).toEqual(['policy', 'policy', 'policy']);
  });

  test.each([
    ['a pod of this node', pod('new', '10.0.1.9'), 'local-pod'],
    ['a pod elsewhere', pod('new', '10.0.2.9', 'node-2'), 'cluster'],
    ['a node', node('node-3', '192.0.2.3', '10.0.3.0/24'), 'cluster'],
    ['a policy', allow('new', 'web', 'db', 1), 'policy'],
  ] as const)('%s is as urgent as it is', (_what, object, scope) => {
    const { watchers, scopes } = setUp();
    watchers.list(shop);
    scopes.length = 0;
    watchers.apply(object);
    watchers.remove(object);
    expect(scopes).toEqual([scope, scope]);
  });

  test('events that change nothing are not told', () => {
    const { watchers, scopes } = setUp();
    watchers.list(shop);
    scopes.length = 0;
    watchers.apply(...shop);
    expect(scopes).toEqual([]);
  });

  test('a pod that leaves this node is as urgent as one that comes', () => {
    const { watchers, scopes } = setUp();
    watchers.list(shop);
    scopes.length = 0;
    watchers.apply(pod('web', '10.0.2.8', 'node-2'));
    expect(scopes).toEqual(['local-pod']);
  });
});

const garbled = (name: string, spec: unknown): JsonObject =>
  ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace: 'shop' },
    spec,
  }) as JsonObject;

describe('objects that cannot be understood', () => {
  test.each([
    ['denies the pods that it selects', { podSelector: { matchLabels: { app: 'web' } }, ingress: 7 }, ['web']],
    ['denies all pods of its namespace when it does not say which', { podSelector: 7, ingress: 7 }, ['web', 'far']],
  ])('a policy %s', (_what, spec, denied) => {
    const all = setUp();
    const { watchers, world, events } = all;
    watchers.list([...shop.filter(({ kind }) => kind !== 'NetworkPolicy'), garbled('odd', spec)]);
    for (const name of ['web', 'far']) {
      expect(verdict(all, 'db', name, 80)).toBe(denied.includes(name) ? 'denied' : 'allowed');
    }
    expect(world.invalidObjects()).toMatchObject([{ object: 'shop/NetworkPolicy/odd', effect: 'deny' }]);
    expect(world.invalidObjects()[0]?.reason).toContain('cannot unmarshal');
    expect(events).toMatchObject([{ type: 'invalid-object', object: 'shop/NetworkPolicy/odd' }]);
    watchers.apply(allow('odd', 'web', 'db', 80));
    expect(world.invalidCount).toBe(0);
    expect(verdict(all, 'db', 'web', 80)).toBe('allowed');
  });

  test('a policy that was understood before stays in force as it was', () => {
    const all = setUp();
    const { watchers, world } = all;
    watchers.list(shop);
    watchers.apply(garbled('db', { podSelector: {}, ingress: 7 }));
    expect(world.invalidObjects()).toMatchObject([{ object: 'shop/NetworkPolicy/db', effect: 'last-good' }]);
    expect(verdict(all, 'web', 'db', 5432)).toBe('allowed');
    expect(verdict(all, 'far', 'db', 5432)).toBe('denied');
    expect(verdict(all, 'db', 'far', 1)).toBe('allowed');
    // Still odd, in another way.
    watchers.apply(garbled('db', { podSelector: {}, egress: 7 }));
    expect(world.invalidObjects()).toMatchObject([{ effect: 'last-good' }]);
    watchers.remove(garbled('db', {}));
    expect(world.invalidCount).toBe(0);
    expect(verdict(all, 'far', 'db', 5432)).toBe('allowed');
  });

  test('one that was made anew under the name has no good past', () => {
    const all = setUp();
    const { watchers, world } = all;
    watchers.list(shop);
    watchers.remove(allow('db', 'db', 'web', 5432));
    watchers.apply(garbled('db', { podSelector: {}, ingress: 7 }));
    expect(world.invalidObjects()).toMatchObject([{ effect: 'deny' }]);
    expect(verdict(all, 'web', 'db', 5432)).toBe('denied');
    watchers.list(shop.filter(({ metadata }) => metadata.name !== 'db' || false));
    expect(world.invalidCount).toBe(0);
  });

  test('a cluster policy denies its subject, both ways', () => {
    const all = setUp();
    const { watchers } = all;
    const odd: JsonObject = {
      apiVersion: 'policy.networking.k8s.io/v1alpha1',
      kind: 'AdminNetworkPolicy',
      metadata: { name: 'odd' },
      spec: {
        priority: 1,
        subject: { pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: 'web' } } } },
        ingress: 7,
      },
    };
    watchers.list([...shop, odd]);
    expect(verdict(all, 'far', 'web', 80)).toBe('denied');
    expect(verdict(all, 'web', 'db', 5432)).toBe('denied');
    expect(verdict(all, 'db', 'far', 1)).toBe('allowed');
  });

  test('a pod does not count, and its address stays unknown', () => {
    const { watchers, world, planner } = setUp();
    const odd = { ...(pod('odd', '10.0.1.9') as unknown as JsonObject), spec: 7 };
    watchers.list([...shop, odd]);
    expect(planner.cluster.podNamed('shop', 'odd')).toBeUndefined();
    expect(world.invalidObjects()).toMatchObject([{ object: 'shop/Pod/odd', effect: 'ignored' }]);
  });
});

test('lists and failures are told since the last time', () => {
  const { watchers, world, events } = setUp();
  expect(world.reachable).toBe(false);
  watchers.list(shop);
  expect(world.reachable).toBe(true);
  world.report();
  expect(events).toEqual([]);
  watchers.fail('connection refused');
  expect(world.reachable).toBe(false);
  world.report();
  world.report();
  expect(events).toHaveLength(enforcedKinds.length);
  expect(events[0]).toMatchObject({
    type: 'watch-failed',
    reason: 'api-unreachable',
    message: 'connection refused',
    count: 1,
  });
  watchers.list(shop);
  world.report();
  expect(events.slice(enforcedKinds.length).map(({ type }) => type)).toEqual(enforcedKinds.map(() => 'relisted'));
});
