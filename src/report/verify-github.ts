import { type IntentResult, passes, type VerifyReport } from '../intents/report.ts';
import { visible } from './escape.ts';
import { escapeData, escapeProperty } from './github-annotations.ts';
import { unicodeSymbols } from './symbols.ts';
import { resultLines, verifySummary } from './verify-words.ts';

/** Workflow commands of GitHub Actions: each intent that does not hold beside its place, then the summary. */
export function renderVerifyGithub(report: VerifyReport): string {
  const broken = report.results.filter((result) => result.outcome !== 'holds');
  return [...broken.map(command), verifySummary(report), ''].join('\n');
}

function command(result: IntentResult): string {
  const level = passes(result) ? 'notice' : 'error';
  const file = result.file.replace(/^(?:\.\/)+/, '');
  const title = `sallyport verify: ${result.name}`;
  const properties = `file=${escapeProperty(file)},line=${result.line},title=${escapeProperty(title)}`;
  const accepted = passes(result) ? ['unknown, which this intent accepts'] : [];
  const lines = [...accepted, ...resultLines(result, unicodeSymbols)];
  return `::${level} ${properties}::${escapeData(lines.map(visible).join('\n'))}`;
}
