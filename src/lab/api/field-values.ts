/** Reads fields of objects that may hold anything: a value of another type is the same as none. */
import { fromEntries, get, isList, isObject, type JsonObject, type JsonValue, withFields } from './json.ts';
import { timeMs } from './times.ts';

/** The value at the end of a path of names. */
export function valueAt(object: JsonObject, ...path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = object;
  for (const name of path) value = isObject(value) ? get(value, name) : undefined;
  return value;
}

/** Neither absent nor null. */
export function isGiven(object: JsonObject, name: string): boolean {
  const value = get(object, name);
  return value !== undefined && value !== null;
}

/** `''` when there is none. */
export function textAt(object: JsonObject, ...path: readonly string[]): string {
  const value = valueAt(object, ...path);
  return typeof value === 'string' ? value : '';
}

export function numberAt(object: JsonObject, ...path: readonly string[]): number | undefined {
  const value = valueAt(object, ...path);
  return typeof value === 'number' ? value : undefined;
}

export function isTrueAt(object: JsonObject, ...path: readonly string[]): boolean {
  return valueAt(object, ...path) === true;
}

/** `{}` when there is none. */
export function objectAt(object: JsonObject, ...path: readonly string[]): JsonObject {
  return givenObjectAt(object, ...path) ?? {};
}

/** `undefined` when there is none: for what Go keeps behind a pointer. */
export function givenObjectAt(object: JsonObject, ...path: readonly string[]): JsonObject | undefined {
  const value = valueAt(object, ...path);
  return isObject(value) ? value : undefined;
}

export function listAt(object: JsonObject, ...path: readonly string[]): readonly JsonValue[] {
  const value = valueAt(object, ...path);
  return isList(value) ? value : [];
}

/** The items that are objects. */
export function objectsAt(object: JsonObject, ...path: readonly string[]): readonly JsonObject[] {
  const list = listAt(object, ...path);
  return list.every(isObject) ? list : list.filter(isObject);
}

/** Whatever is no object in the list is an empty one: positions are those that a client counts. */
export function objectsInPlace(object: JsonObject, ...path: readonly string[]): readonly JsonObject[] {
  const list = listAt(object, ...path);
  return list.every(isObject) ? list : list.map((item) => (isObject(item) ? item : {}));
}

/** The items that are texts. */
export function textsAt(object: JsonObject, ...path: readonly string[]): readonly string[] {
  const list = listAt(object, ...path);
  return list.every(isText) ? list : list.filter(isText);
}

/** Whatever is no text in the list is an empty one: positions are those that a client counts. */
export function textsInPlace(object: JsonObject, ...path: readonly string[]): readonly string[] {
  const list = listAt(object, ...path);
  return list.every(isText) ? list : list.map((item) => (isText(item) ? item : ''));
}

function isText(value: JsonValue): value is string {
  return typeof value === 'string';
}

/** Fields of a map whose values are texts. */
export function textMapAt(object: JsonObject, ...path: readonly string[]): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const [name, value] of Object.entries(objectAt(object, ...path)))
    if (typeof value === 'string') map.set(name, value);
  return map;
}

/** The same in the order of the keys, as Go prints maps. */
export function sortedTextsAt(object: JsonObject, ...path: readonly string[]): ReadonlyMap<string, string> {
  const entries = [...textMapAt(object, ...path)];
  return new Map(entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** With these fields where it has none or null. */
export function withMissing(object: JsonObject, fields: JsonObject): JsonObject {
  return withFields(object, fromEntries(Object.entries(fields).filter(([name]) => !isGiven(object, name))));
}

/** Empty when it has none. */
export function metadataOf(object: JsonObject): JsonObject {
  return objectAt(object, 'metadata');
}

export function nameOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'name');
}

/** `''` for what belongs to the cluster. */
export function namespaceOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'namespace');
}

export function uidOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'uid');
}

export function labelsOf(object: JsonObject): ReadonlyMap<string, string> {
  return textMapAt(object, 'metadata', 'labels');
}

/** It is being deleted. */
export function isGoing(object: JsonObject): boolean {
  return valueAt(object, 'metadata', 'deletionTimestamp') !== undefined;
}

/** When it was made, in milliseconds since 1970. */
export function createdMs(object: JsonObject): number {
  return timeMs(textAt(object, 'metadata', 'creationTimestamp')) ?? 0;
}
