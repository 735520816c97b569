/** Request bodies in protobuf, which every typed client of kubectl 1.32 and later sends, as the JSON they stand for. */
import { assertNever } from '../../../base/assert.ts';
import { fromEntries, type JsonObject, type JsonValue } from '../json.ts';
import { type Field, type FieldType, type Message, type MessageName, messageType } from '../message-table.ts';
import { StatusError } from '../status-error.ts';
import { decodeScalar, zeroOf } from './scalars.ts';
import { malformed, packedNumbers, wireFields, type WireValue } from './wire-reader.ts';

/** As in the real server: 3 MiB. */
const largestBody = 3 * 1024 * 1024;
const deepestNesting = 64;
const magic = [0x6b, 0x38, 0x73, 0x00];

/** What comes in the envelope. */
export interface ProtobufEnvelope {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: Uint8Array;
}

/** Opens the envelope `k8s\0` + runtime.Unknown. Throws a 400 or 413 {@link StatusError}. */
export function openEnvelope(body: Uint8Array): ProtobufEnvelope {
  if (body.length > largestBody)
    throw new StatusError('RequestEntityTooLarge', `Request entity too large: limit is ${largestBody}`);
  if (magic.some((byte, index) => body[index] !== byte)) throw malformed('it does not begin with k8s and a zero byte');
  let raw: Uint8Array = new Uint8Array();
  const type = { apiVersion: '', kind: '' };
  for (const { number, value } of wireFields(body.subarray(magic.length))) {
    if (number === 1) {
      for (const inner of wireFields(bytesOf(value))) {
        if (inner.number === 1) type.apiVersion = text(inner.value);
        if (inner.number === 2) type.kind = text(inner.value);
      }
    }
    if (number === 2) raw = bytesOf(value);
    if (number === 3 && bytesOf(value).length > 0) throw malformed('an encoded body inside the envelope');
  }
  return { ...type, raw };
}

/**
 * A message as JSON. Zero values that Go would omit are left out, inline messages are opened, fields that the table
 * does not know are skipped. Throws a 400 {@link StatusError}.
 */
export function decodeMessage(raw: Uint8Array, name: MessageName): JsonObject {
  return fromEntries(decodeFields(raw, messageType(name), 0));
}

function decodeFields(raw: Uint8Array, message: Message, depth: number): ReadonlyMap<string, JsonValue> {
  if (depth > deepestNesting) throw malformed('nested too deeply');
  const singles = new Map<string, JsonValue>();
  const lists = new Map<string, JsonValue[]>();
  const maps = new Map<string, Map<string, JsonValue>>();
  for (const { number, value } of wireFields(raw)) {
    const field = message.numbered.get(number);
    if (field === undefined) continue;
    if (field.many === 'list') {
      entry(lists, field.name, () => []).push(...listItems(value, field, depth));
    } else if (field.many === 'map') {
      const [key, item] = mapEntry(value, field.type, depth);
      entry(maps, field.name, () => new Map<string, JsonValue>()).set(key, item);
    } else if (field.inline && 'message' in field.type) {
      for (const [inner, item] of decodeFields(bytesOf(value), messageType(field.type.message), depth + 1))
        singles.set(inner, item);
    } else {
      const item = decodeValue(value, field.type, depth);
      if (item === undefined || (!field.pointer && isZero(item))) singles.delete(field.name);
      else singles.set(field.name, item);
    }
  }
  for (const [name, items] of lists) singles.set(name, items);
  for (const [name, items] of maps) singles.set(name, fromEntries(items));
  return inTableOrder(singles, message);
}

/** The order of the table, whatever order the bytes had: the same object is the same text. */
function inTableOrder(values: ReadonlyMap<string, JsonValue>, message: Message): ReadonlyMap<string, JsonValue> {
  const ordered = new Map<string, JsonValue>();
  for (const name of message.fields.keys()) {
    const value = values.get(name);
    if (value !== undefined) ordered.set(name, value);
  }
  return ordered;
}

function entry<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

function listItems(value: WireValue, { type, name }: Field, depth: number): readonly JsonValue[] {
  const isNumber = 'scalar' in type && (type.scalar === 'int32' || type.scalar === 'int64');
  const values: readonly WireValue[] =
    isNumber && value.type === 'bytes'
      ? packedNumbers(value.bytes).map((number) => ({ type: 'number', value: number }))
      : [value];
  return values.map((item) => {
    const decoded = decodeValue(item, type, depth);
    if (decoded === undefined) throw malformed(`an empty item in ${name}`);
    return decoded;
  });
}

function mapEntry(value: WireValue, type: FieldType, depth: number): [key: string, item: JsonValue] {
  let key = '';
  let item: JsonValue | undefined;
  for (const inner of wireFields(bytesOf(value))) {
    if (inner.number === 1) key = text(inner.value);
    if (inner.number === 2) item = decodeValue(inner.value, type, depth);
  }
  return [key, item ?? ('scalar' in type ? zeroOf(type.scalar) : {})];
}

function decodeValue(value: WireValue, type: FieldType, depth: number): JsonValue | undefined {
  if ('scalar' in type) return decodeScalar(value, type.scalar);
  return fromEntries(decodeFields(bytesOf(value), messageType(type.message), depth + 1));
}

function isZero(value: JsonValue): boolean {
  return value === '' || value === 0 || value === false;
}

function bytesOf(value: WireValue): Uint8Array {
  switch (value.type) {
    case 'bytes':
      return value.bytes;
    case 'number':
    case 'fixed':
      throw malformed('a number where bytes belong');
    default:
      return assertNever(value);
  }
}

function text(value: WireValue): string {
  const decoded = decodeScalar(value, 'string');
  if (typeof decoded !== 'string') throw malformed('a text that is none');
  return decoded;
}
