/** Recognises text that a template engine should have replaced (Helm, Jinja, ERB, envsubst). */

interface Place {
  readonly start: number;
  readonly end: number;
}

const markers: readonly (readonly [string, string])[] = [
  ['{{', '}}'],
  ['<%', '%>'],
  ['${', '}'],
];

/** Inside `{{ }}`, what only Helm writes: a pod's own `{{.Name}}` argument is not a leftover. */
const helmExpression = /^\{\{-?\s*(?:\$?\.(?:Values|Release|Chart|Capabilities)\b|(?:include|tpl)\s+["'$.(]|toYaml\s)/;

function lineStart(text: string, at: number, floor: number): number {
  let start = at;
  while (start > floor && text.charCodeAt(start - 1) !== 10) start--;
  return start;
}

function isInComment(text: string, at: number, floor: number): boolean {
  for (let i = at - 1; i >= floor && text.charCodeAt(i) !== 10; i--)
    if (text.charCodeAt(i) === 35 && (i === floor || text.charCodeAt(i - 1) <= 32)) return true;
  return false;
}

/** From the marker to its closing counterpart on the same line, or to the end of the line. */
export function markerPlace(text: string, at: number, close: string, end: number): Place {
  const line = text.slice(at, Math.min(at + 200, end)).split(/[\r\n]/, 1)[0] ?? '';
  const closing = line.indexOf(close, 2);
  return { start: at, end: at + (closing === -1 ? Math.min(line.length, 80) : closing + close.length) };
}

/** Finds Helm expressions in the documents of one text, which must be asked for in text order. */
export class HelmFinder {
  readonly #text: string;
  /** The first `{{` at or behind the last place asked for: most texts have none, and one search then serves them all. */
  #next: number;

  constructor(text: string) {
    this.#text = text;
    this.#next = text.indexOf('{{');
  }

  /** The first Helm expression of `text[start, end)` outside comments. */
  find(start: number, end: number): Place | undefined {
    const text = this.#text;
    for (;;) {
      const at = this.#next;
      if (at === -1 || at >= end) return undefined;
      if (at >= start && helmExpression.test(text.slice(at, Math.min(at + 120, end))) && !isInComment(text, at, start))
        return markerPlace(text, at, '}}', end);
      this.#next = text.indexOf('{{', Math.max(at + 2, start));
    }
  }
}

/**
 * The template marker that explains why `text[start, end)` is not YAML at `at`: one on that line or the line
 * before, or else a line of the document that is nothing but a template directive.
 */
export function templateNear(text: string, at: number, start: number, end: number): Place | undefined {
  const thisLine = lineStart(text, at, start);
  const from = lineStart(text, Math.max(thisLine - 1, start), start);
  const head = text.slice(start, Math.min(at, end));
  const lines =
    text.slice(from, thisLine) + (text.slice(thisLine, Math.min(end, at + 4096)).split(/[\r\n]/, 1)[0] ?? '');
  for (const [open, close] of markers) {
    const found = lines.indexOf(open);
    if (found !== -1 && !isInComment(text, from + found, start)) return markerPlace(text, from + found, close, end);
  }
  const match = /^[ \t]*(?:\{\{|<%)/m.exec(head);
  if (match === null) return undefined;
  const found = start + match.index + match[0].length - 2;
  return markerPlace(text, found, text.charCodeAt(found) === 60 ? '%>' : '}}', end);
}

export const templateMessage = 'this looks like an unrendered template';
export const templateHelp =
  'render it first, e.g. `helm template . | sallyport map -f -`, `kustomize build`, or `envsubst`, and read the result';
