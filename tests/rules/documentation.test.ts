/** Every rule has a page whose examples do what the page says. */
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { allRules } from '../../src/rules/all-rules.ts';
import { readRulePage } from './rule-page.ts';
import { findingsOf } from './rule-tester.ts';

const folder = fileURLToPath(new URL('../../docs/rules/', import.meta.url));

describe('rules', () => {
  it('are sorted and have names of their own', () => {
    const names = allRules.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)].sort());
    for (const name of names) expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  });

  it('have one page each', () => {
    const pages = readdirSync(folder).filter((name) => name !== 'README.md');
    expect(pages.sort()).toEqual(allRules.map(({ name }) => `${name}.md`));
  });
});

describe.each(allRules.map((rule) => [rule.name, rule] as const))('the page of %s', (name, rule) => {
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
    expect(findingsOf(rule, { name, yaml, settings: { today: '2026-01-01' } })).not.toEqual([]);
  });

  it.each(page.examples('Prefer').map((yaml, i) => [i + 1, yaml] as const))('shows no fault, example %i', (_, yaml) => {
    const findings = findingsOf(rule, { name, yaml, settings: { today: '2026-01-01' } });
    expect(findings.map(({ message }) => message)).toEqual([]);
  });
});
