import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LabelSelector, Requirement } from '../../src/kube/objects.ts';
import {
  canonicalRequirement,
  formatSelector,
  isContradictory,
  matches,
  parseSelector,
  selectorKey,
} from '../../src/kube/selectors.ts';

function selector(text: string): LabelSelector {
  const parsed = parseSelector(text);
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.selector;
}

function labels(record: Record<string, string>): Map<string, string> {
  return new Map(Object.entries(record));
}

describe('S55-S60: matching', () => {
  test.each<[string, Record<string, string>, boolean]>([
    ['', {}, true],
    ['', { a: 'b' }, true],
    ['a=b', { a: 'b' }, true],
    ['a=b', { a: 'B' }, false],
    ['a=b', { A: 'b' }, false],
    ['a=b', {}, false],
    ['a=b,c=d', { a: 'b', c: 'd', e: 'f' }, true],
    ['a=b,c=d', { a: 'b' }, false],
    ['a=', { a: '' }, true],
    ['a=', {}, false],
    ['a=', { a: 'b' }, false],
    ['a in (b,c)', { a: 'c' }, true],
    ['a in (b,c)', { a: 'd' }, false],
    ['a in (b,c)', {}, false],
    ['a notin (b,c)', { a: 'b' }, false],
    ['a notin (b,c)', { a: 'd' }, true],
    ['a notin (b,c)', {}, true],
    ['a!=b', {}, true],
    ['a', { a: '' }, true],
    ['a', {}, false],
    ['!a', { a: '' }, false],
    ['!a', { b: '' }, true],
    ['a in (1)', { a: '01' }, false],
    ['constructor', {}, false],
    ['toString', {}, false],
    ['constructor=x', { constructor: 'x' }, true],
  ])('%s on %j: %s', (text, record, expected) => {
    expect(matches(selector(text), labels(record))).toBe(expected);
  });

  test('an invalid selector matches nothing (D11)', () => {
    expect(matches({ requirements: [], invalid: true, span: undefined }, new Map())).toBe(false);
  });
});

describe('S49: contradictions', () => {
  test.each([
    ['a in (x),a notin (x)', true],
    ['a=x,!a', true],
    ['a=x,a=y', true],
    ['a,!a', true],
    ['a in (x,y),a notin (x),a notin (y)', true],
    ['a in (x,y),a in (y,z),a notin (x)', false],
    ['a in (x,y),a notin (x)', false],
    ['a notin (x),!a', false],
    ['a=x,b notin (x)', false],
    ['a=x,!b', false],
    ['a,a notin (x)', false],
    ['', false],
  ])('%s: %s', (text, expected) => {
    expect(isContradictory(selector(text))).toBe(expected);
  });

  test('a selector that matches something is never called contradictory, and the other way round', () => {
    const values = ['', 'x', 'y'];
    const requirement = fc.record<Requirement>({
      key: fc.constantFrom('a', 'b'),
      operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'),
      values: fc.subarray(values, { minLength: 1 }),
    });
    const options = [undefined, ...values];
    fc.assert(
      fc.property(fc.array(requirement, { maxLength: 5 }), (requirements) => {
        const tested: LabelSelector = { requirements, invalid: false, span: undefined };
        // `other` stands for every value that no requirement names.
        const satisfiable = [...options, 'other'].some((a) =>
          [...options, 'other'].some((b) => {
            const set = new Map<string, string>();
            if (a !== undefined) set.set('a', a);
            if (b !== undefined) set.set('b', b);
            return matches(tested, set);
          }),
        );
        expect(isContradictory(tested)).toBe(!satisfiable);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the notation of kubectl -l', () => {
  test.each([
    ['', ''],
    ['a=b', 'a=b'],
    ['a==b', 'a=b'],
    ['a = b , c', 'a=b,c'],
    ['a!=b', 'a!=b'],
    ['a in (b)', 'a=b'],
    ['a in (c,b,c)', 'a in (c,b)'],
    ['a notin (b, c)', 'a notin (b,c)'],
    ['a in (,b)', 'a in (,b)'],
    ['!a', '!a'],
    ['! a', '!a'],
    ['a=', 'a='],
    ['a=,b=c', 'a=,b=c'],
    ['in', 'in'],
    ['in in (in)', 'in=in'],
    ['app.kubernetes.io/name=web', 'app.kubernetes.io/name=web'],
  ])('%j is %j', (text, formatted) => {
    expect(formatSelector(selector(text))).toBe(formatted);
  });

  test.each([
    [',', "found ',', expected: a label key", 0],
    ['a,', "found '', expected: a label key", 2],
    ['a b', "found 'b', expected: '=', '!=', '==', 'in', 'notin'", 2],
    ['a in b', "found 'b', expected: '('", 5],
    ['a in (b', "found '', expected: ',' or ')'", 7],
    ['a in (b c)', "found 'c', expected: ',' or ')'", 8],
    ['a=b=c', "found '=', expected: ',' or the end", 3],
    ['!a=b', "found '=', expected: ',' or the end", 2],
    ['a)', "found ')', expected: '=', '!=', '==', 'in', 'notin'", 1],
    ['-a', 'key: Invalid value: "-a": name part must consist of', 0],
    ['a=-b', 'values: Invalid value: "-b": a valid label must be', 2],
    ['a gt 5', "found 'gt', expected: '=', '!=', '==', 'in', 'notin'", 2],
  ])('%j: %s', (text, message, at) => {
    const parsed = parseSelector(text);
    expect(parsed.ok).toBe(false);
    if (parsed.ok) return;
    expect(parsed.message.startsWith(message)).toBe(true);
    expect(parsed.at).toBe(at);
  });

  test('what is formatted parses back to the same meaning', () => {
    const word = fc.stringMatching(/^[a-z]([-a-z0-9_.]{0,8}[a-z0-9])?$/);
    const withValues = fc.record({
      key: word,
      operator: fc.constantFrom<Requirement['operator']>('In', 'NotIn'),
      values: fc.uniqueArray(word, { minLength: 1, maxLength: 3 }),
    });
    const without = fc.record({
      key: word,
      operator: fc.constantFrom<Requirement['operator']>('Exists', 'DoesNotExist'),
      values: fc.constant([]),
    });
    fc.assert(
      fc.property(fc.array(fc.oneof(withValues, without), { maxLength: 5 }), (requirements) => {
        const original: LabelSelector = { requirements, invalid: false, span: undefined };
        expect(selector(formatSelector(original))).toEqual(original);
      }),
    );
  });

  test('any text is either a selector or refused', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', '=', '!', ',', '(', ')', ' ', 'in', '/', '-') }),
        (text) => {
          const parsed = parseSelector(text);
          if (parsed.ok) expect(selector(formatSelector(parsed.selector))).toEqual(parsed.selector);
          else expect(parsed.message).not.toBe('');
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('canonical form', () => {
  test('values are sorted and unique', () => {
    expect(canonicalRequirement({ key: 'a', operator: 'In', values: ['c', 'b', 'c'] }).values).toEqual(['b', 'c']);
  });

  test.each([
    ['a=b,c=d', 'c=d,a=b', true],
    ['a in (b,c)', 'a in (c,b)', true],
    ['a=b,a=b', 'a=b', true],
    ['a=b', 'a!=b', false],
    ['a in (b,c)', 'a=b', false],
    ['a', '!a', false],
  ])('%s and %s have the same key: %s', (one, other, same) => {
    expect(selectorKey(selector(one)) === selectorKey(selector(other))).toBe(same);
  });

  test('values that look like separators do not collide', () => {
    const one: LabelSelector = {
      requirements: [{ key: 'a', operator: 'In', values: ['b","c'] }],
      invalid: false,
      span: undefined,
    };
    const other: LabelSelector = {
      requirements: [{ key: 'a', operator: 'In', values: ['b', 'c'] }],
      invalid: false,
      span: undefined,
    };
    expect(selectorKey(one)).not.toBe(selectorKey(other));
  });
});
