/** Packets and messages of the packet log, byte by byte. */

export function ipv4(source: string, destination: string, protocol: number, payload: readonly number[]): number[] {
  const octets = (text: string): number[] => text.split('.').map(Number);
  return [
    0x45,
    0,
    0,
    20 + payload.length,
    0,
    1,
    0,
    0,
    64,
    protocol,
    0,
    0,
    ...octets(source),
    ...octets(destination),
    ...payload,
  ];
}

/** Addresses by their last group: `fd00::<n>`. */
export function ipv6(source: number, destination: number, next: number, payload: readonly number[]): number[] {
  const address = (n: number): number[] => [0xfd, ...Array<number>(13).fill(0), n >> 8, n & 255];
  return [0x60, 0, 0, 0, 0, payload.length, next, 64, ...address(source), ...address(destination), ...payload];
}

export const port16 = (port: number): number[] => [port >> 8, port & 255];

/** A TCP header of 20 bytes. */
export function tcp(source: number, destination: number, flags: number): number[] {
  return [...port16(source), ...port16(destination), 0, 0, 0, 1, 0, 0, 0, 0, 0x50, flags, 0, 0, 0, 0, 0, 0];
}

function attribute(type: number, value: readonly number[]): number[] {
  const length = 4 + value.length;
  return [length & 255, length >> 8, type, 0, ...value, ...Array<number>(-length & 3).fill(0)];
}

const ascii = (text: string): number[] => [...Buffer.from(text, 'latin1')];

export interface MessageParts {
  readonly prefix?: string;
  readonly hook?: number;
  readonly sequence?: number;
  readonly packet: readonly number[];
}

/** As the kernel of a little-endian machine writes it. */
export function logMessage({ prefix = 'sp deny in_1', hook = 2, sequence, packet }: MessageParts): number[] {
  return [
    2,
    0,
    0,
    100,
    ...attribute(1, [8, 0, hook, 0]),
    ...attribute(10, [...ascii(prefix), 0]),
    ...(sequence === undefined ? [] : attribute(12, [...port16(sequence >>> 16), ...port16(sequence & 0xffff)])),
    ...attribute(9, packet),
  ];
}

export function netlinkMessage(type: number, payload: readonly number[]): number[] {
  const length = 16 + payload.length;
  const padding = Array<number>(-length & 3).fill(0);
  return [
    length & 255,
    length >> 8,
    0,
    0,
    type & 255,
    type >> 8,
    0,
    0,
    ...Array<number>(8).fill(0),
    ...payload,
    ...padding,
  ];
}

export const netlinkReady = netlinkMessage(2, [0, 0, 0, 0]);
export const netlinkPacket = (parts: MessageParts): number[] => netlinkMessage(0x400, logMessage(parts));

export function pcapHeader(linkType = 239): number[] {
  return [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, ...Array<number>(8).fill(0), 192, 0, 0, 0, linkType, 0, 0, 0];
}

export function pcapRecord(payload: readonly number[]): number[] {
  const length = [payload.length & 255, payload.length >> 8, 0, 0];
  return [...Array<number>(8).fill(0), ...length, ...length, ...payload];
}
