/** A text read through a window of its character codes: a typed array is several times faster to index than a string. */
import { NEED_MORE, NOT_EXPECTED, NOT_JSON, signal } from './scan-signal.ts';

/** Codes in a window. An eighth of it must be left when a value is begun, so that few values are begun twice. */
const WINDOW = 512 * 1024;

export interface WindowOptions {
  /** How many characters are looked at together, at least 16. */
  readonly window?: number;
}

export class CodeWindow {
  readonly text: string;
  protected readonly end: number;
  readonly #window: number;
  readonly #encoder = new TextEncoder();
  /** For ASCII windows; others need the wider one. */
  #narrow = new Uint8Array(0);
  #wide = new Uint16Array(0);
  protected codes: Uint8Array | Uint16Array = this.#narrow;
  /** The offset in the text of `codes[0]`. */
  protected base = 0;
  /** How many codes the window has; a 0 stands behind them and stops every loop. */
  protected length = 0;
  /** The next character, as an index of `codes`. */
  protected at = 0;

  constructor(text: string, start: number, end: number, options: WindowOptions = {}) {
    this.text = text;
    this.end = end;
    this.#window = options.window ?? WINDOW;
    this.#load(start, this.#window);
  }

  /** The offset of the next character. */
  get offset(): number {
    return this.base + this.at;
  }

  #load(start: number, size: number): void {
    const length = Math.min(size, this.end - start);
    this.base = start;
    this.at = 0;
    this.length = length;
    if (this.#narrow.length <= length) this.#narrow = new Uint8Array(length + 1);
    // A surrogate cut in two at the end counts as not ASCII either way.
    const { read, written } = this.#encoder.encodeInto(this.text.slice(start, start + length), this.#narrow);
    if (read === length && written === length) this.codes = this.#narrow;
    else {
      if (this.#wide.length <= length) this.#wide = new Uint16Array(length + 1);
      for (let i = 0; i < length; i++) this.#wide[i] = this.text.charCodeAt(start + i);
      this.codes = this.#wide;
    }
    this.codes[length] = 0;
  }

  /** Moves the window on when little of it is left: before reading a few tokens outside {@link attempt}. */
  ensure(): void {
    if (this.length - this.at < this.#window >> 3 && this.base + this.length < this.end)
      this.#load(this.offset, this.#window);
  }

  /**
   * Runs `read`, which starts at the next character, with enough of the text in the window. `false` when it ended with
   * {@link NOT_EXPECTED}; the scanner then stands where it began.
   *
   * @throws {@link NOT_JSON}
   */
  attempt(read: () => void): boolean {
    this.ensure();
    const start = this.offset;
    for (let size = this.length * 2; ; size *= 2) {
      try {
        read();
        return true;
      } catch (caught) {
        if (caught === NOT_EXPECTED) {
          this.at = start - this.base;
          return false;
        }
        if (caught !== NEED_MORE) throw caught;
        this.#load(start, size);
      }
    }
  }

  /** The character is wrong, or the window is over. */
  protected wrong(at: number, otherwise: typeof NOT_JSON | typeof NOT_EXPECTED = NOT_JSON): never {
    if (at < this.length) return signal(otherwise);
    return signal(this.base + this.length < this.end ? NEED_MORE : NOT_JSON);
  }

  /** The next character that is no white space; 0 at the end of the text. */
  peek(): number {
    const codes = this.codes;
    let at = this.at;
    let code = codes[at] ?? 0;
    while (code === 32 || code === 10 || code === 13 || code === 9) code = codes[++at] ?? 0;
    this.at = at;
    if (code === 0 && at >= this.length && this.base + this.length < this.end) return signal(NEED_MORE);
    return code;
  }

  /** Whether nothing but white space is left. */
  atEnd(): boolean {
    return this.peek() === 0 && this.at >= this.length;
  }
}
