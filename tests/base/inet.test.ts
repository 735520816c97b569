import { containsCidr, excludeCidr, mergeCidr, parseCidr as libraryCidr } from 'cidr-tools';
import fc from 'fast-check';
import { Address4, Address6 } from 'ip-address';
import { describe, expect, test } from 'vitest';
import { formatCidr, formatIp } from '../../src/base/inet-format.ts';
import { parseCidr, parseIp } from '../../src/base/inet-parse.ts';
import {
  allAddresses,
  normaliseRanges,
  rangesToCidrs,
  subtractCidrs,
  subtractRanges,
} from '../../src/base/inet-ranges.ts';
import {
  cidr4,
  cidr6,
  cidrContains,
  cidrContainsCidr,
  cidrOfIp,
  compareCidrs,
  type Cidr,
} from '../../src/base/inet.ts';

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new Error(`not a CIDR: ${text}`);
  return parsed.cidr;
}

function ip(text: string) {
  const parsed = parseIp(text);
  if (parsed === undefined) throw new Error(`not an IP: ${text}`);
  return parsed.ip;
}

describe('addresses as Go parses them sloppily (S41)', () => {
  test.each([
    ['10.0.0.1', '10.0.0.1', []],
    ['0.0.0.0', '0.0.0.0', []],
    ['255.255.255.255', '255.255.255.255', []],
    ['012.0.0.1', '12.0.0.1', ['leading-zeros']],
    ['010.010.010.010', '10.10.10.10', ['leading-zeros']],
    ['1.2.3.004', '1.2.3.4', ['leading-zeros']],
    ['00000000001.2.3.4', '1.2.3.4', ['leading-zeros']],
    ['::', '::', []],
    ['::1', '::1', []],
    ['1::', '1::', []],
    ['2001:DB8::0001', '2001:db8::1', []],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1', []],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0', []],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8', []],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221', []],
    ['00001::2', '1::2', ['leading-zeros']],
    ['64:ff9b::192.0.02.33', '64:ff9b::c000:221', ['leading-zeros']],
    ['::ffff:10.0.0.1', '10.0.0.1', ['ipv4-mapped']],
    ['::ffff:a00:1', '10.0.0.1', ['ipv4-mapped']],
    ['0:0:0:0:0:FFFF:10.0.0.01', '10.0.0.1', ['leading-zeros', 'ipv4-mapped']],
    ['::10.0.0.1', '::a00:1', []],
  ])('%s is %s', (text, canonical, issues) => {
    const parsed = parseIp(text);
    expect(parsed && formatIp(parsed.ip)).toBe(canonical);
    expect(parsed?.issues).toEqual(issues);
  });

  test.each([
    '',
    ' ',
    '1',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    '1.2.3.256',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '+1.2.3.4',
    '1.2.3.-4',
    '0x10.0.0.1',
    '0xa000001',
    '167772161',
    '1.2.3.4/32',
    '1.2.3.4%eth0',
    'fe80::1%eth0',
    'fe80::1%25eth0',
    '[::1]',
    ':',
    ':::',
    '::1::',
    '1::2::3',
    ':1',
    '1:',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '12345::',
    'g::',
    '1.2.3.4::',
    '::1.2.3',
    '::1.2.3.4:5',
    '1:2:3:4:5:6:7:1.2.3.4',
    '1:2:3:4:5:1.2.3.4',
    '::1:2:3:4:5:6:7:1.2.3.4',
    'localhost',
    '１.2.3.4',
    '1.2.3.4\n',
    '1.2.3.4\0',
  ])('%j is no address', (text) => {
    expect(parseIp(text)).toBeUndefined();
  });
});

describe('CIDRs as the API server parses them (S41-S45)', () => {
  test.each([
    ['10.0.0.0/8', '10.0.0.0/8', 8, []],
    ['0.0.0.0/0', '0.0.0.0/0', 0, []],
    ['128.0.0.0/1', '128.0.0.0/1', 1, []],
    ['255.255.255.255/32', '255.255.255.255/32', 32, []],
    ['10.0.0.1/24', '10.0.0.0/24', 24, ['host-bits']],
    ['10.0.0.2/30', '10.0.0.0/30', 30, ['host-bits']],
    ['1.2.3.4/0', '0.0.0.0/0', 0, ['host-bits']],
    ['010.0.0.0/8', '10.0.0.0/8', 8, ['leading-zeros']],
    ['10.0.0.0/08', '10.0.0.0/8', 8, ['leading-zeros']],
    ['10.0.0.0/0000000008', '10.0.0.0/8', 8, ['leading-zeros']],
    ['012.0.0.1/8', '12.0.0.0/8', 8, ['leading-zeros', 'host-bits']],
    ['::/0', '::/0', 0, []],
    ['2001:db8::/32', '2001:db8::/32', 32, []],
    ['2001:DB8:0::0/32', '2001:db8::/32', 32, []],
    ['2001:db8::1/64', '2001:db8::/64', 64, ['host-bits']],
    ['::1/128', '::1/128', 128, []],
    ['::1/00128', '::1/128', 128, ['leading-zeros']],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8', 104, ['ipv4-mapped']],
    ['::ffff:0:0/96', '0.0.0.0/0', 96, ['ipv4-mapped']],
    ['::ffff:10.0.0.1/128', '10.0.0.1/32', 128, ['ipv4-mapped']],
    ['::ffff:10.1.0.0/104', '10.0.0.0/8', 104, ['ipv4-mapped', 'host-bits']],
    ['::ffff:0:0/95', '::fffe:0:0/95', 95, ['ipv4-mapped', 'host-bits']],
    ['::ffff:0:0/0', '::/0', 0, ['ipv4-mapped', 'host-bits']],
  ])('%s is %s, written /%i', (text, canonical, writtenPrefix, issues) => {
    const parsed = parseCidr(text);
    expect(parsed && formatCidr(parsed.cidr)).toBe(canonical);
    expect(parsed).toMatchObject({ writtenPrefix, issues });
  });

  test.each([
    '',
    '/',
    '/8',
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/-1',
    '10.0.0.0/+8',
    '10.0.0.0/8 ',
    ' 10.0.0.0/8',
    '10.0.0.0/8/8',
    '10.0.0/8',
    '10.0.0.0/0x8',
    '10.0.0.0/255.0.0.0',
    '::/129',
    '::',
    '2001:db8::/',
    'fe80::1%eth0/64',
    'fe80::%/64',
    '10.0.0.0/1e1',
    '256.0.0.0/8',
    '10.0.0.0/16777216',
    'example.com/8',
    '10.*.0.0/8',
    '10.0.0.0\\8',
  ])('%j is no CIDR', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });
});

describe('IPv6 text (RFC 5952)', () => {
  test.each([
    [0n, '::'],
    [1n, '::1'],
    [0x20010db8000000010000000000000001n, '2001:db8:0:1::1'],
    [0x20010db8000100020003000400050006n, '2001:db8:1:2:3:4:5:6'],
    [0x20010000000100010001000100010001n, '2001:0:1:1:1:1:1:1'],
    [0x00000000000100000000000000000001n, '0:0:1::1'],
    [(1n << 128n) - 1n, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ])('%i is %s', (value, text) => {
    expect(formatIp({ family: 6, value })).toBe(text);
  });
});

describe('containment', () => {
  test.each([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['0.0.0.0/0', '255.255.255.255', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '10.0.0.1', false],
    ['::/0', '::ffff:10.0.0.1', false],
    ['::ffff:0:0/96', '10.0.0.1', true],
    ['2001:db8::/32', '2001:db8:ffff::', true],
    ['2001:db8::/32', '2001:db9::', false],
  ])('%s holds %s: %s (S45, S90)', (network, address, expected) => {
    expect(cidrContains(cidr(network), ip(address))).toBe(expected);
    expect(cidrContainsCidr(cidr(network), cidrOfIp(ip(address)))).toBe(expected);
  });

  test('a network contains itself and its halves, never its parent', () => {
    expect(cidrContainsCidr(cidr('10.0.0.0/8'), cidr('10.0.0.0/8'))).toBe(true);
    expect(cidrContainsCidr(cidr('10.0.0.0/8'), cidr('10.128.0.0/9'))).toBe(true);
    expect(cidrContainsCidr(cidr('10.0.0.0/9'), cidr('10.0.0.0/8'))).toBe(false);
    expect(cidrContainsCidr(cidr('0.0.0.0/0'), cidr('::/128'))).toBe(false);
  });

  test('networks sort by family, address, then size', () => {
    const sorted = ['::/0', '10.0.0.0/8', '10.0.0.0/16', '9.0.0.0/8'].map(cidr).toSorted(compareCidrs);
    expect(sorted.map(formatCidr)).toEqual(['9.0.0.0/8', '10.0.0.0/8', '10.0.0.0/16', '::/0']);
  });
});

const byte = fc.integer({ min: 0, max: 255 });
const ipv4Text = fc.tuple(byte, byte, byte, byte).map((parts) => parts.join('.'));
const group = fc.oneof(
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 0xffff }) },
);
const groups = fc.array(group, { minLength: 8, maxLength: 8 });
const ipv6Value = groups.map((parts) => parts.reduce((value, part) => (value << 16n) | BigInt(part), 0n));
const cidr4s = fc
  .tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 32 }))
  .map(([v, p]) => cidr4(v, p));
const cidr6s = fc.tuple(ipv6Value, fc.integer({ min: 0, max: 128 })).map(([v, p]) => cidr6(v, p));
/** Crowded into few addresses, so that networks touch and overlap. */
const crowded4 = fc
  .tuple(fc.integer({ min: 0, max: 1023 }), fc.integer({ min: 22, max: 32 }))
  .map(([v, p]) => cidr4(v, p));
const crowded6 = fc
  .tuple(fc.bigInt({ min: 0n, max: 1023n }), fc.integer({ min: 118, max: 128 }))
  .map(([v, p]) => cidr6(v, p));

describe('against other implementations', () => {
  test('IPv4 parses like ip-address and formats back', () => {
    fc.assert(
      fc.property(ipv4Text, (text) => {
        const parsed = ip(text);
        expect(BigInt(parsed.value)).toBe(new Address4(text).bigInt());
        expect(formatIp(parsed)).toBe(text);
      }),
    );
  });

  test('IPv6 formats like ip-address and parses back', () => {
    fc.assert(
      fc.property(ipv6Value, (value) => {
        const text = formatIp({ family: 6, value });
        expect(text).toBe(Address6.fromBigInt(value).correctForm());
        const parsed = parseIp(text);
        if (parsed?.issues.includes('ipv4-mapped'))
          expect(parsed.ip).toEqual({ family: 4, value: Number(value & 0xffffffffn) });
        else expect(parsed).toEqual({ ip: { family: 6, value }, issues: [] });
      }),
      { numRuns: 1000 },
    );
  });

  test('every legal spelling of an IPv6 address is the same address', () => {
    fc.assert(
      fc.property(groups, fc.boolean(), fc.boolean(), fc.boolean(), (parts, pad, upper, dotted) => {
        const hex = parts.map((part) => part.toString(16).padStart(pad ? 4 : 1, '0'));
        const [high = 0, low = 0] = parts.slice(6);
        const tail = dotted ? [`${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`] : hex.slice(6);
        const text = [...hex.slice(0, 6), ...tail].join(':');
        expect(ip(upper ? text.toUpperCase() : text)).toEqual(ip(hex.join(':')));
      }),
    );
  });

  test('CIDR bounds agree with cidr-tools', () => {
    fc.assert(
      fc.property(fc.oneof(cidr4s, cidr6s), (network) => {
        const text = formatCidr(network);
        const library = libraryCidr(text);
        expect([BigInt(network.first), BigInt(network.last)]).toEqual([library.start, library.end]);
        const parsed = parseCidr(text);
        if (!parsed?.issues.includes('ipv4-mapped')) expect(parsed?.cidr).toEqual(network);
      }),
      { numRuns: 1000 },
    );
  });

  test('containment agrees with cidr-tools', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.tuple(crowded4, crowded4), fc.tuple(crowded6, crowded6), fc.tuple(cidr4s, cidr6s)),
        ([a, b]) => {
          expect(cidrContainsCidr(a, b)).toBe(containsCidr(formatCidr(a), formatCidr(b)));
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('merging agrees with cidr-tools', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(fc.oneof(crowded4, crowded6), { minLength: 1 }),
          fc.array(fc.oneof(cidr4s, cidr6s), { minLength: 1 }),
        ),
        (networks) => {
          const ours = rangesToCidrs(networks).map(formatCidr);
          expect(new Set(ours)).toEqual(new Set(mergeCidr(networks.map(formatCidr))));
        },
      ),
      { numRuns: 200 },
    );
  });

  test('subtraction agrees with cidr-tools', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(crowded4, crowded6), { minLength: 1 }),
        fc.array(fc.oneof(crowded4, crowded6), { minLength: 1 }),
        (from, holes) => {
          const ours = rangesToCidrs(subtractRanges(from, holes)).map(formatCidr);
          expect(new Set(ours)).toEqual(new Set(excludeCidr(from.map(formatCidr), holes.map(formatCidr))));
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('ranges', () => {
  test('arbitrary ranges become the fewest networks, and back', () => {
    const range4 = fc
      .tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 0xffffffff }))
      .map(([a, b]) => ({ family: 4 as const, first: Math.min(a, b), last: Math.max(a, b) }));
    const range6 = fc
      .tuple(ipv6Value, ipv6Value)
      .map(([a, b]) => ({ family: 6 as const, first: a < b ? a : b, last: a < b ? b : a }));
    fc.assert(
      fc.property(fc.oneof(range4, range6), (range) => {
        const cidrs = rangesToCidrs([range]);
        expect(normaliseRanges(cidrs)).toEqual([range]);
        expect(cidrs.length).toBeLessThanOrEqual(range.family === 4 ? 62 : 254);
        expect(cidrs.every((network) => parseCidr(formatCidr(network))?.issues.includes('host-bits') === false)).toBe(
          true,
        );
      }),
      { numRuns: 200 },
    );
  });

  test.each([
    ['10.0.0.0/8', [], ['10.0.0.0/8']],
    ['10.0.0.0/30', ['10.0.0.1/32'], ['10.0.0.0/32', '10.0.0.2/31']],
    ['0.0.0.0/0', ['128.0.0.0/1', '0.0.0.0/1'], []],
    ['10.0.0.0/8', ['::/0', '11.0.0.0/8'], ['10.0.0.0/8']],
    ['10.0.0.0/8', ['::ffff:10.0.0.0/104'], []],
    ['::/126', ['::1/128', '::1/128', '::2/127'], ['::/128']],
  ])('%s except %j leaves %j (S43, S90)', (network, except, left) => {
    expect(rangesToCidrs(subtractCidrs(cidr(network), except.map(cidr))).map(formatCidr)).toEqual(left);
  });

  test('all addresses of a family are its /0', () => {
    expect(rangesToCidrs([allAddresses(6), allAddresses(4)]).map(formatCidr)).toEqual(['0.0.0.0/0', '::/0']);
  });

  test('ten thousand networks merge without a quadratic step', () => {
    const networks = Array.from({ length: 10_000 }, (_, i) => cidr4(i * 512, 24));
    expect(rangesToCidrs(networks)).toHaveLength(10_000);
    expect(
      rangesToCidrs([...networks, ...Array.from({ length: 10_000 }, (_, i) => cidr4(i * 512 + 256, 24))]),
    ).toHaveLength(5);
  });
});
