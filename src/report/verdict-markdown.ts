import type { RuleReference, VerdictResult } from '../engine/results.ts';
import { markdownCode, markdownText } from './escape.ts';
import type { VerdictOptions } from './verdict-options.ts';
import type { Gate } from './verdict-words.ts';
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

const SIGNS = { allowed: '✅', denied: '⛔', unknown: '❔' } as const;

/** The answer to `can` for issues and pull requests. */
export function renderVerdictMarkdown(verdict: VerdictResult, options: VerdictOptions): string {
  const via = (verdict.via ?? [])
    .filter((id) => id !== verdict.to)
    .map((id) => ` via ${markdownCode(id)}`)
    .join('');
  const lines = [`${headline(verdict)}${via}`, ''];
  for (const note of options.notes ?? []) lines.push(markdownText(note), '');
  for (const leg of verdict.legs ?? [verdict]) {
    if (leg !== verdict) lines.push(headline(leg), '');
    lines.push(...reasonLines(leg, options), '');
  }
  for (const remark of remarks(verdict)) lines.push(markdownText(remark), '');
  const unknown = unknownFacts(verdict);
  section(lines, 'What is not known', unknown.length === 0 ? [] : [...unknown, ...supplyHints(unknown)]);
  section(lines, 'To allow it', suggestions(verdict));
  return `${lines.join('\n').trimEnd()}\n`;
}

function headline(verdict: VerdictResult): string {
  const answer = verdict.partly === undefined ? verdict.verdict : 'unknown';
  const word = verdict.partly === undefined ? verdict.verdict : 'differs';
  const ends = `${markdownCode(endName(verdict.from))} → ${markdownCode(endName(verdict.to))}`;
  return `**${SIGNS[answer]} ${word}**: ${ends} ${markdownText(portName(verdict))}`;
}

function reasonLines(verdict: VerdictResult, options: VerdictOptions): string[] {
  const lines = [...gateLines(verdict, 'egress', options), ...gateLines(verdict, 'ingress', options)];
  for (const state of ['allowed', 'denied', 'unknown'] as const) {
    const list = verdict.partly?.[state] ?? [];
    if (list.length > 0)
      lines.push(`- ${SIGNS[state]} ${state} for ${list.map((end) => markdownCode(endName(end))).join(', ')}`);
  }
  return lines;
}

function gateLines(verdict: VerdictResult, gate: Gate, options: VerdictOptions): string[] {
  const result = verdict[gate];
  const title = markdownText(gateTitle(verdict, gate));
  const why = result.certain ? (result.why ?? []) : [];
  const reasons = [gateReason(result), ...why].map(markdownText).join('; ');
  const lines = [`- ${SIGNS[gateAnswer(result)]} **${title}**: ${reasons}`];
  for (const reference of result.by) lines.push(`  - ${ruleLead(result, reference)}${ruleLine(reference)}`);
  if (gateAnswer(result) !== 'allowed') {
    for (const near of nearestRules(result, options.full === true)) {
      lines.push(`  - nearest: ${ruleLine(near)} misses the ${near.misses}: ${markdownText(near.because)}`);
    }
  }
  return lines;
}

function ruleLine(reference: RuleReference): string {
  const file = ruleFile(reference);
  return `${markdownCode(ruleName(reference))}${file === '' ? '' : ` (${markdownCode(file)})`}`;
}

function section(lines: string[], title: string, sentences: readonly string[]): void {
  if (sentences.length === 0) return;
  lines.push(`**${title}**`, '', ...sentences.map((sentence) => `- ${markdownText(sentence)}`), '');
}
