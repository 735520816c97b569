/** How the agent notices that somebody else has changed its table. */
import { parseIp } from '../base/inet-parse.ts';
import { formatIp } from '../base/inet-format.ts';
import type { NftSet, Ruleset } from '../dataplane/ruleset.ts';
import type { Operation } from '../dataplane/transaction.ts';
import type { TableState } from '../io/nft/nft-driver.ts';

export interface Drift {
  readonly found: 'missing' | 'changed';
  /** In words, for the log. */
  readonly what: string;
}

/** What our transactions have made, and the chains as they were when last looked at, but for those changed since. */
export class TableBaseline {
  private handle: string | undefined;
  private readonly fingerprints = new Map<string, string>();
  /** How many rules each chain has. */
  private readonly chains = new Map<string, number>();
  private readonly sets = new Set<string>();

  take(state: TableState): void {
    this.handle = state.handle;
    for (const [name, { fingerprint }] of state.chains) this.fingerprints.set(name, fingerprint);
  }

  /** We have done this. */
  changed(operations: readonly Operation[]): void {
    for (const operation of operations) {
      switch (operation.type) {
        case 'replace-table':
          this.handle = undefined;
          this.fingerprints.clear();
          this.chains.clear();
          this.sets.clear();
          break;
        case 'add-set':
          this.sets.add(operation.set.name);
          break;
        case 'delete-set':
          this.sets.delete(operation.set.name);
          break;
        case 'add-chain':
          this.chains.set(operation.chain.name, 0);
          break;
        case 'delete-chain':
          this.chains.delete(operation.chain);
          this.fingerprints.delete(operation.chain);
          break;
        case 'set-rules':
          this.chains.set(operation.chain, operation.rules.length);
          this.fingerprints.delete(operation.chain);
          break;
        default:
        // Elements are compared by themselves.
      }
    }
  }

  differs(state: TableState): string | undefined {
    if (this.handle !== undefined && this.handle !== state.handle) return 'another table has taken its place';
    return (
      differentNames(new Set(this.chains.keys()), new Set(state.chains.keys()), 'chain') ??
      differentNames(this.sets, state.sets, 'set') ??
      this.differentRules(state)
    );
  }

  private differentRules(state: TableState): string | undefined {
    for (const [name, rules] of this.chains) {
      const found = state.chains.get(name);
      if (found?.rules !== rules) return `chain ${name} has ${found?.rules ?? 0} rules instead of ${rules}`;
      const fingerprint = this.fingerprints.get(name);
      if (fingerprint !== undefined && fingerprint !== found.fingerprint)
        return `the rules of chain ${name} are others`;
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
    baseline.differs(state) ??
    (state.generation === generation ? undefined : 'another generation is in force') ??
    differentElements(elementsToCheck(ruleset), elements);
  return what === undefined ? undefined : { found: 'changed', what };
}

function differentNames(ours: ReadonlySet<string>, found: ReadonlySet<string>, what: string): string | undefined {
  for (const name of ours) if (!found.has(name)) return `${what} ${name} is gone`;
  for (const name of found) if (!ours.has(name)) return `${what} ${name} is not ours`;
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
