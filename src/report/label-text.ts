import type { PortsValue } from '../engine/results.ts';
import type { EdgeLabel } from './map-index.ts';
import { portsText } from './ports-text.ts';

/** What a connection allows, in words: `tcp 80,443`, `maybe tcp 80 [1]`, `tcp 80 (some replicas)`. */
export function labelText(label: EdgeLabel, reasons: Reasons, full = false): string {
  const notes: string[] = [];
  if (label.some) notes.push('some replicas');
  if (label.families !== undefined) {
    notes.push(`IPv4: ${familyText(label.families.IPv4, full)}; IPv6: ${familyText(label.families.IPv6, full)}`);
  }
  const ports = portsText(label.ports, full);
  const base = `${label.certain ? '' : 'maybe '}${ports}${notes.length === 0 ? '' : ` (${notes.join('; ')})`}`;
  const marks = label.certain ? '' : reasons.marks(label.why);
  return marks === '' ? base : `${base} ${marks}`;
}

function familyText(ports: PortsValue | 'none', full: boolean): string {
  return ports === 'none' ? 'none' : portsText(ports, full);
}

/** Numbers the reasons for uncertainty in the order they are first mentioned, and counts what each one affects. */
export class Reasons {
  private readonly numbers = new Map<string, number>();
  private readonly counts: number[] = [];

  /** Notes that `count` connections depend on these reasons. */
  count(why: readonly string[], count = 1): void {
    for (const reason of why) {
      const number = this.numberOf(reason);
      this.counts[number - 1] = (this.counts[number - 1] ?? 0) + count;
    }
  }

  /** `[1]` or `[1,2]`; `''` without reasons. */
  marks(why: readonly string[]): string {
    return why.length === 0 ? '' : `[${why.map((reason) => this.numberOf(reason)).join(',')}]`;
  }

  list(): { readonly number: number; readonly reason: string; readonly count: number }[] {
    return [...this.numbers].map(([reason, number]) => ({ number, reason, count: this.counts[number - 1] ?? 0 }));
  }

  private numberOf(reason: string): number {
    const known = this.numbers.get(reason);
    if (known !== undefined) return known;
    const number = this.numbers.size + 1;
    this.numbers.set(reason, number);
    return number;
  }
}
