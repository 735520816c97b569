/** SARIF 2.1.0, for code scanning and editors. */
import type { Severity } from '../base/diagnostic.ts';
import { positionAt, type Span } from '../base/source.ts';
import type { AuditReport, SuppressedFinding } from '../rules/audit.ts';
import type { ReportedFinding } from '../rules/reported-finding.ts';
import type { Fix, RelatedPlace } from '../rules/finding.ts';
import type { RuleInfo } from '../rules/rule.ts';
import type { TextEdit } from '../rules/text-edit.ts';
import { jsonLine, visible } from './escape.ts';
import { confidenceText, witnessText } from './finding-text.ts';
import { unicodeSymbols } from './symbols.ts';
import { compareText } from './wording.ts';

export interface SarifOptions {
  /** Of this program. */
  readonly version: string;
  /** The documentation page of a rule, as Markdown. */
  readonly page?: (rule: string) => string | undefined;
}

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';
/** Names the method by which fingerprints are made. */
const FINGERPRINT = 'sallyport/v1';

/** One run with all findings; those that are let pass carry a `suppression`. One result a line. */
export function renderSarif(report: AuditReport, options: SarifOptions): string {
  const rules = rulesOf(report);
  const indexes = new Map(rules.map(({ name }, index) => [name, index]));
  const results = [
    ...report.findings.map((finding) => resultValue(finding, indexes, undefined)),
    ...report.suppressed.map((finding) => resultValue(finding, indexes, finding)),
  ];
  const driver = {
    name: 'Sallyport',
    semanticVersion: options.version,
    rules: rules.map((rule) => ruleValue(rule, options.page?.(rule.name))),
  };
  const lines = results.map((result) => `\n        ${jsonLine(result)}`);
  return (
    `{\n  "$schema": ${jsonLine(SCHEMA)},\n  "version": "2.1.0",\n  "runs": [\n    {\n` +
    `      "tool": { "driver": ${jsonLine(driver)} },\n` +
    `      "columnKind": "utf16CodeUnits",\n` +
    `      "results": ${lines.length === 0 ? '[]' : `[${lines.join(',')}\n      ]`}\n    }\n  ]\n}\n`
  );
}

/** Also rules that found nothing: a scan says what it looked for. */
function rulesOf({ rules, findings, suppressed }: AuditReport): readonly RuleInfo[] {
  const all = new Map(
    [...rules, ...[...findings, ...suppressed].map(({ rule }) => rule)].map((rule) => [rule.name, rule]),
  );
  return [...all.values()].sort((a, b) => compareText(a.name, b.name));
}

function ruleValue(rule: RuleInfo, page: string | undefined): object {
  const { name, summary, severity, category, detectors, catalogue, controls } = rule;
  const tags = [category, ...detectors, ...catalogue];
  for (const [profile, ids] of Object.entries(controls ?? {}) as [string, readonly string[]][]) {
    tags.push(...ids.map((id) => `${profile}/${id}`));
  }
  return {
    id: name,
    shortDescription: { text: sentence(summary) },
    ...(page === undefined ? {} : { help: { text: page, markdown: page } }),
    defaultConfiguration: { level: levelOf(severity) },
    properties: { tags: [...new Set(tags)] },
  };
}

function resultValue(
  finding: ReportedFinding,
  indexes: ReadonlyMap<string, number>,
  suppressed: SuppressedFinding | undefined,
): object {
  const { rule, severity, place, object, related = [], fix, fingerprint, confidence, witness, pods } = finding;
  return {
    ruleId: rule.name,
    ruleIndex: indexes.get(rule.name) ?? -1,
    level: levelOf(severity),
    message: { text: messageText(finding) },
    locations: [
      {
        ...(place === undefined ? {} : { physicalLocation: physicalLocation(place) }),
        ...(object === undefined
          ? {}
          : { logicalLocations: [{ fullyQualifiedName: visible(object), kind: 'resource' }] }),
      },
    ],
    ...(related.length === 0 ? {} : { relatedLocations: related.map(relatedValue) }),
    partialFingerprints: { [FINGERPRINT]: fingerprint },
    ...(fix === undefined ? {} : { fixes: [fixValue(fix)] }),
    ...(suppressed === undefined ? {} : { suppressions: [suppressionValue(suppressed)] }),
    properties: {
      confidence,
      ...(witness === undefined ? {} : { witness }),
      ...(pods === undefined ? {} : { pods }),
    },
  };
}

/** Code scanning shows this text alone, so it has everything a reader needs. */
function messageText({ message, why, witness, help, confidence }: ReportedFinding): string {
  const doubt = confidenceText(confidence);
  const parts = [
    sentence(doubt === undefined ? message : `${message} (${doubt})`),
    why,
    witness && sentence(`For example ${witnessText(witness, unicodeSymbols)}`),
    help && sentence(`Help: ${help}`),
  ];
  return visible(parts.filter((part) => part !== undefined).join(' '));
}

function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function levelOf(severity: Severity): 'error' | 'warning' | 'note' {
  return severity === 'info' ? 'note' : severity;
}

function relatedValue({ message, span }: RelatedPlace, index: number): object {
  return {
    id: index + 1,
    message: { text: visible(message) },
    ...(span === undefined ? {} : { physicalLocation: physicalLocation(span) }),
  };
}

function suppressionValue({ suppressedBy, reason }: SuppressedFinding): object {
  return {
    kind: suppressedBy === 'comment' ? 'inSource' : 'external',
    status: 'accepted',
    justification: reason === '' ? 'it is in the baseline' : visible(reason),
  };
}

function fixValue({ description, edits }: Fix): object {
  const byFile = new Map<string, TextEdit[]>();
  for (const edit of edits) {
    const list = byFile.get(edit.source.name);
    if (list === undefined) byFile.set(edit.source.name, [edit]);
    else list.push(edit);
  }
  return {
    description: { text: visible(description) },
    artifactChanges: [...byFile].map(([file, list]) => ({
      artifactLocation: { uri: fileUri(file) },
      replacements: list.map(({ source, start, end, text }) => ({
        deletedRegion: region({ source, start, end }),
        insertedContent: { text },
      })),
    })),
  };
}

function physicalLocation(span: Span): object {
  return { artifactLocation: { uri: fileUri(span.source.name) }, region: region(span) };
}

/** The end is exclusive, as SARIF counts columns. */
function region({ source, start, end }: Span): object {
  const from = positionAt(source, start);
  const to = positionAt(source, Math.max(start, end));
  return { startLine: from.line, startColumn: from.column, endLine: to.line, endColumn: to.column };
}

/** A relative reference with slashes; absolute paths become `file:` URIs. */
export function fileUri(name: string): string {
  const path = name.replaceAll('\\', '/').replace(/^(?:\.\/)+/, '');
  const encoded = path
    .split('/')
    .map((segment) => encodeURIComponent(segment.replace(/\p{Cs}/gu, '\uFFFD')))
    .join('/');
  if (path.startsWith('/')) return `file://${encoded}`;
  const drive = /^([A-Za-z])%3A\//.exec(encoded);
  return drive === null ? encoded : `file:///${drive[1] ?? ''}:/${encoded.slice(drive[0].length)}`;
}
