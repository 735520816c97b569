import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSameObject } from '../../../src/io/kubernetes/same-object.ts';

describe('two objects say the same', () => {
  const same: readonly (readonly [unknown, unknown])[] = [
    [1, 1],
    [5n, 5n],
    [undefined, undefined],
    [new Map([['a', 'b']]), new Map([['a', 'b']])],
    [
      { a: [1, { b: 'x' }], c: undefined },
      { c: undefined, a: [1, { b: 'x' }] },
    ],
  ];
  test.each(same)('pair %#', (a, b) => expect([isSameObject(a, b), isSameObject(b, a)]).toEqual([true, true]));

  const different: readonly (readonly [unknown, unknown])[] = [
    [1, '1'],
    [5n, 5],
    [null, undefined],
    [null, {}],
    [[], {}],
    [new Map(), {}],
    [new Map(), []],
    [[1], [1, 2]],
    [[undefined], [null]],
    [{ a: 1 }, { b: 1 }],
    [{ a: undefined }, { b: undefined }],
    [{ a: 1 }, { a: 1, b: 2 }],
    [new Map([['a', 'b']]), new Map([['a', 'c']])],
    [new Map([['a', 'b']]), new Map([['b', 'b']])],
  ];
  test.each(different)('no pair %#', (a, b) =>
    expect([isSameObject(a, b), isSameObject(b, a)]).toEqual([false, false]),
  );

  test('as their JSON does', () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(value, value, (a, b) => {
        const copy: unknown = JSON.parse(JSON.stringify(a));
        const other: unknown = JSON.parse(JSON.stringify(b));
        expect(isSameObject(copy, JSON.parse(JSON.stringify(a)))).toBe(true);
        expect(isSameObject(copy, other)).toBe(isDeepStrictEqual(copy, other));
      }),
    );
  });
});
