/**
 * What a change of one NetworkPolicy would do to the whole cluster, exactly, without computing the cluster again: only
 * its subjects are looked at, and of their peers only those that its rules name, unless isolation itself begins or ends.
 *
 * This works as long as the changed policy draws no distinction that the classes do not have: a label value, a named
 * port or a network that no rule has named before needs a new engine.
 */
import type { IpRange } from '../base/inet-ranges.ts';
import { subtractCidrs } from '../base/inet-ranges.ts';
import { EMPTY_SET } from '../base/range-sets.ts';
import { MAYBE, NO, YES } from '../base/tri.ts';
import type { NetworkPolicyObject, NetworkPolicyRule } from '../kube/objects.ts';
import { DIRECTIONS, type BoundRule, type Compiled, type PolicyList } from './compiled.ts';
import { PairEvaluation, presence, type PolicySource, type SharedFamilies } from './pair-evaluation.ts';
import { WORLDS, type Bounds, type ClassSet } from './peer-sets.ts';
import { compilePolicy, type Direction } from './policy-rules.ts';
import { NO_PORTS, type PortBounds } from './port-sets.ts';
import type { TierTable } from './tier-table.ts';

/** What members of one class may open to different members of another, before and after. */
export interface ClassChange {
  readonly from: number;
  readonly to: number;
  readonly before: PortBounds;
  readonly after: PortBounds;
}

/** One version of the policy: whom it binds, and by which rules. */
interface Version {
  readonly subjects: Bounds;
  readonly rules: Readonly<Record<Direction, readonly BoundRule[]>>;
  readonly isolates: Readonly<Record<Direction, boolean>>;
}

const NOBODY: Version = {
  subjects: { certain: EMPTY_SET, possible: EMPTY_SET },
  rules: { ingress: [], egress: [] },
  isolates: { ingress: false, egress: false },
};

export class PolicyEdits {
  private readonly compiled: Compiled;
  private readonly tiers: TierTable;
  private readonly pairs: PairEvaluation;
  private readonly indexOf: ReadonlyMap<string, number>;

  constructor(compiled: Compiled, tiers: TierTable, pairs: PairEvaluation) {
    this.compiled = compiled;
    this.tiers = tiers;
    this.pairs = pairs;
    this.indexOf = new Map(compiled.policies.map(({ policy }, index) => [keyOf(policy), index]));
  }

  /**
   * The pairs of classes whose answer changes when `after` takes the place of the policy of that name (there may be
   * none), or when that policy goes; `undefined` when the classes cannot tell. Pairs come by source, then destination.
   */
  changes(namespace: string, name: string, after: NetworkPolicyObject | undefined): readonly ClassChange[] | undefined {
    const index = this.indexOf.get(`${namespace}/${name}`) ?? -1;
    const old = this.compiled.policies[index]?.policy;
    const before = old === undefined ? NOBODY : this.version(old);
    if (after !== undefined && !this.tellsApart(after)) return undefined;
    const next = after === undefined ? NOBODY : this.version(after);
    const overlay = new Overlay(this.compiled, index, before, next);
    const changed = new PairEvaluation(this.compiled, this.tiers, overlay);
    const found = new Map<number, ClassChange>();
    this.eachCandidate(before, next, overlay, (from, to, shared) => {
      const was = this.pairs.ports(from, to, NO, shared);
      const is = changed.ports(from, to, NO, shared);
      if (was.certain === is.certain && was.possible === is.possible) return;
      found.set(from * this.compiled.classes.count + to, { from, to, before: was, after: is });
    });
    return [...found.values()].sort((a, b) => a.from - b.from || a.to - b.to);
  }

  private version(policy: NetworkPolicyObject): Version {
    const { compiled } = this;
    const { peerSources, peerSets, portSpecs } = compiled;
    const namespace = compiled.cluster.namespaceNamed(policy.meta.namespace)?.index;
    // In a namespace that nothing else is in there is nobody to select.
    if (namespace === undefined) return NOBODY;
    const rules = compilePolicy(policy, namespace, { peers: peerSources, ports: portSpecs });
    const bound = (direction: Direction): BoundRule[] =>
      rules[direction].map((entry) => ({ peers: peerSets.resolve(entry.peers), ports: entry.ports }));
    return {
      subjects: peerSets.subjects(peerSources.podPeers(namespace, undefined, policy.podSelector)),
      rules: { ingress: bound('ingress'), egress: bound('egress') },
      isolates: policy.isolates,
    };
  }

  /** Whether classes are fine enough for the policy. */
  private tellsApart(policy: NetworkPolicyObject): boolean {
    const { peerSources, portSpecs, atoms } = this.compiled;
    if (!peerSources.podLabels.knows(policy.podSelector)) return false;
    const ruleKnown = (rule: NetworkPolicyRule): boolean => {
      const ranges: IpRange[] = [];
      for (const peer of rule.peers) {
        if (peer.type === 'ipBlock') {
          if (peer.cidr !== undefined) for (const range of subtractCidrs(peer.cidr, peer.except)) ranges.push(range);
        } else {
          const { podSelector, namespaceSelector } = peer;
          if (podSelector !== undefined && !peerSources.podLabels.knows(podSelector)) return false;
          if (namespaceSelector !== undefined && !peerSources.namespaceLabels.knows(namespaceSelector)) return false;
        }
      }
      if (ranges.length > 0 && !atoms.isUnionOfAtoms(ranges)) return false;
      return rule.ports.every(({ port }) => typeof port !== 'string' || portSpecs.knowsName(port));
    };
    return DIRECTIONS.every((direction) => !policy.isolates[direction] || policy[direction].every(ruleKnown));
  }

  /** Pairs whose answer may change; a pair may come twice, when both its ends are subjects. */
  private eachCandidate(
    before: Version,
    after: Version,
    overlay: Overlay,
    visit: (from: number, to: number, shared: SharedFamilies) => void,
  ): void {
    const { count } = this.compiled.classes;
    const { sets } = this.compiled.peerSets;
    const everybody = count === 0 ? EMPTY_SET : sets.of([0, count - 1]);
    const subjects = membersOf(sets.view(sets.union(before.subjects.possible, after.subjects.possible)));
    for (const direction of DIRECTIONS) {
      if (!before.isolates[direction] && !after.isolates[direction]) continue;
      const named = this.namedPeers(before, after, direction);
      const other = direction === 'ingress' ? 'egress' : 'ingress';
      for (const subject of subjects) {
        const was = this.compiled.policyList(subject, direction).isolated;
        const peers = was === overlay.policyList(subject, direction).isolated ? named : everybody;
        for (const peer of membersOf(sets.view(peers))) {
          const shared = this.pairs.sharedFamilies(subject, peer);
          // Where the other end lets nothing through, and is not subject itself, nothing changes.
          if (shared === 0 || (!overlay.concerns(peer) && this.isShut(peer, subject, other, shared))) continue;
          if (direction === 'egress') visit(subject, peer, shared);
          else visit(peer, subject, shared);
        }
      }
    }
  }

  private isShut(end: number, towards: number, direction: Direction, shared: SharedFamilies): boolean {
    return ([4, 6] as const).every(
      (family) =>
        presence(shared, family) === NO || this.pairs.gate(end, towards, direction, family, NO).possible === NO_PORTS,
    );
  }

  /** Whom the rules of one direction name in either version, as far as the versions differ. */
  private namedPeers(before: Version, after: Version, direction: Direction): ClassSet {
    const { sets } = this.compiled.peerSets;
    const alike =
      before.subjects.certain === after.subjects.certain && before.subjects.possible === after.subjects.possible;
    const old = new Set(before.rules[direction].map(ruleKey));
    const now = new Set(after.rules[direction].map(ruleKey));
    let named: ClassSet = EMPTY_SET;
    for (const rule of [...before.rules[direction], ...after.rules[direction]]) {
      const key = ruleKey(rule);
      if (alike && old.has(key) && now.has(key)) continue;
      for (const world of WORLDS) named = sets.union(named, this.compiled.peerSets.set(rule.peers, world));
    }
    return named;
  }
}

/** The policies of each class with one of them exchanged. */
class Overlay implements PolicySource {
  private readonly compiled: Compiled;
  private readonly index: number;
  private readonly before: Version;
  private readonly after: Version;
  private readonly lists = new Map<number, PolicyList>();

  constructor(compiled: Compiled, index: number, before: Version, after: Version) {
    this.compiled = compiled;
    this.index = index;
    this.before = before;
    this.after = after;
  }

  /** Whether either version of the policy may select the class. */
  concerns(classId: number): boolean {
    const { sets } = this.compiled.peerSets;
    return sets.has(this.before.subjects.possible, classId) || sets.has(this.after.subjects.possible, classId);
  }

  policyList(classId: number, direction: Direction): PolicyList {
    if (!this.concerns(classId)) return this.compiled.policyList(classId, direction);
    const key = classId * 2 + (direction === 'ingress' ? 0 : 1);
    let list = this.lists.get(key);
    if (list === undefined) {
      list = this.exchange(classId, direction);
      this.lists.set(key, list);
    }
    return list;
  }

  private exchange(classId: number, direction: Direction): PolicyList {
    const { compiled, after, index } = this;
    const { sets } = compiled.peerSets;
    const old = compiled.policyList(classId, direction);
    const certain = old.certain.filter((policy) => policy !== index);
    const uncertain = old.uncertain.filter((policy) => policy !== index);
    const binds = after.isolates[direction] && sets.has(after.subjects.possible, classId);
    const bindsCertainly = binds && sets.has(after.subjects.certain, classId);
    const certainRules = certain.flatMap((policy) => this.rulesOf(policy, direction));
    const own = after.rules[direction];
    const sure = certain.length > 0 || bindsCertainly;
    const maybe = uncertain.length > 0 || binds;
    const allCertain = bindsCertainly ? certainRules.concat(own) : certainRules;
    const open = uncertain
      .flatMap((policy) => this.rulesOf(policy, direction))
      .concat(binds && !bindsCertainly ? own : []);
    return {
      certain,
      uncertain,
      isolated: sure ? YES : maybe ? MAYBE : NO,
      certainRules: allCertain,
      possibleRules: open.length === 0 ? allCertain : allCertain.concat(open),
    };
  }

  private rulesOf(policy: number, direction: Direction): BoundRule[] {
    const { peerSets, policies } = this.compiled;
    return (policies[policy]?.[direction] ?? []).map(({ peers, ports }) => ({ peers: peerSets.resolve(peers), ports }));
  }
}

function keyOf({ meta }: NetworkPolicyObject): string {
  return `${meta.namespace}/${meta.name}`;
}

function ruleKey({ peers, ports }: BoundRule): number {
  return peers * 0x4000000 + ports;
}

function membersOf(ranges: Int32Array): number[] {
  const members: number[] = [];
  for (let i = 0; i < ranges.length; i += 2) {
    for (let id = ranges[i] ?? 0; id <= (ranges[i + 1] ?? -1); id++) members.push(id);
  }
  return members;
}
