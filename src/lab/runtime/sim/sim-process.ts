/** What programs of the simulation have instead of an operating system. */
import { setMaxListeners } from 'node:events';
import type { PassThrough, Readable } from 'node:stream';
import type { SimFiles } from './sim-files.ts';
import type { SimNetwork, SimHost } from './sim-network.ts';
import { type Clock, pause } from '../../../io/kubernetes/clock.ts';

export interface SimMachine {
  readonly host: SimHost;
  readonly network: SimNetwork;
  readonly files: SimFiles;
  readonly clock: Clock;
  /** 0 <= x < 1 */
  readonly random: () => number;
}

export interface SimInputs {
  readonly argv: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly stdin: Readable;
  readonly stdout: PassThrough;
  readonly stderr: PassThrough;
  /** Aborted when it is killed. */
  readonly signal: AbortSignal;
  readonly tty: boolean;
  /** Who hears Ctrl-C instead of the whole session: a shell, while it talks to somebody. */
  readonly keyboard?: SimKeyboard | undefined;
}

export interface SimKeyboard {
  interrupt: (() => void) | undefined;
}

/** One running program. */
export class SimProcess {
  readonly machine: SimMachine;
  readonly argv: readonly string[];
  readonly env: ReadonlyMap<string, string>;
  readonly stdin: Readable;
  readonly stdout: PassThrough;
  readonly stderr: PassThrough;
  readonly signal: AbortSignal;
  readonly tty: boolean;
  readonly keyboard: SimKeyboard | undefined;

  constructor(machine: SimMachine, inputs: SimInputs) {
    this.machine = machine;
    this.argv = inputs.argv;
    this.env = inputs.env;
    this.stdin = inputs.stdin;
    this.stdout = inputs.stdout;
    this.stderr = inputs.stderr;
    this.signal = inputs.signal;
    // All that a shell has started listens to the same one.
    setMaxListeners(0, this.signal);
    this.tty = inputs.tty;
    this.keyboard = inputs.keyboard;
  }

  /** The same machine, with other inputs. */
  with(inputs: Partial<SimInputs>): SimProcess {
    const { argv, env, stdin, stdout, stderr, signal, tty, keyboard } = this;
    return new SimProcess(this.machine, { argv, env, stdin, stdout, stderr, signal, tty, keyboard, ...inputs });
  }

  print(text: string | Uint8Array): Promise<void> {
    return put(this.stdout, text, this.signal);
  }

  complain(text: string | Uint8Array): Promise<void> {
    return put(this.stderr, text, this.signal);
  }

  /** Ends early when the program is killed. */
  sleep(ms: number): Promise<void> {
    return pause(this.machine.clock, ms, this.signal);
  }

  /** All of its input, as far as `limit`; what is more is dropped. */
  async readAll(limit: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of chunksOf(this.stdin, this.signal)) {
      if (size < limit) chunks.push(chunk.subarray(0, limit - size));
      size += chunk.length;
    }
    return Buffer.concat(chunks);
  }
}

/** Resolves with the exit code. Ends soon after its signal. */
export type SimProgram = (process: SimProcess) => Promise<number>;

/** What a stream brings until it ends, breaks, or the signal is aborted. */
export async function* chunksOf(stream: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  const end = (): void => void stream.destroy();
  signal.addEventListener('abort', end, { once: true });
  try {
    if (signal.aborted) return;
    for await (const chunk of stream) yield Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
  } catch {
    // A stream that breaks has ended.
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** Resolves when there is room for more, or nobody reads any more. */
function put(stream: PassThrough, text: string | Uint8Array, signal: AbortSignal): Promise<void> {
  if (stream.destroyed || stream.writableEnded || stream.write(text)) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done);
      stream.off('close', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
