/** Reads fields of objects that may hold anything: what is absent or of another type is empty. */
import { get, isList, isObject, type JsonObject, type JsonValue } from '../api/json.ts';
import { metadataOf } from '../api/store/object-store.ts';

/** The value at the end of a path of names. */
export function valueAt(object: JsonObject, ...path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = object;
  for (const name of path) value = isObject(value) ? get(value, name) : undefined;
  return value;
}

/** `''` when it is no text. */
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

/** Empty when there is none. */
export function objectAt(object: JsonObject, ...path: readonly string[]): JsonObject {
  const value = valueAt(object, ...path);
  return isObject(value) ? value : {};
}

/** The items that are objects. */
export function objectsAt(object: JsonObject, ...path: readonly string[]): readonly JsonObject[] {
  const value = valueAt(object, ...path);
  return isList(value) ? value.filter((item) => isObject(item)) : [];
}

/** The items that are texts. */
export function textsAt(object: JsonObject, ...path: readonly string[]): readonly string[] {
  const value = valueAt(object, ...path);
  return isList(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** Fields of a map whose values are texts. */
export function textMapAt(object: JsonObject, ...path: readonly string[]): ReadonlyMap<string, string> {
  const map = new Map<string, string>();
  for (const [name, value] of Object.entries(objectAt(object, ...path)))
    if (typeof value === 'string') map.set(name, value);
  return map;
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

export function isGoing(object: JsonObject): boolean {
  return get(metadataOf(object), 'deletionTimestamp') !== undefined;
}

/** When it was made, in milliseconds since 1970. */
export function createdMs(object: JsonObject): number {
  return timeMs(textAt(object, 'metadata', 'creationTimestamp')) ?? 0;
}

export function timeMs(text: string): number | undefined {
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** As `Time` fields are written: to the second. */
export function timeText(calendarMs: number): string {
  return `${new Date(calendarMs).toISOString().slice(0, 19)}Z`;
}
