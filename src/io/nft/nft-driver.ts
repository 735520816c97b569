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
