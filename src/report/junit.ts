/** JUnit XML, which every pipeline can show: a test case for every finding, and one for every rule that found nothing. */
import type { Severity } from '../base/diagnostic.ts';
import { spanLabel } from '../base/source.ts';
import type { AuditReport } from '../rules/audit.ts';
import type { ReportedFinding } from '../rules/reported-finding.ts';
import type { RuleInfo } from '../rules/rule.ts';
import { visible } from './escape.ts';
import { fails } from './finding-summary.ts';
import { confidenceText, witnessText } from './finding-text.ts';
import { asciiSymbols } from './symbols.ts';
import { compareText } from './wording.ts';

export interface JunitOptions {
  /** Findings below it are passed cases that say something. */
  readonly failOn: Severity | 'never';
}

interface Case {
  readonly name: string;
  readonly file: string | undefined;
  readonly line: number | undefined;
  /** The elements inside; `''` for a case without remarks. */
  readonly body: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
}

/** One suite a rule. Without times: the same input gives the same bytes. */
export function renderJunit(report: AuditReport, { failOn }: JunitOptions): string {
  const suites = rulesOf(report).map((rule) => ({ rule, cases: casesOf(rule, report, failOn) }));
  const all = suites.flatMap(({ cases }) => cases);
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>'];
  lines.push(`<testsuites name="sallyport audit" ${counts(all)}>`);
  for (const { rule, cases } of suites) {
    lines.push(`  <testsuite name="${xmlText(rule.name)}" ${counts(cases)}>`);
    for (const { name, file, line, body } of cases) {
      const place = file === undefined ? '' : ` file="${xmlText(file)}" line="${line ?? 1}"`;
      const open = `    <testcase classname="${xmlText(rule.name)}" name="${xmlText(name)}"${place}`;
      lines.push(body === '' ? `${open}/>` : `${open}>${body}</testcase>`);
    }
    lines.push('  </testsuite>');
  }
  lines.push('</testsuites>');
  return `${lines.join('\n')}\n`;
}

function rulesOf({ rules, findings, suppressed }: AuditReport): readonly RuleInfo[] {
  const all = new Map(
    [...rules, ...[...findings, ...suppressed].map(({ rule }) => rule)].map((rule) => [rule.name, rule]),
  );
  return [...all.values()].sort((a, b) => compareText(a.name, b.name));
}

function casesOf(rule: RuleInfo, report: AuditReport, failOn: JunitOptions['failOn']): readonly Case[] {
  const cases: Case[] = [];
  for (const finding of report.findings) {
    if (finding.rule.name !== rule.name) continue;
    const message = xmlText(finding.message);
    const isFailure = fails([finding], failOn);
    const body = isFailure
      ? `<failure type="${finding.severity}" message="${message}">${xmlText(details(finding))}</failure>`
      : `<system-out>${xmlText(`${finding.severity}: ${finding.message}\n${details(finding)}`)}</system-out>`;
    cases.push({ ...placed(finding), body, outcome: isFailure ? 'failed' : 'passed' });
  }
  for (const finding of report.suppressed) {
    if (finding.rule.name !== rule.name) continue;
    const reason = finding.reason === '' ? 'in the baseline' : finding.reason;
    cases.push({ ...placed(finding), body: `<skipped message="${xmlText(reason)}"/>`, outcome: 'skipped' });
  }
  if (cases.length > 0) return cases;
  return [{ name: rule.summary, file: undefined, line: undefined, body: '', outcome: 'passed' }];
}

function placed({ place, object, message }: ReportedFinding): Pick<Case, 'name' | 'file' | 'line'> {
  const label = place === undefined ? undefined : spanLabel(place);
  const line = label === undefined ? undefined : Number(label.split(':').at(-2));
  return { name: `${object ?? label ?? ''}: ${message}`, file: place?.source.name, line };
}

function details({ place, why, pods = [], witness, help, confidence }: ReportedFinding): string {
  const doubt = confidenceText(confidence);
  const lines = [
    place && spanLabel(place),
    why,
    pods.length > 0 ? `pods: ${pods.join(', ')}` : undefined,
    witness && `for example ${witnessText(witness, asciiSymbols)}`,
    doubt,
    help && `help: ${help}`,
  ];
  return lines.filter((line) => line !== undefined).join('\n');
}

function counts(cases: readonly Case[]): string {
  const failed = cases.filter(({ outcome }) => outcome === 'failed').length;
  const skipped = cases.filter(({ outcome }) => outcome === 'skipped').length;
  return `tests="${cases.length}" failures="${failed}" errors="0" skipped="${skipped}"`;
}

const ENTITIES = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&apos;'],
]);

/** Text or attribute value: what XML does not allow at all is spelled out, line breaks stay. */
export function xmlText(text: string): string {
  return text
    .split('\n')
    .map((line) => visible(line).replace(/[\uFFFE\uFFFF]/g, '\uFFFD'))
    .join('\n')
    .replace(/[&<>"']/g, (mark) => ENTITIES.get(mark) ?? mark);
}
