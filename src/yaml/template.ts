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
function markerPlace(text: string, at: number, close: string, end: number): Place {
  const newline = text.indexOf('\n', at);
  const lineEnd = newline === -1 || newline > end ? end : newline;
  const closing = text.indexOf(close, at + 2);
  return { start: at, end: closing === -1 || closing >= lineEnd ? Math.min(lineEnd, at + 80) : closing + close.length };
}

/** The first Helm expression of `text[start, end)` outside comments. */
export function findHelmLeftover(text: string, start: number, end: number): Place | undefined {
  for (let at = text.indexOf('{{', start); at !== -1 && at < end; at = text.indexOf('{{', at + 2)) {
    if (!helmExpression.test(text.slice(at, Math.min(at + 120, end)))) continue;
    if (!isInComment(text, at, start)) return markerPlace(text, at, '}}', end);
  }
  return undefined;
}

/**
 * The template marker that explains why `text[start, end)` is not YAML at `at`: one on that line or the line
 * before, or else a line of the document that is nothing but a template directive.
 */
export function templateNear(text: string, at: number, start: number, end: number): Place | undefined {
  const thisLine = lineStart(text, at, start);
  const from = lineStart(text, Math.max(thisLine - 1, start), start);
  const newline = text.indexOf('\n', at);
  const to = newline === -1 || newline > end ? end : newline;
  for (const [open, close] of markers) {
    const found = text.indexOf(open, from);
    if (found !== -1 && found < to && !isInComment(text, found, start)) return markerPlace(text, found, close, end);
  }
  const directive = /^[ \t]*(?:\{\{|<%)/m;
  const head = text.slice(start, Math.min(at, end));
  const match = directive.exec(head);
  if (match === null) return undefined;
  const found = start + match.index + match[0].length - 2;
  return markerPlace(text, found, text.charCodeAt(found) === 60 ? '%>' : '}}', end);
}

export const templateMessage = 'this looks like an unrendered template';
export const templateHelp =
  'render it first, e.g. `helm template . | sallyport map -f -`, `kustomize build`, or `envsubst`, and read the result';
