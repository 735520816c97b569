/** The client's side of a SPDY connection, frame by frame: it says exactly what a test tells it to. */
import type { Duplex } from 'node:stream';
import { constants, deflateRawSync } from 'node:zlib';
import type { SpdyFrame } from '../../../../../src/lab/api/streams/spdy/frame.ts';
import { FrameReader } from '../../../../../src/lab/api/streams/spdy/frame-reader.ts';
import { HEADER_DICTIONARY } from '../../../../../src/lab/api/streams/spdy/header-dictionary.ts';

export function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32BE(value, 4 * index));
  return bytes;
}

export function controlFrame(type: number, flags: number, payload: Buffer): Buffer {
  return Buffer.concat([uint32(0x8003_0000 + type, flags * 0x100_0000 + payload.length), payload]);
}

export function headerText(headers: Readonly<Record<string, string>>): Buffer {
  const entries = Object.entries(headers);
  return Buffer.concat([
    uint32(entries.length),
    ...entries.flat().flatMap((text) => [uint32(Buffer.byteLength(text, 'latin1')), Buffer.from(text, 'latin1')]),
  ]);
}

/** Compresses as zlib does that is flushed after each block. */
export class HeaderCompressor {
  #window = HEADER_DICTIONARY;
  #begun = false;

  compress(text: Buffer): Buffer {
    const raw = deflateRawSync(text, { dictionary: this.#window, finishFlush: constants.Z_SYNC_FLUSH });
    this.#window = Buffer.concat([this.#window, text]).subarray(-32_768);
    const head = this.#begun ? [] : [Buffer.from('78bbe3c6a7c2', 'hex')];
    this.#begun = true;
    return Buffer.concat([...head, raw]);
  }
}

/** The frames of a client. */
export class FrameWriter {
  readonly #compressor = new HeaderCompressor();

  synStream(streamId: number, headers: Readonly<Record<string, string>>, flags = 0): Buffer {
    const block = this.#compressor.compress(headerText(headers));
    return controlFrame(1, flags, Buffer.concat([uint32(streamId, 0), Buffer.alloc(2), block]));
  }

  headers(streamId: number, headers: Readonly<Record<string, string>>, flags = 0): Buffer {
    return controlFrame(8, flags, Buffer.concat([uint32(streamId), this.#compressor.compress(headerText(headers))]));
  }
}

export function data(streamId: number, bytes: Buffer | string, fin = false): Buffer {
  const payload = Buffer.from(bytes);
  return Buffer.concat([uint32(streamId, (fin ? 0x100_0000 : 0) + payload.length), payload]);
}

export const rstStream = (streamId: number, status: number): Buffer => controlFrame(3, 0, uint32(streamId, status));
export const initialWindow = (bytes: number): Buffer => controlFrame(4, 0, uint32(1, 7, bytes));
export const ping = (id: number): Buffer => controlFrame(6, 0, uint32(id));
export const goAway = (): Buffer => controlFrame(7, 0, uint32(0, 0));
export const windowUpdate = (streamId: number, delta: number): Buffer => controlFrame(9, 0, uint32(streamId, delta));

export class SpdyClient {
  readonly frames = new FrameWriter();
  /** What the server has sent; pieces of data as they came. */
  readonly received: SpdyFrame[] = [];
  ended = false;
  readonly #transport: Duplex;

  constructor(transport: Duplex) {
    this.#transport = transport;
    const reader = new FrameReader();
    transport.on('data', (bytes: Buffer) => this.received.push(...reader.read(bytes)));
    transport.on('error', () => {});
    transport.on('end', () => (this.ended = true));
    transport.on('close', () => (this.ended = true));
  }

  send(...frames: readonly Buffer[]): void {
    for (const frame of frames) this.#transport.write(frame);
  }

  end(): void {
    this.#transport.end();
  }

  of<T extends SpdyFrame['type']>(type: T): readonly (SpdyFrame & { readonly type: T })[] {
    return this.received.filter((frame): frame is SpdyFrame & { readonly type: T } => frame.type === type);
  }

  /** All bytes of a stream so far. */
  bytes(streamId: number): Buffer {
    return Buffer.concat(this.of('data').flatMap((frame) => (frame.streamId === streamId ? [frame.bytes] : [])));
  }

  finished(streamId: number): boolean {
    return this.of('data').some((frame) => frame.streamId === streamId && frame.fin);
  }
}
