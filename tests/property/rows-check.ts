/** The relation as rows, against its cells one by one, however it is tuned. */
import { NO } from '../../src/base/tri.ts';
import { Compiled } from '../../src/engine/compiled.ts';
import { PairEvaluation } from '../../src/engine/pair-evaluation.ts';
import { buildRelation } from '../../src/engine/relation.ts';
import { type RowTuning, USUAL_TUNING } from '../../src/engine/rule-widths.ts';
import { TierTable } from '../../src/engine/tier-table.ts';
import type { Manifest } from '../oracle/manifest.ts';
import { engineOf } from './under-test.ts';

/** Small clusters never have anything wide unless told that little is wide. */
export const tunings: readonly (readonly [string, RowTuning])[] = [
  ['as usual', USUAL_TUNING],
  ['everything wide', { widePart: 0, leastWide: 1, maxWideGroups: 60, maxWidePeers: 60, tableFrom: 1 }],
  ['some wide, few groups', { widePart: 0.05, leastWide: 2, maxWideGroups: 3, maxWidePeers: 2, tableFrom: 2 }],
  ['nothing wide', { widePart: 1, leastWide: 1_000_000, maxWideGroups: 0, maxWidePeers: 0, tableFrom: 1_000_000 }],
];

export function rowDifferences(objects: readonly Manifest[], tuning: RowTuning, label: string): string[] {
  const compiled = new Compiled(engineOf(objects).cluster);
  const tiers = new TierTable(compiled);
  const pairs = new PairEvaluation(compiled, tiers);
  const relation = buildRelation(compiled, tiers, tuning);
  const wrong: string[] = [];
  for (let to = 0; to < relation.classCount; to++) {
    const runs = new Map<number, string>();
    let behind = -1;
    relation.forEachSource(to, (first, last, certain, possible) => {
      if (first <= behind || last < first) wrong.push(`${label}: class ${to}: runs out of order at ${first}`);
      behind = last;
      for (let from = first; from <= last; from++) runs.set(from, `${certain} ${possible}`);
    });
    for (let from = 0; from < relation.classCount; from++) {
      // From outside to outside is no connection of the cluster, and the rows do not care for it.
      if (Math.min(from, to) >= compiled.classes.externalStart) continue;
      const { certain, possible } = pairs.ports(from, to, NO, pairs.sharedFamilies(from, to));
      const wanted = `${certain} ${possible}`;
      const cell = `${relation.certain(from, to)} ${relation.possible(from, to)}`;
      const run = runs.get(from) ?? '0 0';
      if (cell !== wanted || run !== wanted)
        wrong.push(`${label}: class ${from} -> ${to}: cell ${cell}, run ${run}, pair ${wanted}`);
    }
  }
  return wrong;
}
