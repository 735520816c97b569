/**
 * The ends of two clusters side by side: ends that neither cluster tells apart form a joint class, which is a pair of a
 * class of the one and a class of the other.
 *
 * Pods are matched inside their workload: by name, and where replicas have random names (or one side has a workload and
 * the other its pods) every kind of pod left over on the one side with every kind left over on the other. Addresses are
 * matched with themselves: the pieces of the address space of both sides are laid over each other.
 */
import type { Cidr } from '../base/inet.ts';
import { rangesToCidrs, type IpRange } from '../base/inet-ranges.ts';
import { compareText } from '../model/order.ts';
import type { ClusterWorkload } from '../model/entities.ts';
import type { Engine } from './engine.ts';
import type { Side } from './semantic-diff-ports.ts';

/** One matched pod (or node); -1 and `''` on the side where there is none. */
export interface JointMember {
  readonly joint: number;
  readonly before: number;
  readonly after: number;
  readonly nodeBefore: string;
  readonly nodeAfter: string;
}

/** A workload of either side, or nodes. */
export interface JointItem {
  readonly id: string;
  /** `nodes`: all nodes of one joint class. */
  readonly type: 'workload' | 'nodes';
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly in: 'both' | Side;
  readonly podsBefore: number;
  readonly podsAfter: number;
  readonly members: readonly JointMember[];
  /** The joint classes of its members, ascending. */
  readonly classes: readonly number[];
  /** Those of them that one single pod has: it has no other of its class to talk to. */
  readonly lone: ReadonlySet<number>;
}

export class JointClasses {
  /** Classes of both sides first (pods and hosts, then addresses), then those of one side only. */
  readonly count: number;
  readonly externalStart: number;
  /** From here on classes are of one side only. */
  readonly bothEnd: number;
  /** The class on each side; -1 where there is none. */
  readonly of: Readonly<Record<Side, Int32Array>>;
  readonly items: readonly JointItem[];
  /** Addresses of each external class, minimal, sorted. */
  readonly externals: readonly (readonly Cidr[])[];
  /** Presence bits of the families of each external class, as `Classes.families` has them. */
  private readonly externalFamilies: Uint8Array;
  private readonly owned: Uint8Array;
  private readonly start: Readonly<Record<Side, Int32Array>>;
  private readonly list: Readonly<Record<Side, Int32Array>>;

  constructor(engines: Readonly<Record<Side, Engine>>) {
    const pairs = new PairNumbers(engines.after.classCount);
    const drafts = draftItems(engines, pairs);
    const externals = jointAtoms(engines);
    const { order, both } = pairs.sorted();
    const renumbered = new Int32Array(order.length);
    order.forEach((draft, at) => (renumbered[draft] = at < both ? at : at + externals.length));
    this.externalStart = both;
    this.bothEnd = both + externals.length;
    this.count = order.length + externals.length;
    const before = new Int32Array(this.count);
    const after = new Int32Array(this.count);
    order.forEach((draft) => {
      const id = renumbered[draft] ?? 0;
      before[id] = pairs.before[draft] ?? -1;
      after[id] = pairs.after[draft] ?? -1;
    });
    externals.forEach(({ classBefore, classAfter }, index) => {
      before[both + index] = classBefore;
      after[both + index] = classAfter;
    });
    this.of = { before, after };
    this.externals = externals.map(({ ranges }) => rangesToCidrs(ranges));
    this.externalFamilies = Uint8Array.from(
      externals,
      ({ ranges }) =>
        (ranges.some(({ family }) => family === 4) ? 3 : 0) | (ranges.some(({ family }) => family === 6) ? 12 : 0),
    );
    this.owned = Uint8Array.from(this.externals, (cidrs) =>
      isOwnedBy(engines.before, cidrs) && isOwnedBy(engines.after, cidrs) ? 1 : 0,
    );
    this.items = drafts.map((draft) => finished(draft, renumbered));
    const indexed = { before: this.index('before', engines), after: this.index('after', engines) };
    this.start = { before: indexed.before.start, after: indexed.after.start };
    this.list = { before: indexed.before.list, after: indexed.after.list };
  }

  isExternal(id: number): boolean {
    return id >= this.externalStart && id < this.bothEnd;
  }

  /** Addresses of nothing but pods and nodes on both sides: those are ends of their own. */
  isOwned(id: number): boolean {
    return this.isExternal(id) && this.owned[id - this.externalStart] === 1;
  }

  /** Which families an external class has; all for others, which their own classes tell. */
  familiesOf(id: number): number {
    return this.isExternal(id) ? (this.externalFamilies[id - this.externalStart] ?? 0) : 15;
  }

  /** Joint classes of both sides that a range of classes of one side is part of, ascending. */
  jointOf(side: Side, first: number, last: number, into: number[]): void {
    const start = this.start[side];
    const list = this.list[side];
    for (let i = start[first] ?? 0; i < (start[last + 1] ?? 0); i++) into.push(list[i] ?? 0);
  }

  private index(side: Side, engines: Readonly<Record<Side, Engine>>): { start: Int32Array; list: Int32Array } {
    const start = new Int32Array(engines[side].classCount + 1);
    const of = this.of[side];
    for (let id = 0; id < this.bothEnd; id++) start[(of[id] ?? 0) + 1] = (start[(of[id] ?? 0) + 1] ?? 0) + 1;
    for (let i = 1; i < start.length; i++) start[i] = (start[i] ?? 0) + (start[i - 1] ?? 0);
    const next = start.slice();
    const list = new Int32Array(this.bothEnd);
    for (let id = 0; id < this.bothEnd; id++) {
      const at = next[of[id] ?? 0] ?? 0;
      next[of[id] ?? 0] = at + 1;
      list[at] = id;
    }
    return { start, list };
  }
}

/** Numbers pairs of classes in order of first sight. */
class PairNumbers {
  readonly before: number[] = [];
  readonly after: number[] = [];
  private readonly ids = new Map<number, number>();
  private readonly width: number;

  constructor(afterCount: number) {
    this.width = afterCount + 1;
  }

  of(before: number, after: number): number {
    const key = (before + 1) * this.width + after + 1;
    let id = this.ids.get(key);
    if (id === undefined) {
      id = this.before.push(before) - 1;
      this.after.push(after);
      this.ids.set(key, id);
    }
    return id;
  }

  /** Those of both sides first, by class before, then after. */
  sorted(): { order: readonly number[]; both: number } {
    const rank = (id: number): number => ((this.before[id] ?? -1) < 0 || (this.after[id] ?? -1) < 0 ? 1 : 0);
    const order = Array.from(this.before.keys()).sort(
      (a, b) =>
        rank(a) - rank(b) ||
        (this.before[a] ?? 0) - (this.before[b] ?? 0) ||
        (this.after[a] ?? 0) - (this.after[b] ?? 0),
    );
    return { order, both: order.filter((id) => rank(id) === 0).length };
  }
}

type DraftMember = { -readonly [Key in keyof JointMember]: JointMember[Key] };

interface DraftItem extends Omit<JointItem, 'classes' | 'members'> {
  readonly members: readonly DraftMember[];
}

function finished(draft: DraftItem, renumbered: Int32Array): JointItem {
  const classes: number[] = [];
  for (const member of draft.members) {
    member.joint = renumbered[member.joint] ?? 0;
    if (member.joint !== classes.at(-1)) classes.push(member.joint);
  }
  const lone = draft.lone.size === 0 ? draft.lone : new Set(Array.from(draft.lone, (id) => renumbered[id] ?? 0));
  return { ...draft, classes: classes.length > 1 ? [...new Set(classes)].sort((a, b) => a - b) : classes, lone };
}

const NO_CLASSES: ReadonlySet<number> = new Set();

/** Joint classes of which some side has no second pod. */
function loneClasses(engines: Readonly<Record<Side, Engine>>, members: readonly JointMember[]): ReadonlySet<number> {
  const [first, second] = members;
  // Mostly a workload's pods are all alike, and a second pod on each side is all that matters.
  if (
    first !== undefined &&
    second !== undefined &&
    first.before !== second.before &&
    first.after !== second.after &&
    members.every(({ joint }) => joint === first.joint)
  ) {
    return NO_CLASSES;
  }
  const counts = new Map<number, { before: Map<number, number>; after: Map<number, number> }>();
  for (const { joint, before, after } of members) {
    let count = counts.get(joint);
    if (count === undefined) counts.set(joint, (count = { before: new Map(), after: new Map() }));
    // A pod that stands for replicas is several.
    count.before.set(before, before < 0 ? Infinity : engines.before.cluster.pods.count(before));
    count.after.set(after, after < 0 ? Infinity : engines.after.cluster.pods.count(after));
  }
  const sum = (pods: ReadonlyMap<number, number>): number => [...pods.values()].reduce((a, b) => a + b, 0);
  return new Set(
    [...counts].flatMap(([id, { before, after }]) => (Math.min(sum(before), sum(after)) <= 1 ? [id] : [])),
  );
}

function draftItems(engines: Readonly<Record<Side, Engine>>, pairs: PairNumbers): DraftItem[] {
  const drafts: DraftItem[] = [];
  const { before, after } = engines;
  const seen = new Set<string>();
  for (const workload of before.cluster.workloads) {
    seen.add(workload.id);
    drafts.push(draftOf(engines, pairs, workload, after.cluster.workloadById(workload.id)));
  }
  for (const workload of after.cluster.workloads) {
    if (!seen.has(workload.id)) drafts.push(draftOf(engines, pairs, undefined, workload));
  }
  drafts.sort(
    (a, b) =>
      compareText(a.namespace, b.namespace) ||
      compareText(a.name, b.name) ||
      compareText(a.kind, b.kind) ||
      compareText(a.id, b.id),
  );
  return [...drafts, ...nodeItems(engines, pairs)];
}

function draftOf(
  engines: Readonly<Record<Side, Engine>>,
  pairs: PairNumbers,
  before: ClusterWorkload | undefined,
  after: ClusterWorkload | undefined,
): DraftItem {
  const one = before ?? after;
  const cluster = before === undefined ? engines.after.cluster : engines.before.cluster;
  const member = (a: number, b: number): DraftMember => ({
    joint: pairs.of(a < 0 ? -1 : engines.before.classOfPod(a), b < 0 ? -1 : engines.after.classOfPod(b)),
    before: a,
    after: b,
    nodeBefore: a < 0 ? '' : nodeOf(engines.before, a),
    nodeAfter: b < 0 ? '' : nodeOf(engines.after, b),
  });
  let members: DraftMember[];
  if (before === undefined) members = (after?.pods ?? []).map((pod) => member(-1, pod));
  else if (after === undefined) members = before.pods.map((pod) => member(pod, -1));
  else members = matchedPods(engines, before.pods, after.pods).map(([a, b]) => member(a, b));
  return {
    id: one?.id ?? '',
    type: 'workload',
    namespace: cluster.namespaceName(one?.namespace ?? -1),
    kind: one?.kind ?? '',
    name: one?.name ?? '',
    in: before === undefined ? 'after' : after === undefined ? 'before' : 'both',
    podsBefore: before?.podCount ?? 0,
    podsAfter: after?.podCount ?? 0,
    members,
    lone: loneClasses(engines, members),
  };
}

function matchedPods(
  engines: Readonly<Record<Side, Engine>>,
  before: readonly number[],
  after: readonly number[],
): readonly (readonly [number, number])[] {
  const { before: a, after: b } = engines;
  const first = after[0];
  const lone = before[0];
  if (before.length === 1 && after.length === 1 && lone !== undefined && first !== undefined) return [[lone, first]];
  const [namesBefore, namesAfter] = [a.cluster.pods.names, b.cluster.pods.names];
  if (before.length === after.length && before.every((pod, i) => namesBefore[pod] === namesAfter[after[i] ?? -1])) {
    return before.map((pod, i) => [pod, after[i] ?? -1]);
  }
  const named = new Map(after.map((pod) => [b.cluster.pods.names[pod] ?? '', pod]));
  const found: (readonly [number, number])[] = [];
  const leftBefore: number[] = [];
  const taken = new Set<number>();
  for (const pod of before) {
    const twin = named.get(a.cluster.pods.names[pod] ?? '');
    if (twin === undefined) leftBefore.push(pod);
    else {
      found.push([pod, twin]);
      taken.add(twin);
    }
  }
  const leftAfter = after.filter((pod) => !taken.has(pod));
  if (leftBefore.length === 0 && leftAfter.length === 0) return found;
  // Pods that came or went are compared with those of the other side that have no twin either, else with all.
  const sources = byClass(a, leftBefore.length > 0 ? leftBefore : before);
  const targets = byClass(b, leftAfter.length > 0 ? leftAfter : after);
  for (const from of sources) {
    for (const to of targets) {
      for (let i = 0; i < Math.max(from.length, to.length); i++) {
        const pair = [from[Math.min(i, from.length - 1)], to[Math.min(i, to.length - 1)]] as const;
        if (pair[0] !== undefined && pair[1] !== undefined) found.push([pair[0], pair[1]]);
      }
    }
  }
  return found;
}

function byClass(engine: Engine, pods: readonly number[]): readonly (readonly number[])[] {
  const groups = new Map<number, number[]>();
  for (const pod of pods) {
    const id = engine.classOfPod(pod);
    const group = groups.get(id);
    if (group === undefined) groups.set(id, [pod]);
    else group.push(pod);
  }
  return [...groups.values()];
}

/** A host-network pod's addresses are its node's. */
function nodeOf({ cluster }: Engine, pod: number): string {
  const name = cluster.pods.nodeNames[pod] ?? '';
  if (name !== '' || !cluster.pods.isHostNetwork(pod)) return name;
  for (const ip of cluster.pods.ips[pod] ?? []) {
    const owner = cluster.ownerOfAddress(ip);
    if (owner?.type === 'node') return cluster.nodes[owner.node]?.name ?? '';
  }
  return '';
}

/** Nodes that nothing tells apart are one item: a large cluster has thousands. */
function nodeItems(engines: Readonly<Record<Side, Engine>>, pairs: PairNumbers): DraftItem[] {
  const { before, after } = engines;
  const names = new Set([...before.cluster.nodes, ...after.cluster.nodes].map(({ name }) => name));
  const groups = new Map<number, DraftMember[]>();
  for (const name of [...names].sort(compareText)) {
    const a = before.cluster.nodeNamed(name);
    const b = after.cluster.nodeNamed(name);
    const joint = pairs.of(
      a === undefined ? -1 : before.classOfNode(a.index),
      b === undefined ? -1 : after.classOfNode(b.index),
    );
    const nodes = { nodeBefore: a === undefined ? '' : name, nodeAfter: b === undefined ? '' : name };
    const member = { joint, before: -1, after: -1, ...nodes };
    const group = groups.get(joint);
    if (group === undefined) groups.set(joint, [member]);
    else group.push(member);
  }
  return [...groups].map(([joint, members]) => {
    const first = members[0];
    const name = first?.nodeBefore === '' ? first.nodeAfter : (first?.nodeBefore ?? '');
    return {
      id: members.length === 1 ? `Node/${name}` : `Node/${name} and ${members.length - 1} more`,
      type: 'nodes',
      namespace: '',
      kind: 'Node',
      name,
      in: first?.nodeBefore === '' ? 'after' : first?.nodeAfter === '' ? 'before' : 'both',
      podsBefore: 0,
      podsAfter: 0,
      members,
      lone: new Set([joint]),
    };
  });
}

interface JointAtom {
  readonly classBefore: number;
  readonly classAfter: number;
  readonly ranges: IpRange[];
}

/** The coarsest partition of all addresses that refines the atoms of both sides; in address order. */
function jointAtoms(engines: Readonly<Record<Side, Engine>>): readonly JointAtom[] {
  const stretches = (side: Side): { atom: number; range: IpRange }[] => [...engines[side].compiled.atoms.stretches()];
  const [a, b] = [stretches('before'), stretches('after')];
  const startOf = (side: Side): number => engines[side].compiled.classes.externalStart;
  const [startBefore, startAfter] = [startOf('before'), startOf('after')];
  const atoms = new Map<string, JointAtom>();
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const [left, right] = [a[i], b[j]];
    if (left === undefined || right === undefined) break;
    const range = overlap(left.range, right.range);
    if (range !== undefined) {
      const key = `${left.atom} ${right.atom}`;
      const atom = atoms.get(key);
      if (atom !== undefined) atom.ranges.push(range);
      else {
        atoms.set(key, {
          classBefore: startBefore + left.atom,
          classAfter: startAfter + right.atom,
          ranges: [range],
        });
      }
    }
    const order = left.range.family - right.range.family || compareLast(left.range, right.range);
    if (order <= 0) i++;
    if (order >= 0) j++;
  }
  return [...atoms.values()];
}

function overlap(a: IpRange, b: IpRange): IpRange | undefined {
  if (a.family === 4 && b.family === 4) {
    const [first, last] = [Math.max(a.first, b.first), Math.min(a.last, b.last)];
    return first <= last ? { family: 4, first, last } : undefined;
  }
  if (a.family === 6 && b.family === 6) {
    const first = a.first > b.first ? a.first : b.first;
    const last = a.last < b.last ? a.last : b.last;
    return first <= last ? { family: 6, first, last } : undefined;
  }
  return undefined;
}

function compareLast(a: IpRange, b: IpRange): number {
  return a.last < b.last ? -1 : a.last > b.last ? 1 : 0;
}

/** Policies that name a pod by its address cut such pieces out; larger ones have addresses of nobody too. */
const MOST_OWNED = 64;

function isOwnedBy({ cluster }: Engine, cidrs: readonly Cidr[]): boolean {
  let left = MOST_OWNED;
  for (const cidr of cidrs) {
    left -= cidr.family === 4 ? cidr.last - cidr.first + 1 : 2 ** (128 - cidr.prefix);
    if (left < 0) return false;
  }
  return cidrs.every((cidr) => {
    if (cidr.family === 4) {
      for (let value = cidr.first; value <= cidr.last; value++) {
        if (cluster.ownerOfAddress({ family: 4, value }) === undefined) return false;
      }
      return true;
    }
    for (let value = cidr.first; value <= cidr.last; value++) {
      if (cluster.ownerOfAddress({ family: 6, value }) === undefined) return false;
    }
    return true;
  });
}
