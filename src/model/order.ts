/** The one order of all output: by namespace, then by name, in code units, so that same input gives same bytes. */
import type { ObjectMeta } from '../kube/objects.ts';

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

interface Named {
  readonly meta: ObjectMeta;
  readonly kind: string;
}

export function compareObjects(a: Named, b: Named): number {
  return (
    compareText(a.meta.namespace, b.meta.namespace) ||
    compareText(a.meta.name, b.meta.name) ||
    compareText(a.kind, b.kind)
  );
}

/**
 * Sorted, one object per (kind, namespace, name): the last one given wins, as with `kubectl apply` (M56).
 *
 * Sorts namespace by namespace, because comparing names in one namespace is cheap, and not at all what came in order.
 */
export function sortedUnique<T extends Named>(objects: readonly T[]): readonly T[] {
  const byNamespace = new Map<string, T[]>();
  let list: T[] = [];
  let namespace: string | undefined;
  for (const object of objects) {
    if (object.meta.namespace !== namespace) {
      namespace = object.meta.namespace;
      const known = byNamespace.get(namespace);
      list = known ?? [];
      if (known === undefined) byNamespace.set(namespace, list);
    }
    list.push(object);
  }
  const sorted: T[] = [];
  for (const name of [...byNamespace.keys()].sort(compareText)) {
    const part = byNamespace.get(name) ?? [];
    if (!inOrder(part)) part.sort(compareObjects);
    for (let i = 0; i < part.length; i++) {
      const object = part[i];
      const next = part[i + 1];
      // The sort is stable, so the last of equals in the list is the last one given.
      if (object === undefined || (next !== undefined && compareObjects(object, next) === 0)) continue;
      sorted.push(object);
    }
  }
  return sorted;
}

function inOrder(objects: readonly Named[]): boolean {
  for (let i = 1; i < objects.length; i++) {
    const [a, b] = [objects[i - 1], objects[i]];
    if (a !== undefined && b !== undefined && compareObjects(a, b) > 0) return false;
  }
  return true;
}
