import type { IntentResult, VerifyReport } from '../intents/report.ts';
import { passes } from '../intents/report.ts';
import { wrapInto } from './display-width.ts';
import { visible } from './escape.ts';
import { defaultWidth } from './map-options.ts';
import type { Palette } from './palette.ts';
import { asciiSymbols, type Symbols, unicodeSymbols } from './symbols.ts';
import { alikeText, exampleDetails, exampleHeadline, moreText, verifySummary } from './verify-words.ts';

export interface VerifyTextOptions {
  readonly palette: Palette;
  /** Columns; 100 when absent. */
  readonly width?: number;
  readonly ascii?: boolean;
  /** Only what does not hold, and the summary. */
  readonly brief?: boolean;
}

/** One line for an intent that holds; for others the connections that break it, and the rules behind them. */
export function renderVerifyText(report: VerifyReport, options: VerifyTextOptions): string {
  const text = new VerifyText(options);
  let file: string | undefined;
  for (const result of report.results) {
    if (options.brief === true && result.outcome === 'holds') continue;
    if (result.file !== file) text.file(result.file);
    ({ file } = result);
    text.result(result);
  }
  text.summary(report);
  return `${text.lines.join('\n')}\n`;
}

class VerifyText {
  readonly lines: string[] = [];
  readonly #palette: Palette;
  readonly #symbols: Symbols;
  readonly #width: number;

  constructor({ palette, width = defaultWidth, ascii = false }: VerifyTextOptions) {
    this.#palette = palette;
    this.#symbols = ascii ? asciiSymbols : unicodeSymbols;
    this.#width = width;
  }

  file(name: string): void {
    if (this.lines.length > 0) this.lines.push('');
    this.lines.push(this.#palette.bold(visible(name)));
  }

  result(result: IntentResult): void {
    const palette = this.#palette;
    const { name, outcome, line, file, reason, message, help, accepted } = result;
    const place = outcome === 'holds' ? '' : `  ${palette.dim(`${visible(file)}:${line}`)}`;
    const word = accepted === true ? `  ${palette.dim('unknown, accepted')}` : '';
    this.lines.push(`${this.#mark(result)} ${visible(name)}${word}${place}`);
    if (outcome === 'holds') return;
    if (reason !== undefined) this.#wrapped(reason, '    ', palette.dim);
    if (message !== undefined) this.#wrapped(message, '    ');
    if (help !== undefined) this.#wrapped(help, `    ${palette.cyan('help:')} `);
    for (const example of result.examples) {
      const alike = alikeText(example);
      const paint = this.#isDoubtful(result, example) ? palette.yellow : palette.red;
      this.lines.push(
        `    ${paint(visible(exampleHeadline(example, this.#symbols)))}${alike === '' ? '' : `  ${palette.dim(alike)}`}`,
      );
      for (const detail of exampleDetails(example)) this.#wrapped(detail, '      ');
    }
    const more = moreText(result);
    if (more !== '') this.lines.push(`    ${palette.dim(more)}`);
  }

  summary(report: VerifyReport): void {
    const text = verifySummary(report);
    const paint = report.results.every(passes) ? this.#palette.green : this.#palette.red;
    if (this.lines.length > 0) this.lines.push('');
    this.lines.push(paint(text));
  }

  #isDoubtful(result: IntentResult, example: IntentResult['examples'][number]): boolean {
    const state = example.type === 'isolation' ? example.isolated : example.verdict;
    return result.outcome === 'unknown' || state === 'unknown';
  }

  #mark({ outcome }: IntentResult): string {
    switch (outcome) {
      case 'holds':
        return this.#palette.green(this.#symbols.allowed);
      case 'fails':
        return this.#palette.red(this.#symbols.denied);
      default:
        return this.#palette.yellow(this.#symbols.unknown);
    }
  }

  #wrapped(text: string, head: string, paint: (text: string) => string = (same) => same): void {
    const indent = ' '.repeat(head.length - head.trimStart().length);
    for (const [i, line] of wrapInto(visible(text), this.#width, head, indent).entries()) {
      this.lines.push(i === 0 ? head + paint(line.slice(head.length)) : paint(line));
    }
  }
}
