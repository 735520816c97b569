/** A program that was started in a running container, over the connections that its companion in the pod makes. */
import { finished, PassThrough, type Readable, type Writable } from 'node:stream';
import type { Socket } from 'node:net';
import type { ExecExit, ExecSession } from '../exec-session.ts';
import { RuntimeError } from '../runtime.ts';
import { MessageReader, packMessage } from './wire.ts';

export interface SessionConnections {
  readonly io: Promise<Socket>;
  readonly error: Promise<Socket>;
  readonly control: Promise<Socket>;
}

/** As runc says it. */
const FAILED_TO_START = 'OCI runtime exec failed: exec failed: unable to start container process: ';

export class ProgramSession implements ExecSession {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly exit: Promise<ExecExit>;
  private readonly input = new PassThrough();
  private readonly output = new PassThrough();
  private readonly errors = new PassThrough();
  private readonly sockets: Socket[] = [];
  private readonly hasTerminal: boolean;
  private control: Socket | undefined;
  private size: readonly [number, number] | undefined;
  private closed = false;
  private settle: (exit: ExecExit) => void = () => undefined;

  /** @param started resolves when the program was asked for */
  constructor(terminal: boolean, connections: SessionConnections, started: Promise<void>) {
    this.stdin = this.input;
    this.stdout = this.output;
    this.stderr = this.errors;
    this.hasTerminal = terminal;
    for (const stream of [this.input, this.output, this.errors]) stream.on('error', () => undefined);
    const told = new Promise<ExecExit>((resolve) => {
      this.settle = resolve;
    });
    const drained = [this.output, this.errors].map(ended);
    this.exit = told.then(async (exit) => {
      await Promise.all(drained);
      return exit;
    });
    void this.connect(connections, started);
  }

  resize(columns: number, rows: number): void {
    if (!this.hasTerminal) return;
    this.size = [sizeOf(columns), sizeOf(rows)];
    this.control?.write(packMessage(['size', ...this.size]));
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    for (const socket of this.sockets) socket.destroy();
    this.input.destroy();
    this.output.destroy();
    this.errors.destroy();
    this.settle({ exitCode: 137 });
  }

  private async connect(connections: SessionConnections, started: Promise<void>): Promise<void> {
    try {
      const all = Promise.all([connections.io, connections.error, connections.control]);
      // Whoever is refused is not called.
      all.catch(() => undefined);
      await started;
      const [io, error, control] = await all;
      this.sockets.push(io, error, control);
      if (this.closed) {
        for (const socket of this.sockets) socket.destroy();
        return;
      }
      this.control = control;
      const messages = new MessageReader();
      control.on('data', (chunk: Buffer) => {
        try {
          for (const message of messages.take(chunk)) this.hear(message);
        } catch {
          control.destroy();
        }
      });
      // Its companion went without a word: so did the whole pod.
      for (const event of ['end', 'close'] as const) control.on(event, () => this.settle({ exitCode: 137 }));
      if (this.size !== undefined) this.resize(...this.size);
      this.input.pipe(io);
      // A program that has closed its input drops the rest.
      io.on('close', () => this.input.resume());
      passOn(io, this.output);
      passOn(error, this.errors);
    } catch (error) {
      this.fail(error);
    }
  }

  private hear([what, first, second]: readonly Buffer[]): void {
    const code = Number(first?.toString() ?? '1');
    if (what?.toString() === 'exit') this.settle({ exitCode: code });
    else if (what?.toString() === 'error') {
      this.settle({ exitCode: code, error: `${FAILED_TO_START}${second?.toString() ?? ''}: unknown` });
    }
  }

  private fail(error: unknown): void {
    const message = error instanceof RuntimeError ? error.message : String(error);
    this.settle({ exitCode: 126, error: message });
    this.input.resume();
    this.output.end();
    this.errors.end();
  }
}

/** A connection that breaks is one that ends. */
function passOn(socket: Socket, to: PassThrough): void {
  socket.pipe(to);
  socket.on('close', () => to.end());
}

function ended(stream: Readable): Promise<void> {
  return new Promise((resolve) => {
    finished(stream, { writable: false }, () => resolve());
  });
}

function sizeOf(count: number): number {
  return Number.isInteger(count) && count > 0 && count < 65_536 ? count : 80;
}
