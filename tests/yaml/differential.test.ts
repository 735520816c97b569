import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isMap, isScalar, isSeq, parseAllDocuments, stringify } from 'yaml';
import type { Node } from 'yaml';
import { YamlBudget } from '../../src/yaml/budget.ts';
import { composeYaml } from '../../src/yaml/compose.ts';
import { isEverydayText, parseEverydayYaml } from '../../src/yaml/everyday-parser.ts';
import { DEFAULT_YAML_LIMITS } from '../../src/yaml/limits.ts';
import type { YamlNode } from '../../src/yaml/node.ts';
import { DocumentProblem } from '../../src/yaml/problem.ts';
import { TextPool } from '../../src/yaml/text-pool.ts';
import { anchoredYaml, brokenYaml, plainYaml, tokenSoup } from './random-yaml.ts';
import { parse, shape, toValue, valueOf, walk } from './tree.ts';

/**
 * The tree as the `yaml` package sees it, scalars unresolved: with its failsafe schema every scalar is its text, so
 * that the differences between YAML 1.1, 1.2 and Kubernetes play no part. `undefined` when it finds an error.
 */
function otherTree(text: string): unknown {
  const documents = parseAllDocuments(text, {
    schema: 'failsafe',
    uniqueKeys: false,
    strict: false,
    logLevel: 'silent',
    stringKeys: false,
  });
  if (!Array.isArray(documents) || documents.length !== 1) return undefined;
  const [document] = documents;
  if (document === undefined || document.errors.length > 0 || document.contents === null) return undefined;
  const convert = (node: Node | null | undefined): unknown => {
    if (node === null || node === undefined) return '';
    if (isMap<Node, Node | null>(node))
      return { entries: node.items.map(({ key, value }) => [convert(key), convert(value)]) };
    if (isSeq<Node>(node)) return node.items.map(convert);
    if (isScalar(node)) return typeof node.value === 'string' ? node.value : '';
    return undefined;
  };
  return convert(document.contents);
}

function rawTree(node: YamlNode): unknown {
  if (node.type === 'scalar') return node.raw;
  if (node.type === 'sequence') return node.items.map(rawTree);
  return { entries: node.entries.map(({ key, value }) => [key.raw, rawTree(value)]) };
}

/** libyaml keeps the end of a text that has no last line break as it is, the `yaml` package adds the break. */
const closed = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`);

const runs = { seed: 20_260_101, numRuns: 800 };

describe('against the yaml package', () => {
  test('generated documents have the same structure and texts', () => {
    let compared = 0;
    fc.assert(
      fc.property(plainYaml, (text) => {
        const expected = otherTree(text);
        const { documents, diagnostics } = parse(text);
        const [document] = documents;
        if (expected === undefined || diagnostics.length > 0 || document === undefined) return;
        compared++;
        expect(rawTree(document.root)).toStrictEqual(expected);
      }),
      runs,
    );
    expect(compared).toBeGreaterThan(runs.numRuns / 4);
  });

  test('what it accepts of generated documents, we accept', () => {
    fc.assert(
      fc.property(plainYaml, (text) => {
        fc.pre(otherTree(text) !== undefined);
        const { diagnostics } = parse(text);
        expect(diagnostics.map(({ message }) => message)).toStrictEqual([]);
      }),
      runs,
    );
  });

  test('broken documents and soups: where both find a tree, it is the same', () => {
    let compared = 0;
    fc.assert(
      fc.property(fc.oneof(brokenYaml, tokenSoup.map(closed)), (text) => {
        // Aliases, merge keys and tags are resolved by us and not by the other side.
        fc.pre(!/[*!&\r\u2028\ufeff]|<<|^(?:\.\.\.|---)/m.test(text));
        const expected = otherTree(text);
        const { documents, diagnostics } = parse(text);
        const [document] = documents;
        if (expected === undefined || diagnostics.length > 0 || document === undefined) return;
        compared++;
        expect(rawTree(document.root)).toStrictEqual(expected);
      }),
      { ...runs, numRuns: 2500 },
    );
    expect(compared).toBeGreaterThan(100);
  });

  test('values written by it come back', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 30 }),
      fc.constantFrom(
        'yes',
        'no',
        'on',
        'off',
        'y',
        'n',
        '0644',
        '1e3',
        '~',
        'null',
        '',
        ' ',
        'a: b',
        '- a',
        '#',
        'a #b',
        '1:30',
        '1_000',
        '2001-01-01',
        'line\nline\n',
        ' indented\ntext',
        '.inf',
        '0x1f',
        '{{ x }}',
        '\ttab',
        "it's",
        '"',
      ),
    );
    const value = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3, depthSize: 'small' },
        text,
        fc.constantFrom(true, false, null),
        fc.integer(),
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? 0 : n)),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(
          text.filter((key) => key !== '__proto__'),
          tie('value'),
          { maxKeys: 4, noNullPrototype: true },
        ),
      ),
    })).value;
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(value, { maxLength: 3 }),
          fc.dictionary(
            text.filter((key) => key !== '__proto__'),
            value,
            { maxKeys: 3, noNullPrototype: true },
          ),
        ),
        fc.constantFrom('any' as const, 'block' as const, 'flow' as const),
        fc.boolean(),
        fc.boolean(),
        fc.constantFrom(
          'PLAIN' as const,
          'QUOTE_DOUBLE' as const,
          'QUOTE_SINGLE' as const,
          'BLOCK_LITERAL' as const,
          'BLOCK_FOLDED' as const,
        ),
        (content, collectionStyle, indentSeq, singleQuote, defaultStringType) => {
          const written = stringify(content, {
            version: '1.1',
            collectionStyle,
            indentSeq,
            singleQuote,
            defaultStringType,
            defaultKeyType: 'QUOTE_DOUBLE',
            aliasDuplicateObjects: false,
          });
          // U+0085 and the like end lines for YAML 1.1 only; Helm expressions are refused on purpose.
          fc.pre(!/[\u0085\u2028\u2029\ufeff\ud800-\udfff]/.test(written));
          // In block style it puts empty collections at the column of their key, which go-yaml refuses.
          fc.pre(!/^\s*(?:\[\]|\{\})$/m.test(written));
          // Block styles for text with blank ends are read differently by every parser.
          fc.pre(
            !defaultStringType.startsWith('BLOCK') ||
              !/"(?:\\n|\s)|(?:\\n|\s)"|\\t|\\n\s/.test(JSON.stringify(content)),
          );
          expect(valueOf(written)).toStrictEqual(content);
        },
      ),
      { ...runs, numRuns: 500 },
    );
  });
});

describe('the everyday parser is the event parser, only faster', () => {
  /** Everything about a document, places included; the message when it is refused. */
  function byEvents(text: string): unknown {
    try {
      return composeYaml(text, 0, text.length, new YamlBudget(DEFAULT_YAML_LIMITS)).map(({ root }) => root);
    } catch (error) {
      if (error instanceof DocumentProblem) return error.message;
      throw error;
    }
  }

  test.each([
    ['valid documents', plainYaml, 0.5],
    ['documents with anchors', anchoredYaml, 0],
    ['broken documents', brokenYaml, 0.1],
    ['soups', tokenSoup, 0.02],
  ] as const)('%s', (_name, texts, share) => {
    let handled = 0;
    fc.assert(
      fc.property(texts, (text) => {
        // The parser is given one document, as the splitter cuts it.
        fc.pre(isEverydayText(text) && !text.startsWith('...') && !/^(?:---|\.\.\.)/m.test(text.slice(1)));
        const budget = new YamlBudget(DEFAULT_YAML_LIMITS);
        const everyday = parseEverydayYaml(text, 0, text.length, budget, new TextPool(text));
        if (everyday === undefined) {
          expect(budget.walked).toBe(0);
          return;
        }
        handled++;
        const events = byEvents(text);
        // libyaml, and so the everyday parser, lets flow collections end further left than YAML allows.
        if (events === 'deficient indentation') return;
        const roots = Array.isArray(events)
          ? events.filter((root: YamlNode | undefined) => root?.type !== 'scalar' || root.value !== null)
          : events;
        const { root } = everyday;
        expect(root === undefined || (root.type === 'scalar' && root.value === null) ? [] : [root]).toStrictEqual(
          roots,
        );
      }),
      { ...runs, numRuns: 1500 },
    );
    expect(handled).toBeGreaterThanOrEqual(1500 * share);
  });
});

describe('variants of a text', () => {
  test('CRLF line breaks and a byte order mark change no value', () => {
    fc.assert(
      fc.property(fc.oneof(plainYaml, anchoredYaml), (text) => {
        const of = (variant: string): unknown => {
          const { documents, diagnostics } = parse(variant);
          return [documents.map(({ root }) => shape(root)), diagnostics.map(({ code }) => code)];
        };
        const plain = of(text);
        expect(of(text.replaceAll('\n', '\r\n'))).toStrictEqual(plain);
        expect(of(`\ufeff${text}`)).toStrictEqual(plain);
        expect(of(`---\n${text}`)).toStrictEqual(plain);
        expect(of(`# head\n--- # here\n${text}...\n`)).toStrictEqual(plain);
      }),
      { ...runs, numRuns: 500 },
    );
  });

  test('a document reads the same alone and between others', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(plainYaml, brokenYaml), { minLength: 1, maxLength: 4 }), (texts) => {
        fc.pre(texts.every((text) => !/^(?:---|\.\.\.)|\r|\{\{/m.test(text)));
        const alone = texts.flatMap((text) => parse(text).documents.map(({ root }) => shape(root)));
        const together = parse(texts.map(closed).join('---\n')).documents.map(({ root }) => shape(root));
        if (texts.every((text) => text.endsWith('\n'))) expect(together).toStrictEqual(alone);
      }),
      { ...runs, numRuns: 300 },
    );
  });
});

describe('spans', () => {
  test('parse again to the same, nest, and keep their order', () => {
    fc.assert(
      fc.property(plainYaml, (text) => {
        const [document] = parse(text).documents;
        if (document === undefined) return;
        walk(document.root, (node, isKey) => {
          expect(node.start).toBeLessThanOrEqual(node.end);
          expect(node.end).toBeLessThanOrEqual(text.length);
          const piece = text.slice(node.start, node.end);
          expect(piece).toBe(piece.trim());
          if (node.type === 'scalar') {
            if (node.quoted && /^["']/.test(piece)) expect(piece.at(-1)).toBe(piece.at(0));
            else if (!/[\n|>]/.test(piece)) expect(piece).toBe(node.raw);
            // Alone in a text, a scalar of one line is the same scalar.
            if (piece !== '' && !piece.includes('\n') && !isKey && !/^[|>]/.test(piece))
              expect(valueOf(`[${piece}]`.replace(/^\[([^"'].*[,[\]{}].*)\]$/, '- $1'))).toStrictEqual([node.value]);
          } else {
            let last = node.start;
            const children =
              node.type === 'sequence' ? node.items : node.entries.flatMap(({ key, value }) => [key, value]);
            for (const child of children) {
              expect(child.start).toBeGreaterThanOrEqual(last);
              expect(child.end).toBeLessThanOrEqual(node.end);
              last = child.end;
            }
          }
        });
      }),
      { ...runs, numRuns: 300 },
    );
  });
});

describe('JSON', () => {
  test('is what JSON.parse reads, in any layout', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 5 }),
        fc.constantFrom('', ' ', '  ', '\t', '\n'),
        fc.constantFrom('', '\ufeff', '\n ', '\t\r\n'),
        (value, space, head) => {
          const written = JSON.stringify(
            typeof value === 'object' && value !== null ? value : [value],
            undefined,
            space,
          );
          fc.pre(!written.includes('__proto__'));
          const text = head + written;
          const { documents, diagnostics } = parse(text);
          expect(diagnostics).toStrictEqual([]);
          expect(documents.map(({ root }) => toValue(root))).toStrictEqual([JSON.parse(written)]);
          const [document] = documents;
          if (document === undefined) return;
          walk(document.root, (node) => {
            expect(toValue(node)).toStrictEqual(JSON.parse(text.slice(node.start, node.end)));
          });
        },
      ),
      { ...runs, numRuns: 500 },
    );
  });

  test('damaged JSON is never taken for something that JSON.parse and YAML both refuse', () => {
    const base = '{"a":[1,-2.5e3,true,null,"x\\n\\u00e9"],"b":{"c":{},"d":[]}}';
    fc.assert(
      fc.property(
        fc.nat(base.length),
        fc.nat(3),
        fc.constantFrom('', '"', ',', '}', ']', '\\', '1', '0', '-', '.', 'e', '{', ' ', '\n', '\u0001'),
        (at, drop, insert) => {
          const text = base.slice(0, at) + insert + base.slice(at + drop);
          let expected: unknown;
          try {
            expected = JSON.parse(text);
          } catch {
            return;
          }
          if (typeof expected === 'object' && expected !== null)
            expect(parse(text).documents.map(({ root }) => toValue(root))).toStrictEqual([expected]);
        },
      ),
      { ...runs, numRuns: 300 },
    );
  });

  test('a JSON text read as YAML gives the same tree', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4, stringUnit: 'grapheme-ascii' }), (value) => {
        const json = JSON.stringify(typeof value === 'object' && value !== null ? value : [value]);
        const strip = (text: string): unknown => parse(text).documents.map(({ root }) => shape(root));
        // go-yaml knows no `\/`, and DEL must be escaped in YAML only.
        fc.pre(!json.includes('\u007f'));
        expect(strip(`# YAML\n${json} # YAML`)).toStrictEqual(strip(json));
      }),
      { ...runs, numRuns: 300 },
    );
  });
});

describe('anything', () => {
  test('never throws, and every span lies in the text', () => {
    fc.assert(
      fc.property(
        fc.oneof(tokenSoup, brokenYaml, anchoredYaml, fc.string({ unit: 'binary', maxLength: 40 })),
        (text) => {
          const { documents, diagnostics } = parse(text, { wants: (_apiVersion, kind) => kind !== 'Unwanted' });
          for (const { span, message, severity } of diagnostics) {
            expect(message.length).toBeGreaterThan(0);
            expect(span).toBeDefined();
            expect(span?.start).toBeGreaterThanOrEqual(0);
            expect(span?.start).toBeLessThanOrEqual(span?.end ?? 0);
            expect(span?.end).toBeLessThanOrEqual(text.length);
            expect(['error', 'warning']).toContain(severity);
          }
          for (const { root, start, end } of documents) {
            expect(start).toBeGreaterThanOrEqual(0);
            expect(end).toBeLessThanOrEqual(text.length);
            walk(root, (node) => expect(node.start <= node.end && node.end <= text.length).toBe(true));
          }
        },
      ),
      { ...runs, numRuns: 2000 },
    );
  });
});
