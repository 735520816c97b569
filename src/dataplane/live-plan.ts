/**
 * The plan of a node, changed as little as the cluster changes.
 *
 * A plan is only ever compiled for the policies that judge pods of this node, and for one address of each class that
 * those can tell apart: that is a small cluster, however large the real one is. Whoever is of a class that has been
 * judged already, which is almost everybody who comes and goes, only adds or takes out an entry.
 */
import { BugError } from '../base/assert.ts';
import type { Cidr, IpAddress } from '../base/inet.ts';
import { formatIp } from '../base/inet-format.ts';
import { Compiled } from '../engine/compiled.ts';
import type {
  ClusterPolicyObject,
  KubeObjects,
  Labels,
  LabelSelector,
  NamespaceObject,
  NetworkPolicyObject,
  NodeObject,
  PodObject,
} from '../kube/objects.ts';
import { matches } from '../kube/selectors.ts';
import { buildCluster } from '../model/cluster.ts';
import { namespaceLabels } from '../model/namespaces.ts';
import { compareText } from '../model/order.ts';
import type { AddressSlot, Holder, PeerGroup } from './address-slot.ts';
import { AddressSlots } from './address-slots.ts';
import { compilePlan, rangeLookup } from './compile-plan.ts';
import { nodeParts } from './node-addresses.ts';
import type { Observation } from './observation.ts';
import { PeerCensus } from './peer-census.ts';
import { PeerTable } from './peer-table.ts';
import { Shapes, type Shape } from './peer-shapes.ts';
import { PeerTerms } from './peer-terms.ts';
import type { IdentityId, LocalPod, Peer, Plan } from './plan.ts';
import { separateModes } from './policy-mode.ts';
import { sharingUnchanged } from './sharing-unchanged.ts';

export interface LivePlanOptions {
  readonly node: string;
  readonly allowEgressToLocalNode: boolean;
  readonly observation: Observation | undefined;
}

/** The objects as they are, whenever it asks. */
export interface CurrentObjects {
  namespace(name: string): NamespaceObject | undefined;
  policiesIn(namespace: string): Iterable<NetworkPolicyObject>;
  clusterPolicies(): Iterable<ClusterPolicyObject>;
  closedRanges(): readonly Cidr[];
}

/** Local pods that are judged alike. */
interface LocalShape {
  addresses: number;
  /** As the plan has one of them; `undefined` until a plan was compiled with it. */
  judged: LocalPod | undefined;
  /** The policies behind it, once somebody asked; as good as {@link judged} is. */
  judges: ReadonlySet<NetworkPolicyObject | ClusterPolicyObject> | undefined;
}

export class LivePlan {
  private readonly options: LivePlanOptions;
  private readonly objects: CurrentObjects;
  private readonly slots = new AddressSlots();
  private readonly shapes = new Shapes();
  private readonly census: PeerCensus;
  private readonly holders = new Map<PodObject | NodeObject, readonly Holder[]>();
  private readonly localSlots = new Set<AddressSlot>();
  private readonly ownSlots = new Set<AddressSlot>();
  private readonly localShapes = new Map<Shape, LocalShape>();
  /** Slots that the plan does not yet say the truth about; kept when making it fails. */
  private moved: AddressSlot[] = [];
  /** Local pods have come, gone, or changed since the plan. */
  private localMoved = false;
  /** Policies, or what they say about pods of this node, may be others than those in view. */
  private stale = true;
  private current: Plan | undefined;
  private peers = new PeerTable();

  constructor(options: LivePlanOptions, objects: CurrentObjects) {
    this.options = options;
    this.objects = objects;
    this.census = new PeerCensus((name) => objects.namespace(name));
  }

  podChanged(before: PodObject | undefined, after: PodObject | undefined): void {
    // The new one first: a shape that both have is not forgotten in between.
    if (after !== undefined) this.add(after, this.podHolders(after));
    if (before !== undefined) this.remove(before);
  }

  nodeChanged(before: NodeObject | undefined, after: NodeObject | undefined): void {
    const known = before === undefined ? undefined : this.holders.get(before);
    if (before !== undefined && after !== undefined && known !== undefined && isSamePeer(before, after)) {
      // Annotations of nodes change all the time.
      this.holders.delete(before);
      this.holders.set(after, known);
      return;
    }
    if (after !== undefined) this.add(after, this.nodeHolders(after));
    if (before !== undefined) this.remove(before);
  }

  namespaceChanged(name: string): void {
    if (this.census.namespaceChanged(name) || this.hasLocalPods(name)) this.stale = true;
  }

  policyChanged(policy: NetworkPolicyObject | ClusterPolicyObject): void {
    if (this.mayJudge(policy)) this.stale = true;
  }

  /** Who has the address, as of the last plan; a node stands for one of its addresses a family. */
  ownerOf(address: IpAddress): PodObject | NodeObject | undefined {
    return this.slots.at(address)?.owner?.object;
  }

  /** The same object as long as nothing changes. */
  plan(): Plan {
    this.settle();
    const { moved } = this;
    const isKnown = moved.every(({ group }) => group === undefined || group.peerClass.identity !== undefined);
    const isJudged = [...this.localShapes.values()].every(({ judged }) => judged !== undefined);
    const compiled = this.current === undefined || this.stale || !isKnown || !isJudged ? this.compile() : undefined;
    const base = compiled ?? this.current;
    if (base === undefined) throw new BugError('no plan');
    const peers = this.peersAfter(moved, base, compiled !== undefined);
    const localPods = compiled !== undefined || this.localMoved ? this.judgedPods() : base.localPods;
    const closedRanges = this.objects.closedRanges();
    if (
      compiled !== undefined ||
      peers !== base.peers ||
      localPods !== base.localPods ||
      !sameCidrs(closedRanges, base.closedRanges)
    ) {
      const next = { ...base, ...setsInUse(base, localPods), peers, localPods, closedRanges };
      this.current = this.current === undefined ? next : sharingUnchanged(this.current, next);
    }
    this.peers = peers;
    this.moved = [];
    this.stale = false;
    this.localMoved = false;
    return this.current ?? base;
  }

  // ---- who there is -------------------------------------------------------------------------------------------

  private add(object: PodObject | NodeObject, holders: readonly Holder[]): void {
    if (holders.length === 0) return;
    this.holders.set(object, holders);
    for (const holder of holders) this.slots.add(holder);
  }

  private remove(object: PodObject | NodeObject): void {
    for (const holder of this.holders.get(object) ?? []) {
      this.slots.remove(holder);
      this.shapes.release(holder.shape);
    }
    this.holders.delete(object);
  }

  /** S95, D2: pods that have ended have no addresses any more, and those of the host network never had their own. */
  private podHolders(object: PodObject): readonly Holder[] {
    const { meta, pod, phase, ips } = object;
    if (phase === 'Succeeded' || phase === 'Failed' || pod.hostNetwork || ips.length === 0) return [];
    const shape = this.shapes.acquire('pod', meta.namespace, pod.labels, pod.ports);
    return [{ type: 'pod', object, shape, local: pod.nodeName === this.options.node }];
  }

  private nodeHolders(object: NodeObject): readonly Holder[] {
    const type = object.meta.name === this.options.node ? 'own-node' : 'node';
    return nodeParts(object).map((part): Holder => ({
      type: 'node',
      object: part,
      shape: this.shapes.acquire(type, '', part.meta.labels),
    }));
  }

  /** Brings the slots that were touched up to date. */
  private settle(): void {
    for (const slot of this.slots.takeTouched()) {
      this.moved.push(slot);
      this.leave(slot);
      slot.owner = this.slots.ownerOf(slot);
      if (slot.owner === undefined) this.census.remove(slot);
      else {
        this.census.place(slot, slot.owner);
        this.join(slot, slot.owner);
      }
    }
    for (const [shape, { addresses }] of this.localShapes) if (addresses === 0) this.localShapes.delete(shape);
  }

  private join(slot: AddressSlot, owner: Holder): void {
    if (owner.shape.type === 'own-node') {
      this.ownSlots.add(slot);
      this.stale = true;
    }
    if (owner.type !== 'pod' || !owner.local) return;
    this.localMoved = true;
    this.localSlots.add(slot);
    const known = this.localShapes.get(owner.shape);
    if (known === undefined) this.localShapes.set(owner.shape, this.newLocalShape(owner.shape));
    else known.addresses++;
  }

  /**
   * Pods that the same policies select, with the same named ports, are judged alike: a rollout's new
   * `pod-template-hash` compiles nothing.
   */
  private newLocalShape(shape: Shape): LocalShape {
    const fresh: LocalShape = { addresses: 1, judged: undefined, judges: undefined };
    // Then what was found out about the others may no longer hold.
    if (this.stale || this.current === undefined) return fresh;
    const judges = this.judgesOf(shape);
    for (const [other, known] of this.localShapes) {
      if (known.judged === undefined || other.namespace !== shape.namespace || other.portText !== shape.portText)
        continue;
      known.judges ??= this.judgesOf(other);
      if (sameMembers(known.judges, judges)) return { addresses: 1, judged: known.judged, judges };
    }
    return fresh;
  }

  /** Policies that may judge pods of the shape. */
  private judgesOf(shape: Shape): ReadonlySet<NetworkPolicyObject | ClusterPolicyObject> {
    const judges = new Set<NetworkPolicyObject | ClusterPolicyObject>();
    for (const policy of this.objects.policiesIn(shape.namespace))
      if (this.maySelect(policy, shape)) judges.add(policy);
    for (const policy of this.objects.clusterPolicies()) if (this.maySelect(policy, shape)) judges.add(policy);
    return judges;
  }

  private leave(slot: AddressSlot): void {
    // Whether a policy set shuts out the node itself is asked for the addresses that it has.
    if (this.ownSlots.delete(slot)) this.stale = true;
    if (slot.owner === undefined || !this.localSlots.delete(slot)) return;
    this.localMoved = true;
    const shape = this.localShapes.get(slot.owner.shape);
    if (shape !== undefined) shape.addresses--;
  }

  private hasLocalPods(namespace: string): boolean {
    for (const { owner } of this.localSlots) if (owner?.object.meta.namespace === namespace) return true;
    return false;
  }

  // ---- compiling ----------------------------------------------------------------------------------------------

  private compile(): Plan {
    const { networkPolicies, clusterPolicies } = this.policiesInView();
    this.census.view(new PeerTerms(networkPolicies, clusterPolicies));
    const pods = new Set<PodObject>();
    const nodes = new Set<NodeObject>();
    const include = ({ owner }: AddressSlot): void => {
      if (owner?.type === 'pod') pods.add(owner.object);
      else if (owner !== undefined) nodes.add(owner.object);
    };
    for (const slot of this.localSlots) include(slot);
    for (const slot of this.ownSlots) include(slot);
    const votes = new Map<string, ReadonlyMap<IdentityId, number>>();
    const classes = [...this.census.representatives()].map(({ peerClass, slot }) => {
      include(slot);
      votes.set(formatIp(slot.address), votesOf(peerClass.groups));
      return { peerClass, address: slot.address };
    });
    const namespaces = new Map<string, NamespaceObject>();
    for (const { meta } of [...pods, ...networkPolicies]) {
      const object = this.objects.namespace(meta.namespace);
      if (object !== undefined) namespaces.set(meta.namespace, object);
    }
    const objects: KubeObjects = {
      ...NO_OBJECTS,
      namespaces: [...namespaces.values()],
      nodes: [...nodes],
      pods: [...pods],
      networkPolicies,
      clusterPolicies,
    };
    const { node, allowEgressToLocalNode, observation } = this.options;
    const { enforced, staged } = separateModes(objects);
    const compiled = (part: KubeObjects): Compiled => new Compiled(buildCluster(part, { allowEgressToLocalNode }));
    const plan = compilePlan(compiled(enforced), node, {
      previous: this.current,
      representatives: votes,
      staged: staged && compiled(staged),
      ...(observation === undefined ? {} : { observation }),
    });
    const ofRange = rangeLookup(plan.ranges);
    for (const { peerClass, address } of classes) {
      peerClass.identity = plan.peers.get(formatIp(address))?.identity ?? ofRange(address);
    }
    for (const pod of plan.localPods) {
      const owner = this.slots.at(pod.address)?.owner;
      const shape = owner && labelOf(owner) === pod.pod ? this.localShapes.get(owner.shape) : undefined;
      if (shape === undefined) continue;
      shape.judged = pod;
      shape.judges = undefined;
    }
    return plan;
  }

  /** Those that may judge a local pod; whatever the others say makes no difference here. */
  private policiesInView(): Pick<KubeObjects, 'networkPolicies' | 'clusterPolicies'> {
    const namespaces = new Set<string>();
    for (const { namespace } of this.localShapes.keys()) namespaces.add(namespace);
    const networkPolicies: NetworkPolicyObject[] = [];
    for (const namespace of namespaces) {
      for (const policy of this.objects.policiesIn(namespace)) {
        if (this.mayJudge(policy)) networkPolicies.push(policy);
      }
    }
    return {
      networkPolicies,
      clusterPolicies: [...this.objects.clusterPolicies()].filter((policy) => this.mayJudge(policy)),
    };
  }

  private mayJudge(policy: NetworkPolicyObject | ClusterPolicyObject): boolean {
    for (const shape of this.localShapes.keys()) if (this.maySelect(policy, shape)) return true;
    return false;
  }

  private maySelect(policy: NetworkPolicyObject | ClusterPolicyObject, shape: Shape): boolean {
    return policy.kind === 'NetworkPolicy'
      ? shape.namespace === policy.meta.namespace && matches(policy.podSelector, shape.labelSet.labels)
      : this.maySubject(policy.subject, shape);
  }

  private maySubject(
    { namespaceSelector, podSelector }: ClusterPolicyObject['subject'],
    { namespace, labelSet }: Shape,
  ): boolean {
    const object = this.objects.namespace(namespace);
    // Where labels are unknown, or a selector is not understood, it may select anybody (D14, S157).
    const may = (selector: LabelSelector, labels: Labels): boolean => selector.invalid || matches(selector, labels);
    const inNamespace = object === undefined || may(namespaceSelector, namespaceLabels(namespace, object.meta.labels));
    return inNamespace && may(podSelector, labelSet.labels);
  }

  // ---- the plan, entry by entry -------------------------------------------------------------------------------

  private peersAfter(moved: readonly AddressSlot[], { ranges }: Plan, compiled: boolean): PeerTable {
    const ofRange = rangeLookup(ranges);
    const changes = new Map<string, Peer | undefined>();
    const enter = ({ address, group }: AddressSlot): void => {
      const text = formatIp(address);
      const said = group?.said;
      const identity = said?.special === true ? said.identity : undefined;
      if (identity === this.peers.get(text)?.identity) changes.delete(text);
      else changes.set(text, identity === undefined ? undefined : { address, identity });
    };
    const say = (group: PeerGroup): boolean => {
      const [slot] = group.slots;
      const { identity } = group.peerClass;
      if (slot === undefined || identity === undefined) throw new BugError('a class without an identity');
      // The addresses of a group lie in one part of the address space, so they lie in ranges of one identity.
      const special = identity !== ofRange(slot.address);
      if (group.said?.identity === identity && group.said.special === special) return false;
      group.said = { identity, special };
      group.had = undefined;
      return true;
    };
    if (compiled) {
      for (const group of this.census.allGroups()) if (say(group)) group.slots.forEach(enter);
    } else for (const { group } of moved) if (group !== undefined && group.said === undefined) say(group);
    moved.forEach(enter);
    return changes.size === 0 ? this.peers : this.peers.with(changes);
  }

  private judgedPods(): readonly LocalPod[] {
    const list = Array.from(this.localSlots, ({ address, owner }): readonly [string, LocalPod] => {
      const judged = owner && this.localShapes.get(owner.shape)?.judged;
      if (owner === undefined || judged === undefined) throw new BugError('a local pod that was not judged');
      return [formatIp(address), { ...judged, pod: labelOf(owner), address }];
    });
    return list.toSorted(([a], [b]) => compareText(a, b)).map(([, pod]) => pod);
  }
}

export const NO_OBJECTS: KubeObjects = {
  namespaces: [],
  nodes: [],
  pods: [],
  workloads: [],
  services: [],
  endpoints: [],
  ingresses: [],
  httpRoutes: [],
  gateways: [],
  networkPolicies: [],
  clusterPolicies: [],
};

function isSamePeer(a: NodeObject, b: NodeObject): boolean {
  const [one, two] = [a.meta.labels, b.meta.labels];
  return (
    one.size === two.size &&
    [...one].every(([key, value]) => two.get(key) === value) &&
    a.addresses.length === b.addresses.length &&
    a.addresses.every(({ value }, index) => value === b.addresses[index]?.value)
  );
}

function sameMembers<T>(a: ReadonlySet<T>, b: ReadonlySet<T>): boolean {
  return a.size === b.size && [...a].every((member) => b.has(member));
}

function labelOf({ object: { meta } }: Holder): string {
  return `${meta.namespace}/${meta.name}`;
}

/** Policy sets and shadow sets that judge nobody any more go. */
function setsInUse(base: Plan, localPods: readonly LocalPod[]): Pick<Plan, 'policySets' | 'shadowSets'> {
  const { policySets, shadowSets } = base;
  if (localPods === base.localPods) return { policySets, shadowSets };
  const used = new Set(localPods.flatMap(({ ingress, egress, shadow }) => [ingress, egress, ...Object.values(shadow)]));
  const inUse = <T extends { readonly name: string }>(sets: readonly T[]): readonly T[] =>
    sets.every(({ name }) => used.has(name)) ? sets : sets.filter(({ name }) => used.has(name));
  return { policySets: inUse(policySets), shadowSets: inUse(shadowSets) };
}

function votesOf(groups: Iterable<PeerGroup>): ReadonlyMap<IdentityId, number> {
  const votes = new Map<IdentityId, number>();
  const add = (id: IdentityId, count: number): void => void votes.set(id, (votes.get(id) ?? 0) + count);
  for (const { said, had, slots } of groups) {
    if (said !== undefined) add(said.identity, slots.size);
    else for (const [id, count] of had ?? []) add(id, count);
  }
  return votes;
}

function sameCidrs(a: readonly Cidr[], b: readonly Cidr[]): boolean {
  return a.length === b.length && a.every((cidr, index) => cidr === b[index]);
}
