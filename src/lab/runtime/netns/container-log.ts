/**
 * What containers have printed: files in one folder a container, numbered, of which the last two are kept. Each line of them
 * is `TIME STREAM F|P TEXT`; P is part of a line that goes on in the next one of the same stream.
 */
import { watch } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface LogEntry {
  /** RFC 3339 with nanoseconds. */
  readonly time: string;
  readonly stream: 'stdout' | 'stderr';
  /** With the end of its line, when that is there. */
  readonly text: Buffer;
  readonly whole: boolean;
}

const READ_BYTES = 256 * 1024;
/** Of a watcher that missed something. */
const AGAIN_MS = 1000;

export interface FollowOptions {
  /** Also what was printed before. */
  readonly replay: boolean;
  /** Goes on until this is aborted and everything is read. `undefined`: only what is there. */
  readonly until: AbortSignal | undefined;
  /** Nobody listens any more. */
  readonly cancelled: AbortSignal;
}

/** Batches of entries, in the order of writing. An empty one says that all that was there by now is told or passed over. */
export async function* readLog(folder: string, options: FollowOptions): AsyncGenerator<readonly LogEntry[]> {
  const reader = new SegmentReader(folder);
  if (!options.replay) {
    await reader.skip();
    yield [];
  }
  const { until, cancelled } = options;
  if (until === undefined) {
    yield* reader.rest(cancelled);
    yield [];
    return;
  }
  const bell = new Bell(folder, [until, cancelled]);
  try {
    for (;;) {
      // What is printed while reading rings again; what was printed before the end is there when the end is told.
      const last = until.aborted;
      const rung = bell.next();
      yield* reader.rest(cancelled);
      yield [];
      if (last || cancelled.aborted) return;
      await rung;
    }
  } finally {
    bell.close();
  }
}

class SegmentReader {
  private readonly folder: string;
  private segment = -1;
  private offset = 0;
  private unfinished: Buffer = Buffer.alloc(0);

  constructor(folder: string) {
    this.folder = folder;
  }

  /** To the end of what is there. */
  async skip(): Promise<void> {
    const segments = await this.segments();
    const last = segments.at(-1);
    if (last === undefined) return;
    this.segment = last;
    const file = await open(join(this.folder, String(last))).catch(() => undefined);
    this.offset = (await file?.stat())?.size ?? 0;
    await file?.close();
  }

  async *rest(cancelled: AbortSignal): AsyncGenerator<readonly LogEntry[]> {
    const buffer = Buffer.alloc(READ_BYTES);
    for (const segment of await this.segments()) {
      if (segment < this.segment) continue;
      if (segment > this.segment) {
        this.segment = segment;
        this.offset = 0;
        this.unfinished = Buffer.alloc(0);
      }
      const file = await open(join(this.folder, String(segment))).catch(() => undefined);
      if (file === undefined) continue;
      try {
        while (!cancelled.aborted) {
          const { bytesRead } = await file.read(buffer, 0, READ_BYTES, this.offset);
          if (bytesRead === 0) break;
          this.offset += bytesRead;
          const { entries, rest } = parseLog(Buffer.concat([this.unfinished, buffer.subarray(0, bytesRead)]));
          this.unfinished = rest;
          if (entries.length > 0) yield entries;
        }
      } finally {
        await file.close();
      }
    }
  }

  private async segments(): Promise<readonly number[]> {
    const names = await readdir(this.folder).catch((): string[] => []);
    return names
      .filter((name) => /^\d{1,9}$/.test(name))
      .map(Number)
      .sort((one, other) => one - other);
  }
}

/** The lines that are complete, and what is behind the last one. Lines that are none are left out. */
export function parseLog(data: Buffer): { readonly entries: LogEntry[]; readonly rest: Buffer } {
  const entries: LogEntry[] = [];
  let at = 0;
  for (;;) {
    const end = data.indexOf(0x0a, at);
    if (end < 0) return { entries, rest: Buffer.from(data.subarray(at)) };
    const entry = parseLine(data.subarray(at, end + 1));
    if (entry !== undefined) entries.push(entry);
    at = end + 1;
  }
}

/** @param line with its end */
function parseLine(line: Buffer): LogEntry | undefined {
  const afterTime = line.indexOf(0x20);
  const afterStream = afterTime < 0 ? -1 : line.indexOf(0x20, afterTime + 1);
  if (afterStream < 0) return undefined;
  const stream = line.toString('latin1', afterTime + 1, afterStream);
  const kind = line.toString('latin1', afterStream + 1, afterStream + 3);
  if ((stream !== 'stdout' && stream !== 'stderr') || (kind !== 'F ' && kind !== 'P ')) return undefined;
  const whole = kind === 'F ';
  return {
    time: line.toString('latin1', 0, afterTime),
    stream,
    text: Buffer.from(line.subarray(afterStream + 3, whole ? line.length : line.length - 1)),
    whole,
  };
}

/** Rings when something was written, when a signal aborts, and now and then. */
class Bell {
  private readonly signals: readonly AbortSignal[];
  private readonly watcher: ReturnType<typeof watch> | undefined;
  private readonly timer: ReturnType<typeof setInterval>;
  private ring: () => void = () => undefined;

  constructor(folder: string, signals: readonly AbortSignal[]) {
    this.signals = signals;
    try {
      this.watcher = watch(folder, () => this.ring());
      this.watcher.on('error', () => undefined);
    } catch {
      // Then the clock has to do.
    }
    this.timer = setInterval(() => this.ring(), AGAIN_MS);
    for (const signal of signals) signal.addEventListener('abort', this.onAbort);
  }

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.ring = resolve;
      if (this.signals.some(({ aborted }) => aborted)) resolve();
    });
  }

  close(): void {
    clearInterval(this.timer);
    this.watcher?.close();
    for (const signal of this.signals) signal.removeEventListener('abort', this.onAbort);
    this.ring();
  }

  private readonly onAbort = (): void => this.ring();
}
