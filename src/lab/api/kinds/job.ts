/** Jobs. */
import { get, sameJson, type JsonObject, withFields } from '../json.ts';
import { Causes, IMMUTABLE } from './causes.ts';
import {
  isGiven,
  isTrueAt,
  numberAt,
  givenObjectAt,
  objectAt,
  sortedTextsAt,
  textAt,
  withMissing,
  metadataOf,
} from '../field-values.ts';
import { validateLabelSelector } from './label-selector.ts';
import { templateLabels, validateSelectsTemplate, validateTemplate, withTemplateDefaults } from './pod-template.ts';
import { podSpecWarnings } from './pod-warnings.ts';
import type { Strategy } from './strategy.ts';
import { validateNotNegative } from './workloads.ts';

const NAME_LABEL = 'batch.kubernetes.io/job-name';

export const jobStrategy: Strategy = {
  prepareCreate: (job) => withGeneratedSelector(withLabels(withDefaults(job))),
  prepareUpdate: withDefaults,
  validate: (job) => {
    const causes = new Causes();
    validateJob(causes, objectAt(job, 'spec'));
    return causes.all;
  },
  validateUpdate: (next, before) => {
    const causes = new Causes();
    validateJobUpdate(causes, objectAt(next, 'spec'), objectAt(before, 'spec'));
    return causes.all;
  },
  warnings: (job) =>
    podSpecWarnings(objectAt(objectAt(objectAt(job, 'spec'), 'template'), 'spec'), 'spec.template.spec'),
};

function withDefaults(job: JsonObject): JsonObject {
  const spec = withTemplateDefaults(objectAt(job, 'spec'));
  const isOpen = !isGiven(spec, 'completions') && !isGiven(spec, 'parallelism');
  return withFields(job, {
    spec: withMissing(spec, {
      ...(isOpen ? { completions: 1 } : {}),
      parallelism: 1,
      podReplacementPolicy: isGiven(spec, 'podFailurePolicy') ? 'Failed' : 'TerminatingOrFailed',
    }),
  });
}

/** Without labels of its own it has those of its pods. */
function withLabels(job: JsonObject): JsonObject {
  const labels = templateLabels(objectAt(job, 'spec'));
  const metadata = metadataOf(job);
  if (labels.size === 0 || sortedTextsAt(metadata, 'labels').size > 0) return job;
  return withFields(job, { metadata: withFields(metadata, { labels: Object.fromEntries(labels) }) });
}

/**
 * Selects its pods by its name, where other servers take its uid: that is not yet known here. Whoever makes the pods adds
 * the uid to their labels.
 */
function withGeneratedSelector(job: JsonObject): JsonObject {
  const spec = objectAt(job, 'spec');
  if (isTrueAt(spec, 'manualSelector')) return job;
  const name = textAt(metadataOf(job), 'name');
  const template = objectAt(spec, 'template');
  const metadata = objectAt(template, 'metadata');
  const labels = withFields(withMissing(objectAt(metadata, 'labels'), { 'job-name': name }), { [NAME_LABEL]: name });
  const selector = objectAt(spec, 'selector');
  const matchLabels = withFields(objectAt(selector, 'matchLabels'), { [NAME_LABEL]: name });
  return withFields(job, {
    spec: withFields(spec, {
      selector: withFields(selector, { matchLabels }),
      template: withFields(template, { metadata: withFields(metadata, { labels }) }),
    }),
  });
}

function validateJob(causes: Causes, spec: JsonObject): void {
  for (const name of ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished'])
    validateNotNegative(causes, spec, name, 'spec');
  const mode = textAt(spec, 'completionMode');
  if (mode !== '' && !['NonIndexed', 'Indexed'].includes(mode))
    causes.unsupported('spec.completionMode', mode, ['NonIndexed', 'Indexed']);
  if (mode === 'Indexed' && !isGiven(spec, 'completions'))
    causes.required('spec.completions', 'when completion mode is Indexed');
  validateTemplate(causes, spec);
  const policy = textAt(objectAt(objectAt(spec, 'template'), 'spec'), 'restartPolicy');
  const field = 'spec.template.spec.restartPolicy';
  if (policy === '' || policy === 'Always') causes.required(field, 'valid values: "OnFailure", "Never"');
  else if (policy !== 'OnFailure' && policy !== 'Never') causes.unsupported(field, policy, ['OnFailure', 'Never']);
  else if (isGiven(spec, 'podFailurePolicy') && policy !== 'Never')
    causes.invalid(field, policy, 'only "Never" is supported when podFailurePolicy is specified');
  const selector = givenObjectAt(spec, 'selector');
  const before = causes.all.length;
  if (selector === undefined) causes.required('spec.selector');
  else validateLabelSelector(causes, selector, 'spec.selector');
  if (selector === undefined || causes.all.length === before) validateSelectsTemplate(causes, spec);
}

/** While it is suspended and never ran, more may change in a real cluster; here nothing more does. */
function validateJobUpdate(causes: Causes, next: JsonObject, before: JsonObject): void {
  const isIndexed = textAt(next, 'completionMode') === 'Indexed';
  const resizes = isIndexed && numberAt(next, 'completions') === numberAt(next, 'parallelism');
  const fixed = ['completions', 'selector', 'template', 'completionMode', 'podFailurePolicy', 'backoffLimitPerIndex'];
  for (const name of fixed) {
    const value = get(next, name);
    if (!sameJson(value, get(before, name)) && !(name === 'completions' && resizes))
      causes.invalid(`spec.${name}`, value, IMMUTABLE);
  }
}
