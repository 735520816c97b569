/** What a lab still waits for: workloads and pods that are not as they shall be. */
import type { JsonObject } from './api/json.ts';
import type { ObjectStore, ResourceId } from './api/store/object-store.ts';
import { nameOf, namespaceOf, numberAt, objectAt, objectsAt, textAt, valueAt } from './api/field-values.ts';

const apps = (plural: string): ResourceId => ({ group: 'apps', plural });
const PODS: ResourceId = { group: '', plural: 'pods' };

/** Lines such as `shop/Pod/web-5d4f7: ErrImagePull: …`, sorted; empty when all is ready. */
export function notReady(store: ObjectStore): readonly string[] {
  const list = (resource: ResourceId): readonly JsonObject[] => store.list(resource).items;
  const waiting = [
    ...list(apps('deployments')).flatMap((object) => workload(object, ['updatedReplicas', 'availableReplicas'])),
    ...list(apps('statefulsets')).flatMap((object) => workload(object, ['readyReplicas'])),
    ...list(apps('replicasets')).flatMap((object) => workload(object, ['readyReplicas'])),
    ...list(apps('daemonsets')).flatMap(daemonSet),
    ...list(PODS).flatMap(pod),
  ];
  return waiting.sort();
}

/** Jobs are not waited for: they end when they end. */
function workload(object: JsonObject, counts: readonly string[]): readonly string[] {
  if (!isObserved(object)) return [`${label(object)}: not looked at yet`];
  const wanted = numberAt(object, 'spec', 'replicas') ?? 1;
  const least = Math.min(...counts.map((count) => numberAt(object, 'status', count) ?? 0));
  const isMore = (numberAt(object, 'status', 'replicas') ?? 0) > wanted;
  return least >= wanted && !isMore ? [] : [`${label(object)}: ${least} of ${wanted} replicas are ready`];
}

function daemonSet(object: JsonObject): readonly string[] {
  if (!isObserved(object)) return [`${label(object)}: not looked at yet`];
  const wanted = numberAt(object, 'status', 'desiredNumberScheduled') ?? 0;
  const ready = numberAt(object, 'status', 'numberReady') ?? 0;
  return ready >= wanted ? [] : [`${label(object)}: ${ready} of ${wanted} pods are ready`];
}

/** By its controller, as it is now. */
function isObserved(object: JsonObject): boolean {
  const generation = numberAt(object, 'metadata', 'generation') ?? 0;
  return (numberAt(object, 'status', 'observedGeneration') ?? 0) >= generation;
}

function pod(object: JsonObject): readonly string[] {
  const phase = textAt(object, 'status', 'phase');
  const isGoing = valueAt(object, 'metadata', 'deletionTimestamp') !== undefined;
  if (phase === 'Succeeded' || isGoing || condition(object, 'Ready', 'True') !== undefined) return [];
  return [`${label(object)}: ${reasonOf(object) ?? (phase === '' ? 'not scheduled' : phase)}`];
}

function reasonOf(object: JsonObject): string | undefined {
  for (const field of ['initContainerStatuses', 'containerStatuses'])
    for (const status of objectsAt(object, 'status', field))
      for (const state of ['waiting', 'terminated']) {
        const { reason, message } = wordsOf(objectAt(status, 'state', state));
        if (reason !== '' && reason !== 'Completed') return message === '' ? reason : `${reason}: ${message}`;
      }
  const unscheduled = condition(object, 'PodScheduled', 'False');
  return unscheduled === undefined ? undefined : wordsOf(unscheduled).message;
}

function wordsOf(state: JsonObject): { readonly reason: string; readonly message: string } {
  return { reason: textAt(state, 'reason'), message: textAt(state, 'message') };
}

function condition(object: JsonObject, type: string, status: string): JsonObject | undefined {
  return objectsAt(object, 'status', 'conditions').find(
    (each) => textAt(each, 'type') === type && textAt(each, 'status') === status,
  );
}

function label(object: JsonObject): string {
  return [namespaceOf(object), textAt(object, 'kind'), nameOf(object)].filter((part) => part !== '').join('/');
}
