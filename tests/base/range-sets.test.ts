import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PairTable } from '../../src/base/pair-table.ts';
import { EMPTY_SET, RangeSets } from '../../src/base/range-sets.ts';

const members = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 40 });

function setOf(sets: RangeSets, values: Iterable<number>): number {
  return sets.ofUnsorted([...values].map((value) => [value, value]));
}

function valuesOf(sets: RangeSets, id: number): number[] {
  const values: number[] = [];
  const ranges = sets.view(id);
  for (let i = 0; i < ranges.length; i += 2) {
    for (let value = ranges[i] ?? 0; value <= (ranges[i + 1] ?? -1); value++) values.push(value);
  }
  return values;
}

const ascending = (values: Iterable<number>): number[] => [...values].sort((a, b) => a - b);

describe('RangeSets', () => {
  it('joins what touches or overlaps, whatever the order', () => {
    const sets = new RangeSets();
    const id = sets.ofUnsorted([
      [8, 9],
      [0, 3],
      [2, 5],
      [6, 6],
    ]);
    expect([...sets.view(id)]).toEqual([0, 6, 8, 9]);
    expect(sets.of([0, 3, 4, 6, 8, 9])).toBe(id);
    expect(sets.rangeCount(id)).toBe(2);
    expect(sets.cardinality(id)).toBe(9);
    expect(sets.of([])).toBe(EMPTY_SET);
  });

  it('refuses a range that ends before it starts', () => {
    expect(() => new RangeSets().of([3, 2])).toThrow('range 3..2');
  });

  it('does what sets do, and equal sets have equal ids', () => {
    const sets = new RangeSets();
    fc.assert(
      fc.property(members, members, (left, right) => {
        const [a, b] = [setOf(sets, left), setOf(sets, right)];
        const [l, r] = [new Set(left), new Set(right)];
        const union = ascending(new Set([...l, ...r]));
        const both = ascending([...l].filter((value) => r.has(value)));
        const rest = ascending([...l].filter((value) => !r.has(value)));
        expect(valuesOf(sets, sets.union(a, b))).toEqual(union);
        expect(valuesOf(sets, sets.intersect(a, b))).toEqual(both);
        expect(valuesOf(sets, sets.subtract(a, b))).toEqual(rest);
        expect(sets.union(a, b)).toBe(setOf(sets, union));
        expect(sets.intersect(a, b)).toBe(setOf(sets, both));
        expect(sets.subtract(a, b)).toBe(setOf(sets, rest));
        expect(sets.cardinality(a)).toBe(l.size);
        for (let value = 0; value <= 61; value++) expect(sets.has(a, value)).toBe(l.has(value));
      }),
      { numRuns: 500 },
    );
    expect(sets.size).toBeGreaterThan(500);
  });
});

describe('PairTable', () => {
  it('remembers pairs, small ones and large ones', () => {
    const table = new PairTable();
    const pairs: [number, number, number][] = [
      [0, 0, 0],
      [3, 15, 7],
      [15, 3, 8],
      [16, 0, 9],
      [900, 1023, 10],
      [1024, 2, 11],
      [2, 1024, 12],
      [70_000, 70_000, 13],
    ];
    for (const [a, b] of pairs) expect(table.get(a, b)).toBe(-1);
    for (const [a, b, value] of pairs) table.set(a, b, value);
    for (const [a, b, value] of pairs) expect(table.get(a, b)).toBe(value);
    expect(table.get(15, 4)).toBe(-1);
    expect(table.get(1023, 900)).toBe(-1);
  });
});
