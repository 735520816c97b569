import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatIp } from '../../../src/base/inet-format.ts';
import { MAX_FRAME_BYTES, type Framing } from '../../../src/io/nflog/framing.ts';
import { parseLogMessage } from '../../../src/io/nflog/log-message.ts';
import { NetlinkFraming } from '../../../src/io/nflog/netlink-framing.ts';
import { parsePacketHeader } from '../../../src/io/nflog/packet-header.ts';
import { PcapFraming } from '../../../src/io/nflog/pcap-framing.ts';
import {
  ipv4,
  ipv6,
  logMessage,
  netlinkMessage,
  netlinkPacket,
  netlinkReady,
  pcapHeader,
  pcapRecord,
  port16,
  tcp,
} from './packets.ts';

const SYN = 0x02;
const SYN_ACK = 0x12;

/** What a table row shows of a packet. */
function shown(bytes: readonly number[]) {
  const header = parsePacketHeader(Uint8Array.from(bytes));
  if (header === undefined) return undefined;
  const { source, destination, protocol, sourcePort, destinationPort, icmp, opens } = header;
  const end = (ip: typeof source, port: number | undefined): string =>
    `${formatIp(ip)}${port === undefined ? '' : `#${port}`}`;
  return [
    `${end(source, sourcePort)} > ${end(destination, destinationPort)} ${protocol}`,
    ...(icmp === undefined ? [] : [`icmp ${icmp.type}/${icmp.code}`]),
    ...(opens === undefined ? [] : [opens ? 'opens' : 'goes on']),
  ].join(', ');
}

describe('the header of a packet', () => {
  const hop = [6, 1, ...Array<number>(14).fill(0)];
  const fragment = (next: number, offset: number): number[] => [next, 0, ...port16(offset << 3), 0, 0, 0, 1];
  it.each<[string, readonly number[], string | undefined]>([
    ['TCP that opens', ipv4('10.0.0.1', '10.0.0.2', 6, tcp(40000, 80, SYN)), '10.0.0.1#40000 > 10.0.0.2#80 6, opens'],
    [
      'TCP that answers',
      ipv4('10.0.0.2', '10.0.0.1', 6, tcp(80, 40000, SYN_ACK)),
      '10.0.0.2#80 > 10.0.0.1#40000 6, goes on',
    ],
    ['TCP cut behind the ports', ipv4('10.0.0.1', '10.0.0.2', 6, [0, 1, 0, 2]), '10.0.0.1#1 > 10.0.0.2#2 6'],
    ['TCP cut within the ports', ipv4('10.0.0.1', '10.0.0.2', 6, [0, 1, 0]), '10.0.0.1 > 10.0.0.2 6'],
    ['UDP', ipv4('10.0.0.1', '10.0.0.2', 17, [0xff, 0xff, 0, 53, 0, 8, 0, 0]), '10.0.0.1#65535 > 10.0.0.2#53 17'],
    ['SCTP', ipv4('10.0.0.1', '10.0.0.2', 132, [0, 9, 0, 7]), '10.0.0.1#9 > 10.0.0.2#7 132'],
    ['ICMP', ipv4('10.0.0.1', '10.0.0.2', 1, [8, 0, 0, 0]), '10.0.0.1 > 10.0.0.2 1, icmp 8/0'],
    ['a protocol without ports', ipv4('10.0.0.1', '10.0.0.2', 47, [1, 2, 3, 4]), '10.0.0.1 > 10.0.0.2 47'],
    ['IPv6 TCP', ipv6(1, 2, 6, tcp(1, 2, SYN)), 'fd00::1#1 > fd00::2#2 6, opens'],
    ['IPv6 ICMP', ipv6(1, 2, 58, [128, 0]), 'fd00::1 > fd00::2 58, icmp 128/0'],
    ['IPv6 with options', ipv6(1, 2, 0, [...hop, ...tcp(1, 2, SYN)]), 'fd00::1#1 > fd00::2#2 6, opens'],
    ['IPv6, the first fragment', ipv6(1, 2, 44, [...fragment(17, 0), 0, 1, 0, 2]), 'fd00::1#1 > fd00::2#2 17'],
    ['IPv6, a later fragment', ipv6(1, 2, 44, [...fragment(17, 4), 0, 1, 0, 2]), 'fd00::1 > fd00::2 17'],
    [
      'IPv6 behind authentication',
      ipv6(1, 2, 51, [6, 1, ...Array<number>(10).fill(0), ...tcp(1, 2, SYN)]),
      'fd00::1#1 > fd00::2#2 6, opens',
    ],
    ['options that lead past the end', ipv6(1, 2, 0, [6, 255, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2]), 'fd00::1 > fd00::2 6'],
    ['nothing', [], undefined],
    ['half an IPv4 header', ipv4('10.0.0.1', '10.0.0.2', 6, []).slice(0, 19), undefined],
    ['half an IPv6 header', ipv6(1, 2, 6, []).slice(0, 39), undefined],
    ['an impossible header length', [0x41, ...ipv4('10.0.0.1', '10.0.0.2', 6, []).slice(1)], undefined],
    ['another version', [0x50, ...ipv4('10.0.0.1', '10.0.0.2', 6, []).slice(1)], undefined],
  ])('%s', (_name, bytes, expected) => {
    expect(shown(bytes)).toBe(expected);
  });

  it('has options that count in eight bytes, and fragments of IPv4 without ports', () => {
    const options = [0x46, ...ipv4('10.0.0.1', '10.0.0.2', 6, []).slice(1), 1, 1, 1, 0, ...tcp(5, 6, SYN)];
    expect(shown(options)).toBe('10.0.0.1#5 > 10.0.0.2#6 6, opens');
    const later = ipv4('10.0.0.1', '10.0.0.2', 17, [0, 1, 0, 2]);
    later[7] = 1;
    expect(shown(later)).toBe('10.0.0.1 > 10.0.0.2 17');
  });

  it('follows no more extension headers than a packet may have', () => {
    const many = Array.from({ length: 40 }, () => [0, 0, 0, 0, 0, 0, 0, 0]).flat();
    expect(shown(ipv6(1, 2, 0, many))).toBe('fd00::1 > fd00::2 0');
  });
});

describe('a message of the log', () => {
  const packet = ipv4('10.0.0.1', '10.0.0.2', 6, tcp(40000, 80, SYN));
  const parse = (bytes: readonly number[]) => parseLogMessage(Uint8Array.from(bytes), true);

  it('has prefix, hook, sequence and packet', () => {
    expect(parse(logMessage({ prefix: 'sp deny in_7', hook: 2, sequence: 70000, packet }))).toMatchObject({
      prefix: 'sp deny in_7',
      hook: 'forward',
      sequence: 70000,
      packet: { protocol: 6, destinationPort: 80 },
    });
  });

  it.each([
    [0, 'prerouting'],
    [1, 'input'],
    [3, 'output'],
    [4, 'postrouting'],
    [9, undefined],
  ])('hook %s is %s', (hook, name) => {
    expect(parse(logMessage({ hook, packet }))?.hook).toBe(name);
  });

  it('keeps nothing that could disturb a terminal', () => {
    expect(parse(logMessage({ prefix: 'a\x1b[31m\xff', packet }))?.prefix).toBe('a?[31m?');
  });

  it('without a packet is nothing', () => {
    expect(parse(logMessage({ packet: [] }))).toBeUndefined();
    expect(parse([])).toBeUndefined();
  });

  it('stops at an attribute that is longer than the message', () => {
    expect(parse([...logMessage({ packet }), 200, 0, 10, 0, 65])?.prefix).toBe('sp deny in_1');
  });
});

/** The messages that come out when the bytes come in these pieces, and what is wrong. */
function framed(framing: Framing, pieces: readonly (readonly number[])[]) {
  const frames: string[] = [];
  let fault: string | undefined;
  for (const piece of pieces) {
    fault ??= framing.push(Uint8Array.from(piece), (frame) =>
      frames.push(frame.type === 'ready' ? 'ready' : Buffer.from(frame.bytes).toString('hex')),
    );
  }
  return { frames, fault };
}

const packet = ipv4('10.0.0.1', '10.0.0.2', 6, tcp(40000, 80, SYN));
const message = logMessage({ packet });
const hex = Buffer.from(message).toString('hex');
const kinds = [
  {
    name: 'netlink',
    make: () => new NetlinkFraming(true),
    bytes: [...netlinkReady, ...netlinkPacket({ packet }), ...netlinkPacket({ packet })],
  },
  {
    name: 'a capture',
    make: () => new PcapFraming(),
    bytes: [...pcapHeader(), ...pcapRecord(message), ...pcapRecord(message)],
  },
];

describe.each(kinds)('framing of $name', ({ make, bytes }) => {
  it('is the same however the bytes are cut', () => {
    const whole = framed(make(), [bytes]);
    expect(whole).toEqual({ frames: ['ready', hex, hex], fault: undefined });
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 8 }), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        expect(
          framed(
            make(),
            at.slice(1).map((end, i) => bytes.slice(at[i], end)),
          ),
        ).toEqual(whole);
      }),
    );
  });

  it('neither throws nor keeps much, whatever the bytes are', () => {
    const anything = fc.uint8Array({ maxLength: 300 }).map((tail) => [...bytes.slice(0, 60), ...tail]);
    fc.assert(
      fc.property(fc.oneof(anything, fc.uint8Array({ maxLength: 300 })), (hostile) => {
        const framing = make();
        framing.push(Uint8Array.from(hostile), (frame, littleEndian) => {
          if (frame.type === 'message') parseLogMessage(frame.bytes, littleEndian);
        });
        for (const end of [true, false]) parseLogMessage(Uint8Array.from(hostile), end);
        parsePacketHeader(Uint8Array.from(hostile));
      }),
    );
  });
});

describe('what is not a packet log', () => {
  it.each<[string, Framing, readonly number[], string]>([
    [
      'a netlink message that is too short',
      new NetlinkFraming(true),
      [15, ...Array<number>(15).fill(0)],
      'a netlink message of 15 bytes',
    ],
    [
      'a netlink message that is too long',
      new NetlinkFraming(true),
      [1, 0, 4, 0, ...Array<number>(12).fill(0)],
      'a netlink message of 262145 bytes',
    ],
    ['a netlink error', new NetlinkFraming(true), netlinkMessage(2, [255, 255, 255, 255]), 'netlink error 1'],
    ['text', new PcapFraming(), [...Buffer.from('tcpdump: no such device or so')], 'not a capture file'],
    ['a capture of an Ethernet', new PcapFraming(), pcapHeader(1), 'a capture of link type 1, not of a packet log'],
    [
      'a packet that is too long',
      new PcapFraming(),
      [...pcapHeader(), ...Array<number>(8).fill(0), 1, 0, 4, 0, 0, 0, 0, 0],
      'a captured packet of 262145 bytes',
    ],
  ])('%s', (_name, framing, bytes, fault) => {
    expect(framed(framing, [bytes])).toEqual({
      frames: framing instanceof PcapFraming && fault.startsWith('a captured') ? ['ready'] : [],
      fault,
    });
    expect(MAX_FRAME_BYTES).toBeLessThan(262145);
  });

  it('has messages of other kinds, which are passed over', () => {
    expect(
      framed(new NetlinkFraming(true), [[...netlinkMessage(3, [0, 0, 0, 0]), ...netlinkPacket({ packet })]]).frames,
    ).toEqual([hex]);
  });

  it('is read in the byte order of who wrote it', () => {
    const big = pcapHeader();
    for (let at = 0; at < 4; at++) big[at] = [0xa1, 0xb2, 0xc3, 0xd4][at] ?? 0;
    for (const at of [20, 21, 22, 23]) big[at] = at === 23 ? 239 : 0;
    const record = [...Array<number>(8).fill(0), 0, 0, 0, 2, 0, 0, 0, 2, 7, 8];
    expect(framed(new PcapFraming(), [[...big, ...record]]).frames).toEqual(['ready', '0708']);
  });
});
