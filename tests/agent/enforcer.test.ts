import { describe, expect, test } from 'vitest';
import { NodePlanner } from '../../src/dataplane/node-planner.ts';
import type { Plan } from '../../src/dataplane/plan.ts';
import { rulesetOf } from '../../src/dataplane/plan-ruleset.ts';
import { Enforcer } from '../../src/agent/enforcer.ts';
import type { AgentEvent } from '../../src/agent/events.ts';
import { NftError } from '../../src/io/nft/nft-error.ts';
import { FakeClock } from '../io/kubernetes/fake-clock.ts';
import type { Manifest } from '../oracle/manifest.ts';
import { FakeKernel } from './fake-kernel.ts';
import { allow, decoded, pod, shop } from './objects.ts';

const field = { shift: 16, bits: 16 };

function setUp() {
  const kernel = new FakeKernel();
  const events: AgentEvent[] = [];
  const clock = new FakeClock();
  const enforcer = new Enforcer({
    driver: kernel,
    tables: kernel,
    table: 'sallyport',
    field,
    clock,
    random: () => 0.5,
    observe: (event) => events.push(event),
  });
  const planner = new NodePlanner({ node: 'node-1' });
  const planOf = (manifests: readonly Manifest[]): Plan => {
    planner.reset(decoded(manifests));
    return planner.plan();
  };
  return { kernel, events, clock, enforcer, planOf, types: () => events.map(({ type }) => type) };
}

const setOf = (plan: Plan | undefined, policy: string) =>
  plan?.policySets.find(({ policies }) => policies.includes(policy));
const opens = (plan: Plan | undefined, policy: string): number | undefined => setOf(plan, policy)?.open.size;
const db = 'shop/NetworkPolicy/db';
const web = 'shop/NetworkPolicy/web';

/** Whether the transaction fills the sets of the policy set, which is when it says what it opens. */
function fills(kernelPlan: Plan, policy: string) {
  const name = setOf(kernelPlan, policy)?.name ?? 'none';
  return ({ operations }: FakeKernel['committed'][number]): boolean =>
    operations.some(
      (operation) => operation.type === 'set-rules' && operation.chain === name && operation.rules.length > 2,
    );
}

const refusal = (): NftError => new NftError('nft-refused', 'nft refuses the transaction: Invalid argument');

describe('the first transaction', () => {
  test('replaces the table as a whole', async () => {
    const { kernel, enforcer, planOf } = setUp();
    const applied = await enforcer.apply(planOf(shop));
    expect(applied).toMatchObject({ full: true, generationMoved: true });
    expect(kernel.committed).toHaveLength(1);
    expect(kernel.committed[0]?.operations[0]).toEqual({ type: 'replace-table' });
    expect(enforcer.generation).toBe(kernel.generation);
  });

  test('goes on from the generation in the kernel, so that no connection keeps what other rules allowed', async () => {
    const { kernel, enforcer, planOf } = setUp();
    await enforcer.apply(planOf(shop));
    kernel.generation = 41;
    const successor = new Enforcer({
      driver: kernel,
      tables: kernel,
      table: 'sallyport',
      field,
      clock: new FakeClock(),
      random: () => 0.9,
      observe: () => undefined,
    });
    await successor.apply(planOf(shop));
    expect(kernel.generation).toBe(42);
  });

  test('begins somewhere at random when there is no table, never with what no connection has', async () => {
    const { kernel, enforcer, planOf } = setUp();
    await enforcer.apply(planOf(shop));
    expect(kernel.generation).toBe(1 + 0.5 * 32_768 + 1);
  });
});

describe('later ones', () => {
  test('are deltas, and none when nothing changes', async () => {
    const { kernel, enforcer, planOf } = setUp();
    await enforcer.apply(planOf(shop));
    const generation = kernel.generation;
    expect(await enforcer.apply(planOf(shop))).toMatchObject({ full: false, operations: 0 });
    const applied = await enforcer.apply(planOf([...shop, pod('web', '10.0.2.9', 'node-2', 'shop')].slice(1)));
    expect(applied.full).toBe(false);
    expect(kernel.committed).toHaveLength(2);
    const more = await enforcer.apply(planOf([...shop, allow('db-2', 'db', 'far', 5432)]));
    expect(more.full).toBe(false);
    expect(kernel.generation).toBeGreaterThanOrEqual(generation);
  });

  test('begin anew when the kernel has something else, and say so', async () => {
    const { kernel, enforcer, planOf, types } = setUp();
    await enforcer.apply(planOf(shop));
    const { generation } = kernel;
    kernel.table = undefined;
    const applied = await enforcer.apply(planOf([...shop, allow('web-2', 'web', 'db', 81)]));
    expect(applied).toMatchObject({ full: true, generationMoved: true });
    expect(types()).toEqual(['drift']);
    // Another generation than before, although the table that said it is gone.
    expect(kernel.generation).toBe(generation + 1);
    expect(kernel.table).toBeDefined();
  });

  test.each([['nft-missing'], ['nft-not-permitted']] as const)('%s: the kernel has what it had', async (code) => {
    const { kernel, enforcer, planOf } = setUp();
    const before = planOf(shop);
    await enforcer.apply(before);
    kernel.refuse = () => new NftError(code, 'no');
    await expect(enforcer.apply(planOf([...shop, allow('more', 'web', 'db', 1)]))).rejects.toThrow('no');
    expect(enforcer.plan).toBe(before);
    kernel.refuse = () => undefined;
    expect(await enforcer.apply(planOf([...shop, allow('more', 'web', 'db', 1)]))).toMatchObject({ full: false });
  });

  test('after a timeout nobody knows what the kernel has, so the table is replaced', async () => {
    const { kernel, enforcer, planOf } = setUp();
    await enforcer.apply(planOf(shop));
    kernel.refuse = () => new NftError('nft-timeout', 'nft did not finish');
    const next = planOf([...shop, allow('more', 'web', 'db', 1)]);
    await expect(enforcer.apply(next)).rejects.toThrow('did not finish');
    kernel.refuse = () => undefined;
    expect(await enforcer.apply(next)).toMatchObject({ full: true });
  });
});

describe('what the kernel refuses', () => {
  test('is closed, and the rest holds', async () => {
    const { kernel, enforcer, events, planOf } = setUp();
    const plan = planOf(shop);
    kernel.refuse = (transaction) => (fills(plan, db)(transaction) ? refusal() : undefined);
    await enforcer.apply(plan);
    expect(opens(enforcer.plan, db)).toBe(0);
    expect(opens(enforcer.plan, web)).toBeGreaterThan(0);
    expect(enforcer.quarantined()).toMatchObject([
      { policies: [db], direction: 'ingress', pods: ['shop/db'], reason: refusal().message },
    ]);
    expect(events.filter(({ type }) => type === 'quarantined')).toHaveLength(1);
    // The pods stay judged: nothing is open to them.
    const name = setOf(plan, db)?.name ?? '';
    expect(kernel.table?.sets.get('in4')?.elements.get('10.0.1.2')).toBe(`goto ${name}`);
    expect(kernel.table?.chains.get(name)?.rules.at(-1)).toBe('goto deny');
  });

  test('is found among many in few transactions', async () => {
    const { kernel, enforcer, planOf } = setUp();
    const names = Array.from({ length: 40 }, (_, index) => `p${index}`);
    const plan = planOf([
      ...shop,
      ...names.flatMap((name, index) => [pod(name, `10.0.1.${index + 10}`), allow(name, name, 'web', 1000 + index)]),
    ]);
    const guilty = ['shop/NetworkPolicy/p7', 'shop/NetworkPolicy/p31'];
    kernel.refuse = (transaction) =>
      guilty.some((policy) => fills(plan, policy)(transaction)) ? refusal() : undefined;
    await enforcer.apply(plan);
    expect(enforcer.quarantined().flatMap(({ policies }) => policies)).toEqual(expect.arrayContaining(guilty));
    expect(enforcer.quarantined()).toHaveLength(2);
    expect(opens(enforcer.plan, 'shop/NetworkPolicy/p8')).toBeGreaterThan(0);
    expect(kernel.committed.length + kernel.failed.length).toBeLessThan(30);
  });

  test('stays closed until its policy changes, without being tried each time', async () => {
    const { kernel, enforcer, events, planOf } = setUp();
    const first = planOf(shop);
    kernel.refuse = (transaction) => (fills(first, db)(transaction) ? refusal() : undefined);
    await enforcer.apply(first);
    const failed = kernel.failed.length;
    await enforcer.apply(planOf([...shop, pod('other', '10.0.1.77')]));
    expect(kernel.failed).toHaveLength(failed);
    expect(enforcer.quarantined()).toHaveLength(1);
    const changed = planOf([
      ...shop.filter(({ metadata }) => metadata.name !== 'db' || false),
      pod('db', '10.0.1.2'),
      allow('db', 'db', 'web', 5433),
    ]);
    kernel.refuse = () => undefined;
    await enforcer.apply(changed);
    expect(enforcer.quarantined()).toEqual([]);
    expect(opens(enforcer.plan, db)).toBeGreaterThan(0);
    expect(events.at(-1)?.type).toBe('quarantine-ended');
  });

  test('gets another chance when it is asked for, and is not told again when it fails again', async () => {
    const { kernel, enforcer, planOf, types } = setUp();
    const plan = planOf(shop);
    kernel.refuse = (transaction) => (fills(plan, db)(transaction) ? refusal() : undefined);
    await enforcer.apply(plan);
    expect(enforcer.retryQuarantined()).toBe(true);
    await enforcer.apply(plan);
    expect(enforcer.quarantined()).toHaveLength(1);
    expect(types()).toEqual(['quarantined']);
    kernel.refuse = () => undefined;
    enforcer.retryQuarantined();
    await enforcer.apply(plan);
    expect(enforcer.quarantined()).toEqual([]);
    expect(types()).toEqual(['quarantined', 'quarantine-ended']);
    expect(enforcer.retryQuarantined()).toBe(false);
  });

  test('when it is what all have in common, all that are judged are denied', async () => {
    const { kernel, enforcer, planOf } = setUp();
    const plan = planOf(shop);
    kernel.refuse = ({ operations }) =>
      operations.some((operation) => operation.type === 'add-elements' && operation.set === 'peer4')
        ? refusal()
        : undefined;
    await enforcer.apply(plan);
    expect(
      enforcer
        .quarantined()
        .flatMap(({ policies }) => policies)
        .toSorted(),
    ).toEqual([db, web]);
    expect(enforcer.plan?.peers.size).toBe(0);
    expect(kernel.table?.sets.get('in4')?.elements.size).toBe(2);
  });

  test('when it is everything, the kernel keeps what it has', async () => {
    const { kernel, enforcer, planOf } = setUp();
    const before = planOf(shop);
    await enforcer.apply(before);
    const { table } = kernel;
    kernel.refuse = refusal;
    await expect(enforcer.apply(planOf([...shop, allow('more', 'web', 'db', 1)]))).rejects.toThrow(/Invalid argument/);
    expect(kernel.table).toBe(table);
    expect(enforcer.plan).toBe(before);
  });

  test('when it is only what is shown of policies in audit mode, no policy in force suffers', async () => {
    const { kernel, enforcer, planOf } = setUp();
    const enforced = shop.filter(({ kind, metadata }) => kind !== 'NetworkPolicy' || metadata.name === 'db');
    const plan = planOf([...enforced, allow('dry', 'web', 'db', 9, { 'sallyport.dev/mode': 'audit' })]);
    const [shadow] = plan.shadowSets;
    expect(shadow).toBeDefined();
    kernel.refuse = ({ operations }) =>
      operations.some(
        (operation) => operation.type === 'add-chain' && operation.chain.name.startsWith(shadow?.name ?? '-'),
      )
        ? refusal()
        : undefined;
    await enforcer.apply(plan);
    expect(enforcer.quarantined()).toEqual([]);
    expect(enforcer.shadowsReason).toContain('Invalid argument');
    expect(opens(enforcer.plan, db)).toBeGreaterThan(0);
    expect(enforcer.plan?.shadowSets).toEqual([]);
  });
});

describe('drift', () => {
  test.each([
    ['nothing', () => undefined, undefined],
    ['the table is deleted', (kernel: FakeKernel) => void (kernel.table = undefined), 'the table is gone'],
    ['the table is made again', (kernel: FakeKernel) => kernel.replaceTable(), 'another table has taken its place'],
    [
      'a rule is added',
      (kernel: FakeKernel) => void kernel.table?.chains.get('stamp')?.rules.push('accept'),
      'chain stamp has 4 rules instead of 3',
    ],
    ['a rule is set again', (kernel: FakeKernel) => kernel.touch('forward'), 'the rules of chain forward are others'],
    [
      'a chain is added',
      (kernel: FakeKernel) => void kernel.table?.chains.set('extra', { hook: undefined, rules: [] }),
      'chain extra is not ours',
    ],
    ['a set is deleted', (kernel: FakeKernel) => void kernel.table?.sets.delete('pods6'), 'set pods6 is gone'],
    [
      'a pod is let go',
      (kernel: FakeKernel) => kernel.table?.sets.get('in4')?.elements.clear(),
      'in4 has 0 elements instead of 2',
    ],
    [
      'a pod is led to other rules',
      (kernel: FakeKernel) => void kernel.table?.sets.get('in4')?.elements.set('10.0.1.2', 'goto settle'),
      'in4 says something else about 10.0.1.2',
    ],
    ['the generation is another', (kernel: FakeKernel) => void kernel.generation++, 'another generation is in force'],
  ])('%s', async (_what, interfere, what) => {
    const { kernel, enforcer, planOf } = setUp();
    const plan = planOf(shop);
    await enforcer.apply(plan);
    expect(await enforcer.checkDrift()).toBeUndefined();
    interfere(kernel);
    const drift = await enforcer.checkDrift();
    expect(drift === 'unsure' ? drift : drift?.what).toBe(what);
    const applied = await enforcer.apply(plan);
    expect(applied.full).toBe(what !== undefined);
    expect(await enforcer.checkDrift()).toBeUndefined();
    expect(kernel.table?.sets.get('in4')?.elements).toEqual(rulesetOf(plan).sets.get('in4')?.elements);
  });

  test('is not what we change ourselves', async () => {
    const { enforcer, planOf } = setUp();
    await enforcer.apply(planOf(shop));
    expect(await enforcer.checkDrift()).toBeUndefined();
    const applied = await enforcer.apply(planOf([...shop, allow('more', 'web', 'db', 1), pod('new', '10.0.1.9')]));
    expect(applied.operations).toBeGreaterThan(0);
    expect(await enforcer.checkDrift()).toBeUndefined();
    await enforcer.apply(planOf(shop));
    expect(await enforcer.checkDrift()).toBeUndefined();
  });
});

test('what changes while we look is not taken for drift', async () => {
  const { kernel, enforcer, planOf } = setUp();
  await enforcer.apply(planOf(shop));
  const next = planOf([...shop, allow('more', 'web', 'db', 1)]);
  const looked = enforcer.checkDrift();
  const applied = enforcer.apply(next);
  expect(await looked).toBe('unsure');
  expect(await enforcer.checkDrift()).toBe('unsure');
  await applied;
  expect(enforcer.plan).toBe(next);
  expect(await enforcer.checkDrift()).toBeUndefined();
  // Nor does it hide drift.
  kernel.touch('forward');
  const again = enforcer.checkDrift();
  await enforcer.apply(planOf(shop));
  expect(await again).toBe('unsure');
  expect(await enforcer.checkDrift()).toMatchObject({ found: 'changed' });
});

test('sizes are those of what is in force', async () => {
  const { kernel, enforcer, planOf } = setUp();
  expect(enforcer.counts()).toEqual({ sets: 0, elements: 0, chains: 0, rules: 0 });
  await enforcer.apply(planOf(shop));
  expect(enforcer.counts()).toMatchObject({ sets: kernel.table?.sets.size, chains: kernel.table?.chains.size });
});

describe('when the generations are used up', () => {
  const few = { shift: 30, bits: 2 };

  test('every packet is judged until the marks are cleared; then the first one is in force again', async () => {
    const { kernel, planOf } = setUp();
    let cleared = 0;
    const enforcer = new Enforcer({
      driver: kernel,
      tables: kernel,
      flowMarks: { clear: () => Promise.resolve(++cleared) },
      table: 'sallyport',
      field: few,
      clock: new FakeClock(),
      random: () => 0,
      observe: () => undefined,
    });
    const generations: [number, boolean][] = [];
    for (let at = 0; at < 5; at++) {
      await enforcer.apply(planOf(at % 2 === 0 ? shop : shop.filter(({ kind }) => kind !== 'NetworkPolicy')));
      const renewed = await enforcer.renewGenerations();
      generations.push([enforcer.generation, renewed]);
    }
    // 3 stands for every packet, and is left at once.
    expect(generations).toEqual([
      [2, false],
      [2, false],
      [1, true],
      [1, false],
      [2, false],
    ]);
    expect(cleared).toBe(1);
    expect(await enforcer.checkDrift()).toBeUndefined();
  });
});
