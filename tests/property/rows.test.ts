/** The relation as rows, against its cells one by one: on big clusters, with facts missing, and however it is tuned. */
import { expect, test } from 'vitest';
import { Oracle } from '../oracle/oracle.ts';
import { allowedBy } from './agreement.ts';
import { forget } from './missing-facts.ts';
import { askedPorts, endName, endsOf } from './queries.ts';
import { adoptedCluster, largeCluster, randomCluster } from './random-cluster.ts';
import { Random } from './random.ts';
import { rowDifferences, tunings } from './rows-check.ts';
import { engineOf } from './under-test.ts';

test.each(tunings)('big clusters, %s', (_name, tuning) => {
  const wrong = [1, 2, 3, 4].flatMap((seed) => [
    ...rowDifferences(largeCluster(seed), tuning, `large ${seed}`),
    ...rowDifferences(adoptedCluster(seed), tuning, `adopted ${seed}`),
  ]);
  expect(wrong.slice(0, 5)).toEqual([]);
});

test.each(tunings)('facts missing, %s', (_name, tuning) => {
  const wrong: string[] = [];
  for (let seed = 5000; seed < 5040; seed++) {
    wrong.push(...rowDifferences(forget(new Random(seed), randomCluster(seed)), tuning, `seed ${seed}`));
  }
  for (const seed of [4, 5])
    wrong.push(...rowDifferences(forget(new Random(seed), largeCluster(seed)), tuning, `large ${seed}`));
  expect(wrong.slice(0, 5)).toEqual([]);
});

test('big clusters: a sample of connections against the oracle', () => {
  const wrong: string[] = [];
  for (let seed = 11; seed < 15; seed++) {
    const objects = seed % 2 === 0 ? largeCluster(seed) : adoptedCluster(seed);
    const [engine, oracle, random] = [engineOf(objects), new Oracle(objects), new Random(seed)];
    const ends = endsOf(objects);
    for (let n = 0; n < 2_000; n++) {
      const [from, to, family] = [random.pick(ends), random.pick(ends), random.pick([4, 6] as const)];
      if (endName(from) === endName(to) || !('pod' in from || 'pod' in to)) continue;
      if ([from, to].some((end) => oracle.addresses(end, family).length === 0)) continue;
      const query = { from, to, family, ...random.pick(askedPorts) };
      const wanted = oracle.evaluate(query).allowed;
      if (allowedBy(engine, query) !== wanted) wrong.push(`large ${seed}: ${JSON.stringify(query)}: oracle ${wanted}`);
    }
  }
  expect(wrong.slice(0, 5)).toEqual([]);
});
