/**
 * Egress rules seen from the destination. Rules with equal peers and ports are one group with the union of their
 * subjects: a thousand copies of "allow DNS" are one group.
 */
import type { Compiled } from './compiled.ts';
import type { ClassSet, World } from './peer-sets.ts';
import type { PortSpecId } from './port-specs.ts';

export interface EgressGroup {
  readonly peers: ClassSet;
  readonly ports: PortSpecId;
  readonly subjects: ClassSet;
}

export function egressGroups(compiled: Compiled, world: World): readonly EgressGroup[] {
  const { peerSets, policyLists, listOf } = compiled;
  const { sets } = peerSets;
  const classesOf: number[][] = policyLists.map(() => []);
  listOf.egress.forEach((list, id) => {
    if (list !== 0) classesOf[list]?.push(id);
  });
  const groups = new Map<number, { peers: ClassSet; ports: PortSpecId; subjects: number[] }>();
  classesOf.forEach((ids, index) => {
    const list = policyLists[index];
    if (list === undefined || ids.length === 0) return;
    for (const rule of (world & 1) === 0 ? list.certainRules : list.possibleRules) {
      const peers = peerSets.set(rule.peers, world);
      if (sets.rangeCount(peers) === 0) continue;
      const key = peers * 0x4000000 + rule.ports;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { peers, ports: rule.ports, subjects: ids.slice() });
      else for (const id of ids) group.subjects.push(id);
    }
  });
  return [...groups.values()].map(({ peers, ports, subjects }) => ({ peers, ports, subjects: setOf(subjects, sets) }));
}

function setOf(ids: readonly number[], sets: Compiled['peerSets']['sets']): ClassSet {
  const sorted = Int32Array.from(ids).sort();
  const ranges = new Int32Array(2 * sorted.length);
  let used = 0;
  for (const id of sorted) {
    if (used > 0 && (ranges[used - 1] ?? 0) + 1 >= id) ranges[used - 1] = id;
    else {
      ranges[used] = id;
      ranges[used + 1] = id;
      used += 2;
    }
  }
  return sets.of(ranges, used);
}
