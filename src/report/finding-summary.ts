/** What the last line of an audit says, and how a severity is called. */
import type { Severity } from '../base/diagnostic.ts';
import type { AuditReport } from '../rules/audit.ts';
import type { ReportedFinding } from '../rules/reported-finding.ts';
import { countOf } from './wording.ts';

export interface AuditSummary {
  readonly error: number;
  readonly warning: number;
  readonly info: number;
  /** With a fix. */
  readonly fixable: number;
  /** Let pass by a comment, the configuration or the baseline. */
  readonly suppressed: number;
  /** Entries of the baseline that are found no more. */
  readonly goneFromBaseline: number;
  /** Rules that ran. */
  readonly rules: number;
}

export function summaryOf({ findings, suppressed, rules, goneFromBaseline }: AuditReport): AuditSummary {
  const count = (severity: Severity): number => findings.filter((finding) => finding.severity === severity).length;
  return {
    error: count('error'),
    warning: count('warning'),
    info: count('info'),
    fixable: findings.filter(({ fix }) => fix !== undefined).length,
    suppressed: suppressed.length,
    goneFromBaseline,
    rules: rules.length,
  };
}

/** `2 errors, 1 note in 2 files`; `no findings` when there are none. */
export function summaryText(report: AuditReport): string {
  const { error, warning, info } = summaryOf(report);
  const counts: string[] = [];
  if (error > 0) counts.push(countOf(error, 'error'));
  if (warning > 0) counts.push(countOf(warning, 'warning'));
  if (info > 0) counts.push(countOf(info, 'note'));
  if (counts.length === 0) return 'no findings';
  const files = new Set(report.findings.flatMap(({ place }) => place?.source.name ?? [])).size;
  return `${counts.join(', ')}${files > 0 ? ` in ${countOf(files, 'file')}` : ''}`;
}

/** What else there is to say below the counts. */
export function summaryRemarks(report: AuditReport): readonly string[] {
  const { fixable, goneFromBaseline, suppressed } = summaryOf(report);
  const remarks: string[] = [];
  if (fixable > 0) remarks.push(`${fixable} fixable with --fix (--fix-dry-run shows the changes)`);
  if (suppressed > 0) remarks.push(`${countOf(suppressed, 'finding')} let pass: ${bySource(report)}`);
  if (goneFromBaseline > 0) {
    const entries = countOf(goneFromBaseline, 'entry').replace('entrys', 'entries');
    remarks.push(`${entries} of the baseline no longer found: --write-baseline drops them`);
  }
  return remarks;
}

function bySource({ suppressed }: AuditReport): string {
  const counts: string[] = [];
  for (const [by, words] of [
    ['comment', 'by comments'],
    ['config', 'by the configuration'],
    ['baseline', 'by the baseline'],
  ] as const) {
    const count = suppressed.filter(({ suppressedBy }) => suppressedBy === by).length;
    if (count > 0) counts.push(`${count} ${words}`);
  }
  return counts.join(', ');
}

const RANK: Readonly<Record<Severity, number>> = { error: 3, warning: 2, info: 1 };

/** Whether findings are bad enough to fail: at or above a level. */
export function fails(findings: readonly ReportedFinding[], failOn: Severity | 'never'): boolean {
  return failOn !== 'never' && findings.some(({ severity }) => RANK[severity] >= RANK[failOn]);
}
