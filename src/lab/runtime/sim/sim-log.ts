/** What a container has printed: the last of it, bounded, with times. */
import { PassThrough, type Readable } from 'node:stream';
import type { LogOptions } from '../runtime.ts';

interface Line {
  readonly calendarMs: number;
  text: string;
  whole: boolean;
}

const MAX_BYTES = 1_048_576;
const MAX_LINE = 16_384;

export class SimLog {
  private lines: Line[] = [];
  private bytes = 0;
  private readonly followers = new Set<(line: Line, text: string, begins: boolean) => void>();
  private readonly ended = new AbortController();
  private readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  write(text: string): void {
    for (const part of text.split(/(?<=\n)/)) {
      if (part === '') continue;
      const last = this.lines.at(-1);
      const begins = last === undefined || last.whole || last.text.length > MAX_LINE;
      const line = begins ? { calendarMs: this.now(), text: '', whole: false } : last;
      if (begins) this.lines.push(line);
      line.text += part;
      line.whole = part.endsWith('\n');
      this.bytes += part.length;
      for (const tell of this.followers) tell(line, part, begins);
    }
    let dropped = 0;
    while (this.bytes > MAX_BYTES && dropped < this.lines.length - 1) {
      this.bytes -= this.lines[dropped]?.text.length ?? 0;
      dropped += 1;
    }
    if (dropped > 0) this.lines = this.lines.slice(dropped);
  }

  end(): void {
    this.ended.abort();
  }

  /** Everything there is, then what comes. */
  read({ follow, timestamps, tailLines, sinceMs, limitBytes }: LogOptions): Readable {
    const out = new PassThrough();
    let left = limitBytes ?? Number.POSITIVE_INFINITY;
    const stop = (): void => {
      this.followers.delete(tell);
      this.ended.signal.removeEventListener('abort', stop);
      if (!out.writableEnded) out.end();
    };
    const say = (line: Line, text: string, begins: boolean): void => {
      if (out.destroyed || left <= 0) {
        stop();
        return;
      }
      const whole = Buffer.from(timestamps && begins ? `${stamp(line.calendarMs)} ${text}` : text);
      out.write(whole.subarray(0, left));
      left -= whole.length;
      if (left <= 0) stop();
    };
    const tell = say;
    const since = this.lines.filter(({ calendarMs }) => sinceMs === undefined || calendarMs >= sinceMs);
    for (const line of tailLines === undefined ? since : since.slice(Math.max(0, since.length - tailLines)))
      if (!out.writableEnded) say(line, line.text, true);
    out.on('error', () => undefined);
    out.on('close', stop);
    if (!follow || this.ended.signal.aborted) stop();
    else if (!out.writableEnded) {
      this.followers.add(tell);
      this.ended.signal.addEventListener('abort', stop, { once: true });
    }
    return out;
  }
}

function stamp(calendarMs: number): string {
  return `${new Date(calendarMs).toISOString().slice(0, 23)}000000Z`;
}
