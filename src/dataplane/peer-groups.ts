/** Which classes the rules of some policy sets cannot tell apart: one question for all of them is enough. */
import type { Compiled } from '../engine/compiled.ts';
import type { ClassSet } from '../engine/peer-sets.ts';

/**
 * By class id. Classes in exactly the same of the given sets share a group.
 *
 * Between two neighbouring bounds of the sets all classes are alike, so stretches are sorted, not classes: all in one
 * group first, then each set splits the groups that it has a part of. Exact, whoever wrote the policies.
 */
export function groupsIn(sets: ReadonlySet<ClassSet>, compiled: Compiled): Int32Array {
  const { classes, peerSets } = compiled;
  const stretchOf = stretches(sets, compiled);
  const count = (stretchOf[classes.count - 1] ?? -1) + 1;
  const groups = new Splitting(count);
  for (const set of sets) {
    const ranges = peerSets.sets.view(set);
    const spans: number[] = [];
    for (let i = 0; i < ranges.length; i += 2) {
      spans.push(stretchOf[ranges[i] ?? 0] ?? 0, stretchOf[ranges[i + 1] ?? 0] ?? 0);
    }
    groups.split(spans);
  }
  return stretchOf.map((stretch) => groups.groupOf[stretch] ?? 0);
}

/** By class id, ascending. */
function stretches(sets: ReadonlySet<ClassSet>, { classes, peerSets }: Compiled): Int32Array {
  const starts = new Uint8Array(classes.count + 1);
  for (const set of sets) {
    const ranges = peerSets.sets.view(set);
    for (let i = 0; i < ranges.length; i += 2) {
      starts[ranges[i] ?? 0] = 1;
      starts[(ranges[i + 1] ?? 0) + 1] = 1;
    }
  }
  const stretchOf = new Int32Array(classes.count);
  let stretch = 0;
  for (let id = 0; id < classes.count; id++) {
    if (id > 0 && starts[id] === 1) stretch++;
    stretchOf[id] = stretch;
  }
  return stretchOf;
}

/** A partition that only becomes finer. */
class Splitting {
  readonly groupOf: Int32Array;
  private readonly sizes: Int32Array;
  /** Of each group: how much of it the set has; 0 between two sets. */
  private readonly covered: Int32Array;
  private readonly partOf: Int32Array;
  private used = 1;

  constructor(count: number) {
    this.groupOf = new Int32Array(count);
    // Every group has a member, so there are never more groups than members.
    this.sizes = new Int32Array(count + 1);
    this.covered = new Int32Array(count + 1);
    this.partOf = new Int32Array(count + 1);
    this.sizes[0] = count;
  }

  /** `spans`: first, last, first, last, ... of the members of a set, disjoint. */
  split(spans: readonly number[]): void {
    const { groupOf, sizes, covered, partOf } = this;
    const touched: number[] = [];
    eachMember(spans, (member) => {
      const group = groupOf[member] ?? 0;
      const before = covered[group] ?? 0;
      if (before === 0) touched.push(group);
      covered[group] = before + 1;
    });
    for (const group of touched) {
      const part = covered[group] ?? 0;
      const size = sizes[group] ?? 0;
      covered[group] = 0;
      if (part === size) partOf[group] = group;
      else {
        partOf[group] = this.used;
        sizes[this.used++] = part;
        sizes[group] = size - part;
      }
    }
    eachMember(spans, (member) => (groupOf[member] = partOf[groupOf[member] ?? 0] ?? 0));
  }
}

function eachMember(spans: readonly number[], visit: (member: number) => void): void {
  for (let i = 0; i < spans.length; i += 2) {
    for (let member = spans[i] ?? 0; member <= (spans[i + 1] ?? -1); member++) visit(member);
  }
}
