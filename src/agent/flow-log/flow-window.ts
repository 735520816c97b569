/** Repeats within a short time are told together. The first one is told at once. */

interface Entry<T> {
  readonly flow: T;
  readonly openedMs: number;
  repeats: number;
  /** Calendar time of the first repeat. */
  repeatedAt: number;
}

export interface Repeats<T> {
  readonly flow: T;
  readonly count: number;
  /** Milliseconds since 1970, of the first of them. */
  readonly at: number;
}

export class FlowWindow<T> {
  private readonly windowMs: number;
  private readonly maxFlows: number;
  /** In the order in which they were opened. */
  private readonly entries = new Map<string, Entry<T>>();

  constructor(windowMs: number, maxFlows: number) {
    this.windowMs = windowMs;
    this.maxFlows = maxFlows;
  }

  get size(): number {
    return this.entries.size;
  }

  /**
   * Whether it has to be told now; else it is told when its window closes. When there are too many flows at once, new
   * ones are told now, every time.
   */
  isFirst(key: string, flow: T, nowMs: number, at: number): boolean {
    const entry = this.entries.get(key);
    if (entry === undefined) {
      if (this.entries.size < this.maxFlows) {
        this.entries.set(key, { flow, openedMs: nowMs, repeats: 0, repeatedAt: 0 });
      }
      return true;
    }
    if (entry.repeats === 0) entry.repeatedAt = at;
    entry.repeats++;
    return false;
  }

  /** Closes the windows that were open long enough (all of them when `nowMs` is infinite), and says what repeated. */
  close(nowMs: number): Repeats<T>[] {
    const repeats: Repeats<T>[] = [];
    for (const [key, { flow, openedMs, repeats: count, repeatedAt }] of this.entries) {
      if (nowMs - openedMs < this.windowMs) break;
      this.entries.delete(key);
      if (count > 0) repeats.push({ flow, count, at: repeatedAt });
    }
    return repeats;
  }
}
