import { ChangingSet } from './changing-set.ts';
import { EMPTY_SET, type RangeSets } from './range-sets.ts';

/**
 * Numbers the integers `[0, count)` by group: two share one exactly when they lie in the same of the given sets. A
 * sweep that keeps the sets it is in.
 */
export function groupByRanges(sets: ReadonlySet<number>, ranges: RangeSets, count: number): Int32Array {
  const opening = new Map<number, number[]>();
  const closing = new Map<number, number[]>();
  let member = 0;
  for (const set of sets) {
    if (set === EMPTY_SET) continue;
    const view = ranges.view(set);
    for (let i = 0; i < view.length; i += 2) {
      append(opening, view[i] ?? 0, member);
      append(closing, (view[i + 1] ?? 0) + 1, member);
    }
    member++;
  }
  const open = new ChangingSet(member);
  const groupOf = new Int32Array(count);
  const groups = new Map<number, number>();
  for (let at = 0; at < count; at++) {
    for (const closed of closing.get(at) ?? []) open.remove(closed);
    for (const opened of opening.get(at) ?? []) open.add(opened);
    const group = groups.get(open.id) ?? groups.size;
    groups.set(open.id, group);
    groupOf[at] = group;
  }
  return groupOf;
}

function append(lists: Map<number, number[]>, key: number, value: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
