/** Skips JSON values while checking their whole grammar, so that what was walked over is JSON. */
import { CodeWindow, type WindowOptions } from './code-window.ts';
import { DEFAULT_YAML_LIMITS } from './limits.ts';
import { NEED_MORE, NOT_JSON, signal } from './scan-signal.ts';

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

export interface SkipperOptions extends WindowOptions {
  readonly maxDepth?: number;
}

export class JsonSkipper extends CodeWindow {
  readonly #maxDepth: number;
  /** Which of the open brackets are braces. */
  readonly #isObject: Uint8Array;

  constructor(text: string, start: number, end: number, options: SkipperOptions = {}) {
    super(text, start, end, options);
    this.#maxDepth = options.maxDepth ?? DEFAULT_YAML_LIMITS.maxDepth;
    this.#isObject = new Uint8Array(this.#maxDepth);
  }

  /**
   * Skips one value, whatever it is, checking its grammar.
   *
   * @param depth how many objects and arrays are open around it
   */
  skip(depth: number): void {
    const codes = this.codes;
    const isObject = this.#isObject;
    let at = this.#skipSpace(this.at);
    let open = 0;
    for (;;) {
      const code = codes[at] ?? 0;
      let entered = false;
      if (code === QUOTE) at = this.skipString(at);
      else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
        if (depth + open >= this.#maxDepth) signal(NOT_JSON);
        at = this.#skipSpace(at + 1);
        if (codes[at] === code + 2) at++;
        else {
          const object = code === OPEN_BRACE;
          isObject[open++] = object ? 1 : 0;
          if (object) at = this.#skipMember(at);
          entered = true;
        }
      } else at = this.#skipScalar(at, code);
      if (entered) continue;
      // Behind a value: what follows decides whether there is another one.
      for (;;) {
        if (open === 0) {
          this.at = at;
          return;
        }
        let next = codes[at] ?? 0;
        if (next <= 32) {
          at = this.#skipSpace(at);
          next = codes[at] ?? 0;
        }
        const object = isObject[open - 1] === 1;
        if (next === COMMA) {
          at = this.#skipSpace(at + 1);
          if (object) at = this.#skipMember(at);
          break;
        }
        if (next !== (object ? CLOSE_BRACE : CLOSE_BRACKET)) this.wrong(at);
        at++;
        open--;
      }
    }
  }

  #skipSpace(from: number): number {
    const codes = this.codes;
    let at = from;
    let code = codes[at] ?? 0;
    while (code === 32 || code === 10 || code === 13 || code === 9) code = codes[++at] ?? 0;
    return at;
  }

  /** From the quote of a member name to its value. */
  #skipMember(from: number): number {
    if (this.codes[from] !== QUOTE) return this.wrong(from);
    let at = this.skipString(from);
    if (this.codes[at] !== COLON) {
      at = this.#skipSpace(at);
      if (this.codes[at] !== COLON) return this.wrong(at);
    }
    return this.#skipSpace(at + 1);
  }

  /** From the opening quote to behind the closing one. */
  protected skipString(from: number): number {
    const codes = this.codes;
    let at = from + 1;
    for (;;) {
      const code = codes[at] ?? 0;
      if (code === QUOTE) return at + 1;
      if (code === BACKSLASH) at = this.#skipEscape(at + 1);
      else if (code < 32) return this.wrong(at);
      else at++;
    }
  }

  #skipEscape(at: number): number {
    const codes = this.codes;
    switch (codes[at]) {
      case QUOTE:
      case BACKSLASH:
      case 47:
      case 98:
      case 102:
      case 110:
      case 114:
      case 116:
        return at + 1;
      case 117: {
        for (let i = at + 1; i < at + 5; i++) {
          const code = codes[i] ?? 0;
          const lower = code | 32;
          if (!((code >= 48 && code <= 57) || (lower >= 97 && lower <= 102))) return this.wrong(i);
        }
        return at + 5;
      }
      default:
        return this.wrong(at);
    }
  }

  #skipScalar(at: number, code: number): number {
    if (code === 116) return this.skipWord(at, 'true');
    if (code === 102) return this.skipWord(at, 'false');
    if (code === 110) return this.skipWord(at, 'null');
    return this.#skipNumber(at);
  }

  protected skipWord(at: number, word: string): number {
    for (let i = 0; i < word.length; i++) if (this.codes[at + i] !== word.charCodeAt(i)) return this.wrong(at + i);
    return at + word.length;
  }

  #skipNumber(from: number): number {
    const codes = this.codes;
    let at = from;
    if (codes[at] === 45) at++;
    const first = codes[at];
    at = this.#skipDigits(at);
    if (first === 48 && at > from + (codes[from] === 45 ? 2 : 1)) return this.wrong(from + 1);
    if (codes[at] === 46) at = this.#skipDigits(at + 1);
    const exponent = codes[at] === 101 || codes[at] === 69;
    if (exponent) {
      at++;
      if (codes[at] === 43 || codes[at] === 45) at++;
      at = this.#skipDigits(at);
    }
    // The number may go on behind the window.
    if (at >= this.length && this.base + this.length < this.end) return signal(NEED_MORE);
    if ((exponent || at - from > 300) && !Number.isFinite(Number(this.text.slice(this.base + from, this.base + at))))
      return signal(NOT_JSON);
    return at;
  }

  #skipDigits(from: number): number {
    const codes = this.codes;
    let at = from;
    for (let code = codes[at] ?? 0; code >= 48 && code <= 57; code = codes[at] ?? 0) at++;
    return at === from ? this.wrong(at) : at;
  }
}
