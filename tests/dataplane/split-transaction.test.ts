/** Transactions in parts: what is in force between them. */
import { describe, expect, it } from 'vitest';
import type { Plan } from '../../src/dataplane/plan.ts';
import { splitChange, splitInstall, stageTable } from '../../src/dataplane/split-transaction.ts';
import { DEFAULT_TABLE, diffPlans, installPlan, type Transaction } from '../../src/dataplane/transaction.ts';
import { largeCluster, randomCluster } from '../property/random-cluster.ts';
import { FakeTable } from './fake-table.ts';
import { planOf } from './plan-cluster.ts';

/** The tables of a kernel, by name. */
class Tables {
  readonly byName = new Map<string, FakeTable>();

  apply(transaction: Transaction): void {
    if (transaction.operations.some(({ type }) => type === 'delete-table')) this.byName.delete(transaction.table);
    else {
      const table = this.byName.get(transaction.table) ?? new FakeTable();
      table.apply(transaction);
      this.byName.set(transaction.table, table);
    }
  }

  /** The chains that packets enter, with the tables that have any. */
  hooked(): string[] {
    return [...this.byName]
      .filter(([, table]) => [...table.chains.values()].some(({ hook }) => hook))
      .map(([name]) => name);
  }
}

const byName = <T>(map: ReadonlyMap<string, T> | undefined): [string, T][] =>
  [...(map ?? [])].toSorted(([a], [b]) => (a < b ? -1 : 1));

const content = (table: FakeTable | undefined): unknown => [
  byName(table?.sets).map(([name, { elements }]) => [name, byName(elements)]),
  byName(table?.chains),
];

describe('a whole table in parts', () => {
  it.each([false, true])('is never without rules in force (in the place of one: %s)', (replaces) => {
    const plan = planOf(largeCluster(3), 'node1');
    const transaction = installPlan(plan);
    const [whole, tables] = [new FakeTable(), new Tables()];
    whole.apply(transaction);
    if (replaces) tables.apply(installPlan(planOf(randomCluster(1), 'node1')));
    const seen = new Set<string>();
    for (const part of splitInstall(transaction, replaces)) {
      tables.apply(part);
      const hooked = tables.hooked();
      seen.add(hooked.join(' '));
      // Whoever is in force is complete.
      for (const name of hooked) {
        if (name === stageTable(DEFAULT_TABLE) || !replaces)
          expect(content(tables.byName.get(name))).toEqual(content(whole));
      }
    }
    expect(content(tables.byName.get(DEFAULT_TABLE))).toEqual(content(whole));
    const stage = stageTable(DEFAULT_TABLE);
    expect([...seen]).toEqual(
      replaces
        ? [DEFAULT_TABLE, `${DEFAULT_TABLE} ${stage}`, stage, `${stage} ${DEFAULT_TABLE}`].filter((each) =>
            seen.has(each),
          )
        : ['', DEFAULT_TABLE],
    );
    expect(seen.has('')).toBe(!replaces);
  });
});

describe('a change in parts', () => {
  it('does what the whole does, and nothing before the last part', () => {
    let plan: Plan = planOf(randomCluster(1), 'node1');
    const [whole, parts] = [new FakeTable(), new FakeTable()];
    whole.apply(installPlan(plan));
    parts.apply(installPlan(plan));
    let changes = 0;
    for (let seed = 2; seed < 30; seed++) {
      const next = planOf(randomCluster(seed), 'node1', { previous: plan });
      const transaction = diffPlans(plan, next, { generation: seed });
      whole.apply(transaction);
      const rules = JSON.stringify([...parts.chains].filter(([, { rules }]) => rules.length > 0));
      const split = splitChange(transaction);
      for (const [index, part] of split.entries()) {
        parts.apply(part);
        if (index < split.length - 1)
          expect(JSON.stringify([...parts.chains].filter(([, each]) => each.rules.length > 0))).toBe(rules);
      }
      if (split.length > 1) changes++;
      expect(content(parts), `seed ${seed}`).toEqual(content(whole));
      plan = next;
    }
    expect(changes).toBeGreaterThan(10);
  });

  it('sets of any size are filled by and by', () => {
    const elements = new Map(Array.from({ length: 2500 }, (_, index) => [`10.0.${index >> 8}.${index & 255}`, '']));
    const set = { name: 's', kind: 'set', type: 'ipv4_addr', interval: false, elements } as const;
    const split = splitChange({
      table: 't',
      generation: 1,
      operations: [
        { type: 'add-set', set },
        { type: 'add-elements', set: 's', elements },
      ],
    });
    const sizes = split.map(({ operations }) =>
      operations.flatMap((each) => (each.type === 'add-elements' ? [each.elements.size] : [])),
    );
    expect(sizes).toEqual([[], [1000], [1000], [500], []]);
  });
});
