/** The plan of one node, kept current while objects come and go. */
import type { Cidr } from '../base/inet.ts';
import { Engine } from '../engine/engine.ts';
import type { KubeObject, KubeObjects } from '../kube/objects.ts';
import { buildCluster, type Cluster } from '../model/cluster.ts';
import { compilePlan } from './compile-plan.ts';
import { separateNodeAddresses } from './node-addresses.ts';
import type { Observation } from './observation.ts';
import { rangesOfNode } from './ranges-of-node.ts';
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

/** Holds the objects; everything derived from them is made when it is asked for, and kept until they change. */
export class NodePlanner {
  private readonly options: NodePlannerOptions;
  private readonly objects = new Map<KubeObject['kind'], Map<string, Map<string, KubeObject>>>();
  /** The last plan that was made: identities keep their numbers. */
  private previous: Plan | undefined;
  private current: Derived | undefined;

  constructor(options: NodePlannerOptions) {
    this.options = options;
  }

  /** Forgets everything, and begins with these. */
  reset(objects: Iterable<KubeObject>): void {
    this.objects.clear();
    this.current = undefined;
    for (const object of objects) this.put(object);
  }

  /** @returns the most urgent scope among the changes; `undefined` when they change nothing */
  change({ upserted, deleted }: ObjectChanges): ChangeScope | undefined {
    let scope: ChangeScope | undefined;
    const touched = (object: KubeObject | undefined): void => {
      if (object !== undefined) scope = moreUrgent(scope, this.scopeOf(object));
    };
    for (const key of deleted) touched(this.remove(key));
    for (const object of upserted) {
      touched(this.put(object));
      touched(object);
    }
    if (scope !== undefined) this.current = undefined;
    return scope;
  }

  /** What is held under the name. */
  object({ kind, namespace, name }: ObjectKey): KubeObject | undefined {
    return this.objects.get(kind)?.get(namespace)?.get(name);
  }

  /** Of all objects as they are now. The same object until something changes. */
  plan(): Plan {
    return this.derived().plan;
  }

  /** Answers for the policies that are in force, on the cluster that {@link plan} was made from. */
  get engine(): Engine {
    return this.derived().engine;
  }

  get cluster(): Cluster {
    return this.derived().engine.cluster;
  }

  /** As if the policies in audit mode were in force as well; `undefined` when there are none. */
  get stagedEngine(): Engine | undefined {
    return this.derived().stagedEngine;
  }

  /** Mode annotations that are not understood. */
  get modeRemarks(): readonly ModeRemark[] {
    return this.derived().remarks;
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

  private derived(): Derived {
    if (this.current !== undefined) return this.current;
    const { enforced, staged, remarks } = separateModes(separateNodeAddresses(this.collect()));
    const { allowEgressToLocalNode = false, observation } = this.options;
    const engine = new Engine(buildCluster(enforced, { allowEgressToLocalNode }));
    const stagedEngine =
      staged === undefined ? undefined : new Engine(buildCluster(staged, { allowEgressToLocalNode }));
    const plan = compilePlan(engine.compiled, this.options.node, {
      closedRanges: this.closedRanges(enforced),
      previous: this.previous,
      staged: stagedEngine?.compiled,
      ...(observation === undefined ? {} : { observation }),
    });
    this.previous = plan;
    this.current = { plan, engine, stagedEngine, remarks };
    return this.current;
  }

  private closedRanges(objects: KubeObjects): readonly Cidr[] {
    const { closedRanges = [], node } = this.options;
    return closedRanges === 'node-pod-cidrs' ? rangesOfNode(node, objects) : closedRanges;
  }

  private collect(): KubeObjects {
    return {
      namespaces: this.all('Namespace'),
      nodes: this.all('Node'),
      pods: this.all('Pod'),
      workloads: [],
      services: [],
      endpoints: [],
      ingresses: [],
      httpRoutes: [],
      gateways: [],
      networkPolicies: this.all('NetworkPolicy'),
      clusterPolicies: [
        ...this.all('ClusterNetworkPolicy'),
        ...this.all('AdminNetworkPolicy'),
        ...this.all('BaselineAdminNetworkPolicy'),
      ],
    };
  }

  private all<K extends KubeObject['kind']>(kind: K): Extract<KubeObject, { readonly kind: K }>[] {
    const found: Extract<KubeObject, { readonly kind: K }>[] = [];
    for (const byName of this.objects.get(kind)?.values() ?? []) {
      // Objects stand under their own kind.
      for (const object of byName.values()) found.push(object as Extract<KubeObject, { readonly kind: K }>);
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

interface Derived {
  readonly plan: Plan;
  readonly engine: Engine;
  readonly stagedEngine: Engine | undefined;
  readonly remarks: readonly ModeRemark[];
}

const URGENCY: Readonly<Record<ChangeScope, number>> = { 'local-pod': 2, policy: 1, cluster: 0 };

export function moreUrgent(a: ChangeScope | undefined, b: ChangeScope): ChangeScope {
  return a !== undefined && URGENCY[a] >= URGENCY[b] ? a : b;
}
