/** `--list-rules` and `--explain`. */
import { displayWidth, wrapInto } from '../report/display-width.ts';
import { allRules } from '../rules/all-rules.ts';
import { engineRules } from '../rules/engine-rules.ts';
import { ruleCategories, type RuleInfo } from '../rules/rule.ts';
import { resultApiVersion } from '../engine/results.ts';
import { requireRules, rulePage } from './audit-settings.ts';
import type { Look } from './print-report.ts';

function everyRule(): readonly RuleInfo[] {
  return [...allRules, ...engineRules].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** By category; severity, whether it can be fixed, and what it finds. */
export function renderRuleList({ palette, width }: Look): string {
  const rules = everyRule();
  const widest = Math.max(...rules.map(({ name }) => displayWidth(name)));
  const lines: string[] = [];
  for (const category of ruleCategories) {
    if (lines.length > 0) lines.push('');
    lines.push(palette.bold(category));
    for (const rule of rules.filter((candidate) => candidate.category === category)) {
      const head = `  ${rule.name.padEnd(widest)}  ${rule.severity.padEnd(7)}  ${rule.fixable ? 'fix' : '   '}  `;
      lines.push(...wrapInto(rule.summary, width, head));
    }
  }
  lines.push('', `${rules.length} rules; sallyport audit --explain NAME says more about one`);
  return `${lines.join('\n')}\n`;
}

export function renderRuleListJson(): string {
  const rules = everyRule().map(
    ({ name, severity, category, summary, fixable, detectors, catalogue, controls, options }) => ({
      name,
      severity,
      category,
      summary,
      fixable,
      detectors,
      catalogue,
      controls: controls ?? {},
      options: options ?? {},
    }),
  );
  return `${JSON.stringify({ apiVersion: resultApiVersion, kind: 'AuditRules', rules }, undefined, 2)}\n`;
}

/** @throws OperationalError exit 2 for a rule that there is not */
export function explainRule(name: string): string {
  requireRules([name]);
  const rule = everyRule().find((candidate) => candidate.name === name);
  return rulePage(name) ?? `# ${name}\n\n${rule?.summary ?? ''}.\n`;
}
