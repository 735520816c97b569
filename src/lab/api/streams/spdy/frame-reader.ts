import {
  FLAG_FIN,
  FLAG_UNIDIRECTIONAL,
  FRAME_TYPE,
  MAX_WINDOW_BYTES,
  SETTING_INITIAL_WINDOW,
  type SpdyFrame,
} from './frame.ts';
import { HeaderReader } from './header-block.ts';
import { SpdyError } from './spdy-error.ts';

const HEAD_BYTES = 8;
/** Control frames are read whole. Those of kubectl have some hundred bytes. */
const MAX_CONTROL_BYTES = 32 * 1024;
const STREAM_ID_MASK = 0x7fff_ffff;

interface Head {
  readonly control: boolean;
  /** Type of a control frame, stream of a data frame. */
  readonly id: number;
  readonly flags: number;
  readonly length: number;
}

/** Bytes in pieces of any size to frames. Data is handed out as it comes and never gathered. */
export class FrameReader {
  readonly #headers = new HeaderReader();
  readonly #head = Buffer.alloc(HEAD_BYTES);
  #headBytes = 0;
  #current: Head | undefined;
  /** Of the payload of the current frame. */
  #missing = 0;
  #parts: Buffer[] = [];

  /**
   * The frames, and pieces of data frames, that end in these bytes; those of data are part of `bytes`. It is over after
   * an error.
   *
   * @throws SpdyError
   */
  *read(bytes: Buffer): Generator<SpdyFrame, void, undefined> {
    let rest = bytes;
    while (rest.length > 0) {
      if (this.#current === undefined) {
        const taken = rest.copy(this.#head, this.#headBytes);
        rest = rest.subarray(taken);
        this.#headBytes += taken;
        if (this.#headBytes < HEAD_BYTES) return;
        this.#headBytes = 0;
        this.#current = readHead(this.#head);
        this.#missing = this.#current.length;
        if (this.#missing > 0) continue;
      }
      const head = this.#current;
      const piece = rest.subarray(0, this.#missing);
      rest = rest.subarray(piece.length);
      this.#missing -= piece.length;
      const complete = this.#missing === 0;
      if (complete) this.#current = undefined;
      if (!head.control) {
        yield { type: 'data', streamId: head.id, bytes: piece, fin: complete && (head.flags & FLAG_FIN) !== 0 };
        continue;
      }
      this.#parts.push(piece);
      if (!complete) continue;
      const payload = Buffer.concat(this.#parts);
      this.#parts = [];
      const frame = this.#control(head, payload);
      if (frame !== undefined) yield frame;
    }
  }

  /** `undefined` for types that nobody knows, which are to be ignored. */
  #control({ id: type, flags }: Head, payload: Buffer): SpdyFrame | undefined {
    const fin = (flags & FLAG_FIN) !== 0;
    switch (type) {
      case FRAME_TYPE.synStream: {
        atLeast(payload, 10);
        return {
          type: 'syn-stream',
          streamId: streamIdAt(payload, 0),
          fin,
          unidirectional: (flags & FLAG_UNIDIRECTIONAL) !== 0,
          // Associated stream, priority and slot say nothing here.
          headers: this.#headers.read(payload.subarray(10)),
        };
      }
      case FRAME_TYPE.synReply:
      case FRAME_TYPE.headers:
        atLeast(payload, 4);
        // Read even so: later blocks refer to it.
        this.#headers.read(payload.subarray(4));
        return { type: 'headers', streamId: streamIdAt(payload, 0), fin };
      case FRAME_TYPE.rstStream:
        exactly(payload, 8);
        return { type: 'rst-stream', streamId: streamIdAt(payload, 0), status: payload.readUInt32BE(4) };
      case FRAME_TYPE.settings:
        return { type: 'settings', initialWindow: readInitialWindow(payload) };
      case FRAME_TYPE.ping:
        exactly(payload, 4);
        return { type: 'ping', id: payload.readUInt32BE(0) };
      case FRAME_TYPE.goAway:
        exactly(payload, 8);
        return { type: 'go-away', lastStreamId: idAt(payload, 0) };
      case FRAME_TYPE.windowUpdate: {
        exactly(payload, 8);
        const delta = idAt(payload, 4);
        if (delta === 0) throw new SpdyError('a window update of nothing');
        return { type: 'window-update', streamId: idAt(payload, 0), delta };
      }
      default:
        return undefined;
    }
  }
}

function readHead(head: Buffer): Head {
  const word = head.readUInt32BE(0);
  const flags = head.readUInt8(4);
  const length = head.readUIntBE(5, 3);
  if (word <= STREAM_ID_MASK) {
    if (word === 0) throw new SpdyError('data for stream 0');
    return { control: false, id: word, flags, length };
  }
  if ((word & STREAM_ID_MASK) >>> 16 !== 3) throw new SpdyError('a frame of another version');
  if (length > MAX_CONTROL_BYTES) throw new SpdyError('a control frame that is too large');
  return { control: true, id: word & 0xffff, flags, length };
}

function readInitialWindow(payload: Buffer): number | undefined {
  atLeast(payload, 4);
  const count = payload.readUInt32BE(0);
  if (payload.length !== 4 + 8 * count) throw new SpdyError('settings of another length than they say');
  let window: number | undefined;
  for (let offset = 4; offset < payload.length; offset += 8) {
    if (payload.readUIntBE(offset + 1, 3) !== SETTING_INITIAL_WINDOW) continue;
    window = payload.readUInt32BE(offset + 4);
    if (window > MAX_WINDOW_BYTES) throw new SpdyError('an initial window that is too large');
  }
  return window;
}

function idAt(payload: Buffer, offset: number): number {
  return payload.readUInt32BE(offset) & STREAM_ID_MASK;
}

function streamIdAt(payload: Buffer, offset: number): number {
  const id = idAt(payload, offset);
  if (id === 0) throw new SpdyError('stream 0');
  return id;
}

function atLeast(payload: Buffer, bytes: number): void {
  if (payload.length < bytes) throw new SpdyError('a frame that is too short');
}

function exactly(payload: Buffer, bytes: number): void {
  if (payload.length !== bytes) throw new SpdyError('a frame of another length than its type has');
}
