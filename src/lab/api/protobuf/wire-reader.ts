/** The protobuf wire format: a cursor over bytes that may be hostile. Every complaint is a 400. */
import { badRequest } from '../status-error.ts';

export type WireValue =
  | { readonly type: 'number'; readonly value: bigint }
  | { readonly type: 'fixed'; readonly bytes: Uint8Array }
  | { readonly type: 'bytes'; readonly bytes: Uint8Array };

export interface WireField {
  readonly number: number;
  readonly value: WireValue;
}

const longestVarint = 10;

/** The fields of one message in the order in which they came. */
export function* wireFields(bytes: Uint8Array): Generator<WireField> {
  const cursor = { bytes, at: 0 };
  while (cursor.at < bytes.length) {
    const tag = varint(cursor);
    const number = Number(tag >> 3n);
    if (number < 1 || number > 536_870_911) throw malformed(`field number ${number}`);
    yield { number, value: wireValue(cursor, Number(tag & 7n)) };
  }
}

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

function wireValue(cursor: Cursor, wireType: number): WireValue {
  switch (wireType) {
    case 0:
      return { type: 'number', value: varint(cursor) };
    case 1:
      return { type: 'fixed', bytes: take(cursor, 8) };
    case 2:
      return { type: 'bytes', bytes: take(cursor, Number(varint(cursor))) };
    case 5:
      return { type: 'fixed', bytes: take(cursor, 4) };
    default:
      throw malformed(`wire type ${wireType}`);
  }
}

function varint(cursor: Cursor): bigint {
  let value = 0n;
  for (let index = 0; index < longestVarint; index += 1) {
    const byte = cursor.bytes[cursor.at];
    if (byte === undefined) throw malformed('unexpected end');
    cursor.at += 1;
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) return BigInt.asUintN(64, value);
  }
  throw malformed('a number that does not end');
}

function take(cursor: Cursor, length: number): Uint8Array {
  if (length > cursor.bytes.length - cursor.at) throw malformed('unexpected end');
  const part = cursor.bytes.subarray(cursor.at, cursor.at + length);
  cursor.at += length;
  return part;
}

/** All numbers of a packed list. */
export function packedNumbers(bytes: Uint8Array): readonly bigint[] {
  const cursor = { bytes, at: 0 };
  const numbers: bigint[] = [];
  while (cursor.at < bytes.length) numbers.push(varint(cursor));
  return numbers;
}

export function malformed(what: string) {
  return badRequest(`the object provided is unrecognized (must be of type Protobuf): ${what}`);
}
