/** Jobs. */
import { get, sameJson, type JsonObject } from '../json.ts';
import { metadataOf } from '../store/object-store.ts';
import { Causes, IMMUTABLE } from './causes.ts';
import {
  isGiven,
  isTrue,
  numberOf,
  objectAt,
  objectOf,
  textMapOf,
  textOf,
  withFields,
  withMissing,
} from './field-values.ts';
import { validateLabelSelector } from './label-selector.ts';
import { templateLabels, validateSelectsTemplate, validateTemplate, withTemplateDefaults } from './pod-template.ts';
import { podSpecWarnings } from './pod-warnings.ts';
import type { ClusterView, Strategy } from './strategy.ts';
import { validateNotNegative } from './workloads.ts';

const UID_LABEL = 'batch.kubernetes.io/controller-uid';
const NAME_LABEL = 'batch.kubernetes.io/job-name';

export const jobStrategy: Strategy = {
  prepareCreate: (job, cluster) => withGeneratedSelector(withLabels(withDefaults(job)), cluster),
  prepareUpdate: withDefaults,
  validate: (job) => {
    const causes = new Causes();
    validateJob(causes, objectOf(job, 'spec'));
    return causes.all;
  },
  validateUpdate: (next, before) => {
    const causes = new Causes();
    validateJobUpdate(causes, objectOf(next, 'spec'), objectOf(before, 'spec'));
    return causes.all;
  },
  warnings: (job) =>
    podSpecWarnings(objectOf(objectOf(objectOf(job, 'spec'), 'template'), 'spec'), 'spec.template.spec'),
};

function withDefaults(job: JsonObject): JsonObject {
  const spec = withTemplateDefaults(objectOf(job, 'spec'));
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
  const labels = templateLabels(objectOf(job, 'spec'));
  const metadata = metadataOf(job);
  if (labels.size === 0 || textMapOf(metadata, 'labels').size > 0) return job;
  return withFields(job, { metadata: withFields(metadata, { labels: Object.fromEntries(labels) }) });
}

/** Selects its own pods and nobody else's. The uid is not yet known here, so another one stands for it. */
function withGeneratedSelector(job: JsonObject, cluster: ClusterView): JsonObject {
  const spec = objectOf(job, 'spec');
  if (isTrue(spec, 'manualSelector')) return job;
  const uid = randomUid(cluster.random);
  const name = textOf(metadataOf(job), 'name');
  const template = objectOf(spec, 'template');
  const metadata = objectOf(template, 'metadata');
  const labels = withFields(withMissing(objectOf(metadata, 'labels'), { 'controller-uid': uid, 'job-name': name }), {
    [UID_LABEL]: uid,
    [NAME_LABEL]: name,
  });
  const selector = objectOf(spec, 'selector');
  return withFields(job, {
    spec: withFields(spec, {
      selector: withFields(selector, {
        matchLabels: withFields(objectOf(selector, 'matchLabels'), { [UID_LABEL]: uid }),
      }),
      template: withFields(template, { metadata: withFields(metadata, { labels }) }),
    }),
  });
}

/** In the form of a UUID of version 4. */
function randomUid(random: () => number): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16));
  digits[12] = '4';
  digits[16] = '8';
  return [8, 4, 4, 4, 12].map((length) => digits.splice(0, length).join('')).join('-');
}

function validateJob(causes: Causes, spec: JsonObject): void {
  for (const name of ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished'])
    validateNotNegative(causes, spec, name, 'spec');
  const mode = textOf(spec, 'completionMode');
  if (mode !== '' && !['NonIndexed', 'Indexed'].includes(mode))
    causes.unsupported('spec.completionMode', mode, ['NonIndexed', 'Indexed']);
  if (mode === 'Indexed' && !isGiven(spec, 'completions'))
    causes.required('spec.completions', 'when completion mode is Indexed');
  validateTemplate(causes, spec);
  const policy = textOf(objectOf(objectOf(spec, 'template'), 'spec'), 'restartPolicy');
  const field = 'spec.template.spec.restartPolicy';
  if (policy === '' || policy === 'Always') causes.required(field, 'valid values: "OnFailure", "Never"');
  else if (policy !== 'OnFailure' && policy !== 'Never') causes.unsupported(field, policy, ['OnFailure', 'Never']);
  else if (isGiven(spec, 'podFailurePolicy') && policy !== 'Never')
    causes.invalid(field, policy, 'only "Never" is supported when podFailurePolicy is specified');
  const selector = objectAt(spec, 'selector');
  const before = causes.all.length;
  if (selector === undefined) causes.required('spec.selector');
  else validateLabelSelector(causes, selector, 'spec.selector');
  if (selector === undefined || causes.all.length === before) validateSelectsTemplate(causes, spec);
}

/** While it is suspended and never ran, more may change in a real cluster; here nothing more does. */
function validateJobUpdate(causes: Causes, next: JsonObject, before: JsonObject): void {
  const isIndexed = textOf(next, 'completionMode') === 'Indexed';
  const resizes = isIndexed && numberOf(next, 'completions') === numberOf(next, 'parallelism');
  const fixed = ['completions', 'selector', 'template', 'completionMode', 'podFailurePolicy', 'backoffLimitPerIndex'];
  for (const name of fixed) {
    const value = get(next, name);
    if (!sameJson(value, get(before, name)) && !(name === 'completions' && resizes))
      causes.invalid(`spec.${name}`, value, IMMUTABLE);
  }
}
