/** The kernel's counters, which begin anew with the table, as counts since the agent started. */
import { countersOf, type CounterMeaning } from '../../dataplane/counters.ts';
import type { Plan } from '../../dataplane/plan.ts';
import { BoundedSeries } from './bounded-series.ts';

export interface PacketCount {
  readonly kind: CounterMeaning['kind'];
  /** `undefined`: all that have no series of their own. */
  readonly labels: Readonly<Record<string, string>> | undefined;
  readonly increase: number;
}

/** Series of each kind. */
const MAX_SERIES = 500;
const NAMED = 4;

export class PacketCounters {
  private last: ReadonlyMap<string, number> = new Map();
  private readonly series = {
    denied: new BoundedSeries(MAX_SERIES),
    'would-deny': new BoundedSeries(MAX_SERIES),
    hits: new BoundedSeries(MAX_SERIES),
    'unknown-pod': new BoundedSeries(1),
  };

  /** @param packets by the counter's name, as the kernel has them now */
  increases(plan: Plan, packets: ReadonlyMap<string, number>): PacketCount[] {
    const byKind = new Map<CounterMeaning['kind'], Map<string, number>>();
    for (const [name, meaning] of countersOf(plan)) {
      const now = packets.get(name);
      if (now === undefined) continue;
      const before = this.last.get(name) ?? 0;
      // Less than before: the table was made anew in between.
      const increase = now >= before ? now - before : now;
      const increases = byKind.get(meaning.kind) ?? new Map<string, number>();
      byKind.set(meaning.kind, increases);
      const key = JSON.stringify(labelsOf(meaning));
      increases.set(key, (increases.get(key) ?? 0) + increase);
    }
    this.last = packets;
    const counts: PacketCount[] = [];
    for (const [kind, increases] of byKind) {
      for (const [key, increase] of this.series[kind].assign(increases)) {
        const labels = key === undefined ? undefined : (JSON.parse(key) as Readonly<Record<string, string>>);
        counts.push({ kind, labels, increase });
      }
    }
    return counts;
  }
}

function labelsOf(meaning: CounterMeaning): Record<string, string> {
  switch (meaning.kind) {
    case 'unknown-pod':
      return {};
    case 'hits':
      return { namespace: namespaceOf([meaning.policy]), policy: meaning.policy, direction: meaning.direction };
    default: {
      const { policies, direction } = meaning;
      const more = policies.length > NAMED ? ` +${policies.length - NAMED}` : '';
      return { namespace: namespaceOf(policies), policies: `${policies.slice(0, NAMED).join(' ')}${more}`, direction };
    }
  }
}

/** All NetworkPolicies of a set are of one namespace; cluster policies have none. */
function namespaceOf(policies: readonly string[]): string {
  for (const policy of policies) {
    const parts = policy.split('/');
    if (parts.length === 3) return parts[0] ?? '';
  }
  return '';
}
