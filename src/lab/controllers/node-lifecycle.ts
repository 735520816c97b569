/** Taints that say how a node is, and the end of pods whose node is gone. */
import { fromEntries, type JsonObject } from '../api/json.ts';
import type { Controller, Surroundings } from './controller.ts';
import { isReadyNode, NOT_READY_TAINT, UNSCHEDULABLE_TAINT } from './node-fit.ts';
import { isTrueAt, nameOf, objectAt, objectsAt, textAt } from '../api/field-values.ts';
import type { SyncResult } from './work-loop.ts';
import { NODES, PODS, writer } from './writer.ts';

/** So long a pod may name a node that is not there yet. */
const QUARANTINE_MS = 40_000;

/** Keys are names of nodes. */
export function nodeLifecycleController({ rest, clock, events, index }: Surroundings): Controller {
  const write = writer(rest, 'node-controller');
  const gone = new Set<string>();
  /** Names of nodes that pods name and nobody has seen, and since when. */
  const missing = new Map<string, number>();

  const sync = (name: string): SyncResult | undefined => {
    const node = write.find(NODES, '', name);
    if (node !== undefined) {
      missing.delete(name);
      const taints = taintsOf(node);
      const others = Object.entries(objectAt(node, 'spec')).filter(([field]) => field !== 'taints');
      const spec = fromEntries(taints.length === 0 ? others : [...others, ['taints', taints]]);
      write.update(NODES, node, { spec });
      return undefined;
    }
    const pods = index.podsOnNode(name);
    if (pods.length === 0) {
      missing.delete(name);
      gone.delete(name);
      return undefined;
    }
    if (!gone.has(name)) {
      const since = missing.get(name) ?? clock.nowMs();
      missing.set(name, since);
      const left = since + QUARANTINE_MS - clock.nowMs();
      if (left > 0) return { againMs: left };
    }
    for (const pod of pods) {
      write.remove(PODS, pod, { gracePeriodSeconds: 0 });
      const message = `Node ${name} of the pod does not exist`;
      events.record({ about: pod, type: 'Normal', reason: 'PodGC', message, component: 'pod-garbage-collector' });
    }
    return undefined;
  };

  return {
    name: 'nodes',
    observe: ({ type, resource, object, previous }, dirty) => {
      if (resource === 'nodes') {
        if (type === 'DELETED') gone.add(nameOf(object));
        else gone.delete(nameOf(object));
        dirty(nameOf(object));
      } else if (resource === 'pods' && type !== 'DELETED') {
        const node = textAt(object, 'spec', 'nodeName');
        const isNew = previous === undefined || textAt(previous, 'spec', 'nodeName') !== node;
        if (node !== '' && isNew && write.find(NODES, '', node) === undefined) dirty(node);
      }
    },
    sync,
  };
}

/** The taints of others, and those that follow from its state. */
function taintsOf(node: JsonObject): readonly JsonObject[] {
  const own = [
    ...(isTrueAt(node, 'spec', 'unschedulable') ? [{ key: UNSCHEDULABLE_TAINT, effect: 'NoSchedule' }] : []),
    ...(isReadyNode(node) ? [] : [{ key: NOT_READY_TAINT, effect: 'NoSchedule' }]),
  ];
  const present = objectsAt(node, 'spec', 'taints');
  const isOwn = (taint: JsonObject): boolean =>
    [UNSCHEDULABLE_TAINT, NOT_READY_TAINT].includes(textAt(taint, 'key')) && textAt(taint, 'effect') === 'NoSchedule';
  const kept = present.filter((taint) => !isOwn(taint) || own.some(({ key }) => key === textAt(taint, 'key')));
  const added = own.filter(({ key }) => !kept.some((taint) => isOwn(taint) && textAt(taint, 'key') === key));
  return [...kept, ...added];
}
