/** Templates of pods, in the kinds that make pods of them. */
import { labelKeyProblems } from '../../../kube/syntax.ts';
import { get, type JsonObject, withFields } from '../json.ts';
import type { Causes } from './causes.ts';
import { isGiven, givenObjectAt, objectAt, sortedTextsAt, textAt } from '../field-values.ts';
import { isEmptySelector, selectorMatches, validateLabels, validateLabelSelector } from './label-selector.ts';
import { withPodSpecDefaults } from './pod-defaults.ts';
import { validatePodSpec } from './pod-spec-validation.ts';

/** `spec` with the defaults of pods in its template. */
export function withTemplateDefaults(spec: JsonObject): JsonObject {
  const template = givenObjectAt(spec, 'template');
  const podSpec = template === undefined ? undefined : givenObjectAt(template, 'spec');
  if (template === undefined || podSpec === undefined) return spec;
  return withFields(spec, { template: withFields(template, { spec: withPodSpecDefaults(podSpec) }) });
}

export function templateLabels(spec: JsonObject): ReadonlyMap<string, string> {
  return sortedTextsAt(objectAt(objectAt(spec, 'template'), 'metadata'), 'labels');
}

/** A whole template as it stands in `spec.template`. */
export function validateTemplate(causes: Causes, spec: JsonObject): void {
  validateTemplateMetadata(causes, spec);
  const template = objectAt(spec, 'template');
  const podSpec = objectAt(template, 'spec');
  validatePodSpec(causes, podSpec, 'spec.template.spec', false);
  if (Array.isArray(get(podSpec, 'ephemeralContainers')))
    causes.forbidden('spec.template.spec.ephemeralContainers', 'ephemeral containers not allowed in pod template');
}

/** The server leaves `metadata` out of these paths. */
export function validateTemplateMetadata(causes: Causes, spec: JsonObject): void {
  validateLabels(causes, templateLabels(spec), 'spec.template.labels');
  for (const key of sortedTextsAt(objectAt(objectAt(spec, 'template'), 'metadata'), 'annotations').keys())
    causes.invalidFor('spec.template.annotations', key, labelKeyProblems(key.toLowerCase()));
}

/** Pods of kinds that keep pods running run always and without end. */
export function validateLastingPods(causes: Causes, spec: JsonObject, kind: string): void {
  const podSpec = objectAt(objectAt(spec, 'template'), 'spec');
  const policy = textAt(podSpec, 'restartPolicy');
  if (policy !== 'Always') causes.unsupported('spec.template.spec.restartPolicy', policy, ['Always']);
  if (isGiven(podSpec, 'activeDeadlineSeconds'))
    causes.forbidden('spec.template.spec.activeDeadlineSeconds', `activeDeadlineSeconds in ${kind} is not Supported`);
}

/**
 * The selector itself, without its relation to the template. `false` when no requirements can be made of it.
 */
export function validateOwnSelector(causes: Causes, spec: JsonObject, kind: string): boolean {
  const selector = givenObjectAt(spec, 'selector');
  if (selector === undefined) {
    causes.required('spec.selector');
    return true;
  }
  const before = causes.all.length;
  validateLabelSelector(causes, selector, 'spec.selector');
  const isReadable = causes.all.length === before;
  if (isEmptySelector(selector)) causes.invalid('spec.selector', selector, `empty selector is invalid for ${kind}`);
  return isReadable;
}

/** Without a selector nothing matches. */
export function validateSelectsTemplate(causes: Causes, spec: JsonObject): void {
  const selector = givenObjectAt(spec, 'selector');
  if (selector !== undefined && selectorMatches(selector, templateLabels(spec))) return;
  const labels = get(objectAt(objectAt(spec, 'template'), 'metadata'), 'labels') ?? null;
  causes.invalid('spec.template.metadata.labels', labels, '`selector` does not match template `labels`');
}
