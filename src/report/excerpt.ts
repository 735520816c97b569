import { positionAt } from '../base/source.ts';
import type { Span } from '../base/source.ts';
import { displayWidth } from './display-width.ts';
import { visible } from './escape.ts';
import type { Palette } from './palette.ts';
import type { Symbols } from './symbols.ts';

export interface ExcerptOptions {
  readonly palette: Palette;
  readonly symbols: Symbols;
  /** Columns available. */
  readonly width: number;
  /** Columns that line numbers take, so that several excerpts line up. */
  readonly gutter: number;
  /** What the carets are painted with. */
  readonly mark: (text: string) => string;
}

const TAB = 4;
const MINIMUM_ROOM = 24;

/**
 * The line a span starts on, with carets under the span. Tabs are expanded, wide characters counted as two columns,
 * a long line is cut to the part around the span, and a span over several lines is marked to the end of its first.
 */
export function renderExcerpt(span: Span, options: ExcerptOptions): string[] {
  const { palette, symbols, gutter } = options;
  const { text } = span.source;
  const { line, column } = positionAt(span.source, span.start);
  const start = Math.min(span.start, text.length);
  const lineStart = start - (column - 1);
  const newline = text.indexOf('\n', lineStart);
  let lineEnd = newline === -1 ? text.length : newline;
  if (text[lineEnd - 1] === '\r' && lineEnd > lineStart) lineEnd--;
  const end = Math.max(start, Math.min(span.end, lineEnd));

  const room = Math.max(MINIMUM_ROOM, options.width - gutter - 5);
  const from = windowStart(text, lineStart, start, lineEnd, room);
  const cut = from > lineStart;

  let shown = cut ? symbols.ellipsis : '';
  let used = displayWidth(shown);
  let before = -1;
  let marked = 0;
  let at = from;
  while (at < lineEnd) {
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    const cell = cellText(character, used);
    const columns = displayWidth(cell);
    if (used + columns > room) {
      shown += symbols.ellipsis;
      break;
    }
    if (at >= start && before === -1) before = used;
    if (at >= start && at < end) marked += columns;
    shown += cell;
    used += columns;
    at += character.length;
  }
  if (before === -1) before = used;

  const number = String(line).padStart(gutter);
  const carets = '^'.repeat(Math.max(1, Math.min(marked, room - before)));
  return [
    `${palette.dim(` ${number} |`)} ${shown}`,
    `${palette.dim(` ${' '.repeat(gutter)} |`)} ${' '.repeat(before)}${options.mark(carets)}`,
  ];
}

/** How one character is shown at a column: tabs expanded, what could act on the terminal spelled out. */
function cellText(character: string, column: number): string {
  return character === '\t' ? ' '.repeat(TAB - (column % TAB)) : visible(character);
}

/** Where to begin showing a line so that the span is in view: its beginning, unless that is too far to the left. */
function windowStart(text: string, lineStart: number, start: number, lineEnd: number, room: number): number {
  // The beginning is best whenever the span starts in the first two thirds, or the whole line fits anyway.
  const near = columnsUpTo(text, lineStart, start, (room * 2) / 3);
  if (near || columnsUpTo(text, lineStart, lineEnd, room)) return lineStart;
  let from = start;
  let columns = 0;
  while (from > lineStart) {
    const step = isPair(text, from - 2) && from - 2 >= lineStart ? 2 : 1;
    columns += displayWidth(cellText(text.slice(from - step, from), 0));
    if (columns > room / 3) break;
    from -= step;
  }
  return from;
}

/** Whether the text from `from` to `to` takes at most `limit` columns; looks at no more than that. */
function columnsUpTo(text: string, from: number, to: number, limit: number): boolean {
  let columns = 0;
  let at = from;
  while (at < to) {
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    columns += displayWidth(cellText(character, columns));
    if (columns > limit) return false;
    at += character.length;
  }
  return true;
}

function isPair(text: string, at: number): boolean {
  const code = text.codePointAt(at);
  return code !== undefined && code > 0xffff;
}

/** How wide line numbers are, so that the excerpts of one finding stand in one column. */
export function gutterOf(spans: readonly (Span | undefined)[]): number {
  let widest = 2;
  for (const span of spans) {
    if (span !== undefined) widest = Math.max(widest, String(positionAt(span.source, span.start).line).length);
  }
  return widest;
}
