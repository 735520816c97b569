/** Findings for people. */
import { assertNever } from '../base/assert.ts';
import type { Severity } from '../base/diagnostic.ts';
import { spanLabel, type Span } from '../base/source.ts';
import type { AuditReport } from '../rules/audit.ts';
import type { ReportedFinding } from '../rules/reported-finding.ts';
import type { Confidence, Witness } from '../rules/finding.ts';
import { wrapInto } from './display-width.ts';
import { visible } from './escape.ts';
import { gutterOf, renderExcerpt } from './excerpt.ts';
import { summaryRemarks, summaryText } from './finding-summary.ts';
import { paintOf, type Palette } from './palette.ts';
import { asciiSymbols, unicodeSymbols, type Symbols } from './symbols.ts';
import { countOf } from './wording.ts';

export interface FindingTextOptions {
  readonly palette: Palette;
  /** Columns. */
  readonly width: number;
  readonly ascii: boolean;
  /** Nothing is cut short. */
  readonly full: boolean;
  /** One line a finding. */
  readonly brief: boolean;
}

/** Pods named before the rest is counted. */
const SHOWN_PODS = 4;

/**
 * `file:line:column: error: message [rule]`, the marked line, related places, why, whom it concerns, a witness, what to
 * do; a count at the end.
 */
export function renderFindingsText(report: AuditReport, options: FindingTextOptions): string {
  const { palette } = options;
  const lines: string[] = [];
  for (const finding of report.findings) {
    new FindingWriter(finding, options, lines).write();
    if (!options.brief) lines.push('');
  }
  if (options.brief && lines.length > 0) lines.push('');
  const isClean = report.findings.length === 0;
  const ran = isClean ? ` (${countOf(report.rules.length, 'rule')})` : '';
  lines.push(isClean ? palette.green(summaryText(report)) + ran : palette.bold(summaryText(report)));
  for (const remark of summaryRemarks(report)) lines.push(palette.dim(remark));
  return `${lines.join('\n')}\n`;
}

class FindingWriter {
  readonly #finding: ReportedFinding;
  readonly #options: FindingTextOptions;
  readonly #lines: string[];
  readonly #symbols: Symbols;
  readonly #gutter: number;

  constructor(finding: ReportedFinding, options: FindingTextOptions, lines: string[]) {
    this.#finding = finding;
    this.#options = options;
    this.#lines = lines;
    this.#symbols = options.ascii ? asciiSymbols : unicodeSymbols;
    this.#gutter = gutterOf([finding.place, ...(finding.related ?? []).map(({ span }) => span)]);
  }

  write(): void {
    const { place, related = [], object, why, pods = [], witness, help, fix, confidence } = this.#finding;
    const { palette, brief } = this.#options;
    this.#head();
    if (brief) return;
    const paint = paintOf(this.#finding.severity, palette);
    if (place !== undefined) this.#excerpt(place, paint);
    for (const { message, span } of related) {
      if (span === undefined) this.#note('', message);
      else {
        this.#lines.push(`  ${visible(spanLabel(span))}: ${visible(message)}`);
        this.#excerpt(span, palette.cyan);
      }
    }
    if (object !== undefined) this.#note('in', object);
    if (why !== undefined) this.#note('why', why);
    if (pods.length > 0) this.#note('pods', this.#podsText(pods));
    if (witness !== undefined) this.#note('for example', witnessText(witness, this.#symbols));
    const doubt = confidenceText(confidence);
    if (doubt !== undefined) this.#note('', `(${doubt})`);
    if (help !== undefined) this.#note('help', help, palette.cyan);
    if (fix !== undefined) this.#note('fix', `${fix.description} (--fix)`, palette.cyan);
  }

  #head(): void {
    const { severity, message, rule, place, object } = this.#finding;
    const { palette } = this.#options;
    const where = place === undefined ? visible(object ?? '') : visible(spanLabel(place));
    const head = where === '' ? '' : `${palette.bold(where)}: `;
    const name = palette.dim(`[${rule.name}]`);
    this.#lines.push(`${head}${paintOf(severity, palette)(severityWord(severity))}: ${visible(message)} ${name}`);
  }

  #excerpt(span: Span, mark: (text: string) => string): void {
    const { palette, width } = this.#options;
    this.#lines.push(...renderExcerpt(span, { palette, symbols: this.#symbols, width, gutter: this.#gutter, mark }));
  }

  #note(title: string, text: string, paint: (text: string) => string = this.#options.palette.dim): void {
    const head = title === '' ? '  ' : `  ${title}: `;
    const [first = '', ...rest] = wrapInto(visible(text), this.#options.width, head, '    ');
    // Painted last: paint takes no room on the line.
    this.#lines.push(title === '' ? first : `  ${paint(`${title}:`)} ${first.slice(head.length)}`, ...rest);
  }

  #podsText(pods: readonly string[]): string {
    if (this.#options.full || pods.length <= SHOWN_PODS + 1) return pods.join(', ');
    return `${pods.slice(0, SHOWN_PODS).join(', ')} and ${pods.length - SHOWN_PODS} more`;
  }
}

export function witnessText({ from, to, protocol, port, text }: Witness, symbols: Symbols): string {
  const target = port === null ? to : `${to}:${port}`;
  return `${from} ${symbols.to} ${target} ${protocol}: ${text}`;
}

/** Nothing where there is no doubt. */
export function confidenceText(confidence: Confidence): string | undefined {
  switch (confidence) {
    case 'certain':
      return undefined;
    case 'file-only':
      return 'if these files are all there is';
    case 'implementation-defined':
      return 'network plugins differ here';
    default:
      return assertNever(confidence);
  }
}

function severityWord(severity: Severity): string {
  return severity === 'info' ? 'note' : severity;
}
