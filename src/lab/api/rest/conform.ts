/**
 * An object as its type has it: what the type does not know goes, null is absence, and wrong types are told. So
 * everything behind it may rely on the types of the table.
 */
import { get, isList, isObject, type JsonObject, type JsonValue, mapFields, sameOr } from '../json.ts';
import {
  type Field,
  type FieldType,
  type Message,
  type MessageName,
  messageType,
  type Scalar,
} from '../message-table.ts';

export interface WrongType {
  /** `spec.ports[0].port` */
  readonly path: string;
  /** Go's name of the message that has the field, and where the field is: without keys of maps. */
  readonly message: string;
  readonly field: string;
  /** As the table names it. */
  readonly wanted: string;
  readonly value: JsonValue;
  /** When the type fits and the text does not. */
  readonly problem?: string;
}

export interface Conformed {
  readonly object: JsonObject;
  /** Paths of fields that the type does not have; at most a hundred. */
  readonly unknown: readonly string[];
  /** At most ten. */
  readonly wrong: readonly WrongType[];
}

const mostUnknown = 100;
const mostWrong = 10;

interface Findings {
  readonly unknown: string[];
  readonly wrong: WrongType[];
}

/** `known` is an object that has conformed already: what the object shares with it is not read again. */
export function conform(object: JsonObject, name: MessageName, known?: JsonObject): Conformed {
  const found: Findings = { unknown: [], wrong: [] };
  return { object: conformObject(object, messageType(name), '', found, known), ...found };
}

/** What is as it should be stays the same object, here and below: nobody need compare or copy it. */
function conformObject(
  object: JsonObject,
  message: Message,
  path: string,
  found: Findings,
  known?: JsonObject,
): JsonObject {
  return mapFields(object, (value, name) => {
    const field = message.fields.get(name);
    const at = path === '' ? name : `${path}.${name}`;
    if (field === undefined) {
      if (value !== undefined && found.unknown.length < mostUnknown) found.unknown.push(at);
      return undefined;
    }
    const before = known === undefined ? undefined : get(known, name);
    if (before === undefined || before === null) return conformField(value, field, message, at, found);
    if (value === before) return value;
    const isPart = field.many === 'one' && 'message' in field.type && isObject(value) && isObject(before);
    if (isPart) return conformObject(value, messageType(field.type.message), at, found, before);
    return conformField(value, field, message, at, found);
  });
}

function conformField(
  value: JsonValue | undefined,
  field: Field,
  message: Message,
  path: string,
  found: Findings,
): JsonValue | undefined {
  if (value === undefined || value === null) return undefined;
  switch (field.many) {
    case 'one':
      return conformValue(value, field.type, message, path, found);
    case 'list':
      if (!isList(value)) {
        tell(found, { path, field: path, message: message.name, wanted: `[]${typeName(field.type)}`, value });
        return undefined;
      }
      return sameOr(
        value,
        value.map(
          (item, index) =>
            conformValue(item ?? emptyOf(field.type), field.type, message, `${path}[${index}]`, found) ?? null,
        ),
      );
    case 'map':
      if (!isObject(value)) {
        tell(found, { path, field: path, message: message.name, wanted: `map[string]${typeName(field.type)}`, value });
        return undefined;
      }
      return mapFields(value, (item, key) =>
        conformValue(item ?? emptyOf(field.type), field.type, message, `${path}.${key}`, found, path),
      );
  }
}

function conformValue(
  value: JsonValue,
  type: FieldType,
  message: Message,
  path: string,
  found: Findings,
  field = path,
): JsonValue | undefined {
  if ('message' in type) {
    if (isObject(value)) return conformObject(value, messageType(type.message), path, found);
    tell(found, { path, field, message: message.name, wanted: typeName(type), value });
    return undefined;
  }
  const read = readScalar(value, type.scalar);
  if (read !== undefined && 'value' in read) return read.value;
  tell(found, { path, field, message: message.name, wanted: type.scalar, value, ...read });
  return undefined;
}

function tell(found: Findings, wrong: WrongType): void {
  if (found.wrong.length < mostWrong) found.wrong.push(wrong);
}

/** What Go makes of null in lists and maps. */
function emptyOf(type: FieldType): JsonValue {
  if ('message' in type) return {};
  switch (type.scalar) {
    case 'bool':
      return false;
    case 'int32':
    case 'int64':
    case 'double':
      return 0;
    case 'Quantity':
      return '0';
    case 'FieldsV1':
      return {};
    case 'Json':
      return null;
    default:
      return '';
  }
}

const QUANTITY = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[KMGTPE]i|[numkMGTPE]|[eE][+-]?\d{1,3})?$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const longestScalar = 64;

type ScalarReading = { readonly value: JsonValue } | { readonly problem: string } | undefined;

/** `undefined` for another type. */
function readScalar(value: JsonValue, scalar: Scalar): ScalarReading {
  switch (scalar) {
    case 'string':
      return typeof value === 'string' ? { value } : undefined;
    case 'bool':
      return typeof value === 'boolean' ? { value } : undefined;
    case 'int32':
      return isWhole(value, 2 ** 31) ? { value } : undefined;
    case 'int64':
      return isWhole(value, 2 ** 63) ? { value } : undefined;
    case 'double':
      return typeof value === 'number' && Number.isFinite(value) ? { value } : undefined;
    case 'bytes':
      if (typeof value !== 'string') return undefined;
      return isBase64(value) ? { value } : { problem: 'illegal base64 data' };
    case 'Time':
    case 'MicroTime':
      if (typeof value !== 'string') return undefined;
      return isTime(value) ? { value } : { problem: timeProblem(value, scalar) };
    case 'Quantity':
      return readQuantity(value);
    case 'IntOrString':
      return typeof value === 'string' || isWhole(value, 2 ** 31) ? { value } : undefined;
    case 'FieldsV1':
      return isObject(value) ? { value } : undefined;
    case 'Json':
      return { value };
  }
}

function isWhole(value: JsonValue, limit: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= -limit && value < limit;
}

function isBase64(text: string): boolean {
  // Go takes line breaks inside.
  const plain = text.replaceAll('\n', '').replaceAll('\r', '');
  if (plain.length % 4 !== 0) return false;
  // Piece by piece: an expression with a group that repeats a million times can use up the stack.
  const piece = 4096;
  for (let at = 0; at < plain.length; at += piece) {
    const part = plain.slice(at, at + piece);
    if (!BASE64.test(part) || (at + piece < plain.length && part.endsWith('='))) return false;
  }
  return true;
}

function isTime(text: string): boolean {
  return text.length <= longestScalar && TIME.test(text) && !Number.isNaN(Date.parse(text.replace(',', '.')));
}

function timeProblem(text: string, scalar: 'Time' | 'MicroTime'): string {
  const layout = scalar === 'Time' ? '2006-01-02T15:04:05Z07:00' : '2006-01-02T15:04:05.000000Z07:00';
  return `parsing time ${JSON.stringify(JSON.stringify(text))} as ${JSON.stringify(JSON.stringify(layout))}: cannot parse it`;
}

function readQuantity(value: JsonValue): ScalarReading {
  if (typeof value === 'number' && Number.isFinite(value)) return { value: String(value) };
  if (typeof value !== 'string') return undefined;
  if (value.length <= longestScalar && QUANTITY.test(value)) return { value };
  const detail = `'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`;
  return { problem: `quantities must match the regular expression ${detail}` };
}

/** As Go names it. */
function typeName(type: FieldType): string {
  if ('message' in type) return `v1.${type.message}`;
  return type.scalar === 'double' ? 'float64' : type.scalar;
}
