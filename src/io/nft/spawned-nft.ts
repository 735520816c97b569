import { spawn } from 'node:child_process';
import { renderTransaction } from '../../dataplane/render.ts';
import type { Transaction } from '../../dataplane/transaction.ts';
import { systemErrorCode, systemErrorReason } from '../system-error.ts';
import type { NftDriver } from './nft-driver.ts';
import { classifyNftFailure, NftError } from './nft-error.ts';

export interface SpawnedNftOptions {
  /** The program with its first arguments: another nft, or one in another network namespace. */
  readonly command?: readonly [string, ...string[]];
  readonly timeoutMs?: number;
}

const MAX_ERROR_BYTES = 64 * 1024;

/** One `nft -f -` per transaction: slow to start, nothing to keep alive. For first loads, and when all else fails. */
export class SpawnedNft implements NftDriver {
  private readonly command: readonly [string, ...string[]];
  private readonly timeoutMs: number;

  constructor({ command = ['nft'], timeoutMs = 60_000 }: SpawnedNftOptions = {}) {
    this.command = command;
    this.timeoutMs = timeoutMs;
  }

  apply(transaction: Transaction): Promise<void> {
    const text = renderTransaction(transaction);
    return text === '' ? Promise.resolve() : this.applyText(text);
  }

  /** Commands, one a line: one transaction. */
  applyText(text: string): Promise<void> {
    const [program, ...first] = this.command;
    return new Promise((resolve, reject) => {
      const child = spawn(program, [...first, '-f', '-'], { stdio: ['pipe', 'ignore', 'pipe'] });
      let stderr = '';
      let timedOut = false;
      const timer = setTimeout(() => {
        timedOut = true;
        child.kill('SIGKILL');
      }, this.timeoutMs);
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
        if (stderr.length < MAX_ERROR_BYTES) stderr += chunk;
      });
      // nft may end before it has read everything; its exit code says why.
      child.stdin.on('error', () => undefined);
      child.on('error', (error) => {
        clearTimeout(timer);
        reject(
          systemErrorCode(error) === 'ENOENT'
            ? new NftError('nft-missing', `there is no ${program}`, 'Install nftables.')
            : new NftError('nft-refused', `cannot run ${program}: ${systemErrorReason(error)}`),
        );
      });
      child.on('close', (exitCode) => {
        clearTimeout(timer);
        if (timedOut) reject(new NftError('nft-timeout', `nft did not finish within ${this.timeoutMs / 1000} s`));
        else if (exitCode === 0) resolve();
        else reject(classifyNftFailure(stderr));
      });
      child.stdin.end(text);
    });
  }
}
