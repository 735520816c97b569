/** When the kernel is brought up to date: soon, one transaction at a time, many changes in one. */
import type { ChangeScope } from '../dataplane/node-planner.ts';
import { Backoff } from '../io/kubernetes/backoff.ts';
import type { Clock } from '../io/kubernetes/clock.ts';

/** When each scope was first touched by the changes that are to be applied. */
export type Causes = ReadonlyMap<ChangeScope, number>;

export interface ScheduleOptions {
  readonly clock: Clock;
  /** 0 <= x < 1 */
  readonly random: () => number;
  /** Brings the kernel up to date with everything known when it is called. When it rejects, it is tried again later. */
  readonly apply: (causes: Causes) => Promise<void>;
  /** It was rejected; comes again after so long, or soon when something changes. */
  readonly onFailure: (error: unknown, retryMs: number) => void;
}

/**
 * How long the first change waits for others. A local pod does not: its packets may be on the way. Whoever changes
 * several policies does it within milliseconds.
 */
export const COALESCE_MS: Readonly<Record<ChangeScope, number>> = { 'local-pod': 0, policy: 5, cluster: 10 };

const RETRY = { baseMs: 500, capMs: 30_000 };
/** After a failure a change is reason to try again, but not more often than this. */
const RETRY_ON_CHANGE_MS = 1000;

export class ApplySchedule {
  private readonly options: ScheduleOptions;
  private readonly backoff: Backoff;
  private causes = new Map<ChangeScope, number>();
  private open = false;
  /** Nothing is to be done, or it is being done: whatever else wants the kernel waits for this. */
  private turn: Promise<unknown> = Promise.resolve();
  private applying = false;
  private queued = false;
  private cancelTimer: (() => void) | undefined;
  private blockedUntilMs = Number.NEGATIVE_INFINITY;
  /** Who waits for what is still to be applied, and for what is being applied, while something is. */
  private waiting: (() => void)[] = [];
  private served: (() => void)[] | undefined;

  constructor(options: ScheduleOptions) {
    this.options = options;
    this.backoff = new Backoff({ ...RETRY, random: options.random });
  }

  /** From now on requests are served; until then they are kept. */
  start(): void {
    this.open = true;
    if (this.causes.size === 0) for (const resolve of this.waiting.splice(0)) resolve();
    this.arm();
  }

  /** Serves no more requests. What is under way is finished: see {@link idle}. */
  stop(): void {
    this.open = false;
    this.cancelTimer?.();
  }

  request(scope: ChangeScope): void {
    const now = this.options.clock.nowMs();
    if (!this.causes.has(scope)) this.causes.set(scope, now);
    this.blockedUntilMs = Math.min(this.blockedUntilMs, now + RETRY_ON_CHANGE_MS);
    this.arm();
  }

  /** Runs between two transactions. */
  exclusive<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => undefined);
    return result;
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.turn;
  }

  /** Resolves when everything that was requested until now is in the kernel, whatever is requested meanwhile. */
  whenApplied(): Promise<void> {
    return new Promise((resolve) => {
      if (this.causes.size > 0 || !this.open) this.waiting.push(resolve);
      else if (this.served !== undefined) this.served.push(resolve);
      else resolve();
    });
  }

  private arm(): void {
    if (!this.open || this.applying || this.queued || this.causes.size === 0) return;
    this.cancelTimer?.();
    const { clock } = this.options;
    let dueMs = Number.POSITIVE_INFINITY;
    for (const [scope, firstMs] of this.causes) dueMs = Math.min(dueMs, firstMs + COALESCE_MS[scope]);
    const waitMs = Math.max(dueMs, this.blockedUntilMs) - clock.nowMs();
    if (waitMs > 0) {
      this.cancelTimer = clock.after(waitMs, () => this.begin());
      return;
    }
    // Not at once: what arrived together is told one kind after the other.
    this.queued = true;
    queueMicrotask(() => {
      this.queued = false;
      this.begin();
    });
  }

  private begin(): void {
    if (!this.open || this.applying || this.causes.size === 0) return;
    this.cancelTimer?.();
    this.applying = true;
    void this.exclusive(() => this.applyAll()).finally(() => {
      this.applying = false;
      this.arm();
    });
  }

  private async applyAll(): Promise<void> {
    const { causes } = this;
    this.causes = new Map();
    const served = this.waiting;
    this.served = served;
    this.waiting = [];
    try {
      await this.options.apply(causes);
      this.backoff.reset();
      this.blockedUntilMs = Number.NEGATIVE_INFINITY;
      for (const resolve of served) resolve();
    } catch (error) {
      for (const [scope, firstMs] of causes) {
        this.causes.set(scope, Math.min(firstMs, this.causes.get(scope) ?? firstMs));
      }
      this.waiting.unshift(...served);
      // Full jitter may say 0; a kernel that refuses is not asked again at once.
      const retryMs = Math.max(RETRY.baseMs / 2, this.backoff.next());
      this.blockedUntilMs = this.options.clock.nowMs() + retryMs;
      this.options.onFailure(error, retryMs);
    } finally {
      this.served = undefined;
    }
  }
}
