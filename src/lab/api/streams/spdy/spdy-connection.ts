import type { Duplex } from 'node:stream';
import { assertNever } from '../../../../base/assert.ts';
import type { Clock } from '../../../../io/kubernetes/clock.ts';
import {
  dataFrame,
  GO_AWAY_STATUS,
  goAwayFrame,
  pingFrame,
  RST_STATUS,
  rstStreamFrame,
  type SpdyFrame,
  synReplyFrame,
} from './frame.ts';
import { FrameReader } from './frame-reader.ts';
import { HeaderWriter } from './header-block.ts';
import { Inflow } from './inflow.ts';
import { Outflow } from './outflow.ts';
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
/** So that a vanished peer is noticed also while nothing is read; the answers do not matter. */
const PING_INTERVAL_MS = 30_000;
/**
 * How long the other side may take to close after we have said goodbye: as long as the real server lets connections idle.
 * Somebody may page through the last output, and to close first would lose what they have not seen.
 */
const GOODBYE_MS = 4 * 3_600_000;
/** The same after an error, when there is nothing to wait for. */
const FAILURE_MS = 10_000;

/** The server's end of a SPDY/3.1 connection. Streams are opened by the other side only. */
export class SpdyConnection implements StreamLink {
  readonly #transport: Duplex;
  readonly #clock: Clock;
  readonly #options: SpdyConnectionOptions;
  readonly #reader = new FrameReader();
  readonly #headers = new HeaderWriter();
  readonly #streams = new Map<number, SpdyStream>();
  readonly #inflow: Inflow;
  readonly #outflow: Outflow;
  /** Streams that the other side has reset and need not be told about. */
  readonly #reset = new WeakSet<SpdyStream>();
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
    this.#inflow = new Inflow(transport);
    this.#outflow = new Outflow(transport);
    transport.on('error', () => this.destroy());
    transport.on('close', () => this.destroy());
    transport.on('end', () => this.destroy());
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
    for (const stream of this.#streams.values()) stream.destroy(stream.inputEnded ? undefined : cut);
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
        if (frame.fin) this.#streams.get(frame.streamId)?.receiveEnd();
        return;
      case 'rst-stream': {
        const stream = this.#streams.get(frame.streamId);
        if (stream === undefined) return;
        this.#reset.add(stream);
        // Go's client resets streams that it has read to their end; that is no error.
        stream.destroy(stream.inputEnded ? undefined : new Error('the stream was reset'));
        return;
      }
      case 'settings':
        if (frame.initialWindow !== undefined) this.#outflow.setInitialWindow(frame.initialWindow);
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
        this.#outflow.widen(frame.streamId, frame.delta);
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
    this.#streams.set(streamId, stream);
    this.#inflow.open(streamId);
    this.#outflow.open(streamId);
    this.#write(synReplyFrame(streamId, this.#headers.write(new Map())));
    if (fin) stream.receiveEnd();
    handle(stream);
  }

  #data(streamId: number, bytes: Buffer, fin: boolean): void {
    if (streamId > this.#lastStreamId) throw new SpdyError('data for a stream that was never opened');
    const stream = this.#streams.get(streamId);
    if (stream === undefined || stream.destroyed || stream.inputEnded) {
      // It was on the way when the stream ended.
      this.#inflow.discarded(bytes.length);
      return;
    }
    stream.receive(bytes);
    if (fin) stream.receiveEnd();
  }

  send(stream: SpdyStream, bytes: Buffer, done: (error?: Error | null) => void): void {
    this.#outflow.send(stream.id, bytes, done);
  }

  finish(stream: SpdyStream): void {
    if (this.#streams.has(stream.id)) this.#write(dataFrame(stream.id, Buffer.alloc(0), true));
  }

  consumed(stream: SpdyStream, bytes: number): void {
    this.#inflow.consumed(stream.id, bytes, !stream.inputEnded);
  }

  backlogChanged(stream: SpdyStream): void {
    this.#inflow.backlog(stream.id, stream.backlogBytes);
  }

  gone(stream: SpdyStream, unfinished: boolean): void {
    if (!this.#streams.delete(stream.id)) return;
    this.#inflow.close(stream.id);
    this.#outflow.close(stream.id);
    if (unfinished && !this.#reset.has(stream)) this.#write(rstStreamFrame(stream.id, RST_STATUS.cancel));
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
