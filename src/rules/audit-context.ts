/** Everything that rules look at: one input, one engine, and analyses that several rules share. */
import { memoised } from './memoised.ts';
import { YES } from '../base/tri.ts';
import type { SourceText } from '../base/source.ts';
import { connectivityMap } from '../engine/connectivity.ts';
import type { Engine } from '../engine/engine.ts';
import type { ConnectionQuery, Endpoint } from '../engine/query.ts';
import type { Relation } from '../engine/relation.ts';
import type { ConnectivityMap } from '../engine/results.ts';
import { createEngine } from '../engine/engine.ts';
import type { ClusterPolicyObject, KubeObjects, NetworkPolicyObject } from '../kube/objects.ts';
import type { Cluster } from '../model/cluster.ts';
import { formatIp } from '../base/inet-format.ts';
import { assertNever } from '../base/assert.ts';
import type { Confidence, Witness } from './finding.ts';
import { LabelIndex } from './label-index.ts';
import { Selections } from './selections.ts';

/** Facts about ownership are read from annotations; each may have several keys, the first one preferred. */
export interface AnnotationKeys {
  readonly owner: readonly string[];
  readonly purpose: readonly string[];
  readonly reviewBy: readonly string[];
}

export const defaultAnnotationKeys: AnnotationKeys = {
  owner: ['sallyport.dev/owner', 'owner', 'a8r.io/owner', 'team', 'app.kubernetes.io/managed-by-team'],
  purpose: ['sallyport.dev/purpose', 'kubernetes.io/description', 'a8r.io/description', 'description', 'purpose'],
  reviewBy: ['sallyport.dev/review-by', 'review-by', 'expires', 'expiry'],
};

export interface AuditSettings {
  /**
   * The input is all there is: a live cluster or a full dump. What is not in it does not exist, so findings about absent
   * things are `certain` instead of `file-only`.
   */
  readonly complete: boolean;
  readonly annotationKeys: AnnotationKeys;
  /** `YYYY-MM-DD`, for what expires; absent when nobody may know the date (nothing expires then). */
  readonly today: string | undefined;
}

export const defaultAuditSettings: AuditSettings = {
  complete: false,
  annotationKeys: defaultAnnotationKeys,
  today: undefined,
};

export interface AuditInput {
  readonly objects: KubeObjects;
  readonly cluster: Cluster;
  /** Every text that was read, also those without an object of ours: ConfigMaps, comments. */
  readonly sources: readonly SourceText[];
  readonly settings?: Partial<AuditSettings>;
}

export type AnyPolicy = NetworkPolicyObject | ClusterPolicyObject;

/** Which halves of the world the input shows. A rule about something absent asks here first. */
export interface Known {
  /** At least one Namespace object: the folder speaks about namespaces at all. */
  readonly namespaces: boolean;
  /** At least one pod or workload anywhere. */
  readonly workloads: boolean;
  readonly services: boolean;
  readonly nodes: boolean;
}

export class AuditContext {
  readonly objects: KubeObjects;
  readonly cluster: Cluster;
  readonly sources: readonly SourceText[];
  readonly settings: AuditSettings;
  readonly selections: Selections;
  readonly #engine: () => Engine;
  readonly #map: () => ConnectivityMap;
  readonly #populated: () => ReadonlySet<string>;
  readonly #podLabels: () => ReadonlyMap<string, LabelIndex>;
  readonly #allPodLabels: () => LabelIndex;
  readonly #namespaceLabels: () => LabelIndex;
  readonly #policiesOf: () => ReadonlyMap<number, readonly NetworkPolicyObject[]>;
  readonly #shared = new Map<string, unknown>();

  constructor({ objects, cluster, sources, settings }: AuditInput) {
    this.objects = objects;
    this.cluster = cluster;
    this.sources = sources;
    this.settings = { ...defaultAuditSettings, ...settings };
    this.selections = new Selections(cluster);
    this.#engine = memoised(() => createEngine(cluster));
    this.#map = memoised(() => connectivityMap(this.engine));
    this.#populated = memoised(() => populatedNamespaces(cluster));
    this.#podLabels = memoised(() => podLabelIndexes(cluster));
    this.#allPodLabels = memoised(() => indexOf(cluster.pods.labels));
    this.#namespaceLabels = memoised(() =>
      indexOf(cluster.namespaces.filter(({ labelsKnown }) => labelsKnown).map(({ labels }) => labels)),
    );
    this.#policiesOf = memoised(() => policiesByPod(cluster, this.selections));
  }

  /** Made on first use: rules that only read the text never pay for it. */
  get engine(): Engine {
    return this.#engine();
  }

  /** Who may reach whom, class by class. */
  get relation(): Relation {
    return this.engine.relation();
  }

  /** Who may reach whom, by workload, and what is exposed. */
  get map(): ConnectivityMap {
    return this.#map();
  }

  get known(): Known {
    const { namespaces, nodes, services } = this.objects;
    return {
      namespaces: namespaces.length > 0,
      workloads: this.cluster.pods.length > 0,
      services: services.length > 0,
      nodes: nodes.length > 0,
    };
  }

  /** Whether the input has a pod or workload in the namespace: only then does "selects no pod" mean anything. */
  hasWorkloads(namespace: string): boolean {
    return this.#populated().has(namespace);
  }

  /** The confidence of a claim that something does not exist. */
  get absence(): Confidence {
    return this.settings.complete ? 'certain' : 'file-only';
  }

  /** Labels of the pods of one namespace, or of all. */
  podLabels(namespace?: string): LabelIndex {
    if (namespace === undefined) return this.#allPodLabels();
    return this.#podLabels().get(namespace) ?? new LabelIndex();
  }

  /** Labels of the namespaces that the input declares. */
  get namespaceLabels(): LabelIndex {
    return this.#namespaceLabels();
  }

  /** The NetworkPolicies that select a pod for certain, in order. */
  policiesOf(pod: number): readonly NetworkPolicyObject[] {
    return this.#policiesOf().get(pod) ?? [];
  }

  /** Whether a NetworkPolicy isolates the pod for certain (S71). Cluster policies do not isolate. */
  isIsolated(pod: number, direction: 'ingress' | 'egress'): boolean {
    return this.engine.isolation(this.engine.classOfPod(pod))[direction] === YES;
  }

  /** NetworkPolicies, in order. */
  get policiesByNamespace(): ReadonlyMap<string, readonly NetworkPolicyObject[]> {
    return this.shared('policies by namespace', () => {
      const groups = new Map<string, NetworkPolicyObject[]>();
      for (const policy of this.cluster.networkPolicies) {
        const group = groups.get(policy.meta.namespace);
        if (group === undefined) groups.set(policy.meta.namespace, [policy]);
        else group.push(policy);
      }
      return groups;
    });
  }

  /** Both kinds of policies, in order. */
  *policies(): Iterable<AnyPolicy> {
    yield* this.cluster.networkPolicies;
    yield* this.cluster.clusterPolicies;
  }

  /** Ids of the workloads that pods belong to, sorted, each once: for `Finding.pods`. */
  workloadIds(pods: Iterable<number>): readonly string[] {
    const indexes = new Set<number>();
    for (const pod of pods) indexes.add(this.cluster.pods.workloadOf[pod] ?? -1);
    return [...indexes].sort((a, b) => a - b).flatMap((index) => this.cluster.workloads[index]?.id ?? []);
  }

  /** As `can` takes it. */
  endpointName(endpoint: Endpoint): string {
    switch (endpoint.type) {
      case 'pod':
        return this.cluster.podLabel(endpoint.pod);
      case 'workload':
        return this.cluster.workloads[endpoint.workload]?.id ?? '';
      case 'node':
        return `Node/${this.cluster.nodes[endpoint.node]?.name ?? ''}`;
      case 'address':
        return formatIp(endpoint.ip);
      case 'range':
        return endpoint.label;
      default:
        return assertNever(endpoint);
    }
  }

  /** The witness of a question, with what is true of it. */
  witness({ from, to, protocol, port }: ConnectionQuery, text: string): Witness {
    return {
      from: this.endpointName(from),
      to: this.endpointName(to),
      protocol,
      port: protocol === 'other' ? null : port,
      text,
    };
  }

  /** An analysis that several rules share, made once per context. `name` is unique to it. */
  shared<T>(name: string, make: () => T): T {
    if (!this.#shared.has(name)) this.#shared.set(name, make());
    return this.#shared.get(name) as T;
  }
}

function populatedNamespaces({ pods, namespaces }: Cluster): ReadonlySet<string> {
  const indexes = new Set(pods.namespaceOf);
  return new Set(namespaces.filter(({ index }) => indexes.has(index)).map(({ name }) => name));
}

function podLabelIndexes(cluster: Cluster): ReadonlyMap<string, LabelIndex> {
  const indexes = new Map<string, LabelIndex>();
  cluster.pods.labels.forEach((labels, pod) => {
    const namespace = cluster.namespaceName(cluster.pods.namespaceOf[pod] ?? -1);
    let index = indexes.get(namespace);
    if (index === undefined) indexes.set(namespace, (index = new LabelIndex()));
    index.add(labels);
  });
  return indexes;
}

function indexOf(labelSets: readonly ReadonlyMap<string, string>[]): LabelIndex {
  const index = new LabelIndex();
  for (const labels of labelSets) index.add(labels);
  return index;
}

function policiesByPod(cluster: Cluster, selections: Selections): ReadonlyMap<number, readonly NetworkPolicyObject[]> {
  const byPod = new Map<number, NetworkPolicyObject[]>();
  for (const policy of cluster.networkPolicies) {
    for (const pod of selections.subjects(policy).pods) {
      const list = byPod.get(pod);
      if (list === undefined) byPod.set(pod, [policy]);
      else list.push(policy);
    }
  }
  return byPod;
}
