/** Which classes the rules of some policy sets cannot tell apart: one question for all of them is enough. */
import { groupByRanges } from '../base/range-groups.ts';
import type { Compiled } from '../engine/compiled.ts';
import type { ClassSet } from '../engine/peer-sets.ts';

/** By class id. Classes in exactly the same of the given sets share a group. */
export function groupsIn(sets: ReadonlySet<ClassSet>, compiled: Compiled): Int32Array {
  return groupByRanges(sets, compiled.peerSets.sets, compiled.classes.count);
}
