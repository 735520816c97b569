import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { labNetworks } from '../../../../src/lab/networks.ts';
import {
  MAX_TRANSACTION_BYTES,
  parseServiceTable,
  transactionsTo,
} from '../../../../src/lab/runtime/netns/service-table.ts';
import { renderServices } from '../../../../src/lab/services/render-services.ts';
import type { ServiceRule } from '../../../../src/lab/services/service-rule.ts';

const networks = labNetworks(1, 'dual');

function rule(index: number, backends: readonly number[]): ServiceRule {
  return {
    service: `shop/s${index}:`,
    protocol: 'TCP',
    addresses: [`10.96.${index >> 8}.${index & 255}`],
    port: 80,
    backends: backends.map((backend) => ({ address: `10.244.0.${backend}`, port: 8080 })),
  };
}

function render(rules: readonly ServiceRule[]) {
  const [node] = networks.nodes;
  if (node === undefined) throw new Error('no node');
  return parseServiceTable(renderServices(rules, node, networks));
}

/** Keeps elements as the kernel does: what is there already is not added, and only what is there can be deleted. */
class FakeTable {
  readonly elements = new Map<string, Map<string, string>>();

  load(text: string): void {
    if (text.startsWith('add table')) {
      this.elements.clear();
      for (const [set, elements] of parseServiceTable(text).elements) this.elements.set(set, new Map(elements));
      return;
    }
    for (const line of text.trim().split('\n')) {
      const [, verb, set = '', key = '', value = ''] =
        /^(add|delete) element inet sallyport-services (\w+) \{ (.*?)(?: : (.*))? \}$/.exec(line) ?? [];
      const elements = this.elements.get(set);
      if (elements === undefined || verb === undefined) throw new Error(line);
      if (verb === 'delete') {
        if (!elements.delete(key)) throw new Error(`nothing to delete: ${line}`);
      } else {
        if ((elements.get(key) ?? value) !== value) throw new Error(`there is another one: ${line}`);
        elements.set(key, value);
      }
    }
  }
}

const sorted = (elements: ReadonlyMap<string, ReadonlyMap<string, string>>) =>
  [...elements].map(([set, each]) => [set, new Map(each)]);

describe('a table of Services', () => {
  it('is loaded as a whole while it is small', () => {
    const table = render([rule(1, [1, 2])]);
    expect(transactionsTo(table, undefined)).toEqual([table.text]);
    expect([...(table.elements.get('backends4') ?? [])]).toEqual([
      ['10.96.0.1 . tcp . 80 . 0', '10.244.0.1 . 8080'],
      ['10.96.0.1 . tcp . 80 . 1', '10.244.0.2 . 8080'],
    ]);
  });

  it('changes by the elements that differ', () => {
    const before = render([rule(1, [1]), rule(2, [1])]);
    const next = render([rule(1, [3]), rule(3, [1])]);
    const [text = '', ...more] = transactionsTo(next, before);
    expect(more).toEqual([]);
    expect(text).toContain(
      'delete element inet sallyport-services backends4 { 10.96.0.1 . tcp . 80 . 0 }\nadd element',
    );
    expect(text).not.toContain('table');
    expect(transactionsTo(next, next)).toEqual([]);
  });

  it('is made anew when anything else differs', () => {
    const before = render([rule(1, [1])]);
    const next = render([rule(1, [1, 2])]);
    expect(transactionsTo(next, before)).toEqual([next.text]);
  });

  it('is told in parts when it is big, backends before what leads to them', () => {
    const table = render(Array.from({ length: 2000 }, (_, index) => rule(index, [1, 2, 3])));
    const parts = transactionsTo(table, undefined);
    expect(parts.length).toBeGreaterThan(5);
    for (const part of parts) expect(part.length).toBeLessThan(2 * MAX_TRANSACTION_BYTES);
    const all = parts.join('');
    expect(all.lastIndexOf(' backends4 {')).toBeLessThan(all.indexOf(' element inet sallyport-services services4'));
    const fake = new FakeTable();
    for (const part of parts) fake.load(part);
    expect(sorted(fake.elements)).toEqual(sorted(table.elements));
  });

  it('is what it should be after any changes', () => {
    const rules = fc.uniqueArray(
      fc.record({ index: fc.nat(6), backends: fc.uniqueArray(fc.integer({ min: 1, max: 4 })) }),
      {
        selector: ({ index }) => index,
      },
    );
    fc.assert(
      fc.property(fc.array(rules, { maxLength: 5 }), (states) => {
        const fake = new FakeTable();
        let before: ReturnType<typeof render> | undefined;
        for (const state of states) {
          const next = render(state.map(({ index, backends }) => rule(index, backends)));
          for (const text of transactionsTo(next, before)) fake.load(text);
          expect(sorted(fake.elements)).toEqual(sorted(next.elements));
          before = next;
        }
      }),
    );
  });
});
