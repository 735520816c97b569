/** What a schema says against values, in the words of the server's OpenAPI validator. */
import { byteLength } from '../../../../kube/syntax.ts';
import { get, isList, isObject, type JsonObject, type JsonValue, sameJson } from '../../json.ts';
import type { StatusCause } from '../../status-error.ts';
import { fieldCause } from '../invalid.ts';
import type { Schema } from './structural-schema.ts';

const mostCauses = 100;

/** At most a hundred causes. `path` is `''` for the object as a whole. */
export function schemaCauses(value: JsonValue, schema: Schema, path: string): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  check(value, schema, path, causes);
  return causes.slice(0, mostCauses);
}

function check(value: JsonValue, schema: Schema, path: string, causes: StatusCause[]): void {
  if (causes.length >= mostCauses) return;
  if (value === null && schema.nullable) return;
  const wrong = wrongType(value, schema);
  if (wrong !== undefined) {
    causes.push(
      fieldCause('type', path, `${path} in body must be of type ${wrong}: ${quoted(typeOf(value))}`, typeOf(value)),
    );
    return;
  }
  if (schema.enum !== undefined && !schema.enum.some((member) => sameJson(member, value))) {
    const members = schema.enum.map((member) => JSON.stringify(member)).join(', ');
    causes.push(fieldCause('unsupported', path, `supported values: ${members}`, value));
  }
  if (typeof value === 'number') checkNumber(value, schema, path, causes);
  else if (typeof value === 'string') checkText(value, schema, path, causes);
  else if (isList(value)) checkList(value, schema, path, causes);
  else if (isObject(value)) checkObject(value, schema, path, causes);
  checkCombinations(value, schema, path, causes);
}

/** The type that the schema wants, when the value is not of it. */
function wrongType(value: JsonValue, { type, intOrString }: Schema): string | undefined {
  const actual = typeOf(value);
  if (intOrString) return actual === 'integer' || actual === 'string' ? undefined : 'int or string';
  if (type === '' || actual === type || (type === 'number' && actual === 'integer')) return undefined;
  return type;
}

function typeOf(value: JsonValue): string {
  if (value === null) return 'null';
  if (isList(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function checkNumber(value: number, { bounds, format }: Schema, path: string, causes: StatusCause[]): void {
  const say = (what: string) => causes.push(fieldCause('invalid', path, `${path} in body should be ${what}`, value));
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = bounds;
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum))
    say(`less than ${exclusiveMaximum ? '' : 'or equal to '}${maximum}`);
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum))
    say(`greater than ${exclusiveMinimum ? '' : 'or equal to '}${minimum}`);
  if (multipleOf !== undefined && multipleOf !== 0 && !Number.isInteger(value / multipleOf))
    say(`a multiple of ${multipleOf}`);
  if (format === 'int32' && (value < -(2 ** 31) || value >= 2 ** 31))
    causes.push(fieldCause('invalid', path, `${path} in body must be of type int32: ${value}`, value));
}

function checkText(value: string, { bounds, format, pattern }: Schema, path: string, causes: StatusCause[]): void {
  const { minLength, maxLength } = bounds;
  const characters = Array.from(value).length;
  if (maxLength !== undefined && characters > maxLength)
    causes.push(fieldCause('tooLong', path, `may not be more than ${maxLength} bytes`));
  if (minLength !== undefined && characters < minLength)
    causes.push(fieldCause('invalid', path, `${path} in body should be at least ${minLength} chars long`, value));
  if (pattern !== undefined && !pattern.matches(value))
    causes.push(fieldCause('invalid', path, `${path} in body should match '${pattern.source}'`, value));
  if (format === 'date-time' && !isDateTime(value))
    causes.push(fieldCause('invalid', path, `${path} in body must be of type date-time: ${quoted(value)}`, value));
}

const DATE_TIME = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/;

function isDateTime(value: string): boolean {
  return byteLength(value) <= 64 && DATE_TIME.test(value) && !Number.isNaN(Date.parse(value));
}

function checkList(value: readonly JsonValue[], schema: Schema, path: string, causes: StatusCause[]): void {
  const { minItems, maxItems } = schema.bounds;
  if (maxItems !== undefined && value.length > maxItems)
    causes.push(fieldCause('tooMany', path, `${value.length}: must have at most ${maxItems} items`));
  if (minItems !== undefined && value.length < minItems)
    causes.push(fieldCause('invalid', path, `${path} in body should have at least ${minItems} items`, value.length));
  const { items } = schema;
  if (items !== undefined) for (const [index, item] of value.entries()) check(item, items, `${path}[${index}]`, causes);
  if (schema.listType !== 'set' && schema.listType !== 'map') return;
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    const identity = schema.listType === 'map' && isObject(item) ? keysOf(item, schema.listKeys) : item;
    const text = JSON.stringify(identity);
    if (seen.has(text)) causes.push(fieldCause('duplicate', `${path}[${index}]`, '', identity));
    seen.add(text);
  }
}

function keysOf(item: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(keys.flatMap((key) => (get(item, key) === undefined ? [] : [[key, get(item, key)]])));
}

function checkObject(value: JsonObject, schema: Schema, path: string, causes: StatusCause[]): void {
  const at = (name: string) => (path === '' ? name : `${path}.${name}`);
  for (const name of schema.required)
    if (get(value, name) === undefined) causes.push(fieldCause('required', at(name), ''));
  for (const [name, field] of Object.entries(value)) {
    const known = schema.properties.get(name) ?? (schema.additional === true ? undefined : schema.additional);
    if (known !== undefined && field !== undefined) check(field, known, at(name), causes);
  }
  const { minProperties, maxProperties } = schema.bounds;
  const count = Object.keys(value).length;
  if (maxProperties !== undefined && count > maxProperties)
    causes.push(fieldCause('tooMany', path, `${count}: must have at most ${maxProperties} properties`));
  if (minProperties !== undefined && count < minProperties)
    causes.push(fieldCause('invalid', path, `${path} in body should have at least ${minProperties} properties`, count));
}

function checkCombinations(value: JsonValue, schema: Schema, path: string, causes: StatusCause[]): void {
  const fits = (inner: Schema) => schemaCauses(value, inner, path).length === 0;
  const say = (what: string) => causes.push(fieldCause('invalid', path, `${path} in body must ${what}`, typeOf(value)));
  for (const inner of schema.allOf) check(value, inner, path, causes);
  if (schema.anyOf.length > 0 && !schema.anyOf.some(fits)) say('validate at least one schema (anyOf)');
  if (schema.oneOf.length > 0 && schema.oneOf.filter(fits).length !== 1)
    say('validate one and only one schema (oneOf)');
  if (schema.not !== undefined && fits(schema.not)) say('not validate the schema (not)');
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
