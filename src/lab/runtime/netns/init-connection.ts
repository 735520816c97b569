/** Requests to the init process of the lab, and what it says unasked. */
import { Socket } from 'node:net';
import { RuntimeError, type RuntimeErrorCode } from '../runtime.ts';
import { MessageReader, packMessage, type Field } from './wire.ts';

export interface InitEvents {
  onExit(container: string, exitCode: number, signal: number): void;
  /** The first process of a sandbox has ended, and with it everything in it. */
  onSandboxGone(sandbox: string): void;
  onEnd(error: Error): void;
}

interface Waiting {
  readonly resolve: (answer: readonly string[]) => void;
  readonly reject: (error: Error) => void;
}

const CODES: ReadonlySet<string> = new Set<RuntimeErrorCode>([
  'no-program',
  'not-found',
  'not-running',
  'refused',
  'timeout',
  'failed',
]);

export class InitConnection {
  private readonly socket: Socket;
  private readonly events: InitEvents;
  private readonly reader = new MessageReader();
  private readonly waiting = new Map<string, Waiting>();
  private lastNumber = 0;
  private ended: Error | undefined;

  constructor(fd: number, events: InitEvents) {
    this.events = events;
    this.socket = new Socket({ fd, readable: true, writable: true });
    this.socket.on('data', (chunk: Buffer) => {
      try {
        for (const message of this.reader.take(chunk)) this.hear(message);
      } catch (error) {
        this.end(error instanceof Error ? error : new Error(String(error)));
      }
    });
    this.socket.on('error', (error) => this.end(error));
    this.socket.on('close', () => this.end(new Error('the init process of the lab has ended')));
  }

  /** Rejects with `RuntimeError`. */
  request(what: string, ...fields: readonly Field[]): Promise<readonly string[]> {
    if (this.ended !== undefined) return Promise.reject(new RuntimeError('failed', this.ended.message));
    const number = String(++this.lastNumber);
    return new Promise((resolve, reject) => {
      this.waiting.set(number, { resolve, reject });
      this.socket.write(packMessage([number, what, ...fields]));
    });
  }

  /** To the process that looks after a sandbox. */
  requestIn(sandbox: string, what: string, ...fields: readonly Field[]): Promise<readonly string[]> {
    return this.request('pod', sandbox, what, ...fields);
  }

  /** Keeps this program from ending no longer. The connection itself stays: init ends with it, and all else with init. */
  release(): void {
    this.socket.unref();
  }

  private hear([number, what, ...rest]: readonly Buffer[]): void {
    if (number === undefined || what === undefined) return;
    const answer = rest.map((field) => field.toString('utf8'));
    const [first = '', second = '', third = ''] = answer;
    if (number.toString() === '0') {
      if (what.toString() === 'exit') this.events.onExit(first, Number(second), Number(third));
      else if (what.toString() === 'gone') this.events.onSandboxGone(first);
      return;
    }
    const waiting = this.waiting.get(number.toString());
    this.waiting.delete(number.toString());
    if (what.toString() === 'ok') waiting?.resolve(answer);
    else waiting?.reject(new RuntimeError(isCode(first) ? first : 'failed', second));
  }

  private end(error: Error): void {
    if (this.ended !== undefined) return;
    this.ended = error;
    this.socket.destroy();
    this.rejectAll(error);
    this.events.onEnd(error);
  }

  private rejectAll(error: Error): void {
    const waiting = [...this.waiting.values()];
    this.waiting.clear();
    for (const { reject } of waiting) reject(new RuntimeError('failed', error.message));
  }
}

function isCode(text: string): text is RuntimeErrorCode {
  return CODES.has(text);
}
