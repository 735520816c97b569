/** Pods. */
import { get, sameJson, type JsonObject, withFields } from '../json.ts';
import { StatusError } from '../status-error.ts';
import { keepsTolerations } from './affinity-validation.ts';
import { Causes, rangeProblem } from './causes.ts';
import { validateImageSpace } from './container-validation.ts';
import { isGiven, numberAt, objectAt, objectsInPlace, textAt, withMissing, metadataOf } from '../field-values.ts';
import { qosClass, withLostNodeTolerations, withPodDefaults, withPodSpecDefaults } from './pod-defaults.ts';
import { validatePodSpec } from './pod-spec-validation.ts';
import { podSpecWarnings } from './pod-warnings.ts';
import type { Strategy } from './strategy.ts';

export const podStrategy: Strategy = {
  prepareCreate: (pod) => {
    const filled = withPodDefaults(pod);
    const spec = objectAt(filled, 'spec');
    if (objectsInPlace(spec, 'ephemeralContainers').length > 0) throw bornWithEphemeralContainers(pod);
    const gated = objectsInPlace(spec, 'schedulingGates').length > 0;
    const conditions = {
      conditions: [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated', message: GATED }],
    };
    return withFields(filled, { status: { phase: 'Pending', qosClass: qosClass(spec), ...(gated ? conditions : {}) } });
  },
  prepareUpdate: (next, before) => {
    const { priority, preemptionPolicy } = objectAt(before, 'spec');
    const spec = withMissing(withPodSpecDefaults(objectAt(next, 'spec')), { priority, preemptionPolicy });
    return withFields(next, { spec: withLostNodeTolerations(spec) });
  },
  validate: (pod) => {
    const causes = new Causes();
    const spec = objectAt(pod, 'spec');
    validatePodSpec(causes, spec, 'spec', true);
    for (const name of ['containers', 'initContainers'])
      objectsInPlace(spec, name).forEach((container, index) =>
        validateImageSpace(causes, container, `spec.${name}[${index}]`),
      );
    if (textAt(spec, 'nodeName') !== '' && objectsInPlace(spec, 'schedulingGates').length > 0)
      causes.forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared');
    return causes.all;
  },
  validateUpdate: (next, before) => {
    const causes = new Causes();
    validateSpecUpdate(causes, objectAt(next, 'spec'), objectAt(before, 'spec'));
    return causes.all;
  },
  warnings: (pod) => podSpecWarnings(objectAt(pod, 'spec'), 'spec'),
  gracePeriodSeconds: (pod) => {
    const spec = objectAt(pod, 'spec');
    const phase = textAt(objectAt(pod, 'status'), 'phase');
    // Nobody waits for what never ran or has ended.
    if (textAt(spec, 'nodeName') === '' || phase === 'Succeeded' || phase === 'Failed') return 0;
    const seconds = numberAt(spec, 'terminationGracePeriodSeconds') ?? 30;
    return seconds < 0 ? 1 : seconds;
  },
};

/** They come later, by their subresource. */
function bornWithEphemeralContainers(pod: JsonObject): StatusError {
  const name = textAt(metadataOf(pod), 'name');
  const field = 'spec.ephemeralContainers';
  const message = 'Forbidden: cannot be set on create';
  return new StatusError('Invalid', `Pod ${JSON.stringify(name)} is invalid: ${field}: ${message}`, {
    name,
    kind: 'Pod',
    causes: [{ reason: 'FieldValueForbidden', message, field }],
  });
}

const GATED = 'Scheduling is blocked due to non-empty scheduling gates';

const MAX_INT32 = 0x7fffffff;

const updatableFields = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',');

function validateSpecUpdate(causes: Causes, next: JsonObject, before: JsonObject): void {
  for (const name of ['containers', 'initContainers'])
    if (objectsInPlace(next, name).length !== objectsInPlace(before, name).length) {
      causes.forbidden(`spec.${name}`, 'pod updates may not add or remove containers');
      return;
    }
  if (!validateDeadline(causes, numberAt(next, 'activeDeadlineSeconds'), numberAt(before, 'activeDeadlineSeconds')))
    return;
  if (!keepsTolerations(next, before))
    causes.forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds');
  validateGateDeletions(causes, next, before);
  const changed = changedFields(withoutUpdatable(next, before), before);
  if (changed.length === 0) return;
  const names = changed.map((name) => `\`spec.${name}\``).join(', ');
  causes.forbidden('spec', `pod updates may not change fields other than ${updatableFields}\nchanged: ${names}`);
}

/** It may come, and become less; `false` when there is nothing more to say. */
function validateDeadline(causes: Causes, next: number | undefined, before: number | undefined): boolean {
  const field = 'spec.activeDeadlineSeconds';
  if (next === undefined) {
    if (before !== undefined) causes.invalid(field, null, 'must not update from a positive integer to nil value');
    return true;
  }
  if (next < 0 || next > MAX_INT32) causes.invalid(field, next, rangeProblem(0, MAX_INT32));
  else if (before !== undefined && before < next)
    causes.invalid(field, next, 'must be less than or equal to previous value');
  else return true;
  return false;
}

function validateGateDeletions(causes: Causes, next: JsonObject, before: JsonObject): void {
  const known = new Set(objectsInPlace(before, 'schedulingGates').map((gate) => textAt(gate, 'name')));
  objectsInPlace(next, 'schedulingGates').forEach((gate, index) => {
    const name = textAt(gate, 'name');
    if (!known.has(name))
      causes.forbidden(
        `spec.schedulingGates[${index}].name`,
        `only deletion is allowed, but found new scheduling gate '${name}'`,
      );
  });
}

/** As it was before in all that may change. */
function withoutUpdatable(next: JsonObject, before: JsonObject): JsonObject {
  const images = (name: string): JsonObject => {
    const olds = objectsInPlace(before, name);
    if (!isGiven(next, name)) return {};
    const items = objectsInPlace(next, name).map((container, index) =>
      withFields(container, { image: get(olds[index] ?? {}, 'image') }),
    );
    return { [name]: items };
  };
  const same = ['activeDeadlineSeconds', 'tolerations', 'schedulingGates'];
  const grace = numberAt(before, 'terminationGracePeriodSeconds') ?? 0;
  if (grace < 0 && numberAt(next, 'terminationGracePeriodSeconds') === 1) same.push('terminationGracePeriodSeconds');
  return withFields(next, {
    ...images('containers'),
    ...images('initContainers'),
    ...Object.fromEntries(same.map((name) => [name, get(before, name)])),
  });
}

function changedFields(next: JsonObject, before: JsonObject): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(next)]);
  return [...names].filter((name) => !sameJson(emptyAsAbsent(get(next, name)), emptyAsAbsent(get(before, name))));
}

/** The server does not tell an empty list from none. */
function emptyAsAbsent(value: JsonObject[string]): JsonObject[string] {
  const isEmptyList = Array.isArray(value) && value.length === 0;
  return isEmptyList || value === null || value === '' || value === false ? undefined : value;
}
