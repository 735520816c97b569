import { assertNever } from '../base/assert.ts';
import type { GateResult, NearMiss, RuleReference, VerdictResult } from '../engine/results.ts';
import { wrapInto } from './display-width.ts';
import { visible } from './escape.ts';
import { defaultWidth } from './map-options.ts';
import type { Palette } from './palette.ts';
import { asciiSymbols, unicodeSymbols } from './symbols.ts';
import type { Symbols } from './symbols.ts';
import type { VerdictOptions } from './verdict-options.ts';
import type { Gate, GateAnswer } from './verdict-words.ts';
import {
  endName,
  gateAnswer,
  gateReason,
  gateTitle,
  nearestRules,
  portName,
  remarks,
  ruleFile,
  ruleLead,
  ruleName,
  supplyHints,
  suggestions,
  unknownFacts,
} from './verdict-words.ts';

/** Rules, near misses and ends listed before the rest is counted. */
const SHOWN = 5;

/**
 * The answer to `can` for people. One headline, the two gates with the rules that decided and where they stand; for a
 * denial the nearest rules and the smallest change; for an unknown the missing facts. Three lines when all is well.
 */
export function renderVerdictText(verdict: VerdictResult, options: VerdictOptions): string {
  const text = new VerdictText(verdict, options);
  return `${text.render().join('\n')}\n`;
}

class VerdictText {
  private readonly lines: string[] = [];
  private readonly symbols: Symbols;
  private readonly palette: Palette;
  private readonly width: number;
  private readonly verdict: VerdictResult;
  private readonly options: VerdictOptions;

  constructor(verdict: VerdictResult, options: VerdictOptions) {
    this.verdict = verdict;
    this.options = options;
    this.palette = options.palette;
    this.symbols = options.ascii === true ? asciiSymbols : unicodeSymbols;
    this.width = options.width ?? defaultWidth;
  }

  render(): readonly string[] {
    const { verdict, palette } = this;
    const ends = `${visible(endName(verdict.from))} ${this.symbols.to} ${visible(endName(verdict.to))}`;
    const answer = verdict.partly === undefined ? verdict.verdict : 'partly';
    const via = (verdict.via ?? [])
      .filter((id) => id !== verdict.to)
      .map((id) => `  via ${visible(id)}`)
      .join('');
    this.lines.push(`${this.headline(answer)}  ${palette.bold(ends)}  ${visible(portName(verdict))}${via}`);
    for (const note of this.options.notes ?? []) this.wrapped(note, '  ');
    if (verdict.legs === undefined) this.reasons();
    else this.legs(verdict.legs);
    for (const remark of remarks(verdict)) this.wrapped(remark, '  ');
    const unknown = unknownFacts(verdict);
    this.section('What is not known', unknown.length === 0 ? [] : [...unknown, ...supplyHints(unknown)]);
    const changes = suggestions(verdict);
    this.section(changes.length > 1 ? 'To allow it, all of' : 'To allow it', changes);
    return this.lines;
  }

  private reasons(): void {
    this.gate('egress', this.verdict.egress);
    this.gate('ingress', this.verdict.ingress);
    this.partly();
  }

  /** The questions that make up this one, each with its own gates; the closing sections are common. */
  private legs(legs: readonly VerdictResult[]): void {
    const { palette, ascii = false, full = false } = this.options;
    const options = { palette, ascii, full, width: this.width - 2 };
    this.list(legs, (leg) => {
      const part = new VerdictText(leg, options);
      const ends = `${visible(endName(leg.from))} ${this.symbols.to} ${visible(endName(leg.to))}`;
      const answer = leg.partly === undefined ? leg.verdict : 'partly';
      part.lines.push(`${this.headline(answer)}  ${ends}  ${visible(portName(leg))}`);
      part.reasons();
      this.lines.push(...part.lines.map((line) => `  ${line}`));
    });
  }

  private headline(answer: GateAnswer | 'partly'): string {
    const { palette, symbols } = this;
    switch (answer) {
      case 'allowed':
        return palette.green(`${symbols.allowed} allowed`);
      case 'denied':
        return palette.red(`${symbols.denied} denied`);
      case 'unknown':
        return palette.yellow(`${symbols.unknown} unknown`);
      case 'partly':
        return palette.yellow(`${symbols.unknown} differs`);
      default:
        return assertNever(answer);
    }
  }

  private gate(gate: Gate, result: GateResult): void {
    const answer = gateAnswer(result);
    const title = visible(gateTitle(this.verdict, gate));
    const open = answer === 'allowed' && this.options.full !== true;
    const reason = gateReason(result);
    const why = result.certain ? (result.why ?? []) : [];
    const mark = this.mark(answer);
    const [only] = result.by;
    // The happy case is one line: the gate, and the rule that opened it.
    if (open && result.by.length <= 1 && why.length === 0) {
      // The mark already says that the rule allows; only an action of its own is worth repeating.
      const lead = only?.action === undefined ? '' : `${only.action} `;
      const rule = only === undefined ? reason : this.rule(only, lead);
      this.lines.push(...wrapInto(`${title}: ${rule}`, this.width, `  ${mark} `, '      '));
      return;
    }
    const reasons = [reason, ...why.map(visible)].join('; ');
    this.lines.push(...wrapInto(`${title}: ${reasons}`, this.width, `  ${mark} `, '      '));
    this.list(result.by, (reference) =>
      this.lines.push(...wrapInto(this.rule(reference, ruleLead(result, reference)), this.width, '      ', '        ')),
    );
    if (!open) this.near(nearestRules(result, this.options.full === true));
  }

  private mark(answer: GateAnswer): string {
    return this.headline(answer).replace(` ${answer}`, '');
  }

  /** `policy rule  file:line`. */
  private rule(reference: RuleReference, lead = ''): string {
    const file = ruleFile(reference);
    const name = visible(`${lead}${ruleName(reference)}`);
    return file === '' ? name : `${name}  ${this.palette.cyan(visible(file))}`;
  }

  private near(near: readonly NearMiss[]): void {
    if (near.length === 0) return;
    this.lines.push(`      ${this.palette.dim(near.length === 1 ? 'nearest rule:' : 'nearest rules:')}`);
    this.list(near, (miss) => {
      this.lines.push(...wrapInto(this.rule(miss), this.width, '        ', '          '));
      this.lines.push(...wrapInto(visible(`misses the ${miss.misses}: ${miss.because}`), this.width, '          '));
    });
  }

  private partly(): void {
    const { partly } = this.verdict;
    if (partly === undefined) return;
    for (const answer of ['allowed', 'denied', 'unknown'] as const) {
      const ends = partly[answer];
      if (ends.length === 0) continue;
      const shown = this.options.full === true || ends.length <= SHOWN + 1 ? ends : ends.slice(0, SHOWN);
      const rest = ends.length - shown.length;
      const list = `${shown.map((end) => visible(endName(end))).join(', ')}${rest > 0 ? ` +${rest} more` : ''}`;
      this.lines.push(...wrapInto(list, this.width, `  ${this.mark(answer)} ${answer} for: `, '      '));
    }
  }

  private section(title: string, sentences: readonly string[]): void {
    if (sentences.length === 0) return;
    this.lines.push('', `  ${this.palette.bold(title)}`);
    for (const sentence of sentences) this.wrapped(sentence, '    ');
  }

  private list<T>(items: readonly T[], show: (item: T) => void): void {
    const shown = this.options.full === true || items.length <= SHOWN + 1 ? items : items.slice(0, SHOWN);
    for (const item of shown) show(item);
    if (shown.length < items.length) {
      this.lines.push(`        ${this.symbols.ellipsis} and ${items.length - shown.length} more`);
    }
  }

  private wrapped(text: string, indent: string): void {
    this.lines.push(...wrapInto(visible(text), this.width, indent, `${indent}  `));
  }
}
