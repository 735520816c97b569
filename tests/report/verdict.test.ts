import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { VerdictResult } from '../../src/engine/results.ts';
import { verdictFormats } from '../../src/report/formats.ts';
import { plainPalette } from '../../src/report/palette.ts';
import { renderVerdictJson } from '../../src/report/verdict-json.ts';
import { renderVerdictText } from '../../src/report/verdict-text.ts';
import { expectGolden } from './golden.ts';
import { anyName, unsafe } from './hostile.ts';
import {
  deniedVerdict,
  legsVerdict,
  openVerdict,
  partlyVerdict,
  sampleVerdicts,
  unknownVerdict,
} from './sample-verdicts.ts';

const options = { palette: plainPalette, width: 100 };

describe('goldens', () => {
  for (const [sample, verdict, notes] of sampleVerdicts) {
    for (const format of verdictFormats) {
      it(`${sample} as ${format.name}`, () => {
        expectGolden(`verdict-${sample}.${format.extension}`, format.render(verdict, { ...options, notes }));
      });
    }
  }
});

describe('text', () => {
  it('takes three lines when all is well', () => {
    expect(renderVerdictText(openVerdict, options).trimEnd().split('\n')).toHaveLength(3);
  });

  it.each([50, 80, 120])('stays within %i columns', (width) => {
    for (const [sample, verdict, notes] of sampleVerdicts) {
      const lines = renderVerdictText(verdict, { palette: plainPalette, width, notes }).split('\n').slice(1);
      for (const line of lines) expect(line.length, `${sample}: ${line}`).toBeLessThanOrEqual(width);
    }
  });

  it.each([
    ['the labels of namespace shop are unknown: the input has no Namespace object for it', false],
    ['shop/NetworkPolicy/p spec.egress[0] may match: the addresses of db/Pod/x are not part of the input', true],
  ])('tells what to add: %s', (fact, aboutAddresses) => {
    const verdict: VerdictResult = { ...unknownVerdict, ingress: { ...unknownVerdict.ingress, why: [fact] } };
    for (const { render } of verdictFormats.filter(({ name }) => name !== 'json')) {
      expect(render(verdict, options)).toContain('Add the missing objects to the input');
      expect(render(verdict, options).includes('--pod-cidr')).toBe(aboutAddresses);
    }
  });

  it('counts what is too long to list, and lists it in full when asked', () => {
    const ends = Array.from({ length: 40 }, (_, i) => `shop/Pod/web-${i}`);
    const verdict: VerdictResult = { ...partlyVerdict, partly: { allowed: ends, denied: ['shop/Pod/x'], unknown: [] } };
    expect(renderVerdictText(verdict, options)).toContain('shop/web-4 +35 more');
    expect(renderVerdictText(verdict, { ...options, full: true })).toContain('shop/web-39');
  });
});

describe('json', () => {
  it('is the contract, key for key', () => {
    for (const [, verdict] of sampleVerdicts) expect(JSON.parse(renderVerdictJson(verdict))).toEqual(verdict);
    const keys = Object.keys(JSON.parse(renderVerdictJson(legsVerdict)) as object);
    expect(keys).toEqual([
      'apiVersion',
      'kind',
      'from',
      'to',
      'protocol',
      'port',
      'allowed',
      'certain',
      'verdict',
      'egress',
      'ingress',
      'ports',
      'via',
      'legs',
    ]);
  });
});

describe('hostile names', () => {
  it.each(verdictFormats.map((format) => [format.name, format] as const))(
    '%s prints nothing that acts',
    (_, format) => {
      fc.assert(
        fc.property(anyName, anyName, (a, b) => {
          const reference = { policy: a, rule: b, name: a, file: b, line: 1 };
          const verdict: VerdictResult = {
            ...deniedVerdict,
            from: a,
            to: `${a}/K/${b}`,
            protocol: b,
            port: null,
            why: [a, b],
            via: [b],
            partly: { allowed: [a], denied: [b], unknown: [a + b] },
            ingress: {
              ...deniedVerdict.ingress,
              by: [reference],
              near: [{ ...reference, misses: 'port', because: b }],
              why: [a],
            },
            egress: { ...deniedVerdict.egress, certain: false, why: [a, b] },
          };
          for (const v of [verdict, { ...verdict, legs: [verdict] }]) {
            const text = format.render(v, { ...options, notes: [a, b] });
            expect(text).not.toMatch(unsafe);
            // A code span ends at a run of backticks as long as the one that began it.
            if (format.name === 'md')
              expect(text.replace(/(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)/g, '')).not.toMatch(/<[a-z/!]/i);
          }
        }),
        { numRuns: 100 },
      );
    },
  );
});
