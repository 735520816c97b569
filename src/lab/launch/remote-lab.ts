/** A lab in another process, as the one that launched it sees it. */
import type { ChildProcess } from 'node:child_process';
import type { Server } from 'node:net';
import { OperationalError } from '../../io/operational-error.ts';
import type { ApplyResult, Lab, LabObject, Readiness } from '../lab.ts';
import type { FromLab, LabReports, LabSettings, ToLab } from './protocol.ts';

/** A lab that does not end by itself within this time is ended by force, which loses nothing: it keeps nothing. */
const STOP_MS = 5000;
const START_MS = 60_000;

interface Call {
  readonly resolve: (message: Extract<FromLab, { readonly id: number }>) => void;
  readonly reject: (error: Error) => void;
}

export interface RemoteLabOptions {
  /** With an IPC channel. Its own children end with it. */
  readonly child: ChildProcess;
  readonly settings: LabSettings;
  /** Where users reach the API; closed here once the lab has it. */
  readonly listener: Server;
  readonly reports: LabReports;
  /** What it has written to standard error, for when it ends without a word. */
  readonly lastWords: () => string;
}

export class RemoteLab implements Lab {
  readonly broken: Promise<never>;
  private readonly options: RemoteLabOptions;
  private readonly calls = new Map<number, Call>();
  private readonly exited: Promise<void>;
  private breakWith: (error: Error) => void = () => undefined;
  private failure: Error | undefined;
  private stopping = false;
  private lastId = 0;
  private onHello: () => void = () => undefined;
  private onStarted: () => void = () => undefined;

  private constructor(options: RemoteLabOptions) {
    this.options = options;
    const { child } = options;
    this.broken = new Promise((_resolve, reject) => {
      this.breakWith = (error) => {
        if (this.failure !== undefined) return;
        this.failure = error;
        for (const { reject: rejectCall } of this.calls.values()) rejectCall(error);
        this.calls.clear();
        if (!this.stopping) reject(error);
      };
    });
    // Who does not wait for it hears of it through its calls.
    this.broken.catch(() => undefined);
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        this.breakWith(endedError(code, signal, options.lastWords()));
        resolve();
      });
      child.once('error', (error) => {
        this.breakWith(
          new OperationalError('lab-failed', `the lab cannot be started: ${error.message}`, { exitCode: 4 }),
        );
        resolve();
      });
    });
    child.on('message', (message) => this.hear(message as FromLab));
  }

  /** @throws OperationalError when the lab does not come up */
  static async start(options: RemoteLabOptions): Promise<RemoteLab> {
    const lab = new RemoteLab(options);
    const { settings, listener } = options;
    const started = new Promise<void>((resolve) => {
      lab.onStarted = resolve;
    });
    const hello = new Promise<void>((resolve) => {
      lab.onHello = resolve;
    });
    const timer = setTimeout(() => {
      const hint = 'is the machine very busy? --runtime sim needs nothing of the kernel';
      lab.breakWith(
        new OperationalError('lab-failed', `the lab did not start within ${START_MS / 1000} s`, { hint, exitCode: 4 }),
      );
    }, START_MS);
    try {
      await Promise.race([hello, lab.broken]);
      await lab.send({ type: 'start', settings }, listener);
      listener.close();
      await Promise.race([started, lab.broken]);
    } catch (error) {
      listener.close();
      await lab.stop();
      throw error;
    } finally {
      clearTimeout(timer);
    }
    return lab;
  }

  async apply(objects: readonly LabObject[]): Promise<ApplyResult> {
    const answer = await this.call((id) => ({ type: 'apply', id, objects }));
    if (answer.type === 'applied') return answer.result;
    throw new OperationalError('lab-failed', 'the lab gave another answer than it was asked for', { exitCode: 4 });
  }

  async whenReady(timeoutMs: number): Promise<Readiness> {
    const answer = await this.call((id) => ({ type: 'when-ready', id, timeoutMs }));
    if (answer.type === 'ready') return answer.readiness;
    throw new OperationalError('lab-failed', 'the lab gave another answer than it was asked for', { exitCode: 4 });
  }

  async stop(): Promise<void> {
    this.stopping = true;
    const { child } = this.options;
    if (child.exitCode !== null || child.signalCode !== null) return;
    if (child.pid === undefined) return;
    await this.send({ type: 'stop' }).catch(() => undefined);
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    try {
      await this.exited;
    } finally {
      clearTimeout(timer);
    }
  }

  private call(message: (id: number) => ToLab): Promise<Extract<FromLab, { readonly id: number }>> {
    const { failure } = this;
    if (failure !== undefined) return Promise.reject(failure);
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve, reject) => {
      this.calls.set(id, { resolve, reject });
      this.send(message(id)).catch((error: unknown) => {
        this.calls.delete(id);
        reject(error instanceof Error ? error : new Error(String(error)));
      });
    });
  }

  private send(message: ToLab, listener?: Server): Promise<void> {
    const { child } = this.options;
    return new Promise((resolve, reject) => {
      if (!child.connected) {
        reject(this.failure ?? endedError(child.exitCode, child.signalCode, this.options.lastWords()));
        return;
      }
      child.send(message, listener, {}, (error) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  }

  private hear(message: FromLab): void {
    const { reports } = this.options;
    switch (message.type) {
      case 'hello':
        this.onHello();
        return;
      case 'started':
        this.onStarted();
        return;
      case 'progress':
        reports.onProgress(message.text);
        return;
      case 'remark':
        reports.onRemark(message.text);
        return;
      case 'flow':
        reports.onFlow(message.line);
        return;
      case 'failed': {
        const { hint } = message;
        this.breakWith(
          new OperationalError('lab-failed', message.message, { exitCode: 4, ...(hint === undefined ? {} : { hint }) }),
        );
        return;
      }
      case 'call-failed':
        this.answer(message.id, (call) =>
          call.reject(new OperationalError('lab-failed', message.message, { exitCode: 4 })),
        );
        return;
      case 'applied':
      case 'ready':
        this.answer(message.id, (call) => call.resolve(message));
        return;
      // The launcher and the lab are of one version, but a process may say anything.
      default:
        reports.onRemark('the lab said something that is not understood');
    }
  }

  private answer(id: number, tell: (call: Call) => void): void {
    const call = this.calls.get(id);
    this.calls.delete(id);
    if (call !== undefined) tell(call);
  }
}

function endedError(code: number | null, signal: NodeJS.Signals | null, lastWords: string): OperationalError {
  const how = signal === null ? `with exit code ${code ?? '?'}` : `by ${signal}`;
  const words = lastWords.trim();
  return new OperationalError('lab-ended', `the lab ended ${how}${words === '' ? '' : `: ${words}`}`, { exitCode: 4 });
}
