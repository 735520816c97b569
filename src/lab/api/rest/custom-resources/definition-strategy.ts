/** CustomResourceDefinitions: what the server fills in, what it refuses, and how it says that they are served. */
import { dns1035LabelProblems, subdomainProblems } from '../../../../kube/syntax.ts';
import { get, isObject, type JsonObject, sameJson, withFields } from '../../json.ts';
import {
  isTrueAt,
  givenObjectAt,
  objectAt,
  objectsInPlace,
  textAt,
  textsInPlace,
  metadataOf,
} from '../../field-values.ts';
import type { Strategy } from '../../kinds/strategy.ts';
import { builtInResources } from '../../resources.ts';
import type { StatusCause } from '../../status-error.ts';
import { timeText } from '../../times.ts';
import { fieldCause } from '../invalid.ts';
import { notEvaluated } from './structural-schema.ts';

/** Holds a definition until its objects are gone. */
export const cleanupFinalizer = 'customresourcecleanup.apiextensions.k8s.io';
const approvalAnnotation = 'api-approved.kubernetes.io';

/** Whether the lab has a type of its own for what the definition defines. */
export function isBuiltIn(definition: JsonObject): boolean {
  const spec = objectAt(definition, 'spec');
  const plural = textAt(objectAt(spec, 'names'), 'plural');
  return builtInResources.some((resource) => resource.group === textAt(spec, 'group') && resource.plural === plural);
}

export const definitionStrategy: Strategy = {
  prepareCreate: (definition, { clock }) => {
    const named = withNames(definition);
    const metadata = metadataOf(named);
    const finalizers = textsInPlace(metadata, 'finalizers').filter((name) => name !== cleanupFinalizer);
    const held = isBuiltIn(named) ? finalizers : [...finalizers, cleanupFinalizer];
    const time = timeText(clock.calendarMs());
    return withFields(named, {
      metadata: withFields(metadata, { finalizers: held.length === 0 ? undefined : held }),
      status: servedStatus(named, time),
    });
  },
  prepareUpdate: (next, before) => {
    const named = withNames(next);
    const status = objectAt(before, 'status');
    const stored = [...new Set([...textsInPlace(status, 'storedVersions'), ...storageVersions(named)])];
    const acceptedNames = get(objectAt(named, 'spec'), 'names');
    return withFields(named, { status: withFields(status, { acceptedNames, storedVersions: stored }) });
  },
  validate: (definition) => {
    const spec = objectAt(definition, 'spec');
    return [...nameCauses(definition, spec), ...versionCauses(spec)];
  },
  validateUpdate: (next, before) => {
    const fixed = ['group', 'scope'] as const;
    const [now, old] = [objectAt(next, 'spec'), objectAt(before, 'spec')];
    const causes = fixed
      .filter((name) => textAt(now, name) !== textAt(old, name))
      .map((name) => fieldCause('invalid', `spec.${name}`, 'field is immutable', textAt(now, name)));
    for (const name of ['kind', 'plural']) {
      const value = textAt(objectAt(now, 'names'), name);
      if (value !== textAt(objectAt(old, 'names'), name))
        causes.push(fieldCause('invalid', `spec.names.${name}`, 'field is immutable', value));
    }
    return causes;
  },
  warnings: (definition) => {
    if (isBuiltIn(definition)) return ['the lab has this kind built in: the schema of the definition is not used'];
    const skipped = objectsInPlace(objectAt(definition, 'spec'), 'versions').flatMap((version, index) => {
      const schema = givenObjectAt(objectAt(version, 'schema'), 'openAPIV3Schema');
      const path = `spec.versions[${index}].schema.openAPIV3Schema`;
      return schema === undefined ? [] : notEvaluated(schema, path);
    });
    return skipped.slice(0, 10).map((path) => `the lab does not evaluate ${path}`);
  },
};

/** Names that may be left out. */
function withNames(definition: JsonObject): JsonObject {
  const spec = objectAt(definition, 'spec');
  const names = objectAt(spec, 'names');
  const kind = textAt(names, 'kind');
  const filled = withFields(names, {
    singular: textAt(names, 'singular') || kind.toLowerCase() || undefined,
    listKind: textAt(names, 'listKind') || (kind === '' ? undefined : `${kind}List`),
  });
  const conversion = givenObjectAt(spec, 'conversion') ?? { strategy: 'None' };
  return withFields(definition, { spec: withFields(spec, { names: filled, conversion }) });
}

function servedStatus(definition: JsonObject, time: string): JsonObject {
  const condition = (type: string, reason: string, message: string) => ({
    type,
    status: 'True',
    lastTransitionTime: time,
    reason,
    message,
  });
  return {
    conditions: [
      condition('NamesAccepted', 'NoConflicts', 'no conflicts found'),
      condition('Established', 'InitialNamesAccepted', 'the initial names have been accepted'),
    ],
    acceptedNames: get(objectAt(definition, 'spec'), 'names'),
    storedVersions: storageVersions(definition),
  };
}

function storageVersions(definition: JsonObject): readonly string[] {
  return objectsInPlace(objectAt(definition, 'spec'), 'versions')
    .filter((version) => isTrueAt(version, 'storage'))
    .map((version) => textAt(version, 'name'));
}

const KIND = /^[A-Za-z](?:[-A-Za-z0-9]{0,61}[A-Za-z0-9])?$/;

function nameCauses(definition: JsonObject, spec: JsonObject): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const names = objectAt(spec, 'names');
  const group = textAt(spec, 'group');
  const plural = textAt(names, 'plural');
  const name = textAt(metadataOf(definition), 'name');
  if (name !== `${plural}.${group}`)
    causes.push(fieldCause('invalid', 'metadata.name', 'must be spec.names.plural+"."+spec.group', name));
  const isProtected = ['k8s.io', 'kubernetes.io'].some((domain) => group === domain || group.endsWith(`.${domain}`));
  if (isProtected && textAt(objectAt(metadataOf(definition), 'annotations'), approvalAnnotation) === '')
    causes.push(
      fieldCause(
        'required',
        `metadata.annotations[${approvalAnnotation}]`,
        `protected groups must have approval annotation "${approvalAnnotation}", see https://github.com/kubernetes/enhancements/pull/1111`,
      ),
    );
  if (group === '') causes.push(fieldCause('required', 'spec.group', ''));
  else {
    for (const problem of subdomainProblems(group)) causes.push(fieldCause('invalid', 'spec.group', problem, group));
    if (!group.includes('.'))
      causes.push(fieldCause('invalid', 'spec.group', 'should be a domain with at least one dot', group));
  }
  const scope = textAt(spec, 'scope');
  if (scope === '') causes.push(fieldCause('required', 'spec.scope', ''));
  else if (scope !== 'Cluster' && scope !== 'Namespaced')
    causes.push(fieldCause('unsupported', 'spec.scope', 'supported values: "Cluster", "Namespaced"', scope));
  for (const field of ['plural', 'singular', 'kind', 'listKind']) {
    const value = textAt(names, field);
    if (value === '') causes.push(fieldCause('required', `spec.names.${field}`, ''));
    else if (field === 'plural' || field === 'singular')
      for (const problem of dns1035LabelProblems(value))
        causes.push(fieldCause('invalid', `spec.names.${field}`, problem, value));
    else if (!KIND.test(value)) {
      const detail = `may have mixed case, but should otherwise match: ${dns1035LabelProblems('-').join('')}`;
      causes.push(fieldCause('invalid', `spec.names.${field}`, detail, value));
    }
  }
  const kind = textAt(names, 'kind');
  if (kind !== '' && kind === textAt(names, 'listKind'))
    causes.push(fieldCause('invalid', 'spec.names.listKind', 'kind and listKind may not be the same', kind));
  return causes;
}

function versionCauses(spec: JsonObject): readonly StatusCause[] {
  const field = 'spec.versions';
  const versions = objectsInPlace(spec, 'versions');
  const shown = versions.map((version) => textAt(version, 'name'));
  const causes: StatusCause[] = [];
  if (versions.filter((version) => isTrueAt(version, 'storage')).length !== 1)
    causes.push(fieldCause('invalid', field, 'must have exactly one version marked as storage version', shown));
  if (new Set(shown).size !== shown.length)
    causes.push(fieldCause('invalid', field, 'must contain unique version names', shown));
  for (const [index, version] of versions.entries()) {
    const at = `${field}[${index}]`;
    const name = textAt(version, 'name');
    for (const problem of dns1035LabelProblems(name)) causes.push(fieldCause('invalid', `${at}.name`, problem, name));
    const path = `${at}.schema.openAPIV3Schema`;
    const schema = givenObjectAt(objectAt(version, 'schema'), 'openAPIV3Schema');
    if (schema === undefined) causes.push(fieldCause('required', path, 'schemas are required'));
    else causes.push(...rootCauses(schema, path));
  }
  if (textAt(objectAt(spec, 'conversion'), 'strategy') !== 'None')
    causes.push(fieldCause('forbidden', 'spec.conversion.strategy', 'the lab converts by apiVersion alone: None'));
  if (isTrueAt(spec, 'preserveUnknownFields')) {
    const detail = 'must be false in order to use defaults in the schema';
    causes.push(fieldCause('invalid', 'spec.preserveUnknownFields', detail, true));
  }
  return causes;
}

function rootCauses(schema: JsonObject, path: string): readonly StatusCause[] {
  const type = textAt(schema, 'type');
  if (type === '') return [fieldCause('required', `${path}.type`, 'must not be empty at the root')];
  if (type !== 'object') return [fieldCause('invalid', `${path}.type`, 'must be object at the root', type)];
  const causes: StatusCause[] = [];
  untypedFields(schema, path, causes);
  return causes;
}

const mostUntyped = 20;

/** A structural schema gives every field a type. */
function untypedFields(schema: JsonObject, path: string, causes: StatusCause[]): void {
  if (causes.length >= mostUntyped) return;
  const inner = (props: JsonObject, at: string, what: string) => {
    const isFree = ['x-kubernetes-int-or-string', 'x-kubernetes-preserve-unknown-fields'].some((name) =>
      isTrueAt(props, name),
    );
    if (textAt(props, 'type') === '' && !isFree)
      causes.push(fieldCause('required', `${at}.type`, `must not be empty for specified ${what}`));
    untypedFields(props, at, causes);
  };
  for (const [name, value] of Object.entries(objectAt(schema, 'properties')))
    if (isObject(value)) inner(value, `${path}.properties[${name}]`, 'object fields');
  const items = givenObjectAt(schema, 'items');
  if (items !== undefined) inner(items, `${path}.items`, 'array items');
  const additional = givenObjectAt(schema, 'additionalProperties');
  if (additional !== undefined) inner(additional, `${path}.additionalProperties`, 'object fields');
}

/** Whether two states of a definition serve the same. */
export function servesSame(left: JsonObject, right: JsonObject): boolean {
  const ends = (definition: JsonObject) => get(metadataOf(definition), 'deletionTimestamp') !== undefined;
  return sameJson(get(left, 'spec'), get(right, 'spec')) && ends(left) === ends(right);
}
