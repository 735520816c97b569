interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** What a starting lab is at, in one line that vanishes; on terminals only. */
export class LabProgress {
  private readonly stream: ProgressStream;
  private readonly silent: boolean;
  private shown = false;

  constructor(stream: ProgressStream, silent: boolean) {
    this.stream = stream;
    this.silent = silent || stream.isTTY !== true;
  }

  step(text: string): void {
    if (this.silent) return;
    this.clear();
    this.stream.write(`${text} ...`);
    this.shown = true;
  }

  clear(): void {
    if (!this.shown) return;
    this.stream.write('\r\u001B[K');
    this.shown = false;
  }
}
