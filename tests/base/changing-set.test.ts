import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChangingSet } from '../../src/base/changing-set.ts';

describe('the id of a changing set', () => {
  it('is 0 when empty, also after changes', () => {
    const set = new ChangingSet(5);
    expect(set.id).toBe(0);
    set.add(3);
    expect(set.id).not.toBe(0);
    set.remove(3);
    expect(set.id).toBe(0);
  });

  it('does not count how often a member was added', () => {
    const set = new ChangingSet(2);
    set.add(1);
    const once = set.id;
    set.add(1);
    expect(set.id).toBe(once);
    set.remove(1);
    expect(set.id).toBe(once);
  });

  it('tells the members of a set of one apart', () => {
    const set = new ChangingSet(1000);
    const ids = Array.from({ length: 1000 }, (_, member) => {
      set.add(member);
      const { id } = set;
      set.remove(member);
      return id;
    });
    expect(new Set(ids).size).toBe(1000);
  });

  it('survives clearing', () => {
    const set = new ChangingSet(8);
    set.add(2);
    set.add(7);
    const before = set.id;
    set.clear();
    expect(set.id).toBe(0);
    set.add(7);
    set.add(2);
    expect(set.id).toBe(before);
  });

  it('is equal exactly when the content is', () => {
    const step = fc.record({ member: fc.nat(19), adds: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const set = new ChangingSet(20);
        const model = new Set<number>();
        const idOf = new Map<string, number>([['', 0]]);
        for (const { member, adds } of steps) {
          if (adds === model.has(member)) continue;
          if (adds) model.add(member);
          else model.delete(member);
          if (adds) set.add(member);
          else set.remove(member);
          const content = [...model].toSorted((a, b) => a - b).join(' ');
          const known = idOf.get(content);
          if (known === undefined) idOf.set(content, set.id);
          else expect(set.id).toBe(known);
        }
        expect(new Set(idOf.values()).size).toBe(idOf.size);
      }),
    );
  });
});
