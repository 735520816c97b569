import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MessageReader, packList, packMessage, unpackList } from '../../../../src/lab/runtime/netns/wire.ts';

const text = (messages: Buffer[][]) => messages.map((message) => message.map((field) => field.toString('utf8')));

describe('messages between the lab and its init process', () => {
  it('stand behind their length, and so does each field', () => {
    expect(packMessage(['7', 'ok']).toString('hex')).toBe('0000000b0000000137000000026f6b');
  });

  it('come out as they went in, however they are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.string())), fc.array(fc.nat(40)), (messages, cuts) => {
        const reader = new MessageReader();
        let rest = Buffer.concat(messages.map((message) => packMessage(message)));
        const heard: Buffer[][] = [];
        for (const cut of cuts) {
          heard.push(...reader.take(rest.subarray(0, cut)));
          rest = rest.subarray(cut);
        }
        heard.push(...reader.take(rest));
        expect(text(heard)).toEqual(messages);
      }),
    );
  });

  it('may hold lists, numbers and bytes', () => {
    const [list] = unpackList(packList([packList(['a', 'ü', 12, Uint8Array.of(0, 255)])]));
    expect(unpackList(list ?? Buffer.alloc(0)).map((field) => field.toString('hex'))).toEqual([
      '61',
      'c3bc',
      '3132',
      '00ff',
    ]);
  });

  it.each([
    ['longer than any', 'ffffffff'],
    ['with a field that ends behind it', '000000050000000961'],
    ['with half a length', '000000020000'],
  ])('are refused when they are %s', (_, hex) => {
    expect(() => new MessageReader().take(Buffer.from(hex, 'hex'))).toThrow(RangeError);
  });
});
