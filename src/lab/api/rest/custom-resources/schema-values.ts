/** What a schema makes of values: fields that it does not know go, and defaults come. */
import { fromEntries, get, isList, isObject, type JsonObject, type JsonValue } from '../../json.ts';
import type { Schema } from './structural-schema.ts';

const mostUnknown = 100;
const embeddedFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

/** The value without what the schema does not know, whose paths are added to `unknown`. */
export function pruned(value: JsonValue, schema: Schema, path: string, unknown: string[]): JsonValue {
  if (isList(value)) {
    const { items } = schema;
    if (items === undefined) return value;
    return value.map((item, index) => pruned(item, items, `${path}[${index}]`, unknown));
  }
  return isObject(value) ? prunedObject(value, schema, path, unknown) : value;
}

function prunedObject(value: JsonObject, schema: Schema, path: string, unknown: string[]): JsonObject {
  const kept: [string, JsonValue][] = [];
  for (const name of Object.keys(value)) {
    const field = get(value, name);
    if (field === undefined) continue;
    const at = path === '' ? name : `${path}.${name}`;
    const known = schema.properties.get(name);
    if (schema.embedded && embeddedFields.has(name)) kept.push([name, field]);
    else if (known !== undefined) kept.push([name, pruned(field, known, at, unknown)]);
    else if (schema.additional === true || schema.preserve) kept.push([name, field]);
    else if (schema.additional !== undefined) kept.push([name, pruned(field, schema.additional, at, unknown)]);
    else if (unknown.length < mostUnknown) unknown.push(at);
  }
  return fromEntries(kept);
}

/** The value with defaults where fields are absent, or null without being allowed to. */
export function withSchemaDefaults(value: JsonValue, schema: Schema): JsonValue {
  if (isList(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item) => withSchemaDefaults(item, items));
  }
  if (!isObject(value)) return value;
  const values = new Map<string, JsonValue>();
  for (const name of Object.keys(value)) {
    const field = get(value, name);
    const known = schema.properties.get(name) ?? (schema.additional === true ? undefined : schema.additional);
    if (field === undefined || (field === null && known !== undefined && !known.nullable)) continue;
    values.set(name, known === undefined ? field : withSchemaDefaults(field, known));
  }
  for (const [name, known] of schema.properties)
    if (known.defaultValue !== undefined && !values.has(name))
      values.set(name, withSchemaDefaults(known.defaultValue, known));
  return fromEntries(values);
}
