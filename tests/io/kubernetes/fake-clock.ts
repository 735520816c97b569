import type { Clock } from '../../../src/io/kubernetes/clock.ts';

interface Timer {
  readonly atMs: number;
  readonly delayMs: number;
  readonly action: () => void;
}

/** Stands still until it is turned. */
export class FakeClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<Timer>();

  readonly nowMs = (): number => this.#nowMs;
  readonly calendarMs = (): number => Date.parse('2026-01-01T00:00:00Z') + this.#nowMs;

  readonly after = (delayMs: number, action: () => void): (() => void) => {
    const timer = { atMs: this.#nowMs + delayMs, delayMs, action };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  /** The delays that were asked for and have not passed, shortest first. */
  get delays(): readonly number[] {
    return [...this.#timers].map(({ delayMs }) => delayMs).sort((a, b) => a - b);
  }

  /** When the next timers run out, the earliest first. */
  get moments(): readonly number[] {
    return [...this.#timers].map(({ atMs }) => atMs).sort((a, b) => a - b);
  }

  /** When the timer of this delay runs out. */
  due(delayMs: number): number | undefined {
    return [...this.#timers].find((timer) => timer.delayMs === delayMs)?.atMs;
  }

  /** Runs what falls due on the way, in order. */
  advance(ms: number): void {
    const end = this.#nowMs + ms;
    for (;;) {
      const due = [...this.#timers].filter(({ atMs }) => atMs <= end).sort((a, b) => a.atMs - b.atMs)[0];
      if (due === undefined) break;
      this.#nowMs = Math.max(this.#nowMs, due.atMs);
      this.#timers.delete(due);
      due.action();
    }
    this.#nowMs = end;
  }
}

/** Lets sockets and promises work until `condition` holds. Real time passes, but nothing depends on how much. */
export async function until(condition: () => boolean, what = 'the condition'): Promise<void> {
  const giveUp = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > giveUp) throw new Error(`${what} never held`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
