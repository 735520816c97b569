import { type IntentResult, passes, type VerifyReport } from '../intents/report.ts';
import { xmlText } from './junit.ts';
import { asciiSymbols } from './symbols.ts';
import { resultLines, verifySummary } from './verify-words.ts';

/** JUnit XML: a suite a file, a case an intent. Without times: the same input gives the same bytes. */
export function renderVerifyJunit(report: VerifyReport): string {
  const files = [...new Set(report.results.map(({ file }) => file))];
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>'];
  lines.push(`<testsuites name="sallyport verify: ${xmlText(verifySummary(report))}" ${counts(report.results)}>`);
  for (const file of files) {
    const results = report.results.filter((result) => result.file === file);
    lines.push(`  <testsuite name="${xmlText(file)}" ${counts(results)}>`, ...results.map(testCase), '  </testsuite>');
  }
  lines.push('</testsuites>');
  return `${lines.join('\n')}\n`;
}

function testCase(result: IntentResult): string {
  const { file, line, name, outcome } = result;
  const open = `    <testcase classname="${xmlText(file)}" name="${xmlText(name)}" file="${xmlText(file)}" line="${line}"`;
  if (outcome === 'holds') return `${open}/>`;
  const text = xmlText(resultLines(result, asciiSymbols).join('\n'));
  if (passes(result)) return `${open}><system-out>unknown, accepted\n${text}</system-out></testcase>`;
  return `${open}><failure type="${outcome}" message="${xmlText(headline(result))}">${text}</failure></testcase>`;
}

/** What a list of failures shows of one. */
export function headline(result: IntentResult): string {
  const lines = resultLines({ ...withoutReason(result), examples: result.examples.slice(0, 1) }, asciiSymbols);
  return lines[0] ?? result.outcome;
}

function withoutReason({ reason: _, ...result }: IntentResult): IntentResult {
  return result;
}

function counts(results: readonly IntentResult[]): string {
  const failures = results.filter((result) => !passes(result)).length;
  return `tests="${results.length}" failures="${failures}" errors="0" skipped="0"`;
}
