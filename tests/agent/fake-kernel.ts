/** A kernel with one table: takes transactions whole or not at all, and lets others interfere. */
import type { GenerationField } from '../../src/dataplane/generation.ts';
import type { NftSet } from '../../src/dataplane/ruleset.ts';
import type { Transaction } from '../../src/dataplane/transaction.ts';
import type { ChainState, NftDriver, NftTable, TableState } from '../../src/io/nft/nft-driver.ts';
import { NftError } from '../../src/io/nft/nft-error.ts';
import { FakeTable } from '../dataplane/fake-table.ts';

export class FakeKernel implements NftDriver, NftTable {
  table: FakeTable | undefined;
  generation = 0;
  /** Those that were committed. */
  readonly committed: Transaction[] = [];
  /** Those that were not. */
  readonly failed: Transaction[] = [];
  /** Why a transaction is refused; `undefined` when it is not. */
  refuse: (transaction: Transaction) => NftError | undefined = () => undefined;
  /** Whatever it is, it happens while the transaction is in the kernel. */
  during: () => Promise<void> | void = () => undefined;
  busy = false;
  #handle = 0;
  #touched = 0;
  readonly #marks = new Map<string, number>();

  async apply(transaction: Transaction): Promise<void> {
    if (this.busy) throw new Error('two transactions at a time');
    this.busy = true;
    try {
      await Promise.resolve();
      await this.during();
      const refusal = this.refuse(transaction);
      if (refusal !== undefined) {
        this.failed.push(transaction);
        throw refusal;
      }
      this.#commit(transaction);
    } finally {
      this.busy = false;
    }
  }

  #commit(transaction: Transaction): void {
    const replaces = transaction.operations[0]?.type === 'replace-table';
    const next = new FakeTable();
    for (const [name, set] of this.table?.sets ?? []) next.sets.set(name, { ...set, elements: new Map(set.elements) });
    for (const [name, chain] of this.table?.chains ?? []) next.chains.set(name, { ...chain, rules: [...chain.rules] });
    try {
      if (this.table === undefined && !replaces) throw new Error('No such file or directory');
      next.apply(transaction);
    } catch (error) {
      this.failed.push(transaction);
      throw new NftError('nft-state-differs', String(error));
    }
    if (replaces) this.#handle++;
    for (const operation of transaction.operations) if (operation.type === 'set-rules') this.touch(operation.chain);
    this.table = next;
    this.generation = transaction.generation;
    this.committed.push(transaction);
  }

  /** As if somebody had set the rules of the chain again. */
  touch(chain: string): void {
    this.#marks.set(chain, ++this.#touched);
  }

  read(_table: string, _field: GenerationField): Promise<TableState | undefined> {
    const { table } = this;
    if (table === undefined) return Promise.resolve(undefined);
    const chains = new Map<string, ChainState>();
    for (const [name, { rules }] of table.chains) {
      chains.set(name, { rules: rules.length, fingerprint: `${this.#marks.get(name) ?? 0} ${rules.join('\n')}` });
    }
    return Promise.resolve({
      handle: String(this.#handle),
      generation: this.generation,
      chains,
      sets: new Set(table.sets.keys()),
    });
  }

  readElements(
    _table: string,
    sets: readonly Pick<NftSet, 'name' | 'kind'>[],
  ): Promise<Map<string, Map<string, string>>> {
    const found = new Map<string, Map<string, string>>();
    for (const { name } of sets) {
      const set = this.table?.sets.get(name);
      if (set !== undefined) found.set(name, new Map(set.elements));
    }
    return Promise.resolve(found);
  }

  remove(): Promise<void> {
    this.table = undefined;
    return Promise.resolve();
  }

  /** Somebody deletes the table and makes another one of the name. */
  replaceTable(): void {
    this.#handle++;
  }
}
