/** Text that was read from somewhere, and places in it. */

/** One piece of input text with the name that messages show for it (a path as the user gave it, `-` or `<stdin>`). */
export interface SourceText {
  readonly name: string;
  readonly text: string;
}

/** A half-open range `[start, end)` of UTF-16 offsets into `source.text`. */
export interface Span {
  readonly source: SourceText;
  readonly start: number;
  readonly end: number;
}

/** A place as people and editors count it: both numbers start at 1, columns count UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

const lineStarts = new WeakMap<SourceText, Uint32Array>();

function lineTable(source: SourceText): Uint32Array {
  const known = lineStarts.get(source);
  if (known !== undefined) return known;
  const starts = [0];
  const { text } = source;
  for (let i = text.indexOf('\n'); i !== -1; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  const table = Uint32Array.from(starts);
  lineStarts.set(source, table);
  return table;
}

/** The line and column of an offset. Offsets past the end give the place just behind the last character. */
export function positionAt(source: SourceText, offset: number): Position {
  const at = Math.max(0, Math.min(offset, source.text.length));
  const table = lineTable(source);
  let low = 0;
  let high = table.length - 1;
  while (low < high) {
    const mid = (low + high + 1) >>> 1;
    if ((table[mid] ?? 0) <= at) low = mid;
    else high = mid - 1;
  }
  return { line: low + 1, column: at - (table[low] ?? 0) + 1 };
}

/** `file:line:column` of the start of a span. */
export function spanLabel(span: Span): string {
  const { line, column } = positionAt(span.source, span.start);
  return `${span.source.name}:${line}:${column}`;
}
