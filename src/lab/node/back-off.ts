/** How long a kubelet waits before it tries again: at once, then 10 s, doubling up to five minutes. */
const FIRST_MS = 10_000;
const MAX_MS = 300_000;
/** Whoever ran so long starts from the beginning. */
const RECOVERED_MS = 2 * MAX_MS;

export class BackOff {
  private nextMs: number;
  private readonly firstMs: number;

  /** `firstMs`: before the first retry; 0 for restarts. */
  constructor(firstMs: 0 | typeof FIRST_MS) {
    this.firstMs = firstMs;
    this.nextMs = firstMs;
  }

  /** The delay before the next try, after one that held for `heldMs`. */
  next(heldMs: number): number {
    if (heldMs >= RECOVERED_MS) this.reset();
    const delay = this.nextMs;
    this.nextMs = Math.min(MAX_MS, delay === 0 ? FIRST_MS : delay * 2);
    return delay;
  }

  reset(): void {
    this.nextMs = this.firstMs;
  }
}

export const PULL_BACK_OFF_MS = FIRST_MS;
