import { describe, expect, test } from 'vitest';
import { ItemMap } from '../../../src/io/kubernetes/item-map.ts';

function item(namespace: string, name: string, value: number): Parameters<ItemMap<number>['set']>[0] {
  return { namespace, name, uid: 'u', resourceVersion: '1', value };
}

describe('items by namespace and name', () => {
  test('are counted, replaced, found and removed', () => {
    const items = new ItemMap<number>();
    for (const [namespace, name, value] of [
      ['a', 'x', 1],
      ['b', 'x', 2],
      ['', 'a/x', 3],
      ['a', 'x', 4],
      ['__proto__', 'constructor', 5],
    ] as const)
      items.set(item(namespace, name, value));
    expect(items.size).toBe(4);
    expect([...items].map(({ value }) => value)).toEqual([4, 2, 3, 5]);
    expect(items.get('a', 'x')?.value).toBe(4);
    expect(items.get('', 'a/x')?.value).toBe(3);
    expect(items.get('c', 'x')).toBeUndefined();
    items.delete('a', 'y');
    items.delete('c', 'x');
    expect(items.size).toBe(4);
    items.delete('a', 'x');
    items.delete('a', 'x');
    expect(items.size).toBe(3);
    expect(items.get('a', 'x')).toBeUndefined();
    items.set(item('a', 'x', 6));
    expect([...items].map(({ value }) => value)).toEqual([2, 3, 5, 6]);
  });
});
