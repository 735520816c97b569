/**
 * Elements of sets and maps in the kernel's own words: one netlink batch, which it takes as a whole or not at all.
 *
 * Only elements are written this way. Tables, chains and rules go through nft, so that nft can always list what it has
 * made itself.
 */
import { parseIp } from '../../base/inet-parse.ts';
import type { Operation, Transaction } from '../../dataplane/transaction.ts';
import { NESTED, NetlinkWriter } from './netlink-writer.ts';

/** What the elements of a set are, `ipv4_addr : classid`; `undefined` for sets that are not known, and for ranges. */
export type TypeOfSet = (name: string) => string | undefined;

const FAMILY_INET = 1;
const SUBSYSTEM = 10;
const MESSAGE = { batchBegin: 16, batchEnd: 17, add: (SUBSYSTEM << 8) | 12, delete: (SUBSYSTEM << 8) | 14 } as const;
const FLAG = { request: 1, ack: 4, create: 0x400 } as const;
const LIST = { table: 1, set: 2, elements: 3 } as const;
const ELEMENT = { key: 1, data: 2, object: 9 } as const;
const DATA = { value: 1, verdict: 2 } as const;
const VERDICT = { code: 1, chain: 2 } as const;
const CODES: ReadonlyMap<string, number> = new Map([
  ['jump', -3],
  ['goto', -4],
]);
/** A list of elements says its length in 16 bits. */
const MAX_LIST_BYTES = 60_000;

/** `undefined` when the transaction is anything else than elements that this knows how to write. */
export function encodeElements(transaction: Transaction, typeOf: TypeOfSet): Uint8Array | undefined {
  const writer = new NetlinkWriter();
  writer.end(writer.message(MESSAGE.batchBegin, FLAG.request, 0, SUBSYSTEM));
  let last: number | undefined;
  for (const operation of transaction.operations) {
    const written = writeOperation(operation, transaction.table, typeOf, writer);
    if (written === 'unknown') return undefined;
    last = written ?? last;
  }
  if (last === undefined) return undefined;
  // Whoever is answered last speaks for all.
  writer.addFlag(last, FLAG.ack);
  writer.end(writer.message(MESSAGE.batchEnd, FLAG.request, 0, SUBSYSTEM));
  return writer.done();
}

/** @returns where the last message begins */
function writeOperation(
  operation: Operation,
  table: string,
  typeOf: TypeOfSet,
  writer: NetlinkWriter,
): number | 'unknown' | undefined {
  if (operation.type !== 'add-elements' && operation.type !== 'delete-elements') return 'unknown';
  const type = typeOf(operation.set);
  if (type === undefined) return 'unknown';
  const [keyType = '', dataType] = type.split(' : ');
  const keyTypes = keyType.split(' . ');
  const adds = operation.type === 'add-elements';
  const entries: Iterable<readonly [string, string]> = adds
    ? operation.elements
    : operation.keys.map((key) => [key, ''] as const);
  let message: number | undefined;
  let list = 0;
  let listStart = 0;
  for (const [key, value] of entries) {
    if (message !== undefined && writer.length - listStart > MAX_LIST_BYTES) {
      writer.end(list);
      writer.end(message);
      message = undefined;
    }
    if (message === undefined) {
      const flags = FLAG.request | (adds ? FLAG.create : 0);
      message = writer.message(adds ? MESSAGE.add : MESSAGE.delete, flags, FAMILY_INET, 0);
      writer.text(LIST.table, table);
      writer.text(LIST.set, operation.set);
      listStart = writer.length;
      list = writer.begin(LIST.elements | NESTED);
    }
    const element = writer.begin(1 | NESTED);
    if (!writeKey(key, keyTypes, writer)) return 'unknown';
    if (adds && !writeData(value, dataType, writer)) return 'unknown';
    writer.end(element);
  }
  if (message === undefined) return undefined;
  writer.end(list);
  writer.end(message);
  return message;
}

function writeKey(key: string, types: readonly string[], writer: NetlinkWriter): boolean {
  const values = types.length === 1 ? [key] : key.split(' . ');
  if (values.length !== types.length) return false;
  const outer = writer.begin(ELEMENT.key | NESTED);
  const inner = writer.begin(DATA.value);
  for (const [index, type] of types.entries()) {
    if (!writeField(values[index] ?? '', type, writer)) return false;
    // Alone a field has its own length; next to others each begins at a register.
    if (types.length > 1) writer.pad();
  }
  writer.end(inner);
  writer.end(outer);
  return true;
}

function writeField(value: string, type: string, writer: NetlinkWriter): boolean {
  switch (type) {
    case 'ipv4_addr': {
      const address = parseDotted(value);
      if (address === undefined) return false;
      writer.word(address);
      return true;
    }
    case 'ipv6_addr': {
      const ip = parseIp(value)?.ip;
      if (ip?.family !== 6) return false;
      for (const shift of [96n, 64n, 32n, 0n]) writer.word(Number((ip.value >> shift) & 0xffffffffn));
      return true;
    }
    case 'classid':
      return writeClassId(value, writer);
    case 'inet_proto':
    case 'inet_service': {
      const bytes = type === 'inet_proto' ? 1 : 2;
      const number = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
      if (!(number < 256 ** bytes)) return false;
      writer.small(number, bytes);
      return true;
    }
    default:
      return false;
  }
}

/** As `formatIp` writes it, and no other way: there may be a hundred thousand of them. */
function parseDotted(text: string): number | undefined {
  let address = 0;
  let part = -1;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit === -2) {
      if (part < 0 || ++dots > 3) return undefined;
      address = address * 256 + part;
      part = -1;
    } else {
      if (digit < 0 || digit > 9 || part === 0) return undefined;
      part = Math.max(part, 0) * 10 + digit;
      if (part > 255) return undefined;
    }
  }
  return dots === 3 && part >= 0 ? address * 256 + part : undefined;
}

/** Two hexadecimal halves, in the byte order of the machine. */
function writeClassId(value: string, writer: NetlinkWriter): boolean {
  const [, major = '0', minor = '0'] = /^(?:([0-9a-f]{1,4}):([0-9a-f]{1,4})|none)$/.exec(value) ?? [undefined, '', ''];
  if (major === '') return false;
  writer.hostWord(Number.parseInt(major, 16) * 0x10000 + Number.parseInt(minor, 16));
  return true;
}

function writeData(value: string, type: string | undefined, writer: NetlinkWriter): boolean {
  if (type === undefined) return value === '';
  if (type === 'counter') {
    writer.text(ELEMENT.object, value);
    return true;
  }
  const data = writer.begin(ELEMENT.data | NESTED);
  if (type === 'classid') {
    const id = writer.begin(DATA.value);
    if (!writeClassId(value, writer)) return false;
    writer.end(id);
  } else {
    const [word = '', chain = '', ...more] = value.split(' ');
    const code = CODES.get(word);
    if (type !== 'verdict' || code === undefined || chain === '' || more.length > 0) return false;
    const verdict = writer.begin(DATA.verdict | NESTED);
    const number = writer.begin(VERDICT.code);
    writer.word(code >>> 0);
    writer.end(number);
    writer.text(VERDICT.chain, chain);
    writer.end(verdict);
  }
  writer.end(data);
  return true;
}

/** The first error that an answer of the kernel tells, as a positive number; 0: done; `undefined`: it tells neither. */
export function errorIn(answer: Buffer): number | undefined {
  let found: number | undefined;
  for (let at = 0; at + 20 <= answer.length;) {
    const length = answer.readUInt32LE(at);
    if (length < 20 || at + length > answer.length) break;
    if (answer.readUInt16LE(at + 4) === 2) {
      const error = -answer.readInt32LE(at + 16);
      if (error !== 0) return error;
      found = 0;
    }
    at += (length + 3) & ~3;
  }
  return found;
}
