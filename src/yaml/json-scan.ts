/**
 * JSON read token by token straight from characters, without building anything: the caller walks through the members
 * that it knows and skips the rest. Skipping checks the whole grammar, so what was walked over is JSON.
 * Offsets that callers see are offsets in the text.
 */
import { JsonSkipper } from './json-skipper.ts';
import type { MemberNames } from './member-names.ts';
import type { RememberedText } from './remembered-text.ts';
import { NOT_EXPECTED, signal } from './scan-signal.ts';

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

const POOL_SLOTS = 1024;
const LONGEST_POOLED = 64;

export class JsonScanner extends JsonSkipper {
  readonly #pooled: string[] = Array.from({ length: POOL_SLOTS }, () => '');
  readonly #pooledCodes = new Uint16Array(POOL_SLOTS * LONGEST_POOLED);

  /** The range of the last string read, without its quotes. */
  stringStart = 0;
  stringEnd = 0;

  /** Enters an object; `false` when it is empty, and then behind it. Anything else is not expected. */
  enterObject(): boolean {
    if (this.peek() !== OPEN_BRACE) return this.wrong(this.at, NOT_EXPECTED);
    this.at++;
    if (this.peek() !== CLOSE_BRACE) return true;
    this.at++;
    return false;
  }

  /** Behind a member: whether another follows. Otherwise the object is left. */
  nextMember(): boolean {
    const code = this.peek();
    if (code === COMMA) {
      this.at++;
      this.peek();
      return true;
    }
    if (code !== CLOSE_BRACE) return this.wrong(this.at);
    this.at++;
    return false;
  }

  /** Enters an array; `false` when it is empty, and then behind it. Anything else is not expected. */
  enterArray(): boolean {
    if (this.peek() !== OPEN_BRACKET) return this.wrong(this.at, NOT_EXPECTED);
    this.at++;
    if (this.peek() !== CLOSE_BRACKET) return true;
    this.at++;
    return false;
  }

  /** Behind an item: whether another follows. Otherwise the array is left. */
  nextItem(): boolean {
    const code = this.peek();
    if (code === COMMA) {
      this.at++;
      return true;
    }
    if (code !== CLOSE_BRACKET) return this.wrong(this.at);
    this.at++;
    return false;
  }

  /** Reads the name of a member and its colon: the id of the name, or -1. Names with escapes are not expected. */
  member(names: MemberNames): number {
    const codes = this.codes;
    let at = this.at;
    if (codes[at] !== QUOTE) return this.wrong(at);
    at++;
    const start = at;
    let hash = 0;
    let code = codes[at] ?? 0;
    while (code !== QUOTE) {
      if (code < 32) return this.wrong(at);
      if (code === BACKSLASH) return signal(NOT_EXPECTED);
      hash = (Math.imul(hash, 31) + code) | 0;
      code = codes[++at] ?? 0;
    }
    this.stringStart = this.base + start;
    this.stringEnd = this.base + at;
    const id = names.find(codes, start, at, hash);
    if (codes[at + 1] === COLON) this.at = at + 2;
    else {
      this.at = at + 1;
      if (this.peek() !== COLON) return this.wrong(this.at);
      this.at++;
    }
    return id;
  }

  /** Reads a member name of any kind into `stringStart` and `stringEnd`. Escapes are not expected. */
  memberText(): void {
    this.plainString();
    if (this.peek() !== COLON) this.wrong(this.at);
    this.at++;
  }

  /** Reads a string into `stringStart` and `stringEnd`. Other values, and strings with escapes, are not expected. */
  plainString(): void {
    if (this.peek() !== QUOTE) this.wrong(this.at, NOT_EXPECTED);
    const codes = this.codes;
    let at = this.at + 1;
    const start = at;
    let code = codes[at] ?? 0;
    while (code !== QUOTE) {
      if (code < 32) this.wrong(at);
      if (code === BACKSLASH) signal(NOT_EXPECTED);
      code = codes[++at] ?? 0;
    }
    this.stringStart = this.base + start;
    this.stringEnd = this.base + at;
    this.at = at + 1;
  }

  /** Reads a string that may have escapes into `stringStart` and `stringEnd`; whether it has some. */
  anyString(): boolean {
    if (this.peek() !== QUOTE) this.wrong(this.at, NOT_EXPECTED);
    const start = this.at + 1;
    const end = this.skipString(this.at);
    this.stringStart = this.base + start;
    this.stringEnd = this.base + end - 1;
    this.at = end;
    for (let at = start; at < end; at++) if (this.codes[at] === BACKSLASH) return true;
    return false;
  }

  /** Whether the last string read is `name`. */
  stringIs(name: string): boolean {
    return this.stringEnd - this.stringStart === name.length && this.text.startsWith(name, this.stringStart);
  }

  /** `true` or `false`; anything else is not expected. */
  boolean(): boolean {
    const code = this.peek();
    const word = code === 116 ? 'true' : code === 102 ? 'false' : '';
    if (word === '') return this.wrong(this.at, NOT_EXPECTED);
    this.at = this.skipWord(this.at, word);
    return word === 'true';
  }

  /** Whether a `null` stood here; it is then read. */
  isNull(): boolean {
    if (this.peek() !== 110) return false;
    this.at = this.skipWord(this.at, 'null');
    return true;
  }

  /** A plain whole number of at most nine digits; anything else is not expected. */
  smallInteger(): number {
    this.peek();
    const codes = this.codes;
    const start = this.at;
    let at = start;
    let value = 0;
    for (let digit = (codes[at] ?? 0) - 48; digit >= 0 && digit <= 9; digit = (codes[at] ?? 0) - 48) {
      value = value * 10 + digit;
      at++;
    }
    const next = codes[at];
    const ends =
      next === COMMA || next === CLOSE_BRACE || next === CLOSE_BRACKET || next === 32 || next === 10 || next === 13;
    if (!ends || at === start || at - start > 9 || (codes[start] === 48 && at - start > 1)) {
      return this.wrong(at, NOT_EXPECTED);
    }
    this.at = at;
    return value;
  }

  /**
   * The four numbers of the IPv4 address that is the last string read, as one unsigned number; -1 when it is written
   * in any other way than four plain decimals.
   */
  stringAsIpv4(): number {
    const codes = this.codes;
    const end = this.stringEnd - this.base;
    let at = this.stringStart - this.base;
    let address = 0;
    for (let part = 0; part < 4; part++) {
      const start = at;
      let value = 0;
      for (let digit = (codes[at] ?? 0) - 48; digit >= 0 && digit <= 9 && at < end; digit = (codes[at] ?? 0) - 48) {
        value = value * 10 + digit;
        at++;
      }
      const digits = at - start;
      if (digits === 0 || digits > 3 || value > 255 || (digits > 1 && codes[start] === 48)) return -1;
      address = address * 256 + value;
      if (part < 3 && codes[at++] !== 46) return -1;
    }
    return at === end ? address : -1;
  }

  /** Remembers the characters from `start`, which lies in the window, to the next one; `false` when it keeps the old ones. */
  remember(start: number, memory: RememberedText): boolean {
    return memory.set(this.codes, start - this.base, this.at);
  }

  /** Whether the remembered characters, a complete JSON value with brackets or quotes, stand here; they are then read. */
  accept(memory: RememberedText): boolean {
    const { codes: known, length } = memory;
    if (length === 0) return false;
    const codes = this.codes;
    const start = this.at;
    // The 0 behind the window is in no JSON value, so the comparison ends there at the latest.
    let i = 0;
    while (i < length && codes[start + i] === known[i]) i++;
    if (i < length) {
      memory.misses++;
      return false;
    }
    memory.misses = 0;
    this.at = start + length;
    return true;
  }

  /** The last string read; equal strings are mostly one object, because words repeat without end in data. */
  pooledString(): string {
    const codes = this.codes;
    const start = this.stringStart - this.base;
    const end = this.stringEnd - this.base;
    const length = end - start;
    if (length > LONGEST_POOLED || length === 0) return this.text.slice(this.stringStart, this.stringEnd);
    const hash =
      length * 31 + (codes[start] ?? 0) * 7 + (codes[end - 1] ?? 0) * 131 + (codes[start + (length >> 1)] ?? 0) * 37;
    const slot = hash & (POOL_SLOTS - 1);
    const known = this.#pooled[slot] ?? '';
    const pooledCodes = this.#pooledCodes;
    const at = slot * LONGEST_POOLED;
    if (known.length === length) {
      let i = 0;
      while (i < length && pooledCodes[at + i] === codes[start + i]) i++;
      if (i === length) return known;
    }
    const made = this.text.slice(this.stringStart, this.stringEnd);
    for (let i = 0; i < length; i++) pooledCodes[at + i] = codes[start + i] ?? 0;
    this.#pooled[slot] = made;
    return made;
  }

  /** Whether the last string read consists of characters whose place in `allowed` is 1. */
  stringConsistsOf(allowed: Uint8Array): boolean {
    const codes = this.codes;
    const end = this.stringEnd - this.base;
    let at = this.stringStart - this.base;
    while (at < end && allowed[codes[at] ?? 0] === 1) at++;
    return at === end;
  }

  /** The rest of the object or array that starts here, its brackets included, if it holds no other and no escapes: a guess at where it ends. */
  flatEnd(): number {
    const codes = this.codes;
    const open = codes[this.at];
    for (let at = this.at + 1; ; at++) {
      const code = codes[at] ?? 0;
      if (code === CLOSE_BRACE || code === CLOSE_BRACKET) return this.base + at + 1;
      if (code === BACKSLASH || code === OPEN_BRACE || code === OPEN_BRACKET || code === 0 || open === undefined)
        return -1;
    }
  }

  /** Moves to an offset that lies in the window, as one that {@link flatEnd} gave. */
  moveTo(offset: number): void {
    this.at = offset - this.base;
  }
}
