import type { Diagnostic } from '../base/diagnostic.ts';
import { positionAt } from '../base/source.ts';
import type { Span } from '../base/source.ts';
import { resultApiVersion } from '../engine/results.ts';
import { sortDiagnostics } from './diagnostics-order.ts';
import { jsonLine } from './escape.ts';

/**
 * Findings for programs, one per line: `{ apiVersion, kind: "Diagnostics", diagnostics: [{ severity, code, message,
 * file, line, column, endLine, endColumn, object, help, related }] }`. Keys without a value are absent; the order of
 * keys and entries is fixed. Lines and columns start at 1, columns count UTF-16 units, the end is exclusive.
 */
export function renderDiagnosticsJson(diagnostics: readonly Diagnostic[]): string {
  const entries = sortDiagnostics(diagnostics).map((d) => `\n    ${jsonLine(diagnosticValue(d))}`);
  const list = entries.length === 0 ? '[]' : `[${entries.join(',')}\n  ]`;
  return `{\n  "apiVersion": "${resultApiVersion}",\n  "kind": "Diagnostics",\n  "diagnostics": ${list}\n}\n`;
}

/** One finding as it stands in every JSON output that has findings. */
export function diagnosticValue(diagnostic: Diagnostic): object {
  const { severity, code, message, span, object, help, related } = diagnostic;
  return {
    severity,
    code,
    message,
    ...(span === undefined ? {} : placeValue(span)),
    ...(object === undefined ? {} : { object }),
    ...(help === undefined ? {} : { help }),
    ...(related === undefined ? {} : { related: related.map((r) => ({ message: r.message, ...placeValue(r.span) })) }),
  };
}

function placeValue(span: Span): object {
  const start = positionAt(span.source, span.start);
  const end = positionAt(span.source, Math.max(span.start, span.end));
  return {
    file: span.source.name,
    line: start.line,
    column: start.column,
    endLine: end.line,
    endColumn: end.column,
  };
}
