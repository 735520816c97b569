import { describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import { isAllowed, judgeProbes, type Outcome, probeAgrees } from '../../src/probe/judge-probes.ts';
import { planProbes } from '../../src/probe/plan-probes.ts';
import type { ProbePlan } from '../../src/probe/probe-plan.ts';
import { asPredicted, measured, probed } from './pods.ts';

function clusterOfTwo(): { readonly engine: Engine; readonly plan: ProbePlan } {
  const engine = probed(
    { 'shop/web': { ips: ['10.244.0.2'], labels: { app: 'web' } }, 'shop/api': { ips: ['10.244.0.3'] } },
    { 'shop/closed': { podSelector: { matchLabels: { app: 'web' } } } },
  );
  const ports = [{ protocol: 'TCP', port: 80 }] as const;
  // From api, which is denied, and from web, which is allowed.
  return { engine, plan: planProbes(engine, { ports, namespaces: [], external: [], most: 10 }) };
}

describe('what an outcome means', () => {
  test.each<[Outcome, boolean | undefined]>([
    ['connected', true],
    ['refused', true],
    ['timeout', false],
    ['unreachable', false],
    ['error', undefined],
    ['unsupported', undefined],
  ])('%s: allowed is %s', (outcome, allowed) => expect(isAllowed(outcome)).toBe(allowed));
});

describe('a report', () => {
  test('agrees when everything is as predicted', () => {
    const { engine, plan } = clusterOfTwo();
    const report = judgeProbes(engine, plan, asPredicted(plan), false);
    expect(report.counts).toEqual({ agrees: 2, leaks: 0, lost: 0, unpredicted: 0, untried: 0 });
    expect(report.disagreements).toEqual([]);
    expect(probeAgrees(report)).toBe(true);
  });

  test.each<[string, Outcome, Outcome, object]>([
    ['what got through although denied', 'refused', 'connected', { leaks: 1, agrees: 1 }],
    ['what did not get through although allowed', 'timeout', 'unreachable', { lost: 1, agrees: 1 }],
    ['both', 'connected', 'timeout', { leaks: 1, lost: 1 }],
  ])('finds %s, and explains the prediction', (_, fromApi, fromWeb, counts) => {
    const { engine, plan } = clusterOfTwo();
    const report = judgeProbes(engine, plan, [measured(fromApi), measured(fromWeb)], false);
    expect(report.counts).toMatchObject(counts);
    expect(probeAgrees(report)).toBe(false);
    for (const { judged, verdict } of report.disagreements) {
      expect(verdict.allowed).toBe(judged.attempt.predicted === 'allowed');
      expect(verdict.allowed).not.toBe(judged.allowed);
    }
  });

  test('counts what could not be tried, which is neither', () => {
    const { engine, plan } = clusterOfTwo();
    const report = judgeProbes(engine, plan, [measured('unsupported'), measured('error', 'gone')], false);
    expect(report.counts).toMatchObject({ untried: 2, agrees: 0 });
    expect(probeAgrees(report)).toBe(true);
  });

  test('takes what was not measured as not tried', () => {
    const { engine, plan } = clusterOfTwo();
    expect(judgeProbes(engine, plan, [], false).counts).toMatchObject({ untried: 2 });
  });

  test('never counts what could not be predicted as agreement', () => {
    const { engine, plan } = clusterOfTwo();
    const unknown = { ...plan, attempts: plan.attempts.map((each) => ({ ...each, predicted: 'unknown' as const })) };
    for (const outcome of ['connected', 'timeout'] as const) {
      const report = judgeProbes(engine, unknown, [measured(outcome), measured(outcome)], false);
      expect(report.counts).toMatchObject({ unpredicted: 2, agrees: 0 });
      expect(probeAgrees(report)).toBe(true);
    }
  });

  test.each<[Outcome, 'allowed' | 'denied', boolean]>([
    ['connected', 'allowed', true],
    ['connected', 'denied', false],
    ['timeout', 'denied', true],
    ['timeout', 'allowed', false],
    ['error', 'allowed', true],
    ['error', 'denied', true],
  ])('holds %s against the promise that it is %s, whatever was predicted', (outcome, verdict, kept) => {
    const { engine, plan } = clusterOfTwo();
    const predicted = outcome === 'connected' ? ('allowed' as const) : ('denied' as const);
    const attempts = plan.attempts.map((each) => ({ ...each, predicted, expected: { intent: 0, verdict } }));
    const report = judgeProbes(engine, { ...plan, attempts }, [measured(outcome), measured(outcome)], false);
    expect(report.disagreements).toEqual([]);
    expect(report.broken).toHaveLength(kept ? 0 : 2);
    expect(probeAgrees(report)).toBe(kept);
  });
});
