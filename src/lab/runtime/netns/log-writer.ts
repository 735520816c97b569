/** Keeps what a program of the host prints on behalf of a container, in the form of `container-log.ts`. */
import { closeSync, mkdirSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const SEGMENT_BYTES = 4 * 1024 * 1024;
const MAX_LINE_BYTES = 16 * 1024;

export class LogWriter {
  private readonly folder: string;
  /** RFC 3339 with nanoseconds. */
  private readonly now: () => string;
  private segment = 0;
  private size = 0;
  private fd: number | undefined;

  constructor(folder: string, now: () => string) {
    this.folder = folder;
    this.now = now;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.fd = openSync(join(folder, '0'), 'a');
  }

  write(stream: 'stdout' | 'stderr', data: Buffer): void {
    if (this.fd === undefined) return;
    const head = `${this.now()} ${stream}`;
    const parts: Buffer[] = [];
    for (let at = 0; at < data.length;) {
      const end = data.indexOf(0x0a, at);
      const length = Math.min((end < 0 ? data.length : end) - at, MAX_LINE_BYTES);
      const whole = at + length === end;
      parts.push(Buffer.from(`${head} ${whole ? 'F' : 'P'} `), data.subarray(at, at + length), Buffer.from('\n'));
      at += length + (whole ? 1 : 0);
    }
    const text = Buffer.concat(parts);
    if (this.size + text.length > SEGMENT_BYTES) this.next();
    this.size += text.length;
    writeSync(this.fd, text);
  }

  close(): void {
    if (this.fd !== undefined) closeSync(this.fd);
    this.fd = undefined;
  }

  private next(): void {
    this.close();
    this.segment++;
    this.size = 0;
    this.fd = openSync(join(this.folder, String(this.segment)), 'a');
    if (this.segment < 2) return;
    unlinkSync(join(this.folder, String(this.segment - 2)));
  }
}

/** The clock of the system counts milliseconds here. */
export function nanosecondsOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, -1)}000000Z`;
}
