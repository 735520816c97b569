import { describe, expect, test } from 'vitest';
import type { MappingNode } from '../../src/yaml/node.ts';
import { outcome, parse, shape, toValue, valueOf, walk } from './tree.ts';

describe('structure', () => {
  test.each<[text: string, value: unknown]>([
    ['a:\n  b: 1\n  c:\n  - x\n  -\n  - q: 1\n    z: 2\n', { a: { b: 1, c: ['x', null, { q: 1, z: 2 }] } }],
    ['- - a\n  - b\n-\n- c', [['a', 'b'], null, 'c']],
    ['a:\n- b\n- c\nd: 1', { a: ['b', 'c'], d: 1 }],
    ['a: [\n]', { a: [] }],
    // libyaml lets flow collections end at the column of their key; YAML itself does not.
    ['x:\n  a: [\n    b,\n  ]\n  c: {\n  }\n', { x: { a: ['b'], c: {} } }],
    ['a: {\n\n  b\n}', { a: { b: null } }],
    ['{a, b: , c}', { a: null, b: null, c: null }],
    ['[a: 1, b]', [{ a: 1 }, 'b']],
    ['{a:1}', { 'a:1': null }],
    ['{"a":1,"b":[true]}', { a: 1, b: [true] }],
    ['a: [http://x, c:d, x#y]', { a: ['http://x', 'c:d', 'x#y'] }],
    ['? a\n: b\n? c\n', { a: 'b', c: null }],
    ['a: x #y', { a: 'x' }],
    ['a: x#y', { a: 'x#y' }],
    ['a: "#b"', { a: '#b' }],
    ['a: x\n  y\n\n  z', { a: 'x y\nz' }],
    ['a: "x\n\n  y"', { a: 'x\ny' }],
    ['a: |\n x\n  y\n\nb: 1', { a: 'x\n y\n', b: 1 }],
    ['a: >\n x\n y\n\n z\n', { a: 'x y\nz\n' }],
    ['a: |+\n x\n\nb: 1', { a: 'x\n\n', b: 1 }],
    ['- |+\n  foo\n\n\n', ['foo\n\n\n']],
    ['a: |-\n x\n\n', { a: 'x' }],
    ['a: |2\n    x\n', { a: '  x\n' }],
    ['a: |\n  x', { a: 'x' }],
    ['a: |\nb: 1', { a: '', b: 1 }],
    ['a: !!str\nb: 1', { a: '', b: 1 }],
    ['a: "\\x41\\n\\t\\e\\u00e9"', { a: 'A\n\t\u001b\u00e9' }],
    ["a: 'it''s'", { a: "it's" }],
    ['!!map\na: 1', { a: 1 }],
    ['v: !!set {a}', { v: { a: null } }],
    ['v: !!str {a: 1}', { v: { a: 1 } }],
    ['plain', 'plain'],
    ['42', 42],
    ['[]', []],
  ])('%j', (text, value) => {
    expect(valueOf(text)).toStrictEqual(value);
  });

  test('duplicate keys stand in the tree as often as they are written (S23)', () => {
    for (const text of ['a: 1\nb: 2\na: 3\n', '{"a":1,"b":2,"a":3}', 'a: &x 1\nb: 2\na: 3\n']) {
      const root = parse(text).documents[0]?.root as MappingNode;
      expect(root.entries.map(({ key, value }) => [key.value, toValue(value)])).toStrictEqual([
        ['a', 1],
        ['b', 2],
        ['a', 3],
      ]);
    }
  });

  test('keys that look like properties of objects are only keys', () => {
    const root = parse('__proto__: 1\nconstructor: 2\ntoString: 3\n').documents[0]?.root as MappingNode;
    expect(root.entries.map(({ key }) => key.value)).toStrictEqual(['__proto__', 'constructor', 'toString']);
  });
});

describe('anchors and aliases', () => {
  test.each<[text: string, value: unknown]>([
    ['a: &x {p: 1}\nb: *x', { a: { p: 1 }, b: { p: 1 } }],
    ['a: &x 1\nb: &x 2\nc: *x', { a: 1, b: 2, c: 2 }],
    ['a: &x 1\nb: *x\nc: &x 2\n', { a: 1, b: 1, c: 2 }],
    ['- &x a\n- *x\n- *x', ['a', 'a', 'a']],
    ['a: &x\nb: *x', { a: null, b: null }],
    ['&a k: &b v\nc: *a\nd: *b', { k: 'v', c: 'k', d: 'v' }],
    ['a: &x yes\n*x : b', { a: true, true: 'b' }],
    // An anchor counts from where it stands: the inner one is the later.
    ['- &r\n  a: &r 1\n  b: 2\n- *r', [{ a: 1, b: 2 }, 1]],
    ['a: &x 1\n---\nb: 2', { a: 1 }],
  ])('%j', (text, value) => {
    expect(outcome(text).values[0]).toStrictEqual(value);
  });

  test.each([
    ['a: *nope', "unknown anchor 'nope' referenced"],
    ['a: &x {b: *x}', "anchor 'x' value contains itself"],
    ['a: &x 1\n---\nb: *x', "unknown anchor 'x' referenced"],
  ])('%j is refused', (text, message) => {
    expect(outcome(text).problems).toStrictEqual([`yaml-syntax: not valid YAML: ${message}`]);
  });

  test('an alias gives the very node, with the place where it is written', () => {
    const text = 'a: &x {p: 1}\nb: *x\n';
    const root = parse(text).documents[0]?.root as MappingNode;
    const [first, second] = root.entries;
    expect(second?.value).toBe(first?.value);
    expect(text.slice(second?.value.start, second?.value.end)).toBe('{p: 1}');
  });
});

describe('merge keys, in the order of the text as go-yaml applies them', () => {
  test.each<[text: string, value: unknown]>([
    ['a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}', { p: 1, q: 3 }],
    ['a: &x {p: 1, q: 2}\nb: {q: 3, <<: *x}', { p: 1, q: 2 }],
    ['a: &x {p: 1}\nc: &y {p: 2, r: 1}\nb:\n  <<: [*x, *y]\n', { p: 1, r: 1 }],
    ['b:\n  <<: {a: 1}\n  <<: {a: 2}\n', { a: 2 }],
    ['b:\n  "<<": {a: 1}\n', { '<<': { a: 1 } }],
    ['b:\n  !!merge "<<": {a: 1}\n', { a: 1 }],
    ['b:\n  !!str <<: {a: 1}\n', { '<<': { a: 1 } }],
    ['b:\n  ! <<: {a: 1}\n', { a: 1 }],
  ])('%j', (text, value) => {
    expect(valueOf(text)).toHaveProperty('b', value);
  });

  test.each([
    'b:\n  <<: 5\n',
    'b:\n  <<:\n',
    'b:\n  <<: [5]\n',
    'a: &x [1]\nb: {<<: *x}',
    'a: &x {p: 1}\nb: {<<: [[*x]]}',
  ])('%j is refused', (text) => {
    expect(outcome(text).problems).toStrictEqual([
      'yaml-syntax: not valid YAML: map merge requires map or sequence of maps as the value',
    ]);
  });

  test('a key written over a merged one is no duplicate, two written keys are', () => {
    const root = parse('a: &x {p: 1}\nb:\n  <<: *x\n  p: 2\n  p: 3\n').documents[0]?.root as MappingNode;
    const b = root.entries[1]?.value as MappingNode;
    expect(b.entries.map(({ key, value }) => [key.value, toValue(value)])).toStrictEqual([
      ['p', 2],
      ['p', 3],
    ]);
  });
});

describe('spans', () => {
  test('every node slices back to its text', () => {
    const text = [
      '# head',
      'plain: some words   # c',
      '"quoted" :  "a\\nb"',
      "single: 'it''s'",
      'literal: |- # comment with | in it',
      '  one',
      '',
      '  two',
      '',
      'list:',
      '- a',
      '-',
      '- - b',
      'flow: { x: [1, two, ], y: , z }',
      'tagged: !!str 80',
      'anchored: &anchor [q]',
      'alias: *anchor',
      'empty:',
      '',
    ].join('\n');
    const root = parse(text).documents[0]?.root;
    const pieces: string[] = [];
    if (root !== undefined) walk(root, ({ start, end }) => pieces.push(text.slice(start, end)));
    expect(pieces.slice(1)).toStrictEqual([
      'plain',
      'some words',
      '"quoted"',
      '"a\\nb"',
      'single',
      "'it''s'",
      'literal',
      '|- # comment with | in it\n  one\n\n  two',
      'list',
      '- a\n-\n- - b',
      'a',
      '',
      '- b',
      'b',
      'flow',
      '{ x: [1, two, ], y: , z }',
      'x',
      '[1, two, ]',
      '1',
      'two',
      'y',
      '',
      'z',
      '',
      'tagged',
      '80',
      'anchored',
      '[q]',
      'q',
      'alias',
      '[q]',
      'q',
      'empty',
      '',
    ]);
    expect(pieces[0]).toBe(text.slice(text.indexOf('plain'), text.length - 1));
  });

  test('an absent value stands behind its indicator', () => {
    const places = (text: string): number[] => {
      const found: number[] = [];
      const root = parse(text).documents[0]?.root;
      if (root !== undefined) walk(root, (node) => node.start === node.end && found.push(node.start));
      return found;
    };
    expect(places('a:\nb: 1\n')).toStrictEqual([2]);
    expect(places('- \n- 1\n-\n')).toStrictEqual([1, 8]);
    expect(places('{a: , b}')).toStrictEqual([3, 7]);
    expect(places('a: &x\nb: *x\n')).toStrictEqual([5, 5]);
    expect(places('a: !!str\n')).toStrictEqual([8]);
  });

  test('CRLF and a BOM change offsets only', () => {
    const text = 'a: 1\nb:\n  - "x"\n  - |\n    p\n    q\nc: >-\n  r\n  s\nd: e\n  f\n';
    const plain = parse(text).documents.map(({ root }) => shape(root));
    expect(parse(text.replaceAll('\n', '\r\n')).documents.map(({ root }) => shape(root))).toStrictEqual(plain);
    expect(parse(`\ufeff${text}`).documents.map(({ root }) => shape(root))).toStrictEqual(plain);
    const shifted = parse(`\ufeff${text}`).documents[0]?.root;
    expect(shifted?.start).toBe(1);
  });
});
