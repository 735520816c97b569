import type { Duplex } from 'node:stream';
import { assertNever } from '../../../../base/assert.ts';
import type { Clock } from '../../../../io/kubernetes/clock.ts';
import {
  dataFrame,
  GO_AWAY_STATUS,
  goAwayFrame,
  INITIAL_WINDOW_BYTES,
  MAX_WINDOW_BYTES,
  pingFrame,
  RST_STATUS,
  rstStreamFrame,
  type SpdyFrame,
  synReplyFrame,
  windowUpdateFrame,
} from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import { HeaderWriter } from './header-block.ts';
import { SpdyError } from './spdy-error.ts';
import { SpdyStream, type StreamLink } from './spdy-stream.ts';

export interface SpdyConnectionOptions {
  readonly transport: Duplex;
  readonly clock: Clock;
  /** A stream that the other side opens: what happens with it, or `undefined` to refuse it. */
  readonly accept: (headers: ReadonlyMap<string, string>) => ((stream: SpdyStream) => void) | undefined;
  /** Once, when it is over, for whatever reason. */
  readonly closed: () => void;
  /** A bug of ours that only this connection suffers from. */
  readonly unexpected: (error: unknown) => void;
}

/** Two a forwarded connection. */
const MAX_STREAMS = 1024;
/** Reading stops while more than this waits in any one stream, */
const MAX_BACKLOG_BYTES = 256 * 1024;
/** or in all of them. */
const MAX_TOTAL_BACKLOG_BYTES = 4 * 1024 * 1024;
/** Of one data frame: streams take turns. */
const MAX_DATA_BYTES = 32 * 1024;
/** So that a vanished peer is noticed also while nothing is read; the answers do not matter. */
const PING_INTERVAL_MS = 30_000;
/**
 * How long the other side may take to close after we have said goodbye: as long as the real server lets connections idle.
 * Somebody may page through the last output, and to close first would lose what they have not seen.
 */
const GOODBYE_MS = 4 * 3_600_000;
/** The same after an error, when there is nothing to wait for. */
const FAILURE_MS = 10_000;

interface Sending {
  readonly bytes: Buffer;
  offset: number;
  readonly done: (error?: Error | null) => void;
}

interface StreamState {
  readonly stream: SpdyStream;
  /** What the other side still takes; below zero only while windows are not in force. */
  window: number;
  /** Consumed and not granted again yet. */
  ungranted: number;
  backlog: number;
  sending: Sending | undefined;
  resetByPeer: boolean;
}

/**
 * The server's end of a SPDY/3.1 connection. Streams are opened by the other side only.
 *
 * Flow control: we grant what we have consumed. What we may send is held to windows only once the other side has shown
 * that it knows of them (a WINDOW_UPDATE, an initial window): the library of kubectl neither grants nor obeys any, and with
 * it only TCP says when to wait. For the same reason what exceeds our windows is kept, and reading stops.
 */
export class SpdyConnection implements StreamLink {
  readonly #transport: Duplex;
  readonly #clock: Clock;
  readonly #options: SpdyConnectionOptions;
  readonly #reader = new FrameReader();
  readonly #headers = new HeaderWriter();
  readonly #streams = new Map<number, StreamState>();
  /** Those that wait for a window or for the transport. */
  readonly #waiting = new Set<StreamState>();
  readonly #full = new Set<StreamState>();
  #backlogTotal = 0;
  /** Of the connection, as those of streams. */
  #window = INITIAL_WINDOW_BYTES;
  #initialWindow = INITIAL_WINDOW_BYTES;
  #ungranted = 0;
  #windowsInForce = false;
  #lastStreamId = 0;
  #pingId = 0;
  #state: 'open' | 'going-away' | 'failed' | 'over' = 'open';
  #peerGoingAway = false;
  #cancelPing: () => void = () => {};
  #cancelGoodbye: () => void = () => {};

  constructor(options: SpdyConnectionOptions) {
    const { transport, clock } = options;
    this.#transport = transport;
    this.#clock = clock;
    this.#options = options;
    transport.on('error', () => this.destroy());
    transport.on('close', () => this.destroy());
    transport.on('end', () => this.destroy());
    transport.on('drain', () => this.#flushAll());
    transport.on('data', (bytes: Buffer) => this.#receive(bytes));
    this.#armPing();
  }

  /** No more streams; ends when the other side does, or after a while. */
  goAway(): void {
    if (this.#state !== 'open') return;
    this.#state = 'going-away';
    this.#write(goAwayFrame(this.#lastStreamId, GO_AWAY_STATUS.ok));
    this.#cancelGoodbye = this.#clock.after(GOODBYE_MS, () => this.destroy());
  }

  /** At once. Idempotent. */
  destroy(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#cancelPing();
    this.#cancelGoodbye();
    const cut = new Error('the connection has ended');
    for (const { stream } of this.#streams.values()) stream.destroy(stream.inputEnded ? undefined : cut);
    this.#transport.destroy();
    this.#options.closed();
  }

  #receive(bytes: Buffer): void {
    if (this.#state === 'failed' || this.#state === 'over') return;
    try {
      for (const frame of this.#reader.read(bytes)) this.#handle(frame);
    } catch (error) {
      if (!(error instanceof SpdyError)) this.#options.unexpected(error);
      this.#fail();
    }
  }

  /** Says that this was no SPDY, as far as the other side still listens, and ends. */
  #fail(): void {
    if (this.#state === 'over') return;
    this.#state = 'failed';
    this.#cancelGoodbye();
    this.#cancelGoodbye = this.#clock.after(FAILURE_MS, () => this.destroy());
    this.#transport.end(goAwayFrame(this.#lastStreamId, GO_AWAY_STATUS.protocolError), () => this.destroy());
  }

  #handle(frame: SpdyFrame): void {
    switch (frame.type) {
      case 'syn-stream':
        this.#open(frame);
        return;
      case 'headers':
        if (frame.fin) this.#streams.get(frame.streamId)?.stream.receiveEnd();
        return;
      case 'rst-stream': {
        const state = this.#streams.get(frame.streamId);
        if (state === undefined) return;
        state.resetByPeer = true;
        // Go's client resets streams that it has read to their end; that is no error.
        state.stream.destroy(state.stream.inputEnded ? undefined : new Error('the stream was reset'));
        return;
      }
      case 'settings':
        if (frame.initialWindow !== undefined) this.#setInitialWindow(frame.initialWindow);
        return;
      case 'ping':
        // Even ones are ours that come back.
        if (frame.id % 2 === 1) this.#write(pingFrame(frame.id));
        return;
      case 'go-away':
        this.#peerGoingAway = true;
        this.#endWhenIdle();
        return;
      case 'window-update':
        this.#widen(frame.streamId, frame.delta);
        return;
      case 'data':
        this.#data(frame.streamId, frame.bytes, frame.fin);
        return;
      default:
        assertNever(frame);
    }
  }

  #open({ streamId, headers, fin, unidirectional }: SpdyFrame & { readonly type: 'syn-stream' }): void {
    if (streamId % 2 === 0 || streamId <= this.#lastStreamId) throw new SpdyError('a stream number out of order');
    this.#lastStreamId = streamId;
    // It may have been on the way when we said goodbye.
    const welcome = this.#state === 'open' && !unidirectional && this.#streams.size < MAX_STREAMS;
    const handle = welcome ? this.#options.accept(headers) : undefined;
    if (handle === undefined) {
      this.#write(rstStreamFrame(streamId, RST_STATUS.refusedStream));
      return;
    }
    const stream = new SpdyStream(streamId, headers, this);
    this.#streams.set(streamId, {
      stream,
      window: this.#initialWindow,
      ungranted: 0,
      backlog: 0,
      sending: undefined,
      resetByPeer: false,
    });
    this.#write(synReplyFrame(streamId, this.#headers.write(new Map())));
    if (fin) stream.receiveEnd();
    handle(stream);
  }

  #data(streamId: number, bytes: Buffer, fin: boolean): void {
    if (streamId > this.#lastStreamId) throw new SpdyError('data for a stream that was never opened');
    const stream = this.#streams.get(streamId)?.stream;
    if (stream === undefined || stream.destroyed || stream.inputEnded) {
      // It was on the way when the stream ended.
      this.#grant(bytes.length);
      return;
    }
    stream.receive(bytes);
    if (fin) stream.receiveEnd();
  }

  #setInitialWindow(bytes: number): void {
    this.#windowsInForce = true;
    const change = bytes - this.#initialWindow;
    this.#initialWindow = bytes;
    for (const state of this.#streams.values()) state.window += change;
    this.#flushAll();
  }

  #widen(streamId: number, delta: number): void {
    this.#windowsInForce = true;
    const state = this.#streams.get(streamId);
    if (streamId === 0) this.#window += delta;
    else if (state !== undefined) state.window += delta;
    if (this.#window > MAX_WINDOW_BYTES || (state !== undefined && state.window > MAX_WINDOW_BYTES))
      throw new SpdyError('a window that is too large');
    if (streamId === 0) this.#flushAll();
    else if (state !== undefined) this.#flush(state);
  }

  send(stream: SpdyStream, bytes: Buffer, done: (error?: Error | null) => void): void {
    const state = this.#streams.get(stream.id);
    if (state === undefined || this.#state === 'over') {
      done(new Error('the connection has ended'));
      return;
    }
    state.sending = { bytes, offset: 0, done };
    this.#flush(state);
  }

  #flushAll(): void {
    // Who has to wait on is put back at the end.
    const waiting = [...this.#waiting];
    for (const state of waiting) this.#flush(state);
  }

  /** Sends as much as windows and the transport take. */
  #flush(state: StreamState): void {
    this.#waiting.delete(state);
    const { sending } = state;
    if (sending === undefined) return;
    const { bytes } = sending;
    while (sending.offset < bytes.length) {
      const open = this.#windowsInForce ? Math.min(this.#window, state.window) : MAX_DATA_BYTES;
      if (open <= 0 || this.#transport.writableNeedDrain) {
        this.#waiting.add(state);
        return;
      }
      const piece = bytes.subarray(sending.offset, sending.offset + Math.min(open, MAX_DATA_BYTES));
      sending.offset += piece.length;
      state.window -= piece.length;
      this.#window -= piece.length;
      this.#write(dataFrame(state.stream.id, piece, false));
    }
    state.sending = undefined;
    sending.done();
  }

  finish(stream: SpdyStream): void {
    if (this.#streams.has(stream.id)) this.#write(dataFrame(stream.id, Buffer.alloc(0), true));
  }

  consumed(stream: SpdyStream, bytes: number): void {
    this.#grant(bytes);
    const state = this.#streams.get(stream.id);
    if (state === undefined || stream.inputEnded) return;
    state.ungranted += bytes;
    if (state.ungranted < INITIAL_WINDOW_BYTES / 2) return;
    this.#write(windowUpdateFrame(stream.id, state.ungranted));
    state.ungranted = 0;
  }

  /** To the connection as a whole. */
  #grant(bytes: number): void {
    this.#ungranted += bytes;
    if (this.#ungranted < INITIAL_WINDOW_BYTES / 2) return;
    this.#write(windowUpdateFrame(0, this.#ungranted));
    this.#ungranted = 0;
  }

  backlogChanged(stream: SpdyStream): void {
    const state = this.#streams.get(stream.id);
    if (state === undefined) return;
    this.#backlogTotal += stream.backlogBytes - state.backlog;
    state.backlog = stream.backlogBytes;
    if (state.backlog > MAX_BACKLOG_BYTES) this.#full.add(state);
    else this.#full.delete(state);
    this.#regulate();
  }

  #regulate(): void {
    if (this.#state === 'failed' || this.#state === 'over') return;
    const tooMuch = this.#full.size > 0 || this.#backlogTotal > MAX_TOTAL_BACKLOG_BYTES;
    if (tooMuch === this.#transport.isPaused()) return;
    if (tooMuch) this.#transport.pause();
    else this.#transport.resume();
  }

  gone(stream: SpdyStream, reset: boolean): void {
    const state = this.#streams.get(stream.id);
    if (state === undefined) return;
    this.#streams.delete(stream.id);
    this.#waiting.delete(state);
    this.#full.delete(state);
    this.#backlogTotal -= state.backlog;
    state.sending?.done(new Error('the stream has ended'));
    state.sending = undefined;
    if (reset && !state.resetByPeer) this.#write(rstStreamFrame(stream.id, RST_STATUS.cancel));
    this.#regulate();
    this.#endWhenIdle();
  }

  #endWhenIdle(): void {
    if (this.#peerGoingAway && this.#streams.size === 0 && this.#transport.writable) this.#transport.end();
  }

  #armPing(): void {
    this.#cancelPing = this.#clock.after(PING_INTERVAL_MS, () => {
      this.#pingId = (this.#pingId + 2) & 0x7fff_fffe;
      // While something waits to be written, that tells as well whether the other side is there.
      if (this.#transport.writableLength === 0) this.#write(pingFrame(this.#pingId));
      this.#armPing();
    });
  }

  #write(frame: Buffer): void {
    if (this.#state !== 'failed' && this.#state !== 'over' && this.#transport.writable) this.#transport.write(frame);
  }
}
