/** A rule's tests as a table: manifests that it accepts, and manifests that it finds fault with. */
import { describe, expect, it } from 'vitest';
import { positionAt } from '../../src/base/source.ts';
import { createEngine } from '../../src/engine/engine.ts';
import { connectivityMap } from '../../src/engine/connectivity.ts';
import { readManifests } from '../../src/kube/read.ts';
import { buildCluster } from '../../src/model/cluster.ts';
import { AuditContext, type AuditSettings } from '../../src/rules/audit-context.ts';
import { runRules } from '../../src/rules/audit.ts';
import type { ReportedFinding } from '../../src/rules/reported-finding.ts';
import type { Confidence } from '../../src/rules/finding.ts';
import type { Rule, RuleOptionValue } from '../../src/rules/rule.ts';
import { applyEdits } from '../../src/rules/text-edit.ts';

type Options = Readonly<Record<string, RuleOptionValue>>;

export interface ValidCase {
  readonly name: string;
  readonly yaml: string;
  readonly options?: Options;
  readonly settings?: Partial<AuditSettings>;
}

export interface ExpectedFinding {
  /** The whole message, or what it must match. */
  readonly message?: string | RegExp;
  /** The text that the place begins with, and its line (from 1). */
  readonly at?: string;
  readonly line?: number;
  readonly object?: string;
  readonly severity?: string;
  readonly confidence?: Confidence;
  readonly pods?: readonly string[];
  /** `from > to PROTOCOL port` */
  readonly witness?: string;
  /** How many related places, at least one when given. */
  readonly related?: number;
}

export interface InvalidCase extends ValidCase {
  readonly findings: readonly ExpectedFinding[];
  /** The manifest after all fixes; `null`: no finding offers one. Omitted: not looked at. */
  readonly fixed?: string | null;
  /** For fixes that do not make the rule silent, because a person must decide the rest. */
  readonly stillFound?: true;
}

/** Also checks of every fix: it leads to a clean audit, twice is like once, and a tidying one changes no verdict. */
export function testRule(
  rule: Rule,
  { valid, invalid }: { readonly valid: readonly ValidCase[]; readonly invalid: readonly InvalidCase[] },
): void {
  describe(rule.name, () => {
    for (const example of valid) {
      it(`accepts ${example.name}`, () => {
        expect(findingsOf(rule, example).map(({ message }) => message)).toEqual([]);
      });
    }
    for (const example of invalid) {
      it(`reports ${example.name}`, () => {
        const findings = findingsOf(rule, example);
        expect(findings.map(({ message }) => message)).toHaveLength(example.findings.length);
        for (const [i, expected] of example.findings.entries()) {
          const finding = findings[i];
          if (finding !== undefined) expectFinding(finding, expected);
        }
        checkMetadata(rule, findings);
        if (example.fixed !== undefined) checkFix(rule, example, findings);
      });
    }
  });
}

/** The context of a manifest that must have no errors. */
export function contextOf(yaml: string, settings: Partial<AuditSettings> = {}): AuditContext {
  const source = { name: 'test.yaml', text: yaml };
  const { objects, diagnostics } = readManifests([source]);
  expect(diagnostics.flatMap(({ severity, message }) => (severity === 'error' ? [message] : []))).toEqual([]);
  return new AuditContext({ objects, cluster: buildCluster(objects), sources: [source], settings });
}

export function findingsOf(rule: Rule, { yaml, options, settings }: ValidCase): readonly ReportedFinding[] {
  return runRules(contextOf(yaml, settings), [{ rule, ...(options === undefined ? {} : { options }) }]);
}

function expectFinding(finding: ReportedFinding, expected: ExpectedFinding): void {
  const { place, witness } = finding;
  if (typeof expected.message === 'string') expect(finding.message).toBe(expected.message);
  else if (expected.message !== undefined) expect(finding.message).toMatch(expected.message);
  if (expected.at !== undefined) {
    const text = place === undefined ? '' : place.source.text.slice(place.start, place.end);
    expect(text.slice(0, expected.at.length)).toBe(expected.at);
  }
  if (expected.line !== undefined) {
    expect(place === undefined ? 0 : positionAt(place.source, place.start).line).toBe(expected.line);
  }
  const { object, severity, confidence, pods } = expected;
  if (object !== undefined) expect(finding.object).toBe(object);
  if (severity !== undefined) expect(finding.severity).toBe(severity);
  if (confidence !== undefined) expect(finding.confidence).toBe(confidence);
  if (pods !== undefined) expect(finding.pods).toEqual(pods);
  if (expected.related !== undefined) expect(finding.related).toHaveLength(expected.related);
  if (expected.witness !== undefined) {
    const shown = witness && `${witness.from} > ${witness.to} ${witness.protocol} ${witness.port ?? '-'}`;
    expect(shown).toBe(expected.witness);
  }
}

function checkMetadata(rule: Rule, findings: readonly ReportedFinding[]): void {
  for (const { message, fix } of findings) {
    expect(message).not.toMatch(/\.$|\n/);
    if (!rule.fixable) expect(fix).toBeUndefined();
  }
}

function checkFix(rule: Rule, example: InvalidCase, findings: readonly ReportedFinding[]): void {
  const fixes = findings.flatMap(({ fix }) => (fix === undefined ? [] : [fix]));
  if (example.fixed === null) {
    expect(fixes).toEqual([]);
    return;
  }
  expect(fixes).not.toEqual([]);
  let yaml = example.yaml;
  // Overlapping fixes are made one round after the other.
  for (let round = 0; round < 10; round++) {
    const groups = findingsOf(rule, { ...example, yaml }).flatMap(({ fix }) => (fix === undefined ? [] : [fix.edits]));
    if (groups.length === 0) break;
    yaml = [...applyEdits(groups).texts.values()][0] ?? yaml;
  }
  expect(yaml).toBe(example.fixed);
  const after = findingsOf(rule, { ...example, yaml });
  expect(after.flatMap(({ fix }) => (fix === undefined ? [] : [fix.description]))).toEqual([]);
  if (example.stillFound !== true) expect(after.map(({ message }) => message)).toEqual([]);
  const sameVerdicts = mapText(example.yaml) === mapText(yaml);
  expect(fixes.some(({ changesVerdicts }) => changesVerdicts) || sameVerdicts).toBe(true);
}

function mapText(yaml: string): string {
  const { objects } = readManifests([{ name: 'test.yaml', text: yaml }]);
  const { peers, connections } = connectivityMap(createEngine(buildCluster(objects)));
  // What is isolated may be said otherwise; who reaches whom may not.
  return JSON.stringify([peers.map(({ id }) => id), connections]);
}
