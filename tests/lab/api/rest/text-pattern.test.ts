import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readPattern } from '../../../../src/lab/api/rest/custom-resources/text-pattern.ts';

describe('patterns of schemas', () => {
  test.each<[pattern: string, yes: readonly string[], no: readonly string[]]>([
    ['', ['', 'x'], []],
    ['abc', ['abc', 'xabcx'], ['ab', '']],
    ['^abc$', ['abc'], ['abcd', 'xabc', 'abc\n']],
    ['^a.c$', ['abc', 'a😀c'], ['a\nc', 'ac']],
    ['^(a|bc)*$', ['', 'abca'], ['ab']],
    ['^a{2,3}$', ['aa', 'aaa'], ['a', 'aaaa']],
    ['^a{2,}$', ['aa', 'aaaaa'], ['a']],
    ['^[^a-c]+$', ['xyz'], ['xaz', '']],
    ['^[]x-]+$', [']-x'], ['a']],
    ['^\\d+\\.\\w$', ['12.a'], ['12a', 'x.a']],
    [
      '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
      ['a', 'example.com', 'a-b.c'],
      ['-a', 'a..b', 'A', ''],
    ],
    ['^(?:x|y)?$', ['', 'x'], ['xy']],
    ['^(a?){3}a{3}$', ['aaa', 'aaaaaa'], ['aa', 'aaaaaaa']],
    ['a|^$', ['', 'bab'], ['b']],
  ])('%s', (source, yes, no) => {
    const pattern = readPattern(source);
    expect(yes.map((text) => [text, pattern?.matches(text)])).toEqual(yes.map((text) => [text, true]));
    expect(no.map((text) => [text, pattern?.matches(text)])).toEqual(no.map((text) => [text, false]));
  });

  test.each(['(', '[a', 'a**', '*a', '(?=x)', '(?<n>x)', '\\1', '\\p{L}', '[[:alpha:]]', 'a)', 'a{3,2}', '\\'])(
    'is not evaluated: %s',
    (source) => {
      expect(readPattern(source)).toBeUndefined();
    },
  );

  test('no pattern takes long', () => {
    const pattern = readPattern('^(([a-z]+)+)+!$');
    expect(pattern?.matches('a'.repeat(20_000))).toBe(false);
    expect(readPattern('a{1000}{1000}')).toBeUndefined();
    expect(readPattern('((((){9999}){9999}){9999}){9999}')?.matches('')).toBe(true);
    expect(readPattern('((((a{99}){99}){99}){99})')).toBeUndefined();
  });

  test('the same as the expressions of JavaScript, where those can be trusted', () => {
    const piece = fc.constantFrom(
      'a',
      'b',
      '.',
      '[ab]',
      '[^a]',
      '^',
      '$',
      'a*',
      'b+',
      '(a|b)?',
      '(ab|a)*',
      '(?:a|)',
      'a{1,2}',
      '|',
    );
    const sources = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''));
    const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 8 });
    fc.assert(
      fc.property(sources, texts, (source, text) => {
        const pattern = readPattern(source);
        expect(pattern?.matches(text)).toBe(new RegExp(source, 'u').test(text));
      }),
      { numRuns: 2000 },
    );
  });
});
