/** Metamorphic properties: the same cluster written differently has the same verdicts. */
import { expect, test } from 'vitest';
import type { Manifest } from '../oracle/manifest.ts';
import { Oracle } from '../oracle/oracle.ts';
import { askedPorts, endName, pairsOf } from './queries.ts';
import { randomCluster } from './random-cluster.ts';
import { Random } from './random.ts';
import { type Rewrite, rewrites } from './rewrites.ts';

const written = (objects: readonly Manifest[]): Manifest[] => JSON.parse(JSON.stringify(objects)) as Manifest[];

/** The oracle's verdicts before and after; the oracle has to survive every rewriting itself. */
function oracleChanges(rewrite: Rewrite, seed: number): string[] {
  const before = randomCluster(seed);
  const after = written(rewrite.apply(new Random(seed), before));
  const [old, now] = [new Oracle(before), new Oracle(after)];
  const changes: string[] = [];
  for (const { from, to } of pairsOf(before)) {
    const moved = { from: rewrite.moved?.(from) ?? from, to: rewrite.moved?.(to) ?? to };
    for (const at of askedPorts.slice(0, 8)) {
      for (const family of [4, 6] as const) {
        if (old.evaluate({ from, to, ...at, family }).allowed === now.evaluate({ ...moved, ...at, family }).allowed)
          continue;
        changes.push(`seed ${seed}: ${endName(from)} -> ${endName(to)} ${at.protocol}/${at.port} IPv${family}`);
      }
    }
  }
  return changes;
}

test.each(rewrites)('oracle: $name', (rewrite) => {
  const changes = Array.from({ length: 15 }, (_, index) => oracleChanges(rewrite, 1000 + index)).flat();
  expect(changes).toEqual([]);
});
