import { createHash } from 'node:crypto';
import { Duplex } from 'node:stream';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SpdyConnection } from '../../../../../src/lab/api/streams/spdy/spdy-connection.ts';
import type { SpdyStream } from '../../../../../src/lab/api/streams/spdy/spdy-stream.ts';
import { FakeClock, until } from '../../../../io/kubernetes/fake-clock.ts';
import { duplexPair } from '../duplex-pair.ts';
import {
  controlFrame,
  data,
  goAway,
  initialWindow,
  ping,
  rstStream,
  SpdyClient,
  uint32,
  windowUpdate,
} from './spdy-client.ts';

let clock: FakeClock;
let client: SpdyClient;
let connection: SpdyConnection;
let streams: SpdyStream[];
let closed: number;
let unexpected: unknown[];

beforeEach(() => {
  const [near, far] = duplexPair();
  clock = new FakeClock();
  streams = [];
  unexpected = [];
  closed = 0;
  client = new SpdyClient(far);
  connection = new SpdyConnection({
    transport: near,
    clock,
    accept: (headers) => {
      if (headers.get('refuse') === 'yes') return undefined;
      return (stream) => {
        streams.push(stream);
        if (headers.get('bug') === 'yes') throw new TypeError('a bug');
      };
    },
    closed: () => (closed += 1),
    unexpected: (error) => unexpected.push(error),
  });
});

afterEach(() => {
  connection.destroy();
  if (clock.delays.length > 0) throw new Error('a timer was left behind');
  if (closed !== 1) throw new Error(`the end was told ${closed} times`);
});

/** To its end, and leaves the other direction alone. */
function buffer(stream: SpdyStream): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    stream.on('data', (part: Buffer) => parts.push(part));
    stream.on('end', () => resolve(Buffer.concat(parts)));
    stream.on('error', reject);
  });
}

async function open(id = 1): Promise<SpdyStream> {
  client.send(client.frames.synStream(id, {}));
  await until(() => streams.some((stream) => stream.id === id), 'the stream');
  const stream = streams.find((each) => each.id === id);
  if (stream === undefined) throw new Error('no stream');
  return stream;
}

function write(stream: SpdyStream, bytes: Buffer): { readonly done: () => boolean } {
  let done = false;
  stream.write(bytes, () => (done = true));
  return { done: () => done };
}

describe('streams', () => {
  test('both directions, and each ends on its own', async () => {
    const stream = await open();
    client.send(data(1, 'hello '), data(1, 'there', true));
    expect((await buffer(stream)).toString()).toBe('hello there');
    stream.end('and back');
    await until(() => client.finished(1), 'the end');
    expect(client.bytes(1).toString()).toBe('and back');
    expect(client.of('headers').map(({ streamId }) => streamId)).toEqual([1]);
    expect(client.of('rst-stream')).toEqual([]);
  });

  test('an end that comes with the stream', async () => {
    client.send(client.frames.synStream(1, {}, 1));
    await until(() => streams.length === 1);
    expect(await buffer(streams[0] as SpdyStream)).toHaveLength(0);
  });

  test('refused ones', async () => {
    client.send(client.frames.synStream(1, { refuse: 'yes' }), client.frames.synStream(3, {}, 2));
    await until(() => client.of('rst-stream').length === 2);
    expect(client.of('rst-stream')).toEqual([
      { type: 'rst-stream', streamId: 1, status: 3 },
      { type: 'rst-stream', streamId: 3, status: 3 },
    ]);
    expect(streams).toEqual([]);
  });

  test('no more than 1024 at once; those that have ended do not count', async () => {
    for (let index = 0; index < 1025; index += 1) client.send(client.frames.synStream(2 * index + 1, {}));
    await until(() => client.of('rst-stream').length === 1);
    expect(client.of('rst-stream')).toEqual([{ type: 'rst-stream', streamId: 2049, status: 3 }]);
    client.send(rstStream(1, 5), client.frames.synStream(2051, {}));
    await until(() => streams.length === 1025);
  });

  test('a reset from the other side breaks it, once', async () => {
    const stream = await open();
    const reading = buffer(stream).catch((error: unknown) => error);
    client.send(rstStream(1, 5));
    expect(await reading).toBeInstanceOf(Error);
    client.send(data(1, 'late'), ping(1));
    await until(() => client.of('ping').length === 1);
    expect(client.of('rst-stream')).toEqual([]);
  });

  test('giving up tells the other side', async () => {
    const stream = await open();
    stream.destroy();
    await until(() => client.of('rst-stream').length === 1);
    expect(client.of('rst-stream')).toEqual([{ type: 'rst-stream', streamId: 1, status: 5 }]);
  });

  test('the end of the connection breaks what has not ended', async () => {
    const stream = await open();
    const ended = await open(3);
    client.send(data(3, 'all', true));
    const readings = [stream, ended].map((each) => buffer(each).then(String, () => 'broken'));
    await readings[1];
    client.end();
    expect(await Promise.all(readings)).toEqual(['broken', 'all']);
  });
});

describe('flow control', () => {
  test('a client that knows nothing of windows gets everything', async () => {
    const stream = await open();
    const bytes = Buffer.alloc(300_000, 'abcdefg');
    stream.end(bytes);
    await until(() => client.finished(1));
    expect(client.bytes(1).equals(bytes)).toBe(true);
  });

  test('windows are obeyed: of the stream', async () => {
    client.send(initialWindow(1000), windowUpdate(0, 1_000_000));
    const stream = await open();
    const written = write(stream, Buffer.alloc(5000, 1));
    await until(() => client.bytes(1).length >= 1000);
    client.send(ping(1));
    await until(() => client.of('ping').length === 1);
    expect(client.bytes(1)).toHaveLength(1000);
    client.send(windowUpdate(1, 1), windowUpdate(1, 3998));
    await until(() => client.bytes(1).length >= 4999);
    expect(written.done()).toBe(false);
    client.send(initialWindow(1001));
    await until(() => written.done());
    expect(client.bytes(1)).toHaveLength(5000);
  });

  test('windows are obeyed: of the connection', async () => {
    client.send(initialWindow(1_000_000));
    const [one, three] = [await open(), await open(3)];
    one.write(Buffer.alloc(60_000));
    three.write(Buffer.alloc(60_000));
    await until(() => client.bytes(1).length + client.bytes(3).length >= 65_536);
    client.send(ping(1));
    await until(() => client.of('ping').length === 1);
    expect(client.bytes(1).length + client.bytes(3).length).toBe(65_536);
    client.send(windowUpdate(0, 100_000));
    await until(() => client.bytes(1).length + client.bytes(3).length === 120_000);
  });

  test('what was read is granted again, to the stream and to the connection', async () => {
    const stream = await open();
    stream.resume();
    for (let sent = 0; sent < 256 * 1024; sent += 16 * 1024) client.send(data(1, Buffer.alloc(16 * 1024)));
    const granted = (streamId: number): number =>
      client.of('window-update').reduce((sum, frame) => sum + (frame.streamId === streamId ? frame.delta : 0), 0);
    await until(() => granted(0) === 256 * 1024 && granted(1) === 256 * 1024);
  });

  test('what nobody reads stops the connection, and memory is bounded', async () => {
    const stream = await open();
    const piece = Buffer.alloc(64 * 1024);
    for (let index = 0; index < 64; index += 1) client.send(data(1, piece));
    await until(() => stream.backlogBytes > 256 * 1024);
    // Time for more to come, if anything did.
    for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(stream.backlogBytes).toBeLessThan(512 * 1024);
    client.send(data(1, '', true));
    expect(await buffer(stream)).toHaveLength(64 * 64 * 1024);
  });

  test('tiny pieces that nobody reads count for what they keep', async () => {
    const stream = await open();
    const piece = Buffer.concat(Array.from({ length: 500 }, () => data(1, 'x')));
    for (let index = 0; index < 40; index += 1) client.send(piece);
    await until(() => stream.backlogBytes > 256 * 1024);
    client.send(data(1, '', true));
    expect(await buffer(stream)).toHaveLength(20_000);
  });

  test('many streams at once, cut anywhere, arrive whole', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 5000 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 3000 }),
        async (texts, window) => {
          const [near, far] = duplexPair();
          const echo = new SpdyConnection({
            transport: near,
            clock: new FakeClock(),
            accept: () => (stream) => void stream.pipe(stream),
            closed: () => {},
            unexpected: () => {},
          });
          const other = new SpdyClient(far);
          other.send(initialWindow(window));
          texts.forEach((_, index) => other.send(other.frames.synStream(2 * index + 1, {})));
          texts.forEach((text, index) => other.send(data(2 * index + 1, Buffer.from(text), true)));
          const sizes = texts.map(() => 0);
          await until(() => {
            texts.forEach((_, index) => {
              const length = other.bytes(2 * index + 1).length;
              const delta = length - (sizes[index] ?? 0);
              if (delta > 0) other.send(windowUpdate(2 * index + 1, delta));
              sizes[index] = length;
            });
            return texts.every((_, index) => other.finished(2 * index + 1));
          }, 'all of it');
          texts.forEach((text, index) => expect(other.bytes(2 * index + 1)).toEqual(Buffer.from(text)));
          echo.destroy();
        },
      ),
      { numRuns: 30 },
    );
  });

  test('a megabyte both ways through one stream', async () => {
    const stream = await open();
    stream.pipe(stream);
    const bytes = Buffer.from(Array.from({ length: 1_000_000 }, (_, index) => (index * 7919) >> 3));
    for (let offset = 0; offset < bytes.length; offset += 10_000)
      client.send(data(1, bytes.subarray(offset, offset + 10_000)));
    client.send(data(1, '', true));
    await until(() => client.finished(1));
    const hash = (value: Buffer): string => createHash('sha256').update(value).digest('hex');
    expect(hash(client.bytes(1))).toBe(hash(bytes));
  });
});

describe('the connection', () => {
  test('pings are answered; the answers to ours are not', async () => {
    client.send(ping(1), ping(2), ping(3));
    await until(() => client.of('ping').length === 2);
    expect(client.of('ping').map(({ id }) => id)).toEqual([1, 3]);
  });

  test('pings every 30 s', async () => {
    clock.advance(30_000);
    await until(() => client.of('ping').length === 1);
    clock.advance(30_000);
    await until(() => client.of('ping').length === 2);
    expect(client.of('ping').map(({ id }) => id)).toEqual([2, 4]);
  });

  test('goodbye from here: no new streams, and an end when the other side does not', async () => {
    const stream = await open();
    connection.goAway();
    await until(() => client.of('go-away').length === 1);
    expect(client.of('go-away')).toEqual([{ type: 'go-away', lastStreamId: 1 }]);
    client.send(client.frames.synStream(3, {}), data(1, 'more', true));
    await until(() => client.of('rst-stream').length === 1);
    expect((await buffer(stream)).toString()).toBe('more');
    // Somebody may still page through the output.
    clock.advance(3_600_000);
    expect(closed).toBe(0);
    clock.advance(3 * 3_600_000);
    await until(() => client.ended);
    expect(closed).toBe(1);
  });

  test('goodbye from the other side: ends with the last stream', async () => {
    const stream = await open();
    client.send(goAway(), data(1, 'last', true));
    expect((await buffer(stream)).toString()).toBe('last');
    expect(client.ended).toBe(false);
    stream.end();
    await until(() => client.ended);
  });

  const broken: readonly (readonly [string, () => readonly Buffer[]])[] = [
    ['garbage', () => [Buffer.from('GET / HTTP/1.1\r\n\r\n'.repeat(4)).fill(0x99, 0, 1)]],
    ['an even stream', () => [client.frames.synStream(2, {})]],
    ['a stream twice', () => [client.frames.synStream(1, {}), client.frames.synStream(1, {})]],
    ['streams out of order', () => [client.frames.synStream(5, {}), client.frames.synStream(3, {})]],
    ['data for a stream that never was', () => [data(9, 'x')]],
    ['a window beyond 2 GiB', () => [windowUpdate(0, 0x7fff_ffff)]],
    ['a window of a stream beyond 2 GiB', () => [client.frames.synStream(1, {}), windowUpdate(1, 0x7fff_ffff)]],
    ['headers that are no headers', () => [controlFrame(1, 0, Buffer.concat([uint32(1, 0), Buffer.alloc(20, 7)]))]],
  ];
  test.each(broken)('%s ends it, and nothing else', async (_name, frames) => {
    client.send(...frames());
    await until(() => client.ended && closed === 1);
    expect(client.of('go-away')).toHaveLength(1);
    expect(unexpected).toEqual([]);
    expect(streams.every((stream) => stream.destroyed)).toBe(true);
  });

  test('a bug of ours ends it as well, and is told', async () => {
    client.send(client.frames.synStream(1, { bug: 'yes' }));
    await until(() => client.ended && closed === 1);
    expect(unexpected).toEqual([new TypeError('a bug')]);
  });

  test('a transport that breaks', async () => {
    connection.destroy();
    closed = 0;
    const transport = new Duplex({ read: () => {}, write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
    connection = new SpdyConnection({
      transport,
      clock,
      accept: () => undefined,
      closed: () => (closed += 1),
      unexpected: () => {},
    });
    transport.push(ping(1));
    await until(() => closed === 1);
  });
});
