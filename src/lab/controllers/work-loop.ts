/**
 * What is to be done, and in which order. A controller never acts when something changes: it names what has become dirty,
 * by a key, and a later turn of the event loop brings that into order, however much has changed about it meanwhile.
 */
import type { Clock } from '../../io/kubernetes/clock.ts';
import { StatusError } from '../api/status-error.ts';

export interface SyncResult {
  /** Look again after so many milliseconds, even when nothing changes; replaces what the last sync said. */
  readonly againMs?: number | undefined;
  /** How many objects were looked at: the next sync of a big key waits a little, so that many changes are one sync. */
  readonly size?: number | undefined;
}

/** Brings one key into order. Synchronous: nothing comes between what it reads and what it writes. */
export type Sync = (key: string) => SyncResult | undefined;

export interface WorkLoopOptions {
  readonly clock: Clock;
  /** Runs something soon, but not now: `setImmediate`. */
  readonly defer: (action: () => void) => void;
  /** What a sync threw that is no refusal of the API. */
  readonly onError: (error: unknown, what: string) => void;
}

/** Syncs in one turn, so that requests are answered in between. */
const TURN = 64;
/** Keys of fewer objects are synced at once. */
const SMALL = 20;
const SPACING_MS_EACH = 0.2;
const MOST_SPACING_MS = 200;
const FIRST_RETRY_MS = 5;
const LAST_RETRY_MS = 60_000;
const LONGEST_TIMER_MS = 86_400_000;

interface Task {
  readonly id: string;
  readonly key: string;
  readonly sync: Sync;
  /** In the line, or to be put there when its pause is over. */
  dirty: boolean;
  running: boolean;
  pause: (() => void) | undefined;
  /** A look later, or a retry. */
  later: (() => void) | undefined;
  failures: number;
}

export class WorkLoop {
  private readonly options: WorkLoopOptions;
  private readonly tasks = new Map<string, Task>();
  private line: Task[] = [];
  private unfinished = 0;
  private awake = false;
  private stopped = false;
  private waiters: (() => void)[] = [];

  constructor(options: WorkLoopOptions) {
    this.options = options;
  }

  /** The queue of one controller: what is called makes a key dirty. */
  queue(name: string, sync: Sync): (key: string) => void {
    return (key) => {
      const id = `${name} ${key}`;
      const task = this.tasks.get(id) ?? {
        id,
        key,
        sync,
        dirty: false,
        running: false,
        pause: undefined,
        later: undefined,
        failures: 0,
      };
      this.tasks.set(id, task);
      this.mark(task);
    };
  }

  /** Resolves when nothing is dirty; what waits for a moment or for a retry does not count. */
  idle(): Promise<void> {
    if (this.unfinished === 0 || this.stopped) return Promise.resolve();
    return new Promise((resolve) => {
      this.waiters.push(resolve);
    });
  }

  stop(): void {
    this.stopped = true;
    for (const task of this.tasks.values()) {
      task.pause?.();
      task.later?.();
    }
    this.tasks.clear();
    this.line = [];
    this.release();
  }

  private mark(task: Task): void {
    if (task.dirty || this.stopped) return;
    task.dirty = true;
    this.unfinished += 1;
    // What a sync makes dirty itself waits for its end, which may say that it shall rest.
    if (task.pause === undefined && !task.running) this.enqueue(task);
  }

  private enqueue(task: Task): void {
    this.line.push(task);
    this.wake();
  }

  private wake(): void {
    if (this.awake || this.stopped) return;
    this.awake = true;
    this.options.defer(() => {
      this.awake = false;
      this.turn();
    });
  }

  private turn(): void {
    const now = this.line.slice(0, TURN);
    this.line = this.line.slice(TURN);
    for (const task of now) if (!this.stopped) this.run(task);
    if (this.line.length > 0) this.wake();
    else if (this.unfinished === 0) this.release();
  }

  private run(task: Task): void {
    task.dirty = false;
    task.running = true;
    task.later?.();
    task.later = undefined;
    try {
      const { againMs, size = 0 } = task.sync(task.key) ?? {};
      task.failures = 0;
      if (againMs !== undefined) this.markLater(task, againMs);
      if (size > SMALL) this.rest(task, Math.min(MOST_SPACING_MS, size * SPACING_MS_EACH));
    } catch (error) {
      if (!(error instanceof StatusError)) this.options.onError(error, task.id);
      this.markLater(task, Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** task.failures));
      task.failures += 1;
    }
    task.running = false;
    this.unfinished -= 1;
    if (task.dirty && task.pause === undefined) this.enqueue(task);
    // Keys come and go without end; those that wait for nothing are not kept.
    if (!task.dirty && task.pause === undefined && task.later === undefined) this.tasks.delete(task.id);
  }

  private markLater(task: Task, delayMs: number): void {
    task.later = this.options.clock.after(Math.min(LONGEST_TIMER_MS, Math.max(0, delayMs)), () => {
      task.later = undefined;
      this.mark(task);
    });
  }

  private rest(task: Task, delayMs: number): void {
    task.pause = this.options.clock.after(delayMs, () => {
      task.pause = undefined;
      if (task.dirty) this.enqueue(task);
      else if (task.later === undefined) this.tasks.delete(task.id);
    });
  }

  private release(): void {
    const waiters = this.waiters;
    this.waiters = [];
    for (const resolve of waiters) resolve();
  }
}
