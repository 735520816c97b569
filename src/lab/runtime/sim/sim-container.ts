/** A container of the simulation: its own program, its log, and what others run in it. */
import { PassThrough, Readable } from 'node:stream';
import { PROGRAM_PATH } from '../../images/built-in.ts';
import type { ExecExit, ExecSession } from '../exec-session.ts';
import type { ContainerExit, ContainerSpec, ExecSpec } from '../runtime.ts';
import { findProgram } from './programs/find-program.ts';
import { SimFiles } from './sim-files.ts';
import { SimLog } from './sim-log.ts';
import type { SimHost } from './sim-network.ts';
import { type SimKeyboard, type SimMachine, SimProcess, type SimProgram } from './sim-process.ts';
import { onScreen, typeInto } from './terminal.ts';

/** What everybody is told who sees an output. */
export const SIMULATED = 'sallyport lab: simulated: no packet is sent, the policy engine answers\n';

export type SimParts = Omit<SimMachine, 'files' | 'host'>;

export class SimContainer {
  readonly spec: ContainerSpec;
  readonly host: SimHost;
  readonly log: SimLog;
  readonly machine: SimMachine;
  readonly env: ReadonlyMap<string, string>;
  readonly startedMs: number;
  /** Resolves when it has ended. */
  readonly ended: Promise<ContainerExit>;
  private readonly input = new PassThrough();
  private readonly killing = new AbortController();
  private exit: ContainerExit | undefined;
  private end: (exit: ContainerExit) => void = () => undefined;

  constructor(spec: ContainerSpec, host: SimHost, parts: SimParts) {
    this.spec = spec;
    this.host = host;
    const files = new SimFiles([...systemFiles(host), ...spec.files], spec.folders);
    this.machine = { ...parts, host, files };
    this.env = new Map([['PATH', PROGRAM_PATH], ['HOME', '/root'], ...spec.env]);
    this.startedMs = parts.clock.nowMs();
    this.log = new SimLog(parts.clock.calendarMs);
    this.log.write(SIMULATED);
    this.ended = new Promise((resolve) => (this.end = resolve));
    if (!spec.stdin) this.input.end();
  }

  get running(): boolean {
    return this.exit === undefined;
  }

  /** Runs its program; a server has none and runs until it is stopped. */
  start(program: SimProgram | undefined): void {
    if (program === undefined) return;
    const { spec, env, machine } = this;
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    for (const stream of [stdout, stderr])
      stream.on('data', (chunk: Buffer) => this.log.write((spec.tty ? onScreen(chunk) : chunk).toString()));
    const process = new SimProcess(machine, {
      argv: spec.argv,
      env,
      stdin: this.input,
      stdout,
      stderr,
      signal: this.killing.signal,
      tty: spec.tty,
    });
    const finish = async (): Promise<void> => {
      const exitCode = await run(program, process);
      await Promise.all([drained(stdout), drained(stderr)]);
      this.finish({ exitCode, signal: 0 });
    };
    void finish();
  }

  finish(exit: ContainerExit): void {
    if (this.exit !== undefined) return;
    this.exit = exit;
    this.killing.abort();
    this.log.end();
    this.end(exit);
  }

  /** Runs something else in it. Ends with the container. */
  exec({ argv, stdin, tty }: ExecSpec): ExecSession {
    const program = findProgram(argv[0]);
    if (program === undefined)
      return failedSession(
        `exec: ${JSON.stringify(argv[0])}: executable file not found in $PATH (the lab is simulated and has few programs)`,
      );
    const interrupting = new AbortController();
    const signal = AbortSignal.any([interrupting.signal, this.killing.signal]);
    const [input, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
    const [outward, errors] = [new PassThrough(), new PassThrough()];
    for (const stream of [input, stdout, stderr, outward, errors]) stream.on('error', () => undefined);
    const typed = new PassThrough();
    typed.on('error', () => undefined);
    const keyboard: SimKeyboard = { interrupt: undefined };
    const interrupt = (): void => (keyboard.interrupt ?? (() => interrupting.abort()))();
    const type = typeInto({ stdin: input, screen: outward, interrupt });
    typed.on('data', (chunk: Buffer) => {
      if (tty) type(chunk.toString());
      else if (!input.write(chunk)) {
        typed.pause();
        input.once('drain', () => typed.resume());
      }
    });
    typed.on('end', () => input.end());
    if (!stdin) typed.end();
    if (tty) {
      for (const stream of [stdout, stderr]) stream.on('data', (chunk: Buffer) => outward.write(onScreen(chunk)));
      errors.end();
    } else {
      stdout.pipe(outward);
      stderr.pipe(errors);
    }
    stderr.write(SIMULATED);
    const env = tty ? new Map([...this.env, ['TERM', 'xterm'] as const]) : this.env;
    const process = new SimProcess(this.machine, { argv, env, stdin: input, stdout, stderr, signal, tty, keyboard });
    const exit = run(program, process).then(async (exitCode): Promise<ExecExit> => {
      await Promise.all([drained(stdout), drained(stderr)]);
      typed.destroy();
      input.destroy();
      outward.end();
      errors.end();
      return { exitCode: this.killing.signal.aborted ? 137 : interrupting.signal.aborted ? 130 : exitCode };
    });
    return {
      stdin: typed,
      stdout: outward,
      stderr: errors,
      exit,
      resize: () => undefined,
      close: () => {
        interrupting.abort();
        outward.destroy();
        errors.destroy();
      },
    };
  }

  attach(options: { readonly stdin: boolean; readonly replay: boolean }): ExecSession {
    const { tty } = this.spec;
    const output = this.log.read({ follow: true, timestamps: false, ...(options.replay ? {} : { tailLines: 0 }) });
    const stdin = new PassThrough();
    stdin.on('error', () => undefined);
    const interrupt = (): void => this.finish({ exitCode: 130, signal: 2 });
    const screen = new PassThrough();
    screen.on('data', (chunk: Buffer) => this.log.write(chunk.toString()));
    const type = typeInto({ stdin: this.input, screen, interrupt });
    stdin.on('data', (chunk: Buffer) => {
      if (!options.stdin || this.input.writableEnded || this.input.destroyed) return;
      if (tty) type(chunk.toString());
      else this.input.write(chunk);
    });
    stdin.on('end', () => {
      if (options.stdin && !this.input.writableEnded) this.input.end();
    });
    return {
      stdin,
      stdout: output,
      stderr: Readable.from([]),
      exit: this.ended.then(({ exitCode }) => ({ exitCode })),
      resize: () => undefined,
      close: () => {
        stdin.destroy();
        output.destroy();
      },
    };
  }
}

/** Never rejects: a program that fails has failed. */
async function run(program: SimProgram, process: SimProcess): Promise<number> {
  try {
    return await program(process);
  } catch (error) {
    await process.complain(`${process.argv[0] ?? ''}: ${error instanceof Error ? error.message : String(error)}\n`);
    return 126;
  } finally {
    process.stdout.end();
    process.stderr.end();
  }
}

/** Resolves when everything of it has been read. */
function drained(stream: PassThrough): Promise<void> {
  return new Promise((resolve) => {
    if (stream.readableEnded || stream.destroyed) resolve();
    stream.on('end', () => resolve());
    stream.on('close', () => resolve());
  });
}

function failedSession(error: string): ExecSession {
  const stdin = new PassThrough();
  stdin.resume();
  return {
    stdin,
    stdout: Readable.from([]),
    stderr: Readable.from([]),
    exit: neverStarted(error),
    resize: () => undefined,
    close: () => undefined,
  };
}

function neverStarted(error: string): Promise<ExecExit> {
  return Promise.resolve({ exitCode: 127, error });
}

function systemFiles({ spec, addresses }: SimHost): readonly { readonly path: string; readonly content: Uint8Array }[] {
  const hosts = [
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    ...addresses.map((address) => `${address}\t${spec.hostname}`),
    ...spec.hostAliases.map(({ address, names }) => `${address}\t${names.join(' ')}`),
  ];
  const resolver = [
    ...(spec.searches.length === 0 ? [] : [`search ${spec.searches.join(' ')}`]),
    ...spec.nameservers.map((address) => `nameserver ${address}`),
    ...(spec.resolverOptions.length === 0 ? [] : [`options ${spec.resolverOptions.join(' ')}`]),
  ];
  const file = (path: string, lines: readonly string[]) => ({ path, content: Buffer.from(`${lines.join('\n')}\n`) });
  return [file('/etc/hosts', hosts), file('/etc/resolv.conf', resolver), file('/etc/hostname', [spec.hostname])];
}
