/** Bytes in pieces of any size to whole lines. */
export class LineSplitter {
  readonly #maxBytes: number;
  #rest: Buffer[] = [];
  #restBytes = 0;

  /** @param maxBytes the longest line that is kept */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of a line whose end has not come yet. */
  get pendingBytes(): number {
    return this.#restBytes;
  }

  /**
   * Calls `onLine` for every line that ends in `chunk`, without its line feed; empty lines too.
   *
   * @returns false when a line is longer than allowed: nothing that follows can be trusted to be a line
   */
  push(chunk: Buffer, onLine: (line: Buffer) => void): boolean {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      if (this.#restBytes + end - start > this.#maxBytes) return false;
      onLine(this.#take(chunk.subarray(start, end)));
      start = end + 1;
    }
    if (start === chunk.length) return true;
    this.#rest.push(chunk.subarray(start));
    this.#restBytes += chunk.length - start;
    return this.#restBytes <= this.#maxBytes;
  }

  #take(last: Buffer): Buffer {
    if (this.#rest.length === 0) return last;
    const line = Buffer.concat([...this.#rest, last]);
    this.#rest = [];
    this.#restBytes = 0;
    return line;
  }
}
