/** The log of a container as `kubectl logs` shows it. */
import { Readable } from 'node:stream';
import type { LogOptions } from '../runtime.ts';
import { readLog, type LogEntry } from './container-log.ts';

/** @param ended aborted when the container writes nothing more */
export function logOutput(folder: string, options: LogOptions, ended: AbortSignal): Readable {
  const cancelled = new AbortController();
  const stream = Readable.from(bytesOf(folder, options, ended, cancelled.signal), { objectMode: false });
  stream.once('close', () => cancelled.abort());
  return stream;
}

async function* bytesOf(
  folder: string,
  options: LogOptions,
  ended: AbortSignal,
  cancelled: AbortSignal,
): AsyncGenerator<Buffer> {
  let left = options.limitBytes ?? Infinity;
  const output = new LogText(options);
  for await (const chunk of batches(folder, options, ended, cancelled)) {
    const text = output.render(chunk);
    if (text.length > 0 && left > 0) yield text.subarray(0, Math.min(text.length, left));
    left -= text.length;
    if (left <= 0) return;
  }
}

/** With `tailLines` the last lines of what is there come first, as one batch. */
async function* batches(
  folder: string,
  { follow, tailLines }: LogOptions,
  ended: AbortSignal,
  cancelled: AbortSignal,
): AsyncGenerator<readonly LogEntry[]> {
  const until = follow ? ended : undefined;
  if (tailLines === undefined) {
    yield* readLog(folder, { replay: true, until, cancelled });
    return;
  }
  let tail: LogEntry[] | undefined = [];
  for await (const batch of readLog(folder, { replay: true, until, cancelled })) {
    if (tail === undefined) {
      yield batch;
    } else if (batch.length > 0) {
      tail = lastLines([...tail, ...batch], tailLines);
    } else {
      yield tail;
      tail = undefined;
    }
  }
}

/** An unfinished last line counts as one. */
export function lastLines(entries: readonly LogEntry[], lines: number): LogEntry[] {
  if (lines <= 0) return [];
  let left = lines;
  for (let at = entries.length - 1; at >= 0; at--) {
    const previous = entries[at - 1];
    const begins = previous === undefined || previous.whole;
    if (begins && --left === 0) return entries.slice(at);
  }
  return [...entries];
}

export class LogText {
  private readonly timestamps: boolean;
  private readonly since: string;
  private readonly inLine = new Set<LogEntry['stream']>();

  constructor({ timestamps, sinceMs }: Pick<LogOptions, 'timestamps' | 'sinceMs'>) {
    this.timestamps = timestamps;
    this.since = sinceMs === undefined || !isTime(sinceMs) ? '' : new Date(sinceMs).toISOString().slice(0, -1);
  }

  render(entries: readonly LogEntry[]): Buffer {
    const parts: Buffer[] = [];
    for (const { time, stream, text, whole } of entries) {
      // Times are all of one form, so they compare like their text.
      if (time < this.since) continue;
      if (this.timestamps && !this.inLine.has(stream)) parts.push(Buffer.from(`${time} `));
      if (whole) this.inLine.delete(stream);
      else this.inLine.add(stream);
      parts.push(text);
    }
    return Buffer.concat(parts);
  }
}

function isTime(ms: number): boolean {
  return Math.abs(ms) <= 8.64e15 && ms >= 0;
}
