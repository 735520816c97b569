/** Findings that were there when the audit was adopted: they are let pass until they go. */
import type { Diagnostic } from '../base/diagnostic.ts';
import type { SourceText } from '../base/source.ts';
import { resultApiVersion } from '../engine/results.ts';
import type { ReportedFinding } from './reported-finding.ts';

export interface Baseline {
  /** How often each fingerprint occurs is part of the fingerprint, so a set is enough. */
  readonly fingerprints: ReadonlySet<string>;
}

export interface ReadBaseline {
  readonly baseline: Baseline;
  readonly diagnostics: readonly Diagnostic[];
}

export function readBaseline(source: SourceText): ReadBaseline {
  const none: Baseline = { fingerprints: new Set() };
  const fail = (message: string): ReadBaseline => ({
    baseline: none,
    diagnostics: [
      {
        severity: 'error',
        code: 'baseline',
        message,
        span: { source, start: 0, end: 0 },
        help: 'write it anew with sallyport audit --write-baseline',
      },
    ],
  });
  let value: unknown;
  try {
    value = JSON.parse(source.text);
  } catch {
    return fail('the baseline is no JSON');
  }
  if (!isRecord(value) || value['kind'] !== 'AuditBaseline' || !Array.isArray(value['findings']))
    return fail('this file is no baseline of an audit');
  const fingerprints = new Set<string>();
  for (const entry of value['findings'] as readonly unknown[]) {
    if (!isRecord(entry) || typeof entry['fingerprint'] !== 'string') return fail('an entry has no fingerprint');
    fingerprints.add(entry['fingerprint']);
  }
  return { baseline: { fingerprints }, diagnostics: [] };
}

/** Sorted by object, rule and fingerprint, one line a finding: merges and diffs stay small. */
export function writeBaseline(findings: readonly ReportedFinding[]): string {
  const entries = findings
    .map(({ fingerprint, rule, object, message }) => ({
      fingerprint,
      rule: rule.name,
      ...(object === undefined ? {} : { object }),
      message,
    }))
    .sort(
      (a, b) =>
        compareText(a.object ?? '', b.object ?? '') ||
        compareText(a.rule, b.rule) ||
        compareText(a.fingerprint, b.fingerprint),
    );
  const lines = entries.map((entry) => `\n    ${JSON.stringify(entry)}`);
  const list = lines.length === 0 ? '[]' : `[${lines.join(',')}\n  ]`;
  return `{\n  "apiVersion": "${resultApiVersion}",\n  "kind": "AuditBaseline",\n  "findings": ${list}\n}\n`;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
