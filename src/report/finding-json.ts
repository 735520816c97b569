/** Findings for programs: the contract `AuditReport`. */
import { positionAt, type Span } from '../base/source.ts';
import { resultApiVersion } from '../engine/results.ts';
import type { AuditReport } from '../rules/audit.ts';
import type { ReportedFinding } from '../rules/reported-finding.ts';
import { summaryOf } from './finding-summary.ts';
import { jsonLine } from './escape.ts';
import type { ProfileReport } from '../rules/profile-report.ts';

/**
 * `{ apiVersion, kind: "AuditReport", findings: [...], suppressed: [...], profile?, summary }`, one finding a line. Keys
 * without a value are absent. Lines and columns start at 1, columns count UTF-16 units, the end is exclusive.
 */
export function renderFindingsJson(report: AuditReport, profile?: ProfileReport): string {
  const findings = report.findings.map(findingValue);
  const suppressed = report.suppressed.map((finding) => {
    const { suppressedBy, reason } = finding;
    return { ...findingValue(finding), suppressedBy, ...(reason === '' ? {} : { reason }) };
  });
  return (
    `{\n  "apiVersion": "${resultApiVersion}",\n  "kind": "AuditReport",\n  "findings": ${list(findings)},\n` +
    `  "suppressed": ${list(suppressed)},\n` +
    (profile === undefined ? '' : `  "profile": ${jsonLine(profileValue(profile))},\n`) +
    `  "summary": ${jsonLine(summaryOf(report))}\n}\n`
  );
}

function list(values: readonly object[]): string {
  return values.length === 0 ? '[]' : `[${values.map((value) => `\n    ${jsonLine(value)}`).join(',')}\n  ]`;
}

function findingValue(finding: ReportedFinding): object {
  const { rule, severity, message, why, help, place, object, related, confidence, witness, pods, fix, fingerprint } =
    finding;
  return {
    rule: rule.name,
    severity,
    message,
    ...(why === undefined ? {} : { why }),
    ...(help === undefined ? {} : { help }),
    ...(place === undefined ? {} : placeValue(place)),
    ...(object === undefined ? {} : { object }),
    related: (related ?? []).map(({ message: text, span }) => ({
      message: text,
      ...(span === undefined ? {} : placeValue(span)),
    })),
    confidence,
    ...(witness === undefined ? {} : { witness }),
    ...(pods === undefined ? {} : { pods }),
    ...(fix === undefined
      ? {}
      : {
          fix: {
            description: fix.description,
            changesVerdicts: fix.changesVerdicts,
            edits: fix.edits.map(({ source, start, end, text }) => ({ ...placeValue({ source, start, end }), text })),
          },
        }),
    fingerprint,
  };
}

function profileValue({ profile, controls }: ProfileReport): object {
  return {
    name: profile.name,
    title: profile.title,
    controls: controls.map(({ control: { id, title }, rules, status, findings, why }) => ({
      id,
      title,
      status,
      findings: findings.length,
      rules,
      ...(why === undefined ? {} : { why }),
    })),
  };
}

function placeValue({ source, start, end }: Span): object {
  const from = positionAt(source, start);
  const to = positionAt(source, Math.max(start, end));
  return { file: source.name, line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
}
