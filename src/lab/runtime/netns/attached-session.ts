/** What a container's own program prints, from its log, and a way to its input. */
import type { Socket } from 'node:net';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ExecExit, ExecSession } from '../exec-session.ts';
import { readLog } from './container-log.ts';

export interface AttachedTo {
  readonly folder: string;
  readonly replay: boolean;
  /** Aborted when the container has ended and its log is complete. */
  readonly ended: AbortSignal;
  /** Its way of ending; asked when `ended`. */
  readonly exitCode: () => number;
  /** `undefined`: nothing is to be said to it. */
  readonly input: Promise<Socket> | undefined;
  readonly resize: (columns: number, rows: number) => void;
  readonly terminal: boolean;
}

export class AttachedSession implements ExecSession {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exit: Promise<ExecExit>;
  private readonly to: AttachedTo;
  private readonly input = new PassThrough();
  private readonly output = new PassThrough();
  private readonly errors = new PassThrough();
  private readonly cancelled = new AbortController();
  private socket: Socket | undefined;
  /** Nothing is said before it is clear which of the output came after it. */
  private readonly listening: Promise<void>;
  private listens: () => void = () => undefined;

  constructor(to: AttachedTo) {
    this.to = to;
    this.stdin = this.input;
    this.stdout = this.output;
    this.stderr = this.errors;
    for (const stream of [this.input, this.output, this.errors]) stream.on('error', () => undefined);
    if (to.terminal) this.errors.end();
    this.listening = new Promise((resolve) => {
      this.listens = resolve;
    });
    void this.passInput();
    this.exit = this.passOutput();
  }

  resize(columns: number, rows: number): void {
    if (this.to.terminal) this.to.resize(columns, rows);
  }

  close(): void {
    this.cancelled.abort();
    // Not an end of what is said, only of saying.
    this.socket?.destroy();
    this.input.destroy();
    this.output.destroy();
    this.errors.destroy();
  }

  private async passInput(): Promise<void> {
    try {
      const socket = await this.to.input;
      if (socket === undefined) {
        this.input.resume();
        return;
      }
      this.socket = socket;
      if (this.cancelled.signal.aborted) socket.destroy();
      // The answer to the end of input has nothing to say.
      socket.resume();
      socket.on('close', () => this.input.resume());
      await this.listening;
      await pipeline(this.input, socket);
    } catch {
      this.input.resume();
    }
  }

  private async passOutput(): Promise<ExecExit> {
    const { folder, replay, ended, exitCode, terminal } = this.to;
    try {
      for await (const batch of readLog(folder, { replay, until: ended, cancelled: this.cancelled.signal })) {
        if (batch.length === 0) this.listens();
        for (const { stream, text } of batch) {
          const target = terminal || stream === 'stdout' ? this.output : this.errors;
          if (!target.write(text)) await this.drained(target);
        }
      }
    } catch {
      // A log that cannot be read is one that has ended.
    }
    this.listens();
    this.output.end();
    if (!terminal) this.errors.end();
    return { exitCode: this.cancelled.signal.aborted ? 0 : exitCode() };
  }

  private drained(stream: PassThrough): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        stream.off('drain', done);
        stream.off('close', done);
        resolve();
      };
      stream.on('drain', done);
      stream.on('close', done);
      if (stream.destroyed) done();
    });
  }
}
