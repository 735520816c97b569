import { beforeEach, describe, expect, test } from 'vitest';
import { StatusError } from '../../../src/lab/api/status-error.ts';
import { type Sync, WorkLoop } from '../../../src/lab/controllers/work-loop.ts';
import { FakeClock } from '../../io/kubernetes/fake-clock.ts';

let clock: FakeClock;
let turns: (() => void)[];
let loop: WorkLoop;
let errors: string[];
let synced: string[];

beforeEach(() => {
  clock = new FakeClock();
  turns = [];
  errors = [];
  synced = [];
  loop = new WorkLoop({
    clock,
    defer: (action) => turns.push(action),
    onError: (error, what) => errors.push(`${what}: ${String(error)}`),
  });
});

const queue = (name: string, sync: Sync = () => undefined) =>
  loop.queue(name, (key) => {
    synced.push(`${name}/${key}`);
    return sync(key);
  });
const turn = () => turns.shift()?.();
const work = () => {
  while (turns.length > 0) turn();
};
const isIdle = async (): Promise<boolean> => {
  const marks: string[] = [];
  const noted = loop.idle().then(() => marks.push('idle'));
  await Promise.race([noted, Promise.resolve().then(() => undefined)]);
  return marks.length > 0;
};

test('nothing happens at once, and a key that is dirty twice is synced once', () => {
  const dirty = queue('a');
  dirty('x');
  dirty('y');
  dirty('x');
  expect(synced).toEqual([]);
  expect(turns).toHaveLength(1);
  work();
  expect(synced).toEqual(['a/x', 'a/y']);
});

test('controllers take turns as they were asked', () => {
  const [a, b] = [queue('a'), queue('b')];
  a('1');
  b('1');
  a('2');
  work();
  expect(synced).toEqual(['a/1', 'b/1', 'a/2']);
});

test('what becomes dirty while it is synced is synced again, in its turn', () => {
  let left = 2;
  const dirty = queue('a', (key) => {
    if ((left -= 1) >= 0) dirty(key);
    return undefined;
  });
  dirty('x');
  dirty('y');
  work();
  expect(synced).toEqual(['a/x', 'a/y', 'a/x', 'a/y']);
});

test('a turn is short: requests are answered in between', () => {
  const dirty = queue('a');
  for (let key = 0; key < 150; key += 1) dirty(String(key));
  turn();
  expect(synced).toHaveLength(64);
  turn();
  turn();
  expect([synced.length, turns.length]).toEqual([150, 0]);
});

describe('failures', () => {
  test('a refusal is tried again, later each time; success begins anew', () => {
    let refused = 3;
    const dirty = queue('a', () => {
      if ((refused -= 1) >= 0) throw new StatusError('Conflict', 'no');
      return undefined;
    });
    dirty('x');
    work();
    expect(clock.delays).toEqual([5]);
    for (const ms of [5, 10, 20]) {
      expect(clock.delays).toEqual([ms]);
      clock.advance(ms);
      work();
    }
    expect([synced.length, errors, clock.delays]).toEqual([4, [], []]);
    refused = 1;
    dirty('x');
    work();
    expect(clock.delays).toEqual([5]);
  });

  test('other errors are told as well, and stop nobody', () => {
    const bad = queue('bad', () => {
      throw new TypeError('a bug');
    });
    const good = queue('good');
    bad('x');
    good('y');
    work();
    expect(synced).toEqual(['bad/x', 'good/y']);
    expect(errors).toEqual(['bad x: TypeError: a bug']);
  });

  test('no pause is longer than a minute', () => {
    const dirty = queue('a', () => {
      throw new StatusError('Forbidden', 'never');
    });
    dirty('x');
    for (let round = 0; round < 40; round += 1) {
      work();
      clock.advance(60_000);
    }
    work();
    expect(clock.delays).toEqual([60_000]);
  });

  test('a change is tried at once, not when the retry would be', () => {
    let refuses = true;
    const dirty = queue('a', () => {
      if (refuses) throw new StatusError('Conflict', 'no');
      return undefined;
    });
    dirty('x');
    work();
    refuses = false;
    dirty('x');
    work();
    expect([synced.length, clock.delays]).toEqual([2, []]);
  });
});

describe('later', () => {
  test('a key is looked at again when its time comes', () => {
    const dirty = queue('a', () => ({ againMs: synced.length < 2 ? 1000 : undefined }));
    dirty('x');
    work();
    clock.advance(999);
    work();
    expect(synced).toHaveLength(1);
    clock.advance(1);
    work();
    expect([synced.length, clock.delays]).toEqual([2, []]);
  });

  test('each sync says anew when', () => {
    const dirty = queue('a', () => ({ againMs: 1000 }));
    dirty('x');
    work();
    dirty('x');
    work();
    expect(clock.delays).toEqual([1000]);
  });

  test('a big key rests, and many changes meanwhile are one sync', () => {
    const dirty = queue('a', () => ({ size: 500 }));
    dirty('x');
    work();
    for (let change = 0; change < 10; change += 1) {
      dirty('x');
      work();
    }
    expect(synced).toHaveLength(1);
    clock.advance(100);
    work();
    expect(synced).toHaveLength(2);
    clock.advance(1000);
    work();
    expect([synced.length, clock.delays]).toEqual([2, []]);
  });

  test('a big key that makes itself dirty rests, too', async () => {
    const dirty = queue('a', (key) => {
      if (synced.length < 3) dirty(key);
      return { size: 500 };
    });
    dirty('x');
    work();
    expect(synced).toHaveLength(1);
    for (let round = 0; round < 5; round += 1) {
      clock.advance(100);
      work();
    }
    expect([synced.length, clock.delays]).toEqual([3, []]);
    expect(await isIdle()).toBe(true);
  });

  test('a small one does not', () => {
    const dirty = queue('a', () => ({ size: 20 }));
    dirty('x');
    work();
    dirty('x');
    work();
    expect([synced.length, clock.delays]).toEqual([2, []]);
  });
});

describe('idle', () => {
  test('not while something is dirty or rests dirty; yes while it waits for a moment', async () => {
    const dirty = queue('a', () => ({ size: 500, againMs: 10_000 }));
    expect(await isIdle()).toBe(true);
    dirty('x');
    expect(await isIdle()).toBe(false);
    work();
    expect(await isIdle()).toBe(true);
    dirty('x');
    expect(await isIdle()).toBe(false);
    clock.advance(100);
    work();
    expect(await isIdle()).toBe(true);
  });

  test('a retry of what was refused does not count', async () => {
    const dirty = queue('a', () => {
      throw new StatusError('Conflict', 'no');
    });
    dirty('x');
    work();
    expect(await isIdle()).toBe(true);
  });
});

test('stopped, nothing is done any more and nobody waits', async () => {
  const dirty = queue('a', () => ({ size: 500, againMs: 10 }));
  dirty('x');
  work();
  dirty('x');
  const idle = loop.idle();
  loop.stop();
  await idle;
  dirty('y');
  clock.advance(10_000);
  work();
  expect([synced, clock.delays]).toEqual([['a/x'], []]);
});
