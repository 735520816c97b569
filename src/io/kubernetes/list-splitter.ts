/**
 * The answer to a list request, cut into its items while it arrives: one item in memory at a time, however long the
 * list. Works on bytes, because everything that structures JSON is ASCII and never part of a longer character.
 */
const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;

const OPENS = 1;
const CLOSES = 2;
/** What a byte outside strings does to the depth. */
const BRACKETS = new Uint8Array(256);
for (const open of '{[') BRACKETS[open.charCodeAt(0)] = OPENS;
for (const close of '}]') BRACKETS[close.charCodeAt(0)] = CLOSES;

/** Longest key that can matter here, with its quotes. */
const ITEMS_KEY = Buffer.from('"items"');

/** More than `maxBytes` in one item, or outside the items. */
export class ListTooLarge extends Error {
  override readonly name = 'ListTooLarge';
}

export class ListSplitter {
  readonly #maxBytes: number;
  readonly #onItem: (item: Buffer) => void;
  /** What stands around the items: it is JSON itself, with an empty list. */
  readonly #frame: Buffer[] = [];
  #frameBytes = 0;
  #item: Buffer[] = [];
  #itemBytes = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** The last string at depth 1 as far as it is `"items"`: how many of its bytes agree, or -1. */
  #keyMatch = -1;
  #inItems = false;
  /** Items of the list so far. */
  #count = 0;

  /** @param onItem gets the bytes of one item, valid only during the call */
  constructor(maxBytes: number, onItem: (item: Buffer) => void) {
    this.#maxBytes = maxBytes;
    this.#onItem = onItem;
  }

  /** @throws ListTooLarge */
  push(chunk: Buffer): void {
    const { length } = chunk;
    let at = 0;
    /** Where the part begins that belongs to the frame or to the current item. */
    let from = 0;
    while (at < length) {
      if (this.#inString) {
        at = this.#skipString(chunk, at);
        continue;
      }
      const byte = chunk[at] ?? 0;
      if (byte === QUOTE) {
        this.#inString = true;
        if (this.#depth === 1) this.#keyMatch = 1;
      } else {
        const bracket = BRACKETS[byte];
        if (bracket === OPENS) {
          this.#depth++;
          if (this.#depth === 2 && byte === 91 && this.#keyMatch === ITEMS_KEY.length) {
            this.#keepFrame(chunk.subarray(from, at + 1));
            from = at + 1;
            this.#inItems = true;
            this.#count = 0;
          }
        } else if (bracket === CLOSES) {
          this.#depth--;
          if (this.#inItems && this.#depth === 1) {
            this.#endItem(chunk.subarray(from, at), true);
            from = at;
            this.#inItems = false;
          }
          if (this.#depth === 1) this.#keyMatch = -1;
        } else if (byte === COMMA) {
          if (this.#inItems && this.#depth === 2) {
            this.#endItem(chunk.subarray(from, at), false);
            from = at + 1;
          } else if (this.#depth === 1) this.#keyMatch = -1;
        }
      }
      at++;
    }
    if (from === length) return;
    if (this.#inItems) this.#keepItem(chunk.subarray(from));
    else this.#keepFrame(chunk.subarray(from));
  }

  /** Everything but the items, once all has been pushed: JSON if the answer was. */
  frame(): Buffer {
    return Buffer.concat(this.#frame);
  }

  /** From inside a string to behind its closing quote, or to the end of the chunk. */
  #skipString(chunk: Buffer, from: number): number {
    const { length } = chunk;
    let at = from;
    if (this.#escaped) {
      this.#escaped = false;
      this.#keyMatch = -1;
      at++;
    }
    if (this.#depth === 1) {
      // Keys of the list itself are few and short.
      for (; at < length; at++) {
        const byte = chunk[at];
        if (byte === QUOTE) {
          this.#matchKey(QUOTE);
          this.#inString = false;
          return at + 1;
        }
        if (byte === BACKSLASH) {
          this.#keyMatch = -1;
          at++;
          if (at >= length) this.#escaped = true;
        } else this.#matchKey(byte ?? 0);
      }
      return length;
    }
    for (; at < length; at++) {
      const byte = chunk[at];
      if (byte === QUOTE) {
        this.#inString = false;
        return at + 1;
      }
      if (byte === BACKSLASH) {
        at++;
        if (at >= length) this.#escaped = true;
      }
    }
    return length;
  }

  #matchKey(byte: number): void {
    if (this.#keyMatch === -1) return;
    this.#keyMatch = ITEMS_KEY[this.#keyMatch] === byte ? this.#keyMatch + 1 : -1;
  }

  #keepFrame(part: Buffer): void {
    this.#frameBytes += part.length;
    if (this.#frameBytes > this.#maxBytes) throw new ListTooLarge('the list without its items is too large');
    // A copy: the chunk may be a window of a buffer that is written again.
    this.#frame.push(Buffer.from(part));
  }

  #keepItem(part: Buffer): void {
    this.#itemBytes += part.length;
    if (this.#itemBytes > this.#maxBytes) throw new ListTooLarge('an item of the list is too large');
    this.#item.push(Buffer.from(part));
  }

  #endItem(last: Buffer, isLast: boolean): void {
    let item = last;
    if (this.#itemBytes > 0) {
      this.#keepItem(last);
      item = Buffer.concat(this.#item);
      this.#item = [];
    } else if (last.length > this.#maxBytes) throw new ListTooLarge('an item of the list is too large');
    this.#itemBytes = 0;
    // An empty list is white space between brackets; a comma with nothing beside it is left to whoever parses the item.
    if (isLast && this.#count === 0 && isBlank(item)) return;
    this.#count++;
    this.#onItem(item);
  }
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 32 || byte === 10 || byte === 13 || byte === 9);
}
