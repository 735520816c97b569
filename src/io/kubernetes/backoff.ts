export interface BackoffOptions {
  readonly baseMs: number;
  readonly capMs: number;
  /** 0 <= x < 1 */
  readonly random: () => number;
}

/** Exponential delays with full jitter: any moment of the current step, so that a thousand nodes do not return together. */
export class Backoff {
  readonly #options: BackoffOptions;
  #attempt = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** Milliseconds to wait now; the next step is twice as wide. */
  next(): number {
    const { baseMs, capMs, random } = this.#options;
    const width = Math.min(capMs, baseMs * 2 ** this.#attempt);
    if (width < capMs) this.#attempt++;
    return random() * width;
  }

  reset(): void {
    this.#attempt = 0;
  }
}
