import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { IntentResult, VerifyReport } from '../../src/intents/report.ts';
import { plainPalette } from '../../src/report/palette.ts';
import { verifyFormats } from '../../src/report/verify-formats.ts';
import { renderVerifyText } from '../../src/report/verify-text.ts';
import { expectGolden } from './golden.ts';
import { anyName, unsafe } from './hostile.ts';

const options = { palette: plainPalette, width: 100 };

const openGate = { allowed: true, certain: true, isolated: false, tier: 'none', by: [] } as const;

const results: readonly IntentResult[] = [
  {
    name: 'web reaches the API',
    reason: 'not shown while it holds',
    assertion: 'allow',
    file: 'intents/shop.yaml',
    line: 5,
    outcome: 'holds',
    judged: 12,
    examples: [],
    more: 0,
  },
  {
    name: 'only the API reaches the database',
    reason: 'card data; see the threat model of 2026, which lists everything that talks to it and why that is so',
    assertion: 'only',
    file: 'intents/shop.yaml',
    line: 11,
    outcome: 'fails',
    judged: 48,
    examples: [
      {
        type: 'connection',
        from: 'shop/Pod/report-7f',
        to: 'db/StatefulSet/postgres',
        via: 'db/Service/database',
        expected: 'denied',
        verdict: 'allowed',
        ports: [{ protocol: 'TCP', ranges: [[5432, 5432]] }],
        protocol: 'TCP',
        port: 5432,
        egress: openGate,
        ingress: {
          allowed: true,
          certain: true,
          isolated: true,
          tier: 'NetworkPolicy',
          by: [
            { policy: 'db/NetworkPolicy/postgres', rule: 'spec.ingress[1]', file: 'k8s/db.yaml', line: 22, column: 7 },
            { policy: 'db/NetworkPolicy/a', rule: 'spec.ingress[0]', file: 'k8s/a.yaml', line: 3, column: 7 },
            { policy: 'db/NetworkPolicy/b', rule: 'spec.ingress[0]', file: 'k8s/b.yaml', line: 3, column: 7 },
          ],
        },
        pairs: 3,
      },
      {
        type: 'connection',
        from: 'shop/Deployment/api',
        to: 'db/StatefulSet/postgres',
        expected: 'allowed',
        verdict: 'denied',
        ports: 'any',
        anyPort: true,
        protocol: 'TCP',
        port: 5432,
        egress: openGate,
        ingress: {
          allowed: false,
          certain: true,
          isolated: true,
          tier: 'NetworkPolicy',
          by: [
            { policy: 'db/NetworkPolicy/default-deny', file: 'k8s/deny.yaml', line: 1, column: 1 },
            { policy: 'db/NetworkPolicy/postgres' },
          ],
          near: [
            {
              policy: 'db/NetworkPolicy/postgres',
              rule: 'spec.ingress[0]',
              file: 'k8s/db.yaml',
              line: 14,
              column: 7,
              misses: 'peer',
              because: 'selects app=apis, the pod has app=api',
            },
          ],
        },
        pairs: 1,
      },
    ],
    more: 9,
  },
  {
    name: 'both gates are guarded',
    assertion: 'isolated',
    file: 'intents/shop.yaml',
    line: 20,
    outcome: 'fails',
    judged: 8,
    examples: [
      { type: 'isolation', pod: 'shop/Deployment/web', direction: 'egress', isolated: 'no', pods: 4 },
      {
        type: 'isolation',
        pod: 'shop/Pod/agent',
        direction: 'ingress',
        isolated: 'no',
        why: ['it is on the host network, where no policy applies'],
        pods: 1,
      },
    ],
    more: 2,
  },
  {
    name: 'nothing reaches # the "vault" & <secrets>',
    assertion: 'deny',
    file: 'intents/vault.yaml',
    line: 4,
    outcome: 'unknown',
    judged: 2,
    examples: [
      {
        type: 'connection',
        from: 'internet',
        to: 'vault/Pod/vault-0',
        expected: 'denied',
        verdict: 'unknown',
        ports: [{ protocol: 'other', ranges: [] }],
        protocol: 'other',
        port: null,
        egress: { ...openGate, tier: 'exempt' },
        ingress: {
          allowed: false,
          certain: false,
          isolated: true,
          tier: 'NetworkPolicy',
          by: [],
          why: ['the labels of namespace ops are unknown: the input has no Namespace object for it'],
        },
        pairs: 1,
      },
    ],
    more: 0,
  },
  {
    name: 'what may be unknown',
    assertion: 'allow',
    file: 'intents/vault.yaml',
    line: 9,
    outcome: 'unknown',
    accepted: true,
    judged: 1,
    examples: [],
    more: 0,
  },
  {
    name: 'a slip of the pen',
    assertion: 'allow',
    file: 'intents/vault.yaml',
    line: 15,
    outcome: 'fails',
    message: 'no workload or pod "wep" in namespace "shop"',
    help: 'did you mean shop/web?',
    judged: 0,
    examples: [],
    more: 0,
  },
];

function reportOf(list: readonly IntentResult[]): VerifyReport {
  const count = (outcome: IntentResult['outcome']): number => list.filter((each) => each.outcome === outcome).length;
  return {
    apiVersion: 'sallyport.dev/v1',
    kind: 'VerifyReport',
    summary: {
      intents: list.length,
      hold: count('holds'),
      fail: count('fails'),
      unknown: count('unknown'),
      accepted: list.filter(({ accepted }) => accepted).length,
    },
    results: list,
  };
}

const report = reportOf(results);

describe('goldens', () => {
  test.each(verifyFormats.map((format) => [format.name, format] as const))('as %s', (name, format) => {
    expectGolden(`verify-${name}.${format.extension}`, format.render(report, options));
  });

  test('brief', () => {
    expectGolden('verify-brief.txt', renderVerifyText(report, { ...options, brief: true, ascii: true }));
  });
});

test.each([80, 120])('text stays within %i columns, but for names', (width) => {
  const lines = renderVerifyText(report, { palette: plainPalette, width }).split('\n');
  const wide = lines.filter((line) => line.length > width && !/ [→✗✓?]|^[✗✓?]/.test(line));
  expect(wide.filter((line) => line.trim().includes(' ') && !line.includes('.yaml'))).toEqual([]);
});

test('nothing to verify, and all well', () => {
  expect(renderVerifyText(reportOf([]), options)).toBe('0 intents\n');
  const [first] = results;
  if (first === undefined) throw new Error('a result');
  expect(renderVerifyText(reportOf([first]), { ...options, brief: true })).toBe('1 intent: 1 holds\n');
});

test('JSON is the report, in one fixed order', () => {
  const json = verifyFormats.find(({ name }) => name === 'json');
  expect(JSON.parse(json?.render(report, options) ?? '')).toEqual(JSON.parse(JSON.stringify(report)));
});

test('the blocks of TAP are YAML', () => {
  const tap = verifyFormats.find(({ name }) => name === 'tap')?.render(report, options) ?? '';
  const blocks = [...tap.matchAll(/^ {2}---\n([\s\S]*?)^ {2}\.\.\.$/gm)].map(
    ([, block = '']) => parse(block) as object,
  );
  expect(blocks).toHaveLength(4);
  expect(blocks[0]).toMatchObject({ at: 'intents/shop.yaml:11', outcome: 'fails' });
  // An unescaped number sign would begin a directive.
  expect(tap.match(/(?<!\\)#/)).toBeNull();
});

test('hostile names stay harmless in every format', () => {
  fc.assert(
    fc.property(anyName, anyName, anyName, (name, pod, file) => {
      const [, failing, isolated] = results;
      if (failing === undefined || isolated === undefined) throw new Error('results');
      const example = failing.examples[0];
      if (example?.type !== 'connection') throw new Error('an example');
      const hostile = reportOf([
        { ...failing, name, file, reason: pod, examples: [{ ...example, from: pod, to: name }] },
        { ...isolated, name, message: pod, help: file },
      ]);
      for (const { name: format, render } of verifyFormats) {
        const text = render(hostile, options);
        expect(text.replaceAll('\n', ''), format).not.toMatch(unsafe);
        if (format === 'github') expect(text.split('\n').filter((line) => line.startsWith('::'))).toHaveLength(2);
        if (format === 'tap') expect(text.split('\n').filter((line) => /^(?:not )?ok/.test(line))).toHaveLength(2);
      }
    }),
    { numRuns: 200 },
  );
});
