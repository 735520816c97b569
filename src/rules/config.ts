/** `sallyport.yaml`: what the audit of a repository looks for, and what it lets pass. */
import type { Diagnostic, Severity } from '../base/diagnostic.ts';
import type { SourceText, Span } from '../base/source.ts';
import { allRules } from './all-rules.ts';
import { defaultAnnotationKeys, type AnnotationKeys } from './audit-context.ts';
import { ConfigReader, type ConfigField } from './config-reader.ts';
import { engineRules } from './engine-rules.ts';
import type { RuleInfo, RuleOptionValue } from './rule.ts';

export type RuleLevel = Severity | 'off';
export type FailOn = Severity | 'never';

const SEVERITIES = ['error', 'warning', 'info'] as const;
const LEVELS = [...SEVERITIES, 'off'] as const;
export const failOnLevels = [...SEVERITIES, 'never'] as const;

export interface RuleConfig {
  /** Absent: the severity that the rule has itself. */
  readonly level?: RuleLevel;
  readonly options: Readonly<Record<string, RuleOptionValue>>;
}

/** Findings that are accepted, and why. Every condition that is given must hold. */
export interface IgnoreConfig {
  /** Names; empty means all rules. */
  readonly rules: readonly string[];
  /** Pattern of object ids: `kube-system/*`, `shop/NetworkPolicy/legacy-*`. */
  readonly object: string | undefined;
  /** Pattern of file names. */
  readonly file: string | undefined;
  readonly reason: string;
  /** `YYYY-MM-DD`: the last day on which it counts. */
  readonly until: string | undefined;
  readonly span: Span;
}

export interface AuditConfig {
  readonly rules: ReadonlyMap<string, RuleConfig>;
  readonly ignores: readonly IgnoreConfig[];
  readonly annotationKeys: AnnotationKeys;
  readonly failOn: FailOn | undefined;
  readonly complete: boolean | undefined;
}

export const emptyConfig: AuditConfig = {
  rules: new Map(),
  ignores: [],
  annotationKeys: defaultAnnotationKeys,
  failOn: undefined,
  complete: undefined,
};

export interface ReadConfig {
  readonly config: AuditConfig;
  /** All of them errors. */
  readonly diagnostics: readonly Diagnostic[];
}

/** Whatever is not understood is an error with its place: a misspelt setting must not silently do nothing. */
export function readConfig(source: SourceText): ReadConfig {
  const reader = new ConfigReader(source);
  const root = reader.root();
  let config = emptyConfig;
  if (root !== undefined) {
    root.allow(['apiVersion', 'kind', 'audit']);
    const audit = root.mapping('audit');
    if (audit !== undefined) {
      audit.allow(['rules', 'ignore', 'annotations', 'fail-on', 'complete']);
      config = {
        rules: readRules(audit),
        ignores: audit.mappings('ignore').flatMap((entry) => readIgnore(entry) ?? []),
        annotationKeys: readAnnotationKeys(audit),
        failOn: audit.word('fail-on', failOnLevels),
        complete: audit.boolean('complete'),
      };
    }
  }
  return { config, diagnostics: reader.diagnostics };
}

function ruleNames(): readonly string[] {
  return [...allRules, ...engineRules].map(({ name }) => name);
}

function readRules(audit: ConfigField): ReadonlyMap<string, RuleConfig> {
  const rules = new Map<string, RuleConfig>();
  const section = audit.mapping('rules');
  if (section === undefined) return rules;
  const known = new Map<string, RuleInfo>([...allRules, ...engineRules].map((rule) => [rule.name, rule]));
  section.allow([...known.keys()], 'rule');
  for (const [name, rule] of known) {
    if (!section.has(name)) continue;
    if (section.isScalar(name)) {
      // YAML 1.1 takes `off` for a boolean, and so does the reader of Kubernetes.
      const level = section.isFalse(name) ? 'off' : section.word(name, LEVELS);
      if (level !== undefined) rules.set(name, { level, options: {} });
      continue;
    }
    const settings = section.mapping(name);
    if (settings === undefined) continue;
    const specs = Object.entries(rule.options ?? {});
    settings.allow(['severity', ...specs.map(([option]) => option)], `setting of ${name}`);
    const level = settings.isFalse('severity') ? 'off' : settings.word('severity', LEVELS);
    const options: [string, RuleOptionValue][] = [];
    for (const [option, { type }] of specs) {
      const value =
        type === 'number'
          ? settings.number(option)
          : type === 'boolean'
            ? settings.boolean(option)
            : type === 'text'
              ? settings.text(option)
              : settings.texts(option);
      if (value !== undefined) options.push([option, value]);
    }
    rules.set(name, { ...(level === undefined ? {} : { level }), options: Object.fromEntries(options) });
  }
  return rules;
}

function readIgnore(entry: ConfigField): IgnoreConfig | undefined {
  entry.allow(['rule', 'rules', 'object', 'file', 'reason', 'until']);
  const one = entry.word('rule', ruleNames(), 'rule');
  const several = entry.words('rules', ruleNames(), 'rule') ?? [];
  const rules = one === undefined ? several : [one, ...several];
  const object = entry.text('object');
  const file = entry.text('file');
  const reason = entry.text('reason') ?? '';
  const until = entry.text('until');
  if (reason.trim() === '') entry.fault('an ignore needs a reason', 'add `reason:` and say why this is accepted');
  if (rules.length === 0 && object === undefined && file === undefined && !entry.has('rule') && !entry.has('rules')) {
    entry.fault('this ignores every finding', 'narrow it down with `rule`, `object` or `file`');
  }
  if (until !== undefined && !isDate(until)) {
    entry.fault(`\`until\` is no date: ${JSON.stringify(until)}`, 'write it as YYYY-MM-DD');
  }
  return { rules, object, file, reason, until, span: entry.span };
}

function readAnnotationKeys(audit: ConfigField): AnnotationKeys {
  const section = audit.mapping('annotations');
  if (section === undefined) return defaultAnnotationKeys;
  section.allow(['owner', 'purpose', 'review-by']);
  return {
    owner: section.texts('owner') ?? defaultAnnotationKeys.owner,
    purpose: section.texts('purpose') ?? defaultAnnotationKeys.purpose,
    reviewBy: section.texts('review-by') ?? defaultAnnotationKeys.reviewBy,
  };
}

/** A day that the calendar has, as `YYYY-MM-DD`. */
export function isDate(text: string): boolean {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return false;
  const [, year, month, day] = match.map(Number);
  if (year === undefined || month === undefined || day === undefined || month < 1 || month > 12) return false;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  return day >= 1 && day <= (days[month - 1] ?? 0);
}
