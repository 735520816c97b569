/** Every rule has a page whose examples do what the page says. */
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readManifests } from '../../src/kube/read.ts';
import { buildCluster } from '../../src/model/cluster.ts';
import { allRules } from '../../src/rules/all-rules.ts';
import { AuditContext } from '../../src/rules/audit-context.ts';
import { audit } from '../../src/rules/audit.ts';
import { readConfig } from '../../src/rules/config.ts';
import { engineRules } from '../../src/rules/engine-rules.ts';
import { profileNames, profiles } from '../../src/rules/profiles.ts';
import { uncoveredBy } from '../../src/rules/uncovered.ts';
import { rulesOfControl } from '../../src/rules/profile-report.ts';
import { readRulePage } from './rule-page.ts';
import { findingsOf } from './rule-tester.ts';

const folder = fileURLToPath(new URL('../../docs/rules/', import.meta.url));
const everyRule = [...allRules, ...engineRules];
const today = '2026-01-01';

describe('rules', () => {
  it('have names of their own', () => {
    const names = everyRule.map(({ name }) => name);
    expect(names.toSorted()).toEqual([...new Set(names)].sort());
    for (const name of names) expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  });

  it('have one page each', () => {
    const pages = readdirSync(folder).filter((name) => name !== 'README.md');
    expect(pages.sort()).toEqual(everyRule.map(({ name }) => `${name}.md`).sort());
  });

  it.each(everyRule.map((rule) => [rule.name, rule] as const))('%s says what it is', (_, rule) => {
    expect(rule.summary).toMatch(/^[^.\n]+(?:\.[^.\n]+)*$/);
    for (const id of rule.detectors) expect(id).toMatch(/^M([1-9]|[1-6]\d)$/);
    for (const id of rule.catalogue) expect(id).toMatch(/^NP\d{3}$/);
  });

  it('detect every mistake of the catalogue, or it says why not', () => {
    const detected = new Set(everyRule.flatMap(({ detectors }) => detectors));
    const excused = uncoveredBy(everyRule).map(({ id }) => id);
    const missing = Array.from({ length: 69 }, (_, index) => `M${index + 1}`).filter(
      (id) => !detected.has(id) && !excused.includes(id),
    );
    expect(missing).toEqual([]);
  });

  it('name only controls that a profile has', () => {
    for (const profile of profileNames) {
      const known = profiles.find(({ name }) => name === profile)?.controls.map(({ id }) => id) ?? [];
      for (const { name, controls } of allRules) {
        for (const id of controls?.[profile] ?? [])
          expect([name, profile, known.includes(id) ? id : 'unknown']).toEqual([name, profile, id]);
      }
    }
  });

  it('decide every control that manifests can decide', () => {
    const undecided = profiles.flatMap((profile) =>
      profile.controls
        .filter((control) => control.undecidable === undefined && rulesOfControl(profile, control).length === 0)
        .map(({ id }) => `${profile.name} ${id}`),
    );
    expect(undecided).toEqual([]);
  });

  it('decide no control that manifests cannot decide', () => {
    for (const profile of profiles) {
      for (const control of profile.controls) {
        if (control.undecidable !== undefined) expect(rulesOfControl(profile, control)).toEqual([]);
      }
    }
  });
});

describe.each(everyRule.map(({ name }) => name))('the page of %s', (name) => {
  const page = readRulePage(readFileSync(`${folder}${name}.md`, 'utf8'));

  it('has its parts', () => {
    expect(page.title).toBe(name);
    expect([...page.sections.keys()].filter((title) => title !== 'Setting')).toEqual([
      'Avoid',
      'Prefer',
      'Why',
      'When not to use it',
    ]);
    expect(page.examples('Avoid').length).toBeGreaterThan(0);
    expect(page.examples('Prefer').length).toBeGreaterThan(0);
  });

  it.each(page.examples('Avoid').map((yaml, i) => [i + 1, yaml] as const))('shows a fault, example %i', (_, yaml) => {
    expect(messagesOf(name, yaml)).not.toEqual([]);
  });

  it.each(page.examples('Prefer').map((yaml, i) => [i + 1, yaml] as const))('shows no fault, example %i', (_, yaml) => {
    expect(messagesOf(name, yaml)).toEqual([]);
  });
});

/** What the rule says of an example; an example of settings is taken as such. */
function messagesOf(name: string, yaml: string): readonly string[] {
  const rule = allRules.find((candidate) => candidate.name === name);
  if (rule !== undefined) return findingsOf(rule, { name, yaml, settings: { today } }).map(({ message }) => message);
  const isConfig = yaml.startsWith('audit:');
  const { config, diagnostics: faults } = readConfig({ name: 'sallyport.yaml', text: isConfig ? yaml : '' });
  expect(faults).toEqual([]);
  const sources = [{ name: 'example.yaml', text: isConfig ? '' : yaml }];
  const { objects, diagnostics } = readManifests(sources);
  const context = new AuditContext({ objects, cluster: buildCluster(objects), sources, settings: { today } });
  return audit({ context, config, diagnostics })
    .findings.filter((finding) => finding.rule.name === name)
    .map(({ message }) => message);
}
