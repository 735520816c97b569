/** Server-side apply: a manager says which fields it wants, keeps owning those, and is told whose it takes. */
import { fromEntries, get, isList, isObject, type JsonObject, type JsonValue, sameJson } from '../json.ts';
import { type Field, type Message, type MessageName, messageType } from '../message-table.ts';
import { StatusError } from '../status-error.ts';
import { FieldSet, fieldsOf, itemStep } from './field-set.ts';

export interface ApplyOptions {
  readonly manager: string;
  readonly apiVersion: string;
  /** `undefined` for custom resources without a type: their lists have one owner. */
  readonly message: MessageName | undefined;
  /** Take fields from other managers instead of refusing. */
  readonly force: boolean;
  /** RFC 3339. */
  readonly time: string;
}

interface Manager {
  readonly entry: JsonObject;
  readonly fields: FieldSet;
}

/**
 * The object after `applied` has been applied to `live` (empty when it is new), `managedFields` included. Fields that
 * the manager applied before and no longer names go, unless another manager owns them. Throws 409 when other managers
 * own fields that would change, unless `force`.
 */
export function serverSideApply(live: JsonObject, applied: JsonObject, options: ApplyOptions): JsonObject {
  const { message, manager, force } = options;
  const type = message === undefined ? undefined : messageType(message);
  const managers = managersOf(live);
  const isMine = ({ entry }: Manager) => get(entry, 'manager') === manager && get(entry, 'operation') === 'Apply';
  const mine = managers.find(isMine);
  const wanted = fieldsOf(applied, message);
  const merged = mergeObject(live, applied, type);
  const changed = changedPaths(fieldsOf(merged, message), live, merged, type);
  const others = managers.filter((other) => !isMine(other));
  const conflicts = others.map((other) => ({ other, paths: shared(wanted, other.fields, changed, []) }));
  if (!force) refuse(conflicts.filter(({ paths }) => paths.length > 0));
  for (const { other, paths } of conflicts) for (const path of paths) removePath(other.fields, path);
  const left = mine === undefined ? merged : withoutFields(merged, unwanted(mine.fields, wanted, others), type);
  const entry: JsonObject = {
    manager,
    operation: 'Apply',
    apiVersion: options.apiVersion,
    time:
      mine !== undefined && sameJson(mine.fields.toJson(), wanted.toJson()) ? get(mine.entry, 'time') : options.time,
    fieldsType: 'FieldsV1',
    fieldsV1: wanted.toJson(),
  };
  const kept = others.filter(({ fields }) => fields.children.size > 0);
  const managedFields = [entry, ...kept.map((other) => ({ ...other.entry, fieldsV1: other.fields.toJson() }))];
  const metadata = get(left, 'metadata');
  return { ...left, metadata: { ...(isObject(metadata) ? metadata : {}), managedFields } };
}

function managersOf(object: JsonObject): readonly Manager[] {
  const metadata = get(object, 'metadata');
  const entries = isObject(metadata) ? get(metadata, 'managedFields') : undefined;
  return (isList(entries) ? entries : []).filter(isObject).map((entry) => {
    const fields = get(entry, 'fieldsV1');
    return { entry, fields: isObject(fields) ? FieldSet.fromJson(fields) : new FieldSet() };
  });
}

type Path = readonly string[];

interface Conflict {
  readonly other: Manager;
  readonly paths: readonly Path[];
}

function refuse(conflicts: readonly Conflict[]): void {
  const causes = conflicts.flatMap(({ other, paths }) =>
    paths.map((path) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${describe(other)}`,
      field: pathText(path),
    })),
  );
  const [first] = causes;
  if (first === undefined) return;
  const texts = conflicts.map(({ other, paths }) =>
    paths.length === 1
      ? `conflict with ${describe(other)}: ${paths.map(pathText).join('')}`
      : `conflicts with ${describe(other)}:\n${paths.map((path) => `- ${pathText(path)}`).join('\n')}`,
  );
  const count = `${causes.length} conflict${causes.length === 1 ? '' : 's'}`;
  throw new StatusError('Conflict', `Apply failed with ${count}: ${texts.join('\n')}`, { causes });
}

/** Whoever applied is known by name alone; whoever wrote also by the version that was written. */
function describe({ entry }: Manager): string {
  const name = JSON.stringify(get(entry, 'manager') ?? '');
  const subresource = get(entry, 'subresource');
  const whole = typeof subresource === 'string' ? `${name} with subresource ${JSON.stringify(subresource)}` : name;
  const version = get(entry, 'apiVersion');
  return get(entry, 'operation') === 'Update' && typeof version === 'string' ? `${whole} using ${version}` : whole;
}

/** `.spec.containers[name="web"].image`. */
function pathText(path: Path): string {
  return path
    .map((step) => {
      if (step.startsWith('f:')) return `.${step.slice(2)}`;
      if (step.startsWith('v:')) return `[=${step.slice(2)}]`;
      const keys = JSON.parse(step.slice(2)) as JsonObject;
      return `[${Object.entries(keys)
        .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
        .join(',')}]`;
    })
    .join('');
}

/** Leaves that both sets have and that would change. */
function shared(wanted: FieldSet, owned: FieldSet, changed: FieldSet, path: Path): readonly Path[] {
  if (wanted.children.size === 0 || owned.children.size === 0) return path.length === 0 ? [] : [path];
  return [...wanted.children].flatMap(([step, inner]) => {
    const theirs = owned.children.get(step);
    const moved = changed.children.get(step);
    return step === '.' || theirs === undefined || moved === undefined
      ? []
      : shared(inner, theirs, moved, [...path, step]);
  });
}

function removePath(set: FieldSet, [step, ...rest]: Path): void {
  const child = step === undefined ? undefined : set.children.get(step);
  if (step === undefined || child === undefined) return;
  if (rest.length > 0) removePath(child, rest);
  if (rest.length === 0 || child.children.size === 0) set.children.delete(step);
}

/** What the manager had and neither wants nor shares any more. */
function unwanted(before: FieldSet, wanted: FieldSet, others: readonly Manager[]): FieldSet {
  return subtract(before, [wanted, ...others.map(({ fields }) => fields)]);
}

function subtract(before: FieldSet, kept: readonly FieldSet[]): FieldSet {
  const rest = new FieldSet();
  for (const [step, inner] of before.children) {
    const holders = kept.flatMap((set) => set.children.get(step) ?? []);
    if (holders.length === 0) rest.children.set(step, new FieldSet());
    else {
      const left = subtract(inner, holders);
      if (left.children.size > 0) rest.children.set(step, left);
    }
  }
  return rest;
}

/** The fields of `set` whose values differ between both objects, or that only one of them has. */
function changedPaths(set: FieldSet, before: JsonObject, after: JsonObject, type: Message | undefined): FieldSet {
  const changed = new FieldSet();
  for (const [step, inner] of set.children) {
    const name = step.slice(2);
    const field = type?.fields.get(name);
    const difference = changedValue(inner, get(before, name), get(after, name), field);
    if (difference !== undefined) changed.children.set(step, difference);
  }
  return changed;
}

function changedValue(
  set: FieldSet,
  before: JsonValue | undefined,
  after: JsonValue | undefined,
  field: Field | undefined,
): FieldSet | undefined {
  if (sameJson(before, after)) return undefined;
  if (set.children.size === 0) return new FieldSet();
  if (isObject(after)) return changedPaths(set, isObject(before) ? before : {}, after, messageOf(field));
  if (!isList(after) || field === undefined) return new FieldSet();
  const old = byStep(isList(before) ? before : [], field);
  const changed = new FieldSet();
  for (const [step, item] of byStep(after, field)) {
    const was = old.get(step);
    const inner = set.children.get(step);
    if (inner === undefined || sameJson(was, item)) continue;
    const whole = !isObject(item) || !isObject(was);
    changed.children.set(step, whole ? inner : changedPaths(inner, was, item, itemMessage(field)));
  }
  return changed;
}

function byStep(items: readonly JsonValue[], field: Field): ReadonlyMap<string, JsonValue> {
  return new Map(
    items.flatMap((item) => {
      const step = itemStep(item, field);
      return step === undefined ? [] : [[step, item] as const];
    }),
  );
}

function messageOf(field: Field | undefined): Message | undefined {
  return field?.many === 'one' ? itemMessage(field) : undefined;
}

function itemMessage({ type }: Field): Message | undefined {
  return 'message' in type ? messageType(type.message) : undefined;
}

function mergeObject(live: JsonObject, applied: JsonObject, type: Message | undefined): JsonObject {
  const merged = new Map(Object.entries(live));
  for (const [name, value] of Object.entries(applied)) {
    if (value === undefined) continue;
    merged.set(name, mergeValue(merged.get(name), value, type?.fields.get(name)));
  }
  return fromEntries(merged);
}

function mergeValue(live: JsonValue | undefined, applied: JsonValue, field: Field | undefined): JsonValue {
  if (field?.atomic === true) return applied;
  if (isObject(applied)) return mergeObject(isObject(live) ? live : {}, applied, messageOf(field));
  if (!isList(applied) || !isList(live) || field === undefined || field.list.type === 'atomic') return applied;
  const merged = new Map(byStep(live, field));
  for (const [step, item] of byStep(applied, field)) {
    const was = merged.get(step);
    merged.set(step, isObject(item) ? mergeObject(isObject(was) ? was : {}, item, itemMessage(field)) : item);
  }
  return [...merged.values()];
}

function withoutFields(object: JsonObject, gone: FieldSet, type: Message | undefined): JsonObject {
  const left = new Map(Object.entries(object));
  for (const [step, inner] of gone.children) {
    const name = step.slice(2);
    const value = left.get(name);
    const field = type?.fields.get(name);
    if (inner.children.size === 0 || value === undefined) left.delete(name);
    else if (isObject(value)) left.set(name, withoutFields(value, inner, messageOf(field)));
    else if (isList(value) && field !== undefined) left.set(name, withoutItems(value, inner, field));
  }
  return fromEntries(left);
}

function withoutItems(items: readonly JsonValue[], gone: FieldSet, field: Field): readonly JsonValue[] {
  return items.flatMap((item) => {
    const inner = gone.children.get(itemStep(item, field) ?? '');
    if (inner === undefined) return [item];
    if (inner.children.size === 0 || !isObject(item)) return [];
    return [withoutFields(item, inner, itemMessage(field))];
  });
}
