/** The plan of one node, kept current while objects come and go. */
import type { Cidr, IpAddress } from '../base/inet.ts';
import { Engine } from '../engine/engine.ts';
import type { KubeObject, KubeObjects, NetworkPolicyObject, NodeObject, PodObject } from '../kube/objects.ts';
import { matches } from '../kube/selectors.ts';
import { buildCluster, type Cluster } from '../model/cluster.ts';
import { LivePlan, NO_OBJECTS } from './live-plan.ts';
import { separateNodeAddresses } from './node-addresses.ts';
import type { Observation } from './observation.ts';
import { RangesOfNode } from './ranges-of-node.ts';
import { separateModes, type ModeRemark } from './policy-mode.ts';
import type { Plan } from './plan.ts';

export interface NodePlannerOptions {
  readonly node: string;
  /**
   * Ranges in which only local pods have their addresses (D13), see `PlanOptions.closedRanges`; `node-pod-cidrs`: those
   * of the own Node object, unless a pod of another node has an address in them, which shows that the network plugin
   * hands out addresses by other rules.
   */
  readonly closedRanges?: readonly Cidr[] | 'node-pod-cidrs';
  /** Exempt egress to the own node from NetworkPolicy (D1). */
  readonly allowEgressToLocalNode?: boolean;
  /** What the table tells about packets; nothing unless asked for. */
  readonly observation?: Observation;
}

export interface ObjectKey {
  readonly kind: KubeObject['kind'];
  /** `''` for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
}

export interface ObjectChanges {
  /** New, or in the place of the object of the same kind, namespace and name. */
  readonly upserted: readonly KubeObject[];
  readonly deleted: readonly ObjectKey[];
}

/**
 * How urgent a change is, most urgent first:
 * - `local-pod`: a pod of this node comes, goes or changes: its packets may be on the way already
 * - `policy`: a policy, or a namespace
 * - `cluster`: everybody else: pods and nodes elsewhere
 */
export type ChangeScope = 'local-pod' | 'policy' | 'cluster';

/**
 * Holds the objects and the plan that follows from them. Engines, which only whoever asks for reasons needs, are made
 * when they are asked for.
 */
export class NodePlanner {
  private readonly options: NodePlannerOptions;
  private readonly objects = new Map<KubeObject['kind'], Map<string, Map<string, KubeObject>>>();
  private readonly live: LivePlan;
  private readonly ownRanges: RangesOfNode;
  private engines: Engines | undefined;
  private remarks: readonly ModeRemark[] | undefined;

  constructor(options: NodePlannerOptions) {
    this.options = options;
    const { node, allowEgressToLocalNode = false, observation } = options;
    this.ownRanges = new RangesOfNode(node, () => this.all('Pod'));
    this.live = new LivePlan(
      { node, allowEgressToLocalNode, observation },
      {
        namespace: (name) => this.held('Namespace', '', name),
        policiesIn: (namespace) => this.in('NetworkPolicy', namespace),
        clusterPolicies: () => CLUSTER_POLICIES.flatMap((kind) => this.all(kind)),
        closedRanges: () => this.closedRanges(),
      },
    );
  }

  /** Forgets everything but these. */
  reset(objects: Iterable<KubeObject>): void {
    const kept = [...objects];
    const stays = new Set(kept.map(({ kind, meta }) => `${kind}\n${meta.namespace}\n${meta.name}`));
    const deleted: ObjectKey[] = [];
    for (const [kind, byNamespace] of this.objects) {
      for (const [namespace, byName] of byNamespace) {
        for (const name of byName.keys()) {
          if (!stays.has(`${kind}\n${namespace}\n${name}`)) deleted.push({ kind, namespace, name });
        }
      }
    }
    this.change({ upserted: kept, deleted });
  }

  /** @returns the most urgent scope among the changes; `undefined` when they change nothing */
  change({ upserted, deleted }: ObjectChanges): ChangeScope | undefined {
    let scope: ChangeScope | undefined;
    const touched = (before: KubeObject | undefined, after: KubeObject | undefined): void => {
      if (before === after) return;
      for (const object of [before, after]) {
        if (object !== undefined) scope = moreUrgent(scope, this.scopeOf(object));
      }
      this.tell(before, after);
    };
    for (const key of deleted) touched(this.remove(key), undefined);
    for (const object of upserted) touched(this.put(object), object);
    if (scope !== undefined) this.engines = undefined;
    return scope;
  }

  /** What is held under the name. */
  object({ kind, namespace, name }: ObjectKey): KubeObject | undefined {
    return this.objects.get(kind)?.get(namespace)?.get(name);
  }

  /** Of all objects as they are now. The same object until something changes. */
  plan(): Plan {
    return this.live.plan();
  }

  /** Answers for the policies that are in force. Takes as long as the cluster is large, once after each change. */
  get engine(): Engine {
    return this.enginesNow().engine;
  }

  get cluster(): Cluster {
    return this.engine.cluster;
  }

  /** As if the policies in audit mode were in force as well; `undefined` when there are none. */
  get stagedEngine(): Engine | undefined {
    return this.enginesNow().stagedEngine;
  }

  /** Who has the address, as of the last plan: a pod of the pod network, or a node. */
  ownerOf(address: IpAddress): PodObject | NodeObject | undefined {
    return this.live.ownerOf(address);
  }

  /**
   * Engines that know only who has these addresses, and the policies that may judge them. What they say about a
   * connection between two of the addresses is what {@link engine} says; how long it takes to make them depends on those
   * policies alone.
   */
  enginesAmong(addresses: readonly IpAddress[]): Engines {
    const pods = new Set<PodObject>();
    const nodes = new Set<NodeObject>();
    for (const address of addresses) {
      const owner = this.ownerOf(address);
      if (owner?.kind === 'Pod') pods.add(owner);
      else if (owner !== undefined) nodes.add(owner);
    }
    const namespaces = [...new Set([...pods].map(({ meta }) => meta.namespace))];
    const mayJudge = ({ podSelector, meta }: NetworkPolicyObject): boolean => {
      const selected = ({ meta: { namespace }, pod }: PodObject): boolean =>
        namespace === meta.namespace && matches(podSelector, pod.labels);
      return podSelector.invalid || [...pods].some(selected);
    };
    return this.makeEngines({
      ...NO_OBJECTS,
      namespaces: namespaces.flatMap((name) => this.held('Namespace', '', name) ?? []),
      networkPolicies: namespaces.flatMap((name) => [...this.in('NetworkPolicy', name)].filter(mayJudge)),
      clusterPolicies: CLUSTER_POLICIES.flatMap((kind) => this.all(kind)),
      pods: [...pods],
      nodes: [...nodes],
    });
  }

  /** Mode annotations that are not understood. */
  get modeRemarks(): readonly ModeRemark[] {
    this.remarks ??= separateModes(this.policies()).remarks;
    return this.remarks;
  }

  scopeOf(object: KubeObject): ChangeScope {
    switch (object.kind) {
      case 'Pod':
        return object.pod.nodeName === this.options.node ? 'local-pod' : 'cluster';
      case 'Namespace':
      case 'NetworkPolicy':
      case 'ClusterNetworkPolicy':
      case 'AdminNetworkPolicy':
      case 'BaselineAdminNetworkPolicy':
        return 'policy';
      default:
        return 'cluster';
    }
  }

  /** One object is gone, new, or in the place of another of the same name. */
  private tell(before: KubeObject | undefined, after: KubeObject | undefined): void {
    const object = after ?? before;
    switch (object?.kind) {
      case 'Pod':
        this.live.podChanged(asA('Pod', before), asA('Pod', after));
        this.ownRanges.podChanged(asA('Pod', before), asA('Pod', after));
        return;
      case 'Node':
        this.live.nodeChanged(asA('Node', before), asA('Node', after));
        return;
      case 'Namespace':
        this.remarks = undefined;
        this.live.namespaceChanged(object.meta.name);
        return;
      case 'NetworkPolicy':
      case 'ClusterNetworkPolicy':
      case 'AdminNetworkPolicy':
      case 'BaselineAdminNetworkPolicy':
        this.remarks = undefined;
        for (const each of [before, after]) if (each?.kind === object.kind) this.live.policyChanged(each);
        return;
      default:
    }
  }

  private enginesNow(): Engines {
    if (this.engines !== undefined) return this.engines;
    const objects = { ...this.policies(), nodes: this.all('Node'), pods: this.all('Pod') };
    this.engines = this.makeEngines(separateNodeAddresses(objects));
    return this.engines;
  }

  private makeEngines(objects: KubeObjects): Engines {
    const { enforced, staged } = separateModes(objects);
    const { allowEgressToLocalNode = false } = this.options;
    const engine = (part: KubeObjects): Engine => new Engine(buildCluster(part, { allowEgressToLocalNode }));
    return { engine: engine(enforced), stagedEngine: staged && engine(staged) };
  }

  private closedRanges(): readonly Cidr[] {
    const { closedRanges = [], node } = this.options;
    if (closedRanges !== 'node-pod-cidrs') return closedRanges;
    return this.ownRanges.of(this.held('Node', '', node));
  }

  /** With the namespaces that they lie in, and nobody else. */
  private policies(): KubeObjects {
    return {
      ...NO_OBJECTS,
      namespaces: this.all('Namespace'),
      networkPolicies: this.all('NetworkPolicy'),
      clusterPolicies: CLUSTER_POLICIES.flatMap((kind) => this.all(kind)),
    };
  }

  private held<K extends KubeObject['kind']>(kind: K, namespace: string, name: string): Of<K> | undefined {
    return asA(kind, this.object({ kind, namespace, name }));
  }

  private *in<K extends KubeObject['kind']>(kind: K, namespace: string): Generator<Of<K>> {
    // Objects stand under their own kind.
    for (const object of this.objects.get(kind)?.get(namespace)?.values() ?? []) yield object as Of<K>;
  }

  private all<K extends KubeObject['kind']>(kind: K): Of<K>[] {
    const found: Of<K>[] = [];
    for (const byName of this.objects.get(kind)?.values() ?? []) {
      for (const object of byName.values()) found.push(object as Of<K>);
    }
    return found;
  }

  private put(object: KubeObject): KubeObject | undefined {
    const { kind, meta } = object;
    const byNamespace = this.objects.get(kind) ?? new Map<string, Map<string, KubeObject>>();
    const byName = byNamespace.get(meta.namespace) ?? new Map<string, KubeObject>();
    this.objects.set(kind, byNamespace);
    byNamespace.set(meta.namespace, byName);
    const before = byName.get(meta.name);
    byName.set(meta.name, object);
    return before;
  }

  private remove({ kind, namespace, name }: ObjectKey): KubeObject | undefined {
    const byNamespace = this.objects.get(kind);
    const byName = byNamespace?.get(namespace);
    const before = byName?.get(name);
    if (byName?.delete(name) === true && byName.size === 0) byNamespace?.delete(namespace);
    return before;
  }
}

export interface Engines {
  readonly engine: Engine;
  readonly stagedEngine: Engine | undefined;
}

type Of<K extends KubeObject['kind']> = Extract<KubeObject, { readonly kind: K }>;

function asA<K extends KubeObject['kind']>(kind: K, object: KubeObject | undefined): Of<K> | undefined {
  return object?.kind === kind ? (object as Of<K>) : undefined;
}

const CLUSTER_POLICIES = ['ClusterNetworkPolicy', 'AdminNetworkPolicy', 'BaselineAdminNetworkPolicy'] as const;

const URGENCY: Readonly<Record<ChangeScope, number>> = { 'local-pod': 2, policy: 1, cluster: 0 };

export function moreUrgent(a: ChangeScope | undefined, b: ChangeScope): ChangeScope {
  return a !== undefined && URGENCY[a] >= URGENCY[b] ? a : b;
}
