/** Two ends of a connection in memory; a write is done when the other end has taken it. */
import { Duplex } from 'node:stream';

export function duplexPair(): readonly [Duplex, Duplex] {
  const ends: Duplex[] = [];
  const taken: ((() => void) | undefined)[] = [];
  const make = (own: 0 | 1): Duplex => {
    const other = own === 0 ? 1 : 0;
    return new Duplex({
      allowHalfOpen: true,
      readableHighWaterMark: 1,
      writableHighWaterMark: 64 * 1024,
      read: () => {
        const done = taken[own];
        taken[own] = undefined;
        done?.();
      },
      write: (chunk: Buffer, _encoding, done) => {
        taken[other] = done;
        ends[other]?.push(chunk);
      },
      final: (done) => {
        ends[other]?.push(null);
        done();
      },
      destroy: (error, done) => {
        const end = ends[other];
        if (end !== undefined && !end.destroyed && !end.readableEnded) setImmediate(() => end.destroy());
        done(error);
      },
    });
  };
  const [left, right] = [make(0), make(1)];
  ends.push(left, right);
  return [left, right];
}
