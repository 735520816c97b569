import type { GenerationField } from '../../dataplane/generation.ts';
import type { NftSet, Ruleset } from '../../dataplane/ruleset.ts';
import type { Transaction } from '../../dataplane/transaction.ts';

/** Brings transactions into the kernel. Every implementation keeps the same contract. */
export interface NftDriver {
  /**
   * Applies all of the transaction or nothing, and resolves when the kernel has committed it. One at a time.
   *
   * @throws NftError
   */
  apply(transaction: Transaction): Promise<void>;
  /** Ends what runs beside this program. Absent where nothing does. */
  close?(): Promise<void>;
}

/** Of a named counter, since it was made. */
export interface Count {
  readonly packets: number;
  readonly bytes: number;
}

export interface ChainState {
  readonly rules: number;
  /** Equal as long as nobody has set, added or removed a rule of the chain, not even the same one again. */
  readonly fingerprint: string;
}

/** What the kernel has of a table. */
export interface TableState {
  /** Another one for every table that is made. */
  readonly handle: string;
  /** That accepted connections carry; `undefined` when no rule of ours says one in the field. */
  readonly generation: number | undefined;
  readonly chains: ReadonlyMap<string, ChainState>;
  /** Names of sets and maps. */
  readonly sets: ReadonlySet<string>;
}

/** Looks after one table of the family `inet`. Never lists or touches another. */
export interface NftTable {
  /**
   * `undefined` when there is no such table. Takes milliseconds whatever the sets hold: elements are not looked at.
   *
   * @throws NftError
   */
  read(table: string, field: GenerationField): Promise<TableState | undefined>;
  /**
   * The elements of some sets and maps as `NftSet.elements` has them; those that are not there are left out. For small
   * ones.
   *
   * @throws NftError
   */
  readElements(
    table: string,
    sets: readonly Pick<NftSet, 'name' | 'kind'>[],
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>>;
  /**
   * That there is none afterwards.
   *
   * @throws NftError
   */
  remove(table: string): Promise<void>;
}

/** Looks at everything: seconds for a hundred thousand elements. */
export interface NftVerifier {
  /**
   * Where the table in the kernel is not the ruleset, in words; `undefined` when it is as far as can be seen.
   *
   * @throws NftError
   */
  difference(table: string, ruleset: Ruleset): Promise<string | undefined>;
}

export interface NftCounters {
  /**
   * Of every named counter of the table; none when there is no such table. Takes milliseconds per hundred: on a timer,
   * not on request.
   *
   * @throws NftError
   */
  readCounters(table: string): Promise<ReadonlyMap<string, Count>>;
}
