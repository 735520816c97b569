import { describe, expect, test } from 'vitest';
import { spanLabel } from '../../src/base/source.ts';
import { outcome, parse } from './tree.ts';

/** `line:column [text of the span] code: message` of the only diagnostic. */
function problem(text: string): string {
  const { diagnostics } = parse(text);
  const [first] = diagnostics;
  if (diagnostics.length !== 1 || first?.span === undefined) return `${diagnostics.length} diagnostics`;
  expect(first.severity).toBe('error');
  const { start, end } = first.span;
  return `${spanLabel(first.span).slice('test.yaml:'.length)} [${text.slice(start, end)}] ${first.code}: ${first.message}`;
}

describe('syntax errors have a place, a reason and advice', () => {
  test.each<[text: string, problem: string]>([
    ['a: b: c', '1:5 [:] yaml-syntax: not valid YAML: bad indentation of a mapping entry'],
    ['a:\n  - b\n c: 1', '3:2 [c] yaml-syntax: not valid YAML: bad indentation of a mapping entry'],
    ['a:\n\tb: 1', '2:1 [\t] yaml-syntax: not valid YAML: tab characters must not be used in indentation'],
    ['a: "x', '1:6 [] yaml-syntax: not valid YAML: unexpected end of the stream within a double quoted scalar'],
    ["a: 'x", '1:6 [] yaml-syntax: not valid YAML: unexpected end of the stream within a single quoted scalar'],
    ['a: [1, 2', '1:9 [] yaml-syntax: not valid YAML: unexpected end of the stream within a flow collection'],
    ['a: [1 2, "b" c]', '1:14 [c] yaml-syntax: not valid YAML: missed comma between flow collection entries'],
    ['a: "\\q"', '1:6 [q] yaml-syntax: not valid YAML: unknown escape sequence'],
    [
      'a: b\nc\nd: e',
      '3:2 [:] yaml-syntax: not valid YAML: can not read a block mapping entry; a multiline key may not be an implicit key',
    ],
    ['a: x\u0000y', '1:5 [\u0000] yaml-syntax: not valid YAML: null byte is not allowed in input'],
    ['- a\nb: 1', '2:1 [b] yaml-syntax: not valid YAML: end of the stream or a document separator is expected'],
    ['{"a":1,\n "b" 2}', '2:6 [2] yaml-syntax: not valid YAML: missed comma between flow collection entries'],
    ['{"a":1}\n{"b":}', '2:6 [}] yaml-syntax: not valid JSON: invalid character "}" looking for beginning of value'],
    ['{"a":1}\n{"b":[1,2}', '2:10 [}] yaml-syntax: not valid JSON: invalid character "}" after array element'],
    ['{"a":1', '1:7 [] yaml-syntax: not valid JSON: unexpected end of JSON input'],
    ['{"a":"b', '1:8 [] yaml-syntax: not valid JSON: unexpected end of JSON input'],
  ])('%j', (text, expected) => {
    expect(problem(text)).toBe(expected);
  });

  test('advice', () => {
    const help = (text: string): string | undefined => parse(text).diagnostics[0]?.help;
    expect(help('a:\n\tb: 1')).toMatch(/spaces/);
    expect(help('a: b: c')).toMatch(/quote a value/);
    expect(help('a: "x')).toMatch(/close the quote/);
    expect(help('a: [1')).toMatch(/close the bracket/);
    expect(help('a: *x')).toMatch(/define it first with &x/);
  });

  test('the other documents are read', () => {
    const { documents, diagnostics } = parse('a: 1\n---\nb: [\n---\nc: "\n---\nd: 4\n---\n{"e": \n---\n{"f":6}\n');
    expect(documents.map(({ index }) => index)).toStrictEqual([0, 3, 5]);
    expect(diagnostics.map(({ span }) => (span === undefined ? '' : spanLabel(span)))).toStrictEqual([
      'test.yaml:4:1',
      'test.yaml:6:1',
      'test.yaml:9:6',
    ]);
  });

  test('values before a JSON error are kept', () => {
    expect(outcome('{"a":1}{"b":2}{"c"')).toStrictEqual({
      values: [{ a: 1 }, { b: 2 }],
      problems: ['yaml-syntax: not valid JSON: unexpected end of JSON input'],
    });
  });
});

describe('leftovers of templating', () => {
  test.each<[text: string, place: string]>([
    ['name: {{ .Values.name }}\n', '1:7 [{{ .Values.name }}]'],
    ['name: {{ name }}\n', '1:7 [{{ name }}]'],
    ['- {{ x }}\n', '1:3 [{{ x }}]'],
    ['{{ include "chart.labels" . }}\n', '1:1 [{{ include "chart.labels" . }}]'],
    ['a: 1\n{{- if .Values.on }}\nb: 2\n{{- end }}\n', '2:1 [{{- if .Values.on }}]'],
    ['metadata:\n  labels:\n    {{- toYaml . | nindent 4 }}\n', '3:5 [{{- toYaml . | nindent 4 }}]'],
    ['name: {{ x }}-db\nb: 1\n', '1:7 [{{ x }}]'],
    ['name: "{{ .Release.Name }}"\n', '1:8 [{{ .Release.Name }}]'],
    ['name: db-{{ .Release.Name }}\n', '1:10 [{{ .Release.Name }}]'],
    ['image: "{{ $.Values.image }}"\n', '1:9 [{{ $.Values.image }}]'],
    ['{"name": {{ x }}}\n', '1:10 [{{ x }}]'],
    ['{"name": "{{ .Values.x }}"}\n', '1:11 [{{ .Values.x }}]'],
    ['a: 1\n<% if x %>\nb: 2\n', '2:1 [<% if x %>]'],
    ['a: {b: ${X}}\n', '1:8 [${X}]'],
    ['a: 1\n  ${MORE}\nb: [\n', '2 diagnostics'],
  ])('%j', (text, place) => {
    if (place.endsWith('diagnostics'))
      expect(parse(text).diagnostics.map(({ code }) => code)).toStrictEqual(['yaml-syntax']);
    else {
      const braces = place.slice(place.indexOf('[') + 1, -1);
      expect(problem(text)).toBe(`${place} template-leftover: this looks like an unrendered template: ${braces}`);
      expect(parse(text).diagnostics[0]?.help).toMatch(/render it first/);
    }
  });

  test.each([
    'args: ["--format={{.Name}}", "{{ range .items }}{{ .x }}{{ end }}"]\n',
    'arg: --format={{.Name}}\n',
    'a: ${X}\n',
    'a: "<% x %>"\n',
    '# {{ .Values.x }}\na: 1 # {{ .Release.Name }}\n',
    'a: |\n  {{ range $x := .items }}\n  {{ end }}\n',
  ])('%j is left alone', (text) => {
    expect(parse(text).diagnostics).toStrictEqual([]);
  });

  test('unwanted documents may be templates', () => {
    const text =
      'apiVersion: v1\nkind: ConfigMap\ndata:\n  x: "{{ .Values.x }}"\n---\napiVersion: v1\nkind: Other\nx: {{ y }}\n';
    expect(parse(text, { wants: () => false })).toStrictEqual({
      documents: [],
      skipped: [
        { apiVersion: 'v1', kind: 'ConfigMap', count: 1 },
        { apiVersion: 'v1', kind: 'Other', count: 1 },
      ],
      diagnostics: [],
    });
  });
});

describe('limits', () => {
  const laughs = (levels: number, fanout: number): string => {
    let text = 'a0: &a0 lol\n';
    for (let level = 1; level <= levels; level++)
      text += `a${level}: &a${level} [${Array.from({ length: fanout }, () => `*a${level - 1}`).join(', ')}]\n`;
    return text;
  };

  test('a billion laughs', () => {
    expect(outcome(laughs(5, 10)).problems).toStrictEqual([]);
    expect(outcome(laughs(9, 10))).toStrictEqual({
      values: [],
      problems: ['yaml-limit: aliases and merge keys repeat more than 1000000 values'],
    });
  });

  test('many small laughs count together', () => {
    const text = Array.from({ length: 20 }, () => laughs(5, 10)).join('---\n');
    expect(new Set(outcome(text).problems)).toStrictEqual(
      new Set(['yaml-limit: aliases and merge keys repeat more than 1000000 values']),
    );
  });

  test('merge keys that grow', () => {
    const keys = Array.from({ length: 1000 }, (_, i) => `  k${i}: 1\n`).join('');
    const merges = Array.from({ length: 2000 }, (_, i) => `m${i}:\n  <<: *base\n`).join('');
    expect(outcome(`base: &base\n${keys}${merges}`).problems).toStrictEqual([
      'yaml-limit: aliases and merge keys repeat more than 1000000 values',
    ]);
  });

  test.each([
    ['block lists', '- '.repeat(100_000)],
    ['flow lists', '['.repeat(100_000)],
    ['closed flow lists', '['.repeat(101) + ']'.repeat(101)],
    ['flow mappings', 'a: ' + '{a: '.repeat(100_000)],
    ['JSON lists', '[1,'.repeat(100_000)],
    ['JSON objects', '{"a":'.repeat(100_000)],
    ['block mappings', Array.from({ length: 300 }, (_, i) => `${' '.repeat(i)}a:\n`).join('')],
    ['explicit keys', '? '.repeat(100_000)],
    ['anchored lists', '&a [' + '['.repeat(100_000)],
  ])('depth: %s', (_name, text) => {
    const { problems } = outcome(text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(
      /^yaml-limit: nesting exceeded the limit of levels \(100\)$|^yaml-syntax: not valid YAML: invalid map key/,
    );
  });

  test.each([
    ['flow', (n: number) => '['.repeat(n) + ']'.repeat(n)],
    ['flow with an anchor', (n: number) => '&a ' + '['.repeat(n) + ']'.repeat(n)],
    ['block', (n: number) => `${'- '.repeat(n)}x`],
    ['block with an anchor', (n: number) => `${'- '.repeat(n)}&a x`],
    ['JSON with a comment', (n: number) => `${'{"a":'.repeat(n)}1${'}'.repeat(n)} # c`],
  ])('the depth limit is the same everywhere: %s', (_name, nested) => {
    expect(outcome(nested(100)).problems).toStrictEqual([]);
    expect(outcome(nested(101)).problems).toStrictEqual(['yaml-limit: nesting exceeded the limit of levels (100)']);
    expect(outcome(nested(4), { limits: { maxDepth: 3 } }).problems).toStrictEqual([
      'yaml-limit: nesting exceeded the limit of levels (3)',
    ]);
  });

  test.each(['[1,2,3,4]', '[1, 2, 3, 4] # c', '- 1\n- 2\n- 3\n- &a 4\n', '[1]\n---\n- 2\n---\n- 3\n'])(
    'number of values: %j',
    (text) => {
      expect(outcome(text, { limits: { maxNodes: 6 } }).problems).toStrictEqual([]);
      expect(outcome(text, { limits: { maxNodes: 4 } }).problems).toStrictEqual(['yaml-limit: more than 4 values']);
    },
  );

  test('document length', () => {
    const text = 'a: 1\n---\nb: "012345678901234567890123456789"\n---\nc: 3\n';
    expect(outcome(text, { limits: { maxDocumentLength: 20 } })).toStrictEqual({
      values: [{ a: 1 }, { c: 3 }],
      problems: ['yaml-limit: the document is longer than 20 characters'],
    });
  });

  test('length of what only the event parser reads', () => {
    const plain = 'a: 1\n'.repeat(20);
    expect(outcome(plain, { limits: { maxEventLength: 50 } }).problems).toStrictEqual([]);
    expect(outcome(`${plain}b: &x 1\n`, { limits: { maxEventLength: 50 } }).problems).toStrictEqual([
      'yaml-limit: the document is longer than 50 characters and not written plainly enough to be read at that size',
    ]);
  });

  test('documents that are handed over one by one do not count together', () => {
    const text = '[1, 2]\n---\n- 3\n- 4\n---\n{"a": 5}\n---\n[1, 2, 3, 4, 5]\n';
    const seen: string[] = [];
    const result = parse(text, {
      limits: { maxNodes: 4 },
      visit: {
        onDocument: ({ index }) => seen.push(`document ${index}`),
        onDiagnostic: ({ code }) => seen.push(code),
      },
    });
    expect(seen).toStrictEqual(['document 0', 'document 1', 'document 2', 'yaml-limit']);
    expect(result).toStrictEqual({ documents: [], skipped: [], diagnostics: [] });
  });

  test('values of megabytes are read or refused, never thrown over', () => {
    expect(outcome(`a: .1${'_1'.repeat(4_000_000)}`).problems).toStrictEqual([]);
    expect(outcome(`a: "${'\\n'.repeat(3_000_000)}"`).problems).toStrictEqual([]);
    expect(outcome(`a: !${'x'.repeat(10_000_000)} b`).problems).toStrictEqual([
      'yaml-limit: a value of this document is too long to be read',
    ]);
    expect(outcome(`a: *${'x'.repeat(1_000_000)}`).problems).toStrictEqual([
      `yaml-syntax: not valid YAML: unknown anchor '${'x'.repeat(57)}...' referenced`,
    ]);
  });

  test.each([
    ['colons', ':'.repeat(200_000)],
    ['braces', '{{'.repeat(100_000)],
    ['quotes', '"'.repeat(200_000)],
    ['digits', 'a: ' + '1'.repeat(200_000)],
    ['hexadecimal digits', 'a: 0x' + 'f'.repeat(200_000)],
    ['underscores', 'a: 1' + '_'.repeat(200_000)],
    ['dots', 'a: ' + '1.'.repeat(100_000)],
    ['backslashes', 'a: "' + '\\\\'.repeat(100_000) + '"'],
    ['hashes', ' #'.repeat(100_000)],
    ['markers', '---\n...\n'.repeat(20_000)],
    ['broken documents', '---\n[\n'.repeat(2_000)],
    ['broken templates', '---\n{{ x }}\n'.repeat(2_000)],
    ['shallow lines', 'a: "\n'.repeat(20_000)],
    ['documents of shallow lines', `---\n${'a: "\n'.repeat(40)}`.repeat(2_000)],
    ['duplicate keys', 'a: 1\n'.repeat(50_000)],
    ['merges', 'x: &x {a: 1}\nb:\n' + '  <<: *x\n'.repeat(20_000)],
    ['JSON values', '{}'.repeat(50_000)],
    ['blank lines in a block', 'a: |\n' + '\n'.repeat(200_000)],
    ['tabs', '\t'.repeat(200_000)],
    ['a long line of words', 'a: ' + 'b '.repeat(100_000)],
    ['continuation lines', 'a: b\n' + '  c\n'.repeat(50_000)],
  ])('ends soon: %s', (_name, text) => {
    const started = performance.now();
    parse(text);
    expect(performance.now() - started).toBeLessThan(5000);
  });
});
