/** As many pods as a ReplicaSet asks for. */
import type { JsonObject } from '../api/json.ts';
import type { StatusError } from '../api/status-error.ts';
import { claimPods, OwnerWatch } from './claims.ts';
import { conditionsOf, statusFields, withCondition, withoutCondition } from './conditions.ts';
import { type Controller, splitKey, type Surroundings } from './controller.ts';
import { BURST, hasLabels, PodMaking, podFromTemplate, refusalOf } from './pod-making.ts';
import { byLeastLoss, countPods, isActive, type PodCounts } from './pod-state.ts';
import { timeText } from '../api/times.ts';
import { isGoing, numberAt, objectAt } from '../api/field-values.ts';
import type { SyncResult } from './work-loop.ts';
import { REPLICA_SETS, writer } from './writer.ts';

export function replicaSetController({ rest, clock, events, index }: Surroundings): Controller {
  const write = writer(rest, 'replicaset-controller');
  const making = new PodMaking(write, { events, index }, 'replicaset-controller');
  const watch = new OwnerWatch('ReplicaSet', 'replicasets.apps', 'pods');

  const scale = (set: JsonObject, active: readonly JsonObject[]): void => {
    const wanted = numberAt(set, 'spec', 'replicas') ?? 1;
    const template = objectAt(set, 'spec', 'template');
    for (let missing = Math.min(BURST, wanted - active.length); missing > 0; missing -= 1)
      if (making.create(set, podFromTemplate(set, template)) === undefined) return;
    const surplus = Math.min(BURST, active.length - wanted);
    if (surplus > 0) for (const pod of byLeastLoss(active).slice(0, surplus)) making.remove(set, pod);
  };

  const sync = (key: string): SyncResult | undefined => {
    const { namespace, name } = splitKey(key);
    const set = write.find(REPLICA_SETS, namespace, name);
    if (set === undefined) return undefined;
    const before = claimPods(write, index, set).filter(isActive);
    const failure = isGoing(set) ? undefined : refusalOf(() => scale(set, before));
    const active = claimPods(write, index, set).filter(isActive);
    const minReadySeconds = numberAt(set, 'spec', 'minReadySeconds') ?? 0;
    const counts = countPods(active, minReadySeconds, clock.calendarMs());
    const now = timeText(clock.calendarMs());
    const latest = write.find(REPLICA_SETS, namespace, name);
    if (latest !== undefined) write.setStatus(REPLICA_SETS, latest, statusOf(latest, active, counts, failure, now));
    if (failure !== undefined) throw failure;
    return { againMs: counts.nextAvailableMs, size: active.length };
  };

  return { name: 'replica sets', observe: (change, dirty) => watch.observe(change, dirty), sync };
}

function statusOf(
  set: JsonObject,
  active: readonly JsonObject[],
  { ready, available }: PodCounts,
  failure: StatusError | undefined,
  now: string,
): JsonObject {
  const labels = objectAt(set, 'spec', 'template', 'metadata', 'labels');
  const failed =
    failure && ({ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate', message: failure.message } as const);
  const conditions = conditionsOf(set);
  return statusFields(
    [
      ['replicas', active.length],
      ['fullyLabeledReplicas', active.filter((pod) => hasLabels(pod, labels)).length],
      ['readyReplicas', ready],
      ['availableReplicas', available],
      ['observedGeneration', numberAt(set, 'metadata', 'generation')],
      [
        'conditions',
        failed === undefined ? withoutCondition(conditions, 'ReplicaFailure') : withCondition(conditions, failed, now),
      ],
    ],
    ['replicas'],
  );
}
