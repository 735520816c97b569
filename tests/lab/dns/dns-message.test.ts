import fc from 'fast-check';
import packet, { type Answer, type RecordType as PacketType } from 'dns-packet';
import { describe, expect, it } from 'vitest';
import { RecordType, ResponseCode, type DnsAnswer, type DnsRecord } from '../../../src/lab/dns/dns-record.ts';
import { decodeQuery, encodeAnswer, refusalOf, udpSizeOf, type DnsQuery } from '../../../src/lab/dns/dns-message.ts';
import { sampleZone } from './sample-zone.ts';

function opt(udpPayloadSize: number, ednsVersion = 0): Answer {
  return {
    type: 'OPT',
    name: '.',
    udpPayloadSize,
    extendedRcode: 0,
    ednsVersion,
    flags: 0,
    flag_do: false,
    options: [],
  };
}

function queryOf(name: string, type: PacketType = 'A', additionals: Answer[] = []): DnsQuery {
  const bytes = packet.encode({
    type: 'query',
    id: 4711,
    flags: packet.RECURSION_DESIRED,
    questions: [{ type, name }],
    additionals,
  });
  const query = decodeQuery(bytes);
  if (query === undefined) throw new Error('no query');
  return query;
}

function answerOf(answers: readonly DnsRecord[], more: Partial<DnsAnswer> = {}): DnsAnswer {
  return { code: ResponseCode.ok, authoritative: true, answers, authorities: [], additionals: [], ...more };
}

/** Addresses of `name`, or of what was asked for. */
function addresses(count: number, name?: string): DnsRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    name,
    data: { type: 'address', address: { family: 4, value: 0x0af40000 + index } },
  }));
}

describe('queries', () => {
  it('are read', () => {
    expect(queryOf('Web.Shop.svc.cluster.local', 'AAAA', [opt(4096)])).toMatchObject({
      id: 4711,
      opcode: 0,
      recursionDesired: true,
      labels: ['web', 'shop', 'svc', 'cluster', 'local'],
      type: RecordType.AAAA,
      class: 1,
      edns: { version: 0, size: 4096 },
    });
    expect(queryOf('.').labels).toEqual([]);
  });

  const good = packet.encode({ type: 'query', id: 1, questions: [{ type: 'A', name: 'a.b' }] });
  it.each<readonly [string, Uint8Array]>([
    ['nothing', new Uint8Array()],
    ['half a header', good.subarray(0, 7)],
    ['a name without end', good.subarray(0, -5)],
    ['no type', good.subarray(0, -3)],
    ['an answer', packet.encode({ type: 'response', id: 1, questions: [{ type: 'A', name: 'a' }] })],
    ['no question', packet.encode({ type: 'query', id: 1 })],
    [
      'two questions',
      packet.encode({
        type: 'query',
        questions: [
          { type: 'A', name: 'a' },
          { type: 'A', name: 'b' },
        ],
      }),
    ],
    ['a pointer to itself', Uint8Array.from([...good.subarray(0, 12), 0xc0, 12, 0, 1, 0, 1])],
    ['a name too long', packet.encode({ type: 'query', questions: [{ type: 'A', name: 'abcdefg.'.repeat(32) }] })],
  ])('not answered: %s', (_, message) => {
    expect(decodeQuery(message)).toBeUndefined();
  });

  it('of any bytes never throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
        decodeQuery(bytes);
        // Past the header it becomes interesting.
        decodeQuery(Uint8Array.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1, ...bytes]));
      }),
      { numRuns: 2000 },
    );
  });

  it('that no zone answers are refused', () => {
    expect(refusalOf(queryOf('a.b'))).toBeUndefined();
    expect(refusalOf({ ...queryOf('a.b'), opcode: 5 })).toBe(ResponseCode.notImplemented);
    expect(refusalOf({ ...queryOf('a.b'), class: 3 })).toBe(ResponseCode.refused);
    expect(refusalOf(queryOf('a.b', 'A', [opt(1232, 1)]))).toBe(ResponseCode.badVersion);
  });

  it.each([
    [undefined, 512],
    [100, 512],
    [1000, 1000],
    [65_535, 1232],
  ])('with room for %s bytes get %s', (size, expected) => {
    expect(udpSizeOf(queryOf('a.b', 'A', size === undefined ? [] : [opt(size)]))).toBe(expected);
  });
});

describe('answers', () => {
  it('are read by others', () => {
    const target = 'db-0.db.shop.svc.cluster.local';
    const message = encodeAnswer(
      queryOf('_sql._tcp.db.shop.svc.cluster.local', 'SRV', [opt(1232)]),
      answerOf(
        [
          { name: undefined, data: { type: 'SRV', port: 5432, weight: 50, target } },
          { name: 'shop.svc.cluster.local', data: { type: 'CNAME', target: 'x.db.shop.svc.cluster.local' } },
          { name: 'a.b', data: { type: 'PTR', target: 'c.a.b' } },
          { name: 'c.a.b', data: { type: 'NS', target: 'b' } },
          { name: undefined, data: { type: 'TXT', text: '1.1.0' } },
        ],
        {
          authorities: [
            { name: '', data: { type: 'SOA', server: 'ns.a.b', mailbox: 'hostmaster.c.a.b', serial: 2 ** 32 - 1 } },
          ],
          additionals: [
            { name: target, data: { type: 'address', address: { family: 4, value: 0xfffefdfc } } },
            { name: target, data: { type: 'address', address: { family: 6, value: (0xfd00n << 112n) | 5n } } },
          ],
        },
      ),
      1232,
    );
    const read = packet.decode(Buffer.from(message));
    expect(read).toMatchObject({
      id: 4711,
      type: 'response',
      flag_aa: true,
      flag_rd: true,
      flag_ra: true,
      flag_tc: false,
    });
    expect(read.questions).toEqual([{ name: '_sql._tcp.db.shop.svc.cluster.local', type: 'SRV', class: 'IN' }]);
    expect(read.answers?.map(({ name, type, ...rest }) => [name, type, 'data' in rest ? rest.data : ''])).toEqual([
      ['_sql._tcp.db.shop.svc.cluster.local', 'SRV', { priority: 0, weight: 50, port: 5432, target }],
      ['shop.svc.cluster.local', 'CNAME', 'x.db.shop.svc.cluster.local'],
      ['a.b', 'PTR', 'c.a.b'],
      ['c.a.b', 'NS', 'b'],
      ['_sql._tcp.db.shop.svc.cluster.local', 'TXT', [Buffer.from('1.1.0')]],
    ]);
    expect(read.authorities).toMatchObject([
      {
        name: '.',
        type: 'SOA',
        ttl: 5,
        data: { mname: 'ns.a.b', rname: 'hostmaster.c.a.b', serial: 2 ** 32 - 1, minimum: 5 },
      },
    ]);
    expect(read.additionals).toMatchObject([
      { name: target, type: 'A', data: '255.254.253.252' },
      { name: target, type: 'AAAA', data: 'fd00::5' },
      { type: 'OPT', udpPayloadSize: 1232 },
    ]);
  });

  it('repeat the question as it came, and point to it', () => {
    const bytes = Uint8Array.from([0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 0x41, 0x2e, 0xff, 0, 0, 1, 0, 1]);
    const query = decodeQuery(bytes);
    if (query === undefined) throw new Error('no query');
    const message = encodeAnswer(query, answerOf(addresses(1)), 512);
    expect([...message.subarray(12, 12 + 9)]).toEqual([...bytes.subarray(12)]);
    expect([...message.subarray(21, 23)]).toEqual([0xc0, 12]);
  });

  it('29 addresses fit into a plain packet', () => {
    const query = queryOf('db.shop.svc.cluster.local');
    const message = encodeAnswer(query, answerOf(addresses(29)), 512);
    expect(packet.decode(Buffer.from(message))).toMatchObject({ flag_tc: false });
  });

  it.each([512, 600, 1232])('are cut at %s bytes, and say so', (size) => {
    for (const additionals of [[], [opt(size)]]) {
      const query = queryOf('db.shop.svc.cluster.local', 'A', additionals);
      const soa = { name: '', data: { type: 'SOA', server: 'a', mailbox: 'b', serial: 1 } } as const;
      const message = encodeAnswer(query, answerOf(addresses(100), { authorities: [soa] }), size);
      expect(message.length).toBeLessThanOrEqual(size);
      const read = packet.decode(Buffer.from(message));
      expect(read.flag_tc).toBe(true);
      expect(read.answers?.length).toBeGreaterThan(25);
      expect(read.authorities).toEqual([]);
    }
  });

  it('leave out additional records without a word', () => {
    const message = encodeAnswer(queryOf('a.b'), answerOf(addresses(1), { additionals: addresses(100, 'c.d') }), 512);
    const read = packet.decode(Buffer.from(message));
    expect(read.flag_tc).toBe(false);
    expect(read.answers).toHaveLength(1);
    expect(read.additionals?.length).toBeGreaterThan(20);
  });

  it('have codes of more than four bits where there is room for them', () => {
    const nothing = answerOf([], { code: ResponseCode.badVersion });
    const read = packet.decode(Buffer.from(encodeAnswer(queryOf('a.b', 'A', [opt(512, 1)]), nothing, 512)));
    expect(read.additionals).toMatchObject([{ type: 'OPT', extendedRcode: 1 }]);
  });

  it('to whatever the zone is asked are read by others', () => {
    const zone = sampleZone();
    const label = fc.oneof(
      fc.constantFrom('db', 'db-0', '_sql', '_tcp', 'web', 'other', 'circle', 'cloud'),
      fc.domain(),
    );
    fc.assert(
      fc.property(
        fc.array(label, { maxLength: 3 }),
        fc.constantFrom<PacketType>('A', 'AAAA', 'SRV', 'CNAME', 'SOA'),
        (labels, type) => {
          const query = queryOf([...labels, 'shop', 'svc', 'cluster', 'local'].join('.'), type);
          const answer = zone.answer(query.labels, query.type);
          const read = packet.decode(Buffer.from(encodeAnswer(query, answer, 65_535)));
          expect(read.answers).toHaveLength(answer.answers.length);
          expect(read.authorities).toHaveLength(answer.authorities.length);
          expect(read.additionals).toHaveLength(answer.additionals.length);
        },
      ),
    );
  });
});
