/** JSON values, read-only: the store hands out what it keeps, and nobody may change it. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [name: string]: JsonValue | undefined;
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** The own field of that name: `__proto__` and `constructor` are names like others. */
export function get(object: JsonObject, name: string): JsonValue | undefined {
  // What objects inherit are functions, which JSON has none of, and this one.
  if (name === '__proto__') return Object.hasOwn(object, name) ? object[name] : undefined;
  const value = object[name];
  return typeof value === 'function' ? undefined : value;
}

/** An object of these fields, in this order; `undefined` ones are left out. */
export function fromEntries(entries: Iterable<readonly [string, JsonValue | undefined]>): JsonObject {
  const object: { [name: string]: JsonValue } = {};
  for (const [name, value] of entries) if (value !== undefined) setField(object, name, value);
  return object;
}

/** Sets an own field, whatever it is called, of an object that is still being made. */
function setField(object: { [name: string]: JsonValue }, name: string, value: JsonValue): void {
  // Assigning to this name would set the prototype.
  if (name === '__proto__')
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  else object[name] = value;
}

/** With these fields instead; `undefined` takes one away. The object itself when that is what it is already. */
export function withFields(object: JsonObject, fields: JsonObject): JsonObject {
  const isSo = Object.keys(fields).every((name) => get(object, name) === fields[name]);
  if (isSo && isFull(object)) return object;
  const next = { ...object, ...fields };
  return isFull(next) ? next : fromEntries(Object.entries(next));
}

/** No field is `undefined`. */
function isFull(object: JsonObject): boolean {
  for (const name of Object.keys(object)) if (object[name] === undefined) return false;
  return true;
}

/** With other values; `undefined` takes a field away. The object itself when all are what they were. */
export function mapFields(
  object: JsonObject,
  valueOf: (value: JsonValue | undefined, name: string) => JsonValue | undefined,
): JsonObject {
  const names = Object.keys(object);
  const values = names.map((name) => valueOf(object[name], name));
  if (values.every((value, index) => value !== undefined && value === object[names[index] ?? ''])) return object;
  return fromEntries(names.map((name, index) => [name, values[index]] as const));
}

/** `next`, or `list` itself when it has the very same items. */
export function sameOr(list: readonly JsonValue[], next: readonly JsonValue[]): readonly JsonValue[] {
  return list.length === next.length && list.every((item, index) => item === next[index]) ? list : next;
}

/** Equal as JSON: the order of names says nothing, and absent is the same as `undefined`. */
export function sameJson(left: JsonValue | undefined, right: JsonValue | undefined): boolean {
  if (left === right) return true;
  if (isList(left) && isList(right))
    return left.length === right.length && left.every((item, index) => sameJson(item, right[index]));
  if (!isObject(left) || !isObject(right)) return false;
  const names = Object.keys(left);
  return (
    names.every((name) => sameJson(left[name], get(right, name))) &&
    Object.keys(right).every((name) => right[name] === undefined || Object.hasOwn(left, name))
  );
}

/** It looks no deeper than that, so that deep JSON cannot use up the stack; hence for tens of levels. */
export function isDeeperThan(value: JsonValue, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const items: readonly (JsonValue | undefined)[] = isList(value) ? value : Object.values(value);
  for (const item of items) if (item !== undefined && (levels === 0 || isDeeperThan(item, levels - 1))) return true;
  return false;
}
