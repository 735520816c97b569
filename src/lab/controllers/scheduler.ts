/**
 * Gives each pod a node: of those that it may run on, the one with the fewest pods. Resources, preferences and topology
 * spread are not looked at: the nodes of a lab are alike.
 */
import { type JsonObject, sameJson } from '../api/json.ts';
import { systemContext } from '../api/rest/rest.ts';
import { conditionsOf, withCondition } from './conditions.ts';
import { type Controller, keyOf, type Observed, splitKey, type Surroundings } from './controller.ts';
import { isReadyNode, unfitMessage, unfitness } from './node-fit.ts';
import { neighbourObjections } from './pod-affinity.ts';
import { isOver } from './pod-state.ts';
import { timeText } from '../api/times.ts';
import { isGoing, nameOf, namespaceOf, objectAt, objectsAt, textAt } from '../api/field-values.ts';
import type { SyncResult } from './work-loop.ts';
import { PODS, writer } from './writer.ts';

const SCHEDULER = 'default-scheduler';
const TOO_MANY = 'Too many pods';

export function scheduler({ rest, clock, events, index }: Surroundings): Controller {
  const write = writer(rest, SCHEDULER);
  const context = systemContext(SCHEDULER);
  /** Keys of pods that fit nowhere as things are; those of `choosy` may fit when other pods come or go. */
  const waiting = new Set<string>();
  const choosy = new Set<string>();
  const forget = (key: string): void => {
    waiting.delete(key);
    choosy.delete(key);
  };

  const fullness = (node: JsonObject): string | undefined => {
    const most = Number(textAt(node, 'status', 'allocatable', 'pods') || Number.NaN);
    const name = nameOf(node);
    // Pods that are over take no place; counting them out is for nodes that seem full.
    if (!(index.podCountOnNode(name) >= most)) return undefined;
    return index.podsOnNode(name).filter((each) => !isOver(each)).length >= most ? TOO_MANY : undefined;
  };

  const refuse = (pod: JsonObject, message: string): void => {
    const next = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message } as const;
    const conditions = withCondition(conditionsOf(pod), next, timeText(clock.calendarMs()));
    write.setStatus(PODS, pod, { ...objectAt(pod, 'status'), conditions });
    events.record({ about: pod, type: 'Warning', reason: 'FailedScheduling', message, component: SCHEDULER });
  };

  const bind = (pod: JsonObject, node: string): void => {
    const resource = rest.find(...PODS);
    if (resource === undefined) return;
    const [namespace, name] = [namespaceOf(pod), nameOf(pod)];
    const target = { apiVersion: 'v1', kind: 'Node', name: node };
    const binding = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace }, target };
    rest.create({ resource, namespace, name, subresource: 'binding' }, binding, context);
    const message = `Successfully assigned ${namespace}/${name} to ${node}`;
    events.record({ about: pod, type: 'Normal', reason: 'Scheduled', message, component: SCHEDULER });
  };

  const sync = (key: string): SyncResult | undefined => {
    forget(key);
    const { namespace, name } = splitKey(key);
    const pod = write.find(PODS, namespace, name);
    if (pod === undefined || !isWaiting(pod)) return undefined;
    const nodes = rest.store.list({ group: '', plural: 'nodes' }, '').items.filter((node) => !isGoing(node));
    const namespaces = rest.store.list({ group: '', plural: 'namespaces' }, '').items;
    const objection = neighbourObjections(pod, { nodes, namespaces, index });
    const reasons: string[] = [];
    let best: { readonly node: string; readonly pods: number } | undefined;
    for (const node of nodes) {
      const reason = unfitness(pod, node) ?? fullness(node) ?? objection(node);
      const pods = index.podCountOnNode(nameOf(node));
      if (reason !== undefined) reasons.push(reason);
      else if (best === undefined || pods < best.pods) best = { node: nameOf(node), pods };
    }
    if (best !== undefined) {
      bind(pod, best.node);
      return undefined;
    }
    waiting.add(key);
    if (reasons.some((reason) => reason === TOO_MANY || reason.includes('affinity rules'))) choosy.add(key);
    refuse(pod, unfitMessage(reasons));
    return undefined;
  };

  return {
    name: 'scheduler',
    observe: (change, dirty) => {
      const { type, resource, object, previous } = change;
      if (resource === 'nodes' && hasNewChances(change)) for (const key of waiting) dirty(key);
      if (resource !== 'pods') return;
      const key = keyOf(namespaceOf(object), nameOf(object));
      if (type === 'DELETED') forget(key);
      else if (isWaiting(object) && (previous === undefined || !isSameToScheduler(previous, object))) dirty(key);
      const moved = type === 'DELETED' || (previous !== undefined && nodeOf(previous) !== nodeOf(object));
      if (moved) for (const each of choosy) dirty(each);
    },
    sync,
  };
}

function isWaiting(pod: JsonObject): boolean {
  return (
    textAt(pod, 'spec', 'nodeName') === '' &&
    [SCHEDULER, ''].includes(textAt(pod, 'spec', 'schedulerName')) &&
    objectsAt(pod, 'spec', 'schedulingGates').length === 0 &&
    !isOver(pod) &&
    !isGoing(pod)
  );
}

/** `''` for a pod that is on none. */
function nodeOf(pod: JsonObject): string {
  return isOver(pod) ? '' : textAt(pod, 'spec', 'nodeName');
}

/** Writing that a pod fits nowhere is no reason to try again. */
function isSameToScheduler(before: JsonObject, after: JsonObject): boolean {
  return sameJson(objectAt(before, 'spec'), objectAt(after, 'spec')) && isWaiting(before) === isWaiting(after);
}

function hasNewChances({ type, object, previous }: Observed): boolean {
  if (type !== 'MODIFIED' || previous === undefined) return true;
  const facts = (node: JsonObject): JsonObject => ({
    spec: objectAt(node, 'spec'),
    labels: objectAt(node, 'metadata', 'labels'),
    ready: isReadyNode(node),
    going: isGoing(node),
  });
  return !sameJson(facts(previous), facts(object));
}
