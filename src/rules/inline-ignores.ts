/** Comments that let a finding pass: `# sallyport-ignore rule-name: reason`. */
import type { SourceText, Span } from '../base/source.ts';
import type { YamlNode } from '../yaml/node.ts';
import { parseManifests } from '../yaml/parse.ts';

/**
 * Behind something on its line it counts for that line. On a line of its own it counts for the next line and all that
 * is indented below it; right above an object, for the whole object.
 */
export interface InlineIgnore {
  readonly rules: readonly string[];
  /** `''` when none is given. */
  readonly reason: string;
  /** The comment. */
  readonly span: Span;
  /** Findings whose place begins in `[start, end)` of the same source. */
  readonly start: number;
  readonly end: number;
}

const WORD = 'sallyport-ignore';

export function inlineIgnores(source: SourceText): readonly InlineIgnore[] {
  const { text } = source;
  if (!text.includes(WORD)) return [];
  const ignores: InlineIgnore[] = [];
  let scalars: readonly YamlNode[] | undefined;
  let objects: readonly YamlNode[] = [];
  for (let at = text.indexOf(WORD); at !== -1; at = text.indexOf(WORD, at + WORD.length)) {
    const hash = hashBefore(text, at);
    if (hash === -1) continue;
    if (scalars === undefined) {
      const roots = parseManifests(source).documents.map(({ root }) => root);
      scalars = longScalars(roots);
      objects = objectsOf(roots);
    }
    // A text that quotes such a comment, a ConfigMap for instance, is none.
    if (scalars.some(({ start, end }) => start <= hash && hash < end)) continue;
    ignores.push(ignoreAt(source, hash, at + WORD.length, objects));
  }
  return ignores;
}

/** The `#` that opens the comment whose first word stands at `at`; -1 when it is not the first word of one. */
function hashBefore(text: string, at: number): number {
  let hash = at - 1;
  while (hash >= 0 && isBlank(text.charCodeAt(hash))) hash--;
  if (text.charAt(hash) !== '#') return -1;
  const before = text.charCodeAt(hash - 1);
  return hash === 0 || isBlank(before) || before === 10 ? hash : -1;
}

function ignoreAt(source: SourceText, hash: number, at: number, objects: readonly YamlNode[]): InlineIgnore {
  const { text } = source;
  const lineEnd = endOfLine(text, hash);
  const comment = text.slice(at, lineEnd).trim();
  const colon = comment.indexOf(':');
  const names = colon === -1 ? comment : comment.slice(0, colon);
  const scope = isAlone(text, hash)
    ? below(text, hash, lineEnd, objects)
    : { start: startOfLine(text, hash), end: lineEnd };
  return {
    rules: names.split(/[\s,]+/).filter((name) => name !== ''),
    reason: colon === -1 ? '' : comment.slice(colon + 1).trim(),
    span: { source, start: hash, end: lineEnd },
    ...scope,
  };
}

/** What stands below a comment on a line of its own. */
function below(
  text: string,
  hash: number,
  lineEnd: number,
  objects: readonly YamlNode[],
): { readonly start: number; readonly end: number } {
  let at = lineEnd + 1;
  // Further comments and blank lines belong to the same head; so does the line that begins the document.
  while (at < text.length) {
    const end = endOfLine(text, at);
    const line = text.slice(at, end).trim();
    if (line !== '' && !line.startsWith('#') && line !== '---') break;
    at = end + 1;
  }
  const first = firstInLine(text, at);
  const object = objects.find(({ start, end }) => start <= first + 2 && first <= start && end > first);
  if (object !== undefined) return { start: at, end: object.end };
  const indent = first - at;
  let end = endOfLine(text, at);
  while (end < text.length) {
    const next = end + 1;
    const nextEnd = endOfLine(text, next);
    const content = firstInLine(text, next);
    const isDeeper = content - next > indent || content >= nextEnd;
    // `- ` of a list may stand as deep as the key above it.
    const isOwnList = content - next === indent && text.charAt(content) === '-' && text.charAt(first) !== '-';
    if (!isDeeper && !isOwnList) break;
    end = nextEnd;
  }
  return { start: Math.max(at, hash), end };
}

function isAlone(text: string, hash: number): boolean {
  return firstInLine(text, startOfLine(text, hash)) === hash;
}

function startOfLine(text: string, at: number): number {
  return text.lastIndexOf('\n', at - 1) + 1;
}

function endOfLine(text: string, at: number): number {
  const newline = text.indexOf('\n', at);
  return newline === -1 ? text.length : newline;
}

function firstInLine(text: string, lineStart: number): number {
  let at = lineStart;
  while (isBlank(text.charCodeAt(at))) at++;
  return at;
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9 || code === 13;
}

/** Texts that may hold a `#` behind a blank. */
function longScalars(roots: readonly YamlNode[]): readonly YamlNode[] {
  const found: YamlNode[] = [];
  const open = [...roots];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.type === 'scalar') {
      if (node.raw.includes(WORD)) found.push(node);
    } else if (node.type === 'sequence') open.push(...node.items);
    else for (const { key, value } of node.entries) open.push(key, value);
  }
  return found;
}

function objectsOf(roots: readonly YamlNode[]): readonly YamlNode[] {
  return roots.flatMap((root) => {
    if (root.type !== 'mapping') return [root];
    const items = root.entries.findLast(({ key }) => key.value === 'items')?.value;
    return items?.type === 'sequence' ? [root, ...items.items] : [root];
  });
}
