/** What the status of a Deployment says of its rollout. */
import type { JsonObject } from '../api/json.ts';
import {
  conditionOf,
  conditionsOf,
  type NewCondition,
  statusFields,
  withCondition,
  withoutCondition,
} from './conditions.ts';
import { boundsOf, replicasOf, total } from './deployment-scaling.ts';
import { timeText, timeMs } from '../api/times.ts';
import { isTrueAt, nameOf, numberAt, textAt } from '../api/field-values.ts';

export interface RolloutView {
  readonly deployment: JsonObject;
  readonly newSet: JsonObject | undefined;
  /** All of them, the new one too. */
  readonly sets: readonly JsonObject[];
  readonly collisions: number;
  /** Something that needs to be said besides: a ReplicaSet was made or found. */
  readonly progress?: { readonly reason: string; readonly message: string } | undefined;
  readonly nowMs: number;
}

interface Counts {
  readonly replicas: number;
  readonly updated: number;
  readonly ready: number;
  readonly available: number;
}

export function countsOf({ newSet, sets }: Pick<RolloutView, 'newSet' | 'sets'>): Counts {
  const sum = (field: string): number => total(sets, (set) => numberAt(set, 'status', field) ?? 0);
  return {
    replicas: sum('replicas'),
    updated: newSet === undefined ? 0 : (numberAt(newSet, 'status', 'replicas') ?? 0),
    ready: sum('readyReplicas'),
    available: sum('availableReplicas'),
  };
}

export function isComplete(deployment: JsonObject, { replicas, updated, available }: Counts): boolean {
  const wanted = replicasOf(deployment);
  return updated === wanted && replicas === wanted && available === wanted;
}

/** Kubernetes' own way to say that there is no deadline. */
const NO_DEADLINE_SECONDS = 2_147_483_647;

function deadlineMs(deployment: JsonObject): number | undefined {
  const seconds = numberAt(deployment, 'spec', 'progressDeadlineSeconds') ?? 600;
  return seconds >= NO_DEADLINE_SECONDS ? undefined : seconds * 1000;
}

/** Milliseconds until the rollout counts as stuck; `undefined` when it does already or never will. */
export function stuckInMs(deployment: JsonObject, nowMs: number): number | undefined {
  const deadline = deadlineMs(deployment);
  const progressing = conditionOf(deployment, 'Progressing');
  const reason = progressing === undefined ? '' : textAt(progressing, 'reason');
  if (deadline === undefined || progressing === undefined || isTrueAt(deployment, 'spec', 'paused')) return undefined;
  if (reason === 'NewReplicaSetAvailable' || reason === 'ProgressDeadlineExceeded') return undefined;
  const since = timeMs(textAt(progressing, 'lastUpdateTime'));
  // One second more: times are written without their fractions.
  return since === undefined ? undefined : Math.max(1, since + deadline + 1000 - nowMs);
}

export function deploymentStatus(view: RolloutView): JsonObject {
  const { deployment, sets, collisions } = view;
  const counts = countsOf(view);
  return statusFields([
    ['observedGeneration', numberAt(deployment, 'metadata', 'generation')],
    ['replicas', counts.replicas],
    ['updatedReplicas', counts.updated],
    ['readyReplicas', counts.ready],
    ['availableReplicas', counts.available],
    ['unavailableReplicas', Math.max(0, total(sets, replicasOf) - counts.available)],
    ['collisionCount', collisions],
    ['conditions', conditions(view, counts)],
  ]);
}

function conditions(view: RolloutView, counts: Counts): readonly JsonObject[] {
  const { deployment, sets, nowMs } = view;
  const now = timeText(nowMs);
  const say = (present: readonly JsonObject[], { type, status, reason, message }: NewCondition) => {
    const known = present.find((each) => textAt(each, 'type') === type);
    const said = known !== undefined && textAt(known, 'status') === status && textAt(known, 'reason') === reason;
    // Times and words of what was said already change with progress alone.
    return said
      ? present
      : withCondition(present, { type, status, reason, message, times: { lastUpdateTime: now } }, now);
  };
  let said = say(conditionsOf(deployment), availability(deployment, counts));
  const progress = progressOf(view, counts);
  if (progress === 'none') said = withoutCondition(said, 'Progressing');
  else if (progress !== undefined) {
    const { renewed, condition } = progress;
    const times = { lastUpdateTime: now };
    said = renewed ? withCondition(said, { ...condition, times }, now) : say(said, condition);
  }
  const failure = sets.map((set) => conditionOf(set, 'ReplicaFailure')).find((each) => each !== undefined);
  if (failure === undefined) return withoutCondition(said, 'ReplicaFailure');
  const { reason, message } = { reason: textAt(failure, 'reason'), message: textAt(failure, 'message') };
  return say(said, { type: 'ReplicaFailure', status: 'True', reason, message });
}

function availability(deployment: JsonObject, { available }: Counts): NewCondition {
  const least = replicasOf(deployment) - boundsOf(deployment).maxUnavailable;
  const type = 'Available';
  if (available >= least)
    return {
      type,
      status: 'True',
      reason: 'MinimumReplicasAvailable',
      message: 'Deployment has minimum availability.',
    };
  const message = 'Deployment does not have minimum availability.';
  return { type, status: 'False', reason: 'MinimumReplicasUnavailable', message };
}

interface Progress {
  readonly condition: NewCondition;
  /** Said again with new times even when it was said before. */
  readonly renewed: boolean;
}

/** `undefined`: as it is. `none`: the Deployment has no deadline, so it says nothing. */
function progressOf(view: RolloutView, counts: Counts): Progress | 'none' | undefined {
  const { deployment, newSet, nowMs } = view;
  const deadline = deadlineMs(deployment);
  if (deadline === undefined) return 'none';
  const known = conditionOf(deployment, 'Progressing');
  const reason = known === undefined ? '' : textAt(known, 'reason');
  const type = 'Progressing';
  const paused = isTrueAt(deployment, 'spec', 'paused');
  if (paused !== (reason === 'DeploymentPaused') && reason !== 'ProgressDeadlineExceeded') {
    const [why, message] = paused
      ? ['DeploymentPaused', 'Deployment is paused']
      : ['DeploymentResumed', 'Deployment is resumed'];
    return { condition: { type, status: 'Unknown', reason: why, message }, renewed: false };
  }
  if (paused) return undefined;
  const what = newSet === undefined ? `Deployment "${nameOf(deployment)}"` : `ReplicaSet "${nameOf(newSet)}"`;
  if (view.progress !== undefined) return { condition: { type, status: 'True', ...view.progress }, renewed: false };
  if (isComplete(deployment, counts)) {
    const message = `${what} has successfully progressed.`;
    return { condition: { type, status: 'True', reason: 'NewReplicaSetAvailable', message }, renewed: false };
  }
  // A finished rollout that loses pods is not a new one.
  if (reason === 'NewReplicaSetAvailable' && counts.replicas === counts.updated) return undefined;
  const before = (field: string): number => numberAt(deployment, 'status', field) ?? 0;
  const progresses =
    counts.updated > before('updatedReplicas') ||
    counts.replicas - counts.updated < before('replicas') - before('updatedReplicas') ||
    counts.ready > before('readyReplicas') ||
    counts.available > before('availableReplicas');
  if (progresses) {
    const message = `${what} is progressing.`;
    return { condition: { type, status: 'True', reason: 'ReplicaSetUpdated', message }, renewed: true };
  }
  const since = known === undefined ? undefined : timeMs(textAt(known, 'lastUpdateTime'));
  if (since === undefined || nowMs <= since + deadline) return undefined;
  const message = `${what} has timed out progressing.`;
  return { condition: { type, status: 'False', reason: 'ProgressDeadlineExceeded', message }, renewed: false };
}
