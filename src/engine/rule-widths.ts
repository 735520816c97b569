/** Rules by how many ends are party to them: narrow ones are worth a look per end, wide ones are shared by many rows. */
import { EMPTY_SET } from '../base/range-sets.ts';
import type { Compiled } from './compiled.ts';
import { egressGroups, type EgressGroup } from './egress-groups.ts';
import type { ClassSet, World } from './peer-sets.ts';
import type { PortSpecId } from './port-specs.ts';

/** Trade-offs that change how long rows take, never what they say. */
export interface RowTuning {
  /** Sets with more members than this part of all classes are wide. */
  readonly widePart: number;
  /** But none with fewer members. */
  readonly leastWide: number;
  /** At most 60. Beyond, the least wide ones are treated as narrow: bases would no longer be shared. */
  readonly maxWideGroups: number;
  /** The same for the wide ingress rules of one destination. */
  readonly maxWidePeers: number;
  /** Rows of a base from which on a table from source to segment pays. */
  readonly tableFrom: number;
}

export const USUAL_TUNING: RowTuning = {
  widePart: 1 / 8,
  leastWide: 16,
  maxWideGroups: 60,
  maxWidePeers: 16,
  tableFrom: 16,
};

export interface SetRule {
  readonly members: ClassSet;
  readonly ports: PortSpecId;
}

/** The ingress rules of one policy list, by how many they let in. */
export interface IngressRules {
  /** Lists with the same wide and nearly total rules have the same number. */
  readonly wideId: number;
  readonly wide: readonly SetRule[];
  /** Let in everybody but `members`. */
  readonly total: readonly SetRule[];
  readonly narrow: readonly SetRule[];
  /** Whether the wide and nearly total rules name ports, so that they differ from pod to pod. */
  readonly named: boolean;
}

/** Groups of egress rules, by how many destinations they reach. */
export interface EgressSplit {
  readonly wide: readonly EgressGroup[];
  /** Reach everybody but the complement; counted in for all, then the exceptions are computed again. */
  readonly total: readonly EgressGroup[];
  readonly narrow: readonly EgressGroup[];
}

/** For each destination the numbers of the groups that concern it. */
export interface GroupIndex {
  readonly starts: Int32Array;
  readonly ids: Int32Array;
}
export class RuleWidths {
  /** By policy list, for the lists that some class has for ingress. */
  readonly ingress: readonly (IngressRules | undefined)[];
  readonly egress: EgressSplit;
  readonly narrowIndex: GroupIndex;
  /** The nearly total groups that leave a destination out. */
  readonly exceptionIndex: GroupIndex;
  /** Of the narrow groups. */
  readonly subjectSizes: Int32Array;
  private readonly compiled: Compiled;
  private readonly world: World;
  private readonly tuning: RowTuning;
  private readonly count: number;
  private readonly wideFrom: number;
  private readonly everybody: ClassSet;
  private readonly sizes = new Map<ClassSet, number>();

  constructor(compiled: Compiled, world: World, tuning: RowTuning) {
    this.compiled = compiled;
    this.world = world;
    this.tuning = tuning;
    this.count = compiled.classes.count;
    this.wideFrom = Math.max(tuning.leastWide, this.count * tuning.widePart);
    this.everybody = this.count === 0 ? EMPTY_SET : compiled.peerSets.sets.of([0, this.count - 1]);
    this.ingress = this.splitIngress();
    this.egress = this.splitEgress();
    this.narrowIndex = this.index(this.egress.narrow.map(({ peers }) => peers));
    this.exceptionIndex = this.index(this.egress.total.map(({ peers }) => this.complement(peers)));
    this.subjectSizes = Int32Array.from(this.egress.narrow, ({ subjects }) => this.sizeOf(subjects));
  }

  private sizeOf(set: ClassSet): number {
    let size = this.sizes.get(set);
    if (size === undefined) {
      size = this.compiled.peerSets.sets.cardinality(set);
      this.sizes.set(set, size);
    }
    return size;
  }

  private complement(set: ClassSet): ClassSet {
    return this.compiled.peerSets.sets.subtract(this.everybody, set);
  }

  private isWide(set: ClassSet): boolean {
    return this.sizeOf(set) > this.wideFrom;
  }

  private isNearlyTotal(set: ClassSet): boolean {
    return this.isWide(set) && this.count - this.sizeOf(set) <= this.wideFrom;
  }

  private splitIngress(): (IngressRules | undefined)[] {
    const { policyLists, listOf, peerSets, portSpecs } = this.compiled;
    const split: (IngressRules | undefined)[] = [];
    const wideIds = new Map<string, number>([['', 0]]);
    for (const list of new Set(listOf.ingress)) {
      const policies = policyLists[list];
      if (policies === undefined) continue;
      const narrow: SetRule[] = [];
      const wide: SetRule[] = [];
      const total: SetRule[] = [];
      for (const { peers, ports } of (this.world & 1) === 0 ? policies.certainRules : policies.possibleRules) {
        const members = peerSets.set(peers, this.world);
        if (members === EMPTY_SET) continue;
        if (this.isNearlyTotal(members)) total.push({ members: this.complement(members), ports });
        else if (this.isWide(members)) wide.push({ members, ports });
        else narrow.push({ members, ports });
      }
      if (wide.length + total.length === 0) {
        split[list] = { wideId: 0, wide, total, narrow, named: false };
        continue;
      }
      wide.sort(
        (a, b) => this.sizeOf(b.members) - this.sizeOf(a.members) || a.members - b.members || a.ports - b.ports,
      );
      for (const rule of wide.splice(this.tuning.maxWidePeers)) narrow.push(rule);
      const totalPorts = [...new Set(total.map(({ ports }) => ports))].sort((a, b) => a - b);
      const text = [...wide.map(({ members, ports }) => `${members}/${ports}`), ...totalPorts].join(' ');
      let wideId = wideIds.get(text);
      if (wideId === undefined) {
        wideId = wideIds.size;
        wideIds.set(text, wideId);
      }
      const named = [...wide, ...total].some(({ ports }) => portSpecs.hasNames(ports));
      split[list] = { wideId, wide, total, narrow, named };
    }
    return split;
  }

  private splitEgress(): EgressSplit {
    const wide: EgressGroup[] = [];
    const total: EgressGroup[] = [];
    const narrow: EgressGroup[] = [];
    for (const group of egressGroups(this.compiled, this.world)) {
      if (this.isNearlyTotal(group.peers) && (!this.isWide(group.subjects) || group.peers === this.everybody)) {
        total.push(group);
      } else if (this.isWide(group.peers) || this.isWide(group.subjects)) wide.push(group);
      else narrow.push(group);
    }
    const weight = ({ peers, subjects }: EgressGroup): number => this.sizeOf(peers) * this.sizeOf(subjects);
    wide.sort((a, b) => weight(b) - weight(a));
    for (const group of wide.splice(this.tuning.maxWideGroups)) narrow.push(group);
    return { wide, total, narrow };
  }

  private index(groups: readonly ClassSet[]): GroupIndex {
    const { sets } = this.compiled.peerSets;
    const starts = new Int32Array(this.count + 1);
    for (const set of groups) {
      const ranges = sets.view(set);
      for (let i = 0; i < ranges.length; i += 2) {
        for (let id = ranges[i] ?? 0; id <= (ranges[i + 1] ?? -1); id++) starts[id + 1] = (starts[id + 1] ?? 0) + 1;
      }
    }
    for (let id = 0; id < this.count; id++) starts[id + 1] = (starts[id + 1] ?? 0) + (starts[id] ?? 0);
    const next = starts.slice();
    const ids = new Int32Array(starts[this.count] ?? 0);
    groups.forEach((set, group) => {
      const ranges = sets.view(set);
      for (let i = 0; i < ranges.length; i += 2) {
        for (let id = ranges[i] ?? 0; id <= (ranges[i + 1] ?? -1); id++) {
          const at = next[id] ?? 0;
          ids[at] = group;
          next[id] = at + 1;
        }
      }
    });
    return { starts, ids };
  }
}
