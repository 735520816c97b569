/** From a decoded object back to its text: every field with its place. */
import type { SourceText, Span } from '../base/source.ts';
import type { ScalarNode, YamlNode } from '../yaml/node.ts';
import { parseManifests } from '../yaml/parse.ts';

/** Field names and list positions: `spec.ingress[0].from`, then further steps where keys may hold dots. */
export type PathStep = string | number;

export interface Located {
  readonly source: SourceText;
  readonly node: YamlNode;
  /** The key it stands under; absent for list items and the object itself. */
  readonly key: ScalarNode | undefined;
  /** The mapping or sequence that it stands in; absent for the object itself. */
  readonly parent: YamlNode | undefined;
  /** The whole object. */
  readonly root: YamlNode;
  /** From the key, or the value of a list item, to the end of the value. */
  readonly span: Span;
  /** The value alone. */
  readonly valueSpan: Span;
}

interface WithSpan {
  readonly span: Span | undefined;
}

const roots = new WeakMap<Span, YamlNode | 'unreadable'>();

/** The node of the whole object, read again from its text; `undefined` when there is none. */
export function objectNode({ span }: WithSpan): YamlNode | undefined {
  if (span === undefined) return undefined;
  let root = roots.get(span);
  if (root === undefined) {
    root = readSlice(span) ?? readWhole(span) ?? 'unreadable';
    roots.set(span, root);
  }
  return root === 'unreadable' ? undefined : root;
}

/**
 * The field at a path: `locate(policy, 'spec.ingress[0]', 'from', 1, 'podSelector')`. The first step may be a whole path
 * in the API server's notation. `undefined` when the object has no text or no such field is written.
 */
export function locate(object: WithSpan, ...path: readonly PathStep[]): Located | undefined {
  const found = walk(object, path);
  return found?.complete === true ? found.located : undefined;
}

/** The place of the field at a path, or of the nearest thing around it that is written: for pointing. */
export function placeOf(object: WithSpan, ...path: readonly PathStep[]): Span | undefined {
  return walk(object, path)?.located.span ?? object.span;
}

function walk(
  object: WithSpan,
  path: readonly PathStep[],
): { readonly located: Located; readonly complete: boolean } | undefined {
  const { span } = object;
  const root = objectNode(object);
  if (span === undefined || root === undefined) return undefined;
  const { source } = span;
  let located: Located = { source, node: root, key: undefined, parent: undefined, root, span, valueSpan: span };
  for (const step of steps(path)) {
    const next = child(located, step);
    if (next === undefined) return { located, complete: false };
    located = next;
  }
  return { located, complete: true };
}

function steps(path: readonly PathStep[]): readonly PathStep[] {
  const [first, ...rest] = path;
  if (typeof first !== 'string') return path;
  return [...parsePath(first), ...rest];
}

/** `spec.ingress[0].from` as steps. */
function parsePath(text: string): PathStep[] {
  const parts: PathStep[] = [];
  for (const part of text.split('.')) {
    const [name = '', ...indexes] = part.split('[');
    if (name !== '') parts.push(name);
    for (const index of indexes) parts.push(Number.parseInt(index, 10));
  }
  return parts;
}

function child(of: Located, step: PathStep): Located | undefined {
  const { source, node, root } = of;
  if (typeof step === 'number') {
    const item = node.type === 'sequence' ? node.items[step] : undefined;
    if (item === undefined) return undefined;
    const span = { source, start: item.start, end: item.end };
    return { source, node: item, key: undefined, parent: node, root, span, valueSpan: span };
  }
  // The last one of duplicate keys counts, as it does for the decoder.
  const entry = node.type === 'mapping' ? node.entries.findLast(({ key }) => String(key.value) === step) : undefined;
  if (entry === undefined) return undefined;
  const { key, value } = entry;
  return {
    source,
    node: value,
    key,
    parent: node,
    root,
    span: { source, start: key.start, end: Math.max(key.end, value.end) },
    valueSpan: { source, start: value.start, end: value.end },
  };
}

/**
 * Reads the object's own text alone, indented as far as it stands in its file: a large file is not read again for one
 * object. Fails where the text uses anchors from elsewhere.
 */
export function readSlice({ source, start, end }: Span): YamlNode | undefined {
  // Braces need no indentation, and JSON may be one line of megabytes.
  const isFlow = source.text.startsWith('{', start);
  const indent = isFlow ? 0 : start - (source.text.lastIndexOf('\n', start - 1) + 1);
  const slice: SourceText = { name: source.name, text: ' '.repeat(indent) + source.text.slice(start, end) };
  const { documents, diagnostics } = parseManifests(slice);
  const [only] = documents;
  if (only === undefined || documents.length > 1 || diagnostics.length > 0) return undefined;
  return shifted(only.root, start - indent);
}

/** A copy whose offsets are those of the whole text. Depth is bounded by the parser. */
function shifted(node: YamlNode, by: number): YamlNode {
  const start = node.start + by;
  const end = node.end + by;
  switch (node.type) {
    case 'scalar':
      return { ...node, start, end };
    case 'sequence':
      return { type: 'sequence', start, end, items: node.items.map((item) => shifted(item, by)) };
    case 'mapping':
      return {
        type: 'mapping',
        start,
        end,
        entries: node.entries.map(({ key, value }) => ({
          key: { ...key, start: key.start + by, end: key.end + by },
          value: shifted(value, by),
        })),
      };
  }
}

function readWhole({ source, start, end }: Span): YamlNode | undefined {
  for (const { root } of parseManifests(source).documents) {
    if (root.start === start && root.end === end) return root;
    if (root.type !== 'mapping') continue;
    const items = root.entries.findLast(({ key }) => key.value === 'items')?.value;
    if (items?.type !== 'sequence') continue;
    const found = items.items.find((item) => item.start === start && item.end === end);
    if (found !== undefined) return found;
  }
  return undefined;
}
