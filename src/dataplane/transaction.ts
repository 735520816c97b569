/** One atomic change of the table, as operations; and the change from one plan to the next. */
import type { GenerationField } from './generation.ts';
import { DEFAULT_FIELD, fieldRules, generationRules, nextGeneration } from './generation.ts';
import { PeerElements } from './peer-table.ts';
import type { Plan } from './plan.ts';
import { rulesetOf } from './plan-ruleset.ts';
import type { NftChain, NftCounter, NftSet, Ruleset } from './ruleset.ts';
import { tightens } from './tightening.ts';

export type Operation =
  /** Makes the table, empty: what was in one of the name goes, in the same transaction. */
  | { readonly type: 'replace-table' }
  /** Whether there is one or not. */
  | { readonly type: 'delete-table' }
  | { readonly type: 'add-counter'; readonly counter: NftCounter }
  | { readonly type: 'delete-counter'; readonly counter: string }
  | { readonly type: 'add-set'; readonly set: NftSet }
  | { readonly type: 'delete-set'; readonly set: NftSet }
  | { readonly type: 'add-chain'; readonly chain: NftChain }
  /** One without rules. */
  | { readonly type: 'delete-chain'; readonly chain: string }
  /** The rules of a chain, whatever it had before. */
  | { readonly type: 'set-rules'; readonly chain: string; readonly rules: readonly string[]; readonly fresh: boolean }
  | { readonly type: 'add-elements'; readonly set: string; readonly elements: ReadonlyMap<string, string> }
  | { readonly type: 'delete-elements'; readonly set: string; readonly keys: readonly string[] };

export interface Transaction {
  /** Of the family `inet`. */
  readonly table: string;
  readonly operations: readonly Operation[];
  /** The generation in force afterwards. */
  readonly generation: number;
}

export interface TransactionOptions {
  readonly table?: string;
  /** The generation in force; where there is no table yet, one that no live flow may carry. */
  readonly generation?: number;
  readonly field?: GenerationField;
}

export const DEFAULT_TABLE = 'sallyport';

/** Replaces the table as a whole: at the start, and when the kernel does not have what it should. */
export function installPlan(plan: Plan, options: TransactionOptions = {}): Transaction {
  return diffPlans(undefined, plan, options);
}

/**
 * The smallest change from one plan to the next. The generation moves on when the new plan forbids something that the
 * old one allowed: then every live connection is judged once more.
 */
export function diffPlans(before: Plan | undefined, next: Plan, options: TransactionOptions = {}): Transaction {
  const field = options.field ?? DEFAULT_FIELD;
  const current = options.generation ?? 0;
  const moves = before === undefined || tightens(before, next);
  const generation = moves ? nextGeneration(current, field) : current;
  const operations: Operation[] = before === undefined ? [{ type: 'replace-table' }] : [];
  const nothing: Ruleset = { counters: new Map(), sets: new Map(), chains: new Map() };
  operations.push(...diffRulesets(before === undefined ? nothing : rulesetOf(before), rulesetOf(next)));
  if (moves) {
    const fresh = before === undefined;
    const chains = [...(fresh ? fieldRules(field) : []), ...generationRules(generation, field)];
    for (const [chain, rules] of chains) operations.push({ type: 'set-rules', chain, rules, fresh });
  }
  return { table: options.table ?? DEFAULT_TABLE, operations, generation };
}

/**
 * Begins again with the first generation, out of the one in which every packet is judged, once the field is cleared in
 * the marks of all connections: only then does none of them carry a number that becomes valid.
 */
export function restartGenerations({
  table = DEFAULT_TABLE,
  field = DEFAULT_FIELD,
}: TransactionOptions = {}): Transaction {
  const operations = Array.from(generationRules(1, field), ([chain, rules]): Operation => {
    return { type: 'set-rules', chain, rules, fresh: false };
  });
  return { table, operations, generation: 1 };
}

/** In an order in which nothing is referred to before it exists or deleted while it is referred to. */
export function diffRulesets(before: Ruleset, next: Ruleset): Operation[] {
  const makeCounters: Operation[] = [];
  const makeSets: Operation[] = [];
  const makeChains: Operation[] = [];
  const fill: Operation[] = [];
  const rules: Operation[] = [];
  const dispatch: Operation[] = [];
  const baseRules: Operation[] = [];
  const drop: Operation[] = [];
  for (const counter of next.counters.values()) {
    if (!before.counters.has(counter.name)) makeCounters.push({ type: 'add-counter', counter });
  }
  for (const set of next.sets.values()) {
    const old = before.sets.get(set.name);
    if (old === set) continue;
    // Verdicts name chains, so they come when all of those are complete.
    const into = isVerdictMap(set) ? dispatch : fill;
    if (old === undefined) {
      makeSets.push({ type: 'add-set', set });
      if (set.elements.size > 0) into.push({ type: 'add-elements', set: set.name, elements: set.elements });
    } else into.push(...elementChanges(old, set));
  }
  for (const chain of next.chains.values()) {
    const old = before.chains.get(chain.name);
    if (old === chain) continue;
    if (old === undefined) makeChains.push({ type: 'add-chain', chain });
    if (old === undefined ? chain.rules.length === 0 : sameRules(old.rules, chain.rules)) continue;
    const change: Operation = { type: 'set-rules', chain: chain.name, rules: chain.rules, fresh: old === undefined };
    (chain.hook === undefined ? rules : baseRules).push(change);
  }
  // What goes may refer to other things that go: chains to each other, verdict maps to chains.
  const oldChains = [...before.chains.values()].filter(({ name }) => !next.chains.has(name));
  const oldSets = [...before.sets.values()].filter(({ name }) => !next.sets.has(name));
  for (const { name, rules: had } of oldChains) {
    if (had.length > 0) drop.push({ type: 'set-rules', chain: name, rules: [], fresh: false });
  }
  for (const set of oldSets) if (isVerdictMap(set)) drop.push({ type: 'delete-set', set });
  for (const { name } of oldChains) drop.push({ type: 'delete-chain', chain: name });
  for (const set of oldSets) if (!isVerdictMap(set)) drop.push({ type: 'delete-set', set });
  for (const name of before.counters.keys()) {
    if (!next.counters.has(name)) drop.push({ type: 'delete-counter', counter: name });
  }
  return [...makeCounters, ...makeSets, ...makeChains, ...fill, ...rules, ...dispatch, ...baseRules, ...drop];
}

function isVerdictMap({ type }: NftSet): boolean {
  return type.endsWith('verdict');
}

function elementChanges(old: NftSet, set: NftSet): Operation[] {
  if (old.elements === set.elements) return [];
  const added = new Map<string, string>();
  const deleted: string[] = [];
  for (const key of keysOfEither(old.elements, set.elements)) {
    const had = old.elements.get(key);
    const value = set.elements.get(key);
    if (had === value) continue;
    // A changed value is a deletion and an addition, in this order.
    if (had !== undefined) deleted.push(key);
    if (value !== undefined) added.set(key, value);
  }
  const changes: Operation[] = [];
  if (deleted.length > 0) changes.push({ type: 'delete-elements', set: set.name, keys: deleted });
  if (added.size > 0) changes.push({ type: 'add-elements', set: set.name, elements: added });
  return changes;
}

/** Of those whose value may differ. */
function* keysOfEither(old: ReadonlyMap<string, string>, next: ReadonlyMap<string, string>): Generator<string> {
  const changed = next instanceof PeerElements ? next.changedSince(old) : undefined;
  if (changed !== undefined) {
    yield* changed;
    return;
  }
  yield* next.keys();
  for (const key of old.keys()) if (!next.has(key)) yield key;
}

function sameRules(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((rule, index) => rule === b[index]);
}
