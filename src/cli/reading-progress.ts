interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

const quietMs = 1_000;
const refreshMs = 200;
/** So much text takes about a second to parse. */
const slowParseBytes = 40_000_000;

/** One line about a long read, on terminals only; it vanishes when the work is done. */
export class ReadingProgress {
  private readonly stream: ProgressStream;
  private readonly now: () => number;
  private readonly started: number;
  private shownAt = -Infinity;

  constructor(stream: ProgressStream, now: () => number = Date.now) {
    this.stream = stream;
    this.now = now;
    this.started = now();
  }

  update(files: number, bytes: number): void {
    const time = this.now();
    if (time - this.started >= quietMs && time - this.shownAt >= refreshMs) this.show('reading', files, bytes, time);
  }

  /** Objects of a live cluster so far. */
  listing(objects: number): void {
    const time = this.now();
    if (time - this.started < quietMs || time - this.shownAt < refreshMs) return;
    this.line(`reading the cluster, ${objects.toLocaleString('en-US')} objects`, time);
  }

  /** Parsing cannot report how far it is, so what is long is announced before. */
  parsing(files: number, bytes: number): void {
    if (this.shownAt > 0 || bytes >= slowParseBytes) this.show('parsing', files, bytes, this.now());
  }

  clear(): void {
    if (this.shownAt > 0) this.stream.write('\r\u001B[K');
    this.shownAt = -Infinity;
  }

  private show(what: string, files: number, bytes: number, time: number): void {
    const size = `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
    this.line(`${what} ${files} ${files === 1 ? 'file' : 'files'}, ${size}`, time);
  }

  private line(text: string, time: number): void {
    if (this.stream.isTTY !== true) return;
    this.shownAt = time;
    this.stream.write(`\r\u001B[K${text} ...`);
  }
}
