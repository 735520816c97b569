/**
 * Counts by labels that anybody who may write a policy can choose, as a bounded number of series.
 *
 * The largest of those that come first get a series of their own and keep it: a series that went and came back would
 * look like a restart. All others are counted together.
 */
export class BoundedSeries {
  private readonly limit: number;
  private readonly admitted = new Set<string>();

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Which series each increase belongs to: its own key, or `undefined` for the common one. */
  assign(increases: ReadonlyMap<string, number>): Map<string | undefined, number> {
    const newcomers = [...increases].filter(([key, amount]) => amount > 0 && !this.admitted.has(key));
    newcomers.sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
    for (const [key] of newcomers) if (this.admitted.size < this.limit) this.admitted.add(key);
    const series = new Map<string | undefined, number>();
    for (const [key, amount] of increases) {
      if (amount <= 0) continue;
      const name = this.admitted.has(key) ? key : undefined;
      series.set(name, (series.get(name) ?? 0) + amount);
    }
    return series;
  }
}
