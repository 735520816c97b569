import type { Duplex } from 'node:stream';
import { INITIAL_WINDOW_BYTES, windowUpdateFrame } from './frame.ts';

/** Reading stops while more than this waits in any one stream, */
const MAX_BACKLOG_BYTES = 256 * 1024;
/** or in all of them. */
const MAX_TOTAL_BACKLOG_BYTES = 4 * 1024 * 1024;
/** Smaller grants than this are not worth a frame. */
const GRANT_BYTES = INITIAL_WINDOW_BYTES / 2;

interface Incoming {
  /** Consumed and not granted again yet. */
  ungranted: number;
  backlog: number;
}

/**
 * Data that has come in. What was consumed is granted again; but the library of kubectl does not obey windows, so what
 * exceeds them is kept, and reading stops when that becomes too much.
 */
export class Inflow {
  readonly #transport: Duplex;
  readonly #streams = new Map<number, Incoming>();
  readonly #full = new Set<number>();
  #backlogTotal = 0;
  /** Of the connection as a whole. */
  #ungranted = 0;

  constructor(transport: Duplex) {
    this.#transport = transport;
  }

  open(streamId: number): void {
    this.#streams.set(streamId, { ungranted: 0, backlog: 0 });
  }

  close(streamId: number): void {
    this.backlog(streamId, 0);
    this.#streams.delete(streamId);
  }

  /** Handed to the reader of a stream. @param more whether more may come on it */
  consumed(streamId: number, bytes: number, more: boolean): void {
    this.discarded(bytes);
    const incoming = this.#streams.get(streamId);
    if (incoming === undefined || !more) return;
    incoming.ungranted += bytes;
    if (incoming.ungranted < GRANT_BYTES) return;
    this.#grant(streamId, incoming.ungranted);
    incoming.ungranted = 0;
  }

  /** Came for a stream that nobody reads any more. */
  discarded(bytes: number): void {
    this.#ungranted += bytes;
    if (this.#ungranted < GRANT_BYTES) return;
    this.#grant(0, this.#ungranted);
    this.#ungranted = 0;
  }

  #grant(streamId: number, bytes: number): void {
    if (this.#transport.writable) this.#transport.write(windowUpdateFrame(streamId, bytes));
  }

  /** So much waits for the reader of the stream now. */
  backlog(streamId: number, bytes: number): void {
    const incoming = this.#streams.get(streamId);
    if (incoming === undefined) return;
    this.#backlogTotal += bytes - incoming.backlog;
    incoming.backlog = bytes;
    if (bytes > MAX_BACKLOG_BYTES) this.#full.add(streamId);
    else this.#full.delete(streamId);
    const tooMuch = this.#full.size > 0 || this.#backlogTotal > MAX_TOTAL_BACKLOG_BYTES;
    if (tooMuch === this.#transport.isPaused()) return;
    if (tooMuch) this.#transport.pause();
    else this.#transport.resume();
  }
}
