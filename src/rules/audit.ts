/** Runs rules over an input. */
import type { Severity } from '../base/diagnostic.ts';
import type { AuditContext } from './audit-context.ts';
import { fingerprints } from './fingerprint.ts';
import type { Finding } from './finding.ts';
import { defaultOptions, type Rule, type RuleOptionValue } from './rule.ts';

/** A finding as reports show it. */
export interface ReportedFinding extends Finding {
  readonly rule: Rule;
  readonly severity: Severity;
  /** Tells it from other findings, whatever lines are added above it: see `fingerprints`. */
  readonly fingerprint: string;
}

/** What a configuration makes of one rule. */
export interface RuleSetting {
  readonly rule: Rule;
  /** In place of the severities that the rule itself gives. */
  readonly severity?: Severity;
  readonly options?: Readonly<Record<string, RuleOptionValue>>;
}

/** Findings of all rules, sorted by place. */
export function runRules(context: AuditContext, settings: readonly RuleSetting[]): readonly ReportedFinding[] {
  const found: Omit<ReportedFinding, 'fingerprint'>[] = [];
  for (const { rule, severity, options } of settings) {
    for (const finding of rule.check(context, { ...defaultOptions(rule), ...options })) {
      found.push({ ...finding, rule, severity: severity ?? finding.severity ?? rule.severity });
    }
  }
  const sorted = found.toSorted(compareFindings);
  const keys = fingerprints(sorted);
  return sorted.map((finding, index) => ({ ...finding, fingerprint: keys[index] ?? '' }));
}

type Sortable = Omit<ReportedFinding, 'fingerprint'>;

/** By file, place, rule; findings without a place last, by object. */
function compareFindings(a: Sortable, b: Sortable): number {
  if (a.place === undefined || b.place === undefined) {
    if (a.place !== b.place) return a.place === undefined ? 1 : -1;
    return compareText(a.object ?? '', b.object ?? '') || compareText(a.rule.name, b.rule.name) || byMessage(a, b);
  }
  return (
    compareText(a.place.source.name, b.place.source.name) ||
    a.place.start - b.place.start ||
    a.place.end - b.place.end ||
    compareText(a.rule.name, b.rule.name) ||
    byMessage(a, b)
  );
}

function byMessage(a: Sortable, b: Sortable): number {
  return compareText(a.message, b.message);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
