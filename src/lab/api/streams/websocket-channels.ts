import { Readable, Writable } from 'node:stream';
import type { RawData, WebSocket } from 'ws';

/** Which channels a connection has is for its user to say; the first byte of every message names one. */
export interface ChannelListener {
  /** On a channel that is not read as a stream. */
  message(channel: number, payload: Buffer): void;
  /** Once, when the connection is over. */
  closed(): void;
}

/** Since version 5: the other side has finished the channel that the next byte names. */
const CLOSE_CHANNEL = 255;
/** What waits for the reader of a channel before reading stops. */
const BACKLOG_BYTES = 256 * 1024;
const DIGIT_ZERO = 0x30;

/** Streams in messages of a WebSocket, in one of two spellings: a byte and bytes, or a digit and base64 in texts. */
export class WebSocketChannels {
  readonly #socket: WebSocket;
  readonly #base64: boolean;
  readonly #readables = new Map<number, Readable>();
  readonly #full = new Set<number>();

  constructor(socket: WebSocket, base64: boolean, listener: ChannelListener) {
    this.#socket = socket;
    this.#base64 = base64;
    // Whatever is wrong with a message, the library closes the connection with the right code.
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const readable of this.#readables.values()) readable.destroy();
      listener.closed();
    });
    socket.on('message', (data: RawData) => {
      const message = this.#decode(data);
      const channel = message[0];
      if (channel === undefined) return;
      const payload = message.subarray(1);
      if (channel === CLOSE_CHANNEL) {
        if (payload[0] !== undefined) this.#end(payload[0]);
        return;
      }
      const readable = this.#readables.get(channel);
      if (readable === undefined) listener.message(channel, payload);
      else if (payload.length > 0) this.#deliver(channel, readable, payload);
    });
  }

  /** What comes on a channel. Reading of the whole connection stops while it is not read. */
  readable(channel: number): Readable {
    const readable = new Readable({
      highWaterMark: BACKLOG_BYTES,
      read: () => this.#release(channel),
      destroy: (error, done) => {
        this.#readables.delete(channel);
        this.#release(channel);
        done(error);
      },
    });
    readable.on('error', () => {});
    this.#readables.set(channel, readable);
    return readable;
  }

  /** Takes the next piece when the last one is on its way. Its end says nothing to the other side. */
  writable(channel: number): Writable {
    const writable = new Writable({
      write: (chunk: Buffer, _encoding, done) => this.send(channel, chunk, done),
    });
    writable.on('error', () => {});
    return writable;
  }

  /** @param done called when the bytes are on their way, or never will be */
  send(channel: number, payload: Buffer, done: (error?: Error | null) => void = () => {}): void {
    const message = this.#base64
      ? String.fromCharCode(DIGIT_ZERO + channel) + payload.toString('base64')
      : Buffer.concat([Buffer.from([channel]), payload]);
    this.#socket.send(message, done);
  }

  /** Normally: everything was said. */
  close(): void {
    // The answer of the other side stands behind whatever it still sends.
    for (const readable of this.#readables.values()) readable.destroy();
    this.#full.clear();
    this.#socket.resume();
    this.#socket.close(1000);
  }

  #decode(data: RawData): Buffer {
    const bytes = Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
    if (!this.#base64) return bytes;
    const channel = (bytes[0] ?? 0) - DIGIT_ZERO;
    if (channel < 0 || channel > 9) return Buffer.alloc(0);
    return Buffer.concat([Buffer.from([channel]), Buffer.from(bytes.toString('latin1', 1), 'base64')]);
  }

  #deliver(channel: number, readable: Readable, payload: Buffer): void {
    if (readable.destroyed || readable.readableEnded) return;
    if (readable.push(payload)) return;
    this.#full.add(channel);
    this.#socket.pause();
  }

  #end(channel: number): void {
    const readable = this.#readables.get(channel);
    if (readable === undefined) return;
    // What comes behind it is thrown away.
    this.#readables.delete(channel);
    readable.push(null);
    // Nobody asks for more after the end.
    this.#release(channel);
  }

  #release(channel: number): void {
    if (this.#full.delete(channel) && this.#full.size === 0) this.#socket.resume();
  }
}
