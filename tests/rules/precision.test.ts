/**
 * What the audit says of policy sets that others use to test and to teach: the upstream suites, recipes, the documentation
 * of Kubernetes, and our own corner cases. Every line of the golden was looked at and is right; a new one must be too.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { SourceText } from '../../src/base/source.ts';
import { readManifests } from '../../src/kube/read.ts';
import { buildCluster } from '../../src/model/cluster.ts';
import { allRules } from '../../src/rules/all-rules.ts';
import { AuditContext } from '../../src/rules/audit-context.ts';
import { runRules } from '../../src/rules/audit.ts';
import type { ReportedFinding } from '../../src/rules/reported-finding.ts';
import { clusters, readCases, stages } from '../case-format/case-file.ts';
import { expectGolden } from '../report/golden.ts';

const examples = fileURLToPath(new URL('../../examples', import.meta.url));

/** What is left open is the very point of most of these sets. */
const rules = allRules.filter(({ category }) => category !== 'posture');

function findingsOf(sources: readonly SourceText[]): readonly ReportedFinding[] {
  const { objects } = readManifests(sources);
  const context = new AuditContext({
    objects,
    cluster: buildCluster(objects),
    sources,
    settings: { today: '2026-01-01' },
  });
  return runRules(
    context,
    rules.map((rule) => ({ rule })),
  );
}

it('finds in the cases what is there, and nothing else', () => {
  const lines = new Set<string>();
  let sets = 0;
  for (const file of readCases()) {
    // The same again in the old generation of the API.
    if (file.folder.endsWith('-v1alpha1')) continue;
    for (const { items } of clusters(file)) {
      for (const stage of stages(file, items)) {
        sets++;
        const text = stage.items.map((item) => item.text).join('\n---\n');
        for (const { rule, object, message } of findingsOf([{ name: file.folder, text }])) {
          lines.add(`${file.folder}: ${rule.name}: ${object ?? ''}: ${message}`);
        }
      }
    }
  }
  expect(sets).toBeGreaterThan(300);
  expectGolden('audit-of-cases.txt', `${[...lines].sort().join('\n')}\n`);
});

describe('well-made policies', () => {
  it.each(['online-shop', 'three-tier', 'default-deny'])('%s: nothing to report', (folder) => {
    const sources = readdirSync(join(examples, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.yaml'))
      .sort()
      .map((name) => ({ name, text: readFileSync(join(examples, folder, name), 'utf8') }));
    expect(findingsOf(sources).map(({ rule, message }) => `${rule.name}: ${message}`)).toEqual([]);
  });
});
