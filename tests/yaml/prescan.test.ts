import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { prescanKind } from '../../src/yaml/prescan.ts';
import { parse } from './tree.ts';

const guess = (text: string): string | undefined => {
  const found = prescanKind(text, 0, text.length);
  return found === undefined ? undefined : `${found.apiVersion} ${found.kind}`;
};

describe('the kind of a document without parsing it', () => {
  test.each<[text: string, kind: string | undefined]>([
    ['apiVersion: v1\nkind: ConfigMap\ndata:\n  a: b\n', 'v1 ConfigMap'],
    ['---\n# c\napiVersion: apps/v1 # c\n\nkind: "Deployment"\r\nspec:\n- a\n', 'apps/v1 Deployment'],
    ["kind: 'X'\nmetadata: {}\napiVersion: a.b/v1\n", 'a.b/v1 X'],
    ['apiVersion: v1\nkind:\tA\n', 'v1 A'],
    ['kind: A\n', undefined],
    ['apiVersion: v1\n', undefined],
    // Every doubt means: parse.
    ['apiVersion: v1\nkind: A\nkind: B\n', undefined],
    ['apiVersion: v1\nkind: A\n"kind": B\n', undefined],
    ['apiVersion: v1\nkind: A\n? kind\n: B\n', undefined],
    ['apiVersion: v1\nkind: A\n<<: *x\n', undefined],
    ['apiVersion: v1\nkind: A\n  B\n', undefined],
    ['apiVersion: v1\nkind: A\n\n  B\n', undefined],
    ['apiVersion: v1\nkind: &a A\n', undefined],
    ['apiVersion: v1\nkind: !!str A\n', undefined],
    ['apiVersion: v1\nkind: |\n  A\n', undefined],
    ['apiVersion: v1\nkind: A b\n', undefined],
    ['apiVersion: v1\nkind: A#b\n', undefined],
    ['apiVersion: v1\nkind: A\nx: {\nkind: B\n}\n', undefined],
    ['{\nkind: A,\napiVersion: v1\n}', undefined],
    [' {\napiVersion: v1\n, kind: A }', undefined],
    ['--- |\napiVersion: v1\nkind: A\n', undefined],
    ['- apiVersion: v1\n- kind: A\n', undefined],
    ['  apiVersion: v1\n  kind: A\n', undefined],
    ['"apiVersion": v1\nkind: A\n', undefined],
    ['a: "\napiVersion: v1\nkind: A\n"\n', undefined],
  ])('%j', (text, kind) => {
    expect(guess(text)).toBe(kind);
  });

  test('an answer is what parsing finds', () => {
    const line = fc.constantFrom(
      'apiVersion: v1',
      'apiVersion: apps/v1',
      'kind: A',
      'kind: B',
      '"kind": C',
      "'kind': C",
      '? kind',
      ': D',
      'kind:',
      '  E',
      ' kind: F',
      '  kind: G',
      'x: |',
      'x: >-',
      '  kind: H',
      'x: "',
      '"',
      "x: '",
      "'",
      'x: [',
      ']',
      'x: {',
      '}',
      '- a',
      '- kind: I',
      '-',
      '# c',
      '',
      '---',
      '...',
      '<<: *x',
      '<<: {kind: J}',
      'y: &x {kind: K}',
      'kind: *x',
      'kind: &k L',
      'kind: !!str M',
      'kind: "N"',
      'kind: O # c',
      'kind: P\r',
      '\tkind: Q',
      'kind : R',
      '"ki\\x6ed": S',
      '%YAML 1.1',
      '{',
      'kind: 80',
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 7 }), fc.boolean(), (lines, head) => {
        const text = `${head ? 'apiVersion: v1\nkind: A\n' : ''}${lines.join('\n')}\n`;
        if (/^(---|\.\.\.)/m.test(text.slice(3))) return;
        const found = prescanKind(text, 0, text.length);
        if (found === undefined) return;
        const { documents, diagnostics } = parse(text);
        if (diagnostics.length > 0) return;
        const root = documents[0]?.root;
        const fields =
          root?.type === 'mapping'
            ? root.entries.filter(({ key }) => key.value === 'kind' || key.value === 'apiVersion')
            : [];
        expect(
          Object.fromEntries(
            fields.map(({ key, value }) => [key.value, value.type === 'scalar' ? value.value : undefined]),
          ),
        ).toStrictEqual({ ...found });
        expect(fields).toHaveLength(2);
      }),
      { numRuns: 4000, seed: 42 },
    );
  });
});

describe('wants', () => {
  const text = [
    'apiVersion: v1\nkind: ConfigMap\n',
    'apiVersion: v1\nkind: ConfigMap\nbroken: [\n',
    '# with an anchor, so parsed first\napiVersion: &v v1\nkind: ConfigMap\n',
    '{"apiVersion":"v1","kind":"ConfigMap"}\n{"apiVersion":"v1","kind":"Pod"}\n',
    'apiVersion: v1\nkind: Pod\n',
    'apiVersion: apps/v1\nkind: ConfigMap\n',
    'kind: ConfigMap\n',
    '- apiVersion: v1\n  kind: ConfigMap\n',
    'apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n',
  ].join('---\n');

  test('others are counted, whether they were parsed or not', () => {
    const { documents, skipped, diagnostics } = parse(text, { wants: (_apiVersion, kind) => kind !== 'ConfigMap' });
    expect(skipped).toStrictEqual([
      { apiVersion: 'apps/v1', kind: 'ConfigMap', count: 1 },
      { apiVersion: 'v1', kind: 'ConfigMap', count: 4 },
    ]);
    expect(documents.map(({ index }) => index)).toStrictEqual([4, 5, 7, 8, 9]);
    expect(diagnostics).toStrictEqual([]);
  });

  test('it is asked for kinds only where both fields are text', () => {
    const asked: string[] = [];
    parse(text, {
      wants: (apiVersion, kind) => {
        asked.push(`${apiVersion} ${kind}`);
        return true;
      },
    });
    expect(new Set(asked)).toStrictEqual(new Set(['v1 ConfigMap', 'v1 Pod', 'apps/v1 ConfigMap', 'v1 List']));
  });
});
