/** Values that are no message of the table, from the wire to JSON. */
import { assertNever } from '../../../base/assert.ts';
import { isDeeperThan, type JsonValue } from '../json.ts';
import type { Scalar } from '../message-table.ts';
import { malformed, wireFields, type WireValue } from './wire-reader.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What a map entry without a value holds. */
export function zeroOf(scalar: Scalar): JsonValue {
  switch (scalar) {
    case 'bool':
      return false;
    case 'int32':
    case 'int64':
    case 'double':
    case 'IntOrString':
      return 0;
    case 'string':
    case 'bytes':
      return '';
    case 'Quantity':
      return '0';
    case 'Time':
    case 'MicroTime':
      return null;
    case 'FieldsV1':
    case 'Json':
      return {};
    default:
      return assertNever(scalar);
  }
}

/** `undefined` for the zero time, which JSON writes as null. Throws a 400 `StatusError`. */
export function decodeScalar(value: WireValue, scalar: Scalar): JsonValue | undefined {
  switch (scalar) {
    case 'string':
      return textOf(value);
    case 'bool':
      return numberOf(value) !== 0n;
    case 'int32':
      return Number(BigInt.asIntN(32, numberOf(value)));
    case 'int64':
      return safeInteger(numberOf(value));
    case 'double':
      return doubleOf(value);
    case 'bytes':
      return Buffer.from(bytesOf(value)).toString('base64');
    case 'Time':
      return timeOf(bytesOf(value), 0);
    case 'MicroTime':
      return timeOf(bytesOf(value), 6);
    case 'Quantity':
      return quantityOf(bytesOf(value));
    case 'IntOrString':
      return intOrStringOf(bytesOf(value));
    case 'FieldsV1':
    case 'Json':
      return jsonOf(bytesOf(value));
    default:
      return assertNever(scalar);
  }
}

function bytesOf(value: WireValue): Uint8Array {
  if (value.type !== 'bytes') throw malformed('a number where bytes belong');
  return value.bytes;
}

function numberOf(value: WireValue): bigint {
  if (value.type !== 'number') throw malformed('bytes where a number belongs');
  return value.value;
}

function textOf(value: WireValue): string {
  try {
    return utf8.decode(bytesOf(value));
  } catch (error) {
    if (error instanceof TypeError) throw malformed('a text that is not UTF-8');
    throw error;
  }
}

function safeInteger(value: bigint): number {
  const integer = Number(BigInt.asIntN(64, value));
  if (!Number.isSafeInteger(integer)) throw malformed('a number beyond 2^53');
  return integer;
}

function doubleOf(value: WireValue): number {
  if (value.type !== 'fixed' || value.bytes.length !== 8) throw malformed('no floating-point number');
  const number = new DataView(value.bytes.buffer, value.bytes.byteOffset, 8).getFloat64(0, true);
  if (!Number.isFinite(number)) throw malformed('a number that JSON cannot write');
  return number;
}

/** Seconds and nanoseconds since 1970 as RFC 3339. */
function timeOf(bytes: Uint8Array, digits: number): string | undefined {
  let seconds: number | undefined;
  let nanoseconds = 0;
  for (const { number, value } of wireFields(bytes)) {
    if (number === 1) seconds = safeInteger(numberOf(value));
    if (number === 2) nanoseconds = Number(BigInt.asIntN(32, numberOf(value)));
  }
  if (seconds === undefined) return undefined;
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() < 0 || date.getUTCFullYear() > 9999)
    throw malformed('a time beyond the calendar');
  if (nanoseconds < 0 || nanoseconds > 999_999_999) throw malformed('nanoseconds beyond a second');
  const fraction = digits === 0 ? '' : `.${String(Math.floor(nanoseconds / 1000)).padStart(digits, '0')}`;
  return `${date.toISOString().slice(0, 19)}${fraction}Z`;
}

function quantityOf(bytes: Uint8Array): string {
  let quantity = '0';
  for (const { number, value } of wireFields(bytes)) if (number === 1) quantity = textOf(value);
  return quantity;
}

function intOrStringOf(bytes: Uint8Array): JsonValue {
  let isText = false;
  let integer = 0;
  let text = '';
  for (const { number, value } of wireFields(bytes)) {
    if (number === 1) isText = numberOf(value) !== 0n;
    if (number === 2) integer = Number(BigInt.asIntN(32, numberOf(value)));
    if (number === 3) text = textOf(value);
  }
  return isText ? text : integer;
}

const deepestJson = 200;

function jsonOf(bytes: Uint8Array): JsonValue {
  let raw: Uint8Array = new Uint8Array();
  for (const { number, value } of wireFields(bytes)) if (number === 1) raw = bytesOf(value);
  if (raw.length === 0) return {};
  try {
    const value = JSON.parse(utf8.decode(raw)) as JsonValue;
    if (isDeeperThan(value, deepestJson)) throw malformed('JSON nested too deeply');
    return value;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) throw malformed('JSON that is none');
    throw error;
  }
}
