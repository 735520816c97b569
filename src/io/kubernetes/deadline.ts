import type { Clock } from './clock.ts';

/**
 * A signal that aborts when its parent does or when one of its timers runs out first; the signal's reason then says
 * which. Must be closed, or the parent keeps it.
 */
export class Deadline {
  readonly #clock: Clock;
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal | undefined;
  readonly #onParent = (): void => this.#abort(this.#parent?.reason);
  readonly #timers = new Map<string, () => void>();

  constructor(clock: Clock, parent: AbortSignal | undefined) {
    this.#clock = clock;
    this.#parent = parent;
    if (parent?.aborted === true) this.#controller.abort(parent.reason);
    else parent?.addEventListener('abort', this.#onParent, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Starts the timer of this name, or starts it anew. */
  arm(name: string, delayMs: number, reason: () => Error): void {
    this.disarm(name);
    if (this.signal.aborted) return;
    this.#timers.set(
      name,
      this.#clock.after(delayMs, () => this.#abort(reason())),
    );
  }

  disarm(name: string): void {
    this.#timers.get(name)?.();
    this.#timers.delete(name);
  }

  /** Stops all timers; the signal stays as it is. */
  close(): void {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#parent?.removeEventListener('abort', this.#onParent);
  }

  #abort(reason: unknown): void {
    this.close();
    this.#controller.abort(reason);
  }
}
