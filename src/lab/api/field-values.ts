/** Fields of objects whatever a client put there: a value of another type is the same as none. */
import { fromEntries, get, isList, isObject, type JsonObject, type JsonValue, withFields } from '../json.ts';

/** `''` when there is none. */
export function textOf(object: JsonObject, name: string): string {
  const value = get(object, name);
  return typeof value === 'string' ? value : '';
}

export function numberOf(object: JsonObject, name: string): number | undefined {
  const value = get(object, name);
  return typeof value === 'number' ? value : undefined;
}

export function isTrue(object: JsonObject, name: string): boolean {
  return get(object, name) === true;
}

/** `undefined` when there is none: for what Go keeps behind a pointer. */
export function objectAt(object: JsonObject, name: string): JsonObject | undefined {
  const value = get(object, name);
  return isObject(value) ? value : undefined;
}

/** `{}` when there is none. */
export function objectOf(object: JsonObject, name: string): JsonObject {
  return objectAt(object, name) ?? {};
}

export function listOf(object: JsonObject, name: string): readonly JsonValue[] {
  const value = get(object, name);
  return isList(value) ? value : [];
}

/** Whatever is no object in the list is an empty one, so that positions stay. */
export function objectsOf(object: JsonObject, name: string): readonly JsonObject[] {
  return listOf(object, name).map((item) => (isObject(item) ? item : {}));
}

/** Whatever is no text in the list is an empty one, so that positions stay. */
export function textsOf(object: JsonObject, name: string): readonly string[] {
  return listOf(object, name).map((item) => (typeof item === 'string' ? item : ''));
}

/** In the order of the keys, as Go prints maps. */
export function textMapOf(object: JsonObject, name: string): ReadonlyMap<string, string> {
  const entries = Object.entries(objectOf(object, name));
  return new Map(
    entries
      .flatMap(([key, value]) => (typeof value === 'string' ? [[key, value] as const] : []))
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
  );
}

/** Neither absent nor null. */
export function isGiven(object: JsonObject, name: string): boolean {
  const value = get(object, name);
  return value !== undefined && value !== null;
}

/** With these fields where it has none or null. */
export function withMissing(object: JsonObject, fields: JsonObject): JsonObject {
  return withFields(object, fromEntries(Object.entries(fields).filter(([name]) => !isGiven(object, name))));
}
