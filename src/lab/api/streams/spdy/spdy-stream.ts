import { Duplex } from 'node:stream';

/** What a stream needs of its connection. */
export interface StreamLink {
  /** Calls back when the bytes were taken, or with why they never will be. */
  send(stream: SpdyStream, bytes: Buffer, done: (error?: Error | null) => void): void;
  finish(stream: SpdyStream): void;
  /** So many bytes have been handed to the reader. */
  consumed(stream: SpdyStream, bytes: number): void;
  /** What waits for the reader has become more, or less. */
  backlogChanged(stream: SpdyStream): void;
  /** Nothing more will be read or written. `unfinished` unless both sides had finished. */
  gone(stream: SpdyStream, unfinished: boolean): void;
}

/** What a queued piece costs beside its bytes. */
const PIECE_OVERHEAD_BYTES = 64;
/** Smaller pieces are copied, so that they do not keep the large buffer that they came in. */
const COPIED_BYTES = 4096;

/** One stream of a connection: a duplex, each side of which ends on its own. */
export class SpdyStream extends Duplex {
  readonly id: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly #link: StreamLink;
  readonly #queue: Buffer[] = [];
  /** Memory that the queue keeps, about. */
  #backlogBytes = 0;
  #wanted = false;
  #inputEnded = false;
  #outputEnded = false;

  constructor(id: number, headers: ReadonlyMap<string, string>, link: StreamLink) {
    super({ allowHalfOpen: true, readableHighWaterMark: 64 * 1024, writableHighWaterMark: 64 * 1024 });
    this.id = id;
    this.headers = headers;
    this.#link = link;
    // Whoever reads or writes gets errors too; when nobody does, they must not end the program.
    this.on('error', () => {});
  }

  get backlogBytes(): number {
    return this.#backlogBytes;
  }

  get inputEnded(): boolean {
    return this.#inputEnded;
  }

  /** From the connection. */
  receive(bytes: Buffer): void {
    if (bytes.length === 0 || this.destroyed) return;
    const piece = bytes.length < COPIED_BYTES ? Buffer.from(bytes) : bytes;
    this.#queue.push(piece);
    this.#backlogBytes += piece.length + PIECE_OVERHEAD_BYTES;
    this.#pump();
    this.#link.backlogChanged(this);
  }

  /** From the connection: the other side has finished. */
  receiveEnd(): void {
    if (this.#inputEnded) return;
    this.#inputEnded = true;
    if (!this.destroyed && this.#queue.length === 0) this.push(null);
  }

  override _read(): void {
    this.#wanted = true;
    this.#pump();
    this.#link.backlogChanged(this);
  }

  #pump(): void {
    while (this.#wanted) {
      const piece = this.#queue.shift();
      if (piece === undefined) return;
      this.#backlogBytes -= piece.length + PIECE_OVERHEAD_BYTES;
      this.#link.consumed(this, piece.length);
      this.#wanted = this.push(piece);
      if (this.#queue.length === 0 && this.#inputEnded) this.push(null);
    }
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#link.send(this, chunk, callback);
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#outputEnded = true;
    this.#link.finish(this);
    callback();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#queue.length = 0;
    this.#backlogBytes = 0;
    this.#link.gone(this, !(this.#inputEnded && this.#outputEnded));
    callback(error);
  }
}
