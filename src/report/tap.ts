/** The Test Anything Protocol, version 14. */
import { type IntentResult, passes, type VerifyReport } from '../intents/report.ts';
import { visible } from './escape.ts';
import { asciiSymbols } from './symbols.ts';
import { resultLines } from './verify-words.ts';

/** One line an intent; behind one that fails, a block of YAML with its place and what breaks it. */
export function renderVerifyTap({ results }: VerifyReport): string {
  const lines = ['TAP version 14', `1..${results.length}`];
  results.forEach((result, index) => {
    const accepted = result.accepted === true ? ' (unknown, accepted)' : '';
    lines.push(`${passes(result) ? 'ok' : 'not ok'} ${index + 1} - ${description(result.name)}${accepted}`);
    if (!passes(result)) lines.push(...block(result));
  });
  return `${lines.join('\n')}\n`;
}

/** A number sign would begin a directive. */
function description(name: string): string {
  return visible(name)
    .replaceAll('\\', '\\\\')
    .replaceAll('#', String.raw`\#`);
}

/** Strings as JSON, which YAML reads too. */
function block(result: IntentResult): readonly string[] {
  return [
    '  ---',
    `  at: ${quoted(`${result.file}:${result.line}`)}`,
    `  outcome: ${result.outcome}`,
    '  because:',
    ...resultLines(result, asciiSymbols).map((line) => `    - ${quoted(line)}`),
    '  ...',
  ];
}

function quoted(text: string): string {
  return JSON.stringify(visible(text));
}
