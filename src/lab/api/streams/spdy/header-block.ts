/** Header blocks of SPDY/3: names and values, compressed in one zlib stream a direction that never ends. */
import { constants, inflateRawSync } from 'node:zlib';
import { HEADER_DICTIONARY, HEADER_DICTIONARY_ID } from './header-dictionary.ts';
import { SpdyError } from './spdy-error.ts';

/** Deflate never looks further back. */
const WINDOW_BYTES = 32 * 1024;
const MAX_BLOCK_BYTES = 64 * 1024;
const MAX_HEADERS = 100;

/**
 * Reads the blocks of one direction, in order. Node has no synchronous zlib stream; but senders flush to a byte boundary
 * after each block, so that a block is a raw deflate text whose dictionary is what was read before.
 */
export class HeaderReader {
  #window: Buffer | undefined;

  /** @throws SpdyError when it is no such block, or too large */
  read(block: Buffer): ReadonlyMap<string, string> {
    const first = this.#window === undefined;
    const { window, deflated } =
      this.#window === undefined ? readZlibHead(block) : { window: this.#window, deflated: block };
    const text = inflate(deflated, window);
    const known = Buffer.concat([window, text]);
    this.#window = known.length > WINDOW_BYTES ? Buffer.from(known.subarray(-WINDOW_BYTES)) : known;
    if (first && text.length === 0) throw new SpdyError('an empty header block');
    return parseHeaders(text);
  }
}

function readZlibHead(block: Buffer): { readonly window: Buffer; readonly deflated: Buffer } {
  const method = block[0] ?? 0;
  const flags = block[1] ?? 0;
  if ((method & 0x0f) !== 8 || method >> 4 > 7 || ((method << 8) | flags) % 31 !== 0)
    throw new SpdyError('headers that are no zlib stream');
  if ((flags & 0x20) === 0) return { window: Buffer.alloc(0), deflated: block.subarray(2) };
  if (block.length < 6 || block.readUInt32BE(2) !== HEADER_DICTIONARY_ID)
    throw new SpdyError('headers compressed against another dictionary');
  return { window: HEADER_DICTIONARY, deflated: block.subarray(6) };
}

function inflate(deflated: Buffer, window: Buffer): Buffer {
  try {
    return inflateRawSync(deflated, {
      finishFlush: constants.Z_SYNC_FLUSH,
      maxOutputLength: MAX_BLOCK_BYTES,
      ...(window.length === 0 ? {} : { dictionary: window }),
    });
  } catch (error) {
    throw new SpdyError('headers that cannot be decompressed', { cause: error });
  }
}

function parseHeaders(text: Buffer): ReadonlyMap<string, string> {
  let offset = 0;
  const number = (): number => {
    if (offset + 4 > text.length) throw new SpdyError('a header block that is cut');
    offset += 4;
    return text.readUInt32BE(offset - 4);
  };
  const string = (): string => {
    const length = number();
    if (length > text.length - offset) throw new SpdyError('a header block that is cut');
    offset += length;
    return text.toString('latin1', offset - length, offset);
  };
  const count = number();
  if (count > MAX_HEADERS) throw new SpdyError('too many headers');
  const headers = new Map<string, string>();
  for (let index = 0; index < count; index += 1) {
    const name = string();
    if (name === '' || name !== name.toLowerCase() || headers.has(name)) throw new SpdyError('a wrong header name');
    headers.set(name, string());
  }
  if (offset !== text.length) throw new SpdyError('a header block with something behind it');
  return headers;
}

/**
 * Writes the blocks of one direction. What a server says in headers is next to nothing, so it is stored, not compressed:
 * that needs no state beyond whether the zlib stream has begun.
 */
export class HeaderWriter {
  #begun = false;

  write(headers: ReadonlyMap<string, string>): Buffer {
    const text = Buffer.concat([uint32(headers.size), ...[...headers].flat().map(lengthAndText)]);
    const stored = Buffer.alloc(5);
    stored.writeUInt16LE(text.length, 1);
    stored.writeUInt16LE(0xffff ^ text.length, 3);
    const head = this.#begun ? Buffer.alloc(0) : ZLIB_HEAD;
    this.#begun = true;
    return Buffer.concat([head, stored, text, FLUSH]);
  }
}

/** Deflate with a window of 32 KiB, and the dictionary that everybody expects. */
const ZLIB_HEAD = Buffer.concat([Buffer.from([0x78, 0xbb]), uint32(HEADER_DICTIONARY_ID)]);
/** An empty stored block: readers hand out what they have when they meet it. */
const FLUSH = Buffer.from([0, 0, 0, 0xff, 0xff]);

function lengthAndText(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
