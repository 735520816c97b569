/** What the type table says of an object: fields that nobody knows, and values that it gets by default. */
import {
  fromEntries,
  get,
  isList,
  isObject,
  type JsonObject,
  type JsonValue,
  mapFields,
  sameOr,
  withFields,
} from './json.ts';
import { type Field, type Message, type MessageName, messageType } from './message-table.ts';

const mostReported = 100;

/** Paths of fields that the type does not have, as `spec.ingress[0].form`; at most a hundred. */
export function unknownFields(object: JsonObject, name: MessageName): readonly string[] {
  const found: string[] = [];
  collectUnknown(object, messageType(name), '', found);
  return found;
}

function collectUnknown(object: JsonObject, message: Message, path: string, found: string[]): void {
  for (const [name, value] of Object.entries(object)) {
    if (found.length >= mostReported) return;
    const field = message.fields.get(name);
    const at = path === '' ? name : `${path}.${name}`;
    if (value === undefined) continue;
    if (field === undefined) found.push(at);
    else if ('message' in field.type) {
      const inner = messageType(field.type.message);
      for (const { item, suffix } of itemsOf(value, field)) collectUnknown(item, inner, at + suffix, found);
    }
  }
}

/** The objects that a field holds, with what their paths end in. */
function itemsOf(value: JsonValue, { many }: Field): readonly { readonly item: JsonObject; readonly suffix: string }[] {
  const items: readonly (readonly [string, JsonValue | undefined])[] =
    many === 'one'
      ? [['', value]]
      : many === 'list'
        ? (isList(value) ? value : []).map((item, index) => [`[${index}]`, item] as const)
        : Object.entries(isObject(value) ? value : {}).map(([key, item]) => [`.${key}`, item] as const);
  return items.flatMap(([suffix, item]) => (isObject(item) ? [{ item, suffix }] : []));
}

/** The message of a strict refusal (`fieldValidation=Strict`). */
export function strictDecodingError(unknown: readonly string[]): string {
  return `strict decoding error: ${unknown.map((path) => `unknown field ${JSON.stringify(path)}`).join(', ')}`;
}

/**
 * A copy with the defaults of the table, for fields that are absent or null in objects that are there. Defaults that
 * depend on other fields (`targetPort`, `imagePullPolicy`, ...) are not among them.
 */
export function withDefaults(object: JsonObject, name: MessageName): JsonObject {
  return defaulted(object, messageType(name));
}

/** What is as it should be stays the same object, here and below. */
function defaulted(object: JsonObject, message: Message): JsonObject {
  const changes: [string, JsonValue][] = [];
  for (const field of message.fields.values()) {
    const given = get(object, field.name);
    const value = given ?? field.defaultValue;
    if (value === undefined) continue;
    const next = defaultedValue(value, field);
    if (next !== given) changes.push([field.name, next]);
  }
  return withFields(object, fromEntries(changes));
}

function defaultedValue(value: JsonValue, { type, many }: Field): JsonValue {
  if (!('message' in type)) return value;
  const inner = messageType(type.message);
  const one = (item: JsonValue) => (isObject(item) ? defaulted(item, inner) : item);
  if (many === 'one') return one(value);
  if (many === 'list') return isList(value) ? sameOr(value, value.map(one)) : value;
  if (!isObject(value)) return value;
  return mapFields(value, (item) => (item === undefined ? undefined : one(item)));
}
