import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FieldTree, JsonFields, withIdentity } from '../../../src/io/kubernetes/json-fields.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** The same, slowly and obviously. */
function expected(value: Json, tree: FieldTree | true, inList = false): Json {
  if (tree === true || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return inList ? value : value.map((item) => expected(item, tree, true));
  const kept: { [key: string]: Json } = {};
  for (const [key, child] of Object.entries(value)) {
    const escaped = JSON.stringify(key).includes('\\');
    const subtree = escaped ? true : Object.hasOwn(tree, key) ? tree[key] : undefined;
    if (subtree !== undefined) Object.defineProperty(kept, key, { value: expected(child, subtree), enumerable: true });
  }
  return kept;
}

function keep(text: string, tree: FieldTree): string | undefined {
  return new JsonFields(tree).keep(Buffer.from(text))?.toString();
}

describe('fields are kept before parsing', () => {
  const names = fc.constantFrom('a', 'b', 'cc', 'dd', 'a"', '\\', 'é', '');
  const { value: json } = fc.letrec<{ value: Json; object: Json }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, true, 0, -1.5e10, 'x', '[{"', '\\"]}', 'é\u2028'),
      fc.array(tie('value'), { maxLength: 4 }),
      tie('object'),
    ),
    object: fc.dictionary(names, tie('value'), { maxKeys: 5 }),
  }));
  const { tree } = fc.letrec<{ tree: FieldTree }>((tie) => ({
    tree: fc.dictionary(names, fc.oneof({ depthSize: 'small' }, fc.constant(true as const), tie('tree'))),
  }));

  test('and the rest is as if it had never been there', () => {
    fc.assert(
      fc.property(json, tree, fc.constantFrom(0, 1, '\t'), (value, fields, indent) => {
        const text = keep(` ${JSON.stringify(value, undefined, indent)}\n`, fields);
        expect(text === undefined ? undefined : JSON.parse(text)).toEqual(
          JSON.parse(JSON.stringify(expected(value, fields))),
        );
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ['{"a":1,"b":2,"a":3}', { a: true }, '{"a":1,"a":3}'],
    ['{ "b" : [ {"x":1} ] , "a" : [ {"a":1,"b":2}, 3 ] }', { a: { b: true } }, '{"a":[{"b":2},3]}'],
    ['{"\\u0061":1}', { b: true }, '{"\\u0061":1}'],
    ['{"a":{"b":1}}', { a: {} }, '{"a":{}}'],
  ] satisfies readonly (readonly [string, FieldTree, string])[])('%s', (text, fields, kept) => {
    expect(keep(text, fields)).toBe(kept);
  });

  test('one after the other, whatever their size', () => {
    const fields = new JsonFields({ a: true });
    for (const length of [1, 1_000_000, 5]) {
      const text = JSON.stringify({ b: 'y', a: 'x'.repeat(length) });
      expect(fields.keep(Buffer.from(text))?.length).toBe(length + 8);
    }
  });

  const whole = '{"a":{"b":[1,"x"]},"c":{"d":"\\"","e":[[{}]]}}';
  test('what is cut off anywhere is noticed, also in what is left out', () => {
    for (const tree of [{ a: true }, { c: { e: true } }, {}] satisfies FieldTree[]) {
      expect(keep(whole, tree)).toBeDefined();
      for (let length = 0; length < whole.length; length++) expect(keep(whole.slice(0, length), tree)).toBeUndefined();
    }
  });

  test.each(['', '{}}', '{} {}', '{,}', '{"a"}', '{"a":}', '{"a":1 "b":2}', '{a:1}', '[1', '{"a":[1,]}', ']'])(
    '%s is not taken',
    (text) => expect(keep(text, { a: {} })).toBeUndefined(),
  );

  test('what makes an object itself is added', () => {
    const identity = { name: true, namespace: true, uid: true, resourceVersion: true, annotations: true };
    expect(withIdentity({})).toEqual({ metadata: identity });
    expect(withIdentity({ metadata: { labels: true }, spec: true })).toEqual({
      metadata: { labels: true, ...identity },
      spec: true,
    });
    expect(withIdentity({ metadata: true })).toEqual({ metadata: true });
  });
});
