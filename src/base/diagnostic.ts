import type { Span } from './source.ts';

export type Severity = 'error' | 'warning' | 'info';

/**
 * A finding about the input: data, never thrown.
 *
 * `message` says what is wrong in the words of the API server where it has some. `code` is a stable
 * kebab-case name. `help` says what to do. `related` points at other places that matter.
 */
export interface Diagnostic {
  readonly severity: Severity;
  readonly code: string;
  readonly message: string;
  /** Where; absent only when the input has no text behind it (a live cluster). */
  readonly span?: Span;
  /** The object concerned, as `Kind namespace/name` or `Kind name`. */
  readonly object?: string;
  readonly help?: string;
  readonly related?: readonly { readonly message: string; readonly span: Span }[];
}
