/** The engine: who can talk to whom in one cluster snapshot, and why. */
import type { Cidr } from '../base/inet.ts';
import { rangesToCidrs, type IpRange } from '../base/inet-ranges.ts';
import { NO, YES, type Tri } from '../base/tri.ts';
import type { NetworkPolicyObject } from '../kube/objects.ts';
import type { Cluster } from '../model/cluster.ts';
import { Compiled } from './compiled.ts';
import { Decisions, type GateDecision } from './decision.ts';
import { Explainer } from './explain.ts';
import { PairEvaluation, ALL, NOTHING } from './pair-evaluation.ts';
import { differentMembers, isSelf, onSameNode, partyPairs, podParty, type Party } from './parties.ts';
import { PolicyEdits, type ClassChange } from './policy-edit.ts';
import { portPoint, type PortBounds, type PortSetId, type PortSets } from './port-sets.ts';
import type { ConnectionQuery, Endpoint, Verdict } from './query.ts';
import { buildRelation, type Relation } from './relation.ts';
import type { PortsValue, VerdictResult } from './results.ts';
import { TierTable } from './tier-table.ts';

export type { PortBounds } from './port-sets.ts';

/** What one end may open to another. */
export interface PairPorts extends PortBounds {
  /** Only when the IP families of the pair differ; `undefined` for a family that the pair does not share. */
  readonly families?: { readonly IPv4: PortBounds | undefined; readonly IPv6: PortBounds | undefined };
  /** False when an end stands for several and they differ; the bounds are then the union. */
  readonly uniform: boolean;
}

/** The addresses outside the cluster that no policy tells apart. A pseudo-class with a class id. */
export interface ExternalAtom {
  readonly index: number;
  readonly classId: number;
  /** Minimal, sorted, IPv4 first. Atoms together cover both families and do not overlap. */
  readonly cidrs: readonly Cidr[];
}

/** Whether NetworkPolicies isolate (S71); `1` = unknown. */
export interface Isolation {
  readonly ingress: Tri;
  readonly egress: Tri;
}

/**
 * Answers for one immutable {@link Cluster}.
 *
 * Pods that no policy and no fact tells apart form a class. Class ids are dense: pod-network classes
 * `[0, podClassCount)`, then classes of hosts (host-network pods and nodes), then external atoms.
 */
export class Engine {
  readonly cluster: Cluster;
  /** The cluster prepared for questions, for floors that ask them in bulk. */
  readonly compiled: Compiled;
  readonly tiers: TierTable;
  private readonly pairs: PairEvaluation;
  private atoms: readonly ExternalAtom[] | undefined;
  private whole: Relation | undefined;
  private explainer: Explainer | undefined;
  private decisions: Decisions | undefined;
  private edits: PolicyEdits | undefined;

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.compiled = new Compiled(cluster);
    this.tiers = new TierTable(this.compiled);
    this.pairs = new PairEvaluation(this.compiled, this.tiers);
  }

  get portSets(): PortSets {
    return this.compiled.portSets;
  }

  get podClassCount(): number {
    return this.compiled.classes.podCount;
  }

  get hostClassCount(): number {
    return this.compiled.classes.hostCount;
  }

  /** All classes: pods, hosts, external atoms. */
  get classCount(): number {
    return this.compiled.classes.count;
  }

  /**
   * Point query. Where an end stands for several and they differ: `denied` if one of them is denied, else `unknown`.
   */
  verdict(query: ConnectionQuery): Verdict {
    const point = portPoint(query.protocol, query.port);
    let unknown = false;
    let denied = false;
    this.eachPair(query.from, query.to, query.viaService ?? false, (ports) => {
      if (!this.portSets.has(ports.possible, point)) denied = true;
      else if (!this.portSets.has(ports.certain, point)) unknown = true;
    });
    return denied ? 'denied' : unknown ? 'unknown' : 'allowed';
  }

  /**
   * The point query for hot loops: two pods by index, and a point of `portPoint`. Answers from the relation, which is
   * computed on the first call. Directly, not through a Service.
   */
  podVerdict(from: number, to: number, point: number): Verdict {
    const { ofPod } = this.compiled.classes;
    const source = ofPod[from] ?? -1;
    const target = ofPod[to] ?? -1;
    const { podClassCount } = this;
    // Hosts depend on the node, and a pod always reaches itself: both are asked the long way.
    if (from === to || source >= podClassCount || target >= podClassCount) {
      const [a, b] = [podParty(from, this.compiled), podParty(to, this.compiled)];
      const self = isSelf(a, b, this.compiled);
      return this.verdictOf(
        self ? ALL : this.pairs.ports(source, target, onSameNode(a, b), a.families & b.families),
        point,
      );
    }
    this.whole ??= buildRelation(this.compiled, this.tiers);
    const possible = this.whole.possible(source, target);
    if (!this.portSets.has(possible, point)) return 'denied';
    if (this.whole.exact) return 'allowed';
    return this.portSets.has(this.whole.certain(source, target), point) ? 'allowed' : 'unknown';
  }

  private verdictOf(bounds: PortBounds, point: number): Verdict {
    if (this.portSets.has(bounds.certain, point)) return 'allowed';
    return this.portSets.has(bounds.possible, point) ? 'unknown' : 'denied';
  }

  /**
   * Which rules decide between two pods by index, as numbers, for hot loops; {@link explain} puts them into words. In the
   * family that both have, IPv4 first. Directly, not through a Service.
   */
  decide(from: number, to: number, point: number): { readonly egress: GateDecision; readonly ingress: GateDecision } {
    const { ofPod } = this.compiled.classes;
    const a = ofPod[from] ?? -1;
    const b = ofPod[to] ?? -1;
    const podsOnly = a < this.podClassCount && b < this.podClassCount;
    const sameNode = podsOnly ? NO : onSameNode(podParty(from, this.compiled), podParty(to, this.compiled));
    const family = (this.pairs.sharedFamilies(a, b) & 3) !== 0 ? 4 : 6;
    this.decisions ??= new Decisions(this.compiled, this.tiers, this.pairs);
    return {
      egress: this.decisions.gate(a, b, 'egress', family, sameNode, point),
      ingress: this.decisions.gate(b, a, 'ingress', family, sameNode, point),
    };
  }

  /** The verdict with both gates, deciding rules, near misses and reasons. */
  explain(query: ConnectionQuery): VerdictResult {
    this.explainer ??= new Explainer(this.compiled, this.pairs);
    return this.explainer.explain(query);
  }

  /** All ports at once. */
  ports(from: Endpoint, to: Endpoint, viaService = false): PairPorts {
    const { portSets } = this;
    let certain: PortSetId | undefined;
    let possible: PortSetId | undefined;
    let uniform = true;
    let families: PairPorts['families'];
    this.eachPair(from, to, viaService, (ports, a, b, self) => {
      if (certain !== undefined && (certain !== ports.certain || possible !== ports.possible)) uniform = false;
      certain = certain === undefined ? ports.certain : portSets.union(certain, ports.certain);
      possible = possible === undefined ? ports.possible : portSets.union(possible, ports.possible);
      if (!self) families ??= this.differingFamilies(a, b);
    });
    const bounds = { certain: certain ?? NOTHING.certain, possible: possible ?? NOTHING.possible };
    return { ...bounds, uniform, ...(families !== undefined && uniform ? { families } : {}) };
  }

  portsValue(set: PortSetId): PortsValue {
    return this.portSets.value(set);
  }

  classOfPod(pod: number): number {
    return this.compiled.classes.ofPod[pod] ?? -1;
  }

  classOfNode(node: number): number {
    return this.compiled.classes.ofNode[node] ?? -1;
  }

  /** Host-network pods are members of host classes; nodes are not listed. */
  podsOfClass(classId: number): ArrayLike<number> & Iterable<number> {
    return this.compiled.classes.podsOf(classId);
  }

  /**
   * What members of one class may open to *different* members of another. A host counts as another node than the pod's;
   * see {@link ownNodePorts} for the same one (S100).
   */
  classPorts(from: number, to: number): PortBounds {
    return this.pairs.ports(from, to, NO, this.pairs.sharedFamilies(from, to));
  }

  /** What a host of class `from` may open to a pod of class `to` on its own node (S100). */
  ownNodePorts(from: number, to: number): PortBounds {
    return this.pairs.ports(from, to, YES, this.pairs.sharedFamilies(from, to));
  }

  /** NetworkPolicy isolation of a pod class; hosts and external atoms never are. */
  isolation(classId: number): Isolation {
    if (!this.compiled.classes.isPod(classId)) return { ingress: NO, egress: NO };
    return {
      ingress: this.compiled.policyList(classId, 'ingress').isolated,
      egress: this.compiled.policyList(classId, 'egress').isolated,
    };
  }

  /**
   * What would change, exactly, if `after` took the place of the NetworkPolicy of that name (or if that went). Takes
   * microseconds where the policy is about few. `undefined`: it names label values, ports or networks that no rule has
   * named before, and only a new engine can tell.
   */
  policyChanges(
    namespace: string,
    name: string,
    after: NetworkPolicyObject | undefined,
  ): readonly ClassChange[] | undefined {
    this.edits ??= new PolicyEdits(this.compiled, this.tiers, this.pairs);
    return this.edits.changes(namespace, name, after);
  }

  externalAtoms(): readonly ExternalAtom[] {
    if (this.atoms === undefined) {
      const ranges: IpRange[][] = [];
      for (const { atom, range } of this.compiled.atoms.stretches()) (ranges[atom] ??= []).push(range);
      const { externalStart } = this.compiled.classes;
      this.atoms = ranges.map((list, index) => ({ index, classId: externalStart + index, cidrs: rangesToCidrs(list) }));
    }
    return this.atoms;
  }

  /** Everything at once; computed on first use. */
  relation(): Relation {
    this.whole ??= buildRelation(this.compiled, this.tiers);
    return this.whole;
  }

  private differingFamilies(a: Party, b: Party): PairPorts['families'] {
    const shared = a.families & b.families;
    if (shared !== (YES | (YES << 2)) || this.compiled.peerSets.familiesAgree) return undefined;
    const sameNode = onSameNode(a, b);
    const IPv4 = this.pairs.inFamily(a.classId, b.classId, 4, sameNode);
    const IPv6 = this.pairs.inFamily(a.classId, b.classId, 6, sameNode);
    return IPv4.certain === IPv6.certain && IPv4.possible === IPv6.possible ? undefined : { IPv4, IPv6 };
  }

  /**
   * Visits the pairs of what the two ends stand for, once per kind of pair. Pairs of an end with itself count only when
   * there is no other; so do pairs without a common family.
   */
  private eachPair(
    from: Endpoint,
    to: Endpoint,
    viaService: boolean,
    visit: (ports: PortBounds, a: Party, b: Party, self: boolean) => void,
  ): void {
    let visited = false;
    const held: (() => void)[] = [];
    for (const { source, target } of partyPairs(from, to, this.compiled)) {
      const pair = differentMembers(source, target);
      if (pair === undefined) continue;
      const [a, b] = pair;
      const self = isSelf(a, b, this.compiled) && !viaService;
      const shared = a.families & b.families;
      const ports = self ? ALL : this.pairs.ports(a.classId, b.classId, onSameNode(a, b), shared);
      if (self || shared === 0) held.push(() => visit(ports, a, b, self));
      else {
        visited = true;
        visit(ports, a, b, self);
      }
    }
    if (!visited) for (const late of held) late();
  }
}

export function createEngine(cluster: Cluster): Engine {
  return new Engine(cluster);
}
