import { renderTransaction } from '../../dataplane/render.ts';
import { splitChange, splitInstall, stageTable } from '../../dataplane/split-transaction.ts';
import type { Transaction } from '../../dataplane/transaction.ts';
import { InteractiveNft } from './interactive-nft.ts';
import type { NftDriver } from './nft-driver.ts';
import { NftError } from './nft-error.ts';
import { RawElements } from './raw-elements.ts';
import { SpawnedNft } from './spawned-nft.ts';

export interface KernelNftOptions {
  /** The program with its first arguments, as in `SpawnedNftOptions`. */
  readonly command?: readonly [string, ...string[]];
  readonly timeoutMs?: number;
  /** Without it every transaction starts an nft of its own. */
  readonly interactive?: boolean;
  /** A netlink socket as `deploy/netlink-launcher.pl` opens it: elements are written into it. */
  readonly netlinkFd?: number | undefined;
}

/** The interactive nft reads its input letter by letter; beyond this a new one is faster. */
const MAX_LINE_BYTES = 16 * 1024;
/** As often as this in a row a new nft may end at once before nobody tries any more. */
const MAX_FAILED_STARTS = 3;

/**
 * The way into the kernel that suits each transaction: a line for the nft that is running, or an nft of its own for what
 * is large and for whole tables; in parts where the kernel does not take all of it at once.
 */
export class KernelNft implements NftDriver {
  private readonly spawned: SpawnedNft;
  private readonly interactive: InteractiveNft | undefined;
  private readonly raw: RawElements | undefined;
  /** What the sets hold that transactions of ours have made; not those of ranges. */
  private readonly types = new Map<string, string>();
  private failedStarts = 0;
  private last: Promise<unknown> = Promise.resolve();

  constructor({ interactive = true, netlinkFd, ...options }: KernelNftOptions = {}) {
    this.raw = netlinkFd === undefined ? undefined : new RawElements(netlinkFd);
    this.spawned = new SpawnedNft(options);
    this.interactive = interactive ? new InteractiveNft(options) : undefined;
  }

  /**
   * One after the other, in the order of the calls.
   *
   * A transaction in parts may leave what no rule leads to behind when a part fails; the next one that wants to make the
   * same finds that the table is not what it was.
   */
  apply(transaction: Transaction): Promise<void> {
    const applied = this.last.then(() => this.applyNow(transaction));
    this.last = applied.catch(() => undefined);
    return applied;
  }

  async close(): Promise<void> {
    await this.last;
    await this.interactive?.close();
  }

  private async applyNow(transaction: Transaction): Promise<void> {
    const installs = transaction.operations.some(({ type }) => type === 'replace-table');
    if (this.raw?.apply(transaction, (name) => this.types.get(name)) === true) return;
    const text = renderTransaction(transaction);
    if (text === '') return;
    await this.applyText(transaction, text, installs);
    if (this.raw !== undefined) this.learn(transaction);
  }

  private async applyText(transaction: Transaction, text: string, installs: boolean): Promise<void> {
    try {
      if (installs) await this.spawned.applyText(`${leftOver(transaction)}${text}`);
      else if (text.length > MAX_LINE_BYTES || !(await this.isInteractive())) await this.spawned.applyText(text);
      else await this.interactive?.applyText(text);
    } catch (error) {
      if (!(error instanceof NftError) || error.code !== 'nft-too-large') throw error;
      const parts = installs ? splitInstall(transaction, true) : splitChange(transaction);
      for (const part of parts) await this.spawned.apply(part);
    }
  }

  private learn({ operations }: Transaction): void {
    for (const operation of operations) {
      if (operation.type === 'replace-table') this.types.clear();
      else if (operation.type === 'add-set' && !operation.set.interval)
        this.types.set(operation.set.name, operation.set.type);
      else if (operation.type === 'delete-set') this.types.delete(operation.set.name);
    }
  }

  private async isInteractive(): Promise<boolean> {
    if (this.interactive === undefined || this.failedStarts >= MAX_FAILED_STARTS) return false;
    try {
      await this.interactive.start();
      this.failedStarts = 0;
      return true;
    } catch (error) {
      if (!(error instanceof NftError)) throw error;
      this.failedStarts += 1;
      return false;
    }
  }
}

/** Of a transaction in parts that did not come to its end. */
function leftOver(transaction: Transaction): string {
  return renderTransaction({
    ...transaction,
    table: stageTable(transaction.table),
    operations: [{ type: 'delete-table' }],
  });
}
