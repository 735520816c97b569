import { describe, expect, it } from 'vitest';
import type { JsonValue } from '../../../../src/lab/api/json.ts';
import { firstAt, parseJsonPath } from '../../../../src/lab/api/tables/json-path.ts';

const object = {
  a: { 'b.c': 1, list: [{ x: 1, t: 'one' }, { x: 2, t: 'two' }, { y: 3 }], 'd]': 2, flag: true },
  __proto__: null,
};

describe('paths of columns', () => {
  it.each<[path: string, value: JsonValue | undefined]>([
    ['.a.flag', true],
    ['{.a.flag}', true],
    ['$.a.flag', true],
    ['.a.b\\.c', 1],
    [".a['b.c']", 1],
    ['.a["d]"]', 2],
    ['.a.list[1].x', 2],
    ['.a.list[-1].y', 3],
    ['.a.list[*].y', 3],
    ['.a.list[9].y', undefined],
    ['.a.list[?(@.t=="two")].x', 2],
    [".a.list[?(@.t != 'one')].x", 2],
    ['.a.list[?(@.x==2)].t', 'two'],
    ['.a.list[?(@.t=="none")].x', undefined],
    ['.a.*.x', undefined],
    ['.constructor', undefined],
    ['.a.flag.b', undefined],
  ])('%s', (path, value) => {
    const parsed = parseJsonPath(path);
    expect(parsed).toBeDefined();
    expect(firstAt(object, parsed ?? [])).toEqual(value);
  });

  it.each(['', 'a', '..a', '.a[', '.a[x]', '.a[?(@.t==)]', '.a.', `.${'a'.repeat(1000)}`])('%j is none', (path) => {
    expect(parseJsonPath(path)).toBeUndefined();
  });
});
