/** A cluster prepared for questions: classes, peer sets, and for each class the rules that bind it. */
import { EMPTY_SET } from '../base/range-sets.ts';
import { MAYBE, NO, YES, type Tri } from '../base/tri.ts';
import type { LabelSelector } from '../kube/objects.ts';
import type { Cluster } from '../model/cluster.ts';
import { AddressAtoms } from './address-atoms.ts';
import { Classes } from './classes.ts';
import { LabelClasses } from './label-classes.ts';
import { PeerSets, type Bounds, type PeerSetId } from './peer-sets.ts';
import { EVERYTHING } from '../kube/selectors.ts';
import { PeerSources, type PodPeers } from './peer-sources.ts';
import {
  compilePolicy,
  compileTierRules,
  type Direction,
  type PolicyRules,
  type RuleEntry,
  type TierRule,
} from './policy-rules.ts';
import { PortSets } from './port-sets.ts';
import { PortSpecs, type PortSpecId } from './port-specs.ts';

export const DIRECTIONS: readonly Direction[] = ['ingress', 'egress'];
export type Tier = 'Admin' | 'Baseline';

export interface BoundRule {
  readonly peers: PeerSetId;
  readonly ports: PortSpecId;
}

/** The NetworkPolicies that bind a class in one direction. Classes with the same policies share one. */
export interface PolicyList {
  /** Indexes into `policies`, ascending. */
  readonly certain: readonly number[];
  /** Those for which the labels that the input tells do not decide (D14). */
  readonly uncertain: readonly number[];
  readonly isolated: Tri;
  /** The rules of the certain ones, and of all; without repetition. The same array when nothing is uncertain. */
  readonly certainRules: readonly BoundRule[];
  readonly possibleRules: readonly BoundRule[];
}

/** A cluster policy rule with its subjects resolved. */
export interface BoundTierRule {
  readonly source: TierRule;
  readonly subjects: Bounds;
  readonly entries: readonly BoundRule[];
}

export class Compiled {
  readonly cluster: Cluster;
  readonly portSets = new PortSets();
  readonly portSpecs = new PortSpecs(this.portSets);
  readonly peerSources = new PeerSources();
  readonly labelClasses: LabelClasses;
  readonly atoms: AddressAtoms;
  readonly classes: Classes;
  readonly peerSets: PeerSets;
  /** The NetworkPolicies that may select a pod; others have no effect (S82). */
  readonly policies: readonly PolicyRules[];
  /** Distinct lists; 0 is the empty one. */
  readonly policyLists: readonly PolicyList[];
  /** By pod class. */
  readonly listOf: Readonly<Record<Direction, Int32Array>>;
  readonly tierRules: Readonly<Record<Tier, Readonly<Record<Direction, readonly BoundTierRule[]>>>>;
  readonly hasTiers: boolean;
  /** Whether nothing is unknown within a family: certain and possible are then the same. */
  readonly exact: boolean;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    const specs = { peers: this.peerSources, ports: this.portSpecs };
    const namespaceOf = (name: string): number => cluster.namespaceNamed(name)?.index ?? -1;
    internSelectors(cluster, this.peerSources, namespaceOf);
    this.labelClasses = new LabelClasses(cluster, this.peerSources);

    const policies: PolicyRules[] = [];
    const subjects: PodPeers[] = [];
    for (const policy of cluster.networkPolicies) {
      const namespace = namespaceOf(policy.meta.namespace);
      const subject = this.peerSources.podPeers(namespace, undefined, policy.podSelector);
      if (this.labelClasses.select(subject).possible.length === 0) continue;
      policies.push(compilePolicy(policy, namespace, specs));
      subjects.push(subject);
    }
    this.policies = policies;
    const tierSubjects: PodPeers[] = [];
    const tiers: Record<Tier, Record<Direction, TierRule[]>> = {
      Admin: { ingress: [], egress: [] },
      Baseline: { ingress: [], egress: [] },
    };
    cluster.clusterPolicies.forEach((policy, index) => {
      const subject = subjectOf(policy.subject, this.peerSources);
      tierSubjects[index] = subject;
      if (this.labelClasses.select(subject).possible.length === 0) return;
      for (const direction of DIRECTIONS) {
        tiers[policy.tier][direction].push(...compileTierRules(policy, index, direction, specs));
      }
    });

    this.atoms = new AddressAtoms(this.peerSources.addressSets.sets);
    this.classes = new Classes(cluster, this.peerSources, this.labelClasses, this.atoms, this.portSpecs);
    this.peerSets = new PeerSets(this.classes, this.labelClasses, this.peerSources, this.atoms);
    const lists = new PolicyLists(policies, this.peerSets, this.classes.podCount);
    subjects.forEach((subject, index) => lists.bind(index, this.peerSets.subjects(subject)));
    this.listOf = { ingress: lists.close('ingress'), egress: lists.close('egress') };
    this.policyLists = lists.lists;
    const bound = (rule: TierRule): BoundTierRule => {
      const subject = tierSubjects[rule.policyIndex];
      const subjects =
        subject === undefined ? { certain: EMPTY_SET, possible: EMPTY_SET } : this.peerSets.subjects(subject);
      return { source: rule, subjects, entries: rule.entries.map((entry) => lists.boundRule(entry)) };
    };
    const boundTier = (tier: Tier): Record<Direction, BoundTierRule[]> => ({
      ingress: tiers[tier].ingress.map(bound),
      egress: tiers[tier].egress.map(bound),
    });
    this.tierRules = { Admin: boundTier('Admin'), Baseline: boundTier('Baseline') };
    const tierRules = Object.values(this.tierRules).flatMap(({ ingress, egress }) => [...ingress, ...egress]);
    this.exact =
      this.peerSets.exact &&
      this.policyLists.every((list) => list.uncertain.length === 0) &&
      tierRules.every(({ subjects: { certain, possible } }) => certain === possible);
    this.hasTiers = tierRules.length > 0;
  }

  policyList(classId: number, direction: Direction): PolicyList {
    const list = this.policyLists[this.listOf[direction][classId] ?? 0];
    return list ?? NO_POLICIES;
  }
}

const NO_POLICIES: PolicyList = { certain: [], uncertain: [], isolated: NO, certainRules: [], possibleRules: [] };

/** Label signatures are only right once every selector is known, so all of them come first. */
function internSelectors(cluster: Cluster, peers: PeerSources, namespaceOf: (name: string) => number): void {
  for (const policy of cluster.networkPolicies) {
    const namespace = namespaceOf(policy.meta.namespace);
    peers.podLabels.intern(policy.podSelector);
    for (const direction of DIRECTIONS) {
      if (!policy.isolates[direction]) continue;
      for (const rule of policy[direction]) {
        for (const peer of rule.peers) {
          if (peer.type === 'pods') peers.podPeers(namespace, peer.namespaceSelector, peer.podSelector);
        }
      }
    }
  }
  for (const policy of cluster.clusterPolicies) {
    subjectOf(policy.subject, peers);
    for (const direction of DIRECTIONS) {
      for (const rule of policy[direction]) {
        for (const peer of rule.peers) {
          if (peer.type === 'pods') peers.podPeers(-1, peer.namespaceSelector, peer.podSelector);
          else if (peer.type === 'nodes') peers.nodeLabels.intern(peer.selector);
        }
      }
    }
  }
}

/** A selector that is not understood is taken to select everybody (S157, S159): its rules fail closed. */
function subjectOf(
  subject: { readonly namespaceSelector: LabelSelector; readonly podSelector: LabelSelector },
  peers: PeerSources,
): PodPeers {
  const readable = (selector: LabelSelector): LabelSelector => (selector.invalid ? EVERYTHING : selector);
  return peers.podPeers(-1, readable(subject.namespaceSelector), readable(subject.podSelector));
}

/** Collects which policies bind which class, then interns the lists. */
class PolicyLists {
  readonly lists: PolicyList[] = [NO_POLICIES];
  private readonly policies: readonly PolicyRules[];
  private readonly peerSets: PeerSets;
  private readonly certain: Readonly<Record<Direction, number[][]>>;
  private readonly uncertain: Readonly<Record<Direction, Map<number, number[]>>>;
  private readonly podCount: number;
  private readonly ids = new Map<string, number>();

  constructor(policies: readonly PolicyRules[], peerSets: PeerSets, podCount: number) {
    this.policies = policies;
    this.peerSets = peerSets;
    this.podCount = podCount;
    this.certain = { ingress: [], egress: [] };
    this.uncertain = { ingress: new Map(), egress: new Map() };
  }

  bind(policy: number, subjects: Bounds): void {
    const isolates = this.policies[policy]?.policy.isolates;
    const { sets } = this.peerSets;
    for (const direction of DIRECTIONS) {
      if (isolates?.[direction] !== true) continue;
      forEach(sets.view(subjects.certain), (id) => (this.certain[direction][id] ??= []).push(policy));
      if (subjects.possible === subjects.certain) continue;
      forEach(sets.view(sets.subtract(subjects.possible, subjects.certain)), (id) => {
        const list = this.uncertain[direction].get(id);
        if (list === undefined) this.uncertain[direction].set(id, [policy]);
        else list.push(policy);
      });
    }
  }

  /** The list of each class. */
  close(direction: Direction): Int32Array {
    const listOf = new Int32Array(this.podCount);
    for (let id = 0; id < this.podCount; id++) {
      const certain = this.certain[direction][id] ?? [];
      const uncertain = this.uncertain[direction].get(id) ?? [];
      if (certain.length + uncertain.length > 0) listOf[id] = this.intern(certain, uncertain, direction);
    }
    return listOf;
  }

  boundRule(entry: RuleEntry): BoundRule {
    return { peers: this.peerSets.resolve(entry.peers), ports: entry.ports };
  }

  private intern(certain: readonly number[], uncertain: readonly number[], direction: Direction): number {
    const text = `${direction === 'ingress' ? '<' : '>'}${certain.join(' ')}?${uncertain.join(' ')}`;
    let id = this.ids.get(text);
    if (id === undefined) {
      const certainRules = this.rulesOf(certain, direction);
      id =
        this.lists.push({
          certain,
          uncertain,
          isolated: certain.length > 0 ? YES : MAYBE,
          certainRules,
          possibleRules: uncertain.length === 0 ? certainRules : this.rulesOf([...certain, ...uncertain], direction),
        }) - 1;
      this.ids.set(text, id);
    }
    return id;
  }

  private rulesOf(policies: readonly number[], direction: Direction): BoundRule[] {
    const rules: BoundRule[] = [];
    const seen = new Set<number>();
    for (const index of policies) {
      for (const entry of this.policies[index]?.[direction] ?? []) {
        const rule = this.boundRule(entry);
        const key = rule.peers * 0x4000000 + rule.ports;
        if (seen.has(key)) continue;
        seen.add(key);
        rules.push(rule);
      }
    }
    return rules;
  }
}

function forEach(ranges: Int32Array, visit: (id: number) => void): void {
  for (let i = 0; i < ranges.length; i += 2) {
    for (let id = ranges[i] ?? 0; id <= (ranges[i + 1] ?? -1); id++) visit(id);
  }
}
