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

/** Sorted, one object per (kind, namespace, name): the last one given wins, as with `kubectl apply` (M56). */
export function sortedUnique<T extends Named>(objects: readonly T[]): readonly T[] {
  const sorted = objects.toSorted(compareObjects);
  let kept = 0;
  for (let i = 0; i < sorted.length; i++) {
    const object = sorted[i];
    const next = sorted[i + 1];
    if (object === undefined) continue;
    // The sort is stable, so the last of equals in the list is the last one given.
    if (next !== undefined && compareObjects(object, next) === 0) continue;
    sorted[kept++] = object;
  }
  sorted.length = kept;
  return sorted;
}
