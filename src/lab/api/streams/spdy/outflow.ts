import type { Duplex } from 'node:stream';
import { dataFrame, INITIAL_WINDOW_BYTES, MAX_WINDOW_BYTES } from './frame.ts';
import { SpdyError } from './spdy-error.ts';

type Done = (error?: Error | null) => void;

interface Outgoing {
  readonly streamId: number;
  /** What the other side still takes; below zero only while windows are not in force. */
  window: number;
  bytes: Buffer;
  /** Of what is being sent, if anything is. */
  done: Done | undefined;
}

/** Of one data frame: streams take turns. */
const MAX_DATA_BYTES = 32 * 1024;

/**
 * Data on its way out. It is held to windows only once the other side has shown that it knows of them (a WINDOW_UPDATE,
 * an initial window): the library of kubectl never grants any, and with it only TCP says when to wait.
 */
export class Outflow {
  readonly #transport: Duplex;
  readonly #streams = new Map<number, Outgoing>();
  /** Those that wait for a window or for the transport. */
  readonly #waiting = new Set<Outgoing>();
  /** Of the connection. */
  #window = INITIAL_WINDOW_BYTES;
  #initialWindow = INITIAL_WINDOW_BYTES;
  #inForce = false;

  constructor(transport: Duplex) {
    this.#transport = transport;
    transport.on('drain', () => this.#flushAll());
  }

  open(streamId: number): void {
    this.#streams.set(streamId, { streamId, window: this.#initialWindow, bytes: Buffer.alloc(0), done: undefined });
  }

  /** What has not been sent never will be. */
  close(streamId: number): void {
    const outgoing = this.#streams.get(streamId);
    if (outgoing === undefined) return;
    this.#streams.delete(streamId);
    this.#waiting.delete(outgoing);
    outgoing.done?.(new Error('the stream has ended'));
    outgoing.done = undefined;
  }

  /** One piece at a time: the next when `done` was called. */
  send(streamId: number, bytes: Buffer, done: Done): void {
    const outgoing = this.#streams.get(streamId);
    if (outgoing === undefined) {
      done(new Error('the stream has ended'));
      return;
    }
    outgoing.bytes = bytes;
    outgoing.done = done;
    this.#flush(outgoing);
  }

  /** @throws SpdyError */
  widen(streamId: number, delta: number): void {
    this.#inForce = true;
    if (streamId === 0) {
      this.#window = checked(this.#window + delta);
      this.#flushAll();
      return;
    }
    const outgoing = this.#streams.get(streamId);
    if (outgoing === undefined) return;
    outgoing.window = checked(outgoing.window + delta);
    this.#flush(outgoing);
  }

  /** Of streams; those that are open already are changed by the difference. */
  setInitialWindow(bytes: number): void {
    this.#inForce = true;
    const change = bytes - this.#initialWindow;
    this.#initialWindow = bytes;
    for (const outgoing of this.#streams.values()) outgoing.window += change;
    this.#flushAll();
  }

  #flushAll(): void {
    // Who has to wait on is put back at the end.
    const waiting = [...this.#waiting];
    for (const outgoing of waiting) this.#flush(outgoing);
  }

  #flush(outgoing: Outgoing): void {
    this.#waiting.delete(outgoing);
    const { done } = outgoing;
    if (done === undefined) return;
    while (outgoing.bytes.length > 0) {
      const open = this.#inForce ? Math.min(this.#window, outgoing.window) : MAX_DATA_BYTES;
      if (open <= 0 || this.#transport.writableNeedDrain) {
        this.#waiting.add(outgoing);
        return;
      }
      const piece = outgoing.bytes.subarray(0, Math.min(open, MAX_DATA_BYTES));
      outgoing.bytes = outgoing.bytes.subarray(piece.length);
      outgoing.window -= piece.length;
      this.#window -= piece.length;
      if (this.#transport.writable) this.#transport.write(dataFrame(outgoing.streamId, piece, false));
    }
    outgoing.done = undefined;
    done();
  }
}

function checked(window: number): number {
  if (window > MAX_WINDOW_BYTES) throw new SpdyError('a window that is too large');
  return window;
}
