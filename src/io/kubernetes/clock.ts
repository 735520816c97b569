/** Time as an argument: tests turn it by hand, programs pass {@link systemClock}. */
export interface Clock {
  /** Milliseconds since some moment; never goes back. */
  readonly nowMs: () => number;
  /** Milliseconds since 1970, as the calendar has it: for dates that somebody else wrote. */
  readonly calendarMs: () => number;
  /** Runs `action` once after `delayMs`. The result cancels it, and may be called at any time. */
  readonly after: (delayMs: number, action: () => void) => () => void;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  calendarMs: () => Date.now(),
  after: (delayMs, action) => {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`, or at once when `signal` is aborted. Never rejects. */
export function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(delayMs, end);
    signal.addEventListener('abort', end, { once: true });
  });
}
