import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedSeries } from '../../../src/agent/metrics/bounded-series.ts';

describe('series of a bounded number', () => {
  it('has the largest of the first, and keeps them', () => {
    const series = new BoundedSeries(2);
    expect([
      ...series.assign(
        new Map([
          ['a', 1],
          ['b', 5],
          ['c', 3],
          ['d', 0],
        ]),
      ),
    ]).toEqual([
      [undefined, 1],
      ['b', 5],
      ['c', 3],
    ]);
    expect([
      ...series.assign(
        new Map([
          ['a', 100],
          ['b', 1],
        ]),
      ),
    ]).toEqual([
      [undefined, 100],
      ['b', 1],
    ]);
  });

  it('loses nothing, and never has more', () => {
    const rounds = fc.array(fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), fc.nat(9)), { maxLength: 6 });
    fc.assert(
      fc.property(rounds, fc.nat(4), (list, limit) => {
        const series = new BoundedSeries(limit);
        const names = new Set<string>();
        for (const round of list) {
          const increases = new Map(Object.entries(round));
          const assigned = series.assign(increases);
          const sum = (values: Iterable<number>): number => [...values].reduce((a, b) => a + b, 0);
          expect(sum(assigned.values())).toBe(sum(increases.values()));
          for (const name of assigned.keys()) if (name !== undefined) names.add(name);
        }
        expect(names.size).toBeLessThanOrEqual(limit);
      }),
    );
  });
});
