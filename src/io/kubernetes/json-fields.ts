/**
 * JSON bytes with only the fields that somebody reads, before anything is parsed: of a pod's text that is a tenth, and
 * parsing the rest would cost most of the time and memory that a large cluster takes.
 */

/** Which fields of an object are kept: `true` for all of the value. Lists are looked through. */
export interface FieldTree {
  readonly [name: string]: FieldTree | true;
}

interface Field {
  /** The name with its quotes. */
  readonly name: Buffer;
  readonly value: readonly Field[] | true;
}

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/** Thrown and caught in this file only. */
class NotJson extends Error {
  override readonly name = 'NotJson';
}
const notJson = new NotJson('not JSON');

/**
 * What is left out is only looked at as far as it takes to find its end. Names that are written with escapes are kept,
 * so that nothing that counts is missed.
 */
export class JsonFields {
  readonly #fields: readonly Field[];
  #in: Buffer = Buffer.alloc(0);
  #out: Buffer = Buffer.allocUnsafe(64 * 1024);
  #at = 0;
  #length = 0;

  constructor(tree: FieldTree) {
    this.#fields = compile(tree);
  }

  /** The kept part, valid until the next call; `undefined` when the bytes are no JSON object. */
  keep(bytes: Buffer): Buffer | undefined {
    this.#in = bytes;
    this.#at = 0;
    this.#length = 0;
    // Nothing is ever added but a comma in place of another.
    if (this.#out.length < bytes.length) this.#out = Buffer.allocUnsafe(bytes.length * 2);
    try {
      this.#space();
      this.#value(this.#fields);
      this.#space();
    } catch (error) {
      if (error !== notJson) throw error;
      return undefined;
    }
    return this.#at === bytes.length ? this.#out.subarray(0, this.#length) : undefined;
  }

  /** Recursion is as deep as the tree of fields, and lists directly inside lists are not looked through. */
  #value(fields: readonly Field[] | true, inList = false): void {
    const first = this.#in[this.#at];
    if (fields !== true && first === OPEN_BRACE) this.#object(fields);
    else if (fields !== true && first === OPEN_BRACKET && !inList) this.#list(fields);
    else {
      const start = this.#at;
      this.#skip();
      this.#copy(start, this.#at);
    }
  }

  #object(fields: readonly Field[]): void {
    this.#put(OPEN_BRACE);
    this.#at++;
    this.#space();
    let isFirst = true;
    if (this.#in[this.#at] !== CLOSE_BRACE) {
      for (;;) {
        const start = this.#at;
        if (this.#in[start] !== QUOTE) throw notJson;
        const escaped = this.#string();
        const end = this.#at;
        this.#space();
        if (this.#in[this.#at] !== COLON) throw notJson;
        this.#at++;
        this.#space();
        const field = escaped ? true : this.#find(fields, start, end);
        if (field === undefined) this.#skip();
        else {
          if (!isFirst) this.#put(COMMA);
          isFirst = false;
          this.#copy(start, end);
          this.#put(COLON);
          this.#value(field);
        }
        this.#space();
        if (this.#in[this.#at] !== COMMA) break;
        this.#at++;
        this.#space();
      }
    }
    if (this.#in[this.#at] !== CLOSE_BRACE) throw notJson;
    this.#at++;
    this.#put(CLOSE_BRACE);
  }

  #list(fields: readonly Field[]): void {
    this.#put(OPEN_BRACKET);
    this.#at++;
    this.#space();
    if (this.#in[this.#at] !== CLOSE_BRACKET) {
      for (;;) {
        this.#value(fields, true);
        this.#space();
        if (this.#in[this.#at] !== COMMA) break;
        this.#put(COMMA);
        this.#at++;
        this.#space();
      }
    }
    if (this.#in[this.#at] !== CLOSE_BRACKET) throw notJson;
    this.#at++;
    this.#put(CLOSE_BRACKET);
  }

  #find(fields: readonly Field[], start: number, end: number): readonly Field[] | true | undefined {
    const bytes = this.#in;
    const length = end - start;
    for (const { name, value } of fields) {
      if (name.length !== length) continue;
      let i = 1;
      while (i < length && name[i] === bytes[start + i]) i++;
      if (i === length) return value;
    }
    return undefined;
  }

  /** To behind the value that starts here. */
  #skip(): void {
    const bytes = this.#in;
    const { length } = bytes;
    const first = bytes[this.#at];
    if (first === QUOTE) {
      this.#string();
      return;
    }
    if (first !== OPEN_BRACE && first !== OPEN_BRACKET) {
      const start = this.#at;
      while (this.#at < length && !isEnd(bytes[this.#at] ?? 0)) this.#at++;
      if (this.#at === start) throw notJson;
      return;
    }
    let depth = 0;
    while (this.#at < length) {
      const byte = bytes[this.#at];
      if (byte === QUOTE) {
        this.#string();
        continue;
      }
      this.#at++;
      if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth++;
      else if ((byte === CLOSE_BRACE || byte === CLOSE_BRACKET) && --depth === 0) return;
    }
    throw notJson;
  }

  /** To behind the string that starts here. @returns whether it has escapes */
  #string(): boolean {
    const bytes = this.#in;
    const { length } = bytes;
    let escaped = false;
    for (let at = this.#at + 1; at < length; at++) {
      const byte = bytes[at];
      if (byte === QUOTE) {
        this.#at = at + 1;
        return escaped;
      }
      if (byte === BACKSLASH) {
        escaped = true;
        at++;
      }
    }
    throw notJson;
  }

  #space(): void {
    const bytes = this.#in;
    let at = this.#at;
    while (at < bytes.length && isSpace(bytes[at] ?? 0)) at++;
    this.#at = at;
  }

  #put(byte: number): void {
    this.#out[this.#length++] = byte;
  }

  #copy(start: number, end: number): void {
    this.#length += this.#in.copy(this.#out, this.#length, start, end);
  }
}

function isSpace(byte: number): boolean {
  return byte === 32 || byte === 10 || byte === 13 || byte === 9;
}

function isEnd(byte: number): boolean {
  return byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || isSpace(byte);
}

function compile(tree: FieldTree): readonly Field[] {
  return Object.entries(tree).map(([name, value]) => ({
    name: Buffer.from(JSON.stringify(name)),
    value: value === true ? true : compile(value),
  }));
}

/** A tree with what every object is known by, whatever else is of interest. */
export function withIdentity(tree: FieldTree): FieldTree {
  const metadata = tree['metadata'];
  if (metadata === true) return tree;
  const identity = { name: true, namespace: true, uid: true, resourceVersion: true, annotations: true } as const;
  return { ...tree, metadata: { ...metadata, ...identity } };
}
