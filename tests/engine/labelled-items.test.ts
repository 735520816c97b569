/** Selectors as integers and through the index, against the plain definition of matching. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAYBE, NO, YES } from '../../src/base/tri.ts';
import { LabelSpace } from '../../src/engine/label-space.ts';
import { LabelledItems } from '../../src/engine/labelled-items.ts';
import type { LabelSelector, Requirement } from '../../src/kube/objects.ts';
import { contradicts, matches } from '../../src/kube/selectors.ts';
import { selectorMatchesPartly } from '../../src/model/selector-match.ts';

const key: fc.Arbitrary<string> = fc.constantFrom('app', 'tier', 'constructor', '__proto__');
const value = fc.constantFrom('', 'a', 'b', 'c', 'd');
const labels = fc.array(fc.tuple(key, value), { maxLength: 4 }).map((entries) => new Map(entries));
const requirement: fc.Arbitrary<Requirement> = fc.oneof(
  fc.record({
    key,
    operator: fc.constantFrom('In' as const, 'NotIn' as const),
    values: fc.uniqueArray(fc.oneof(value, fc.constantFrom('q1', 'q2', 'q3', 'q4', 'q5', 'q6')), {
      minLength: 1,
      maxLength: 10,
    }),
  }),
  fc.record({ key, operator: fc.constantFrom('Exists' as const, 'DoesNotExist' as const), values: fc.constant([]) }),
);
const selector: fc.Arbitrary<LabelSelector> = fc
  .array(requirement, { maxLength: 3 })
  .map((requirements) => ({ requirements, invalid: false, span: undefined }));
const unknownKeys = fc.uniqueArray(key, { maxLength: 2 }).map((keys) => new Set(keys));

/** Every way of filling in what is unknown, with one value that nobody names. */
function completions(known: ReadonlyMap<string, string>, unknown: ReadonlySet<string>): Map<string, string>[] {
  let all = [new Map(known)];
  for (const name of unknown) {
    if (known.has(name)) continue;
    all = all.flatMap((one) => [
      one,
      ...['', 'a', 'b', 'c', 'd', 'q1', 'q2', 'q3', 'q4', 'q5', 'q6', 'unheard-of'].map((v) =>
        new Map(one).set(name, v),
      ),
    ]);
  }
  return all;
}

describe('selectors', () => {
  it('match as the API server says, through signatures and through the index', () => {
    fc.assert(
      fc.property(
        fc.array(selector, { minLength: 1, maxLength: 5 }),
        fc.array(labels, { minLength: 1, maxLength: 60 }),
        fc.nat(),
        (selectors, things, cut) => {
          const space = new LabelSpace();
          const ids = selectors.map((one) => space.intern(one));
          const signatures = things.map((one) => space.signature(one, new Set()));
          const items = new LabelledItems(space, Int32Array.from(signatures));
          const first = cut % things.length;
          selectors.forEach((one, s) => {
            const compiled = space.selector(ids[s] ?? -1);
            const expected = things.map((thing) => matches(one, thing));
            signatures.forEach((signature, i) =>
              expect(space.matches(compiled, signature)).toBe(expected[i] === true ? YES : NO),
            );
            const found = items.matching(compiled, first, things.length);
            expect(found.certain).toEqual(found.possible);
            const inside: number[] = [];
            for (let i = 0; i < found.possible.length; i += 2) {
              for (let at = found.possible[i] ?? 0; at <= (found.possible[i + 1] ?? -1); at++) inside.push(at);
            }
            expect(inside).toEqual([...things.keys()].filter((i) => i >= first && expected[i] === true));
          });
        },
      ),
      { numRuns: 300 },
    );
  });

  it('are three-valued where labels are unknown: possible iff some completion matches, certain iff all do (D14)', () => {
    fc.assert(
      fc.property(selector, labels, unknownKeys, (one, known, unknown) => {
        const outcomes = completions(known, unknown).map((full) => matches(one, full));
        const expected = outcomes.every(Boolean) ? YES : outcomes.some(Boolean) ? MAYBE : NO;
        expect(selectorMatchesPartly(one, known, (name) => unknown.has(name) && !known.has(name))).toBe(expected);
        const space = new LabelSpace();
        const compiled = space.selector(space.intern(one));
        const signature = space.signature(known, unknown);
        expect(space.matches(compiled, signature)).toBe(expected);
        const found = new LabelledItems(space, new Int32Array(40).fill(signature)).matching(compiled, 3, 39);
        expect(found.possible).toEqual(expected === NO ? [] : [3, 38]);
        expect(found.certain).toEqual(expected === YES ? [3, 38] : []);
      }),
      { numRuns: 600 },
    );
  });

  it('of incomplete label sets ask for whatever is not given', () => {
    const space = new LabelSpace();
    const find = (one: LabelSelector) => space.selector(space.intern(one));
    const named = find(one('name', 'In', 'x'));
    const other = find(one('team', 'NotIn', 'x'));
    const signature = space.signature(new Map([['name', 'x']]), new Set(), false);
    expect(space.matches(named, signature)).toBe(YES);
    expect(space.matches(other, signature)).toBe(MAYBE);
    const items = new LabelledItems(space, new Int32Array(30).fill(signature));
    expect(items.matching(other, 0, 30)).toEqual({ certain: [], possible: [0, 29] });
    expect(items.matching(named, 0, 30)).toEqual({ certain: [0, 29], possible: [0, 29] });
  });

  it('are one when they differ only in order', () => {
    const space = new LabelSpace();
    const a: Requirement = { key: 'a', operator: 'In', values: ['x', 'y'] };
    const b: Requirement = { key: 'b', operator: 'Exists', values: [] };
    const base = { invalid: false, span: undefined };
    expect(space.intern({ ...base, requirements: [a, b] })).toBe(
      space.intern({ ...base, requirements: [b, { ...a, values: ['y', 'x', 'x'] }] }),
    );
  });

  it('S49: contradict themselves exactly when nothing satisfies them', () => {
    fc.assert(
      fc.property(fc.array(requirement, { maxLength: 4 }), (requirements) => {
        const keys = new Set(requirements.map((r) => r.key));
        const whole: LabelSelector = { requirements, invalid: false, span: undefined };
        const satisfiable = completions(new Map(), keys).some((full) => matches(whole, full));
        expect(contradicts(requirements)).toBe(!satisfiable);
      }),
      { numRuns: 300 },
    );
  });
});

function one(key: string, operator: Requirement['operator'], ...values: string[]): LabelSelector {
  return { requirements: [{ key, operator, values }], invalid: false, span: undefined };
}
