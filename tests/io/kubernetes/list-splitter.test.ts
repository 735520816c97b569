import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineSplitter } from '../../../src/io/kubernetes/line-splitter.ts';
import { ListSplitter, ListTooLarge } from '../../../src/io/kubernetes/list-splitter.ts';

/** What a list is cut into when it comes in pieces that end at `cuts` (shares of its length). */
function split(text: string, cuts: readonly number[] = [], maxBytes = 1e6): { items: string[]; frame: string } {
  const bytes = Buffer.from(text);
  const items: string[] = [];
  const splitter = new ListSplitter(maxBytes, (item) => items.push(item.toString('utf8')));
  const ends = [...cuts.map((cut) => Math.floor(cut * bytes.length)), bytes.length].sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    // Windows of a buffer that is written again, as sockets have them.
    const chunk = Buffer.from(bytes.subarray(from, end));
    splitter.push(chunk);
    chunk.fill(0);
    from = end;
  }
  return { items, frame: splitter.frame().toString('utf8') };
}

describe('a list is cut into its items', () => {
  const json = fc.jsonValue({ maxDepth: 4 });
  const listed = fc.record({
    before: fc.dictionary(fc.string(), json),
    items: fc.array(json),
    after: fc.dictionary(fc.string(), json),
    indent: fc.constantFrom(0, 1, '\t'),
    cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true })),
  });

  test('whatever it holds and wherever it is cut on the way', () => {
    fc.assert(
      fc.property(listed, ({ before, items, after, indent, cuts }) => {
        // As text, because objects order some keys and would lose `__proto__`.
        const members = [...Object.entries(before), ['items', items] as const, ...Object.entries(after)]
          .filter(([key, value]) => key !== 'items' || value === items)
          .map(([key, value]) => `${JSON.stringify(key)} : ${JSON.stringify(value, undefined, indent)}`);
        const result = split(`{${members.join(' ,')}\n}`, cuts);
        expect(result.items.map((item) => JSON.parse(item) as unknown)).toEqual(JSON.parse(JSON.stringify(items)));
        const frame = JSON.parse(result.frame) as Record<string, unknown>;
        expect(frame['items']).toEqual([]);
        const others = [...Object.entries(before), ...Object.entries(after)].filter(([key]) => key !== 'items');
        expect(new Set(Object.keys(frame))).toEqual(new Set(['items', ...others.map(([key]) => key)]));
      }),
      { numRuns: 300 },
    );
  });

  const cases: readonly (readonly [string, string, readonly string[], string])[] = [
    ['empty', '{"items":[ \n ]}', [], '{"items":[]}'],
    ['null', '{"items":null,"a":[1]}', [], '{"items":null,"a":[1]}'],
    ['other lists', '{"a":[1,2],"b":{"items":[3]},"items":[4]}', ['4'], '{"a":[1,2],"b":{"items":[3]},"items":[]}'],
    ['the word as a value', '{"kind":"items","a":[1]}', [], '{"kind":"items","a":[1]}'],
    ['longer words', '{"items2":[1],"xitems":[2]}', [], '{"items2":[1],"xitems":[2]}'],
    ['an escape in the key', '{"it\\u0065ms":[1],"items\\"":[2]}', [], '{"it\\u0065ms":[1],"items\\"":[2]}'],
    ['brackets in strings', '{"items":["]},\\"",{"a":"["}]}', ['"]},\\""', '{"a":"["}'], '{"items":[]}'],
    ['nothing between commas', '{"items":[1,,2,]}', ['1', '', '2', ''], '{"items":[]}'],
    ['cut off', '{"items":[1,{"a"', ['1'], '{"items":['],
    ['closing what was not open', ']]}}{"items":[1]}', [], ']]}}{"items":[1]}'],
  ];
  test.each(cases)('%s', (_, text, items, frame) => {
    const everywhere = Array.from({ length: text.length }, (_, i) => i / text.length);
    expect(split(text)).toEqual({ items, frame });
    expect(split(text, everywhere)).toEqual({ items, frame });
  });

  test.each([
    ['an item', `{"items":[1,"${'x'.repeat(200)}"]}`],
    ['the rest', `{"metadata":"${'x'.repeat(200)}","items":[]}`],
  ])('%s that is too large', (_, text) => {
    expect(() => split(text, [], 100)).toThrow(ListTooLarge);
    expect(() => split(text, [0.2, 0.5, 0.8], 100)).toThrow(ListTooLarge);
    expect(split(text, [0.5], 1000).frame).toContain('items');
  });
});

describe('lines', () => {
  test('are whole, wherever they are cut on the way', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.nat(20), (texts, size) => {
        const lines = texts.map((text) => text.replaceAll('\n', ' '));
        const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        const splitter = new LineSplitter(1000);
        const found: string[] = [];
        for (let at = 0; at < bytes.length; at += size + 1)
          expect(splitter.push(bytes.subarray(at, at + size + 1), (line) => found.push(line.toString()))).toBe(true);
        expect(found).toEqual(lines);
        expect(splitter.pendingBytes).toBe(0);
      }),
    );
  });

  test.each([1, 3, 1000])('have a limit, in pieces of %d', (size) => {
    const splitter = new LineSplitter(10);
    const push = (text: string): boolean => {
      let good = true;
      for (let at = 0; at < text.length; at += size)
        good &&= splitter.push(Buffer.from(text.slice(at, at + size)), () => {});
      return good;
    };
    expect(push('0123456789\n')).toBe(true);
    expect(push('0123456789x\n')).toBe(false);
  });
});
