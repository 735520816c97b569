/**
 * Whether two decoded objects say the same: maps, lists and records of plain values. Most events of a busy cluster
 * change nothing that policy needs, and equal parts are often one object already. Recursion is as deep as the types.
 */
export function isSameObject(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (a instanceof Map) return b instanceof Map && isSameMap(a, b);
  if (Array.isArray(a)) return Array.isArray(b) && isSameList(a, b);
  if (b instanceof Map || Array.isArray(b)) return false;
  return isSameMap(new Map(Object.entries(a)), new Map(Object.entries(b)));
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, i) => isSameObject(item, b[i]));
}

function isSameMap(a: ReadonlyMap<unknown, unknown>, b: ReadonlyMap<unknown, unknown>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (!b.has(key) || !isSameObject(value, b.get(key))) return false;
  return true;
}
