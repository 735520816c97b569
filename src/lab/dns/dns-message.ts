/**
 * Messages of the DNS: queries read, answers written with compressed names (RFC 1035, 6891). What is asked for is
 * repeated byte by byte, whatever is in it.
 */
import { RecordType, ResponseCode, TTL, type DnsAnswer, type DnsRecord, type RecordData } from './dns-record.ts';

export interface DnsQuery {
  readonly id: number;
  readonly opcode: number;
  readonly recursionDesired: boolean;
  /** In lower case, from the left; bytes as they are (Latin-1). */
  readonly labels: readonly string[];
  readonly type: number;
  readonly class: number;
  /** The question as it came. */
  readonly question: Uint8Array;
  readonly edns: { readonly version: number; readonly size: number } | undefined;
}

const HEADER = 12;
const IN = 1;
/** What every client without EDNS takes. */
const PLAIN_SIZE = 512;
/** Fits into every packet of an IPv6 network, headers included. */
export const EDNS_SIZE = 1232;
/** The longest message over TCP. */
export const TCP_SIZE = 65_535;
/** An OPT record. */
const OPT_SIZE = 11;
/** Offsets of compressed names have 14 bits. */
const MAX_POINTER = 0x3fff;

/** `undefined` for what nobody has to answer: no query, or not one question that can be read. */
export function decodeQuery(message: Uint8Array): DnsQuery | undefined {
  if (message.length < HEADER + 5) return undefined;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const flags = view.getUint16(2);
  if ((flags & 0x8000) !== 0 || view.getUint16(4) !== 1) return undefined;
  const labels: string[] = [];
  let at = HEADER;
  for (;;) {
    const length = message[at];
    // No pointers: there is nothing before the question that they could point to.
    if (length === undefined || length > 63) return undefined;
    at++;
    if (length === 0) break;
    labels.push(lowerCase(message.subarray(at, at + length)));
    at += length;
    if (at - HEADER > 254) return undefined;
  }
  if (at + 4 > message.length) return undefined;
  return {
    id: view.getUint16(0),
    opcode: (flags >> 11) & 15,
    recursionDesired: (flags & 0x100) !== 0,
    labels,
    type: view.getUint16(at),
    class: view.getUint16(at + 2),
    question: message.slice(HEADER, at + 4),
    edns: ednsOf(view, at + 4),
  };
}

function lowerCase(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte >= 65 && byte <= 90 ? byte + 32 : byte);
  return text;
}

/** Only where it is the first record behind the question, as all clients have it. */
function ednsOf(view: DataView, at: number): DnsQuery['edns'] {
  const records = view.getUint16(6) + view.getUint16(8);
  if (records !== 0 || view.getUint16(10) === 0 || at + OPT_SIZE > view.byteLength) return undefined;
  if (view.getUint8(at) !== 0 || view.getUint16(at + 1) !== RecordType.OPT) return undefined;
  return { size: view.getUint16(at + 3), version: view.getUint8(at + 6) };
}

/** Whether the question is one that a zone can answer; else the code to refuse it with. */
export function refusalOf(query: DnsQuery): DnsAnswer['code'] | undefined {
  if (query.opcode !== 0) return ResponseCode.notImplemented;
  if (query.edns !== undefined && query.edns.version !== 0) return ResponseCode.badVersion;
  return query.class === IN ? undefined : ResponseCode.refused;
}

/** How much of an answer the client takes over UDP. */
export function udpSizeOf({ edns }: DnsQuery): number {
  return edns === undefined ? PLAIN_SIZE : Math.min(Math.max(edns.size, PLAIN_SIZE), EDNS_SIZE);
}

/**
 * At most `size` bytes. Answers that do not fit are left out, with the bit that makes the client ask again over TCP;
 * additional records that do not fit are left out without a word.
 */
export function encodeAnswer(query: DnsQuery, answer: DnsAnswer, size: number): Uint8Array {
  const limit = query.edns === undefined ? size : size - OPT_SIZE;
  const writer = new MessageWriter(query, limit);
  const answers = writer.records(answer.answers);
  let truncated = answers < answer.answers.length;
  const authorities = truncated ? 0 : writer.records(answer.authorities);
  truncated ||= authorities < answer.authorities.length;
  const additionals = truncated ? 0 : writer.records(answer.additionals);
  return writer.finish({ answers, authorities, additionals }, answer, truncated);
}

class MessageWriter {
  private readonly query: DnsQuery;
  private readonly limit: number;
  private readonly bytes: number[] = Array.from({ length: HEADER }, () => 0);
  /** Where names, by their ends, are already written. */
  private readonly names = new Map<string, number>();

  constructor(query: DnsQuery, limit: number) {
    this.query = query;
    this.limit = limit;
    // Names with odd bytes are only ever pointed to as a whole.
    if (query.labels.every((label) => /^[\w-]+$/.test(label))) this.remember(query.labels, HEADER);
    this.bytes.push(...query.question);
  }

  /** How many of them fit. */
  records(records: readonly DnsRecord[]): number {
    let written = 0;
    for (const record of records) {
      const before = this.bytes.length;
      this.record(record);
      if (this.bytes.length > this.limit) {
        this.truncate(before);
        break;
      }
      written++;
    }
    return written;
  }

  finish(
    counts: { readonly answers: number; readonly authorities: number; readonly additionals: number },
    answer: DnsAnswer,
    truncated: boolean,
  ): Uint8Array {
    const { query, bytes } = this;
    if (query.edns !== undefined) {
      // Root, OPT, our size, the upper bits of the code, version 0, no flags, no options.
      bytes.push(0, 0, RecordType.OPT, EDNS_SIZE >> 8, EDNS_SIZE & 0xff, answer.code >> 4, 0, 0, 0, 0, 0);
    }
    const message = Uint8Array.from(bytes);
    const view = new DataView(message.buffer);
    view.setUint16(0, query.id);
    const flags =
      0x8000 |
      (query.opcode << 11) |
      (answer.authoritative ? 0x400 : 0) |
      (truncated ? 0x200 : 0) |
      (query.recursionDesired ? 0x100 : 0) |
      0x80 |
      (answer.code & 15);
    view.setUint16(2, flags);
    view.setUint16(4, 1);
    view.setUint16(6, counts.answers);
    view.setUint16(8, counts.authorities);
    view.setUint16(10, counts.additionals + (query.edns === undefined ? 0 : 1));
    return message;
  }

  private record({ name, data }: DnsRecord): void {
    if (name === undefined) this.short(0xc000 | HEADER);
    else this.name(name);
    this.short(typeOf(data));
    this.short(IN);
    this.short(0);
    this.short(TTL);
    const length = this.bytes.length;
    this.short(0);
    this.data(data);
    const written = this.bytes.length - length - 2;
    this.bytes[length] = written >> 8;
    this.bytes[length + 1] = written & 0xff;
  }

  private data(data: RecordData): void {
    switch (data.type) {
      case 'address':
        this.address(data.address);
        return;
      case 'SRV':
        this.short(0);
        this.short(data.weight);
        this.short(data.port);
        // Never compressed, RFC 2782.
        for (const label of data.target.split('.')) this.label(label);
        this.bytes.push(0);
        return;
      case 'TXT':
        this.label(data.text);
        return;
      case 'SOA':
        this.name(data.server);
        this.name(data.mailbox);
        // Refresh, retry, expire: of no use here. The last one is for how long a name is known to be missing.
        for (const each of [data.serial, 7200, 1800, 86_400, TTL]) this.long(each);
        return;
      case 'CNAME':
      case 'NS':
      case 'PTR':
        this.name(data.target);
        return;
    }
  }

  private address(address: Extract<RecordData, { type: 'address' }>['address']): void {
    if (address.family === 4) {
      this.long(address.value);
      return;
    }
    for (let shift = 112n; shift >= 0n; shift -= 16n) this.short(Number((address.value >> shift) & 0xffffn));
  }

  private name(name: string): void {
    const labels = name === '' ? [] : name.split('.');
    for (const [index, label] of labels.entries()) {
      const known = this.names.get(labels.slice(index).join('.').toLowerCase());
      if (known !== undefined) {
        this.short(0xc000 | known);
        return;
      }
      this.remember(labels.slice(index, index + 1), this.bytes.length, labels.slice(index + 1));
      this.label(label);
    }
    this.bytes.push(0);
  }

  private label(text: string): void {
    this.bytes.push(text.length);
    for (let at = 0; at < text.length; at++) this.bytes.push(text.charCodeAt(at) & 0xff);
  }

  /** Every end of `labels`, which are written one after the other from `at`; `rest` comes behind them. */
  private remember(labels: readonly string[], at: number, rest: readonly string[] = []): void {
    let offset = at;
    for (const [index, label] of labels.entries()) {
      const end = [...labels.slice(index), ...rest].join('.').toLowerCase();
      if (offset <= MAX_POINTER && !this.names.has(end)) this.names.set(end, offset);
      offset += label.length + 1;
    }
  }

  private truncate(length: number): void {
    this.bytes.length = length;
    for (const [name, at] of this.names) if (at >= length) this.names.delete(name);
  }

  private short(value: number): void {
    this.bytes.push((value >> 8) & 0xff, value & 0xff);
  }

  private long(value: number): void {
    this.bytes.push((value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff);
  }
}

function typeOf(data: RecordData): number {
  if (data.type === 'address') return data.address.family === 4 ? RecordType.A : RecordType.AAAA;
  return RecordType[data.type];
}
