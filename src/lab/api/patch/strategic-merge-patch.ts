/**
 * Strategic merge patches: a merge patch that merges lists whose items have a key. Keys come from the type table;
 * directives come in the patch: `$patch`, `$retainKeys`, `$setElementOrder/NAME`, `$deleteFromPrimitiveList/NAME`.
 */
import { fromEntries, get, isList, isObject, type JsonObject, type JsonValue } from '../json.ts';
import { type Field, type Message, type MessageName, messageType } from '../message-table.ts';
import { badRequest } from '../status-error.ts';

const orderPrefix = '$setElementOrder/';
const deletePrefix = '$deleteFromPrimitiveList/';

/** The patched object. Throws a 400 `StatusError` for directives that do not fit. */
export function applyStrategicMergePatch(target: JsonObject, patch: JsonObject, message: MessageName): JsonObject {
  return mergeObject(target, patch, messageType(message));
}

function mergeObject(target: JsonObject, patch: JsonObject, message: Message | undefined): JsonObject {
  const directive = get(patch, '$patch');
  const plain = Object.entries(patch).filter(([name]) => !isDirective(name));
  if (directive === 'replace') return fromEntries(plain);
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'merge')
    throw badRequest(`unknown patch type found: ${JSON.stringify(directive)}`);
  const merged = new Map(Object.entries(retained(target, patch)));
  for (const [name, value] of plain) {
    const result = mergeValue(merged.get(name), value, message?.fields.get(name), patch);
    if (result === undefined) merged.delete(name);
    else merged.set(name, result);
  }
  for (const name of listsOnlyInDirectives(patch)) {
    const list = merged.get(name);
    const field = message?.fields.get(name);
    if (isList(list) && field !== undefined) merged.set(name, ordered(list, list, patch, field));
  }
  return fromEntries(merged);
}

function isDirective(name: string): boolean {
  return name === '$patch' || name === '$retainKeys' || name.startsWith(orderPrefix) || name.startsWith(deletePrefix);
}

/** Lists that the patch orders, or takes items from, without giving any. */
function listsOnlyInDirectives(patch: JsonObject): ReadonlySet<string> {
  const names = Object.keys(patch).flatMap((name) =>
    [orderPrefix, deletePrefix].filter((prefix) => name.startsWith(prefix)).map((prefix) => name.slice(prefix.length)),
  );
  return new Set(names.filter((name) => get(patch, name) === undefined));
}

/** What `$retainKeys` leaves: it must name every field that the patch sets. */
function retained(target: JsonObject, patch: JsonObject): JsonObject {
  const keys = get(patch, '$retainKeys');
  if (keys === undefined) return target;
  if (!isList(keys)) throw badRequest('invalid patch format of retainKeys: it is not a list');
  const keep = new Set(keys);
  for (const [name, value] of Object.entries(patch)) {
    if (!isDirective(name) && value !== null && !keep.has(name))
      throw badRequest(`invalid patch format of retainKeys: ${name} is set and not retained`);
  }
  return fromEntries(Object.entries(target).filter(([name]) => keep.has(name)));
}

function mergeValue(
  target: JsonValue | undefined,
  patch: JsonValue | undefined,
  field: Field | undefined,
  siblings: JsonObject,
): JsonValue | undefined {
  if (patch === null || patch === undefined) return undefined;
  if (isObject(patch)) {
    const inner = field?.many === 'list' ? undefined : messageOfField(field);
    return mergeObject(isObject(target) ? target : {}, patch, inner);
  }
  if (!isList(patch) || field?.merge === undefined) return patch;
  return mergeList(isList(target) ? target : [], patch, field, field.merge.key, siblings);
}

function messageOfField(field: Field | undefined): Message | undefined {
  if (field === undefined || !('message' in field.type) || field.many === 'map') return undefined;
  return messageType(field.type.message);
}

function mergeList(
  target: readonly JsonValue[],
  patch: readonly JsonValue[],
  field: Field,
  key: string | undefined,
  siblings: JsonObject,
): readonly JsonValue[] {
  if (key === undefined) {
    const merged = [...new Set([...target, ...patch])];
    return ordered(inOrder(merged, patch, target, undefined), target, siblings, field);
  }
  const items = patch.map((item) => keyedItem(item, key));
  const given = items.filter(({ item }) => get(item, '$patch') === undefined);
  if (items.some(({ item }) => get(item, '$patch') === 'replace')) return given.map(({ item }) => item);
  const deleted = new Set<string>();
  for (const { item, identity } of items) {
    const directive = get(item, '$patch');
    if (directive === 'delete') deleted.add(requireKey(identity, key));
    else if (directive !== undefined) throw badRequest(`unexpected $patch in a list: ${JSON.stringify(directive)}`);
  }
  const merged = new Map<string, JsonValue>();
  for (const item of target) {
    const identity = identityOf(item, key) ?? JSON.stringify(item);
    if (!deleted.has(identity)) merged.set(identity, item);
  }
  const message = messageOfField(field);
  for (const { item, identity } of given) {
    const name = requireKey(identity, key);
    const before = merged.get(name);
    merged.set(name, mergeObject(isObject(before) ? before : {}, item, message));
  }
  const plain = given.map(({ item }) => item);
  return ordered(inOrder([...merged.values()], plain, target, key), target, siblings, field);
}

interface KeyedItem {
  readonly item: JsonObject;
  readonly identity: string | undefined;
}

function keyedItem(item: JsonValue, key: string): KeyedItem {
  if (!isObject(item)) throw badRequest(`a list that is merged by ${key} holds what is no object`);
  return { item, identity: identityOf(item, key) };
}

function requireKey(identity: string | undefined, key: string): string {
  if (identity === undefined) throw badRequest(`map does not contain declared merge key: ${key}`);
  return identity;
}

/** What tells items apart: the value of the key, or the primitive itself. */
function identityOf(item: JsonValue, key: string | undefined): string | undefined {
  if (key === undefined) return JSON.stringify(item);
  const value = isObject(item) ? get(item, key) : undefined;
  return value === undefined ? undefined : JSON.stringify(value);
}

/** Applies `$deleteFromPrimitiveList` and `$setElementOrder` of that list. */
function ordered(
  merged: readonly JsonValue[],
  before: readonly JsonValue[],
  siblings: JsonObject,
  field: Field,
): readonly JsonValue[] {
  const removed = get(siblings, deletePrefix + field.name);
  const gone = new Set(isList(removed) ? removed : []);
  const left = gone.size === 0 ? merged : merged.filter((item) => !gone.has(item));
  const order = get(siblings, orderPrefix + field.name);
  return isList(order) ? inOrder(left, order, before, field.merge?.key) : left;
}

/**
 * Items that `order` names come in its order. The others keep their places relative to those that were there before,
 * and items that were not there before come as early as that allows.
 */
function inOrder(
  items: readonly JsonValue[],
  order: readonly JsonValue[],
  before: readonly JsonValue[],
  key: string | undefined,
): readonly JsonValue[] {
  const rank = ranks(order, key);
  const place = ranks(before, key);
  const rankOf = (item: JsonValue) => rank.get(identityOf(item, key) ?? '');
  const placeOf = (item: JsonValue | undefined) =>
    item === undefined ? undefined : place.get(identityOf(item, key) ?? '');
  const named = items
    .flatMap((item) => {
      const at = rankOf(item);
      return at === undefined ? [] : [{ item, at }];
    })
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
  const others = items.filter((item) => rankOf(item) === undefined);
  const result: JsonValue[] = [];
  let next = 0;
  for (const item of named) {
    const itsPlace = placeOf(item);
    for (let other = others[next]; other !== undefined; other = others[next]) {
      const otherPlace = placeOf(other);
      if (itsPlace === undefined || otherPlace === undefined || otherPlace >= itsPlace) break;
      result.push(other);
      next += 1;
    }
    result.push(item);
  }
  return [...result, ...others.slice(next)];
}

function ranks(items: readonly JsonValue[], key: string | undefined): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    const identity = identityOf(item, key);
    if (identity !== undefined && !found.has(identity)) found.set(identity, index);
  }
  return found;
}
