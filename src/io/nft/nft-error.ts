import { OperationalError } from '../operational-error.ts';

export type NftFailure =
  /** There is no nft on the PATH. */
  | 'nft-missing'
  /** No CAP_NET_ADMIN, or a kernel without nftables. */
  | 'nft-not-permitted'
  /** The kernel does not have what the transaction takes for granted: somebody else changed the table. */
  | 'nft-state-differs'
  /** The kernel or nft refuses what the transaction says. */
  | 'nft-refused'
  /** The kernel takes only so much at once from this user. */
  | 'nft-too-large'
  /** nft ended before it answered: whether anything was applied is unknown. */
  | 'nft-ended'
  /** nft did not answer in time: whether anything was applied is unknown. */
  | 'nft-timeout';

export class NftError extends OperationalError {
  declare readonly code: NftFailure;

  constructor(code: NftFailure, message: string, hint?: string) {
    super(code, message, { exitCode: 4, ...(hint === undefined ? {} : { hint }) });
  }
}

const MAX_REASON = 500;

/** What nft's error output says went wrong; nothing of the transaction was applied then. */
export function classifyNftFailure(stderr: string): NftError {
  const reason = stderr.trim().slice(0, MAX_REASON);
  if (
    /Operation not permitted|you must be root|Protocol not supported|Unable to initialize Netlink socket/i.test(stderr)
  ) {
    return new NftError('nft-not-permitted', `the kernel refuses nftables: ${reason}`, 'Run with CAP_NET_ADMIN.');
  }
  if (/No such file or directory|File exists|Device or resource busy/.test(stderr)) {
    return new NftError('nft-state-differs', `the table is not what it was: ${reason}`);
  }
  if (/Message too long|No buffer space available/.test(stderr)) {
    return new NftError(
      'nft-too-large',
      `the kernel does not take so much at once: ${reason}`,
      'Run with CAP_NET_ADMIN in the first user namespace, or raise net.core.wmem_max.',
    );
  }
  return new NftError('nft-refused', `nft refuses the transaction: ${reason}`);
}
