/**
 * One message of the kernel's packet log (nfnetlink_log): a four-byte header and attributes. Netlink carries it as it
 * is, and so do captures of link type NFLOG.
 */
import { parsePacketHeader, type PacketHeader } from './packet-header.ts';

/** Where in its way through the kernel a packet was seen. */
export type NetfilterHook = 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';

export interface LoggedPacket {
  /** What the rule that logged it says; ASCII, other bytes become `?`. */
  readonly prefix: string;
  readonly hook: NetfilterHook | undefined;
  readonly packet: PacketHeader;
  /** Counts the messages of the group; a gap means that some were lost. Absent from captures. */
  readonly sequence: number | undefined;
}

const HOOKS: readonly NetfilterHook[] = ['prerouting', 'input', 'forward', 'output', 'postrouting'];

const HEADER_BYTES = 4;
/** Attribute numbers of nfnetlink_log. */
const PACKET_HEADER = 1;
const PAYLOAD = 9;
const PREFIX = 10;
const SEQUENCE = 12;
/** The upper two bits of an attribute's type are flags. */
const TYPE_MASK = 0x3fff;

/** `undefined` when there is no packet in it that can be understood. */
export function parseLogMessage(message: Uint8Array, littleEndian: boolean): LoggedPacket | undefined {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  let prefix = '';
  let hook: NetfilterHook | undefined;
  let sequence: number | undefined;
  let packet: PacketHeader | undefined;
  let at = HEADER_BYTES;
  while (at + 4 <= view.byteLength) {
    const length = view.getUint16(at, littleEndian);
    const type = view.getUint16(at + 2, littleEndian) & TYPE_MASK;
    if (length < 4 || at + length > view.byteLength) break;
    const value = message.subarray(at + 4, at + length);
    if (type === PACKET_HEADER && value.length >= 3) hook = HOOKS[value[2] ?? -1];
    else if (type === PREFIX) prefix = text(value);
    else if (type === SEQUENCE && value.length >= 4) sequence = view.getUint32(at + 4);
    else if (type === PAYLOAD) packet = parsePacketHeader(value);
    at += (length + 3) & ~3;
  }
  return packet === undefined ? undefined : { prefix, hook, packet, sequence };
}

/** Up to the final zero. */
function text(bytes: Uint8Array): string {
  let result = '';
  for (const byte of bytes) {
    if (byte === 0) break;
    result += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '?';
  }
  return result;
}
