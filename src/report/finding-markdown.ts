/** Findings as a comment on a pull request. */
import type { Severity } from '../base/diagnostic.ts';
import { spanLabel } from '../base/source.ts';
import type { AuditReport } from '../rules/audit.ts';
import type { ReportedFinding } from '../rules/reported-finding.ts';
import type { ProfileReport } from '../rules/profile-report.ts';
import { markdownCode, markdownText } from './escape.ts';
import { summaryRemarks, summaryText } from './finding-summary.ts';
import { confidenceText, witnessText } from './finding-text.ts';
import { unicodeSymbols } from './symbols.ts';
import { countOf } from './wording.ts';

const MARKS: Readonly<Record<Severity, string>> = { error: '🔴 error', warning: '🟡 warning', info: '🔵 note' };

/** A comment has 65,536 characters; the rest is counted. */
const MAX_FINDINGS = 50;

export function renderFindingsMarkdown(report: AuditReport, profile?: ProfileReport): string {
  const lines = [`### Sallyport audit: ${summaryText(report)}`, ''];
  const shown = report.findings.slice(0, MAX_FINDINGS);
  if (shown.length > 0) {
    lines.push('| | where | what | rule |', '|---|---|---|---|');
    for (const { severity, place, object, message, rule } of shown) {
      const where = place === undefined ? markdownText(object ?? '') : markdownCode(spanLabel(place));
      lines.push(`| ${MARKS[severity]} | ${where} | ${markdownText(message)} | ${markdownCode(rule.name)} |`);
    }
    lines.push('');
    const more = report.findings.length - shown.length;
    if (more > 0) lines.push(`… and ${more} more`, '');
    lines.push('<details><summary>Why, for whom, and what to do</summary>', '');
    for (const finding of shown) lines.push(...details(finding), '');
    lines.push('</details>', '');
  }
  for (const remark of summaryRemarks(report)) lines.push(markdownText(remark), '');
  if (profile !== undefined) lines.push(...profileLines(profile), '');
  return `${lines.join('\n').trimEnd()}\n`;
}

function details(finding: ReportedFinding): string[] {
  const { place, object, message, rule, why, pods = [], witness, help, fix, related = [], confidence } = finding;
  const doubt = confidenceText(confidence);
  const where = place === undefined ? (object ?? '') : spanLabel(place);
  const lines = [`**${markdownText(message)}** (${markdownCode(where)}, ${markdownCode(rule.name)})`, ''];
  if (why !== undefined) lines.push(`- why: ${markdownText(why)}`);
  for (const { message: text, span } of related) {
    lines.push(`- ${span === undefined ? '' : `${markdownCode(spanLabel(span))}: `}${markdownText(text)}`);
  }
  if (pods.length > 0) lines.push(`- pods: ${pods.slice(0, 10).map(markdownCode).join(', ')}${moreOf(pods, 10)}`);
  if (witness !== undefined) lines.push(`- for example: ${markdownText(witnessText(witness, unicodeSymbols))}`);
  if (doubt !== undefined) lines.push(`- (${doubt})`);
  if (help !== undefined) lines.push(`- help: ${markdownText(help)}`);
  if (fix !== undefined) lines.push(`- fix: ${markdownText(fix.description)} (\`--fix\`)`);
  return lines;
}

function moreOf(list: readonly unknown[], shown: number): string {
  return list.length > shown ? ` and ${list.length - shown} more` : '';
}

const STATUS = { pass: '✅ pass', fail: '❌ fail', undecided: '❔ not decidable' } as const;

function profileLines({ profile, controls }: ProfileReport): string[] {
  return [
    `#### ${markdownText(profile.title)}`,
    '',
    '| control | | |',
    '|---|---|---|',
    ...controls.map(({ control, status, findings, why }) => {
      const remark = status === 'fail' ? countOf(findings.length, 'finding') : (why ?? '');
      return `| ${markdownText(control.id)} ${markdownText(control.title)} | ${STATUS[status]} | ${markdownText(remark)} |`;
    }),
  ];
}
