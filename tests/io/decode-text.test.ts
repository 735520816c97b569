import { describe, expect, it } from 'vitest';
import { decodeText } from '../../src/io/decode-text.ts';

describe('bytes that are text', () => {
  it.each([
    { what: 'nothing', bytes: Buffer.alloc(0), text: '' },
    { what: 'ASCII', bytes: Buffer.from('a: b\n'), text: 'a: b\n' },
    { what: 'UTF-8', bytes: Buffer.from('a: é💡\n'), text: 'a: é💡\n' },
    { what: 'UTF-8 with a mark', bytes: Buffer.from('\uFEFFa: é'), text: 'a: é' },
    { what: 'a mark alone', bytes: Buffer.from('\uFEFF'), text: '' },
    { what: 'UTF-16, low byte first', bytes: Buffer.from('\uFEFFa: é💡', 'utf16le'), text: 'a: é💡' },
    { what: 'UTF-16, high byte first', bytes: Buffer.from('\uFEFFa: é💡', 'utf16le').swap16(), text: 'a: é💡' },
  ])('$what', ({ bytes, text }) => {
    expect(decodeText(bytes)).toEqual({ type: 'text', text });
  });

  it('leaves the bytes as they are', () => {
    const bytes = Buffer.from('\uFEFFab', 'utf16le').swap16();
    const before = Buffer.from(bytes);
    decodeText(bytes);
    expect(bytes.equals(before)).toBe(true);
  });
});

describe('bytes that are not', () => {
  it.each([
    { what: 'Latin-1', bytes: Buffer.from('a\nb\né: 1\n', 'latin1'), problem: 'line 3 is not valid UTF-8' },
    { what: 'Latin-1 in the last line', bytes: Buffer.from('a\né', 'latin1'), problem: 'line 2 is not valid UTF-8' },
    { what: 'a cut character', bytes: Buffer.from('é').subarray(0, 1), problem: 'line 1 is not valid UTF-8' },
    { what: 'a surrogate in UTF-8', bytes: Buffer.from([0xed, 0xa0, 0x80]), problem: 'line 1 is not valid UTF-8' },
    { what: 'a NUL among text', bytes: Buffer.from('some text and\0a NUL'), problem: 'it is a binary file' },
    {
      what: 'UTF-16 without a mark',
      bytes: Buffer.from('apiVersion: v1', 'utf16le'),
      problem: 'it looks like UTF-16 text without a byte order mark',
    },
    {
      what: 'UTF-16 cut in a character',
      bytes: Buffer.from([0xff, 0xfe, 0x61]),
      problem: 'it begins as UTF-16 text but ends in the middle of a character',
    },
    { what: 'UTF-32', bytes: Buffer.from([0xff, 0xfe, 0, 0, 0x61, 0, 0, 0]), problem: 'it is UTF-32 text' },
    { what: 'gzip', bytes: Buffer.from([0x1f, 0x8b, 8]), problem: 'it is gzip-compressed' },
  ])('$what', ({ bytes, problem }) => {
    expect(decodeText(bytes)).toMatchObject({ type: 'not-text', problem });
  });
});
