/** Every rule on random clusters: nothing breaks, what is called superfluous is, and tidying changes no verdict. */
import { stringify } from 'yaml';
import { expect, it } from 'vitest';
import type { SourceText } from '../../src/base/source.ts';
import { parseEndpoint } from '../../src/engine/endpoint.ts';
import { createEngine } from '../../src/engine/engine.ts';
import type { Protocol } from '../../src/kube/objects.ts';
import { readManifests } from '../../src/kube/read.ts';
import { buildCluster } from '../../src/model/cluster.ts';
import { allRules } from '../../src/rules/all-rules.ts';
import { AuditContext } from '../../src/rules/audit-context.ts';
import { runRules, type AuditReport } from '../../src/rules/audit.ts';
import { fixSources } from '../../src/rules/fix-sources.ts';
import type { Manifest } from '../oracle/manifest.ts';
import { endpointOf } from '../property/agreement.ts';
import { pairsOf } from '../property/queries.ts';
import { randomCluster } from '../property/random-cluster.ts';

const seeds = Array.from({ length: 25 }, (_, index) => 7000 + index);

function sourcesOf(manifests: readonly Manifest[]): SourceText[] {
  return manifests.map((manifest, index) => ({
    name: `${index}.yaml`,
    // Kubernetes reads YAML 1.1, where a bare y is a boolean.
    text: stringify(manifest, { version: '1.1' }),
  }));
}

function auditOf(sources: readonly SourceText[]): AuditReport {
  const { objects } = readManifests(sources);
  const context = new AuditContext({
    objects,
    cluster: buildCluster(objects),
    sources,
    settings: { today: '2026-01-01' },
  });
  const findings = runRules(
    context,
    allRules.map((rule) => ({ rule })),
  );
  return { findings, suppressed: [], rules: allRules, goneFromBaseline: 0 };
}

/** What every end may open to every other, addresses outside included, and whom policies isolate. */
function verdictsOf(manifests: readonly Manifest[], sources: readonly SourceText[]): string {
  const { objects } = readManifests(sources);
  const engine = createEngine(buildCluster(objects));
  const pods = Array.from(engine.cluster.pods.names.keys());
  const isolated = pods.map((pod) => engine.isolation(engine.classOfPod(pod)));
  const pairs = [...pairsOf(manifests)].map(({ from, to }) => {
    const { certain, possible, families } = engine.ports(endpointOf(engine, from), endpointOf(engine, to));
    const bounds = [certain, possible, families?.IPv4?.certain, families?.IPv6?.certain];
    return bounds.map((set) => (set === undefined ? 'none' : engine.portsValue(set)));
  });
  return JSON.stringify([isolated, pairs]);
}

it('nothing breaks', () => {
  let count = 0;
  for (const seed of seeds) {
    for (const { message, place, object, rule } of auditOf(sourcesOf(randomCluster(seed))).findings) {
      count++;
      expect([rule.name, message]).toEqual([rule.name, expect.stringMatching(/^[^\n]+[^.\n]$/)]);
      if (place !== undefined) expect(place.start).toBeLessThanOrEqual(place.end);
      expect(place ?? object).toBeDefined();
    }
  }
  expect(count).toBeGreaterThan(100);
});

it('what is said of a connection is so', () => {
  let count = 0;
  for (const seed of seeds) {
    const sources = sourcesOf(randomCluster(seed));
    const engine = createEngine(buildCluster(readManifests(sources).objects));
    for (const { witness, rule, message } of auditOf(sources).findings) {
      const said = witness === undefined ? undefined : /^(allowed|denied)/.exec(witness.text)?.[1];
      if (witness === undefined || said === undefined) continue;
      const [from, to] = [witness.from, witness.to].map((text) => parseEndpoint(engine.cluster, text));
      if (from?.ok !== true || to?.ok !== true) throw new Error(`${rule.name}: ${witness.from} > ${witness.to}`);
      const verdict = engine.verdict({
        from: from.value.endpoint,
        to: to.value.endpoint,
        protocol: witness.protocol as Protocol,
        port: witness.port ?? 0,
      });
      count++;
      expect([seed, message, witness, verdict]).toEqual([seed, message, witness, said]);
    }
  }
  expect(count).toBeGreaterThan(0);
});

it('a policy that others cover can go', () => {
  let count = 0;
  for (const seed of seeds) {
    const manifests = randomCluster(seed);
    const sources = sourcesOf(manifests);
    const covered = auditOf(sources).findings.filter(({ rule }) => rule.name === 'covered-policy');
    for (const { place } of covered.slice(0, 3)) {
      count++;
      const without = sources.filter((source) => source !== place?.source);
      expect(without).toHaveLength(sources.length - 1);
      const now = verdictsOf(manifests, without);
      expect([seed, place?.source.name, now]).toEqual([seed, place?.source.name, verdictsOf(manifests, sources)]);
    }
  }
  expect(count).toBeGreaterThan(0);
});

it('tidying changes no verdict, and leaves nothing to tidy', () => {
  let count = 0;
  const tidying = (report: AuditReport): AuditReport => ({
    ...report,
    findings: report.findings.filter(({ fix }) => fix?.changesVerdicts === false),
  });
  for (const seed of seeds) {
    const manifests = randomCluster(seed);
    const sources = sourcesOf(manifests);
    const {
      sources: after,
      made,
      report,
    } = fixSources(sources, tidying(auditOf(sources)), {
      isEditable: () => true,
      analyse: (texts) =>
        readManifests(texts).rejected > readManifests(sources).rejected ? undefined : tidying(auditOf(texts)),
    });
    count += made.length;
    if (made.length > 0) {
      expect([seed, made, verdictsOf(manifests, after)]).toEqual([seed, made, verdictsOf(manifests, sources)]);
    }
    expect(report.findings).toEqual([]);
  }
  expect(count).toBeGreaterThan(0);
});
