/** Controllers with a pod template: what their pods will look like, and how many. */
import type { Fields } from './fields.ts';
import { type Shape, shape } from './shape.ts';
import type { LabelPool } from './label-pool.ts';
import { mapSelector, optionalSelector } from './label-selector.ts';
import type { WorkloadKind, WorkloadObject } from './objects.ts';
import { formatPath } from './path.ts';
import { decodePodTemplate } from './pod.ts';
import { matches } from './selectors.ts';

const JOB_SPEC_FIELDS =
  'parallelism completions activeDeadlineSeconds podFailurePolicy successPolicy backoffLimit backoffLimitPerIndex maxFailedIndexes selector manualSelector template ttlSecondsAfterFinished completionMode suspend podReplacementPolicy managedBy';

const SPECS: Readonly<Record<WorkloadKind, Shape>> = {
  Deployment: shape(
    'v1.DeploymentSpec',
    'replicas selector template strategy minReadySeconds revisionHistoryLimit paused progressDeadlineSeconds',
  ),
  ReplicaSet: shape('v1.ReplicaSetSpec', 'replicas minReadySeconds selector template'),
  StatefulSet: shape(
    'v1.StatefulSetSpec',
    'replicas selector template volumeClaimTemplates serviceName podManagementPolicy updateStrategy revisionHistoryLimit minReadySeconds persistentVolumeClaimRetentionPolicy ordinals',
  ),
  DaemonSet: shape('v1.DaemonSetSpec', 'selector template updateStrategy minReadySeconds revisionHistoryLimit'),
  Job: shape('v1.JobSpec', JOB_SPEC_FIELDS),
  CronJob: shape(
    'v1.CronJobSpec',
    'schedule timeZone startingDeadlineSeconds concurrencyPolicy suspend jobTemplate successfulJobsHistoryLimit failedJobsHistoryLimit',
  ),
  ReplicationController: shape('v1.ReplicationControllerSpec', 'replicas minReadySeconds selector template'),
};
/** Jobs and ReplicationControllers get theirs from the server. */
const NEED_SELECTOR: ReadonlySet<WorkloadKind> = new Set(['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet']);
const JOB_TEMPLATE = shape('v1.JobTemplateSpec', 'metadata spec');

/** Reads `spec` of a workload. */
export function decodeWorkload(
  object: Fields,
  kind: WorkloadKind,
  pool: LabelPool,
): Pick<WorkloadObject, 'replicas' | 'template' | 'selector'> {
  let spec = object.value('spec', SPECS[kind]);
  if (kind === 'CronJob') spec = spec.value('jobTemplate', JOB_TEMPLATE).value('spec', SPECS.Job);
  const replicas =
    kind === 'DaemonSet'
      ? undefined
      : decodeCount(spec, kind === 'Job' || kind === 'CronJob' ? 'parallelism' : 'replicas');
  const selector =
    kind === 'ReplicationController' ? mapSelector(spec, 'selector') : optionalSelector(spec, 'selector');
  if (selector === undefined && NEED_SELECTOR.has(kind))
    spec.decoder.refused({ type: 'required', path: spec.pathOf('selector'), at: spec.place('selector') });
  const template = decodePodTemplate(spec, pool);
  if (selector !== undefined && !selector.invalid && !matches(selector, template.labels)) {
    const message = `${formatPath(spec.pathOf('template'))}: \`selector\` does not match template \`labels\``;
    spec.decoder.warn(
      'selector-mismatch',
      spec.place('selector'),
      message,
      'the API server refuses a selector that its own pods do not match',
    );
  }
  return { replicas, template, selector };
}

function decodeCount(spec: Fields, name: string): number | undefined {
  const count = spec.int32(name);
  if (count !== undefined && count < 0) {
    spec.decoder.invalid(spec.pathOf(name), spec.place(name), count, ['must be greater than or equal to 0']);
  }
  return count;
}
