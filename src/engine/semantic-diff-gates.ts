/**
 * Where two clusters may differ: for every end and direction, what its gate depends on is written in numbers that mean
 * the same on both sides; equal writing, equal gate. Where the writing differs, only peers that some difference concerns
 * are candidates. All others are skipped without a look.
 */
import { RangeSets, EMPTY_SET } from '../base/range-sets.ts';
import type { ContainerPort } from '../kube/objects.ts';
import type { BoundRule, BoundTierRule, PolicyList, Tier } from './compiled.ts';
import type { Engine } from './engine.ts';
import { WORLDS } from './peer-sets.ts';
import { DIRECTIONS } from './compiled.ts';
import type { Direction } from './policy-rules.ts';
import type { JointClasses } from './semantic-diff-classes.ts';
import type { SharedPorts, Side } from './semantic-diff-ports.ts';
import { sourceWords } from './semantic-diff-words.ts';

export const SIDES: readonly Side[] = ['before', 'after'];

/** A set of joint classes in `Candidates.sets`. */
export type JointSet = number;

/** Four sets: IPv4 certain, IPv4 possible, IPv6 certain, IPv6 possible. */
type Worlds = readonly JointSet[];

/** What NetworkPolicies allow a subject in one direction. */
interface ListKey {
  readonly id: number;
  readonly isolated: number;
  readonly bySpec: ReadonlyMap<number, Worlds>;
  /** What the unknown facts are about; `''` when nothing is unknown. */
  readonly unknown: string;
}

interface TierKey {
  /** Everything but the peers. */
  readonly head: string;
  readonly key: string;
  readonly worlds: Worlds;
}

const NO_WORLDS: Worlds = [EMPTY_SET, EMPTY_SET, EMPTY_SET, EMPTY_SET];

/** Which pairs of joint classes must be compared. */
export class Candidates {
  readonly sets = new RangeSets();
  /** How many pairs. */
  total = 0;
  private readonly classes: JointClasses;
  private readonly engines: Readonly<Record<Side, Engine>>;
  private readonly ports: SharedPorts;
  private readonly everyone: JointSet;
  /** Candidate sources by destination: those that the ingress gate names, and those whose egress gate names it. */
  private readonly bySet: JointSet[] = [];
  private readonly bySource: number[][] = [];
  /** Sources whose egress gate differs nearly everywhere. */
  private readonly wide: number[] = [];
  private readonly wideSet: JointSet;
  /** Subjects whose gate is written differently, and destinations on which ports mean something else. */
  private readonly differing: Readonly<Record<Direction, Uint8Array>>;
  private readonly renamed: Uint8Array;
  /** Peers for which the gate of a subject depends on other unknown facts than before. */
  private readonly unclear: Readonly<Record<Direction, Map<number, JointSet>>> = {
    ingress: new Map(),
    egress: new Map(),
  };
  private readonly jointSets: Readonly<Record<Side, Map<number, JointSet>>> = { before: new Map(), after: new Map() };
  private readonly specIds: Readonly<Record<Side, Map<number, number>>> = { before: new Map(), after: new Map() };
  private readonly specTexts = new Map<string, number>();
  private readonly listKeys: Readonly<Record<Side, Map<PolicyList, ListKey>>> = {
    before: new Map(),
    after: new Map(),
  };
  private readonly listIds = new Map<string, number>();

  constructor(engines: Readonly<Record<Side, Engine>>, classes: JointClasses, ports: SharedPorts) {
    this.engines = engines;
    this.classes = classes;
    this.ports = ports;
    this.differing = { ingress: new Uint8Array(classes.count), egress: new Uint8Array(classes.count) };
    this.renamed = new Uint8Array(classes.count);
    this.everyone = classes.bothEnd === 0 ? EMPTY_SET : this.sets.of([0, classes.bothEnd - 1]);
    this.policies();
    this.clusterPolicies();
    this.namedPorts();
    this.changedEnds();
    this.wideSet = this.sets.ofUnsorted(this.wide.map((id) => [id, id]));
    for (let to = 0; to < classes.count; to++) this.total += this.sets.cardinality(this.sourcesOf(to));
  }

  /** Every source whose answer towards the destination may differ. */
  sourcesOf(to: number): JointSet {
    const { sets } = this;
    const own = this.bySource[to];
    let set = sets.union(this.bySet[to] ?? EMPTY_SET, this.wideSet);
    if (own !== undefined) set = sets.union(set, sets.ofUnsorted(own.map((id) => [id, id])));
    return set;
  }

  /** Whether a pair of unknown answers may stand for different answers although the bounds are the same. */
  isUnclear(from: number, to: number): boolean {
    const { sets, unclear } = this;
    return sets.has(unclear.ingress.get(to) ?? EMPTY_SET, from) || sets.has(unclear.egress.get(from) ?? EMPTY_SET, to);
  }

  /** False: the gate of the subject is the same on both sides, towards everybody. */
  gateMayDiffer(subject: number, direction: Direction, destination: number): boolean {
    return this.differing[direction][subject] === 1 || this.renamed[destination] === 1 || this.renamed[subject] === 1;
  }

  /** Ports of the end may mean something else now. */
  isRenamed(id: number): boolean {
    return this.renamed[id] === 1;
  }

  /** Adds one pair that no gate tells of. */
  private addPair(from: number, to: number): void {
    (this.bySource[to] ??= []).push(from);
  }

  private add(subject: number, direction: Direction, peers: JointSet): void {
    const { sets } = this;
    if (peers === EMPTY_SET) return;
    this.differing[direction][subject] = 1;
    if (direction === 'ingress') {
      this.bySet[subject] = sets.union(this.bySet[subject] ?? EMPTY_SET, peers);
      return;
    }
    if (4 * sets.cardinality(peers) > this.classes.count) {
      if (this.wide.at(-1) !== subject) this.wide.push(subject);
      return;
    }
    const ranges = Array.from(sets.view(peers));
    for (let i = 0; i < ranges.length; i += 2) {
      for (let to = ranges[i] ?? 0; to <= (ranges[i + 1] ?? -1); to++) this.addPair(subject, to);
    }
  }

  // ---- NetworkPolicies ------------------------------------------------------------------------------------

  private policies(): void {
    const { classes, engines } = this;
    const { before, after } = classes.of;
    const known = new Map<string, { peers: JointSet; unclear: JointSet }>();
    for (let id = 0; id < classes.externalStart; id++) {
      const a = before[id] ?? -1;
      const b = after[id] ?? -1;
      if (!engines.before.compiled.classes.isPod(a) || !engines.after.compiled.classes.isPod(b)) continue;
      for (const direction of DIRECTIONS) {
        const old = this.listKey('before', engines.before.compiled.policyList(a, direction), direction);
        const now = this.listKey('after', engines.after.compiled.policyList(b, direction), direction);
        if (old.id === now.id) continue;
        const key = `${old.id} ${now.id}`;
        let found = known.get(key);
        if (found === undefined) known.set(key, (found = this.compareLists(old, now)));
        this.add(id, direction, found.peers);
        if (found.unclear === EMPTY_SET) continue;
        this.add(id, direction, found.unclear);
        this.unclear[direction].set(id, found.unclear);
      }
    }
  }

  private compareLists(old: ListKey, now: ListKey): { peers: JointSet; unclear: JointSet } {
    const { sets } = this;
    let peers: JointSet = EMPTY_SET;
    if (old.isolated !== now.isolated) peers = this.everyone;
    else {
      for (const spec of new Set([...old.bySpec.keys(), ...now.bySpec.keys()])) {
        const [a, b] = [old.bySpec.get(spec) ?? NO_WORLDS, now.bySpec.get(spec) ?? NO_WORLDS];
        peers = sets.union(peers, this.difference(a, b));
      }
    }
    if (old.unknown === now.unknown) return { peers, unclear: EMPTY_SET };
    return { peers, unclear: sets.union(this.uncertainPeers(old), this.uncertainPeers(now)) };
  }

  private uncertainPeers({ isolated, bySpec }: ListKey): JointSet {
    const { sets } = this;
    if (isolated === 1) return this.everyone;
    let peers: JointSet = EMPTY_SET;
    for (const worlds of bySpec.values()) {
      for (const family of [0, 2]) {
        const [certain, possible] = [worlds[family] ?? EMPTY_SET, worlds[family + 1] ?? EMPTY_SET];
        peers = sets.union(peers, sets.subtract(possible, certain));
      }
    }
    return peers;
  }

  /** Peers that are in one of the sets but not in the other, in some world. */
  private difference(a: Worlds, b: Worlds): JointSet {
    const { sets } = this;
    let peers: JointSet = EMPTY_SET;
    for (const world of WORLDS) {
      const [x, y] = [a[world] ?? EMPTY_SET, b[world] ?? EMPTY_SET];
      if (x !== y) peers = sets.union(peers, sets.union(sets.subtract(x, y), sets.subtract(y, x)));
    }
    return peers;
  }

  private listKey(side: Side, list: PolicyList, direction: Direction): ListKey {
    const keys = this.listKeys[side];
    let key = keys.get(list);
    if (key === undefined) {
      key = this.makeListKey(side, list, direction);
      keys.set(list, key);
    }
    return key;
  }

  private makeListKey(side: Side, list: PolicyList, direction: Direction): ListKey {
    const { sets } = this;
    const bySpec = new Map<number, number[]>();
    const add = (rules: readonly BoundRule[], worlds: readonly number[]): void => {
      for (const rule of rules) {
        const spec = this.specId(side, rule.ports);
        let found = bySpec.get(spec);
        if (found === undefined) bySpec.set(spec, (found = [...NO_WORLDS]));
        for (const world of worlds) {
          found[world] = sets.union(found[world] ?? EMPTY_SET, this.jointSet(side, this.peerSet(side, rule, world)));
        }
      }
    };
    add(list.certainRules, [0, 2]);
    add(list.possibleRules, [1, 3]);
    for (const [spec, worlds] of bySpec) if (worlds.every((set) => set === EMPTY_SET)) bySpec.delete(spec);
    const text = [...bySpec]
      .sort((a, b) => a[0] - b[0])
      .map(([spec, worlds]) => `${spec}:${worlds.join(',')}`)
      .join(' ');
    const unknown = this.engines[side].compiled.exact ? '' : unknownWords(this.engines[side], list, direction);
    const whole = `${list.isolated}|${text}|${unknown}`;
    let id = this.listIds.get(whole);
    if (id === undefined) this.listIds.set(whole, (id = this.listIds.size));
    return { id, isolated: list.isolated, bySpec, unknown };
  }

  private peerSet(side: Side, rule: BoundRule, world: number): number {
    const { peerSets } = this.engines[side].compiled;
    return peerSets.set(rule.peers, WORLDS[world] ?? 0);
  }

  /** A set of classes of one side as joint classes of both sides. */
  private jointSet(side: Side, set: number): JointSet {
    const known = this.jointSets[side];
    let joint = known.get(set);
    if (joint === undefined) {
      joint = this.computeJointSet(side, set);
      known.set(set, joint);
    }
    return joint;
  }

  private computeJointSet(side: Side, set: number): JointSet {
    const ranges = this.engines[side].compiled.peerSets.sets.view(set);
    const ids: number[] = [];
    for (let i = 0; i < ranges.length; i += 2) this.classes.jointOf(side, ranges[i] ?? 0, ranges[i + 1] ?? -1, ids);
    let sorted = true;
    for (let i = 1; i < ids.length && sorted; i++) sorted = (ids[i - 1] ?? 0) < (ids[i] ?? 0);
    const numbers = sorted ? ids : Int32Array.from(ids).sort();
    const runs: number[] = [];
    for (const id of numbers) {
      if (runs.length > 0 && runs[runs.length - 1] === id - 1) runs[runs.length - 1] = id;
      else runs.push(id, id);
    }
    return this.sets.of(runs);
  }

  private specId(side: Side, spec: number): number {
    const known = this.specIds[side];
    let id = known.get(spec);
    if (id === undefined) {
      const { portSpecs } = this.engines[side].compiled;
      const numeric = this.ports.of(side, portSpecs.resolve(portSpecs.withoutNames(spec), 0));
      const names = portSpecs.names(spec).map(({ name, protocol }) => `${name}/${protocol ?? ''}`);
      const text = `${numeric} ${names.sort().join(' ')}`;
      id = this.specTexts.get(text) ?? this.specTexts.size;
      this.specTexts.set(text, id);
      known.set(spec, id);
    }
    return id;
  }

  // ---- cluster policies -----------------------------------------------------------------------------------

  private clusterPolicies(): void {
    const { classes, engines } = this;
    if (!engines.before.compiled.hasTiers && !engines.after.compiled.hasTiers) return;
    const { before, after } = classes.of;
    const sequences: Record<Side, Map<number, readonly TierKey[]>> = { before: new Map(), after: new Map() };
    const sequenceOf = (side: Side, classId: number, direction: Direction): readonly TierKey[] => {
      const key = (engines[side].tiers.groupOf[classId] ?? 0) * 2 + (direction === 'ingress' ? 0 : 1);
      let sequence = sequences[side].get(key);
      if (sequence === undefined) {
        sequence = this.tierSequence(side, classId, direction);
        sequences[side].set(key, sequence);
      }
      return sequence;
    };
    const known = new Map<string, { peers: JointSet; unclear: JointSet }>();
    for (let id = 0; id < classes.externalStart; id++) {
      const a = before[id] ?? -1;
      const b = after[id] ?? -1;
      if (!engines.before.compiled.classes.isPod(a) || !engines.after.compiled.classes.isPod(b)) continue;
      for (const direction of DIRECTIONS) {
        const key = `${engines.before.tiers.groupOf[a] ?? 0} ${engines.after.tiers.groupOf[b] ?? 0} ${direction}`;
        let found = known.get(key);
        if (found === undefined) {
          found = this.compareTiers(sequenceOf('before', a, direction), sequenceOf('after', b, direction));
          known.set(key, found);
        }
        this.add(id, direction, found.peers);
        if (found.unclear !== EMPTY_SET) {
          const old = this.unclear[direction].get(id) ?? EMPTY_SET;
          this.unclear[direction].set(id, this.sets.union(old, found.unclear));
        }
      }
    }
  }

  /** The rules that concern pods of one class, in the order in which they are asked. */
  private tierSequence(side: Side, classId: number, direction: Direction): readonly TierKey[] {
    const { compiled } = this.engines[side];
    const { sets } = compiled.peerSets;
    const sequence: TierKey[] = [];
    for (const tier of ['Admin', 'Baseline'] as const) {
      for (const rule of compiled.tierRules[tier][direction]) {
        if (!sets.has(rule.subjects.possible, classId)) continue;
        sequence.push(this.tierKey(side, tier, rule, sets.has(rule.subjects.certain, classId)));
      }
    }
    return sequence;
  }

  private tierKey(side: Side, tier: Tier, rule: BoundTierRule, certain: boolean): TierKey {
    const { sets } = this;
    const entries = rule.entries.map((entry) => ({
      spec: this.specId(side, entry.ports),
      worlds: WORLDS.map((world) => this.jointSet(side, this.peerSet(side, entry, world))),
    }));
    const head = `${tier} ${rule.source.action} ${certain ? 1 : 0} ${entries.map(({ spec }) => spec).join(' ')}`;
    const unknown = this.engines[side].compiled.exact
      ? ''
      : sourceWords(this.engines[side], [rule.source.policy.subject.namespaceSelector], rule.source.entries);
    const key = `${head} ${entries.map(({ worlds }) => worlds.join(',')).join(';')} ${unknown}`;
    const worlds = WORLDS.map((world) =>
      entries.reduce((set: JointSet, entry) => sets.union(set, entry.worlds[world] ?? EMPTY_SET), EMPTY_SET),
    );
    // Rules with two entries are told apart as a whole: the union of their peers says too little.
    return { head: entries.length > 1 ? key : head, key, worlds };
  }

  private compareTiers(old: readonly TierKey[], now: readonly TierKey[]): { peers: JointSet; unclear: JointSet } {
    const { sets } = this;
    let from = 0;
    while (from < old.length && from < now.length && old[from]?.key === now[from]?.key) from++;
    let endOld = old.length;
    let endNow = now.length;
    while (endOld > from && endNow > from && old[endOld - 1]?.key === now[endNow - 1]?.key) {
      endOld--;
      endNow--;
    }
    const [left, right] = [old.slice(from, endOld), now.slice(from, endNow)];
    const alike = left.length === right.length && left.every(({ head }, i) => head === right[i]?.head);
    let peers: JointSet = EMPTY_SET;
    let possible: JointSet = EMPTY_SET;
    for (const rule of [...left, ...right]) {
      for (const set of rule.worlds) possible = sets.union(possible, set);
    }
    const unclear = this.bothExact() ? EMPTY_SET : possible;
    if (!alike) return { peers: possible, unclear };
    left.forEach(
      ({ worlds }, i) => (peers = sets.union(peers, this.difference(worlds, right[i]?.worlds ?? NO_WORLDS))),
    );
    return { peers: sets.union(peers, unclear), unclear };
  }

  private bothExact(): boolean {
    return SIDES.every((side) => this.engines[side].compiled.exact);
  }

  // ---- facts about ends -----------------------------------------------------------------------------------

  /** Destinations on which some named port means something else now. */
  private namedPorts(): void {
    const { classes, engines } = this;
    const [a, b] = [engines.before.compiled, engines.after.compiled];
    const relevant = (ports: readonly ContainerPort[]): string =>
      ports
        .filter(({ name }) => name !== '' && a.portSpecs.knowsName(name) && b.portSpecs.knowsName(name))
        .map(({ name, protocol, containerPort }) => `${name} ${protocol} ${containerPort}`)
        .sort()
        .join(',');
    const done = new Set<number>();
    for (const { members, type } of classes.items) {
      if (type !== 'workload') continue;
      for (const { joint, before, after } of members) {
        if (joint >= classes.externalStart || done.has(joint)) continue;
        done.add(joint);
        const old = a.cluster.pods.ports[before] ?? [];
        const now = b.cluster.pods.ports[after] ?? [];
        if (old === now || (old.length === 0 && now.length === 0)) continue;
        if (samePorts(old, now) || relevant(old) === relevant(now)) continue;
        this.renamed[joint] = 1;
        this.add(joint, 'ingress', this.everyone);
      }
    }
  }

  /** Ends that are of one side only, got other families, joined the host network or left it, or moved to another node. */
  private changedEnds(): void {
    const { classes, engines, sets } = this;
    const { before, after } = classes.of;
    const all = classes.count === 0 ? EMPTY_SET : sets.of([0, classes.count - 1]);
    const [a, b] = [engines.before.compiled.classes, engines.after.compiled.classes];
    for (let id = 0; id < classes.count; id++) {
      if (classes.isExternal(id)) continue;
      const [x, y] = [before[id] ?? -1, after[id] ?? -1];
      const same = x >= 0 && y >= 0 && a.families[x] === b.families[y] && a.isPod(x) === b.isPod(y);
      if (same) continue;
      this.renamed[id] = 1;
      this.bySet[id] = all;
      this.wide.push(id);
    }
    this.movedPods();
  }

  /** The pods of a node and what runs on its host network have a door of their own (S100). */
  private movedPods(): void {
    const { classes, engines } = this;
    const moved = new Map<number, Set<string>>();
    const hosts = new Map<string, Set<number>>();
    for (const item of classes.items) {
      for (const { joint, before, after, nodeBefore, nodeAfter } of item.members) {
        if (joint >= classes.externalStart) continue;
        const host = !engines.before.compiled.classes.isPod(classes.of.before[joint] ?? -1);
        if (host) {
          for (const node of [nodeBefore, nodeAfter]) addTo(hosts, node, joint);
        } else if (nodeBefore !== nodeAfter && before >= 0 && after >= 0) {
          for (const node of [nodeBefore, nodeAfter]) addTo(moved, joint, node);
        }
        if (host && nodeBefore !== nodeAfter) addTo(moved, joint, '');
      }
    }
    for (const [pod, nodes] of moved) {
      if (!engines.before.compiled.classes.isPod(classes.of.before[pod] ?? -1)) {
        this.add(pod, 'ingress', this.everyone);
        this.wide.push(pod);
        continue;
      }
      const near = nodes.has('') ? [...hosts.values()] : [...nodes].map((node) => hosts.get(node) ?? new Set<number>());
      for (const host of new Set([...near, hosts.get('') ?? new Set<number>()].flatMap((set) => [...set]))) {
        this.addPair(host, pod);
        this.addPair(pod, host);
      }
    }
  }
}

function addTo<K, V>(map: Map<K, Set<V>>, key: K, value: V): void {
  const set = map.get(key);
  if (set === undefined) map.set(key, new Set([value]));
  else set.add(value);
}

function samePorts(a: readonly ContainerPort[], b: readonly ContainerPort[]): boolean {
  return (
    a.length === b.length &&
    a.every((port, i) => {
      const other = b[i];
      return (
        port.name === other?.name && port.protocol === other.protocol && port.containerPort === other.containerPort
      );
    })
  );
}

/** Which facts the list leaves open, as far as the text of selectors tells. */
function unknownWords(engine: Engine, list: PolicyList, direction: Direction): string {
  const { compiled } = engine;
  const words: string[] = [];
  for (const index of [...list.certain, ...list.uncertain]) {
    const rules = compiled.policies[index];
    if (rules === undefined) continue;
    const open = list.uncertain.includes(index);
    const entries = rules[direction].filter(({ peers }) => {
      const id = compiled.peerSets.resolve(peers);
      return (
        compiled.peerSets.set(id, 0) !== compiled.peerSets.set(id, 1) ||
        compiled.peerSets.set(id, 2) !== compiled.peerSets.set(id, 3)
      );
    });
    if (open) words.push(sourceWords(engine, [rules.policy.podSelector], rules[direction]));
    else if (entries.length > 0) words.push(sourceWords(engine, [], entries));
  }
  return words.sort().join(' | ');
}
