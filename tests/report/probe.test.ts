import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeProbes, type Measured, type ProbeReport } from '../../src/probe/judge-probes.ts';
import { planProbes } from '../../src/probe/plan-probes.ts';
import type { ProbePlan } from '../../src/probe/probe-plan.ts';
import { plainPalette } from '../../src/report/palette.ts';
import { probeFormats } from '../../src/report/probe-formats.ts';
import { renderProbeText } from '../../src/report/probe-text.ts';
import { parseIp } from '../../src/base/inet-parse.ts';
import { asPredicted, measured, probed } from '../probe/pods.ts';
import { expectGolden } from './golden.ts';
import { anyName, unsafe } from './hostile.ts';

const options = { palette: plainPalette, width: 100, ascii: false };

const engine = probed(
  {
    'shop/web': {
      ips: ['10.244.0.2', 'fd00:10:244::2'],
      labels: { app: 'web' },
      ports: [{ name: 'http', containerPort: 80 }],
    },
    'shop/api': { ips: ['10.244.0.3', 'fd00:10:244::3'], labels: { app: 'api' } },
    'db/postgres': { ips: ['10.244.0.4'], labels: { app: 'db' }, ports: [{ containerPort: 5432 }] },
    'kube-system/host': { ips: ['172.30.0.2'], hostNetwork: true },
  },
  {
    'shop/web': {
      podSelector: { matchLabels: { app: 'web' } },
      ingress: [{ from: [{ podSelector: { matchLabels: { app: 'api' } } }], ports: [{ port: 'http' }] }],
      egress: [{ to: [{ ipBlock: { cidr: '198.51.100.0/24' } }] }],
      policyTypes: ['Ingress', 'Egress'],
    },
    'db/closed': { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
  },
);

const external = ['198.51.100.7', '2001:db8::7'].flatMap((text) => parseIp(text)?.ip ?? []);
const plan = planProbes(engine, {
  ports: [
    { protocol: 'TCP', port: 80 },
    { protocol: 'UDP', port: 53 },
  ],
  namespaces: [],
  external,
  most: 1000,
});

function changed(each: (index: number, predicted: string) => Measured | undefined): readonly Measured[] {
  const all = asPredicted(plan);
  return plan.attempts.map(({ predicted }, index) => each(index, predicted) ?? all[index] ?? measured('error'));
}

const promised: ProbePlan = {
  ...plan,
  attempts: plan.attempts.slice(0, 8).map((each, index) => ({
    ...each,
    expected: { intent: 0, verdict: index % 3 === 0 ? 'allowed' : 'denied' },
  })),
};

const samples: readonly (readonly [name: string, report: ProbeReport])[] = [
  ['as-predicted', judgeProbes(engine, plan, asPredicted(plan), false)],
  [
    'simulated',
    judgeProbes(
      engine,
      plan,
      asPredicted(plan).map((each) => ({ ...each, text: 'simulated' })),
      true,
    ),
  ],
  [
    'differs',
    judgeProbes(
      engine,
      plan,
      changed((index, predicted) => {
        if (predicted === 'denied' && index % 5 === 0) return measured('connected');
        return predicted === 'allowed' && index % 7 === 0 ? measured('timeout') : undefined;
      }),
      false,
    ),
  ],
  [
    'untried',
    judgeProbes(
      engine,
      plan,
      changed((index) =>
        plan.attempts[index]?.source === 0
          ? measured('error', 'db/postgres cannot open connections for us: pods "postgres" not found')
          : undefined,
      ),
      false,
    ),
  ],
  ['promises', judgeProbes(engine, promised, asPredicted(promised), false)],
];

describe('goldens', () => {
  for (const [sample, report] of samples)
    for (const format of probeFormats)
      test(`${sample} as ${format.name}`, () => {
        expectGolden(`probe-${sample}.${format.extension}`, format.render(report, options));
      });
});

describe('text', () => {
  test('explains a few disagreements and counts the others', () => {
    const wrong = judgeProbes(
      engine,
      plan,
      changed((_, predicted) => measured(predicted === 'denied' ? 'connected' : 'timeout')),
      false,
    );
    const text = renderProbeText(wrong, options);
    expect(text.match(/^measured /gm)).toHaveLength(5);
    expect(text).toContain(`and ${wrong.disagreements.length - 5} more; -o json lists them all`);
  });

  test('has plain signs where nothing else can be shown', () => {
    for (const [, report] of samples) {
      const text = renderProbeText({ ...report, disagreements: [] }, { ...options, ascii: true });
      expect(text).not.toMatch(/[^\n -~]/);
    }
  });
});

describe('hostile names and texts', () => {
  test.each(probeFormats.map((format) => [format.name, format] as const))('do no harm: %s', (_, { render }) => {
    fc.assert(
      fc.property(anyName, anyName, anyName, (from, to, text) => {
        const hostile: ProbePlan = {
          sources: plan.sources.map((each) => ({ ...each, label: from, group: from })),
          targets: plan.targets.map((each) => ({ ...each, label: to, group: to })),
          attempts: plan.attempts.map((each) => ({ ...each, expected: { intent: 0, verdict: 'allowed' } })),
          notes: [text],
        };
        for (const outcome of ['connected', 'error', 'timeout'] as const) {
          const report = judgeProbes(
            engine,
            hostile,
            plan.attempts.map(() => measured(outcome, text)),
            false,
          );
          expect(render(report, options)).not.toMatch(unsafe);
        }
      }),
      { numRuns: 60 },
    );
  });
});
