/** Statements that tell about packets: logs beside a verdict, never in its place, and counters. */
import { PlanCounters, policiesOf } from './counters.ts';
import { formatLogPrefix, type LogPrefix } from './log-prefix.ts';
import { DEFAULT_LOG_RATE, type LogOptions, type Observation } from './observation.ts';
import type { Plan } from './plan.ts';
import type { RulesetBuilder } from './ruleset.ts';

/** Enough for the headers of IPv6 and TCP with their options. */
const SNAP_BYTES = 128;

export class ObservingRules {
  readonly counters: PlanCounters;
  /** What is put in front of the stamp: a chain that logs some of what gets through. */
  readonly oneOfAllowed: number | undefined;
  readonly observation: Observation;
  private readonly log: LogOptions | undefined;

  constructor(plan: Plan, into: RulesetBuilder) {
    this.counters = new PlanCounters(plan);
    this.observation = plan.observation;
    this.log = plan.observation.log;
    this.oneOfAllowed = this.log?.oneOfAllowed;
    for (const [name, meaning] of this.counters.meanings) into.counter(name, policiesOf(meaning).join(' '));
  }

  /** The last rules of a policy set. */
  denial(policySet: string, reply: boolean): string[] {
    return this.told({ verdict: 'deny', policySet, reply }, this.counters.denied(policySet), 'goto deny');
  }

  wouldDeny(shadowSet: string): string[] {
    return this.told(
      { verdict: 'would-deny', policySet: shadowSet, reply: false },
      this.counters.wouldDeny(shadowSet),
      'return',
    );
  }

  unknownPod(): string[] {
    const prefix = { verdict: 'unknown-pod', policySet: undefined, reply: false } as const;
    return this.told(prefix, this.counters.unknownPods(), 'drop');
  }

  allowed(): string[] {
    if (this.oneOfAllowed === undefined) return [];
    const some = `ct state new numgen random mod ${Math.max(1, Math.trunc(this.oneOfAllowed))} 0`;
    return this.logged({ verdict: 'allow', policySet: undefined, reply: false }).map((rule) => `${some} ${rule}`);
  }

  private told(prefix: LogPrefix, counter: string | undefined, verdict: string): string[] {
    return [...this.logged(prefix), counter === undefined ? verdict : `counter name ${counter} ${verdict}`];
  }

  private logged(prefix: LogPrefix): string[] {
    if (this.log === undefined) return [];
    const { group, perSecond = DEFAULT_LOG_RATE.perSecond, burst = DEFAULT_LOG_RATE.burst } = this.log;
    const limit = `limit rate ${Math.max(1, Math.trunc(perSecond))}/second burst ${Math.max(1, Math.trunc(burst))} packets`;
    // Readers that take one packet from each message would lose the others of a batch.
    const how = `group ${group} snaplen ${SNAP_BYTES} queue-threshold 1`;
    return [`${limit} log prefix "${formatLogPrefix(prefix)}" ${how}`];
  }
}
