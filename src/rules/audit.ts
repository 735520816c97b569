/** Runs rules over an input, and takes away what is to be ignored. */
import type { Diagnostic, Severity } from '../base/diagnostic.ts';
import { allRules } from './all-rules.ts';
import type { AuditContext } from './audit-context.ts';
import type { Baseline } from './baseline.ts';
import type { AuditConfig, IgnoreConfig, RuleConfig } from './config.ts';
import { badIgnore, doubtfulManifest, expiredIgnore, invalidManifest, unusedIgnore } from './engine-rules.ts';
import { fingerprints } from './fingerprint.ts';
import { inlineIgnores, type InlineIgnore } from './inline-ignores.ts';
import { defaultOptions, type Rule, type RuleInfo, type RuleOptionValue } from './rule.ts';
import type { ReportedFinding } from './reported-finding.ts';
import { matchesWildcard } from './wildcard.ts';

/** Found, but let pass. */
export interface SuppressedFinding extends ReportedFinding {
  readonly suppressedBy: 'comment' | 'config' | 'baseline';
  /** What was said about it; `''` for a baseline. */
  readonly reason: string;
}

export interface AuditReport {
  /** By file and place; without a place last. */
  readonly findings: readonly ReportedFinding[];
  readonly suppressed: readonly SuppressedFinding[];
  /** Rules that ran, by name. */
  readonly rules: readonly RuleInfo[];
  /** Entries of the baseline that are found no more. */
  readonly goneFromBaseline: number;
}

export interface AuditRequest {
  readonly context: AuditContext;
  readonly config: AuditConfig;
  /** What reading the manifests had to say. */
  readonly diagnostics?: readonly Diagnostic[];
  readonly baseline?: Baseline;
  /** Only these rules, whatever else is configured; absent: all that are not off. */
  readonly only?: readonly string[];
  /** Findings about the manifests alone: the objects that are wrong are missing, so nothing can be said of the rest. */
  readonly invalidOnly?: boolean;
}

/** What a configuration makes of one rule. */
export interface RuleSetting {
  readonly rule: Rule;
  /** In place of the severities that the rule itself gives. */
  readonly severity?: Severity;
  readonly options?: Readonly<Record<string, RuleOptionValue>>;
}

type Found = Omit<ReportedFinding, 'fingerprint'>;

export function audit(request: AuditRequest): AuditReport {
  const { context, config, only } = request;
  const isWanted = ({ name }: RuleInfo): boolean =>
    only === undefined ? config.rules.get(name)?.level !== 'off' : only.includes(name);
  const rules = request.invalidOnly === true ? [] : allRules.filter(isWanted);
  const found = [
    ...diagnosticFindings(request.diagnostics ?? [], config).filter(({ rule }) => isWanted(rule)),
    ...rulesFindings(
      context,
      rules.map((rule) => settingOf(rule, config.rules.get(rule.name))),
    ),
  ];
  const findings = withFingerprints(found);

  const suppression = new Suppression(context, config, request.baseline);
  const kept: ReportedFinding[] = [];
  const suppressed: SuppressedFinding[] = [];
  for (const finding of findings) {
    const by = suppression.of(finding);
    if (by === undefined) kept.push(finding);
    else suppressed.push({ ...finding, ...by });
  }
  const ran = new Set(rules.map(({ name }) => name));
  const about = request.invalidOnly === true ? [] : suppression.faults(only === undefined ? undefined : ran, config);
  const ignoreFindings = withFingerprints(about.filter(({ rule }) => isWanted(rule)));
  return {
    findings: [...kept, ...ignoreFindings].sort(compareFindings),
    suppressed,
    rules,
    goneFromBaseline: suppression.goneFromBaseline(),
  };
}

/** Findings of some rules alone, sorted by place. */
export function runRules(context: AuditContext, settings: readonly RuleSetting[]): readonly ReportedFinding[] {
  return withFingerprints(rulesFindings(context, settings));
}

function settingOf(rule: Rule, config: RuleConfig | undefined): RuleSetting {
  if (config === undefined) return { rule };
  const { level, options } = config;
  return { rule, options, ...(level === undefined || level === 'off' ? {} : { severity: level }) };
}

function rulesFindings(context: AuditContext, settings: readonly RuleSetting[]): Found[] {
  const found: Found[] = [];
  for (const { rule, severity, options } of settings) {
    for (const finding of rule.check(context, { ...defaultOptions(rule), ...options })) {
      found.push({ ...finding, rule, severity: severity ?? finding.severity ?? rule.severity });
    }
  }
  return found;
}

function withFingerprints(found: readonly Found[]): readonly ReportedFinding[] {
  const sorted = found.toSorted(compareFindings);
  const keys = fingerprints(sorted);
  return sorted.map((finding, index) => ({ ...finding, fingerprint: keys[index] ?? '' }));
}

function diagnosticFindings(diagnostics: readonly Diagnostic[], config: AuditConfig): Found[] {
  return diagnostics.flatMap((diagnostic): Found[] => {
    const { severity, code, message, span, object, help, related } = diagnostic;
    // What is no manifest at all is no matter of an audit.
    if (code === 'not-kubernetes') return [];
    const rule = severity === 'error' ? invalidManifest : doubtfulManifest;
    const level = config.rules.get(rule.name)?.level;
    return [
      {
        rule,
        severity: level === undefined || level === 'off' ? severity : level,
        message,
        confidence: 'certain',
        ...(help === undefined ? {} : { help }),
        ...(span === undefined ? {} : { place: span }),
        ...(object === undefined ? {} : { object: objectOf(object) }),
        ...(related === undefined ? {} : { related }),
      },
    ];
  });
}

/** `Kind namespace/name` of diagnostics as `namespace/Kind/name`. */
function objectOf(label: string): string {
  const [kind = '', name = ''] = label.split(' ');
  const slash = name.indexOf('/');
  return slash === -1 ? `${kind}/${name}` : `${name.slice(0, slash)}/${kind}/${name.slice(slash + 1)}`;
}

type SuppressedBy = Pick<SuppressedFinding, 'suppressedBy' | 'reason'>;

/** What lets findings pass, and which of it was needed. */
class Suppression {
  readonly #inline: readonly InlineIgnore[];
  readonly #config: readonly IgnoreConfig[];
  readonly #expired: readonly IgnoreConfig[];
  readonly #baseline: ReadonlySet<string>;
  readonly #used = new Set<InlineIgnore | IgnoreConfig>();
  readonly #met = new Set<string>();

  constructor(context: AuditContext, config: AuditConfig, baseline: Baseline | undefined) {
    const { today } = context.settings;
    const isOver = ({ until }: IgnoreConfig): boolean => until !== undefined && today !== undefined && until < today;
    this.#inline = context.sources.flatMap(inlineIgnores);
    this.#config = config.ignores.filter((ignore) => !isOver(ignore));
    this.#expired = config.ignores.filter(isOver);
    this.#baseline = baseline?.fingerprints ?? new Set();
  }

  /** All that match are used: none of them is idle because another one came first. */
  of(finding: ReportedFinding): SuppressedBy | undefined {
    const comment = this.#take(this.#inline.filter((ignore) => ignore.reason !== '' && inScope(ignore, finding)));
    const entry = this.#take(this.#config.filter((ignore) => concerns(ignore, finding)));
    const known = this.#baseline.has(finding.fingerprint);
    if (known) this.#met.add(finding.fingerprint);
    if (comment !== undefined) return { suppressedBy: 'comment', reason: comment.reason };
    if (entry !== undefined) return { suppressedBy: 'config', reason: entry.reason };
    return known ? { suppressedBy: 'baseline', reason: '' } : undefined;
  }

  #take<T extends InlineIgnore | IgnoreConfig>(ignores: readonly T[]): T | undefined {
    for (const ignore of ignores) this.#used.add(ignore);
    return ignores[0];
  }

  goneFromBaseline(): number {
    return this.#baseline.size - this.#met.size;
  }

  /** `ran`: the rules that were asked for; an ignore of others cannot be called unused. */
  faults(ran: ReadonlySet<string> | undefined, config: AuditConfig): Found[] {
    const found: Found[] = [];
    const add = (rule: RuleInfo, ignore: InlineIgnore | IgnoreConfig, message: string, help: string): void => {
      const level = config.rules.get(rule.name)?.level;
      const severity = level === undefined || level === 'off' ? rule.severity : level;
      found.push({ rule, severity, message, help, place: ignore.span, confidence: 'certain' });
    };
    const known = new Set([...allRules.map(({ name }) => name), invalidManifest.name, doubtfulManifest.name]);
    for (const ignore of this.#inline) {
      const strange = ignore.rules.filter((name) => !known.has(name));
      const form = 'write # sallyport-ignore rule-name: why this is accepted';
      if (ignore.rules.length === 0) add(badIgnore, ignore, 'the comment names no rule', form);
      else if (strange.length > 0) add(badIgnore, ignore, `there is no rule ${strange.join(', ')}`, form);
      else if (ignore.reason === '') add(badIgnore, ignore, 'the comment gives no reason, so it does not count', form);
      else if (!this.#used.has(ignore) && (ran === undefined || ignore.rules.every((name) => ran.has(name)))) {
        add(unusedIgnore, ignore, `nothing here is found by ${ignore.rules.join(', ')}`, 'remove the comment');
      }
    }
    for (const ignore of this.#config) {
      const asked = ran === undefined || (ignore.rules.length > 0 && ignore.rules.every((name) => ran.has(name)));
      if (!this.#used.has(ignore) && asked) add(unusedIgnore, ignore, 'this ignores nothing', 'remove the entry');
    }
    for (const ignore of this.#expired) {
      add(expiredIgnore, ignore, `this counted until ${ignore.until ?? ''}`, 'mend what it ignored, or set a new date');
    }
    return found;
  }
}

function inScope(ignore: InlineIgnore, { rule, place }: ReportedFinding): boolean {
  return (
    place !== undefined &&
    place.source === ignore.span.source &&
    ignore.start <= place.start &&
    place.start < ignore.end &&
    ignore.rules.includes(rule.name)
  );
}

function concerns({ rules, object, file }: IgnoreConfig, finding: ReportedFinding): boolean {
  return (
    (rules.length === 0 || rules.includes(finding.rule.name)) &&
    (object === undefined || (finding.object !== undefined && matchesWildcard(object, finding.object))) &&
    (file === undefined || (finding.place !== undefined && matchesWildcard(file, finding.place.source.name)))
  );
}

/** By file, place, rule; findings without a place last, by object. */
function compareFindings(a: Found, b: Found): number {
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

function byMessage(a: Found, b: Found): number {
  return compareText(a.message, b.message);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
