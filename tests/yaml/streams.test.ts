import { describe, expect, test } from 'vitest';
import { outcome, parse, toValue } from './tree.ts';

/* Measured with the API machinery's YAMLOrJSONDecoder 0.34 unless a comment says that we are more forgiving. */
const streams: readonly (readonly [name: string, text: string, values: readonly unknown[]])[] = [
  ['two documents', 'a: 1\n---\nb: 2', [{ a: 1 }, { b: 2 }]],
  ['a leading marker', '---\na: 1\n', [{ a: 1 }]],
  ['a trailing marker', 'a: 1\n---\n', [{ a: 1 }]],
  ['empty documents', '---\n---\n\n---\na: 1\n---\n---\n', [{ a: 1 }]],
  ['comments only', '# nothing\n---\n# here\n', []],
  ['a comment document between others', 'a: 1\n---\n# c\n---\nb: 1', [{ a: 1 }, { b: 1 }]],
  ['null documents', 'null\n---\n~\n---\na: 1', [{ a: 1 }]],
  ['nothing', '', []],
  ['blank lines', '\n \n\t\n', []],
  ['a marker with a comment', 'a: 1\n--- # c\nb: 2', [{ a: 1 }, { b: 2 }]],
  ['a marker with blanks', 'a: 1\n---  \t\nb: 2', [{ a: 1 }, { b: 2 }]],
  ['an indented marker is text', 'a: 1\n  --- \nb: 2', [{ a: '1 ---', b: 2 }]],
  ['a marker inside a block scalar', 'a: |\n  x\n  ---\n  y\n', [{ a: 'x\n---\ny\n' }]],
  ['an end marker', 'a: 1\n...\n---\nb: 2', [{ a: 1 }, { b: 2 }]],
  ['end markers around comments', '# x\n...\n# y\n---\nb: 2\n...\n# z\n', [{ b: 2 }]],
  ['CRLF', 'a: 1\r\n---\r\nb:\r\n  - c\r\n', [{ a: 1 }, { b: ['c'] }]],
  ['CR alone', 'a: 1\rb: 2\r', [{ a: 1, b: 2 }]],
  ['a BOM', '\ufeffa: 1', [{ a: 1 }]],
  ['a BOM before a marker', '\ufeff---\na: 1', [{ a: 1 }]],
  ['a BOM behind a marker', 'a: 1\n---\n\ufeffb: 1', [{ a: 1 }, { b: 1 }]],
  // kubectl splits before go-yaml sees the directive and then refuses it; YAML allows it.
  ['a version directive', '%YAML 1.1\n---\na: 1', [{ a: 1 }]],
  ['a directive behind a comment', '# c\n%YAML 1.2\n---\na: 1', [{ a: 1 }]],
  ['a tag directive', '%TAG !y! tag:yaml.org,2002:\n---\na: !y!str 1', [{ a: '1' }]],
  ['a directive for the second document', 'a: 1\n...\n%YAML 1.1\n---\nb: 2', [{ a: 1 }, { b: 2 }]],
  // kubectl calls this an invalid separator; YAML allows it.
  ['content on the marker line', '--- {b: 2}\n--- text\n--- |\n x\n', [{ b: 2 }, 'text', 'x\n']],
  ['JSON', '{"a":1}', [{ a: 1 }]],
  ['JSON values side by side', '{"a":1}{"b":2}', [{ a: 1 }, { b: 2 }]],
  ['JSON values on lines', '{"a":1}\n{"b":2}\n', [{ a: 1 }, { b: 2 }]],
  ['a JSON list', '[{"a":1}]', [[{ a: 1 }]]],
  ['JSON behind a BOM', '\ufeff{"a":1}', [{ a: 1 }]],
  ['JSON behind blanks', '\n\t {"a":1}', [{ a: 1 }]],
  ['JSON behind a comment', '# c\n{"a":1}', [{ a: 1 }]],
  ['JSON documents with markers', '{"a":1}\n---\n{"b":2}\n', [{ a: 1 }, { b: 2 }]],
  ['JSON and YAML', '{"a":1}\n---\nb: 2', [{ a: 1 }, { b: 2 }]],
  ['flow YAML', '{a: 1}\n---\nb: 2', [{ a: 1 }, { b: 2 }]],
  ['flow YAML with a trailing comma', '{"a":1,}\n', [{ a: 1 }]],
  ['flow YAML with comments', '{"a":1, # c\n "b": 2}\n# d\n', [{ a: 1, b: 2 }]],
  ['a comment behind JSON', '{"a":1} # c\n', [{ a: 1 }]],
  ['a mapping whose first key is a list', '[a]: 1', []],
];

describe('documents of a text', () => {
  test.each(streams)('%s', (_name, text, values) => {
    expect(outcome(text).values).toStrictEqual(values);
  });

  test('offsets and indexes', () => {
    const text = '\ufeff# head\n---\n# about a\na: 1\n\n---\n---\nb: [\n---\nc: 3\n';
    const { documents, diagnostics } = parse(text);
    expect(documents.map(({ start, end, index }) => [text.slice(start, end), index])).toStrictEqual([
      ['# about a\na: 1', 0],
      ['c: 3', 2],
    ]);
    expect(documents.map(({ root }) => text.slice(root.start, root.end))).toStrictEqual(['a: 1', 'c: 3']);
    expect(diagnostics.map(({ code }) => code)).toStrictEqual(['yaml-syntax']);
  });

  test('text behind an end marker is ignored with a warning, as kubectl ignores it', () => {
    const text = 'a: 1\n...\nb: 2\nc: 3\n---\nd: 4\n';
    const { documents, diagnostics } = parse(text);
    expect(documents.map(({ root }) => toValue(root))).toStrictEqual([{ a: 1 }, { d: 4 }]);
    expect(diagnostics).toHaveLength(1);
    expect(diagnostics[0]).toMatchObject({ severity: 'warning', code: 'yaml-ignored', span: { start: 9, end: 13 } });
  });
});
