/** CustomResourceDefinitions. */
import { dns1035LabelProblems, subdomainProblems } from '../../../kube/syntax.ts';
import { get, type JsonObject } from '../json.ts';
import { metadataOf } from '../store/object-store.ts';
import { Causes, IMMUTABLE } from './causes.ts';
import {
  isTrue,
  objectAt,
  objectOf,
  objectsOf,
  textMapOf,
  textOf,
  textsOf,
  withFields,
  withMissing,
} from './field-values.ts';
import type { ClusterView, Strategy } from './strategy.ts';

export const definitionStrategy: Strategy = {
  prepareCreate: (definition, cluster) => withStatus(withDefaults(definition), cluster),
  prepareUpdate: (next, _before, cluster) => withStatus(withDefaults(next), cluster),
  validate: (definition) => {
    const causes = new Causes();
    validateDefinition(causes, definition);
    return causes.all;
  },
  validateUpdate: (next, before) => {
    const causes = new Causes();
    const [spec, old] = [objectOf(next, 'spec'), objectOf(before, 'spec')];
    for (const name of ['group', 'scope'])
      if (textOf(spec, name) !== textOf(old, name)) causes.invalid(`spec.${name}`, textOf(spec, name), IMMUTABLE);
    for (const name of ['kind', 'plural']) {
      const value = textOf(objectOf(spec, 'names'), name);
      if (value !== textOf(objectOf(old, 'names'), name)) causes.invalid(`spec.names.${name}`, value, IMMUTABLE);
    }
    const versions = new Set(objectsOf(spec, 'versions').map((version) => textOf(version, 'name')));
    const stored = textsOf(objectOf(next, 'status'), 'storedVersions');
    stored.forEach((version, index) => {
      if (!versions.has(version))
        causes.invalid(`status.storedVersions[${index}]`, version, 'must appear in spec.versions');
    });
    return causes.all;
  },
};

function withDefaults(definition: JsonObject): JsonObject {
  const spec = objectOf(definition, 'spec');
  const names = objectOf(spec, 'names');
  const kind = textOf(names, 'kind');
  return withFields(definition, {
    spec: withMissing(
      withFields(spec, {
        names: withFields(names, {
          singular: textOf(names, 'singular') || kind.toLowerCase(),
          listKind: textOf(names, 'listKind') || (kind === '' ? '' : `${kind}List`),
        }),
      }),
      { conversion: { strategy: 'None' } },
    ),
  });
}

/** There is nothing to wait for here: names are accepted and the resource is served at once. */
function withStatus(definition: JsonObject, { clock }: ClusterView): JsonObject {
  const spec = objectOf(definition, 'spec');
  const status = objectOf(definition, 'status');
  const storage = objectsOf(spec, 'versions').find((version) => isTrue(version, 'storage'));
  const stored = textsOf(status, 'storedVersions');
  const version = storage === undefined ? '' : textOf(storage, 'name');
  const lastTransitionTime = `${new Date(clock.calendarMs()).toISOString().slice(0, 19)}Z`;
  const conditions = [
    {
      type: 'NamesAccepted',
      status: 'True',
      lastTransitionTime,
      reason: 'NoConflicts',
      message: 'no conflicts found',
    },
    {
      type: 'Established',
      status: 'True',
      lastTransitionTime,
      reason: 'InitialNamesAccepted',
      message: 'the initial names have been accepted',
    },
  ];
  return withFields(definition, {
    status: withFields(withMissing(status, { conditions }), {
      acceptedNames: objectOf(spec, 'names'),
      storedVersions: version === '' || stored.includes(version) ? stored : [...stored, version],
    }),
  });
}

function validateDefinition(causes: Causes, definition: JsonObject): void {
  const spec = objectOf(definition, 'spec');
  const names = objectOf(spec, 'names');
  const metadata = metadataOf(definition);
  const group = textOf(spec, 'group');
  const name = textOf(metadata, 'name');
  if (name !== `${textOf(names, 'plural')}.${group}`)
    causes.invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group');
  validateGroup(causes, group);
  if (isTrue(spec, 'preserveUnknownFields'))
    causes.invalid(
      'spec.preserveUnknownFields',
      true,
      'must be false in order to use defaults in the schema or to be served at v1',
    );
  const scope = textOf(spec, 'scope');
  if (scope === '') causes.required('spec.scope');
  else if (scope !== 'Cluster' && scope !== 'Namespaced')
    causes.unsupported('spec.scope', scope, ['Cluster', 'Namespaced']);
  validateVersions(causes, objectsOf(spec, 'versions'));
  validateNames(causes, names);
  validateConversion(causes, objectOf(spec, 'conversion'));
  validateApproval(causes, group, textMapOf(metadata, 'annotations'));
}

function validateGroup(causes: Causes, group: string): void {
  if (group === '') {
    causes.required('spec.group');
    return;
  }
  const problems = subdomainProblems(group);
  causes.invalidFor('spec.group', group, problems);
  if (problems.length === 0 && !group.includes('.'))
    causes.invalid('spec.group', group, 'should be a domain with at least one dot');
}

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string'];

function validateVersions(causes: Causes, versions: readonly JsonObject[]): void {
  const names = versions.map((version) => textOf(version, 'name'));
  versions.forEach((version, index) => {
    const at = `spec.versions[${index}]`;
    const name = names[index] ?? '';
    causes.invalidFor(`${at}.name`, name, dns1035LabelProblems(name));
    const schema = objectAt(objectOf(version, 'schema'), 'openAPIV3Schema');
    const field = `${at}.schema.openAPIV3Schema`;
    if (schema === undefined) causes.required(field, 'schemas are required');
    else if (textOf(schema, 'type') === '') causes.required(`${field}.type`, 'must not be empty at the root');
    else if (textOf(schema, 'type') !== 'object')
      causes.invalid(`${field}.type`, textOf(schema, 'type'), 'must be object at the root');
    objectsOf(version, 'additionalPrinterColumns').forEach((column, columnIndex) => {
      validateColumn(causes, column, `${at}.additionalPrinterColumns[${columnIndex}]`);
    });
  });
  if (new Set(names).size < names.length) causes.invalid('spec.versions', names, 'must contain unique version names');
  if (versions.filter((version) => isTrue(version, 'storage')).length !== 1)
    causes.invalid('spec.versions', names, 'must have exactly one version marked as storage version');
}

function validateColumn(causes: Causes, column: JsonObject, at: string): void {
  if (textOf(column, 'name') === '') causes.required(`${at}.name`);
  const type = textOf(column, 'type');
  if (type === '') causes.required(`${at}.type`, `must be one of ${columnTypes.join(',')}`);
  else if (!columnTypes.includes(type)) causes.invalid(`${at}.type`, type, `must be one of ${columnTypes.join(',')}`);
  if (textOf(column, 'jsonPath') === '') causes.required(`${at}.jsonPath`);
}

function validateNames(causes: Causes, names: JsonObject): void {
  const at = 'spec.names';
  for (const name of ['plural', 'singular', 'kind', 'listKind'])
    if (textOf(names, name) === '') causes.required(`${at}.${name}`);
  const labelled = (name: string, value: string, prefix = '') => {
    for (const problem of dns1035LabelProblems(value))
      causes.invalid(`${at}.${name}`, textOf(names, name), prefix + problem);
  };
  const mixedCase = 'may have mixed case, but should otherwise match: ';
  if (textOf(names, 'plural') !== '') labelled('plural', textOf(names, 'plural'));
  if (textOf(names, 'singular') !== '') labelled('singular', textOf(names, 'singular'));
  if (textOf(names, 'kind') !== '') labelled('kind', textOf(names, 'kind').toLowerCase(), mixedCase);
  if (textOf(names, 'listKind') !== '') labelled('listKind', textOf(names, 'listKind').toLowerCase(), mixedCase);
  for (const list of ['shortNames', 'categories'])
    textsOf(names, list).forEach((value, index) => {
      causes.invalidFor(`${at}.${list}[${index}]`, value, dns1035LabelProblems(value));
    });
  const kind = textOf(names, 'kind');
  if (kind !== '' && kind === textOf(names, 'listKind'))
    causes.invalid(`${at}.listKind`, kind, 'kind and listKind may not be the same');
}

/** Versions are not converted by anybody else here. */
function validateConversion(causes: Causes, conversion: JsonObject): void {
  const strategy = textOf(conversion, 'strategy');
  if (strategy === '') causes.required('spec.conversion.strategy');
  else if (strategy !== 'None' && strategy !== 'Webhook')
    causes.unsupported('spec.conversion.strategy', strategy, ['None', 'Webhook']);
  if (strategy === 'None' && get(conversion, 'webhook') !== undefined)
    causes.forbidden('spec.conversion.webhook', 'should not be set when strategy is not set to Webhook');
}

const APPROVAL = 'api-approved.kubernetes.io';
const protectedGroup = /(?:^|\.)(?:k8s|kubernetes)\.io$/;

/** Groups of Kubernetes itself say who has approved them. */
function validateApproval(causes: Causes, group: string, annotations: ReadonlyMap<string, string>): void {
  if (!protectedGroup.test(group)) return;
  const field = `metadata.annotations[${APPROVAL}]`;
  const value = annotations.get(APPROVAL) ?? '';
  if (value === '')
    causes.required(
      field,
      `protected groups must have approval annotation "${APPROVAL}", see https://github.com/kubernetes/enhancements/pull/1111`,
    );
  else if (!value.startsWith('unapproved') && !/^https?:\/\/./.test(value))
    causes.invalid(
      field,
      value,
      `protected groups must have approval annotation "${APPROVAL}" with either a URL or a reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111`,
    );
}
