/** Who owns which fields after a write that is no server-side apply: entries of operation Update in `managedFields`. */
import { addFields, FieldSet, itemStep } from '../apply/field-set.ts';
import { get, isList, isObject, type JsonObject, type JsonValue, sameJson, withFields } from '../json.ts';
import { textAt, metadataOf } from '../field-values.ts';
import { type Field, type Message, type MessageName, messageType } from '../message-table.ts';

export interface Writer {
  readonly manager: string;
  readonly apiVersion: string;
  /** `status`, `scale`; `undefined` for the object itself. */
  readonly subresource: string | undefined;
  /** RFC 3339. */
  readonly time: string;
}

/** Beyond so many entries of operation Update the oldest become one, as in the real server. */
const mostUpdaters = 10;
const ancient = 'ancient-changes';

/** Fields that nobody owns: they tell objects apart, or the server writes them. */
const unownedRoots = new Set(['apiVersion', 'kind']);
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

/**
 * `next` with the owners that its fields have after `writer` made it from `before`, which is `undefined` for a new
 * object. A list of owners that the request gives is the one to go on from; an empty one is the same as none, and one
 * empty entry forgets all owners.
 */
export function withWriter(
  next: JsonObject,
  before: JsonObject | undefined,
  message: MessageName | undefined,
  writer: Writer,
): JsonObject {
  const given = entriesOf(next);
  const [first] = given;
  const isReset = given.length === 1 && first !== undefined && Object.keys(first).length === 0;
  if (isReset) return withEntries(next, []);
  const entries = given.length > 0 ? given : before === undefined ? [] : entriesOf(before);
  const { changed, removed } = difference(before ?? {}, next, message);
  if (changed.children.size === 0 && removed.children.size === 0) return withEntries(next, entries);
  const isMine = (entry: JsonObject) =>
    get(entry, 'manager') === writer.manager &&
    get(entry, 'operation') === 'Update' &&
    get(entry, 'apiVersion') === writer.apiVersion &&
    get(entry, 'subresource') === writer.subresource;
  const known = entries.find(isMine);
  const mine = known === undefined ? changed : fieldsOfEntry(known);
  if (known !== undefined) {
    subtract(mine, removed);
    unite(mine, changed);
  }
  const others = entries.flatMap((entry) => {
    if (isMine(entry)) return [];
    if (keepsAll(entry, changed) && keepsAll(entry, removed)) return [entry];
    const fields = fieldsOfEntry(entry);
    subtract(fields, changed);
    subtract(fields, removed);
    return fields.children.size === 0 ? [] : [withFields(entry, { fieldsV1: fields.toJson() })];
  });
  if (mine.children.size === 0) return withEntries(next, others);
  const entry = {
    manager: writer.manager,
    operation: 'Update',
    apiVersion: writer.apiVersion,
    time: writer.time,
    fieldsType: 'FieldsV1',
    fieldsV1: mine.toJson(),
    ...(writer.subresource === undefined ? {} : { subresource: writer.subresource }),
  };
  return withEntries(next, bounded(inOrder([...others, entry]), writer.apiVersion));
}

/** Entries in the order of the real server: appliers first, then by time. */
export function inOrder(entries: readonly JsonObject[]): readonly JsonObject[] {
  const keyOf = (entry: JsonObject) =>
    ['operation', 'time', 'manager', 'subresource'].map((name) => textAt(entry, name)).join('\0');
  return entries
    .map((entry) => ({ entry, key: keyOf(entry) }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ entry }) => entry);
}

export function entriesOf(object: JsonObject): readonly JsonObject[] {
  const entries = get(metadataOf(object), 'managedFields');
  return isList(entries) ? entries.filter(isObject) : [];
}

export function withEntries(object: JsonObject, entries: readonly JsonObject[]): JsonObject {
  const managedFields = entries.length === 0 ? undefined : entries;
  return withFields(object, { metadata: withFields(metadataOf(object), { managedFields }) });
}

function bounded(entries: readonly JsonObject[], apiVersion: string): readonly JsonObject[] {
  const updaters = entries.filter((entry) => get(entry, 'operation') === 'Update');
  const tooMany = updaters.length - mostUpdaters;
  if (tooMany <= 0) return entries;
  const old = new Set(updaters.slice(0, tooMany + 1));
  const fields = new FieldSet();
  for (const entry of old) unite(fields, fieldsOfEntry(entry));
  const time = get([...old].at(-1) ?? {}, 'time');
  const merged = { manager: ancient, operation: 'Update', apiVersion, time, fieldsType: 'FieldsV1' };
  return inOrder([...entries.filter((entry) => !old.has(entry)), { ...merged, fieldsV1: fields.toJson() }]);
}

function fieldsOfEntry(entry: JsonObject | undefined): FieldSet {
  const fields = entry === undefined ? undefined : get(entry, 'fieldsV1');
  return isObject(fields) ? FieldSet.fromJson(fields) : new FieldSet();
}

/** Nothing of an entry is in the set, and it is written as it would be written anew. */
function keepsAll(entry: JsonObject, gone: FieldSet): boolean {
  const fields = get(entry, 'fieldsV1');
  return isObject(fields) && Object.keys(fields).length > 0 && isInOrder(fields) && !meets(fields, gone);
}

function isInOrder(fields: JsonObject): boolean {
  let last = '';
  return Object.entries(fields).every(([step, inner]) => {
    if (step < last || !isObject(inner)) return false;
    last = step;
    return isInOrder(inner);
  });
}

function meets(fields: JsonObject, gone: FieldSet): boolean {
  for (const [step, inner] of gone.children) {
    const child = get(fields, step);
    if (isObject(child) && (inner.children.size === 0 || meets(child, inner))) return true;
  }
  return false;
}

interface Difference {
  /** New, or with another value. */
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

function difference(before: JsonObject, next: JsonObject, name: MessageName | undefined): Difference {
  const found = { changed: new FieldSet(), removed: new FieldSet() };
  const message = name === undefined ? undefined : messageType(name);
  const isUnowned = (field: string) => unownedRoots.has(field) || field === 'metadata';
  compareObjects(before, next, message, found, isUnowned);
  const metadata = { changed: found.changed.child('f:metadata'), removed: found.removed.child('f:metadata') };
  const isUnownedMetadata = (field: string) => unownedMetadata.has(field);
  compareObjects(metadataOf(before), metadataOf(next), messageType('ObjectMeta'), metadata, isUnownedMetadata);
  prune(found, 'f:metadata');
  return found;
}

function compareObjects(
  before: JsonObject,
  next: JsonObject,
  message: Message | undefined,
  found: Difference,
  isLeftOut?: (name: string) => boolean,
): void {
  const compare = (name: string): void => {
    if (isLeftOut?.(name) !== true)
      compareValues(`f:${name}`, get(before, name), get(next, name), message?.fields.get(name), found);
  };
  Object.keys(before).forEach(compare);
  for (const name of Object.keys(next)) if (!Object.hasOwn(before, name)) compare(name);
}

function compareValues(
  step: string,
  before: JsonValue | undefined,
  next: JsonValue | undefined,
  field: Field | undefined,
  found: Difference,
): void {
  if (sameJson(before, next)) return;
  if (before === undefined) {
    if (next !== undefined) addFields(found.changed.child(step), next, field);
    return;
  }
  if (next === undefined) {
    addFields(found.removed.child(step), before, field);
    return;
  }
  const inner = () => ({ changed: found.changed.child(step), removed: found.removed.child(step) });
  if (isObject(before) && isObject(next) && field?.atomic !== true) {
    compareObjects(before, next, field?.many === 'one' ? messageOf(field) : undefined, inner());
    prune(found, step);
  } else if (isList(before) && isList(next) && field !== undefined && field.list.type !== 'atomic') {
    compareLists(before, next, field, inner());
    prune(found, step);
  } else found.changed.child(step);
}

function compareLists(before: readonly JsonValue[], next: readonly JsonValue[], field: Field, found: Difference): void {
  const old = byStep(before, field);
  const now = byStep(next, field);
  for (const step of new Set([...old.keys(), ...now.keys()])) {
    const was = old.get(step);
    const is = now.get(step);
    if (isObject(was) && isObject(is)) {
      const inner = { changed: found.changed.child(step), removed: found.removed.child(step) };
      compareObjects(was, is, messageOf(field), inner);
      prune(found, step);
    } else if (!sameJson(was, is)) {
      const set = (is === undefined ? found.removed : found.changed).child(step);
      const item = is ?? was;
      if (!isObject(item)) continue;
      set.child('.');
      const message = messageOf(field);
      for (const [name, value] of Object.entries(item))
        if (value !== undefined) addFields(set.child(`f:${name}`), value, message?.fields.get(name));
    }
  }
}

function byStep(items: readonly JsonValue[], field: Field): ReadonlyMap<string, JsonValue> {
  const steps = new Map<string, JsonValue>();
  for (const item of items) {
    const step = itemStep(item, field);
    if (step !== undefined) steps.set(step, item);
  }
  return steps;
}

function messageOf({ type }: Field): Message | undefined {
  return 'message' in type ? messageType(type.message) : undefined;
}

/** Takes away what a comparison made and left empty. */
function prune({ changed, removed }: Difference, step: string): void {
  for (const set of [changed, removed]) if (set.children.get(step)?.children.size === 0) set.children.delete(step);
}

function subtract(set: FieldSet, gone: FieldSet): void {
  for (const [step, inner] of gone.children) {
    const child = set.children.get(step);
    if (child === undefined) continue;
    if (inner.children.size > 0 && child.children.size > 0) subtract(child, inner);
    else if (inner.children.size > 0) continue;
    else child.children.clear();
    if (child.children.size === 0) set.children.delete(step);
  }
}

function unite(set: FieldSet, more: FieldSet): void {
  for (const [step, inner] of more.children) unite(set.child(step), inner);
}
