/** Which controls of a benchmark the input passes. */
import { allRules } from './all-rules.ts';
import type { AuditContext } from './audit-context.ts';
import type { AuditReport } from './audit.ts';
import type { ReportedFinding } from './reported-finding.ts';
import type { Rule, RuleInfo } from './rule.ts';
import type { Control, Profile } from './profiles.ts';

export interface ControlResult {
  readonly control: Control;
  /** Names of the rules that decide it. */
  readonly rules: readonly string[];
  readonly status: 'pass' | 'fail' | 'undecided';
  /** Those that count against it. */
  readonly findings: readonly ReportedFinding[];
  /** Why it is undecided. */
  readonly why?: string;
}

export interface ProfileReport {
  readonly profile: Profile;
  readonly controls: readonly ControlResult[];
}

/** The rules that decide a control, by name. */
export function rulesOfControl({ name }: Profile, { id }: Control): readonly Rule[] {
  return allRules.filter(({ controls }) => controls?.[name]?.includes(id) === true);
}

/** The rules that a profile needs. */
export function rulesOfProfile(profile: Profile): readonly string[] {
  const names = profile.controls.flatMap((control) => rulesOfControl(profile, control).map(({ name }) => name));
  return [...new Set(names)].sort();
}

/** Findings that are let pass do not count: somebody gave a reason for each. */
export function profileReport(profile: Profile, report: AuditReport, context: AuditContext): ProfileReport {
  const ran = new Set(report.rules.map(({ name }) => name));
  const { known } = context;
  const isEmpty = !known.workloads && !known.namespaces;
  return {
    profile,
    controls: profile.controls.map((control): ControlResult => {
      const rules = rulesOfControl(profile, control);
      const names = rules.map(({ name }) => name);
      const findings = report.findings.filter(({ rule }) => names.includes(rule.name));
      const why = undecidedBecause(control, rules, ran, isEmpty);
      if (findings.length > 0) return { control, rules: names, status: 'fail', findings };
      if (why !== undefined) return { control, rules: names, status: 'undecided', findings, why };
      return { control, rules: names, status: 'pass', findings };
    }),
  };
}

function undecidedBecause(
  control: Control,
  rules: readonly RuleInfo[],
  ran: ReadonlySet<string>,
  isEmpty: boolean,
): string | undefined {
  if (control.undecidable !== undefined) return control.undecidable;
  if (rules.length === 0) return 'no rule decides it yet';
  const off = rules.filter(({ name }) => !ran.has(name));
  if (off.length > 0) return `the configuration turns off ${off.map(({ name }) => name).join(', ')}`;
  return isEmpty ? 'the input has neither workloads nor namespaces' : undefined;
}
