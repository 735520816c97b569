import type { Clock } from '../../io/kubernetes/clock.ts';
import type { NftCounters } from '../../io/nft/nft-driver.ts';
import { OperationalError } from '../../io/operational-error.ts';
import type { AgentView } from '../status.ts';
import type { AgentMetrics } from './agent-metrics.ts';

export interface CounterPollOptions {
  readonly counters: NftCounters;
  readonly table: string;
  readonly view: Pick<AgentView, 'inForce'>;
  readonly metrics: Pick<AgentMetrics, 'addPackets' | 'countersNotRead'>;
  readonly clock: Clock;
}

/** Reading them takes milliseconds of the kernel's time: on a timer, never when somebody asks. */
export const POLL_MS = 10_000;

/** Reads the kernel's counters now and then. */
export class CounterPoll {
  private readonly options: CounterPollOptions;
  private cancel: (() => void) | undefined;
  private stopped = true;

  constructor(options: CounterPollOptions) {
    this.options = options;
  }

  start(): void {
    this.stopped = false;
    this.later();
  }

  stop(): void {
    this.stopped = true;
    this.cancel?.();
    this.cancel = undefined;
  }

  /** Never rejects for what the kernel does. */
  async readNow(): Promise<void> {
    const { counters, table, view, metrics } = this.options;
    const plan = view.inForce()?.plan;
    if (plan === undefined) return;
    try {
      const counts = await counters.readCounters(table);
      metrics.addPackets(plan, new Map([...counts].map(([name, { packets }]) => [name, packets])));
    } catch (error) {
      if (!(error instanceof OperationalError)) throw error;
      metrics.countersNotRead();
    }
  }

  private later(): void {
    if (this.stopped) return;
    this.cancel = this.options.clock.after(POLL_MS, () => {
      void this.readNow().finally(() => this.later());
    });
  }
}
