/** One seed: its cluster, everything that is compared on it, and how a failure is told. */
import type { Manifest } from '../oracle/manifest.ts';
import { compare, compareRelation, type Findings } from './agreement.ts';
import { minimise } from './minimise.ts';
import { isComplete } from './queries.ts';
import { randomCluster } from './random-cluster.ts';
import { engineOf, RefusedError } from './under-test.ts';

/** Explaining costs more than deciding; one connection in so many is explained. */
const explainOneIn = 7;

function checkObjects(objects: readonly Manifest[], explainAll: boolean, allowEgressToLocalNode = false): Findings {
  const engine = engineOf(objects, { allowEgressToLocalNode });
  const pairs = compare(objects, engine, (index) => explainAll || index % explainOneIn === 0);
  const classes = compareRelation(objects, engine);
  return { queries: pairs.queries + classes.queries, wrong: [...pairs.wrong, ...classes.wrong] };
}

export function check(seed: number): Findings {
  return checkObjects(randomCluster(seed), false);
}

/** The same with the other reading of D1. */
export function checkFreeOwnNode(seed: number): Findings {
  return checkObjects(randomCluster(seed), false, true);
}

function wrongWith(objects: readonly Manifest[]): string[] {
  if (!isComplete(objects)) return [];
  try {
    return checkObjects(objects, true).wrong;
  } catch (error) {
    if (error instanceof RefusedError) return [];
    return [String(error)];
  }
}

/** The seed, the smallest cluster that still fails, and what is wrong with it. */
export function describeFailure(seed: number): string {
  const small = minimise(randomCluster(seed), (candidate) => wrongWith(candidate).length > 0, 3_000);
  return [
    `seed ${seed}: engine and oracle disagree`,
    ...wrongWith(small).slice(0, 5),
    ...small.map((object) => JSON.stringify(object)),
  ].join('\n');
}
