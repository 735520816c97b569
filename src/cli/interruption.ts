/** Ctrl-C and its like, as something that a command can wait for and clean up after. */
import { constants } from 'node:os';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** One Ctrl-C may arrive twice: from the terminal, and passed on by npm. */
const SAME_MS = 1000;

/** What the promise of an interruption rejects with. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** From its making until {@link close}, signals do not end the process: the first asks, a later one insists. */
export class Interruption {
  private readonly controller = new AbortController();
  private readonly onSignal: (name: NodeJS.Signals) => void;
  private first: { readonly name: NodeJS.Signals; readonly atMs: number } | undefined;
  /** Rejects with an InterruptedError. */
  readonly happened: Promise<never>;

  constructor() {
    this.onSignal = (name) => this.take(name);
    for (const name of SIGNALS) process.on(name, this.onSignal);
    this.happened = new Promise((_resolve, reject) => {
      this.signal.addEventListener('abort', () => reject(new InterruptedError('interrupted')), { once: true });
    });
    this.happened.catch(() => undefined);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** As shells have it, 130 for Ctrl-C; 0 when nothing has happened. */
  get exitCode(): number {
    return this.first === undefined ? 0 : 128 + constants.signals[this.first.name];
  }

  /** As if somebody had asked for the end, without a signal. */
  request(): void {
    this.controller.abort();
  }

  close(): void {
    for (const name of SIGNALS) process.off(name, this.onSignal);
  }

  private take(name: NodeJS.Signals): void {
    if (this.first !== undefined && Date.now() - this.first.atMs > SAME_MS) process.exit(this.exitCode);
    this.first ??= { name, atMs: Date.now() };
    this.controller.abort();
  }
}
