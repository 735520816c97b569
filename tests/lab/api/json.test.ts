import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fromEntries,
  get,
  isDeeperThan,
  type JsonObject,
  type JsonValue,
  mapFields,
  sameJson,
  withFields,
} from '../../../src/lab/api/json.ts';

const names = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', '1');
const leaf: fc.Arbitrary<JsonValue | undefined> = fc.constantFrom(undefined, null, 0, '', 'x', true);
const { value } = fc.letrec<{ value: JsonValue | undefined }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.array(
      tie('value').map((item) => item ?? null),
      { maxLength: 3 },
    ),
    fc.array(fc.tuple(names, tie('value')), { maxLength: 3 }).map((entries) => own(entries)),
  ),
}));
const object = fc.array(fc.tuple(names, value), { maxLength: 4 }).map((entries) => own(entries));

/** Keeps what is `undefined`, unlike what is tested. */
function own(entries: readonly (readonly [string, JsonValue | undefined])[]): JsonObject {
  return Object.fromEntries(entries);
}

function entriesOf(of: JsonObject): readonly (readonly [string, JsonValue | undefined])[] {
  return Object.entries(of).filter(([, each]) => each !== undefined);
}

describe('fields whatever they are called', () => {
  it('withFields replaces, adds and takes away, in order', () => {
    fc.assert(
      fc.property(object, object, (before, fields) => {
        const next = withFields(before, fields);
        const expected = new Map([...Object.entries(before), ...Object.entries(fields)]);
        for (const [name, each] of expected) if (each === undefined) expected.delete(name);
        expect(Object.entries(next)).toEqual(Object.entries(Object.fromEntries(expected)));
        expect(Object.getPrototypeOf(next)).toBe(Object.prototype);
      }),
    );
  });

  it('withFields gives the object itself when nothing changes', () => {
    const before = { a: { b: 1 }, c: 'd' };
    expect(withFields(before, { c: 'd', e: undefined })).toBe(before);
    expect(withFields(before, { a: before.a })).toBe(before);
    expect(withFields(before, { a: { b: 1 } })).not.toBe(before);
  });

  it('mapFields changes values, takes fields away, or gives the object itself', () => {
    fc.assert(
      fc.property(object, (before) => {
        const same = mapFields(before, (each) => each);
        expect(Object.entries(same)).toEqual(entriesOf(before));
        if (Object.values(before).every((each) => each !== undefined)) expect(same).toBe(before);
        expect(mapFields(before, () => undefined)).toEqual({});
        expect(Object.entries(mapFields(before, (_, name) => name))).toEqual(
          Object.keys(before).map((name) => [name, name]),
        );
      }),
    );
  });

  it('a field may be called __proto__', () => {
    const made = fromEntries([['__proto__', { polluted: true }]]);
    expect(get(made, '__proto__')).toEqual({ polluted: true });
    expect('polluted' in made).toBe(false);
  });
});

describe('equality and depth', () => {
  it('is that of the JSON with sorted names', () => {
    fc.assert(
      fc.property(value, value, (left, right) => {
        expect(sameJson(left, right)).toBe(sorted(left) === sorted(right));
        expect(sameJson(left, structuredClone(left))).toBe(true);
      }),
    );
  });

  it('counts the levels', () => {
    const levels = (count: number): JsonValue =>
      count === 0 ? 'x' : count % 2 === 0 ? { a: levels(count - 1), b: 1 } : [levels(count - 1)];
    for (const count of [0, 1, 2, 63, 64, 65]) {
      expect(isDeeperThan(levels(count), 64)).toBe(count > 64);
      expect(isDeeperThan(levels(count), count)).toBe(false);
      if (count > 0) expect(isDeeperThan(levels(count), count - 1)).toBe(true);
    }
    expect(isDeeperThan({ a: undefined }, 0)).toBe(false);
    let deep: JsonValue = [];
    for (let count = 0; count < 200_000; count += 1) deep = [deep];
    expect(isDeeperThan(deep, 64)).toBe(true);
  });
});

function sorted(of: JsonValue | undefined): string {
  if (of === undefined) return '';
  if (Array.isArray(of)) return `[${of.map((item: JsonValue) => sorted(item)).join(',')}]`;
  if (typeof of !== 'object' || of === null) return JSON.stringify(of);
  const entries = entriesOf(of as JsonObject).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([name, each]) => `${name}=${sorted(each)}`).join(',')}}`;
}
