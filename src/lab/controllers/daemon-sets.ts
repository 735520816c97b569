/** A pod on each node. */
import { type JsonObject, sameJson } from '../api/json.ts';
import { claimPods, OwnerWatch } from './claims.ts';
import { conditionsOf, statusFields } from './conditions.ts';
import { type Controller, keyOf, splitKey, type Surroundings } from './controller.ts';
import { ensureRevisions, hashOf, REVISION_HASH, trimRevisions } from './controller-revisions.ts';
import { countOf } from './deployment-scaling.ts';
import { isReadyNode, mayStay, unfitness } from './node-fit.ts';
import { PodMaking, podFromTemplate, refusalOf } from './pod-making.ts';
import { availableInMs, compareText, isOver, isReady } from './pod-state.ts';
import {
  createdMs,
  isGoing,
  isTrueAt,
  labelsOf,
  nameOf,
  namespaceOf,
  numberAt,
  objectAt,
  objectsAt,
  textAt,
  textsAt,
  valueAt,
} from '../api/field-values.ts';
import type { SyncResult } from './work-loop.ts';
import { DAEMON_SETS, PODS, type Writer, writer } from './writer.ts';

const COMPONENT = 'daemonset-controller';
/** A pod that has failed is made anew only after so long, or it might go on without end. */
const FAILED_PAUSE_MS = 10_000;
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';

export function daemonSetController({ rest, clock, events, index }: Surroundings): Controller {
  const write = writer(rest, COMPONENT);
  const making = new PodMaking(write, { events, index }, COMPONENT);
  const watch = new OwnerWatch('DaemonSet', 'daemonsets.apps', 'pods');
  const known = new Set<string>();

  const nodes = (): readonly JsonObject[] =>
    rest.store.list({ group: '', plural: 'nodes' }, '').items.filter((node) => !isGoing(node));

  /** Makes and removes pods; when to look again. */
  const place = (set: JsonObject, plan: Placement, hash: string): number | undefined => {
    let againMs: number | undefined;
    for (const pod of plan.misplaced) making.remove(set, pod);
    for (const [node, pods] of plan.byNode) {
      const failed = pods.filter((pod) => isOver(pod) && !isGoing(pod));
      for (const pod of failed) {
        const leftMs = createdMs(pod) + FAILED_PAUSE_MS - clock.calendarMs();
        if (leftMs > 0) againMs = Math.min(againMs ?? leftMs, leftMs);
        else removeFailed(set, pod, node);
      }
      const live = pods.filter((pod) => !isOver(pod) && !isGoing(pod));
      for (const pod of live.toSorted(byAge).slice(1)) making.remove(set, pod);
      if (pods.length === 0) making.create(set, daemonPod(set, node, hash));
    }
    return againMs;
  };

  const removeFailed = (set: JsonObject, pod: JsonObject, node: string): void => {
    const message = `Found failed daemon pod ${namespaceOf(pod)}/${nameOf(pod)} on node ${node}, will try to kill it`;
    events.record({ about: set, type: 'Warning', reason: 'FailedDaemonPod', message, component: COMPONENT });
    write.remove(PODS, pod);
  };

  /** Removes pods of former templates, as many as may be missing at a time. */
  const roll = (set: JsonObject, plan: Placement, hash: string): void => {
    if (textAt(set, 'spec', 'updateStrategy', 'type') === 'OnDelete') return;
    const bound = valueAt(set, 'spec', 'updateStrategy', 'rollingUpdate', 'maxUnavailable') ?? 1;
    const surge = valueAt(set, 'spec', 'updateStrategy', 'rollingUpdate', 'maxSurge') ?? 0;
    const most = Math.max(1, countOf(bound, plan.byNode.size, 'up'), countOf(surge, plan.byNode.size, 'up'));
    let missing = 0;
    const old: JsonObject[] = [];
    for (const pods of plan.byNode.values()) {
      const pod = pods.find((each) => !isGoing(each) && !isOver(each));
      const isOld = pod !== undefined && labelsOf(pod).get(REVISION_HASH) !== hash;
      if (pod !== undefined && isAvailable(set, pod)) {
        if (isOld) old.push(pod);
        continue;
      }
      missing += 1;
      // One that does not work is no loss.
      if (isOld) making.remove(set, pod);
    }
    for (const pod of old.slice(0, Math.max(0, most - missing))) making.remove(set, pod);
  };

  const isAvailable = (set: JsonObject, pod: JsonObject): boolean =>
    availableInMs(pod, numberAt(set, 'spec', 'minReadySeconds') ?? 0, clock.calendarMs()) === 0;

  const sync = (key: string): SyncResult | undefined => {
    const { namespace, name } = splitKey(key);
    const set = write.find(DAEMON_SETS, namespace, name);
    if (set === undefined) {
      known.delete(key);
      return undefined;
    }
    known.add(key);
    if (isGoing(set)) return undefined;
    const revisions = ensureRevisions(write, index, set);
    const hash = hashOf(revisions.update);
    const pods = (): readonly JsonObject[] => claimPods(write, index, set);
    let againMs: number | undefined;
    const failure = refusalOf(() => {
      againMs = place(set, placement(set, nodes(), pods()), hash);
      roll(set, placement(set, nodes(), pods()), hash);
    });
    const plan = placement(set, nodes(), pods());
    setStatus(write, key, plan, hash, (pod) => isAvailable(set, pod));
    const used = new Set(pods().map((pod) => `${name}-${labelsOf(pod).get(REVISION_HASH) ?? ''}`));
    trimRevisions(write, set, revisions, used.add(nameOf(revisions.update)));
    if (failure !== undefined) throw failure;
    const soon = [...plan.byNode.values()].flat().flatMap((pod) => {
      const ms = availableInMs(pod, numberAt(set, 'spec', 'minReadySeconds') ?? 0, clock.calendarMs());
      return ms === undefined || ms === 0 ? [] : [ms];
    });
    const times = againMs === undefined ? soon : [...soon, againMs];
    return { againMs: times.length === 0 ? undefined : Math.min(...times), size: plan.byNode.size };
  };

  return {
    name: 'daemon sets',
    observe: (change, dirty) => {
      watch.observe(change, dirty);
      const { type, resource, object, previous } = change;
      if (resource === 'daemonsets.apps') known.add(keyOf(namespaceOf(object), nameOf(object)));
      if (resource !== 'nodes') return;
      if (type === 'MODIFIED' && previous !== undefined && sameJson(nodeFacts(previous), nodeFacts(object))) return;
      for (const key of known) dirty(key);
    },
    sync,
  };
}

function nodeFacts(node: JsonObject): JsonObject {
  return {
    spec: objectAt(node, 'spec'),
    labels: objectAt(node, 'metadata', 'labels'),
    ready: isReadyNode(node),
    going: isGoing(node),
  };
}

interface Placement {
  /** Pods by the nodes that shall have one. */
  readonly byNode: ReadonlyMap<string, readonly JsonObject[]>;
  /** Pods on nodes that shall have none. */
  readonly misplaced: readonly JsonObject[];
}

function placement(set: JsonObject, nodes: readonly JsonObject[], pods: readonly JsonObject[]): Placement {
  const byNode = new Map<string, JsonObject[]>();
  const tolerated = new Set<string>();
  for (const node of nodes) {
    const pod = daemonPod(set, nameOf(node), '');
    if (unfitness(pod, node) === undefined) byNode.set(nameOf(node), []);
    else if (mayStay(pod, node)) tolerated.add(nameOf(node));
  }
  const misplaced: JsonObject[] = [];
  for (const pod of pods) {
    const here = byNode.get(targetOf(pod));
    if (here !== undefined) here.push(pod);
    else if (!isGoing(pod) && !tolerated.has(targetOf(pod))) misplaced.push(pod);
  }
  return { byNode, misplaced };
}

/** The node that it runs on, or that it was made for. */
function targetOf(pod: JsonObject): string {
  const bound = textAt(pod, 'spec', 'nodeName');
  if (bound !== '') return bound;
  const terms = objectsAt(pod, 'spec', 'affinity', 'nodeAffinity', REQUIRED, 'nodeSelectorTerms');
  const fields = terms.flatMap((term) => objectsAt(term, 'matchFields'));
  return fields.flatMap((field) => textsAt(field, 'values'))[0] ?? '';
}

/** Daemons run where nothing else would. */
const TOLERATED: readonly (readonly [key: string, effect: string])[] = [
  ['node.kubernetes.io/not-ready', 'NoExecute'],
  ['node.kubernetes.io/unreachable', 'NoExecute'],
  ['node.kubernetes.io/disk-pressure', 'NoSchedule'],
  ['node.kubernetes.io/memory-pressure', 'NoSchedule'],
  ['node.kubernetes.io/pid-pressure', 'NoSchedule'],
  ['node.kubernetes.io/unschedulable', 'NoSchedule'],
];

function daemonPod(set: JsonObject, node: string, hash: string): JsonObject {
  const template = objectAt(set, 'spec', 'template');
  const spec = objectAt(template, 'spec');
  const network: readonly (readonly [string, string])[] = isTrueAt(spec, 'hostNetwork')
    ? [['node.kubernetes.io/network-unavailable', 'NoSchedule']]
    : [];
  const tolerations = [
    ...objectsAt(spec, 'tolerations'),
    ...[...TOLERATED, ...network].map(([key, effect]) => ({ key, operator: 'Exists', effect })),
  ];
  const given = objectsAt(spec, 'affinity', 'nodeAffinity', REQUIRED, 'nodeSelectorTerms');
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [node] }];
  const nodeSelectorTerms = (given.length === 0 ? [{}] : given).map((term) => ({ ...term, matchFields }));
  const nodeAffinity = { ...objectAt(spec, 'affinity', 'nodeAffinity'), [REQUIRED]: { nodeSelectorTerms } };
  return podFromTemplate(set, template, {
    labels: { [REVISION_HASH]: hash },
    spec: { tolerations, affinity: { ...objectAt(spec, 'affinity'), nodeAffinity } },
  });
}

function setStatus(
  write: Writer,
  key: string,
  { byNode, misplaced }: Placement,
  hash: string,
  isAvailable: (pod: JsonObject) => boolean,
): void {
  const { namespace, name } = splitKey(key);
  const set = write.find(DAEMON_SETS, namespace, name);
  if (set === undefined) return;
  const live = [...byNode.values()].flatMap((pods) => pods.filter((pod) => !isGoing(pod)).slice(0, 1));
  const available = live.filter(isAvailable).length;
  const always = ['currentNumberScheduled', 'numberMisscheduled', 'desiredNumberScheduled', 'numberReady'];
  const status = statusFields(
    [
      ['currentNumberScheduled', live.length],
      ['numberMisscheduled', misplaced.length],
      ['desiredNumberScheduled', byNode.size],
      ['numberReady', live.filter(isReady).length],
      ['observedGeneration', numberAt(set, 'metadata', 'generation')],
      ['updatedNumberScheduled', live.filter((pod) => labelsOf(pod).get(REVISION_HASH) === hash).length],
      ['numberAvailable', available],
      ['numberUnavailable', byNode.size - available],
      ['conditions', conditionsOf(set)],
    ],
    always,
  );
  write.setStatus(DAEMON_SETS, set, status);
}

function byAge(a: JsonObject, b: JsonObject): number {
  return createdMs(a) - createdMs(b) || compareText(nameOf(a), nameOf(b));
}
