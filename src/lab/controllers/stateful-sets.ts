/** Pods with names of their own, one after the other. */
import { get, type JsonObject } from '../api/json.ts';
import { claimPods, OwnerWatch } from './claims.ts';
import { conditionsOf, statusFields } from './conditions.ts';
import { type Controller, splitKey, type Surroundings } from './controller.ts';
import { ensureRevisions, REVISION_HASH, type Revisions, templateOf, trimRevisions } from './controller-revisions.ts';
import { BURST, PodMaking, podFromTemplate, refusalOf } from './pod-making.ts';
import { availableInMs, countPods, isOver, phaseOf } from './pod-state.ts';
import { isGoing, labelsOf, nameOf, namespaceOf, numberAt, objectsAt, textAt } from '../api/field-values.ts';
import type { SyncResult } from './work-loop.ts';
import { PODS, STATEFUL_SETS, writer } from './writer.ts';

const COMPONENT = 'statefulset-controller';

export function statefulSetController({ rest, clock, events, index }: Surroundings): Controller {
  const write = writer(rest, COMPONENT);
  const making = new PodMaking(write, { events, index }, COMPONENT, {
    created: (pod, set) => `create Pod ${pod} in StatefulSet ${set} successful`,
    deleted: (pod, set) => `delete Pod ${pod} in StatefulSet ${set} successful`,
  });
  const watch = new OwnerWatch('StatefulSet', 'statefulsets.apps', 'pods');

  /** One step, or all that can be done at once where pods need not wait for each other. */
  const step = (set: JsonObject, pods: readonly JsonObject[], { all, update }: Revisions): void => {
    const [first, wanted] = [numberAt(set, 'spec', 'ordinals', 'start') ?? 0, numberAt(set, 'spec', 'replicas') ?? 1];
    const inTurn = textAt(set, 'spec', 'podManagementPolicy') !== 'Parallel';
    const byOrdinal = new Map(pods.map((pod) => [ordinalOf(set, pod), pod]));
    const current = all.find((revision) => nameOf(revision) === textAt(set, 'status', 'currentRevision')) ?? update;
    const partition = first + partitionOf(set);
    let made = 0;
    for (let ordinal = first; ordinal < first + wanted; ordinal += 1) {
      const pod = byOrdinal.get(ordinal);
      if (pod === undefined) {
        if ((made += 1) > BURST) return;
        const revision = ordinal < partition ? current : update;
        if (making.create(set, podOf(set, ordinal, revision)) === undefined || inTurn) return;
      } else if (isOver(pod) && !isGoing(pod)) {
        const message = `StatefulSet ${namespaceOf(set)}/${nameOf(set)} is recreating failed Pod ${nameOf(pod)}`;
        events.record({ about: set, type: 'Warning', reason: 'RecreatingFailedPod', message, component: COMPONENT });
        write.remove(PODS, pod);
        if (inTurn) return;
      } else if (inTurn && !isHealthy(set, pod)) return;
    }
    const surplus = pods.filter((pod) => ordinalOf(set, pod) < first || ordinalOf(set, pod) >= first + wanted);
    for (const pod of surplus.toSorted((a, b) => ordinalOf(set, b) - ordinalOf(set, a))) {
      if (!isGoing(pod)) making.remove(set, pod);
      if (inTurn) return;
    }
    if (textAt(set, 'spec', 'updateStrategy', 'type') === 'OnDelete') return;
    for (let ordinal = first + wanted - 1; ordinal >= partition; ordinal -= 1) {
      const pod = byOrdinal.get(ordinal);
      if (pod === undefined) return;
      if (labelsOf(pod).get(REVISION_HASH) !== nameOf(update)) {
        making.remove(set, pod);
        return;
      }
      if (!isHealthy(set, pod)) return;
    }
  };

  const isHealthy = (set: JsonObject, pod: JsonObject): boolean => {
    const minReadySeconds = numberAt(set, 'spec', 'minReadySeconds') ?? 0;
    return phaseOf(pod) === 'Running' && !isGoing(pod) && availableInMs(pod, minReadySeconds, clock.calendarMs()) === 0;
  };

  const sync = (key: string): SyncResult | undefined => {
    const { namespace, name } = splitKey(key);
    const set = write.find(STATEFUL_SETS, namespace, name);
    if (set === undefined) return undefined;
    tellOfVolumes(set);
    const own = (): readonly JsonObject[] => claimPods(write, index, set).filter((pod) => ordinalOf(set, pod) >= 0);
    if (isGoing(set)) return undefined;
    const revisions = ensureRevisions(write, index, set);
    const failure = refusalOf(() => step(set, own(), revisions));
    const pods = own();
    const counts = countPods(pods, numberAt(set, 'spec', 'minReadySeconds') ?? 0, clock.calendarMs());
    const latest = write.find(STATEFUL_SETS, namespace, name);
    if (latest !== undefined) {
      const status = statusOf(latest, pods, revisions, counts);
      write.setStatus(STATEFUL_SETS, latest, status);
      const used = pods.map((pod) => labelsOf(pod).get(REVISION_HASH) ?? '');
      trimRevisions(
        write,
        set,
        revisions,
        new Set([...used, textAt(status, 'currentRevision'), nameOf(revisions.update)]),
      );
    }
    if (failure !== undefined) throw failure;
    return { againMs: counts.nextAvailableMs, size: pods.length };
  };

  const tellOfVolumes = (set: JsonObject): void => {
    if (objectsAt(set, 'spec', 'volumeClaimTemplates').length === 0 || get(set, 'status') !== undefined) return;
    const message = 'The lab has no persistent volumes: each pod gets an empty directory for each volumeClaimTemplate';
    events.record({ about: set, type: 'Warning', reason: 'VolumeClaimsIgnored', message, component: COMPONENT });
  };

  return { name: 'stateful sets', observe: (change, dirty) => watch.observe(change, dirty), sync };
}

/** The number behind the name of the set; -1 for a pod of another name. */
function ordinalOf(set: JsonObject, pod: JsonObject): number {
  const prefix = `${nameOf(set)}-`;
  const rest = nameOf(pod).startsWith(prefix) ? nameOf(pod).slice(prefix.length) : '';
  return /^\d{1,9}$/.test(rest) ? Number(rest) : -1;
}

/** Pods below this one, counted from the first, keep their template. */
function partitionOf(set: JsonObject): number {
  return numberAt(set, 'spec', 'updateStrategy', 'rollingUpdate', 'partition') ?? 0;
}

function podOf(set: JsonObject, ordinal: number, revision: JsonObject): JsonObject {
  const name = `${nameOf(set)}-${ordinal}`;
  const template = templateOf(revision);
  const claims = objectsAt(set, 'spec', 'volumeClaimTemplates').map((claim) => nameOf(claim));
  const others = objectsAt(template, 'spec', 'volumes').filter((volume) => !claims.includes(textAt(volume, 'name')));
  const volumes = [...others, ...claims.map((claim) => ({ name: claim, emptyDir: {} }))];
  const subdomain = textAt(set, 'spec', 'serviceName');
  return podFromTemplate(set, template, {
    name,
    labels: {
      [REVISION_HASH]: nameOf(revision),
      'statefulset.kubernetes.io/pod-name': name,
      'apps.kubernetes.io/pod-index': String(ordinal),
    },
    spec: {
      hostname: name,
      ...(subdomain === '' ? {} : { subdomain }),
      ...(volumes.length === 0 ? {} : { volumes }),
    },
  });
}

function statusOf(
  set: JsonObject,
  pods: readonly JsonObject[],
  { update }: Revisions,
  { ready, available }: { readonly ready: number; readonly available: number },
): JsonObject {
  const present = pods.filter((pod) => !isGoing(pod));
  const count = (revision: string): number =>
    present.filter((pod) => labelsOf(pod).get(REVISION_HASH) === revision).length;
  const wanted = numberAt(set, 'spec', 'replicas') ?? 1;
  const updated = count(nameOf(update));
  const isDone = updated === wanted && ready === wanted && pods.length === wanted;
  const known = textAt(set, 'status', 'currentRevision');
  const currentRevision = known === '' || isDone ? nameOf(update) : known;
  return statusFields(
    [
      ['observedGeneration', numberAt(set, 'metadata', 'generation')],
      ['replicas', pods.length],
      ['readyReplicas', ready],
      ['currentReplicas', count(currentRevision)],
      ['updatedReplicas', updated],
      ['currentRevision', currentRevision],
      ['updateRevision', nameOf(update)],
      ['collisionCount', numberAt(set, 'status', 'collisionCount') ?? 0],
      ['availableReplicas', available],
      ['conditions', conditionsOf(set)],
    ],
    ['replicas', 'collisionCount', 'availableReplicas'],
  );
}
