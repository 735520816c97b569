/** Random YAML texts for property tests: trees written down in changing styles, and soups of tokens. */
import fc from 'fast-check';

/** One-line scalars in block context; `%` stands for the indentation of the next line. */
const blockScalars = [
  'a',
  'b c',
  'web-1',
  '80',
  '"80"',
  "'yes'",
  'yes',
  '~',
  '',
  '1.5',
  '0644',
  'x:y',
  'http://a/b',
  'a#b',
  '"q\\n\\u00e9"',
  "'it''s'",
  'é',
  '-1',
  '1e3',
  'true',
  '10.0.0.0/8',
  '2001-01-01',
  '|\n%foo\n% bar\n',
  '>-\n%foo\n%bar',
  '|+\n%foo\n\n',
  '>\n%a\n%b\n\n%c\n%  d\n',
  '|-\n\n%x',
  '[a, b]',
  '{a: b, c: }',
  '[]',
  '{}',
  '[ {x: 1}, [2, "3"] ]',
  '{ "k":1, l: [m, n], }',
  '[\n%a, # c\n%b\n%]',
  'a\n%b',
  '"a\n%b\n\n%c"',
  "'a\n%b'",
  '-x',
  '?x',
  ':x',
  'a?',
  'null',
  '<<',
  '=',
  'a, b',
  'a]b',
  'a{b',
] as const;
const withAnchors = ['&x a', '*r', '!!str 1', '!!int "7"', '!x y', '&x [1, 2]', '!!binary aGk='] as const;
const broken = [
  'a: b',
  '- b',
  '"a" b',
  '[a',
  '{a: b',
  '@a',
  '`a',
  '"\\q"',
  '*',
  '&',
  '!<',
  '? x',
  '\ta',
  'a\t#b',
  '"a',
  '{{ x }}',
] as const;
const keys = [
  'a',
  'b',
  'c',
  'd',
  'name',
  '"q"',
  "'s'",
  'x y',
  'k.v/z',
  '80',
  'yes',
  '1.5',
  '-k',
  'é',
  'a"b',
  '"a: b"',
  'a#b',
  'a:b',
] as const;

interface Style {
  /** Extra indentation of nested blocks. */
  readonly indent: number;
  readonly comment: boolean;
  readonly blank: boolean;
}

type Tree =
  | { readonly type: 'scalar'; readonly text: string; readonly style: Style }
  | { readonly type: 'mapping'; readonly entries: readonly (readonly [string, Tree])[]; readonly style: Style }
  | { readonly type: 'sequence'; readonly items: readonly Tree[]; readonly style: Style };

function write(tree: Tree, indent: number): string {
  const pad = ' '.repeat(indent);
  const { style } = tree;
  const lead = (style.blank ? '\n' : '') + (style.comment ? `${pad}# a comment: [\n` : '');
  const child = (node: Tree, prefix: string): string => {
    if (node.type !== 'scalar')
      return `${prefix}${node.style.comment ? ' # c' : ''}\n${write(node, indent + node.style.indent)}`;
    const text = node.text.replaceAll('%', ' '.repeat(indent + 2));
    const isBlock = /^[|>]/.test(text);
    const tail = node.style.comment && !text.includes('\n') ? ' # t' : '';
    return `${prefix}${text === '' ? '' : ` ${text}`}${tail}${isBlock && text.endsWith('\n') ? '' : '\n'}`;
  };
  if (tree.type === 'scalar') return `${lead}${pad}${tree.text.replaceAll('%', `${pad}  `)}\n`;
  if (tree.type === 'mapping') return lead + tree.entries.map(([key, value]) => child(value, `${pad}${key}:`)).join('');
  return (
    lead +
    tree.items
      .map((item) => {
        // Compact form: the collection starts on the line of its dash.
        if (item.type !== 'scalar' && item.style.indent === 2 && !item.style.comment && !item.style.blank)
          return `${pad}- ${write(item, indent + 2).trimStart()}`;
        return child(item, `${pad}-`);
      })
      .join('')
  );
}

function treeOf(scalars: readonly string[], keyTexts: readonly string[]): fc.Arbitrary<Tree> {
  const style: fc.Arbitrary<Style> = fc.record({
    indent: fc.constantFrom(2, 2, 2, 1, 4),
    comment: fc.nat(9).map((n) => n === 0),
    blank: fc.nat(9).map((n) => n === 0),
  });
  return fc.letrec<{ tree: Tree; scalar: Tree; mapping: Tree; sequence: Tree }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4, depthSize: 'small' },
      { weight: 3, arbitrary: tie('scalar') },
      { weight: 3, arbitrary: tie('mapping') },
      { weight: 2, arbitrary: tie('sequence') },
    ),
    scalar: fc.record({ type: fc.constant('scalar' as const), text: fc.constantFrom(...scalars), style }),
    mapping: fc.record({
      type: fc.constant('mapping' as const),
      entries: fc.array(fc.tuple(fc.constantFrom(...keyTexts), tie('tree')), { minLength: 1, maxLength: 4 }),
      style,
    }),
    sequence: fc.record({
      type: fc.constant('sequence' as const),
      items: fc.array(tie('tree'), { minLength: 1, maxLength: 4 }),
      style,
    }),
  })).tree;
}

/** Texts that are nearly always valid, without anchors and tags. */
export const plainYaml: fc.Arbitrary<string> = treeOf(blockScalars, keys).map((tree) => write(tree, 0));

/** The same with anchors, aliases, tags and merge keys. */
export const anchoredYaml: fc.Arbitrary<string> = treeOf(
  [...blockScalars, ...withAnchors],
  [...keys, '<<', '&k kk', '!!str t'],
).map((tree) => `r: &r {p: 1}\nx:\n${write(tree, 2)}`);

/** The same with a mistake here and there. */
export const brokenYaml: fc.Arbitrary<string> = fc
  .tuple(
    treeOf([...blockScalars, ...withAnchors, ...broken], [...keys, '<<', '? x', '[a]', '{a: b}']),
    fc.nat(),
    fc.constantFrom('', ' ', '\n', '\t', ':', '- ', '"', "'", '[', '}', '#', ','),
  )
  .map(([tree, at, insert]) => {
    const text = write(tree, 0);
    const place = at % (text.length + 1);
    return text.slice(0, place) + insert + text.slice(place);
  });

const tokens = [
  'a',
  'b',
  'key',
  ': ',
  ':',
  '- ',
  '-',
  '\n',
  '\n',
  '\n  ',
  '\n ',
  '\n    ',
  ' ',
  '"x"',
  "'y'",
  '"',
  "'",
  '[',
  ']',
  '{',
  '}',
  ',',
  ', ',
  '# c',
  '#',
  '|',
  '>',
  '|-',
  '&x ',
  '*x',
  '!!str ',
  '!!int ',
  '! ',
  '<<: ',
  '? ',
  '1',
  '0644',
  'yes',
  '~',
  'null',
  '1.5',
  '0x1f',
  '\t',
  '---\n',
  '...\n',
  '%',
  '@',
  'é',
  '\\',
  '\\n',
  '<<',
  '\r\n',
  '\r',
  '\ufeff',
  '\u2028',
  '\u0000',
  '{{',
  '}}',
  '${',
] as const;

/** Tokens in any order: mostly nonsense. */
export const tokenSoup: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...tokens), { maxLength: 16 })
  .map((parts) => parts.join(''));
