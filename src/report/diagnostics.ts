import type { Diagnostic } from '../base/diagnostic.ts';
import { spanLabel } from '../base/source.ts';
import type { Span } from '../base/source.ts';
import { countSeverities, sortDiagnostics } from './diagnostics-order.ts';
import { visible } from './escape.ts';
import { gutterOf, renderExcerpt } from './excerpt.ts';
import { paintOf, type Palette } from './palette.ts';
import { asciiSymbols, unicodeSymbols } from './symbols.ts';
import { countOf } from './wording.ts';

export interface DiagnosticsOptions {
  readonly palette: Palette;
  /** Columns; 100 when not given. */
  readonly width?: number;
  /** Show the line of the file with the place marked. */
  readonly excerpts?: boolean;
  /** At most so many findings are shown; the closing count always has all. */
  readonly limit?: number;
  readonly ascii?: boolean;
}

const DEFAULT_WIDTH = 100;

/**
 * Findings for people: `file:line:column: error: message`, the marked line, related places, the object and what to
 * do. Sorted by file and place, one blank line between files, a count at the end. `''` when there are none.
 */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], options: DiagnosticsOptions): string {
  if (diagnostics.length === 0) return '';
  const sorted = sortDiagnostics(diagnostics);
  const shown = sorted.slice(0, options.limit ?? sorted.length);
  const lines: string[] = [];
  let file: string | undefined;
  for (const [i, diagnostic] of shown.entries()) {
    const name = diagnostic.span?.source.name;
    if (i > 0 && (options.excerpts === true || name !== file)) lines.push('');
    file = name;
    appendDiagnostic(diagnostic, options, lines);
  }
  lines.push('');
  const files = new Set(sorted.map((d) => d.span?.source.name).filter((name) => name !== undefined)).size;
  const hidden = sorted.length - shown.length;
  const total = `${countSeverities(sorted)}${files > 0 ? ` in ${countOf(files, 'file')}` : ''}`;
  lines.push(options.palette.bold(total) + (hidden > 0 ? `, the first ${shown.length} shown` : ''));
  return `${lines.join('\n')}\n`;
}

function appendDiagnostic(diagnostic: Diagnostic, options: DiagnosticsOptions, lines: string[]): void {
  const { palette } = options;
  const { span, related = [] } = diagnostic;
  const paint = paintOf(diagnostic.severity, palette);
  const word = diagnostic.severity === 'info' ? 'note' : diagnostic.severity;
  const place = span === undefined ? '' : `${palette.bold(visible(spanLabel(span)))}: `;
  lines.push(`${place}${paint(word)}: ${visible(diagnostic.message)}`);

  const gutter = gutterOf([span, ...related.map((r) => r.span)]);
  const excerpt = (at: Span, mark: (text: string) => string): void => {
    if (options.excerpts !== true) return;
    const symbols = options.ascii === true ? asciiSymbols : unicodeSymbols;
    lines.push(...renderExcerpt(at, { palette, symbols, width: options.width ?? DEFAULT_WIDTH, gutter, mark }));
  };
  if (span !== undefined) excerpt(span, paint);
  for (const { message, span: at } of related) {
    lines.push(`  ${visible(spanLabel(at))}: ${visible(message)}`);
    excerpt(at, palette.cyan);
  }
  if (diagnostic.object !== undefined) lines.push(`  ${palette.dim('in:')} ${visible(diagnostic.object)}`);
  if (diagnostic.help !== undefined) lines.push(`  ${palette.cyan('help:')} ${visible(diagnostic.help)}`);
}
