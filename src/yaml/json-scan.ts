/**
 * JSON read token by token straight from characters, without building anything: the caller walks through the members
 * that it knows and skips the rest. Skipping checks the whole grammar, so what was walked over is JSON.
 *
 * The text is read through a window of its character codes, because a typed array is several times faster to index
 * than a string. Offsets that callers see are offsets in the text.
 */
import { DEFAULT_YAML_LIMITS } from './limits.ts';

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/** The text is not JSON here (or too deep, or a number is too large): thrown, one object, no stack. */
export const NOT_JSON = { name: 'not JSON' } as const;
/** Well-formed as far as read, but not what the caller asked for. */
export const NOT_EXPECTED = { name: 'not expected' } as const;
/** The window ends before the value does: enlarge it and read the value again. Only {@link JsonScanner.attempt} handles it. */
const NEED_MORE = { name: 'need more' } as const;

/** Whether something caught is one of this module's signals and not a fault of the program. */
export function isScanSignal(caught: unknown): boolean {
  return caught === NOT_JSON || caught === NOT_EXPECTED || caught === NEED_MORE;
}

function signal(what: typeof NOT_JSON | typeof NOT_EXPECTED | typeof NEED_MORE): never {
  // oxlint-disable-next-line typescript/only-throw-error -- control flow between two functions of this project, never an error
  throw what;
}

/** Ends the current attempt: the value is not of the kind that the caller handles. */
export function notExpected(): never {
  return signal(NOT_EXPECTED);
}

/** Member names that a caller knows, found by their characters. Ids are positions in `names`. */
export class MemberNames {
  readonly count: number;
  readonly #codes: readonly Uint8Array[];
  /** Open addressing; 0 is free, otherwise the id plus 1. */
  readonly #slots: Uint8Array;
  readonly #mask: number;

  constructor(names: readonly string[]) {
    this.count = names.length;
    this.#codes = names.map((name) => Uint8Array.from(name, (char) => char.charCodeAt(0)));
    let size = 8;
    while (size < names.length * 4) size *= 2;
    this.#mask = size - 1;
    this.#slots = new Uint8Array(size);
    this.#codes.forEach((codes, id) => {
      let hash = 0;
      for (const code of codes) hash = (Math.imul(hash, 31) + code) | 0;
      let slot = hash & this.#mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = id + 1;
    });
  }

  /** The id of the name at `codes[start, end)`, whose hash is known already; -1 for a stranger. */
  find(codes: Uint8Array | Uint16Array, start: number, end: number, hash: number): number {
    const length = end - start;
    for (let slot = hash & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const id = (this.#slots[slot] ?? 0) - 1;
      if (id === -1) return -1;
      const name = this.#codes[id];
      if (name === undefined || name.length !== length) continue;
      let i = 0;
      while (i < length && name[i] === codes[start + i]) i++;
      if (i === length) return id;
    }
  }
}

/** Codes in a window. An eighth of it must be left when a value is begun, so that few values are begun twice. */
const WINDOW = 512 * 1024;

const POOL_SLOTS = 1024;
const LONGEST_POOLED = 64;

/** Characters longer than this are no longer worth remembering. */
const LONGEST_REMEMBERED = 4096;
/** After so many misses in a row only now and then something new is remembered: copying would only cost. */
const PATIENCE = 32;

/** The characters of one value, to be recognised when they stand somewhere again. */
export class RememberedText {
  codes = new Uint16Array(256);
  length = 0;
  misses = 0;

  set(codes: Uint8Array | Uint16Array, start: number, end: number): boolean {
    if (this.misses > PATIENCE && this.misses % PATIENCE !== 0) return false;
    const length = end - start;
    this.length = 0;
    if (length > LONGEST_REMEMBERED) return true;
    if (length > this.codes.length) this.codes = new Uint16Array(length * 2);
    for (let i = 0; i < length; i++) this.codes[i] = codes[start + i] ?? 0;
    this.length = length;
    return true;
  }
}

export class JsonScanner {
  readonly text: string;
  readonly #end: number;
  readonly #maxDepth: number;
  readonly #window: number;
  readonly #encoder = new TextEncoder();
  /** For ASCII windows; others need the wider one. */
  #narrow = new Uint8Array(0);
  #wide = new Uint16Array(0);
  #codes: Uint8Array | Uint16Array = this.#narrow;
  /** The offset in the text of `#codes[0]`. */
  #base = 0;
  /** How many codes the window has; a 0 stands behind them and stops every loop. */
  #length = 0;
  #at = 0;
  readonly #isObject = new Uint8Array(1024);
  readonly #pooled: string[] = Array.from({ length: POOL_SLOTS }, () => '');
  readonly #pooledCodes = new Uint16Array(POOL_SLOTS * LONGEST_POOLED);

  /** The range of the last string read, without its quotes. */
  stringStart = 0;
  stringEnd = 0;

  /** @param options `window`: how many characters are looked at together, at least 16 */
  constructor(
    text: string,
    start: number,
    end: number,
    options: { readonly maxDepth?: number; readonly window?: number } = {},
  ) {
    this.text = text;
    this.#end = end;
    this.#maxDepth = Math.min(options.maxDepth ?? DEFAULT_YAML_LIMITS.maxDepth, this.#isObject.length);
    this.#window = options.window ?? WINDOW;
    this.#load(start, this.#window);
  }

  /** The offset of the next character. */
  get offset(): number {
    return this.#base + this.#at;
  }

  #load(start: number, size: number): void {
    const length = Math.min(size, this.#end - start);
    this.#base = start;
    this.#at = 0;
    this.#length = length;
    if (this.#narrow.length <= length) this.#narrow = new Uint8Array(length + 1);
    // A surrogate cut in two at the end counts as not ASCII either way.
    const { read, written } = this.#encoder.encodeInto(this.text.slice(start, start + length), this.#narrow);
    if (read === length && written === length) this.#codes = this.#narrow;
    else {
      if (this.#wide.length <= length) this.#wide = new Uint16Array(length + 1);
      for (let i = 0; i < length; i++) this.#wide[i] = this.text.charCodeAt(start + i);
      this.#codes = this.#wide;
    }
    this.#codes[length] = 0;
  }

  /** Moves the window on when little of it is left: before reading a few tokens outside {@link attempt}. */
  ensure(): void {
    if (this.#length - this.#at < this.#window >> 3 && this.#base + this.#length < this.#end)
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
    for (let size = this.#length * 2; ; size *= 2) {
      try {
        read();
        return true;
      } catch (caught) {
        if (caught === NOT_EXPECTED) {
          this.#at = start - this.#base;
          return false;
        }
        if (caught !== NEED_MORE) throw caught;
        this.#load(start, size);
      }
    }
  }

  /** The character is wrong, or the window is over. */
  #wrong(at: number, otherwise: typeof NOT_JSON | typeof NOT_EXPECTED = NOT_JSON): never {
    if (at < this.#length) return signal(otherwise);
    return signal(this.#base + this.#length < this.#end ? NEED_MORE : NOT_JSON);
  }

  /** The next character that is no white space; 0 at the end of the text. */
  peek(): number {
    const codes = this.#codes;
    let at = this.#at;
    let code = codes[at] ?? 0;
    while (code === 32 || code === 10 || code === 13 || code === 9) code = codes[++at] ?? 0;
    this.#at = at;
    if (code === 0 && at >= this.#length && this.#base + this.#length < this.#end) return signal(NEED_MORE);
    return code;
  }

  /** Whether nothing but white space is left. */
  atEnd(): boolean {
    return this.peek() === 0 && this.#at >= this.#length;
  }

  /** Enters an object; `false` when it is empty, and then behind it. Anything else is not expected. */
  enterObject(): boolean {
    if (this.peek() !== OPEN_BRACE) return this.#wrong(this.#at, NOT_EXPECTED);
    this.#at++;
    if (this.peek() !== CLOSE_BRACE) return true;
    this.#at++;
    return false;
  }

  /** Behind a member: whether another follows. Otherwise the object is left. */
  nextMember(): boolean {
    const code = this.peek();
    if (code === COMMA) {
      this.#at++;
      this.peek();
      return true;
    }
    if (code !== CLOSE_BRACE) return this.#wrong(this.#at);
    this.#at++;
    return false;
  }

  /** Enters an array; `false` when it is empty, and then behind it. Anything else is not expected. */
  enterArray(): boolean {
    if (this.peek() !== OPEN_BRACKET) return this.#wrong(this.#at, NOT_EXPECTED);
    this.#at++;
    if (this.peek() !== CLOSE_BRACKET) return true;
    this.#at++;
    return false;
  }

  /** Behind an item: whether another follows. Otherwise the array is left. */
  nextItem(): boolean {
    const code = this.peek();
    if (code === COMMA) {
      this.#at++;
      return true;
    }
    if (code !== CLOSE_BRACKET) return this.#wrong(this.#at);
    this.#at++;
    return false;
  }

  /** Reads the name of a member and its colon: the id of the name, or -1. Names with escapes are not expected. */
  member(names: MemberNames): number {
    const codes = this.#codes;
    let at = this.#at;
    if (codes[at] !== QUOTE) return this.#wrong(at);
    at++;
    const start = at;
    let hash = 0;
    let code = codes[at] ?? 0;
    while (code !== QUOTE) {
      if (code < 32) return this.#wrong(at);
      if (code === BACKSLASH) return signal(NOT_EXPECTED);
      hash = (Math.imul(hash, 31) + code) | 0;
      code = codes[++at] ?? 0;
    }
    this.stringStart = this.#base + start;
    this.stringEnd = this.#base + at;
    const id = names.find(codes, start, at, hash);
    if (codes[at + 1] === COLON) this.#at = at + 2;
    else {
      this.#at = at + 1;
      if (this.peek() !== COLON) return this.#wrong(this.#at);
      this.#at++;
    }
    return id;
  }

  /** Reads a member name of any kind into `stringStart` and `stringEnd`. Escapes are not expected. */
  memberText(): void {
    this.plainString();
    if (this.peek() !== COLON) this.#wrong(this.#at);
    this.#at++;
  }

  /** Reads a string into `stringStart` and `stringEnd`. Other values, and strings with escapes, are not expected. */
  plainString(): void {
    if (this.peek() !== QUOTE) this.#wrong(this.#at, NOT_EXPECTED);
    const codes = this.#codes;
    let at = this.#at + 1;
    const start = at;
    let code = codes[at] ?? 0;
    while (code !== QUOTE) {
      if (code < 32) this.#wrong(at);
      if (code === BACKSLASH) signal(NOT_EXPECTED);
      code = codes[++at] ?? 0;
    }
    this.stringStart = this.#base + start;
    this.stringEnd = this.#base + at;
    this.#at = at + 1;
  }

  /** Reads a string that may have escapes into `stringStart` and `stringEnd`; whether it has some. */
  anyString(): boolean {
    if (this.peek() !== QUOTE) this.#wrong(this.#at, NOT_EXPECTED);
    const start = this.#at + 1;
    const end = this.#skipString(this.#at);
    this.stringStart = this.#base + start;
    this.stringEnd = this.#base + end - 1;
    this.#at = end;
    for (let at = start; at < end; at++) if (this.#codes[at] === BACKSLASH) return true;
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
    if (word === '') return this.#wrong(this.#at, NOT_EXPECTED);
    this.#at = this.#skipWord(this.#at, word);
    return word === 'true';
  }

  /** Whether a `null` stood here; it is then read. */
  isNull(): boolean {
    if (this.peek() !== 110) return false;
    this.#at = this.#skipWord(this.#at, 'null');
    return true;
  }

  /** A plain whole number of at most nine digits; anything else is not expected. */
  smallInteger(): number {
    this.peek();
    const codes = this.#codes;
    const start = this.#at;
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
      return this.#wrong(at, NOT_EXPECTED);
    }
    this.#at = at;
    return value;
  }

  /**
   * The four numbers of the IPv4 address that is the last string read, as one unsigned number; -1 when it is written
   * in any other way than four plain decimals.
   */
  stringAsIpv4(): number {
    const codes = this.#codes;
    const end = this.stringEnd - this.#base;
    let at = this.stringStart - this.#base;
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
    return memory.set(this.#codes, start - this.#base, this.#at);
  }

  /** Whether the remembered characters, a complete JSON value with brackets or quotes, stand here; they are then read. */
  accept(memory: RememberedText): boolean {
    const { codes: known, length } = memory;
    if (length === 0) return false;
    const codes = this.#codes;
    const start = this.#at;
    // The 0 behind the window is in no JSON value, so the comparison ends there at the latest.
    let i = 0;
    while (i < length && codes[start + i] === known[i]) i++;
    if (i < length) {
      memory.misses++;
      return false;
    }
    memory.misses = 0;
    this.#at = start + length;
    return true;
  }

  /** The last string read; equal strings are mostly one object, because words repeat without end in data. */
  pooledString(): string {
    const codes = this.#codes;
    const start = this.stringStart - this.#base;
    const end = this.stringEnd - this.#base;
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
    const codes = this.#codes;
    const end = this.stringEnd - this.#base;
    let at = this.stringStart - this.#base;
    while (at < end && allowed[codes[at] ?? 0] === 1) at++;
    return at === end;
  }

  /** The rest of the object or array that starts here, its brackets included, if it holds no other and no escapes: a guess at where it ends. */
  flatEnd(): number {
    const codes = this.#codes;
    const open = codes[this.#at];
    for (let at = this.#at + 1; ; at++) {
      const code = codes[at] ?? 0;
      if (code === CLOSE_BRACE || code === CLOSE_BRACKET) return this.#base + at + 1;
      if (code === BACKSLASH || code === OPEN_BRACE || code === OPEN_BRACKET || code === 0 || open === undefined)
        return -1;
    }
  }

  /** Moves to an offset that lies in the window, as one that {@link flatEnd} gave. */
  moveTo(offset: number): void {
    this.#at = offset - this.#base;
  }

  /**
   * Skips one value, whatever it is, checking its grammar.
   *
   * @param depth how many objects and arrays are open around it
   */
  skip(depth: number): void {
    const codes = this.#codes;
    const isObject = this.#isObject;
    let at = this.#skipSpace(this.#at);
    let open = 0;
    for (;;) {
      const code = codes[at] ?? 0;
      let entered = false;
      if (code === QUOTE) at = this.#skipString(at);
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
          this.#at = at;
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
        if (next !== (object ? CLOSE_BRACE : CLOSE_BRACKET)) this.#wrong(at);
        at++;
        open--;
      }
    }
  }

  #skipSpace(from: number): number {
    const codes = this.#codes;
    let at = from;
    let code = codes[at] ?? 0;
    while (code === 32 || code === 10 || code === 13 || code === 9) code = codes[++at] ?? 0;
    return at;
  }

  /** From the quote of a member name to its value. */
  #skipMember(from: number): number {
    if (this.#codes[from] !== QUOTE) return this.#wrong(from);
    let at = this.#skipString(from);
    if (this.#codes[at] !== COLON) {
      at = this.#skipSpace(at);
      if (this.#codes[at] !== COLON) return this.#wrong(at);
    }
    return this.#skipSpace(at + 1);
  }

  /** From the opening quote to behind the closing one. */
  #skipString(from: number): number {
    const codes = this.#codes;
    let at = from + 1;
    for (;;) {
      const code = codes[at] ?? 0;
      if (code === QUOTE) return at + 1;
      if (code === BACKSLASH) at = this.#skipEscape(at + 1);
      else if (code < 32) return this.#wrong(at);
      else at++;
    }
  }

  #skipEscape(at: number): number {
    const codes = this.#codes;
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
          if (!((code >= 48 && code <= 57) || (lower >= 97 && lower <= 102))) return this.#wrong(i);
        }
        return at + 5;
      }
      default:
        return this.#wrong(at);
    }
  }

  #skipScalar(at: number, code: number): number {
    if (code === 116) return this.#skipWord(at, 'true');
    if (code === 102) return this.#skipWord(at, 'false');
    if (code === 110) return this.#skipWord(at, 'null');
    return this.#skipNumber(at);
  }

  #skipWord(at: number, word: string): number {
    for (let i = 0; i < word.length; i++) if (this.#codes[at + i] !== word.charCodeAt(i)) return this.#wrong(at + i);
    return at + word.length;
  }

  #skipNumber(from: number): number {
    const codes = this.#codes;
    let at = from;
    if (codes[at] === 45) at++;
    const first = codes[at];
    at = this.#skipDigits(at);
    if (first === 48 && at > from + (codes[from] === 45 ? 2 : 1)) return this.#wrong(from + 1);
    if (codes[at] === 46) at = this.#skipDigits(at + 1);
    const exponent = codes[at] === 101 || codes[at] === 69;
    if (exponent) {
      at++;
      if (codes[at] === 43 || codes[at] === 45) at++;
      at = this.#skipDigits(at);
    }
    // The number may go on behind the window.
    if (at >= this.#length && this.#base + this.#length < this.#end) return signal(NEED_MORE);
    if ((exponent || at - from > 300) && !Number.isFinite(Number(this.text.slice(this.#base + from, this.#base + at))))
      return signal(NOT_JSON);
    return at;
  }

  #skipDigits(from: number): number {
    const codes = this.#codes;
    let at = from;
    for (let code = codes[at] ?? 0; code >= 48 && code <= 57; code = codes[at] ?? 0) at++;
    return at === from ? this.#wrong(at) : at;
  }
}
