/** Rollouts: a ReplicaSet for the present template, and how pods move to it from the former ones. */
import { type JsonObject, sameJson } from '../api/json.ts';
import { claimReplicaSets, OwnerWatch } from './claims.ts';
import { conditionOf } from './conditions.ts';
import { controllerOf } from './cluster-index.ts';
import { type Controller, keyOf, splitKey, type Surroundings } from './controller.ts';
import {
  beyondHistory,
  desiredReplicasOf,
  findNewSet,
  replicaSetFor,
  REVISION,
  revisionAnnotations,
  revisionOf,
  scaledAnnotations,
} from './deployment-revisions.ts';
import {
  isRollingUpdate,
  newSetReplicas,
  oldSetReplicas,
  proportionalReplicas,
  replicasOf,
} from './deployment-scaling.ts';
import { countsOf, deploymentStatus, isComplete, type RolloutView, stuckInMs } from './deployment-status.ts';
import { isOver } from './pod-state.ts';
import { isGoing, isTrueAt, nameOf, namespaceOf, numberAt, objectAt, textAt, uidOf } from '../api/field-values.ts';
import { templateHash } from './template-hash.ts';
import type { SyncResult } from './work-loop.ts';
import { DEPLOYMENTS, metadataWith, REPLICA_SETS, type Writer, writer } from './writer.ts';

/** Other ReplicaSets of the same name that are stepped aside for. */
const MOST_COLLISIONS = 20;

export function deploymentController({ rest, clock, events, index }: Surroundings): Controller {
  const write = writer(rest, 'deployment-controller');
  const watch = new OwnerWatch('Deployment', 'deployments.apps', 'replicasets.apps');

  const scale = (deployment: JsonObject, set: JsonObject, replicas: number): JsonObject => {
    const before = replicasOf(set);
    const spec = { ...objectAt(set, 'spec'), replicas };
    const metadata = metadataWith(set, { annotations: scaledAnnotations(deployment, set) });
    const scaled = write.update(REPLICA_SETS, set, { metadata, spec });
    if (replicas !== before) tellScaled(deployment, set, before, replicas);
    return scaled;
  };

  const tellScaled = (about: JsonObject, set: JsonObject, from: number, to: number): void => {
    const message = `Scaled ${to > from ? 'up' : 'down'} replica set ${nameOf(set)} from ${from} to ${to}`;
    events.record({ about, type: 'Normal', reason: 'ScalingReplicaSet', message, component: 'deployment-controller' });
  };

  /** Scales what the map names; the sets as they are then. */
  const scaleAll = (
    deployment: JsonObject,
    sets: readonly JsonObject[],
    replicas: ReadonlyMap<JsonObject, number>,
  ): readonly JsonObject[] =>
    sets.map((set) => {
      const next = replicas.get(set);
      return next === undefined || next === replicasOf(set) ? set : scale(deployment, set, next);
    });

  /** The ReplicaSet of the present template, made when it is missing, with its revision. */
  const ensureNewSet = (
    deployment: JsonObject,
    sets: readonly JsonObject[],
  ): Pick<RolloutView, 'collisions' | 'newSet' | 'progress'> => {
    const collisions = numberAt(deployment, 'status', 'collisionCount') ?? 0;
    const present = findNewSet(deployment, sets);
    const others = sets.filter((set) => set !== present);
    const revision = Math.max(0, ...others.map((set) => revisionOf(set))) + 1;
    if (present !== undefined) {
      const annotations = revisionAnnotations(deployment, present, revision);
      const minReadySeconds = numberAt(deployment, 'spec', 'minReadySeconds') ?? 0;
      const isSame = minReadySeconds === (numberAt(present, 'spec', 'minReadySeconds') ?? 0);
      const spec = objectAt(present, 'spec');
      const newSet = write.update(REPLICA_SETS, present, {
        metadata: metadataWith(present, { annotations }),
        spec: isSame ? spec : { ...spec, minReadySeconds },
      });
      const known = conditionOf(deployment, 'Progressing');
      const message = `Found new replica set "${nameOf(newSet)}"`;
      const renews = revisionOf(present) !== revisionOf(newSet) || known === undefined;
      return { newSet, collisions, progress: renews ? { reason: 'FoundNewReplicaSet', message } : undefined };
    }
    return makeNewSet(deployment, sets, revision, collisions);
  };

  const makeNewSet = (
    deployment: JsonObject,
    sets: readonly JsonObject[],
    revision: number,
    collisions: number,
  ): Pick<RolloutView, 'collisions' | 'newSet' | 'progress'> => {
    const namespace = namespaceOf(deployment);
    for (let collision = collisions; collision < collisions + MOST_COLLISIONS; collision += 1) {
      const hash = templateHash(objectAt(deployment, 'spec', 'template'), collision);
      const name = `${nameOf(deployment)}-${hash}`;
      if (write.find(REPLICA_SETS, namespace, name) !== undefined) continue;
      const replicas = newSetReplicas(deployment, undefined, sets);
      const newSet = write.create(REPLICA_SETS, namespace, replicaSetFor(deployment, name, hash, revision, replicas));
      if (replicas > 0) tellScaled(deployment, newSet, 0, replicas);
      const message = `Created new replica set "${name}"`;
      return { newSet, collisions: collision, progress: { reason: 'NewReplicaSetCreated', message } };
    }
    return { newSet: undefined, collisions: collisions + MOST_COLLISIONS };
  };

  const sync = (key: string): SyncResult | undefined => {
    const { namespace, name } = splitKey(key);
    let deployment = write.find(DEPLOYMENTS, namespace, name);
    if (deployment === undefined) return undefined;
    const nowMs = clock.calendarMs();
    let sets: readonly JsonObject[] = claimReplicaSets(write, index, deployment).filter((set) => !isGoing(set));
    let newSet = findNewSet(deployment, sets);
    let view: RolloutView = {
      deployment,
      sets,
      newSet,
      collisions: numberAt(deployment, 'status', 'collisionCount') ?? 0,
      nowMs,
    };
    if (!isGoing(deployment)) {
      const scaling = sets.some((set) => {
        const desired = desiredReplicasOf(set);
        return replicasOf(set) > 0 && desired !== undefined && desired !== replicasOf(view.deployment);
      });
      if (isTrueAt(deployment, 'spec', 'paused') || scaling) sets = scaleInPlace(deployment, sets, newSet);
      else {
        const mustStop = isRollingUpdate(deployment) ? [] : sets.filter((set) => set !== newSet);
        sets = scaleAll(deployment, sets, new Map(mustStop.map((set) => [set, 0])));
        const stopping = mustStop.some((set) => replicasOf(set) > 0 || hasLivePods(set));
        if (!stopping) {
          const ensured = ensureNewSet(deployment, sets);
          view = { ...view, ...ensured };
          newSet = ensured.newSet;
          sets = [
            ...sets.filter((set) => uidOf(set) !== uidOf(newSet ?? {})),
            ...(newSet === undefined ? [] : [newSet]),
          ];
          deployment = keepRevision(write, deployment, newSet);
          sets = roll(deployment, sets, newSet);
        }
      }
      newSet = findNewSet(deployment, sets);
      view = { ...view, deployment, sets, newSet };
      if (isComplete(deployment, countsOf(view)) || isTrueAt(deployment, 'spec', 'paused')) cleanUp(view);
    }
    const latest = write.find(DEPLOYMENTS, namespace, name);
    if (latest === undefined) return undefined;
    const told = write.setStatus(DEPLOYMENTS, latest, deploymentStatus({ ...view, deployment: latest }));
    return { againMs: stuckInMs(told, nowMs), size: sets.length };
  };

  const hasLivePods = (set: JsonObject): boolean => index.controlled(uidOf(set), 'pods').some((pod) => !isOver(pod));

  const roll = (
    deployment: JsonObject,
    sets: readonly JsonObject[],
    newSet: JsonObject | undefined,
  ): readonly JsonObject[] => {
    if (newSet === undefined) return sets;
    const wanted = newSetReplicas(deployment, newSet, sets);
    // One step a time: the next one begins with what this one made.
    if (wanted !== replicasOf(newSet)) return scaleAll(deployment, sets, new Map([[newSet, wanted]]));
    const same = sets.map((set) =>
      replicasOf(set) > 0 && desiredReplicasOf(set) === undefined ? scale(deployment, set, replicasOf(set)) : set,
    );
    if (!isRollingUpdate(deployment)) return same;
    const present = findNewSet(deployment, same) ?? newSet;
    const oldSets = same.filter((set) => set !== present);
    return scaleAll(deployment, same, oldSetReplicas(deployment, present, oldSets));
  };

  /** The Deployment was scaled, or is paused: no set grows at the cost of another. */
  const scaleInPlace = (
    deployment: JsonObject,
    sets: readonly JsonObject[],
    newSet: JsonObject | undefined,
  ): readonly JsonObject[] => {
    const wanted = replicasOf(deployment);
    const active = sets.filter((set) => replicasOf(set) > 0);
    if (active.length <= 1) {
      const only = active[0] ?? newSet ?? sets.toSorted((a, b) => revisionOf(b) - revisionOf(a))[0];
      if (only === undefined) return sets;
      return sets.map((set) => (set === only ? scale(deployment, set, wanted) : set));
    }
    const isFull =
      newSet !== undefined &&
      replicasOf(newSet) === wanted &&
      desiredReplicasOf(newSet) === wanted &&
      (numberAt(newSet, 'status', 'availableReplicas') ?? 0) === wanted;
    if (isFull) return sets.map((set) => (set === newSet ? set : scale(deployment, set, 0)));
    if (!isRollingUpdate(deployment)) return sets.map((set) => scale(deployment, set, replicasOf(set)));
    const replicas = proportionalReplicas(deployment, active);
    return sets.map((set) =>
      active.includes(set) ? scale(deployment, set, replicas.get(set) ?? replicasOf(set)) : set,
    );
  };

  const cleanUp = ({ deployment, sets, newSet }: RolloutView): void => {
    for (const set of beyondHistory(
      deployment,
      sets.filter((each) => each !== newSet),
    ))
      write.remove(REPLICA_SETS, set, { propagationPolicy: 'Background' });
  };

  return {
    name: 'deployments',
    observe: (change, dirty) => {
      watch.observe(change, dirty);
      // A Recreate rollout goes on when the last pod of the former set is gone.
      if (change.resource !== 'pods' || change.type !== 'DELETED') return;
      const owner = controllerOf(change.object);
      const set = owner === undefined ? undefined : index.find(textAt(owner, 'uid'));
      const above = set === undefined ? undefined : controllerOf(set.object);
      if (above !== undefined && textAt(above, 'kind') === 'Deployment')
        dirty(keyOf(namespaceOf(change.object), textAt(above, 'name')));
    },
    sync,
  };
}

/** The Deployment carries the revision of its present ReplicaSet. */
function keepRevision(write: Writer, deployment: JsonObject, newSet: JsonObject | undefined): JsonObject {
  const revision = newSet === undefined ? '' : textAt(newSet, 'metadata', 'annotations', REVISION);
  const annotations = objectAt(deployment, 'metadata', 'annotations');
  const next = { ...annotations, [REVISION]: revision };
  if (revision === '' || sameJson(next, annotations)) return deployment;
  return write.update(DEPLOYMENTS, deployment, { metadata: metadataWith(deployment, { annotations: next }) });
}
