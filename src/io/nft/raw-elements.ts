import { readSync, writeSync } from 'node:fs';
import type { Transaction } from '../../dataplane/transaction.ts';
import { systemErrorCode, systemErrorReason } from '../system-error.ts';
import { encodeElements, errorIn, type TypeOfSet } from './element-batch.ts';
import { NftError } from './nft-error.ts';

const MAX_ANSWER_BYTES = 64 * 1024;
/** As the kernel numbers them. */
const ERRNO = { noEntry: 2, notPermitted: 1, exists: 17, busy: 16, messageSize: 90, noBuffers: 105 } as const;

/**
 * Writes elements into a netlink socket that this process was given, for Node cannot open one itself:
 * `deploy/netlink-launcher.pl` does.
 */
export class RawElements {
  private readonly fd: number;
  private readonly answer = Buffer.alloc(MAX_ANSWER_BYTES);

  /** @param fd open for nobody else, and not waiting when it is read: the kernel has answered when a write returns */
  constructor(fd: number) {
    this.fd = fd;
  }

  /**
   * The kernel has committed the transaction when this returns.
   *
   * @returns false when it is not one of elements only, or larger than the socket takes: nothing was done then
   * @throws NftError
   */
  apply(transaction: Transaction, typeOf: TypeOfSet): boolean {
    const batch = encodeElements(transaction, typeOf);
    if (batch === undefined) return false;
    this.drain();
    try {
      writeSync(this.fd, batch);
    } catch (error) {
      if (['EMSGSIZE', 'ENOBUFS'].includes(systemErrorCode(error) ?? '')) return false;
      throw new NftError('nft-refused', `the netlink socket cannot be written to: ${systemErrorReason(error)}`);
    }
    const error = this.drain();
    if (error === 0) return true;
    throw failure(error);
  }

  /** Everything that the kernel has said by now: the first error, 0 when something was done, else `undefined`. */
  private drain(): number | undefined {
    let found: number | undefined;
    for (;;) {
      let bytes: number;
      try {
        bytes = readSync(this.fd, this.answer);
      } catch (error) {
        const code = systemErrorCode(error);
        if (code === 'EAGAIN') return found;
        // Answers were lost, so nobody knows what they said.
        if (code === 'ENOBUFS') return ERRNO.noBuffers;
        throw new NftError('nft-ended', `the netlink socket cannot be read: ${systemErrorReason(error)}`);
      }
      const error = errorIn(this.answer.subarray(0, bytes));
      if (found === undefined || found === 0) found = error ?? found;
    }
  }
}

function failure(error: number | undefined): NftError {
  switch (error) {
    case undefined:
    case ERRNO.noBuffers:
      return new NftError('nft-ended', 'the kernel did not say whether it took the elements');
    case ERRNO.noEntry:
    case ERRNO.exists:
    case ERRNO.busy:
      return new NftError('nft-state-differs', `the table is not what it was: error ${error}`);
    case ERRNO.notPermitted:
      return new NftError('nft-not-permitted', 'the kernel refuses nftables', 'Run with CAP_NET_ADMIN.');
    default:
      return new NftError('nft-refused', `the kernel refuses the elements: error ${error}`);
  }
}
