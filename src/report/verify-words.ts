/** Broken intents in words, shared by every form that people read. Not yet escaped. */
import type { GateResult } from '../engine/results.ts';
import type { ConnectionExample, Example, IntentResult, VerifyReport } from '../intents/report.ts';
import { portsText } from './ports-text.ts';
import type { Symbols } from './symbols.ts';
import { endName, gateReason, nearestRules, ruleFile, ruleLead, ruleName } from './verdict-words.ts';
import { countOf } from './wording.ts';

/** Rules of one gate that are named before the rest is counted: those that open it say more than those that shut it. */
const namedRules = { open: 2, shut: 1 } as const;

/** `12 intents: 10 hold, 1 fails, 1 is unknown (accepted)`. */
export function verifySummary({ summary }: VerifyReport): string {
  const { intents, hold, fail, unknown, accepted } = summary;
  const parts = [
    ...(hold > 0 ? [`${hold} ${hold === 1 ? 'holds' : 'hold'}`] : []),
    ...(fail > 0 ? [`${fail} ${fail === 1 ? 'fails' : 'fail'}`] : []),
    ...(unknown > 0
      ? [`${unknown} ${unknown === 1 ? 'is' : 'are'} unknown${accepted > 0 ? ` (${accepted} accepted)` : ''}`]
      : []),
  ];
  return `${countOf(intents, 'intent')}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}`;
}

/** `shop/report → shop/postgres  tcp 5432: open, must be shut`. */
export function exampleHeadline(example: Example, { to }: Symbols): string {
  if (example.type === 'isolation') {
    const state = example.isolated === 'no' ? 'is not isolated' : 'may not be isolated';
    return `${endName(example.pod)}  ${state} for ${example.direction}`;
  }
  const via = example.via === undefined ? '' : `  via ${example.via}`;
  return `${endName(example.from)} ${to} ${endName(example.to)}${via}  ${portsWords(example)}`;
}

function portsWords({ expected, verdict, ports, anyPort }: ConnectionExample): string {
  const perhaps = verdict === 'unknown' ? 'perhaps ' : '';
  if (anyPort === true) return `${perhaps}no port is open`;
  const which = portsText(ports);
  const what = which === 'any port' ? 'every port' : which;
  return `${what}: ${perhaps}${expected === 'allowed' ? 'shut, must be open' : 'open, must be shut'}`;
}

/** What decides: the closed gates of a connection that must be open, both gates of one that must not. */
export function exampleDetails(example: Example): readonly string[] {
  if (example.type === 'isolation') return example.why ?? [];
  const { expected, verdict, egress, ingress, why } = example;
  const lines: string[] = [];
  for (const [title, gate] of [
    ['egress', egress],
    ['ingress', ingress],
  ] as const) {
    if (expected === 'allowed' && gate.certain && gate.allowed) continue;
    if (verdict === 'unknown' && expected === 'denied' && gate.certain && gate.allowed && gate.by.length === 0)
      continue;
    lines.push(`${title}: ${gateWords(gate)}`);
    if (expected !== 'allowed') continue;
    for (const miss of nearestRules(gate, false).slice(0, 1))
      lines.push(`${title}: nearest is ${ruleName(miss)}${placeOf(ruleFile(miss))}: ${miss.because}`);
  }
  const facts = verdict === 'unknown' ? [...(why ?? []), ...unknownOf(egress), ...unknownOf(ingress)] : [];
  return [...lines, ...[...new Set(facts)].map((fact) => `not known: ${fact}`)];
}

function unknownOf(gate: GateResult): readonly string[] {
  return gate.certain ? [] : (gate.why ?? []);
}

function gateWords(gate: GateResult): string {
  const rules = gate.by.slice(0, gate.allowed ? namedRules.open : namedRules.shut).map((rule) => {
    const lead = ruleLead(gate, rule);
    return `${lead}${ruleName(rule)}${placeOf(ruleFile(rule))}`;
  });
  const more = gate.by.length - rules.length;
  if (rules.length === 0) return gateReason(gate);
  return rules.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function placeOf(file: string): string {
  return file === '' ? '' : ` (${file})`;
}

/** What an example stands for beside itself. */
export function alikeText(example: Example): string {
  const others = (example.type === 'isolation' ? example.pods : example.pairs) - 1;
  if (others <= 0) return '';
  return example.type === 'isolation'
    ? `and ${countOf(others, 'pod')} like it`
    : `and ${countOf(others, 'pair')} like it`;
}

export function moreText({ more, assertion }: IntentResult): string {
  if (more === 0) return '';
  return assertion === 'isolated' ? `and ${more} more` : `and ${countOf(more, 'more pair')}`;
}

/** All of it as plain lines, for forms that have one text for a failure. */
export function resultLines(result: IntentResult, symbols: Symbols): readonly string[] {
  const lines: string[] = [];
  if (result.reason !== undefined) lines.push(`reason: ${result.reason}`);
  if (result.message !== undefined) lines.push(result.message);
  if (result.help !== undefined) lines.push(`help: ${result.help}`);
  for (const example of result.examples) {
    const alike = alikeText(example);
    lines.push(exampleHeadline(example, symbols) + (alike === '' ? '' : ` (${alike})`));
    lines.push(...exampleDetails(example).map((detail) => `  ${detail}`));
  }
  const more = moreText(result);
  return more === '' ? lines : [...lines, more];
}
