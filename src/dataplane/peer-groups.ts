/** Which classes the rules of some policy sets cannot tell apart: one question for all of them is enough. */
import { EMPTY_SET } from '../base/range-sets.ts';
import type { Compiled } from '../engine/compiled.ts';
import type { ClassSet } from '../engine/peer-sets.ts';
import { randomLanes } from '../engine/random-lanes.ts';

const LANES = 3;

/** By class id. Classes in exactly the same of the given sets share a group. */
export function groupsIn(sets: ReadonlySet<ClassSet>, compiled: Compiled): Int32Array {
  const { classes, peerSets } = compiled;
  const changes = new Int32Array(LANES * (classes.count + 1));
  const shift = (at: number, numbers: readonly number[], sign: 1 | -1): void => {
    for (let lane = 0; lane < LANES; lane++) {
      const index = LANES * at + lane;
      changes[index] = (changes[index] ?? 0) + sign * (numbers[lane] ?? 0);
    }
  };
  for (const set of sets) {
    if (set === EMPTY_SET) continue;
    const numbers = randomLanes(set);
    const ranges = peerSets.sets.view(set);
    for (let i = 0; i < ranges.length; i += 2) {
      shift(ranges[i] ?? 0, numbers, 1);
      shift((ranges[i + 1] ?? 0) + 1, numbers, -1);
    }
  }
  const groupOf = new Int32Array(classes.count);
  const groups = new Map<string, number>();
  const sum = new Int32Array(LANES);
  for (let id = 0; id < classes.count; id++) {
    for (let lane = 0; lane < LANES; lane++) sum[lane] = (sum[lane] ?? 0) + (changes[LANES * id + lane] ?? 0);
    const text = sum.join(' ');
    const group = groups.get(text) ?? groups.size;
    groups.set(text, group);
    groupOf[id] = group;
  }
  return groupOf;
}
