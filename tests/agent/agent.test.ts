import { afterEach, describe, expect, test } from 'vitest';
import { Agent, CHECK_MS } from '../../src/agent/agent.ts';
import type { AgentEvent } from '../../src/agent/events.ts';
import { notReadyReasons } from '../../src/agent/status.ts';
import type { NftVerifier } from '../../src/io/nft/nft-driver.ts';
import { NftError } from '../../src/io/nft/nft-error.ts';
import { enforcedKinds } from '../../src/io/kubernetes/watched-kinds.ts';
import { FakeClock, until } from '../io/kubernetes/fake-clock.ts';
import type { Manifest } from '../oracle/manifest.ts';
import { FakeKernel } from './fake-kernel.ts';
import { allow, namespace, pod, shop } from './objects.ts';
import { ScriptedWatchers } from './scripted-watchers.ts';

let stop: AbortController | undefined;
let running: Promise<void> | undefined;

afterEach(async () => {
  stop?.abort();
  await running;
});

function setUp(
  more: {
    readonly files?: Readonly<Record<string, string>>;
    readonly node?: string;
    readonly verifier?: NftVerifier;
  } = {},
) {
  const kernel = new FakeKernel();
  const clock = new FakeClock();
  const watchers = new ScriptedWatchers();
  const events: AgentEvent[] = [];
  const agent = new Agent({
    node: more.node ?? 'node-1',
    version: '0.0.0',
    table: 'sallyport',
    field: { shift: 16, bits: 16 },
    closedRanges: 'node-pod-cidrs',
    allowEgressToLocalNode: false,
    observation: {},
    resources: enforcedKinds,
    watch: watchers.watch,
    driver: kernel,
    tables: kernel,
    files: {
      readText: (path) => Promise.resolve(more.files?.[path]),
      list: () => Promise.resolve(undefined),
    },
    clock,
    random: () => 0.5,
    ...(more.verifier === undefined ? {} : { verifier: more.verifier }),
    observers: [(event) => events.push(event)],
  });
  const start = (): void => {
    stop = new AbortController();
    running = agent.run(stop.signal);
  };
  const all = { agent, kernel, clock, watchers, events, start, types: () => events.map(({ type }) => type) };
  /** Started, listed and applied. */
  const enforcing = async (objects: readonly Manifest[] = shop) => {
    start();
    watchers.list(objects);
    await until(() => agent.status().phase === 'enforcing', 'enforcing');
    clock.advance(20);
    await until(() => kernel.committed.length > 0, 'the first transaction');
    await until(() => agent.status().lastApply !== undefined);
    return all;
  };
  return { ...all, enforcing };
}

/** Lets the clock go on until the table was looked at so often. */
async function ticks({ clock }: { clock: FakeClock }, count: number, done: () => boolean): Promise<void> {
  for (let i = 0; i < count && !done(); i++) {
    await until(() => clock.delays.includes(CHECK_MS), 'the next tick');
    clock.advance(CHECK_MS);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('start', () => {
  test('the kernel is left alone until everything is listed', async () => {
    const { agent, kernel, clock, watchers, start } = setUp();
    start();
    await until(() => agent.status().phase === 'syncing');
    clock.advance(60_000);
    expect(kernel.committed).toEqual([]);
    expect(notReadyReasons(agent.status())).toContain('nothing was applied yet');
    expect(notReadyReasons(agent.status())[0]).toMatch(/^not listed yet: Namespace, Node, Pod, NetworkPolicy/);
    expect(agent.inForce()).toBeUndefined();
    expect(agent.pods()).toEqual([]);
    watchers.list(shop);
    await until(() => agent.status().phase === 'enforcing');
    clock.advance(20);
    await until(() => kernel.committed.length === 1);
  });

  test('then one transaction replaces the table, and the agent is ready', async () => {
    const { agent, kernel, events } = await setUp().enforcing();
    expect(kernel.committed).toHaveLength(1);
    expect(notReadyReasons(agent.status())).toEqual([]);
    expect(events.find(({ type }) => type === 'applied')).toMatchObject({ full: true, generation: kernel.generation });
    expect(agent.status()).toMatchObject({ phase: 'enforcing', tablePresent: true, generation: kernel.generation });
    expect(agent.pods()).toEqual([
      {
        pod: 'shop/db',
        addresses: ['10.0.1.2'],
        ingress: ['shop/NetworkPolicy/db'],
        egress: [],
        quarantined: [],
        generation: kernel.generation,
      },
      {
        pod: 'shop/web',
        addresses: ['10.0.1.1'],
        ingress: ['shop/NetworkPolicy/web'],
        egress: [],
        quarantined: [],
        generation: kernel.generation,
      },
    ]);
    expect(agent.inForce()?.plan.closedRanges).toHaveLength(1);
    expect(agent.inForce()?.engine.cluster.pods.length).toBe(3);
  });

  test('ranges that pods of other nodes use are not closed', async () => {
    const { agent } = await setUp().enforcing([...shop, pod('guest', '10.0.1.200', 'node-2')]);
    expect(agent.inForce()?.plan.closedRanges).toEqual([]);
  });

  test('a node that the cluster does not have is told, because nothing would be enforced', async () => {
    const all = await setUp({ node: 'node-9' }).enforcing();
    await ticks(all, 20, () => notReadyReasons(all.agent.status()).length > 0);
    expect(notReadyReasons(all.agent.status())).toEqual(['the cluster has no node "node-9"']);
  });

  test('what the machine lacks is told and makes the agent not ready', async () => {
    const { agent, events } = await setUp({ files: { '/proc/sys/kernel/osrelease': '4.4.0' } }).enforcing();
    expect(notReadyReasons(agent.status())).toEqual([expect.stringMatching(/^Linux 4\.4\.0 is older/)]);
    expect(events.filter(({ type }) => type === 'precondition')).toHaveLength(1);
  });
});

describe('changes', () => {
  test('a pod that comes to this node is in force without any delay', async () => {
    const { kernel, watchers, events } = await setUp().enforcing();
    watchers.apply(pod('db', '10.0.1.3'));
    await until(() => kernel.committed.length === 2);
    expect(kernel.table?.sets.get('in4')?.elements.has('10.0.1.3')).toBe(true);
    expect(kernel.table?.sets.get('in4')?.elements.has('10.0.1.2')).toBe(false);
    await until(() => events.at(-1)?.type === 'applied');
    expect(events.at(-1)).toMatchObject({ full: false, latencies: [{ scope: 'local-pod', ms: 0 }] });
  });

  test('many that come while one transaction runs go together', async () => {
    const { kernel, watchers } = await setUp().enforcing();
    let finish = (): void => undefined;
    kernel.during = () => new Promise<void>((resolve) => (finish = resolve));
    watchers.apply(pod('a', '10.0.1.10'));
    await until(() => kernel.busy);
    for (let i = 11; i < 60; i++) watchers.apply(pod(`p${i}`, `10.0.1.${i}`));
    kernel.during = () => undefined;
    finish();
    await until(() => kernel.table?.sets.get('pods4')?.elements.size === 52);
    expect(kernel.committed).toHaveLength(3);
  });

  test('an address that goes from one pod to another in one event does not stay with the first', async () => {
    const { agent, kernel, watchers } = await setUp().enforcing();
    watchers.remove(pod('db', '10.0.1.2'));
    watchers.apply(pod('open', '10.0.1.2'));
    await until(() => agent.pods().some(({ pod: name }) => name === 'shop/open'));
    expect(agent.pods().find(({ addresses }) => addresses.includes('10.0.1.2'))).toMatchObject({ ingress: [] });
    expect(kernel.table?.sets.get('in4')?.elements.has('10.0.1.2')).toBe(false);
  });
});

describe('when something else goes wrong', () => {
  test('a table that somebody deletes is back after the next look, and counted', async () => {
    const all = await setUp().enforcing();
    const { agent, kernel } = all;
    kernel.table = undefined;
    await ticks(all, 3, () => kernel.table !== undefined);
    expect(kernel.table).toBeDefined();
    expect(agent.status().driftRepairs).toBe(1);
    await until(() => all.types().at(-1) === 'drift-repaired');
    expect(all.types().slice(-3)).toEqual(['drift', 'applied', 'drift-repaired']);
    expect(notReadyReasons(agent.status())).toEqual([]);
  });

  test('somebody who changes it in the same way for ever is not fought for ever', async () => {
    const all = await setUp().enforcing();
    const { kernel, agent } = all;
    for (let i = 0; i < 60; i++) {
      kernel.table?.chains.get('forward')?.rules.push('accept');
      await ticks(all, 1, () => false);
    }
    const repairs = agent.status().driftRepairs;
    expect(repairs).toBeGreaterThan(3);
    expect(repairs).toBeLessThan(12);
  });

  test('every element is compared now and then', async () => {
    let looks = 0;
    const differences = [undefined, 'peer4 has 0 elements instead of 3'];
    const verifier: NftVerifier = { difference: () => Promise.resolve(differences[looks++]) };
    const all = await setUp({ verifier }).enforcing();
    const { agent, kernel, types } = all;
    await ticks(all, 1000, () => kernel.committed.length > 1);
    expect(looks).toBe(2);
    expect(agent.status().driftRepairs).toBe(1);
    await until(() => types().at(-1) === 'drift-repaired');
    expect(kernel.committed[1]?.operations[0]).toEqual({ type: 'replace-table' });
  });

  test('a kernel that takes nothing: not ready, tried again, and told why', async () => {
    const { agent, clock, kernel, watchers, start, events } = setUp();
    kernel.refuse = () => new NftError('nft-missing', 'there is no nft', 'Install nftables.');
    start();
    watchers.list(shop);
    await until(() => agent.status().phase === 'enforcing');
    clock.advance(20);
    await until(() => agent.status().lastApply?.ok === false);
    expect(notReadyReasons(agent.status())).toEqual([
      'the last transaction failed: there is no nft',
      'the table inet sallyport is not there',
    ]);
    expect(events.at(-1)).toMatchObject({ type: 'apply-failed', reason: 'nft-missing' });
    kernel.refuse = () => undefined;
    clock.advance(1000);
    await until(() => agent.status().lastApply?.ok === true);
    expect(notReadyReasons(agent.status())).toEqual([]);
  });

  test('an API server that goes away changes nothing, and comes back', async () => {
    const all = await setUp().enforcing();
    const { agent, kernel, watchers, types } = all;
    await ticks(all, 2, () => agent.status().api.reachable);
    watchers.fail('connection refused');
    await ticks(all, 2, () => !agent.status().api.reachable);
    expect(agent.status().api.reachable).toBe(false);
    expect(notReadyReasons(agent.status())).toEqual([]);
    expect(kernel.committed).toHaveLength(1);
    watchers.list([...shop, pod('new', '10.0.1.99')]);
    await until(() => kernel.committed.length === 2);
    await ticks(all, 2, () => agent.status().api.reachable);
    expect(types()).toEqual(expect.arrayContaining(['api-lost', 'api-back']));
  });

  test('a policy that the kernel refuses is in quarantine, shown, and tried again after a while', async () => {
    const all = await setUp().enforcing();
    const { agent, kernel, watchers } = all;
    kernel.refuse = ({ operations }) =>
      operations.some(
        (operation) => operation.type === 'set-rules' && operation.rules.some((rule) => rule.includes('th dport 6666')),
      )
        ? new NftError('nft-refused', 'Invalid argument')
        : undefined;
    watchers.apply(allow('odd', 'far', 'web', 1), pod('odd', '10.0.1.50'), {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'bad', namespace: 'shop' },
      spec: { podSelector: { matchLabels: { app: 'odd' } }, ingress: [{ ports: [{ port: 6666 }] }] },
    });
    await until(() => agent.status().quarantined.length > 0);
    expect(agent.status().quarantined).toMatchObject([{ policies: ['shop/NetworkPolicy/bad'], pods: ['shop/odd'] }]);
    expect(notReadyReasons(agent.status())).toEqual([
      expect.stringMatching(/the kernel refuses shop\/NetworkPolicy\/bad; its pods are denied ingress/),
    ]);
    expect(agent.pods().find(({ pod: name }) => name === 'shop/odd')?.quarantined).toEqual(['ingress']);
    expect(kernel.table?.sets.get('in4')?.elements.has('10.0.1.2')).toBe(true);
    kernel.refuse = () => undefined;
    await ticks(all, 40, () => agent.status().quarantined.length === 0);
    expect(agent.status().quarantined).toEqual([]);
  });
});

test('a mode that nobody understands is enforced and remarked', async () => {
  const { agent } = await setUp().enforcing([
    ...shop.slice(1),
    namespace('shop', { 'sallyport.dev/mode': 'Audit' }),
    allow('dry', 'far', 'web', 1, { 'sallyport.dev/mode': 'audit' }),
  ]);
  expect(agent.status().remarks).toEqual([
    'Namespace/shop: sallyport.dev/mode "Audit" is neither enforce nor audit; it is enforced',
  ]);
  const { engine, stagedEngine } = agent.inForce() ?? {};
  expect(engine?.cluster.networkPolicies).toHaveLength(2);
  expect(stagedEngine?.cluster.networkPolicies).toHaveLength(3);
});

test('at the end the kernel keeps what it has', async () => {
  const { agent, kernel } = await setUp().enforcing();
  stop?.abort();
  await running;
  expect(agent.status().phase).toBe('stopped');
  expect(kernel.table).toBeDefined();
  expect(kernel.committed).toHaveLength(1);
});

describe('once', () => {
  test('applies what is known then', async () => {
    const { agent, kernel, watchers } = setUp();
    const done = agent.applyOnce(1000);
    watchers.list(shop);
    await done;
    expect(kernel.committed).toHaveLength(1);
  });

  test('plans without touching the kernel', async () => {
    const { agent, kernel, watchers } = setUp();
    const done = agent.planOnce(1000);
    watchers.list(shop);
    expect((await done).localPods).toHaveLength(2);
    expect(kernel.committed).toEqual([]);
  });

  test('does not wait for ever', async () => {
    const { agent, clock, watchers } = setUp();
    const done = agent.applyOnce(1000);
    watchers.fail('connection refused');
    clock.advance(1000);
    await expect(done).rejects.toThrow(/^not listed within 1 s: Namespace, .*: connection refused$/);
  });
});
