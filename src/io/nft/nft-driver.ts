import type { GenerationField } from '../../dataplane/generation.ts';
import type { Transaction } from '../../dataplane/transaction.ts';

/** Brings transactions into the kernel. Every implementation keeps the same contract. */
export interface NftDriver {
  /**
   * Applies all of the transaction or nothing, and resolves when the kernel has committed it. One at a time.
   *
   * @throws NftError
   */
  apply(transaction: Transaction): Promise<void>;
}

/** What the kernel has of a table. */
export interface TableState {
  /** That accepted connections carry; `undefined` when the table says none. */
  readonly generation: number | undefined;
  /** Equal as long as nobody, we included, has changed the table's chains, rules and sets. */
  readonly fingerprint: string;
}

/** Looks after one table of the family `inet`. Never lists or touches another. */
export interface NftTable {
  /**
   * `undefined` when there is no such table. Takes milliseconds whatever the sets hold: elements are not looked at.
   *
   * @throws NftError
   */
  read(table: string, field?: GenerationField): Promise<TableState | undefined>;
  /**
   * That there is none afterwards.
   *
   * @throws NftError
   */
  remove(table: string): Promise<void>;
}
