import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VersionedMap } from '../../src/base/versioned-map.ts';

const sorted = <K, V>(map: ReadonlyMap<K, V>): [K, V][] => [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));
const changes = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.option(fc.integer(), { nil: undefined })), {
  maxLength: 6,
});

describe('versioned map', () => {
  it('every version stays what it was, from whichever version it was made', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), changes), { maxLength: 20 }), (steps) => {
        const versions = [new VersionedMap<number, number>([[3, 30]])];
        const models = [new Map([[3, 30]])];
        for (const [from, list] of steps) {
          const at = from % versions.length;
          const model = new Map(models[at]);
          for (const [key, value] of list) {
            if (value === undefined) model.delete(key);
            else model.set(key, value);
          }
          versions.push((versions[at] ?? new VersionedMap<number, number>()).with(list));
          models.push(model);
        }
        versions.forEach((version, at) => {
          const model = models[at] ?? new Map();
          expect(sorted(version)).toEqual(sorted(model));
          expect(version.size).toBe(model.size);
          for (let key = 0; key < 10; key++) {
            expect(version.get(key)).toBe(model.get(key));
            expect(version.has(key)).toBe(model.has(key));
          }
        });
        for (const a of versions) {
          for (const b of versions) {
            const changed = a.keysChangedSince(b);
            if (changed === undefined) continue;
            for (let key = 0; key < 10; key++) if (!changed.has(key)) expect(a.get(key)).toBe(b.get(key));
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('versions of one line are compared by what changed between them, others are strangers', () => {
    const first = new VersionedMap([['a', 1]]);
    const second = first.with([['b', 2]]);
    const third = second.with([
      ['a', undefined],
      ['b', 2],
    ]);
    expect(third.keysChangedSince(first)).toEqual(new Set(['b', 'a']));
    expect(first.keysChangedSince(third)).toEqual(new Set(['b', 'a']));
    expect(third.keysChangedSince(second)).toEqual(new Set(['a']));
    expect(third.keysChangedSince(third)).toEqual(new Set());
    expect(third.keysChangedSince(new Map())).toBeUndefined();
    expect(third.keysChangedSince(first.with([['z', 1]]))).toBeUndefined();
  });
});
