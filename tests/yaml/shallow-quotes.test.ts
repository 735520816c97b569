import { describe, expect, test } from 'vitest';
import { parseManifests } from '../../src/yaml/parse.ts';
import type { YamlNode } from '../../src/yaml/node.ts';

function read(text: string) {
  const { documents, diagnostics } = parseManifests({ name: 'in.yaml', text });
  return { values: documents.map(({ root }) => value(root)), messages: diagnostics.map(({ message }) => message) };
}

function value(node: YamlNode): unknown {
  if (node.type === 'scalar') return node.value;
  if (node.type === 'sequence') return node.items.map(value);
  return Object.fromEntries(node.entries.map((entry) => [String(entry.key.value), value(entry.value)]));
}

describe('continuation lines that stand further left than YAML allows, as go-yaml takes them', () => {
  test.each([
    ['note: "one\ntwo"', { note: 'one two' }],
    ["note: 'one\ntwo\n\nthree'", { note: 'one two\nthree' }],
    ['a:\n  note: "one\n  two"\n  b: 1', { a: { note: 'one two', b: 1 } }],
    ['a:\n  note: "one\n two\nthree"', { a: { note: 'one two three' } }],
    ['- "one\n  two"\n- 3', ['one two', 3]],
    ['a: {note: "one\ntwo", b: [c]}', { a: { note: 'one two', b: ['c'] } }],
    ['a: "one \\\ntwo"', { a: 'one two' }],
    ['a: "one\\n\ntwo"', { a: 'one\n two' }],
    ["a: 'it''s\nfine'", { a: "it's fine" }],
    ['a: "one\r\ntwo"\r\nb: y', { a: 'one two', b: true }],
    ['a: &x "one\ntwo"\nb: *x', { a: 'one two', b: 'one two' }],
    ['a: "one #1\ntwo"', { a: 'one #1 two' }],
    ['a: &x [b, # first\n# second\nc\n]', { a: ['b', 'c'] }],
    ['a: &x [b,\nc\n]', { a: ['b', 'c'] }],
  ])('%j', (text, expected) => {
    expect(read(text)).toEqual({ values: [expected], messages: [] });
  });

  test('places stay those of the text', () => {
    const text = 'a: "one\ntwo"\nb: true\n';
    const [document] = parseManifests({ name: 'in.yaml', text }).documents;
    const root = document?.root;
    if (root?.type !== 'mapping') throw new Error('no mapping');
    expect(root.entries.map(({ value: node }) => text.slice(node.start, node.end))).toEqual(['"one\ntwo"', 'true']);
  });

  test('what is wrong elsewhere is still said, at its place', () => {
    const { documents, diagnostics } = parseManifests({ name: 'in.yaml', text: 'a: "one\ntwo"\nb: [c\nd: e\n' });
    expect(documents).toEqual([]);
    expect(diagnostics).toHaveLength(1);
    expect(diagnostics[0]?.span?.start).toBeGreaterThan(13);
  });

  test('a comment that may be part of a quoted text is left alone', () => {
    expect(read('a: &x {b: "c # d", e: "f\ng"}').messages).toEqual(['not valid YAML: deficient indentation']);
  });

  test('a tab is no indentation here either', () => {
    expect(read('a:\n  b: "one\n\ttwo"').messages).toEqual(['not valid YAML: deficient indentation']);
  });

  test('very many such lines end in a message, not in a hang', () => {
    const lines = Array.from({ length: 20_000 }, (_, index) => `word${index}`).join('\n');
    const { values, messages } = read(`a: "${lines}"\nb: 1`);
    expect(values).toEqual([]);
    expect(messages).toEqual(['not valid YAML: deficient indentation']);
  });
});
