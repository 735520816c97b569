import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { renderTransaction } from '../../dataplane/render.ts';
import type { Transaction } from '../../dataplane/transaction.ts';
import { systemErrorCode, systemErrorReason } from '../system-error.ts';
import type { NftDriver } from './nft-driver.ts';
import { classifyNftFailure, NftError } from './nft-error.ts';

export interface InteractiveNftOptions {
  /** The program with its first arguments, as in `SpawnedNftOptions`. */
  readonly command?: readonly [string, ...string[]];
  readonly timeoutMs?: number;
}

type Child = ChildProcessByStdio<Writable, null, Readable>;

interface Asked {
  readonly child: Child;
  readonly marker: string;
  readonly resolve: () => void;
  readonly reject: (error: NftError) => void;
  readonly timer: NodeJS.Timeout;
}

const MAX_ERROR_BYTES = 256 * 1024;
/** An nft that does not answer when it has nothing to do is of no use, however patient somebody is. */
const START_TIMEOUT_MS = 3000;
/** nft keeps the lines that it was given in a file at home, unless there is no home. */
const NO_HOME = '/dev/null';

/**
 * One long-lived `nft -i`: a line is a transaction, and a change takes well under a millisecond of the kernel's and
 * nft's time. The program keeps no state that matters; when it ends or hangs the next transaction starts another.
 *
 * Behind each line goes one that no nft understands: its complaint says that the line before is done, and on the same
 * stream, so that whatever was wrong with that line stands before it.
 */
export class InteractiveNft implements NftDriver {
  private readonly command: readonly [string, ...string[]];
  private readonly timeoutMs: number;
  private child: Child | undefined;
  private asked: Asked | undefined;
  private said = '';
  private lines = 0;

  constructor({ command = ['nft'], timeoutMs = 30_000 }: InteractiveNftOptions = {}) {
    this.command = command;
    this.timeoutMs = timeoutMs;
  }

  apply(transaction: Transaction): Promise<void> {
    const text = renderTransaction(transaction);
    return text === '' ? Promise.resolve() : this.applyText(text);
  }

  /**
   * That an nft is running and answers.
   *
   * @throws NftError
   */
  start(): Promise<void> {
    if (this.child !== undefined) return Promise.resolve();
    return this.applyText('', Math.min(this.timeoutMs, START_TIMEOUT_MS));
  }

  /** Commands, one a line, as `nft -f` takes them: one transaction. */
  applyText(text: string, timeoutMs = this.timeoutMs): Promise<void> {
    if (this.asked !== undefined) throw new RangeError('one transaction at a time');
    const line = text.trimEnd().replaceAll('\n', '; ');
    const child = this.running();
    this.lines += 1;
    const marker = `end_of_line_${this.lines}`;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.end(child, new NftError('nft-timeout', `nft did not answer within ${timeoutMs / 1000} s`));
        child.kill('SIGKILL');
      }, timeoutMs);
      this.asked = { child, marker, resolve, reject, timer };
      child.stdin.write(`${line}\n${marker}\n`);
    });
  }

  close(): Promise<void> {
    const { child } = this;
    if (child === undefined) return Promise.resolve();
    this.child = undefined;
    return new Promise((resolve) => {
      // Now somebody waits for it.
      child.ref();
      child.once('close', () => resolve());
      child.stdin.end();
      // Whatever it was doing is done or not by now; nothing is lost with it.
      if (this.asked !== undefined) child.kill('SIGKILL');
    });
  }

  private running(): Child {
    if (this.child !== undefined) return this.child;
    const [program, ...first] = this.command;
    const env = { ...process.env, HOME: NO_HOME };
    const child = spawn(program, [...first, '-i'], { stdio: ['pipe', 'ignore', 'pipe'], env });
    // It ends when its input does; nobody has to wait for it.
    child.unref();
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => this.hear(child, chunk));
    child.stdin.on('error', () => undefined);
    child.on('error', (error) => {
      this.end(
        child,
        systemErrorCode(error) === 'ENOENT'
          ? new NftError('nft-missing', `there is no ${program}`, 'Install nftables.')
          : new NftError('nft-ended', `cannot run ${program}: ${systemErrorReason(error)}`),
      );
    });
    child.on('close', () => {
      const reason = this.said.trim().slice(0, 500);
      this.end(child, new NftError('nft-ended', `nft ended before it answered${reason === '' ? '' : `: ${reason}`}`));
    });
    this.child = child;
    this.said = '';
    return child;
  }

  private hear(child: Child, chunk: string): void {
    if (child !== this.child) return;
    this.said += chunk;
    const { asked } = this;
    if (asked === undefined) return;
    // The complaint: a line that says what is wrong, the line that it is about, and one that points into it.
    const at = this.said.indexOf(`\n${asked.marker}\n`);
    if (at < 0) {
      // Only the beginning says what went wrong, only the end whether it is over.
      if (this.said.length > MAX_ERROR_BYTES) this.said = this.said.slice(0, 4096) + this.said.slice(-4096);
      return;
    }
    const before = this.said.slice(0, at);
    const complaint = before.lastIndexOf('\n') + 1;
    const errors = before.slice(0, complaint).replace(/^\s*\^+\n/, '');
    this.said = '';
    this.asked = undefined;
    clearTimeout(asked.timer);
    if (/\bError\b/.test(errors)) asked.reject(classifyNftFailure(errors));
    else asked.resolve();
  }

  /** The program is of no more use. */
  private end(child: Child, error: NftError): void {
    if (this.child === child) this.child = undefined;
    const { asked } = this;
    if (asked?.child !== child) return;
    this.asked = undefined;
    clearTimeout(asked.timer);
    asked.reject(error);
  }
}
