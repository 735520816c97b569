/** Pods whose programs are what a test says. */
import { PassThrough, type Duplex, type Readable } from 'node:stream';
import { StatusError } from '../../../../src/lab/api/status-error.ts';
import type { ContainerTarget, PodStreams } from '../../../../src/lab/pod-streams.ts';
import type { ExecExit, ExecSession } from '../../../../src/lab/runtime/exec-session.ts';

/** A program of no process: the test reads its input, writes its output and says how it ends. */
export class FakeSession implements ExecSession {
  readonly stdin = new PassThrough();
  readonly stdout = new PassThrough();
  readonly stderr = new PassThrough();
  readonly exit: Promise<ExecExit>;
  readonly sizes: string[] = [];
  closes = 0;
  #exit: (exit: ExecExit) => void = () => {};

  constructor() {
    this.exit = new Promise((resolve) => (this.#exit = resolve));
  }

  finish(exit: ExecExit): void {
    this.stdout.end();
    this.stderr.end();
    this.#exit(exit);
  }

  resize(columns: number, rows: number): void {
    this.sizes.push(`${columns}x${rows}`);
  }

  close(): void {
    this.closes += 1;
  }
}

/** Nothing is there unless the test puts it there. */
export class FakePods implements PodStreams {
  readonly calls: unknown[] = [];
  onExec: (argv: readonly [string, ...string[]], options: { readonly stdin: boolean }) => Promise<ExecSession> = () =>
    this.#missing();
  onAttach: () => Promise<ExecSession> = () => this.#missing();
  onLogs: () => Promise<Readable> = () => this.#missing();
  onPortForward: (port: number) => Promise<Duplex> = () => this.#missing();

  exec(target: ContainerTarget, options: Parameters<PodStreams['exec']>[1]): Promise<ExecSession> {
    this.calls.push({ exec: target, ...options });
    return this.onExec(options.argv, options);
  }

  attach(target: ContainerTarget, options: Parameters<PodStreams['attach']>[1]): Promise<ExecSession> {
    this.calls.push({ attach: target, ...options });
    return this.onAttach();
  }

  logs(target: ContainerTarget, options: Parameters<PodStreams['logs']>[1]): Promise<Readable> {
    this.calls.push({ logs: target, ...options });
    return this.onLogs();
  }

  portForward(target: Omit<ContainerTarget, 'container'>, port: number): Promise<Duplex> {
    this.calls.push({ portForward: target, port });
    return this.onPortForward(port);
  }

  #missing(): Promise<never> {
    return Promise.reject(new StatusError('NotFound', 'pods "web" not found', { name: 'web', kind: 'pods' }));
  }
}
