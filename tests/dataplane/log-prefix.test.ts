import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatLogPrefix, parseLogPrefix, type LogPrefix } from '../../src/dataplane/log-prefix.ts';

const cases: readonly [text: string, prefix: LogPrefix][] = [
  ['sp deny in_0abc', { verdict: 'deny', policySet: 'in_0abc', reply: false }],
  ['sp deny out_0abc_r', { verdict: 'deny', policySet: 'out_0abc', reply: true }],
  ['sp would-deny win_0abc', { verdict: 'would-deny', policySet: 'win_0abc', reply: false }],
  ['sp allow -', { verdict: 'allow', policySet: undefined, reply: false }],
  ['sp unknown-pod -', { verdict: 'unknown-pod', policySet: undefined, reply: false }],
];

describe('log prefixes', () => {
  it.each(cases)('%s', (text, prefix) => {
    expect(formatLogPrefix(prefix)).toBe(text);
    expect(parseLogPrefix(text)).toEqual(prefix);
    // Some kernels and some readers leave a space behind.
    expect(parseLogPrefix(`${text} `)).toEqual(prefix);
  });

  it.each([
    '',
    'sp',
    'sp deny',
    'sp deny  in_0',
    'sp drop in_0',
    'sp deny in_0 more',
    'sp deny In_0',
    'sp deny "',
    `sp deny ${'x'.repeat(120)}`,
    'IN= OUT=',
  ])('of others: %j', (text) => {
    expect(parseLogPrefix(text)).toBeUndefined();
  });

  it('never throws on what others write', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void parseLogPrefix(text)));
  });

  it.each(['a"', 'a b', '', 'x'.repeat(120), '-'])('no policy set is called %j', (policySet) => {
    expect(() => formatLogPrefix({ verdict: 'deny', policySet, reply: false })).toThrow(RangeError);
  });
});
