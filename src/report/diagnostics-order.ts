import type { Diagnostic, Severity } from '../base/diagnostic.ts';
import { compareText, countOf } from './wording.ts';

const RANK: Readonly<Record<Severity, number>> = { error: 0, warning: 1, info: 2 };

/** By file, then place, then severity; findings without a place come last. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics.toSorted(
    (a, b) =>
      compareSpans(a, b) ||
      RANK[a.severity] - RANK[b.severity] ||
      compareText(a.object ?? '', b.object ?? '') ||
      compareText(a.code, b.code) ||
      compareText(a.message, b.message),
  );
}

function compareSpans(a: Diagnostic, b: Diagnostic): number {
  if (a.span === undefined || b.span === undefined) return Number(a.span === undefined) - Number(b.span === undefined);
  return compareText(a.span.source.name, b.span.source.name) || a.span.start - b.span.start || a.span.end - b.span.end;
}

/** `3 errors, 1 warning`. */
export function countSeverities(diagnostics: readonly Diagnostic[]): string {
  const counts: string[] = [];
  for (const severity of ['error', 'warning', 'info'] as const) {
    const n = diagnostics.reduce((sum, d) => sum + Number(d.severity === severity), 0);
    if (n > 0) counts.push(countOf(n, severity === 'info' ? 'note' : severity));
  }
  return counts.join(', ');
}
