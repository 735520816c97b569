/** Pods that run to their end, as often as a Job asks for. */
import { get, type JsonObject } from '../api/json.ts';
import { conditionsOf, conditionOf, statusFields, withCondition, withoutCondition } from './conditions.ts';
import { controllerOf } from './cluster-index.ts';
import { type Controller, splitKey, type Surroundings } from './controller.ts';
import { OwnerWatch } from './claims.ts';
import { COMPLETION_INDEX, formatIndexes, indexedSpec, indexOf, missingIndexes } from './job-indexes.ts';
import { BURST, PodMaking, podFromTemplate, refusalOf } from './pod-making.ts';
import { byLeastLoss, isActive, isOver, isReady, phaseOf } from './pod-state.ts';
import { timeText, timeMs } from '../api/times.ts';
import { isGoing, isTrueAt, nameOf, numberAt, objectAt, objectsAt, textAt, uidOf } from '../api/field-values.ts';
import type { SyncResult } from './work-loop.ts';
import { JOBS, type Writer, writer } from './writer.ts';

const COMPONENT = 'job-controller';
const FIRST_PAUSE_MS = 10_000;
const LAST_PAUSE_MS = 600_000;

/** Pods of a Job that are no more, but count. */
interface Departed {
  succeeded: number;
  failed: number;
  readonly indexes: Set<number>;
}

interface Tally {
  readonly active: readonly JsonObject[];
  readonly succeeded: number;
  readonly failed: number;
  readonly indexes: ReadonlySet<number>;
  /** When the last pod failed. */
  readonly failedMs: number | undefined;
}

export function jobController({ rest, clock, events, index }: Surroundings): Controller {
  const write = writer(rest, COMPONENT);
  const making = new PodMaking(write, { events, index }, COMPONENT);
  const watch = new OwnerWatch('Job', 'jobs.batch', 'pods');
  /** By uid of the Job. */
  const departed = new Map<string, Departed>();

  const tallyOf = (job: JsonObject): Tally => {
    const pods = index.controlled(uidOf(job), 'pods');
    const gone = departed.get(uidOf(job));
    const succeeded = pods.filter((pod) => phaseOf(pod) === 'Succeeded');
    const failed = pods.filter((pod) => phaseOf(pod) === 'Failed');
    const indexes = new Set([...(gone?.indexes ?? []), ...succeeded.map((pod) => indexOf(pod) ?? -1)]);
    const ends = failed.map((pod) => finishedMs(pod, clock.calendarMs()));
    return {
      active: pods.filter(isActive),
      succeeded: isIndexed(job) ? indexes.size : succeeded.length + (gone?.succeeded ?? 0),
      failed: failed.length + (gone?.failed ?? 0),
      indexes,
      failedMs: ends.length === 0 ? undefined : Math.max(...ends),
    };
  };

  const tell = (about: JsonObject, type: 'Normal' | 'Warning', reason: string, message: string): void =>
    events.record({ about, type, reason, message, component: COMPONENT });

  const finish = (job: JsonObject, tally: Tally, verdict: Verdict): SyncResult | undefined => {
    for (const pod of tally.active) making.remove(job, pod);
    const now = timeText(clock.calendarMs());
    const { type, reason, message } = verdict;
    if (type === 'Complete') tell(job, 'Normal', 'Completed', 'Job completed');
    else tell(job, 'Warning', reason, message);
    const present = withoutCondition(conditionsOf(job), 'Suspended');
    const conditions = withCondition(present, { type, status: 'True', reason, message }, now);
    const completionTime = type === 'Complete' ? now : undefined;
    setStatus(write, job, tallyOf(job), { conditions, completionTime });
    return undefined;
  };

  /** Makes or removes pods; when to look again. */
  const scale = (job: JsonObject, tally: Tally): number | undefined => {
    const wanted = wantedPods(job, tally);
    const { active } = tally;
    if (active.length > wanted) {
      for (const pod of byLeastLoss(active).slice(0, active.length - wanted)) making.remove(job, pod);
      return undefined;
    }
    const missing = Math.min(BURST, wanted - active.length);
    if (missing === 0) return undefined;
    if (tally.failedMs !== undefined) {
      const pauseMs = Math.min(LAST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(16, tally.failed - 1));
      const leftMs = tally.failedMs + pauseMs - clock.calendarMs();
      if (leftMs > 0) return leftMs;
    }
    const taken = new Set([...tally.indexes, ...active.map((pod) => indexOf(pod) ?? -1)]);
    const indexes = isIndexed(job) ? missingIndexes(completionsOf(job) ?? 0, taken, missing) : [];
    for (let at = 0; at < missing; at += 1) if (making.create(job, jobPod(job, indexes[at])) === undefined) break;
    return undefined;
  };

  const sync = (key: string): SyncResult | undefined => {
    const { namespace, name } = splitKey(key);
    const job = write.find(JOBS, namespace, name);
    if (job === undefined || isGoing(job) || textAt(job, 'spec', 'managedBy') !== '') return undefined;
    const nowMs = clock.calendarMs();
    const tally = tallyOf(job);
    const over = conditionOf(job, 'Complete') ?? conditionOf(job, 'Failed');
    if (over !== undefined) return endOf(job, over, tally);
    const verdict = verdictOn(job, tally, nowMs);
    if (verdict !== undefined) return finish(job, tally, verdict);
    if (isTrueAt(job, 'spec', 'suspend')) {
      for (const pod of tally.active) making.remove(job, pod);
      const next = { type: 'Suspended', status: 'True', reason: 'JobSuspended', message: 'Job suspended' } as const;
      if (!isSuspended(job)) tell(job, 'Normal', 'Suspended', 'Job suspended');
      const conditions = withCondition(conditionsOf(job), next, timeText(nowMs));
      setStatus(write, job, tallyOf(job), { conditions, startTime: null });
      return undefined;
    }
    let againMs: number | undefined;
    const failure = refusalOf(() => {
      againMs = scale(job, tally);
    });
    const resumes = isSuspended(job);
    if (resumes) tell(job, 'Normal', 'Resumed', 'Job resumed');
    const next = { type: 'Suspended', status: 'False', reason: 'JobResumed', message: 'Job resumed' } as const;
    const conditions = resumes ? withCondition(conditionsOf(job), next, timeText(nowMs)) : conditionsOf(job);
    const startTime = get(objectAt(job, 'status'), 'startTime') ?? timeText(nowMs);
    setStatus(write, job, tallyOf(job), { conditions, startTime });
    if (failure !== undefined) throw failure;
    const deadlineMs = deadlineInMs(job, nowMs);
    const times = [againMs, deadlineMs].filter((each) => each !== undefined);
    return { againMs: times.length === 0 ? undefined : Math.min(...times), size: tally.active.length };
  };

  const endOf = (job: JsonObject, over: JsonObject, tally: Tally): SyncResult | undefined => {
    for (const pod of tally.active) making.remove(job, pod);
    setStatus(write, job, tallyOf(job), { conditions: conditionsOf(job) });
    const ttl = numberAt(job, 'spec', 'ttlSecondsAfterFinished');
    const since = timeMs(textAt(over, 'lastTransitionTime'));
    if (ttl === undefined || since === undefined) return undefined;
    const leftMs = since + ttl * 1000 - clock.calendarMs();
    if (leftMs > 0) return { againMs: leftMs };
    const latest = write.find(JOBS, textAt(job, 'metadata', 'namespace'), nameOf(job));
    if (latest !== undefined) write.remove(JOBS, latest, { propagationPolicy: 'Foreground' });
    return undefined;
  };

  return {
    name: 'jobs',
    observe: (change, dirty) => {
      const { type, resource, object } = change;
      if (type === 'DELETED' && resource === 'jobs.batch') departed.delete(uidOf(object));
      if (type === 'DELETED' && resource === 'pods' && isOver(object))
        remember(departed, (uid) => index.find(uid) !== undefined, object);
      // Pods are a Job's by their owner alone: nothing is adopted.
      if (resource !== 'pods' || controllerOf(object) !== undefined) watch.observe(change, dirty);
    },
    sync,
  };
}

function remember(departed: Map<string, Departed>, exists: (uid: string) => boolean, pod: JsonObject): void {
  const owner = controllerOf(pod) ?? {};
  const uid = textAt(owner, 'uid');
  if (textAt(owner, 'kind') !== 'Job' || !exists(uid)) return;
  const counts = departed.get(uid) ?? { succeeded: 0, failed: 0, indexes: new Set<number>() };
  departed.set(uid, counts);
  if (phaseOf(pod) === 'Failed') counts.failed += 1;
  else {
    counts.succeeded += 1;
    const index = indexOf(pod);
    if (index !== undefined) counts.indexes.add(index);
  }
}

interface Verdict {
  readonly type: 'Complete' | 'Failed';
  readonly reason: string;
  readonly message: string;
}

/** How the Job has ended; `undefined` while it goes on. */
function verdictOn(job: JsonObject, tally: Tally, nowMs: number): Verdict | undefined {
  const limit = numberAt(job, 'spec', 'backoffLimit') ?? 6;
  const restarts = tally.active.reduce((sum, pod) => sum + restartsOf(pod), 0);
  const isRestarting = textAt(job, 'spec', 'template', 'spec', 'restartPolicy') === 'OnFailure';
  if (tally.failed > limit || (isRestarting && restarts > 0 && restarts >= limit)) {
    const message = 'Job has reached the specified backoff limit';
    return { type: 'Failed', reason: 'BackoffLimitExceeded', message };
  }
  if (deadlineInMs(job, nowMs) === 0) {
    const message = 'Job was active longer than specified deadline';
    return { type: 'Failed', reason: 'DeadlineExceeded', message };
  }
  const completions = completionsOf(job);
  const isDone =
    completions === undefined ? tally.succeeded > 0 && tally.active.length === 0 : tally.succeeded >= completions;
  const message = 'Reached expected number of succeeded pods';
  return isDone ? { type: 'Complete', reason: 'CompletionsReached', message } : undefined;
}

/** Milliseconds until the Job has been active for too long. */
function deadlineInMs(job: JsonObject, nowMs: number): number | undefined {
  const seconds = numberAt(job, 'spec', 'activeDeadlineSeconds');
  const since = timeMs(textAt(job, 'status', 'startTime'));
  if (seconds === undefined || since === undefined || isTrueAt(job, 'spec', 'suspend')) return undefined;
  return Math.max(0, since + seconds * 1000 - nowMs);
}

/** `undefined` for a queue of work: several at a time, and no number of them. */
function completionsOf(job: JsonObject): number | undefined {
  const isOnce = numberAt(job, 'spec', 'parallelism') === undefined;
  return numberAt(job, 'spec', 'completions') ?? (isOnce ? 1 : undefined);
}

function wantedPods(job: JsonObject, { active, succeeded }: Tally): number {
  const parallelism = numberAt(job, 'spec', 'parallelism') ?? 1;
  const completions = completionsOf(job);
  if (completions !== undefined) return Math.max(0, Math.min(parallelism, completions - succeeded));
  // Of a queue of work nobody knows the length: when one is done, no new one begins.
  return succeeded > 0 ? active.length : parallelism;
}

function setStatus(write: Writer, job: JsonObject, tally: Tally, changes: JsonObject): void {
  const latest = write.find(JOBS, textAt(job, 'metadata', 'namespace'), nameOf(job));
  if (latest === undefined || uidOf(latest) !== uidOf(job)) return;
  const fields = new Map(Object.entries({ ...objectAt(latest, 'status'), ...changes }));
  if (fields.get('startTime') === null) fields.delete('startTime');
  fields.set('active', tally.active.length);
  fields.set('ready', tally.active.filter(isReady).length);
  fields.set('succeeded', tally.succeeded);
  fields.set('failed', tally.failed);
  fields.set('terminating', undefined);
  fields.set('uncountedTerminatedPods', {});
  if (isIndexed(job)) fields.set('completedIndexes', formatIndexes(tally.indexes) || undefined);
  write.setStatus(JOBS, latest, statusFields(fields, ['ready']));
}

function jobPod(job: JsonObject, index: number | undefined): JsonObject {
  const template = objectAt(job, 'spec', 'template');
  const own = {
    'batch.kubernetes.io/controller-uid': uidOf(job),
    'batch.kubernetes.io/job-name': nameOf(job),
    'controller-uid': uidOf(job),
    'job-name': nameOf(job),
  };
  const labels = isTrueAt(job, 'spec', 'manualSelector') ? {} : own;
  if (index === undefined) return podFromTemplate(job, template, { labels });
  const pod = podFromTemplate(job, template, {
    labels: { ...labels, [COMPLETION_INDEX]: String(index) },
    annotations: { [COMPLETION_INDEX]: String(index) },
    spec: indexedSpec(objectAt(template, 'spec'), nameOf(job), index),
  });
  const metadata = { ...objectAt(pod, 'metadata'), generateName: `${nameOf(job)}-${index}-` };
  return { ...pod, metadata };
}

function isIndexed(job: JsonObject): boolean {
  return textAt(job, 'spec', 'completionMode') === 'Indexed';
}

function isSuspended(job: JsonObject): boolean {
  return textAt(conditionOf(job, 'Suspended') ?? {}, 'status') === 'True';
}

function restartsOf(pod: JsonObject): number {
  return objectsAt(pod, 'status', 'containerStatuses').reduce(
    (sum, each) => sum + (numberAt(each, 'restartCount') ?? 0),
    0,
  );
}

function finishedMs(pod: JsonObject, nowMs: number): number {
  const ends = objectsAt(pod, 'status', 'containerStatuses').flatMap(
    (each) => timeMs(textAt(each, 'state', 'terminated', 'finishedAt')) ?? [],
  );
  const changed = objectsAt(pod, 'status', 'conditions').flatMap(
    (each) => timeMs(textAt(each, 'lastTransitionTime')) ?? [],
  );
  const known = ends.length > 0 ? ends : changed;
  return known.length === 0 ? nowMs : Math.max(...known);
}
