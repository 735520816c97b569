import { describe, expect, test } from 'vitest';
import { ApplySchedule, COALESCE_MS, type Causes } from '../../src/agent/schedule.ts';
import { FakeClock } from '../io/kubernetes/fake-clock.ts';

/** Lets promises settle. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

function setUp() {
  const clock = new FakeClock();
  const runs: { atMs: number; causes: Causes }[] = [];
  const failures: { error: unknown; retryMs: number }[] = [];
  /** What each apply waits for, and what comes of it. */
  let outcome: () => Promise<void> = () => Promise.resolve();
  const schedule = new ApplySchedule({
    clock,
    random: () => 0.5,
    apply: (causes) => {
      runs.push({ atMs: clock.nowMs(), causes });
      return outcome();
    },
    onFailure: (error, retryMs) => failures.push({ error, retryMs }),
  });
  return { clock, runs, failures, schedule, outcomes: (next: () => Promise<void>) => (outcome = next) };
}

describe('when changes are applied', () => {
  test('nothing before the start, then all of it', async () => {
    const { clock, runs, schedule } = setUp();
    schedule.request('cluster');
    clock.advance(1000);
    await settle();
    expect(runs).toEqual([]);
    schedule.start();
    await settle();
    expect(runs).toHaveLength(1);
    expect(runs[0]?.causes).toEqual(new Map([['cluster', 0]]));
  });

  test('a local pod at once, even when something else is waiting', async () => {
    const { clock, runs, schedule } = setUp();
    schedule.start();
    schedule.request('cluster');
    clock.advance(1);
    await settle();
    expect(runs).toEqual([]);
    schedule.request('local-pod');
    await settle();
    expect(runs).toEqual([
      {
        atMs: 1,
        causes: new Map([
          ['cluster', 0],
          ['local-pod', 1],
        ]),
      },
    ]);
  });

  test.each([['policy'], ['cluster']] as const)('%s changes wait for each other, but not for ever', async (scope) => {
    const { clock, runs, schedule } = setUp();
    schedule.start();
    for (let ms = 0; ms < COALESCE_MS[scope]; ms++) {
      schedule.request(scope);
      await settle();
      expect(runs).toEqual([]);
      clock.advance(1);
    }
    await settle();
    expect(runs).toEqual([{ atMs: COALESCE_MS[scope], causes: new Map([[scope, 0]]) }]);
    expect(COALESCE_MS[scope]).toBeLessThanOrEqual(20);
    clock.advance(1000);
    await settle();
    expect(runs).toHaveLength(1);
  });

  test('what comes during a transaction goes into the next one, as one', async () => {
    const { clock, runs, schedule, outcomes } = setUp();
    let finish = (): void => undefined;
    outcomes(() => new Promise((resolve) => (finish = resolve)));
    schedule.start();
    schedule.request('local-pod');
    await settle();
    for (let i = 0; i < 100; i++) {
      schedule.request('local-pod');
      clock.advance(1);
    }
    await settle();
    expect(runs).toHaveLength(1);
    finish();
    await settle();
    expect(runs).toHaveLength(2);
    expect(runs[1]?.causes).toEqual(new Map([['local-pod', 0]]));
    finish();
    await settle();
    expect(runs).toHaveLength(2);
  });
});

describe('failures', () => {
  test('are tried again, ever more slowly, with what caused them', async () => {
    const { clock, runs, failures, schedule, outcomes } = setUp();
    outcomes(() => Promise.reject(new Error('no')));
    schedule.start();
    schedule.request('policy');
    clock.advance(COALESCE_MS.policy);
    await settle();
    for (let i = 0; i < 4; i++) {
      clock.advance(failures.at(-1)?.retryMs ?? 0);
      await settle();
    }
    expect(failures.map(({ retryMs }) => retryMs)).toEqual([250, 500, 1000, 2000, 4000]);
    expect(runs.every(({ causes }) => causes.get('policy') === 0)).toBe(true);
    outcomes(() => Promise.resolve());
    clock.advance(4000);
    await settle();
    expect(runs).toHaveLength(6);
    clock.advance(60_000);
    await settle();
    expect(runs).toHaveLength(6);
  });

  test('a change is reason to try sooner, once a second', async () => {
    const { clock, runs, failures, schedule, outcomes } = setUp();
    outcomes(() => Promise.reject(new Error('no')));
    schedule.start();
    schedule.request('local-pod');
    await settle();
    while ((failures.at(-1)?.retryMs ?? 0) < 8000) {
      clock.advance(failures.at(-1)?.retryMs ?? 0);
      await settle();
    }
    const before = runs.length;
    for (let ms = 0; ms < 900; ms += 100) {
      schedule.request('local-pod');
      clock.advance(100);
      await settle();
    }
    expect(runs).toHaveLength(before);
    clock.advance(100);
    await settle();
    expect(runs).toHaveLength(before + 1);
  });
});

test('whoever waits for everything is told when nothing is left, not while the kernel refuses', async () => {
  const { clock, schedule, outcomes } = setUp();
  let told = 0;
  const wait = async () => {
    await schedule.whenApplied();
    told++;
  };
  void wait();
  await settle();
  expect(told).toBe(0);
  schedule.request('local-pod');
  outcomes(() => Promise.reject(new Error('no')));
  schedule.start();
  await settle();
  expect(told).toBe(0);
  outcomes(() => Promise.resolve());
  clock.advance(10_000);
  await settle();
  expect(told).toBe(1);
  void wait();
  await settle();
  expect(told).toBe(2);
  schedule.request('policy');
  void wait();
  await settle();
  expect(told).toBe(2);
  clock.advance(COALESCE_MS.policy);
  await settle();
  expect(told).toBe(3);
});

test('whoever waits is not made to wait for what comes later', async () => {
  const { schedule, outcomes } = setUp();
  schedule.start();
  const ends: (() => void)[] = [];
  outcomes(() => new Promise((resolve) => ends.push(resolve)));
  const told: string[] = [];
  const wait = async (name: string) => {
    await schedule.whenApplied();
    told.push(name);
  };
  schedule.request('local-pod');
  void wait('first');
  await settle();
  void wait('under way');
  schedule.request('local-pod');
  void wait('second');
  ends[0]?.();
  await settle();
  expect(told).toEqual(['first', 'under way']);
  // Something is always waiting to be applied.
  schedule.request('local-pod');
  void wait('third');
  ends[1]?.();
  await settle();
  expect(told).toEqual(['first', 'under way', 'second']);
  ends[2]?.();
  await settle();
  expect(told).toEqual(['first', 'under way', 'second', 'third']);
});

test('others get the kernel between two transactions, and what is under way is finished at the end', async () => {
  const { schedule, runs, outcomes } = setUp();
  const order: string[] = [];
  let finish = (): void => undefined;
  outcomes(() => new Promise<void>((resolve) => (finish = resolve)).then(() => void order.push('applied')));
  schedule.start();
  schedule.request('local-pod');
  await settle();
  const looked = schedule.exclusive(() => Promise.resolve(void order.push('looked')));
  schedule.request('local-pod');
  await settle();
  expect(order).toEqual([]);
  finish();
  await looked;
  expect(order).toEqual(['applied', 'looked']);
  await settle();
  expect(runs).toHaveLength(2);
  schedule.stop();
  const idle = schedule.idle().then(() => order.push('idle'));
  await settle();
  expect(order).toHaveLength(2);
  finish();
  await idle;
  expect(order).toEqual(['applied', 'looked', 'applied', 'idle']);
  schedule.request('local-pod');
  await settle();
  expect(runs).toHaveLength(2);
});
