/** JSON merge patch (RFC 7386). */
import { fromEntries, isObject, type JsonObject, type JsonValue } from '../json.ts';

/** Objects merge name by name, null removes, everything else replaces. */
export function applyMergePatch(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isObject(patch)) return patch;
  const before: JsonObject = isObject(target) ? target : {};
  const merged = new Map(Object.entries(before));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else if (value !== undefined) merged.set(name, applyMergePatch(merged.get(name), value));
  }
  return fromEntries(merged);
}
