/**
 * Brings a state into force, one at a time. What is overtaken while another one is on its way is never tried; whoever asked
 * for it waits for the newer one, which says all that it said.
 */
export class LatestWins<T> {
  private readonly apply: (state: T) => Promise<void>;
  private running = false;
  private next: { readonly state: T; readonly done: Promise<void>; readonly settle: Settle } | undefined;

  constructor(apply: (state: T) => Promise<void>) {
    this.apply = apply;
  }

  set(state: T): Promise<void> {
    if (this.next === undefined) {
      let settle: Settle = { resolve: () => undefined, reject: () => undefined };
      const done = new Promise<void>((resolve, reject) => {
        settle = { resolve, reject };
      });
      this.next = { state, done, settle };
    } else {
      this.next = { ...this.next, state };
    }
    const { done } = this.next;
    if (!this.running) void this.run();
    return done;
  }

  private async run(): Promise<void> {
    this.running = true;
    for (;;) {
      // What is asked for in one go is one state.
      await Promise.resolve();
      const job = this.next;
      if (job === undefined) break;
      this.next = undefined;
      try {
        await this.apply(job.state);
        job.settle.resolve();
      } catch (error) {
        job.settle.reject(error);
      }
    }
    this.running = false;
  }
}

interface Settle {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}
