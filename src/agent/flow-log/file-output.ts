import { open, rename, type FileHandle } from 'node:fs/promises';
import type { Clock } from '../../io/kubernetes/clock.ts';
import { systemErrorReason } from '../../io/system-error.ts';
import { MAX_WAITING_BYTES, type FlowOutput } from './flow-output.ts';

export interface FileOutputOptions {
  readonly path: string;
  readonly clock: Clock;
  /** The file is moved to `path.1` before it grows larger than this, `path.1` to `path.2`, and so on. */
  readonly maxBytes?: number;
  /** Files besides the one that is written. */
  readonly kept?: number;
  /** Told when writing begins to fail, and when it works again (`undefined`). */
  readonly onFailure?: (reason: string | undefined) => void;
}

const RETRY_MS = 5000;
/** How long {@link FileOutput.close} waits for the disk. */
const CLOSE_MS = 1000;

/** A file that is appended to and turned over. Whatever the disk does, nobody waits for it. */
export class FileOutput implements FlowOutput {
  private readonly options: Required<FileOutputOptions>;
  private handle: FileHandle | undefined;
  private size = 0;
  private waiting: string[] = [];
  private waitingBytes = 0;
  private working: Promise<void> | undefined;
  private failed = false;
  private retryMs = Number.NEGATIVE_INFINITY;

  constructor(options: FileOutputOptions) {
    this.options = { maxBytes: 64 << 20, kept: 3, onFailure: () => undefined, ...options };
  }

  write(line: string): boolean {
    const bytes = Buffer.byteLength(line);
    if (this.waitingBytes + bytes > MAX_WAITING_BYTES) return false;
    if (this.failed && this.options.clock.nowMs() < this.retryMs) return false;
    this.waiting.push(line);
    this.waitingBytes += bytes;
    this.working ??= this.work();
    return true;
  }

  async close(): Promise<void> {
    let cancel = (): void => undefined;
    const timeout = new Promise<void>((resolve) => {
      cancel = this.options.clock.after(CLOSE_MS, resolve);
    });
    await Promise.race([this.finish(), timeout]);
    cancel();
  }

  private async finish(): Promise<void> {
    await this.working;
    await this.handle?.close();
    this.handle = undefined;
  }

  /** Until nothing waits, or writing fails: what waited then is lost, for it would only grow old. */
  private async work(): Promise<void> {
    try {
      while (this.waiting.length > 0) {
        const text = this.waiting.join('');
        const bytes = this.waitingBytes;
        this.waiting = [];
        await this.append(text, bytes);
        this.waitingBytes -= bytes;
      }
      if (this.failed) {
        this.failed = false;
        this.options.onFailure(undefined);
      }
    } catch (error) {
      this.waiting = [];
      this.waitingBytes = 0;
      this.retryMs = this.options.clock.nowMs() + RETRY_MS;
      if (!this.failed) this.options.onFailure(systemErrorReason(error));
      this.failed = true;
      const { handle } = this;
      this.handle = undefined;
      await handle?.close().catch(() => undefined);
    } finally {
      this.working = undefined;
    }
  }

  private async append(text: string, bytes: number): Promise<void> {
    const { path, maxBytes, kept } = this.options;
    let handle = await this.opened();
    if (this.size > 0 && this.size + bytes > maxBytes) {
      await handle.close();
      this.handle = undefined;
      for (let number = kept - 1; number > 0; number--)
        await rename(`${path}.${number}`, `${path}.${number + 1}`).catch(ignoreMissing);
      if (kept > 0) await rename(path, `${path}.1`);
      handle = await this.opened(kept === 0 ? 'w' : 'a');
    }
    await handle.appendFile(text);
    this.size += bytes;
  }

  private async opened(flags: 'a' | 'w' = 'a'): Promise<FileHandle> {
    if (this.handle !== undefined) return this.handle;
    // Addresses and labels are nobody else's business.
    this.handle = await open(this.options.path, flags, 0o640);
    this.size = (await this.handle.stat()).size;
    return this.handle;
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}
