/** The pods of a cluster under the heading that a map is drawn by: workloads, namespaces, single pods or classes. */
import { assertNever } from '../base/assert.ts';
import type { LabelSelector } from '../kube/objects.ts';
import type { Cluster } from '../model/cluster.ts';
import { selectorMatchesPartly } from '../model/selector-match.ts';
import { podEndpointLabel } from './endpoint.ts';
import type { Engine } from './engine.ts';
import type { Endpoint } from './query.ts';
import type { MapPeer } from './results.ts';

export type MapGrouping = 'workload' | 'namespace' | 'pod' | 'class';

/** One heading: a peer of the map inside the cluster. */
export interface ViewItem {
  readonly id: string;
  /** Index of its namespace; every item lies in one. */
  readonly namespace: number;
  /** Indexes, ascending; never empty. */
  readonly pods: readonly number[];
  /** The classes of its pods, each once, ascending. */
  readonly classes: readonly number[];
  /** Those of its classes that one single pod of several has: a class says nothing of a pod and itself. */
  readonly lone: ReadonlySet<number>;
  /** As an end of questions to the engine about a class pair. */
  readonly peer: MapPeer;
}

/** In the order of namespaces and names. */
export function viewItems(engine: Engine, by: MapGrouping): readonly ViewItem[] {
  switch (by) {
    case 'workload':
      return engine.cluster.workloads.map(({ id, namespace, kind, name, pods, podCount }) =>
        item(engine, { id, namespace, kind, name, pods, count: podCount }),
      );
    case 'pod':
      return Array.from({ length: engine.cluster.pods.length }, (_, pod) => podItem(engine, pod));
    case 'namespace':
      return namespaceItems(engine);
    case 'class':
      return classItems(engine);
    default:
      return assertNever(by);
  }
}

interface Draft {
  readonly id: string;
  readonly namespace: number;
  readonly kind: string;
  readonly name: string;
  readonly pods: readonly number[];
  readonly count: number;
}

function item(
  engine: Engine,
  { id, namespace, kind, name, pods, count }: Draft,
  workloads?: readonly string[],
): ViewItem {
  const classes = classesOf(engine, pods);
  const { cluster } = engine;
  const isolations = classes.map((classId) => engine.isolation(classId));
  const peer: MapPeer = {
    id,
    type: 'workload',
    namespace: cluster.namespaceName(namespace),
    kind,
    name,
    pods: count,
    isolated: {
      ingress: isolations.every(({ ingress }) => ingress === 3),
      egress: isolations.every(({ egress }) => egress === 3),
    },
    ...(pods.every((pod) => cluster.pods.isHostNetwork(pod)) ? { hostNetwork: true as const } : {}),
    ...(workloads === undefined ? {} : { workloads }),
  };
  return { id, namespace, pods, classes, lone: loneClasses(engine, pods), peer };
}

function podItem(engine: Engine, pod: number): ViewItem {
  const { pods, workloads } = engine.cluster;
  const namespace = pods.namespaceOf[pod] ?? -1;
  const workload = workloads[pods.workloadOf[pod] ?? -1];
  const count = pods.count(pod);
  // The pod that stands for replicas goes by its workload's name.
  return pods.isSynthetic(pod) && workload !== undefined
    ? item(engine, { id: workload.id, namespace, kind: workload.kind, name: workload.name, pods: [pod], count })
    : item(engine, {
        id: podEndpointLabel(engine.cluster, pod),
        namespace,
        kind: 'Pod',
        name: pods.names[pod] ?? '',
        pods: [pod],
        count,
      });
}

function namespaceItems(engine: Engine): readonly ViewItem[] {
  const { cluster } = engine;
  const podsOf: number[][] = cluster.namespaces.map(() => []);
  for (let pod = 0; pod < cluster.pods.length; pod++) podsOf[cluster.pods.namespaceOf[pod] ?? -1]?.push(pod);
  const items: ViewItem[] = [];
  for (const { index, name } of cluster.namespaces) {
    const pods = podsOf[index] ?? [];
    if (pods.length === 0) continue;
    const id = `namespace/${name}`;
    const count = countOf(cluster, pods);
    items.push({
      id,
      namespace: index,
      pods,
      classes: classesOf(engine, pods),
      lone: loneClasses(engine, pods),
      peer: { id, type: 'namespace', name, pods: count },
    });
  }
  return items;
}

function classItems(engine: Engine): readonly ViewItem[] {
  const { cluster } = engine;
  const podsOf = new Map<number, number[]>();
  for (let pod = 0; pod < cluster.pods.length; pod++) {
    const classId = engine.classOfPod(pod);
    // Host-network pods of one node are one class whatever their namespaces; a peer lies in one namespace.
    const key = classId * cluster.namespaces.length + (cluster.pods.namespaceOf[pod] ?? 0);
    const pods = podsOf.get(key);
    if (pods === undefined) podsOf.set(key, [pod]);
    else pods.push(pod);
  }
  const sorted = [...podsOf.values()].toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
  const seen = new Map<number, number>();
  return sorted.map((pods) => {
    const namespace = cluster.pods.namespaceOf[pods[0] ?? 0] ?? -1;
    const number = seen.get(namespace) ?? 0;
    seen.set(namespace, number + 1);
    const workloads = new Set(pods.map((pod) => cluster.workloads[cluster.pods.workloadOf[pod] ?? -1]?.id ?? ''));
    const id = `${cluster.namespaceName(namespace)}/Class/${number}`;
    const count = countOf(cluster, pods);
    return item(engine, { id, namespace, kind: 'Class', name: String(number), pods, count }, [...workloads]);
  });
}

function classesOf(engine: Engine, pods: readonly number[]): readonly number[] {
  if (pods.length === 1) return [engine.classOfPod(pods[0] ?? 0)];
  return [...new Set(pods.map((pod) => engine.classOfPod(pod)))].toSorted((a, b) => a - b);
}

const NO_CLASSES: ReadonlySet<number> = new Set();

function loneClasses(engine: Engine, pods: readonly number[]): ReadonlySet<number> {
  if (pods.length === 1) return NO_CLASSES;
  const counts = new Map<number, number>();
  for (const pod of pods) {
    const classId = engine.classOfPod(pod);
    counts.set(classId, (counts.get(classId) ?? 0) + engine.cluster.pods.count(pod));
  }
  return new Set([...counts].flatMap(([classId, count]) => (count === 1 ? [classId] : [])));
}

function countOf(cluster: Cluster, pods: readonly number[]): number {
  return pods.reduce((sum, pod) => sum + cluster.pods.count(pod), 0);
}

/** Restricts a map to what lies in some namespaces and has a pod that the selector (possibly) selects. */
export interface FocusOptions {
  readonly namespaces?: readonly string[];
  readonly selector?: LabelSelector;
}

/** For each item 1 when it is in focus; `undefined` when nothing restricts the view. */
export function focusOf(engine: Engine, items: readonly ViewItem[], options: FocusOptions): Uint8Array | undefined {
  const { namespaces, selector } = options;
  if (namespaces === undefined && selector === undefined) return undefined;
  const { cluster } = engine;
  const names = namespaces === undefined ? undefined : new Set(namespaces);
  const { pods } = cluster;
  return Uint8Array.from(items, (candidate) => {
    if (names !== undefined && !names.has(cluster.namespaceName(candidate.namespace))) return 0;
    if (selector === undefined) return 1;
    const selected = candidate.pods.some((pod) => {
      const unknown = pods.unknownLabels(pod);
      return selectorMatchesPartly(selector, pods.labels[pod] ?? new Map(), (key) => unknown.has(key)) !== 0;
    });
    return selected ? 1 : 0;
  });
}

/** One end that the reader restricts a map to. */
export type MapEnd = Endpoint | { readonly type: 'namespace'; readonly namespace: number };

/** Whether an item holds (part of) the end; ranges and foreign addresses are never inside the cluster. */
export function itemHolds(cluster: Cluster, candidate: ViewItem, end: MapEnd): boolean {
  switch (end.type) {
    case 'namespace':
      return candidate.namespace === end.namespace;
    case 'pod':
      return candidate.pods.includes(end.pod);
    case 'workload':
      return candidate.pods.some((pod) => cluster.pods.workloadOf[pod] === end.workload);
    case 'node': {
      const name = cluster.nodes[end.node]?.name;
      return candidate.pods.some((pod) => cluster.pods.isHostNetwork(pod) && cluster.pods.nodeNames[pod] === name);
    }
    case 'address':
    case 'range':
      return false;
    default:
      return assertNever(end);
  }
}
