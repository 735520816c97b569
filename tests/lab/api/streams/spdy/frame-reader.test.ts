import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SpdyFrame } from '../../../../../src/lab/api/streams/spdy/frame.ts';
import { FrameReader } from '../../../../../src/lab/api/streams/spdy/frame-reader.ts';
import { SpdyError } from '../../../../../src/lab/api/streams/spdy/spdy-error.ts';
import {
  controlFrame,
  data,
  FrameWriter,
  goAway,
  initialWindow,
  ping,
  rstStream,
  uint32,
  windowUpdate,
} from './spdy-client.ts';

function readAll(pieces: readonly Buffer[]): readonly SpdyFrame[] {
  const reader = new FrameReader();
  return pieces.flatMap((piece) => [...reader.read(piece)]);
}

/** Pieces of one data frame as one again. */
function joined(frames: readonly SpdyFrame[]): readonly unknown[] {
  const result: SpdyFrame[] = [];
  for (const frame of frames) {
    const last = result.at(-1);
    if (frame.type === 'data' && last?.type === 'data' && last.streamId === frame.streamId && !last.fin)
      result.splice(-1, 1, { ...frame, bytes: Buffer.concat([last.bytes, frame.bytes]) });
    else result.push(frame);
  }
  return result.map((frame) => (frame.type === 'data' ? { ...frame, bytes: frame.bytes.toString('hex') } : frame));
}

describe('frames', () => {
  const writer = new FrameWriter();
  const cases: readonly (readonly [string, Buffer, SpdyFrame | undefined])[] = [
    [
      'SYN_STREAM',
      writer.synStream(1, { streamtype: 'stdin' }, 1),
      {
        type: 'syn-stream',
        streamId: 1,
        fin: true,
        unidirectional: false,
        headers: new Map([['streamtype', 'stdin']]),
      },
    ],
    ['RST_STREAM', rstStream(3, 5), { type: 'rst-stream', streamId: 3, status: 5 }],
    ['SETTINGS with a window', initialWindow(1000), { type: 'settings', initialWindow: 1000 }],
    [
      'SETTINGS of something else',
      controlFrame(4, 0, uint32(1, 4, 100)),
      { type: 'settings', initialWindow: undefined },
    ],
    ['PING', ping(7), { type: 'ping', id: 7 }],
    ['GOAWAY', goAway(), { type: 'go-away', lastStreamId: 0 }],
    ['WINDOW_UPDATE', windowUpdate(3, 100), { type: 'window-update', streamId: 3, delta: 100 }],
    ['a type that nobody knows', controlFrame(77, 0, Buffer.from('whatever')), undefined],
    ['data', data(3, 'abc'), { type: 'data', streamId: 3, bytes: Buffer.from('abc'), fin: false }],
    ['an end', data(3, '', true), { type: 'data', streamId: 3, bytes: Buffer.alloc(0), fin: true }],
  ];
  test.each(cases)('%s', (_name, bytes, frame) => {
    expect(readAll([bytes])).toEqual(frame === undefined ? [] : [frame]);
  });

  test('headers are read also where they say nothing: later ones refer to them', () => {
    const frames = new FrameWriter();
    expect(
      readAll([frames.synStream(1, { a: 'b' }), frames.headers(1, { c: 'd' }), frames.synStream(3, { c: 'd' })]).map(
        (frame) => (frame.type === 'syn-stream' ? [...frame.headers] : frame.type),
      ),
    ).toEqual([[['a', 'b']], 'headers', [['c', 'd']]]);
  });

  const malformed: readonly (readonly [string, Buffer])[] = [
    ['version 2', Buffer.concat([uint32(0x8002_0006, 4), uint32(1)])],
    ['HTTP', Buffer.from('POST /api HTTP/1.1\r\n\r\n').fill(0x90, 0, 1)],
    ['data for stream 0', data(0, 'x')],
    ['a control frame of 16 MiB', uint32(0x8003_0001, 0xff_ffff)],
    ['SYN_STREAM without headers', controlFrame(1, 0, uint32(1, 0))],
    ['SYN_STREAM of stream 0', new FrameWriter().synStream(0, {})],
    ['RST_STREAM that is short', controlFrame(3, 0, uint32(1))],
    ['PING that is long', controlFrame(6, 0, uint32(1, 2))],
    ['GOAWAY of SPDY/2', controlFrame(7, 0, uint32(1))],
    ['WINDOW_UPDATE of nothing', windowUpdate(1, 0)],
    ['SETTINGS that are cut', controlFrame(4, 0, uint32(2, 7, 1000))],
    ['SETTINGS of 4 Gi entries', controlFrame(4, 0, uint32(0xffff_ffff))],
    ['a window of 4 GiB', initialWindow(0xffff_ffff)],
  ];
  test.each(malformed)('%s is refused', (_name, bytes) => {
    expect(() => readAll([bytes])).toThrow(SpdyError);
  });
});

const someFrame = fc.oneof(
  fc.record({ kind: fc.constant('syn' as const), name: fc.string({ maxLength: 20 }) }),
  fc.record({ kind: fc.constant('ping' as const), id: fc.nat() }),
  fc.record({ kind: fc.constant('data' as const), bytes: fc.uint8Array({ maxLength: 300 }), fin: fc.boolean() }),
  fc.record({ kind: fc.constant('unknown' as const), bytes: fc.uint8Array({ maxLength: 50 }) }),
);

test('where the bytes are cut says nothing', () => {
  fc.assert(
    fc.property(
      fc.array(someFrame, { minLength: 1, maxLength: 12 }),
      fc.array(fc.nat({ max: 64 }), { minLength: 1, maxLength: 40 }),
      (plan, cuts) => {
        const writer = new FrameWriter();
        const whole = Buffer.concat(
          plan.map((frame, index) => {
            if (frame.kind === 'syn') return writer.synStream(2 * index + 1, { name: frame.name });
            if (frame.kind === 'ping') return ping(frame.id);
            if (frame.kind === 'data') return data(index + 1, Buffer.from(frame.bytes), frame.fin);
            return controlFrame(99, 0, Buffer.from(frame.bytes));
          }),
        );
        const pieces: Buffer[] = [];
        for (let offset = 0, index = 0; offset < whole.length; index += 1) {
          const length = cuts[index % cuts.length] ?? 0;
          pieces.push(whole.subarray(offset, offset + length));
          offset += Math.max(1, length);
          if (length === 0) pieces.push(whole.subarray(offset - 1, offset));
        }
        expect(joined(readAll(pieces))).toEqual(joined(readAll([whole])));
      },
    ),
  );
});

test('garbage ends in an error of the protocol or in nothing, never in another one', () => {
  const frames = new FrameWriter();
  const valid = Buffer.concat([frames.synStream(1, { streamtype: 'data' }), data(1, 'abc'), ping(1), goAway()]);
  const outcome = (bytes: Buffer): string => {
    try {
      readAll([bytes]);
      return 'read';
    } catch (error) {
      return error instanceof SpdyError ? 'refused' : String(error);
    }
  };
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
        // Closer to home: frames with some bytes changed.
        fc.array(fc.tuple(fc.nat({ max: valid.length - 1 }), fc.nat({ max: 255 })), { maxLength: 4 }).map((changes) => {
          const bytes = Buffer.from(valid);
          for (const [offset, value] of changes) bytes[offset] = value;
          return bytes;
        }),
      ),
      (bytes) => {
        expect(['read', 'refused']).toContain(outcome(bytes));
      },
    ),
    { numRuns: 500 },
  );
});
