/** Every way into the kernel keeps the same contract, as root and in a user namespace. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FEATURES } from '../../src/dataplane/feature-probe.ts';
import { DEFAULT_FIELD } from '../../src/dataplane/generation.ts';
import { FULL_OBSERVATION } from '../../src/dataplane/observation.ts';
import type { Plan } from '../../src/dataplane/plan.ts';
import { rulesetOf } from '../../src/dataplane/plan-ruleset.ts';
import { diffPlans, installPlan, type Operation, type Transaction } from '../../src/dataplane/transaction.ts';
import { Compiled } from '../../src/engine/compiled.ts';
import { InteractiveNft } from '../../src/io/nft/interactive-nft.ts';
import { KernelNft } from '../../src/io/nft/kernel-nft.ts';
import type { NftDriver } from '../../src/io/nft/nft-driver.ts';
import { probeNft } from '../../src/io/nft/probe-nft.ts';
import { SpawnedNft } from '../../src/io/nft/spawned-nft.ts';
import { SpawnedNftTable } from '../../src/io/nft/spawned-nft-table.ts';
import { clusterOf, planOf } from '../dataplane/plan-cluster.ts';
import { describeKernel } from '../packets/kernel.ts';
import { Namespaces, type Namespace } from '../packets/namespaces.ts';
import { largeCluster, randomCluster } from '../property/random-cluster.ts';

const table = 'sallyport';

function plan(seed: number, previous?: Plan): Plan {
  const all = seed % 10 === 0 ? largeCluster(seed) : randomCluster(seed);
  const enforced = all.filter(({ kind }, index) => !kind.endsWith('Policy') || index % 2 === 0);
  const staged = new Compiled(clusterOf(all));
  return planOf(enforced, 'node1', { previous, staged, observation: FULL_OBSERVATION });
}

const elements = (count: number): Map<string, string> =>
  new Map(Array.from({ length: count }, (_, index) => [`11.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, '']));

const change = (...operations: Operation[]): Transaction => ({ table, operations, generation: 1 });
const addSet = (name: string): Operation => ({
  type: 'add-set',
  set: { name, kind: 'set', type: 'ipv4_addr', interval: false, elements: new Map() },
});

type Command = [string, ...string[]];
const drivers: readonly [name: string, make: (command: Command) => NftDriver][] = [
  ['spawned', (command) => new SpawnedNft({ command })],
  ['interactive', (command) => new InteractiveNft({ command })],
  ['whichever suits', (command) => new KernelNft({ command })],
  ['never interactive', (command) => new KernelNft({ command, interactive: false })],
];

const wheres = process.getuid?.() === 0 ? [false, true] : [true];

describeKernel('nft', () => {
  describe.each(wheres)('in a user namespace: %s', (rootless) => {
    const namespaces = new Namespaces({ rootless });
    let namespace: Namespace;
    let command: Command;
    let tables: SpawnedNftTable;

    beforeAll(async () => {
      namespace = await namespaces.add();
      command = namespace.enter('nft');
      tables = new SpawnedNftTable({ command });
      namespace.run(
        ['nft', '-f', '-'],
        'table inet foreign { set s { type ipv4_addr ; elements = { 1.2.3.4 } ; } ; }\n',
      );
    });

    afterAll(() => namespaces.close());

    it('knows every word that the rules use', async () => {
      expect(await probeNft({ command })).toEqual([]);
      expect(FEATURES.length).toBeGreaterThan(10);
    });

    describe.each(drivers)('%s', (_name, make) => {
      let driver: NftDriver;
      beforeAll(() => (driver = make(command)));
      afterAll(() => driver.close?.());

      it('makes the table what the plan says, and what each next plan says', async () => {
        let before: Plan | undefined;
        let generation = 6;
        for (const seed of [1, 2, 10, 3, 4]) {
          const next = plan(seed, before);
          const options = { table, generation };
          const transaction = before === undefined ? installPlan(next, options) : diffPlans(before, next, options);
          await driver.apply(transaction);
          ({ generation } = transaction);
          expect(await tables.difference(table, rulesetOf(next)), `seed ${seed}`).toBeUndefined();
          expect(await tables.read(table, DEFAULT_FIELD), `seed ${seed}`).toMatchObject({ generation });
          before = next;
        }
      });

      it('does all of a transaction or nothing', async () => {
        await driver.apply(installPlan(plan(5), { table }));
        const before = await tables.read(table, DEFAULT_FIELD);
        const wrong = change(addSet('one'), { type: 'add-elements', set: 'nowhere', elements: elements(1) });
        await expect(driver.apply(wrong)).rejects.toMatchObject({ code: 'nft-state-differs' });
        const words = change(addSet('one'), {
          type: 'set-rules',
          chain: 'deny',
          rules: ['no such words'],
          fresh: true,
        });
        await expect(driver.apply(words)).rejects.toMatchObject({ code: 'nft-refused' });
        expect(await tables.read(table, DEFAULT_FIELD)).toEqual(before);
        await driver.apply(change(addSet('one')));
        await expect(driver.apply(change(addSet('one')))).rejects.toMatchObject({ code: 'nft-state-differs' });
        expect((await tables.read(table, DEFAULT_FIELD))?.sets).toContain('one');
      });

      it('never touches the table of another', () => {
        const listing = namespace.run(['nft', 'list', 'tables']);
        expect(listing.split('\n').toSorted().join(' ').trim()).toBe('table inet foreign table inet sallyport');
        expect(namespace.run(['nft', 'list', 'table', 'inet', 'foreign'])).toContain('1.2.3.4');
      });
    });

    it('more than the kernel takes at once goes in parts', async () => {
      const driver = new KernelNft({ command });
      const many = elements(40_000);
      const transaction = installPlan(plan(1), { table });
      const filled: Transaction = {
        ...transaction,
        operations: [...transaction.operations, addSet('many'), { type: 'add-elements', set: 'many', elements: many }],
      };
      await driver.apply(filled);
      await driver.apply(filled);
      await driver.apply(change(addSet('more'), { type: 'add-elements', set: 'more', elements: many }));
      for (const name of ['many', 'more']) {
        const set = (await tables.readElements(table, [{ name, kind: 'set' }])).get(name);
        expect(set?.size, name).toBe(40_000);
      }
      expect(namespace.run(['nft', 'list', 'tables'])).not.toContain('next');
      await driver.close();
    });

    it('counts are read by name', async () => {
      const next = plan(2);
      await new SpawnedNft({ command }).apply(installPlan(next, { table }));
      const counts = await tables.readCounters(table);
      expect([...counts.keys()].toSorted()).toEqual([...rulesetOf(next).counters.keys()].toSorted());
      expect([...counts.values()][0]).toEqual({ packets: 0, bytes: 0 });
      expect(await tables.readCounters('nowhere')).toEqual(new Map());
    });

    it('is told what differs', async () => {
      const next = plan(2);
      const ruleset = rulesetOf(next);
      const nft = new SpawnedNft({ command });
      await nft.apply(installPlan(next, { table }));
      const found: (string | undefined)[] = [];
      for (const operation of [
        addSet('theirs'),
        { type: 'set-rules', chain: 'deny', rules: ['accept'], fresh: false },
        { type: 'add-elements', set: 'peer4', elements: new Map([['198.51.100.77', '1000:1']]) },
      ] as const) {
        await nft.apply(installPlan(next, { table }));
        await nft.apply(change(operation));
        found.push(await tables.difference(table, ruleset));
      }
      await tables.remove(table);
      found.push(await tables.difference(table, ruleset));
      expect(found).toEqual([
        'theirs is not ours',
        expect.stringMatching(/^chain deny has 1 rules instead of \d$/),
        expect.stringMatching(/^peer4 has \d+ elements instead of \d+$/),
        'the table is gone',
      ]);
    });
  });
});
