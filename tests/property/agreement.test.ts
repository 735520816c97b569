/** Random clusters: the engine must say what the oracle says. */
import { expect, test } from 'vitest';
import { check, checkFreeOwnNode, describeFailure } from './check.ts';

/** Repeat one: `npm run fuzz -- --seed N --clusters 1`. */
const firstSeed = 1;
const clusters = 100;
const blocks = 5;

let queries = 0;

test.each(Array.from({ length: blocks }, (_, block) => firstSeed + block * (clusters / blocks)))(
  'verdicts, port sets, explanations and the relation agree with the oracle, seeds from %i',
  (start) => {
    for (let seed = start; seed < start + clusters / blocks; seed++) {
      const result = check(seed);
      queries += result.queries;
      if (result.wrong.length > 0) expect.fail(describeFailure(seed));
    }
  },
);

test('that was enough', () => {
  expect(queries).toBeGreaterThan(100_000);
});

test('agree when egress to the own node is free (D1)', () => {
  for (let seed = 6000; seed < 6015; seed++) {
    const { wrong } = checkFreeOwnNode(seed);
    expect(wrong.slice(0, 5), `seed ${seed}`).toEqual([]);
  }
});
