/** Sets of fields, as `managedFields` writes them (`fieldsV1`): who owns what. */
import { fromEntries, get, isList, isObject, type JsonObject, type JsonValue } from '../json.ts';
import { type Field, type Message, type MessageName, messageType } from '../message-table.ts';

/** One for all the many: nobody may change it. */
const leaf: JsonObject = Object.freeze({});

/** A tree: `f:NAME` a field, `k:{...}` an item of a keyed list, `v:...` an item of a set, `.` the thing itself. */
export class FieldSet {
  readonly children = new Map<string, FieldSet>();

  child(step: string): FieldSet {
    const known = this.children.get(step);
    if (known !== undefined) return known;
    const made = new FieldSet();
    this.children.set(step, made);
    return made;
  }

  toJson(): JsonObject {
    if (this.children.size === 0) return leaf;
    const sorted = [...this.children].sort(([a], [b]) => (a < b ? -1 : 1));
    return fromEntries(sorted.map(([step, child]) => [step, child.toJson()] as const));
  }

  static fromJson(json: JsonObject): FieldSet {
    const set = new FieldSet();
    for (const [step, child] of Object.entries(json))
      set.children.set(step, isObject(child) ? FieldSet.fromJson(child) : new FieldSet());
    return set;
  }
}

/** Fields that no manager owns: they tell objects apart, or the server writes them. */
const unownedRoots = new Set(['apiVersion', 'kind', 'status']);
const unownedMetadata = new Set([
  'name',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'managedFields',
  'selfLink',
]);

/** All fields that an object sets. Custom resources without a type have lists as a whole. */
export function fieldsOf(object: JsonObject, name: MessageName | undefined): FieldSet {
  const set = new FieldSet();
  const message = name === undefined ? undefined : messageType(name);
  for (const [field, value] of Object.entries(object)) {
    if (value === undefined || unownedRoots.has(field)) continue;
    if (field !== 'metadata' || !isObject(value)) {
      addFields(set.child(`f:${field}`), value, message?.fields.get(field));
      continue;
    }
    const metadata = messageType('ObjectMeta');
    for (const [inner, item] of Object.entries(value)) {
      if (item === undefined || unownedMetadata.has(inner)) continue;
      addFields(set.child('f:metadata').child(`f:${inner}`), item, metadata.fields.get(inner));
    }
  }
  return set;
}

/** Adds what a value of that field consists of; nothing for what is owned as a whole. */
export function addFields(set: FieldSet, value: JsonValue, field: Field | undefined): void {
  if (field?.atomic === true) return;
  if (isObject(value)) addObject(set, value, field);
  else if (isList(value) && field !== undefined) addList(set, value, field);
}

function addObject(set: FieldSet, value: JsonObject, field: Field | undefined): void {
  const message = field?.many === 'one' ? messageOf(field) : undefined;
  for (const [name, item] of Object.entries(value)) {
    if (item !== undefined) addFields(set.child(`f:${name}`), item, message?.fields.get(name));
  }
}

function messageOf({ type }: Field): Message | undefined {
  return 'message' in type ? messageType(type.message) : undefined;
}

function addList(set: FieldSet, items: readonly JsonValue[], field: Field): void {
  const message = messageOf(field);
  for (const item of items) {
    const step = itemStep(item, field);
    if (step === undefined) continue;
    const inner = set.child(step);
    if (!isObject(item)) continue;
    inner.child('.');
    for (const [name, value] of Object.entries(item))
      if (value !== undefined) addFields(inner.child(`f:${name}`), value, message?.fields.get(name));
  }
}

/** How a path names an item of a list; `undefined` for lists that are owned as a whole. */
export function itemStep(item: JsonValue, { list, type }: Field): string | undefined {
  if (list.type === 'atomic') return undefined;
  if (list.type === 'set') return `v:${JSON.stringify(item)}`;
  if (!isObject(item)) return undefined;
  const message = 'message' in type ? messageType(type.message) : undefined;
  const keys = list.keys.flatMap((key) => {
    const value = get(item, key) ?? message?.fields.get(key)?.defaultValue;
    return value === undefined ? [] : [[key, value] as const];
  });
  return `k:${JSON.stringify(Object.fromEntries(keys.sort(([a], [b]) => (a < b ? -1 : 1))))}`;
}
