/** Objects of a live cluster have no text behind them: rules find the same faults, without places and fixes. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { KubeObjects } from '../../src/kube/objects.ts';
import { readManifests } from '../../src/kube/read.ts';
import { buildCluster } from '../../src/model/cluster.ts';
import { allRules } from '../../src/rules/all-rules.ts';
import { AuditContext } from '../../src/rules/audit-context.ts';
import { runRules } from '../../src/rules/audit.ts';
import { readRulePage } from './rule-page.ts';

/** What is about files, or about objects that only files can still have. */
const textOnly = new Set([
  'empty-peer-list',
  'namespace-omitted',
  'declared-need-denied',
  'webhook-blocked',
  'api-server-unreachable',
]);

it.each(allRules.map((rule) => [rule.name, rule] as const))('%s', (name, rule) => {
  const page = readRulePage(readFileSync(new URL(`../../docs/rules/${name}.md`, import.meta.url), 'utf8'));
  for (const yaml of page.examples('Avoid')) {
    const { objects } = readManifests([{ name: 'example.yaml', text: yaml }]);
    const live = withoutSpans(objects) as KubeObjects;
    const context = new AuditContext({
      objects: live,
      cluster: buildCluster(live),
      sources: [],
      settings: { complete: true, today: '2026-01-01' },
    });
    const findings = runRules(context, [{ rule }]);
    if (!textOnly.has(name)) expect(findings).not.toEqual([]);
    for (const { place, fix, related = [], confidence, object } of findings) {
      expect([place, fix, confidence === 'file-only']).toEqual([undefined, undefined, false]);
      for (const { span } of related) expect(span).toBeUndefined();
      expect(object).not.toBe('');
    }
  }
});

function withoutSpans(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSpans);
  if (value instanceof Map || value instanceof Set || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [key, key === 'span' ? undefined : withoutSpans(child)]),
  );
}
