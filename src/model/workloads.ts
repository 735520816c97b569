/** Pods grouped under the workloads that own them; a workload without Pod objects gets one pod that stands for its replicas. */
import type { KubeObjects, Labels, PodObject, WorkloadKind, WorkloadObject } from '../kube/objects.ts';
import type { ClusterWorkload, EndedObject } from './entities.ts';
import { compareText, sortedUnique } from './order.ts';
import { Owners, ownerKey, type OwnerName } from './owners.ts';
import type { PodRow } from './pods.ts';
import { formatIp } from '../base/inet-format.ts';

/** Pods and workloads in their final order; `namespace` values are indexes into the sorted namespaces. */
export interface PodsAndWorkloads {
  readonly pods: readonly PodRow[];
  readonly workloads: readonly ClusterWorkload[];
  readonly ended: readonly EndedObject[];
}

interface Draft {
  readonly owner: OwnerName;
  readonly object: WorkloadObject | PodObject | undefined;
  /** Index of the workload, once all are known. */
  index: number;
  count: number;
  readonly pods: number[];
}

interface Member {
  readonly draft: Draft;
  readonly name: string;
  readonly object: PodObject | WorkloadObject;
  readonly count: number;
}

const NO_KEYS: ReadonlySet<string> = new Set();

/**
 * Labels that controllers add to the pods they make. A template does not tell their values (and older servers do not
 * set all of them), so a selector that asks for them has no certain answer (D14).
 */
const CONTROLLER_LABELS: Readonly<Record<WorkloadKind, ReadonlySet<string>>> = {
  Deployment: new Set(['pod-template-hash']),
  ReplicaSet: NO_KEYS,
  ReplicationController: NO_KEYS,
  StatefulSet: new Set([
    'statefulset.kubernetes.io/pod-name',
    'apps.kubernetes.io/pod-index',
    'controller-revision-hash',
  ]),
  DaemonSet: new Set(['controller-revision-hash', 'pod-template-generation']),
  Job: new Set(['controller-uid', 'batch.kubernetes.io/controller-uid', 'batch.kubernetes.io/job-completion-index']),
  CronJob: new Set([
    'job-name',
    'batch.kubernetes.io/job-name',
    'controller-uid',
    'batch.kubernetes.io/controller-uid',
    'batch.kubernetes.io/job-completion-index',
  ]),
};

export function groupPods(objects: KubeObjects, namespaceIndex: ReadonlyMap<string, number>): PodsAndWorkloads {
  const workloadObjects = sortedUnique(objects.workloads);
  const owners = new Owners(workloadObjects);
  const { live, ended } = livePods(sortedUnique(objects.pods));
  const drafts = new Map<string, Draft>();
  const draftOf = (owner: OwnerName, object: WorkloadObject | PodObject | undefined): Draft => {
    const key = ownerKey(owner);
    let draft = drafts.get(key);
    if (draft === undefined) {
      draft = { owner, object, index: -1, count: 0, pods: [] };
      drafts.set(key, draft);
    }
    return draft;
  };

  const members: Member[] = [];
  // Pods of one ReplicaSet come in dozens, mostly one after the other: ask for its owner once.
  const byOwner = new Map<string, Draft>();
  let last: PodObject | undefined;
  let draft: Draft | undefined;
  for (const pod of live) {
    if (draft === undefined || !sameOwner(pod, last)) {
      const { owner: direct, namespace } = pod.meta;
      const key = direct === undefined ? '' : ownerKey({ namespace, kind: direct.kind, name: direct.name });
      draft = direct === undefined ? undefined : byOwner.get(key);
      if (draft === undefined) {
        const owner = owners.topOwner('Pod', pod.meta, pod.pod.labels);
        draft = draftOf(owner, owner.kind === 'Pod' ? pod : owners.find(owner));
        // A static pod's owner is a node, which owns pods that are workloads of their own.
        if (owner.kind !== 'Pod') byOwner.set(key, draft);
      }
    }
    last = draft.owner.kind === 'Pod' ? undefined : pod;
    members.push({ draft, name: pod.meta.name, object: pod, count: 1 });
  }
  const finished = new Set<string>();
  for (const pod of ended.pods) {
    const owner = owners.topOwner('Pod', pod.meta, pod.pod.labels);
    if (owner.kind === 'Job') finished.add(ownerKey(owner));
  }
  const standIns = addStandIns(workloadObjects, owners, drafts, draftOf, finished, ended.list, objects.nodes.length);
  // Live pods are in order already.
  const all = standIns.length === 0 ? members : [...members, ...standIns].sort(compareMembers);
  return number(all, [...drafts.values()], namespaceIndex, ended.list);
}

function addStandIns(
  workloadObjects: readonly WorkloadObject[],
  owners: Owners,
  drafts: ReadonlyMap<string, Draft>,
  draftOf: (owner: OwnerName, object: WorkloadObject | undefined) => Draft,
  finished: ReadonlySet<string>,
  ended: EndedObject[],
  nodeCount: number,
): Member[] {
  const members: Member[] = [];
  const withPods = new Set(drafts.keys());
  for (const object of workloadObjects) {
    const top = owners.topOwner(object.kind, object.meta, object.template.labels);
    const key = ownerKey(top);
    if (withPods.has(key)) continue;
    const topObject = owners.find(top);
    const isTop = topObject === object;
    // The template of an owner that is part of the input speaks for what it owns.
    if (!isTop && topObject !== undefined) continue;
    // Old ReplicaSets of an owner that the input lacks are kept at 0 for rollbacks.
    if (!isTop && object.replicas === 0) continue;
    if (finished.has(key)) {
      ended.push({ kind: 'Job', namespace: top.namespace, name: top.name, why: 'every pod of it has ended' });
      continue;
    }
    const unspecified = object.kind === 'DaemonSet' ? Math.max(1, nodeCount) : 1;
    members.push({
      draft: draftOf(top, topObject),
      name: object.meta.name,
      object,
      count: object.replicas ?? unspecified,
    });
  }
  return members;
}

/** S95, D15: ended pods count no more, and a terminating pod whose address a live pod has is gone. */
function livePods(pods: readonly PodObject[]): {
  live: readonly PodObject[];
  ended: { pods: readonly PodObject[]; list: EndedObject[] };
} {
  const endedPods: PodObject[] = [];
  const list: EndedObject[] = [];
  const candidates: PodObject[] = [];
  const staying = new Set<string>();
  const leaving = pods.some((pod) => pod.terminating);
  for (const pod of pods) {
    if (pod.phase === 'Succeeded' || pod.phase === 'Failed') {
      endedPods.push(pod);
      list.push({ kind: 'Pod', namespace: pod.meta.namespace, name: pod.meta.name, why: `its phase is ${pod.phase}` });
      continue;
    }
    candidates.push(pod);
    if (leaving && !pod.terminating && !pod.pod.hostNetwork) for (const ip of pod.ips) staying.add(formatIp(ip));
  }
  const live: PodObject[] = [];
  for (const pod of candidates) {
    if (pod.terminating && !pod.pod.hostNetwork && pod.ips.some((ip) => staying.has(formatIp(ip)))) {
      const why = 'it is terminating and its address already belongs to another pod';
      list.push({ kind: 'Pod', namespace: pod.meta.namespace, name: pod.meta.name, why });
    } else live.push(pod);
  }
  return { live, ended: { pods: endedPods, list } };
}

function sameOwner(pod: PodObject, other: PodObject | undefined): boolean {
  const [a, b] = [pod.meta.owner, other?.meta.owner];
  if (a === undefined || b === undefined) return false;
  return a.name === b.name && a.kind === b.kind && pod.meta.namespace === other?.meta.namespace;
}

function compareMembers(a: Member, b: Member): number {
  return compareText(a.draft.owner.namespace, b.draft.owner.namespace) || compareText(a.name, b.name);
}

function number(
  members: readonly Member[],
  drafts: Draft[],
  namespaceIndex: ReadonlyMap<string, number>,
  ended: EndedObject[],
): PodsAndWorkloads {
  drafts.sort(
    (a, b) =>
      compareText(a.owner.namespace, b.owner.namespace) ||
      compareText(a.owner.name, b.owner.name) ||
      compareText(a.owner.kind, b.owner.kind),
  );
  drafts.forEach((draft, index) => (draft.index = index));
  const rows = members.map((member, pod) => {
    const { draft, count } = member;
    draft.pods.push(pod);
    draft.count += count;
    return podRow(member, namespaceIndex.get(draft.owner.namespace) ?? -1, draft.index);
  });
  const workloads = drafts.map(({ owner: { namespace, kind, name }, object, index, count, pods }): ClusterWorkload => ({
    index,
    id: `${namespace}/${kind}/${name}`,
    namespace: namespaceIndex.get(namespace) ?? -1,
    kind,
    name,
    pods,
    podCount: count,
    hostNetwork: pods.every((pod) => rows[pod]?.hostNetwork === true),
    object,
  }));
  return { pods: rows, workloads, ended };
}

function podRow(member: Member, namespace: number, workload: number): PodRow {
  const { object, name, count } = member;
  if (object.kind === 'Pod') {
    const { labels, ports, hostNetwork, nodeName } = object.pod;
    // A host-network pod has its node's addresses; `hostIPs` says them before `podIPs` does.
    const ips = hostNetwork && object.ips.length === 0 ? object.hostIps : object.ips;
    const terminating = object.terminating;
    const facts = { labels, unknownLabels: NO_KEYS, ports, ips, hostNetwork, nodeName };
    return { namespace, name, ...facts, workload, synthetic: false, count, terminating };
  }
  const { ports, hostNetwork, nodeName } = object.template;
  const labels = object.kind === 'Job' ? jobLabels(object) : object.template.labels;
  const unknownLabels = unknownLabelsOf(object.kind, labels);
  const facts = { labels, unknownLabels, ports, ips: [], hostNetwork, nodeName };
  return { namespace, name, ...facts, workload, synthetic: true, count, terminating: false };
}

/** The Job controller names the Job on its pods. */
function jobLabels(job: WorkloadObject): Labels {
  const labels = new Map(job.template.labels);
  labels.set('job-name', job.meta.name);
  labels.set('batch.kubernetes.io/job-name', job.meta.name);
  return labels;
}

function unknownLabelsOf(kind: WorkloadKind, labels: Labels): ReadonlySet<string> {
  const keys = CONTROLLER_LABELS[kind];
  for (const key of keys) {
    if (labels.has(key)) return new Set([...keys].filter((k) => !labels.has(k)));
  }
  return keys;
}
