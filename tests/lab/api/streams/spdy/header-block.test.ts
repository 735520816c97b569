import { once } from 'node:events';
import { constants, createDeflate, createInflate, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HeaderReader, HeaderWriter } from '../../../../../src/lab/api/streams/spdy/header-block.ts';
import { HEADER_DICTIONARY, HEADER_DICTIONARY_ID } from '../../../../../src/lab/api/streams/spdy/header-dictionary.ts';
import { SpdyError } from '../../../../../src/lab/api/streams/spdy/spdy-error.ts';
import { HeaderCompressor, headerText, uint32 } from './spdy-client.ts';

function adler32(bytes: Buffer): number {
  let low = 1;
  let high = 0;
  for (const byte of bytes) {
    low = (low + byte) % 65_521;
    high = (high + low) % 65_521;
  }
  return high * 65_536 + low;
}

test('the dictionary is the one that everybody has', () => {
  expect(HEADER_DICTIONARY.length).toBe(1423);
  expect(adler32(HEADER_DICTIONARY)).toBe(HEADER_DICTIONARY_ID);
});

const someHeaders = fc.dictionary(
  fc.string({ unit: fc.constantFrom(...'abcdefgh-:'.split('')), minLength: 1, maxLength: 12 }),
  fc.string({ unit: fc.constantFrom(...'Az09 \u0000\u00e9/'.split('')), maxLength: 200 }),
  { maxKeys: 8, noNullPrototype: true },
);

describe('reading', () => {
  test.each([
    ['with the dictionary', HEADER_DICTIONARY],
    ['without one', undefined],
  ])('what zlib itself writes, block by block, %s', async (_name, dictionary) => {
    await fc.assert(
      fc.asyncProperty(fc.array(someHeaders, { minLength: 1, maxLength: 6 }), async (blocks) => {
        const deflate = createDeflate(dictionary === undefined ? {} : { dictionary });
        const parts: Buffer[] = [];
        deflate.on('data', (part: Buffer) => parts.push(part));
        const reader = new HeaderReader();
        for (const block of blocks) {
          deflate.write(headerText(block));
          await new Promise<void>((resolve) => deflate.flush(constants.Z_SYNC_FLUSH, resolve));
          expect(Object.fromEntries(reader.read(Buffer.concat(parts.splice(0))))).toEqual(block);
        }
        deflate.destroy();
      }),
      { numRuns: 40 },
    );
  });

  test('more than the window of deflate has room for', () => {
    const compressor = new HeaderCompressor();
    const reader = new HeaderReader();
    for (let index = 0; index < 30; index += 1) {
      const headers = { index: String(index), long: String(index % 7).repeat(5000) };
      expect(Object.fromEntries(reader.read(compressor.compress(headerText(headers))))).toEqual(headers);
    }
  });

  const zlibHead = Buffer.from('78bbe3c6a7c2', 'hex');
  const block = (text: Buffer): Buffer =>
    Buffer.concat([zlibHead, deflateRawSync(text, { dictionary: HEADER_DICTIONARY })]);
  const cases: readonly (readonly [string, Buffer])[] = [
    ['nothing', Buffer.alloc(0)],
    ['no zlib', Buffer.from('GET / HTTP/1.1')],
    ['another dictionary', Buffer.from('78bb00000001', 'hex')],
    ['a head alone', zlibHead],
    ['garbage behind the head', Buffer.concat([zlibHead, Buffer.alloc(20, 0xff)])],
    ['a text that is cut', block(headerText({ name: 'value' }).subarray(0, -1))],
    ['a length of 4 GiB', block(Buffer.concat([uint32(1, 0xffff_ffff), Buffer.from('x')]))],
    ['a count of 4 Gi', block(uint32(0xffff_ffff))],
    ['more behind the end', block(Buffer.concat([headerText({ name: 'value' }), Buffer.from('x')]))],
    ['an upper-case name', block(headerText({ Name: 'value' }))],
    ['a name of nothing', block(headerText({ '': 'value' }))],
    [
      'a name twice',
      block(Buffer.concat([uint32(2), headerText({ a: '' }).subarray(4), headerText({ a: '' }).subarray(4)])),
    ],
    ['a megabyte in a kilobyte', block(headerText({ name: 'x'.repeat(1_000_000) }))],
  ];
  test.each(cases)('%s is refused', (_name, bytes) => {
    expect(() => new HeaderReader().read(bytes)).toThrow(SpdyError);
  });

  test('names of Object.prototype are names', () => {
    const headers = new HeaderReader().read(block(headerText({ constructor: 'a', tostring: 'b' })));
    expect(headers.get('constructor')).toBe('a');
    expect(headers.get('toString')).toBeUndefined();
  });
});

test('what is written, zlib reads block by block', async () => {
  const inflate = createInflate({ dictionary: HEADER_DICTIONARY });
  const writer = new HeaderWriter();
  for (const headers of [{}, { ':status': '200 OK' }, {}, { a: 'b', c: '' }]) {
    inflate.write(writer.write(new Map(Object.entries(headers))));
    const [text] = (await once(inflate, 'data')) as [Buffer];
    expect(text).toEqual(headerText(headers));
  }
  inflate.destroy();
});
