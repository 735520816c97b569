/** What an audit rule is: metadata and one pure function. */
import type { Severity } from '../base/diagnostic.ts';
import type { AuditContext } from './audit-context.ts';
import type { Finding } from './finding.ts';

/**
 * - `mistakes`: the manifests do something else than their writer most likely meant.
 * - `posture`: they do what they say, and that leaves something open.
 * - `upkeep`: they could be simpler, or nobody looks after them.
 * - `needs`: something the workloads need is not allowed.
 */
export type RuleCategory = 'mistakes' | 'posture' | 'upkeep' | 'needs';

export const ruleCategories: readonly RuleCategory[] = ['mistakes', 'posture', 'upkeep', 'needs'];

/** A setting of a rule in `sallyport.yaml`. */
export type RuleOption = { readonly summary: string } & (
  | { readonly type: 'number'; readonly default: number }
  | { readonly type: 'boolean'; readonly default: boolean }
  | { readonly type: 'text'; readonly default: string }
  | { readonly type: 'list'; readonly default: readonly string[] }
);

export type RuleOptionSpecs = Readonly<Record<string, RuleOption>>;

export type RuleOptionValue = number | boolean | string | readonly string[];

interface ValueOf {
  readonly number: number;
  readonly boolean: boolean;
  readonly text: string;
  readonly list: readonly string[];
}

export type OptionValues<Specs extends RuleOptionSpecs> = {
  readonly [Name in keyof Specs]: ValueOf[Specs[Name]['type']];
};

/** Controls of public benchmarks that a finding of the rule counts against, by their own ids. */
export interface RuleControls {
  /** CIS Kubernetes Benchmark, for instance `5.3.2`. */
  readonly cis?: readonly string[];
  /** NSA/CISA Kubernetes Hardening Guidance: ids of `src/rules/profiles.ts`. */
  readonly nsa?: readonly string[];
  /** Kubescape, for instance `C-0260`. */
  readonly kubescape?: readonly string[];
}

/** What reports say about a rule. */
export interface RuleInfo {
  /** kebab-case: names the fault, so that `NAME: ...` reads well. */
  readonly name: string;
  /** error: does not do what was meant, or is open to an attack; warning: most likely wrong; info: worth knowing. */
  readonly severity: Severity;
  readonly category: RuleCategory;
  /** One line: what it finds. No full stop. */
  readonly summary: string;
  /** Whether some of its findings bring a fix. */
  readonly fixable: boolean;
  /** Ids of `semantics` (M1-M69). */
  readonly detectors: readonly string[];
  /** Ids of the merged catalogue of what analyzers find (NP...). */
  readonly catalogue: readonly string[];
  readonly controls?: RuleControls;
  readonly options?: RuleOptionSpecs;
}

export interface RuleDefinition<Specs extends RuleOptionSpecs> extends RuleInfo {
  readonly options?: Specs;
  /**
   * Pure: the same context gives the same findings in the same order. Silent when the input lacks what the rule needs.
   */
  check(context: AuditContext, options: OptionValues<Specs>): Iterable<Finding>;
}

/** A rule of any options. Its `check` must be given the values of exactly its own. */
export type Rule = RuleDefinition<RuleOptionSpecs>;

/** Gives a rule its types; the value is the definition itself. */
export function defineRule<const Specs extends RuleOptionSpecs>(definition: RuleDefinition<Specs>): Rule {
  return definition;
}

/** What `check` gets when nothing is configured. */
export function defaultOptions(rule: Rule): Readonly<Record<string, RuleOptionValue>> {
  return Object.fromEntries(Object.entries(rule.options ?? {}).map(([name, option]) => [name, option.default]));
}
