import { describe, expect, it } from 'vitest';
import type { Operation } from '../../src/dataplane/transaction.ts';
import { encodeElements, errorIn } from '../../src/io/nft/element-batch.ts';

const types: ReadonlyMap<string, string> = new Map([
  ['s', 'ipv4_addr'],
  ['six', 'ipv6_addr'],
  ['ports', 'classid . inet_proto . inet_service'],
  ['who', 'ipv4_addr : classid'],
  ['way', 'ipv4_addr : verdict'],
  ['hits', 'classid : counter'],
]);

const add = (set: string, key: string, value = ''): Operation => ({
  type: 'add-elements',
  set,
  elements: new Map([[key, value]]),
});
const encode = (...operations: Operation[]) =>
  encodeElements({ table: 't', operations, generation: 1 }, (name) => types.get(name));
const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');

describe('elements in the words of the kernel', () => {
  it.each([
    [add('s', '10.0.0.1'), '0a000001'],
    [add('s', '255.255.255.255'), 'ffffffff'],
    [add('six', '2001:db8::a:1'), '20010db80000000000000000000a0001'],
    [add('ports', '1000:2 . 6 . 8080'), '02000010060000001f900000'],
    [add('ports', 'none . 132 . 1'), '000000008400000000010000'],
    [add('who', '10.0.0.1', '1abc:d'), '0d00bc1a'],
    [add('way', '10.0.0.1', 'goto in_0'), 'fffffffc'],
    [add('way', '10.0.0.1', 'jump in_0'), 'fffffffd'],
    [add('hits', '1000:1', 'hin_0'), Buffer.from('hin_0\0').toString('hex')],
    [{ type: 'delete-elements', set: 's', keys: ['10.0.0.1'] } as const, '0a000001'],
  ])('%j', (operation, bytes) => {
    expect(hex(encode(operation))).toContain(bytes);
  });

  it.each([
    [add('unknown', '10.0.0.1')],
    [add('s', '10.0.0')],
    [add('s', '10.0.0.256')],
    [add('s', '10.0.0.01')],
    [add('s', '10.0.0.1.')],
    [add('s', '10.0.0.1/32')],
    [add('s', '2001:db8::1')],
    [add('s', '10.0.0.1', '1000:1')],
    [add('six', '10.0.0.1')],
    [add('ports', '1000:1 . 6')],
    [add('ports', '1000:1 . tcp . 80')],
    [add('ports', '1000:1 . 6 . 65536')],
    [add('ports', '1000:1 . 256 . 80')],
    [add('ports', '1000:1 . 6 . 80-81')],
    [add('who', '10.0.0.1', '1000:12345')],
    [add('way', '10.0.0.1', 'accept')],
    [add('way', '10.0.0.1', 'goto a b')],
    [{ type: 'delete-chain', chain: 'c' } as const],
  ])('%j is for nft', (operation) => {
    expect(encode(add('s', '10.0.0.1'), operation)).toBeUndefined();
  });

  it('nothing to do is nothing to say', () => {
    expect(encode()).toBeUndefined();
    expect(encode({ type: 'delete-elements', set: 's', keys: [] })).toBeUndefined();
  });

  it('is a row of messages, however many elements there are', () => {
    const elements = new Map(Array.from({ length: 5000 }, (_, index) => [`10.0.${index >> 8}.${index & 255}`, '']));
    const bytes = Buffer.from(encode({ type: 'add-elements', set: 's', elements }) ?? []);
    const kinds: number[] = [];
    for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at)) kinds.push(bytes.readUInt16LE(at + 4));
    expect(kinds).toEqual([16, 2572, 2572, 17]);
  });
});

describe('what the kernel answers', () => {
  const answer = (error: number): Buffer => {
    const bytes = Buffer.alloc(36);
    bytes.writeUInt32LE(36, 0);
    bytes.writeUInt16LE(2, 4);
    bytes.writeInt32LE(-error, 16);
    return bytes;
  };
  it.each([
    [[answer(0)], 0],
    [[answer(2)], 2],
    [[answer(0), answer(17)], 17],
    [[], undefined],
    [[Buffer.alloc(40)], undefined],
    [[answer(2).subarray(0, 30)], undefined],
  ])('%#', (answers, error) => {
    expect(errorIn(Buffer.concat(answers))).toBe(error);
  });
});
