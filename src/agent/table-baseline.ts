/** How the agent notices that somebody else has changed its table. */
import { parseIp } from '../base/inet-parse.ts';
import { formatIp } from '../base/inet-format.ts';
import { GENERATION_CHECK, GENERATION_STAMP } from '../dataplane/generation.ts';
import type { NftSet, Ruleset } from '../dataplane/ruleset.ts';
import type { Operation } from '../dataplane/transaction.ts';
import type { TableState } from '../io/nft/nft-driver.ts';

export interface Drift {
  readonly found: 'missing' | 'changed';
  /** In words, for the log. */
  readonly what: string;
}

/** The chains as they were when last looked at, but for those that we have changed since. */
export class TableBaseline {
  private handle: string | undefined;
  private fingerprints = new Map<string, string>();

  take(state: TableState): void {
    this.handle = state.handle;
    this.fingerprints = new Map([...state.chains].map(([name, { fingerprint }]) => [name, fingerprint]));
  }

  /** We have done this. */
  changed(operations: readonly Operation[]): void {
    for (const operation of operations) {
      if (operation.type === 'replace-table') {
        this.handle = undefined;
        this.fingerprints.clear();
      } else if (operation.type === 'set-rules' || operation.type === 'delete-chain') {
        this.fingerprints.delete(operation.chain);
      } else if (operation.type === 'add-chain') this.fingerprints.delete(operation.chain.name);
    }
  }

  differs(state: TableState): string | undefined {
    if (this.handle !== undefined && this.handle !== state.handle) return 'another table has taken its place';
    for (const [name, fingerprint] of this.fingerprints) {
      const now = state.chains.get(name);
      if (now !== undefined && now.fingerprint !== fingerprint) return `the rules of chain ${name} are others`;
    }
    return undefined;
  }
}

const MAX_CHECKED_ELEMENTS = 1000;

/**
 * The sets that decide whether a local pod is judged at all. There is an element for each pod of the node; those about
 * everybody else would take too long to read.
 */
export function elementsToCheck({ sets }: Ruleset): readonly NftSet[] {
  const ofPods = [...sets.values()].filter(
    ({ type, kind, interval }) =>
      !interval && (type.endsWith(' : verdict') || (kind === 'set' && /^ipv._addr$/.test(type))),
  );
  return ofPods.filter(({ elements }) => elements.size <= MAX_CHECKED_ELEMENTS);
}

/** What is not as it should be; `undefined` when all is well as far as can be seen. */
export function driftOf(
  ruleset: Ruleset,
  generation: number,
  state: TableState | undefined,
  elements: ReadonlyMap<string, ReadonlyMap<string, string>>,
  baseline: TableBaseline,
): Drift | undefined {
  if (state === undefined) return { found: 'missing', what: 'the table is gone' };
  const what =
    differentNames(new Set(ruleset.chains.keys()), new Set(state.chains.keys()), 'chain') ??
    differentNames(new Set(ruleset.sets.keys()), state.sets, 'set') ??
    differentRules(ruleset, state) ??
    (state.generation === generation ? undefined : 'another generation is in force') ??
    baseline.differs(state) ??
    differentElements(elementsToCheck(ruleset), elements);
  return what === undefined ? undefined : { found: 'changed', what };
}

function differentNames(ours: ReadonlySet<string>, found: ReadonlySet<string>, what: string): string | undefined {
  for (const name of ours) if (!found.has(name)) return `${what} ${name} is gone`;
  for (const name of found) if (!ours.has(name)) return `${what} ${name} is not ours`;
  return undefined;
}

function differentRules({ chains }: Ruleset, state: TableState): string | undefined {
  for (const { name, rules } of chains.values()) {
    // What these two say depends on the generation, which is compared by itself.
    if (name === GENERATION_CHECK || name === GENERATION_STAMP) continue;
    const found = state.chains.get(name)?.rules;
    if (found !== rules.length) return `chain ${name} has ${found ?? 0} rules instead of ${rules.length}`;
  }
  return undefined;
}

function differentElements(
  sets: readonly NftSet[],
  found: ReadonlyMap<string, ReadonlyMap<string, string>>,
): string | undefined {
  for (const { name, elements } of sets) {
    const now = found.get(name);
    if (now === undefined) return `set ${name} cannot be read`;
    if (now.size !== elements.size) return `${name} has ${now.size} elements instead of ${elements.size}`;
    for (const [key, value] of now) {
      if (elements.get(canonical(key)) !== value) return `${name} says something else about ${key}`;
    }
  }
  return undefined;
}

/** nft may write an address in another way than we do. */
function canonical(key: string): string {
  const parsed = parseIp(key);
  return parsed === undefined ? key : formatIp(parsed.ip);
}
