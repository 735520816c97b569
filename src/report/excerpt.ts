import { positionAt } from '../base/source.ts';
import type { Span } from '../base/source.ts';
import { characterWidth, displayWidth } from './display-width.ts';
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
    const cell = character === '\t' ? ' '.repeat(TAB - (used % TAB)) : visible(character);
    const columns = cell.length === character.length ? characterWidth(character) : cell.length;
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

/** Where to begin showing a line so that the span is in view: its beginning, unless that is too far to the left. */
function windowStart(text: string, lineStart: number, start: number, lineEnd: number, room: number): number {
  // The beginning is best whenever the span starts in the first two thirds, or the whole line fits anyway.
  if (lineEnd - lineStart <= room) {
    const line = text.slice(lineStart, lineEnd);
    if (!line.includes('\t') && displayWidth(line) <= room) return lineStart;
  }
  let columns = 0;
  let at = lineStart;
  while (at < start && columns <= (room * 2) / 3) {
    columns += text[at] === '\t' ? TAB - (columns % TAB) : characterWidth(text.charAt(at));
    at++;
  }
  if (at >= start && columns <= (room * 2) / 3) return lineStart;
  const from = Math.max(lineStart, start - Math.floor(room / 3));
  // Never begin between the halves of a surrogate pair.
  const code = text.charCodeAt(from);
  return code >= 0xdc00 && code <= 0xdfff && from < start ? from + 1 : from;
}
