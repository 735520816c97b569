/**
 * Runs with a netlink socket that it was given: elements of every kind that the plans use, written in the kernel's words
 * and read back in nft's. Prints what came of it as JSON.
 */
import { rulesetOf } from '../../src/dataplane/plan-ruleset.ts';
import type { NftSet } from '../../src/dataplane/ruleset.ts';
import type { Operation, Transaction } from '../../src/dataplane/transaction.ts';
import { NftError } from '../../src/io/nft/nft-error.ts';
import { RawElements } from '../../src/io/nft/raw-elements.ts';
import { SpawnedNft } from '../../src/io/nft/spawned-nft.ts';
import { SpawnedNftTable } from '../../src/io/nft/spawned-nft-table.ts';
import { installPlan } from '../../src/dataplane/transaction.ts';
import { FULL_OBSERVATION } from '../../src/dataplane/observation.ts';
import { Compiled } from '../../src/engine/compiled.ts';
import { clusterOf, planOf } from '../dataplane/plan-cluster.ts';
import { largeCluster, randomCluster } from '../property/random-cluster.ts';

const table = 'sallyport';
const raw = new RawElements(Number(process.argv[2]));
const nft = new SpawnedNft();
const tables = new SpawnedNftTable();
const change = (...operations: Operation[]): Transaction => ({ table, operations, generation: 1 });

/** The table by nft without elements, then the elements by the socket; what differs. */
async function filledRaw(seed: number): Promise<{ difference: string | undefined; types: string[] }> {
  const all = seed % 10 === 0 ? largeCluster(seed) : randomCluster(seed);
  const enforced = all.filter(({ kind }, index) => !kind.endsWith('Policy') || index % 2 === 0);
  const staged = new Compiled(clusterOf(all));
  const plan = planOf(enforced, 'node1', { staged, observation: FULL_OBSERVATION });
  const { operations, generation } = installPlan(plan, { table });
  const sets = new Map<string, NftSet>(rulesetOf(plan).sets);
  const isRaw = (operation: Operation): boolean =>
    operation.type === 'add-elements' && sets.get(operation.set)?.interval === false;
  await nft.apply({ table, generation, operations: operations.filter((operation) => !isRaw(operation)) });
  const typeOf = (name: string): string | undefined => {
    const set = sets.get(name);
    return set?.interval === false ? set.type : undefined;
  };
  const elements = operations.filter(isRaw);
  const filled = change(...elements);
  if (!raw.apply(filled, typeOf)) throw new Error('it is not one for the socket');
  const difference = await tables.difference(table, rulesetOf(plan));
  // All of them go again, and come back.
  const emptied = change(
    ...elements.flatMap((each): Operation[] =>
      each.type === 'add-elements' ? [{ type: 'delete-elements', set: each.set, keys: [...each.elements.keys()] }] : [],
    ),
  );
  if (!raw.apply(emptied, typeOf)) throw new Error('elements cannot be deleted');
  const empty = await tables.difference(table, rulesetOf(plan));
  if (elements.length > 0 && empty === undefined) throw new Error('elements are still there');
  if (!raw.apply(filled, typeOf)) throw new Error('elements cannot be added twice');
  const again = await tables.difference(table, rulesetOf(plan));
  return {
    difference: difference ?? again,
    types: [...sets.values()].filter(({ interval }) => !interval).map(({ type }) => type),
  };
}

function codeOf(operation: Operation): string {
  const types: ReadonlyMap<string, string> = new Map([
    ['many', 'ipv4_addr'],
    ['nowhere', 'ipv4_addr'],
  ]);
  try {
    return String(raw.apply(change(operation), (name) => types.get(name)));
  } catch (error) {
    return error instanceof NftError ? error.code : String(error);
  }
}

const differences: string[] = [];
const types = new Set<string>();
for (const seed of [1, 2, 3, 10, 80]) {
  const result = await filledRaw(seed);
  if (result.difference !== undefined) differences.push(`seed ${seed}: ${result.difference}`);
  for (const type of result.types) types.add(type);
}

const many: NftSet = { name: 'many', kind: 'set', type: 'ipv4_addr', interval: false, elements: new Map() };
await nft.apply(change({ type: 'add-set', set: many }));
const elements = new Map(Array.from({ length: 20_000 }, (_, index) => [`11.0.${index >> 8}.${index & 255}`, '']));
const codes = [
  codeOf({ type: 'add-elements', set: 'many', elements }),
  codeOf({ type: 'delete-elements', set: 'many', keys: ['192.0.2.1'] }),
  codeOf({ type: 'add-elements', set: 'nowhere', elements: new Map([['192.0.2.1', '']]) }),
  codeOf({ type: 'add-elements', set: 'strange', elements: new Map([['192.0.2.1', '']]) }),
  codeOf({ type: 'add-elements', set: 'many', elements: new Map([['2001:db8::1', '']]) }),
];
const size = (await tables.readElements(table, [many])).get('many')?.size;
process.stdout.write(
  `${JSON.stringify({ differences, types: [...types].toSorted((a, b) => (a < b ? -1 : 1)), codes, size })}\n`,
);
