import { describe, expect, test } from 'vitest';
import type { JsonValue } from '../../../../src/lab/api/json.ts';
import { applyJsonPatch } from '../../../../src/lab/api/patch/json-patch.ts';

const table: readonly [what: string, target: JsonValue, patch: JsonValue, result: JsonValue][] = [
  ['adds a field', { a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { a: 1, b: 2 }],
  ['adds into a list', [1, 3], [{ op: 'add', path: '/1', value: 2 }], [1, 2, 3]],
  ['adds at the end', { l: [1] }, [{ op: 'add', path: '/l/-', value: 2 }], { l: [1, 2] }],
  ['replaces what is there when it adds', { a: 1 }, [{ op: 'add', path: '/a', value: null }], { a: null }],
  ['adds the whole document', { a: 1 }, [{ op: 'add', path: '', value: [] }], []],
  ['removes', { a: { b: 1, c: 2 } }, [{ op: 'remove', path: '/a/b' }], { a: { c: 2 } }],
  ['removes from a list', [1, 2, 3], [{ op: 'remove', path: '/1' }], [1, 3]],
  ['replaces', { a: [1, 2] }, [{ op: 'replace', path: '/a/1', value: 9 }], { a: [1, 9] }],
  ['replaces the whole document', { a: 1 }, [{ op: 'replace', path: '', value: { b: 2 } }], { b: 2 }],
  ['moves', { a: { x: 1 }, b: {} }, [{ op: 'move', from: '/a/x', path: '/b/y' }], { a: {}, b: { y: 1 } }],
  ['moves within a list', [1, 2, 3], [{ op: 'move', from: '/0', path: '/2' }], [2, 3, 1]],
  ['copies', { a: [1] }, [{ op: 'copy', from: '/a', path: '/b' }], { a: [1], b: [1] }],
  [
    'tests without regard to order',
    { a: { x: 1, y: 2 } },
    [{ op: 'test', path: '/a', value: { y: 2, x: 1 } }],
    { a: { x: 1, y: 2 } },
  ],
  [
    'reads ~1 and ~0',
    { 'a/b': 1, 'c~1': 2 },
    [
      { op: 'remove', path: '/a~1b' },
      { op: 'remove', path: '/c~01' },
    ],
    {},
  ],
  ['knows the empty name', { '': 1 }, [{ op: 'replace', path: '/', value: 2 }], { '': 2 }],
  [
    'takes __proto__ for a name',
    {},
    [{ op: 'add', path: '/__proto__', value: 1 }],
    JSON.parse('{"__proto__":1}') as JsonValue,
  ],
];

describe('JSON patch', () => {
  test.each(table)('%s', (_what, target, patch, result) => {
    const before = JSON.stringify(target);
    expect(JSON.stringify(applyJsonPatch(target, patch))).toBe(JSON.stringify(result));
    expect(JSON.stringify(target)).toBe(before);
  });

  test.each<[what: string, target: JsonValue, patch: JsonValue, code: number, message: RegExp]>([
    ['a patch that is no list', {}, {}, 400, /list of operations/],
    ['an operation that is no object', {}, [1], 400, /operation 0/],
    ['an unknown operation', {}, [{ op: 'merge', path: '/a' }], 400, /unexpected kind "merge"/],
    ['no path', {}, [{ op: 'remove' }], 400, /no path/],
    ['a path without a slash', { a: 1 }, [{ op: 'remove', path: 'a' }], 400, /begin with \//],
    ['no value', {}, [{ op: 'add', path: '/a' }], 400, /no value/],
    ['a parent that is missing', {}, [{ op: 'add', path: '/a/b', value: 1 }], 422, /there is no \/a$/],
    ['a field that is missing', {}, [{ op: 'remove', path: '/a~1b' }], 422, /there is no \/a~1b$/],
    ['replacing what is missing', {}, [{ op: 'replace', path: '/a', value: 1 }], 422, /there is no \/a$/],
    ['an index beyond the list', [1], [{ op: 'add', path: '/2', value: 1 }], 422, /not within the list of 1/],
    ['an index with a zero in front', [1, 2], [{ op: 'remove', path: '/01' }], 422, /there is no/],
    ['a test that fails', { a: 1 }, [{ op: 'test', path: '/a', value: 2 }], 422, /testing value \/a failed/],
    ['a move into itself', { a: {} }, [{ op: 'move', from: '/a', path: '/a/b' }], 422, /into itself/],
    ['names of Object.prototype', {}, [{ op: 'remove', path: '/constructor' }], 422, /there is no \/constructor/],
    ['too many operations', {}, Array.from({ length: 10_001 }, () => ({})), 413, /maximum/],
    [
      'copies that double',
      { a: 'x'.repeat(1000) },
      Array.from({ length: 40 }, (_, n) => ({ op: 'copy', from: '', path: `/${n}` })),
      413,
      /copies too much/,
    ],
  ])('refuses %s', (_what, target, patch, code, message) => {
    expect(() => applyJsonPatch(target, patch)).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) as string }),
    );
  });
});
