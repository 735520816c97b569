/** Deployments, ReplicaSets, StatefulSets and DaemonSets. */
import { dnsLabelProblems, subdomainProblems } from '../../../kube/syntax.ts';
import { get, sameJson, type JsonObject, withFields } from '../json.ts';
import type { StatusCause } from '../status-error.ts';
import { Causes, IMMUTABLE, NOT_NEGATIVE } from './causes.ts';
import { isGiven, numberAt, givenObjectAt, objectAt, textAt, withMissing, metadataOf } from '../field-values.ts';
import { isZero, validateIntOrPercent, validateNotOverHundred } from './int-or-percent.ts';
import { isEmptySelector, validateLabelSelector } from './label-selector.ts';
import {
  validateLastingPods,
  validateOwnSelector,
  validateSelectsTemplate,
  validateTemplate,
  validateTemplateMetadata,
  withTemplateDefaults,
} from './pod-template.ts';
import { podSpecWarnings } from './pod-warnings.ts';
import type { Strategy } from './strategy.ts';

function specOf(object: JsonObject): JsonObject {
  return objectAt(object, 'spec');
}

/** A strategy of which only the defaults and the checks of `spec` differ. */
function workloadStrategy(
  fill: (spec: JsonObject) => JsonObject,
  validate: (causes: Causes, spec: JsonObject, object: JsonObject) => void,
  validateChange: (causes: Causes, next: JsonObject, before: JsonObject) => void,
): Strategy {
  const filled = (object: JsonObject) => withFields(object, { spec: fill(withTemplateDefaults(specOf(object))) });
  return {
    prepareCreate: filled,
    prepareUpdate: filled,
    validate: (object) => collected((causes) => validate(causes, specOf(object), object)),
    validateUpdate: (next, before) => collected((causes) => validateChange(causes, specOf(next), specOf(before))),
    warnings: (object) => podSpecWarnings(objectAt(objectAt(specOf(object), 'template'), 'spec'), 'spec.template.spec'),
  };
}

function collected(collect: (causes: Causes) => void): readonly StatusCause[] {
  const causes = new Causes();
  collect(causes);
  return causes.all;
}

export function validateNotNegative(causes: Causes, object: JsonObject, name: string, path: string): void {
  const value = numberAt(object, name);
  if (value !== undefined && value < 0) causes.invalid(`${path}.${name}`, value, NOT_NEGATIVE);
}

function validateSameSelector(causes: Causes, next: JsonObject, before: JsonObject): void {
  const selector = get(next, 'selector');
  if (!sameJson(selector, get(before, 'selector'))) causes.invalid('spec.selector', selector, IMMUTABLE);
}

/** The selector, and the template that it must select. */
function validateSelected(causes: Causes, spec: JsonObject, kind: string): void {
  if (!validateOwnSelector(causes, spec, kind)) {
    causes.invalid('spec.selector', get(spec, 'selector'), 'invalid label selector');
    return;
  }
  const selector = givenObjectAt(spec, 'selector');
  if (selector === undefined || !isEmptySelector(selector)) validateSelectsTemplate(causes, spec);
  validateTemplate(causes, spec);
  validateLastingPods(causes, spec, 'ReplicaSet');
}

/** `rollingUpdate` of a strategy that rolls. */
function withRolling(spec: JsonObject, name: string, defaults: JsonObject): JsonObject {
  const strategy = objectAt(spec, name);
  if (textAt(strategy, 'type') !== 'RollingUpdate') return spec;
  const rollingUpdate = withMissing(objectAt(strategy, 'rollingUpdate'), defaults);
  return withFields(spec, { [name]: withFields(strategy, { rollingUpdate }) });
}

export const deploymentStrategy = workloadStrategy(
  (spec) => withRolling(spec, 'strategy', { maxUnavailable: '25%', maxSurge: '25%' }),
  (causes, spec) => {
    validateNotNegative(causes, spec, 'replicas', 'spec');
    validateSelected(causes, spec, 'deployment');
    validateDeploymentRollout(causes, objectAt(spec, 'strategy'));
    validateNotNegative(causes, spec, 'minReadySeconds', 'spec');
    validateNotNegative(causes, spec, 'revisionHistoryLimit', 'spec');
    validateNotNegative(causes, spec, 'progressDeadlineSeconds', 'spec');
    const deadline = numberAt(spec, 'progressDeadlineSeconds');
    if (deadline !== undefined && deadline <= (numberAt(spec, 'minReadySeconds') ?? 0))
      causes.invalid('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds');
  },
  validateSameSelector,
);

function validateDeploymentRollout(causes: Causes, strategy: JsonObject): void {
  const at = 'spec.strategy.rollingUpdate';
  const rolling = givenObjectAt(strategy, 'rollingUpdate');
  switch (textAt(strategy, 'type')) {
    case 'Recreate':
      if (rolling !== undefined) causes.forbidden(at, "may not be specified when strategy `type` is 'Recreate'");
      break;
    case 'RollingUpdate':
      if (rolling === undefined) {
        causes.required(at, 'this should be defaulted and never be nil');
        break;
      }
      validateIntOrPercent(causes, rolling, 'maxUnavailable', at);
      validateIntOrPercent(causes, rolling, 'maxSurge', at);
      if (isZero(rolling, 'maxUnavailable') && isZero(rolling, 'maxSurge'))
        causes.invalid(
          `${at}.maxUnavailable`,
          get(rolling, 'maxUnavailable') ?? 0,
          'may not be 0 when `maxSurge` is 0',
        );
      validateNotOverHundred(causes, rolling, 'maxUnavailable', at);
      break;
    default:
      causes.unsupported('spec.strategy', strategy, ['Recreate', 'RollingUpdate']);
  }
}

export const replicaSetStrategy = workloadStrategy(
  (spec) => spec,
  (causes, spec) => {
    validateNotNegative(causes, spec, 'replicas', 'spec');
    validateNotNegative(causes, spec, 'minReadySeconds', 'spec');
    // The server's words speak of deployments here too.
    validateSelected(causes, spec, 'deployment');
  },
  validateSameSelector,
);

const RETAIN = { whenDeleted: 'Retain', whenScaled: 'Retain' };

export const statefulSetStrategy = workloadStrategy(
  (spec) => {
    const rolling = withRolling(spec, 'updateStrategy', { partition: 0 });
    const policy = withMissing(objectAt(rolling, 'persistentVolumeClaimRetentionPolicy'), RETAIN);
    return withFields(rolling, { persistentVolumeClaimRetentionPolicy: policy });
  },
  (causes, spec, set) => {
    // Its pods are called like it, with a number: a longer name could have none.
    const name = textAt(metadataOf(set), 'name');
    if (subdomainProblems(name).length === 0) causes.invalidFor('metadata.name', name, dnsLabelProblems(name));
    const management = textAt(spec, 'podManagementPolicy');
    if (management === '') causes.required('spec.podManagementPolicy');
    else if (!['OrderedReady', 'Parallel'].includes(management))
      causes.invalid('spec.podManagementPolicy', management, "must be 'OrderedReady' or 'Parallel'");
    validateStatefulRollout(causes, objectAt(spec, 'updateStrategy'));
    const retention = objectAt(spec, 'persistentVolumeClaimRetentionPolicy');
    for (const when of ['whenDeleted', 'whenScaled']) {
      const policy = textAt(retention, when);
      if (policy !== 'Retain' && policy !== 'Delete')
        causes.unsupported(`spec.persistentVolumeClaimRetentionPolicy.${when}`, policy, ['Retain', 'Delete']);
    }
    validateNotNegative(causes, spec, 'replicas', 'spec');
    validateNotNegative(causes, spec, 'minReadySeconds', 'spec');
    validateNotNegative(causes, objectAt(spec, 'ordinals'), 'start', 'spec.ordinals');
    if (validateOwnSelector(causes, spec, 'statefulset')) {
      const selector = givenObjectAt(spec, 'selector');
      if (selector === undefined || !isEmptySelector(selector)) validateSelectsTemplate(causes, spec);
      // Its volumes come from claims, so the server leaves the rest of the template to its pods.
      validateTemplateMetadata(causes, spec);
    } else causes.invalid('spec.selector', get(spec, 'selector'), '');
    validateLastingPods(causes, spec, 'StatefulSet');
  },
  (causes, next, before) => {
    const mutable = [
      'replicas',
      'ordinals',
      'template',
      'updateStrategy',
      'persistentVolumeClaimRetentionPolicy',
      'minReadySeconds',
    ];
    const rest = (spec: JsonObject) => withFields(spec, Object.fromEntries(mutable.map((name) => [name, undefined])));
    if (!sameJson(rest(next), rest(before)))
      causes.forbidden(
        'spec',
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
      );
  },
);

function validateStatefulRollout(causes: Causes, strategy: JsonObject): void {
  const at = 'spec.updateStrategy';
  const rolling = givenObjectAt(strategy, 'rollingUpdate');
  const type = textAt(strategy, 'type');
  switch (type) {
    case '':
      causes.required(at);
      break;
    case 'OnDelete':
      if (rolling !== undefined)
        causes.invalid(`${at}.rollingUpdate`, rolling, "only allowed for updateStrategy 'RollingUpdate'");
      break;
    case 'RollingUpdate':
      if (rolling === undefined) break;
      validateNotNegative(causes, rolling, 'partition', `${at}.rollingUpdate`);
      if (!isGiven(rolling, 'maxUnavailable')) break;
      validateIntOrPercent(causes, rolling, 'maxUnavailable', `${at}.rollingUpdate`);
      if (isZero(rolling, 'maxUnavailable'))
        causes.invalid(`${at}.rollingUpdate.maxUnavailable`, get(rolling, 'maxUnavailable'), 'cannot be 0');
      validateNotOverHundred(causes, rolling, 'maxUnavailable', `${at}.rollingUpdate`);
      break;
    default:
      causes.invalid(at, strategy, "must be 'RollingUpdate' or 'OnDelete'");
  }
}

export const daemonSetStrategy = workloadStrategy(
  (spec) => withRolling(spec, 'updateStrategy', { maxUnavailable: 1, maxSurge: 0 }),
  (causes, spec) => {
    const selector = givenObjectAt(spec, 'selector');
    const before = causes.all.length;
    if (selector !== undefined) validateLabelSelector(causes, selector, 'spec.selector');
    if (causes.all.length === before) validateSelectsTemplate(causes, spec);
    if (selector !== undefined && isEmptySelector(selector))
      causes.invalid('spec.selector', selector, 'empty selector is invalid for daemonset');
    validateTemplate(causes, spec);
    validateLastingPods(causes, spec, 'DaemonSet');
    validateNotNegative(causes, spec, 'minReadySeconds', 'spec');
    validateDaemonRollout(causes, objectAt(spec, 'updateStrategy'));
    validateNotNegative(causes, spec, 'revisionHistoryLimit', 'spec');
  },
  validateSameSelector,
);

function validateDaemonRollout(causes: Causes, strategy: JsonObject): void {
  const at = 'spec.updateStrategy.rollingUpdate';
  const rolling = givenObjectAt(strategy, 'rollingUpdate');
  const type = textAt(strategy, 'type');
  if (type === 'OnDelete') return;
  if (type !== 'RollingUpdate') {
    causes.unsupported('spec.updateStrategy', strategy, ['RollingUpdate', 'OnDelete']);
    return;
  }
  if (rolling === undefined) {
    causes.required(at);
    return;
  }
  const names = ['maxUnavailable', 'maxSurge'];
  for (const name of names) validateIntOrPercent(causes, rolling, name, at);
  for (const name of names) validateNotOverHundred(causes, rolling, name, at);
  const none = names.filter((name) => isZero(rolling, name)).length;
  if (none === 0)
    causes.invalid(`${at}.maxSurge`, get(rolling, 'maxSurge'), 'may not be set when maxUnavailable is non-zero');
  if (none === 2) causes.required(`${at}.maxUnavailable`, 'cannot be 0 when maxSurge is 0');
}
