/** Workflow commands of GitHub Actions: findings beside the changed lines of a pull request. */
import { positionAt } from '../base/source.ts';
import type { AuditReport } from '../rules/audit.ts';
import type { ReportedFinding } from '../rules/reported-finding.ts';
import { visible } from './escape.ts';
import { summaryText } from './finding-summary.ts';
import { confidenceText, witnessText } from './finding-text.ts';
import { unicodeSymbols } from './symbols.ts';

/** One command a finding, then the summary as plain text. GitHub shows the first ten of a level in a step. */
export function renderGithubAnnotations(report: AuditReport): string {
  return [...report.findings.map(command), summaryText(report), ''].join('\n');
}

function command(finding: ReportedFinding): string {
  const { severity, place, rule } = finding;
  const properties: [string, string | number][] = [];
  if (place !== undefined) {
    const start = positionAt(place.source, place.start);
    const end = positionAt(place.source, Math.max(place.start, place.end));
    properties.push(['file', place.source.name.replace(/^(?:\.\/)+/, '')], ['line', start.line], ['endLine', end.line]);
    // Columns of a range over several lines are refused.
    if (start.line === end.line) properties.push(['col', start.column], ['endColumn', end.column]);
  }
  properties.push(['title', `sallyport ${rule.name}`]);
  const level = severity === 'info' ? 'notice' : severity;
  const list = properties.map(([name, value]) => `${name}=${escapeProperty(String(value))}`).join(',');
  return `::${level} ${list}::${escapeData(messageText(finding))}`;
}

function messageText({ message, object, why, witness, help, confidence }: ReportedFinding): string {
  const doubt = confidenceText(confidence);
  const lines = [
    message + (doubt === undefined ? '' : ` (${doubt})`),
    object && `in ${object}`,
    why,
    witness && `for example ${witnessText(witness, unicodeSymbols)}`,
    help && `help: ${help}`,
  ];
  return lines
    .filter((line) => line !== undefined)
    .map(visible)
    .join('\n');
}

export function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

export function escapeProperty(text: string): string {
  return escapeData(visible(text)).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
