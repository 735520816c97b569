/** The addresses and ports of an IP packet, from its first bytes. Pure over bytes that anybody may have sent. */
import type { IpAddress } from '../../base/inet.ts';

export interface PacketHeader {
  readonly source: IpAddress;
  readonly destination: IpAddress;
  /** The number of the transport protocol (6 is TCP), behind all extension headers. */
  readonly protocol: number;
  /** TCP, UDP and SCTP; `undefined` when the packet was cut before them, and in a fragment that is not the first. */
  readonly sourcePort: number | undefined;
  readonly destinationPort: number | undefined;
  /** ICMP and ICMPv6. */
  readonly icmp: { readonly type: number; readonly code: number } | undefined;
  /** A TCP segment that opens a connection (SYN without ACK); `undefined` for others and when it cannot be told. */
  readonly opens: boolean | undefined;
}

export const TCP = 6;
export const UDP = 17;
export const SCTP = 132;
const ICMP = 1;
const ICMP_V6 = 58;

const AUTHENTICATION = 51;
const FRAGMENT = 44;
/** Hop-by-hop, routing, destination options, mobility, host identity, shim: a next header and a length in 8 bytes. */
const OPTION_HEADERS = new Set([0, 43, 60, 135, 139, 140]);
/** More than any honest packet carries. */
const MAX_EXTENSIONS = 16;

/** `undefined` when the bytes are not the beginning of an IP packet with both addresses. */
export function parsePacketHeader(bytes: Uint8Array): PacketHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.byteLength < 20) return undefined;
  const version = view.getUint8(0) >>> 4;
  if (version === 4) return parseIpv4(view);
  return version === 6 && view.byteLength >= 40 ? parseIpv6(view) : undefined;
}

function parseIpv4(view: DataView): PacketHeader | undefined {
  const headerBytes = (view.getUint8(0) & 15) * 4;
  if (headerBytes < 20) return undefined;
  const isLaterFragment = (view.getUint16(6) & 0x1fff) !== 0;
  return {
    source: { family: 4, value: view.getUint32(12) },
    destination: { family: 4, value: view.getUint32(16) },
    ...transport(view, view.getUint8(9), isLaterFragment ? Number.POSITIVE_INFINITY : headerBytes),
  };
}

function parseIpv6(view: DataView): PacketHeader {
  let protocol = view.getUint8(6);
  let at = 40;
  for (let count = 0; count < MAX_EXTENSIONS && at + 8 <= view.byteLength; count++) {
    const next = view.getUint8(at);
    if (OPTION_HEADERS.has(protocol)) at += (view.getUint8(at + 1) + 1) * 8;
    else if (protocol === AUTHENTICATION) at += (view.getUint8(at + 1) + 2) * 4;
    else if (protocol === FRAGMENT) at = (view.getUint16(at + 2) & 0xfff8) === 0 ? at + 8 : Number.POSITIVE_INFINITY;
    else break;
    protocol = next;
  }
  return {
    source: { family: 6, value: ipv6At(view, 8) },
    destination: { family: 6, value: ipv6At(view, 24) },
    ...transport(view, protocol, at),
  };
}

function ipv6At(view: DataView, at: number): bigint {
  return (view.getBigUint64(at) << 64n) | view.getBigUint64(at + 8);
}

/** @param at where the transport header begins; past the end when the packet does not have it */
function transport(view: DataView, protocol: number, at: number): Omit<PacketHeader, 'source' | 'destination'> {
  const has = (count: number): boolean => at + count <= view.byteLength;
  const hasPorts = (protocol === TCP || protocol === UDP || protocol === SCTP) && has(4);
  const hasIcmp = (protocol === ICMP || protocol === ICMP_V6) && has(2);
  return {
    protocol,
    sourcePort: hasPorts ? view.getUint16(at) : undefined,
    destinationPort: hasPorts ? view.getUint16(at + 2) : undefined,
    icmp: hasIcmp ? { type: view.getUint8(at), code: view.getUint8(at + 1) } : undefined,
    opens: protocol === TCP && has(14) ? (view.getUint8(at + 13) & 0x12) === 0x02 : undefined,
  };
}
