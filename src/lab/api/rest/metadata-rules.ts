/** What the server refuses in the metadata of every kind. */
import { byteLength, dnsLabelProblems, labelKeyProblems, labelValueProblems } from '../../../kube/syntax.ts';
import { get, isList, isObject, type JsonObject, type JsonValue } from '../json.ts';
import { textAt, metadataOf } from '../field-values.ts';
import type { Resource } from '../resources.ts';
import type { StatusCause } from '../status-error.ts';
import { fieldCause, mostCauses } from './invalid.ts';
import { nameProblems, prefixProblems } from './object-names.ts';

const mostAnnotationBytes = 256 * 1024;
/** Finalizers without a prefix that the server itself knows. */
const standardFinalizers = new Set(['foregroundDeletion', 'kubernetes', 'orphan']);

/** Everything that is wrong with the metadata of an object that is to be stored. */
export function metadataProblems(object: JsonObject, resource: Resource): readonly StatusCause[] {
  const metadata = metadataOf(object);
  return [
    ...nameCauses(metadata, resource),
    ...labelCauses(get(metadata, 'labels'), 'metadata.labels'),
    ...annotationCauses(get(metadata, 'annotations')),
    ...ownerCauses(get(metadata, 'ownerReferences')),
    ...finalizerCauses(get(metadata, 'finalizers'), resource),
  ];
}

function nameCauses(metadata: JsonObject, resource: Resource): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  const prefix = textAt(metadata, 'generateName');
  const name = textAt(metadata, 'name');
  if (prefix !== '')
    for (const problem of prefixProblems(resource, prefix))
      causes.push(fieldCause('invalid', 'metadata.generateName', problem, prefix));
  if (name === '') causes.push(fieldCause('required', 'metadata.name', 'name or generateName is required'));
  else
    for (const problem of nameProblems(resource, name))
      causes.push(fieldCause('invalid', 'metadata.name', problem, name));
  const namespace = textAt(metadata, 'namespace');
  if (resource.namespaced)
    for (const problem of dnsLabelProblems(namespace))
      causes.push(fieldCause('invalid', 'metadata.namespace', problem, namespace));
  return causes;
}

function labelCauses(labels: JsonValue | undefined, field: string): readonly StatusCause[] {
  const causes: StatusCause[] = [];
  for (const [key, value] of textsOf(labels)) {
    if (causes.length > mostCauses) break;
    for (const problem of labelKeyProblems(key)) causes.push(fieldCause('invalid', field, problem, key));
    for (const problem of labelValueProblems(value)) causes.push(fieldCause('invalid', field, problem, value));
  }
  return causes;
}

function annotationCauses(annotations: JsonValue | undefined): readonly StatusCause[] {
  const field = 'metadata.annotations';
  const causes: StatusCause[] = [];
  let bytes = 0;
  for (const [key, value] of textsOf(annotations)) {
    bytes += byteLength(key) + byteLength(value);
    if (causes.length > mostCauses) continue;
    // Keys of annotations are checked in lower case.
    for (const problem of labelKeyProblems(key.toLowerCase())) causes.push(fieldCause('invalid', field, problem, key));
  }
  if (bytes > mostAnnotationBytes)
    causes.push(fieldCause('tooLong', field, `may not be more than ${mostAnnotationBytes} bytes`));
  return causes;
}

function ownerCauses(owners: JsonValue | undefined): readonly StatusCause[] {
  const field = 'metadata.ownerReferences';
  const references = objectsOf(owners);
  const causes = references.flatMap((reference) =>
    ['apiVersion', 'kind', 'name', 'uid']
      .filter((name) => textAt(reference, name) === '')
      .map((name) =>
        fieldCause(
          'invalid',
          `${field}.${name}`,
          name === 'apiVersion' ? 'version must not be empty' : emptyText(name),
          '',
        ),
      ),
  );
  const controllers = references.filter((reference) => get(reference, 'controller') === true);
  const [first, second] = controllers;
  if (first === undefined || second === undefined) return causes;
  const pair = `${textAt(first, 'kind')}/${textAt(first, 'name')} and ${textAt(second, 'kind')}/${textAt(second, 'name')}`;
  const detail = `Only one reference can have Controller set to true. Found "true" in references for ${pair}`;
  return [...causes, fieldCause('invalid', field, detail, references)];
}

function emptyText(name: string): string {
  return `${name} must not be empty`;
}

function finalizerCauses(finalizers: JsonValue | undefined, resource: Resource): readonly StatusCause[] {
  const field = 'metadata.finalizers';
  const names = namesOf(finalizers);
  // Custom resources and their definitions may have any.
  const isFree = resource.custom || resource.kind === 'CustomResourceDefinition';
  const causes = names.flatMap((name, index) => {
    const problems = labelKeyProblems(name).map((problem) => fieldCause('invalid', field, problem, name));
    if (isFree || name.includes('/') || standardFinalizers.has(name)) return problems;
    const detail = 'name is neither a standard finalizer name nor is it fully qualified';
    return [...problems, fieldCause('invalid', `${field}[${index}]`, detail, name)];
  });
  if (!names.includes('orphan') || !names.includes('foregroundDeletion')) return causes;
  const both = 'finalizer orphan and foregroundDeletion cannot be both set';
  return [...causes, fieldCause('invalid', field, both, names)];
}

/** What a replacement changes in the metadata and may not. */
export function metadataUpdateProblems(next: JsonObject, before: JsonObject): readonly StatusCause[] {
  const after = metadataOf(next);
  const old = metadataOf(before);
  const causes: StatusCause[] = [];
  if (get(old, 'deletionTimestamp') !== undefined) {
    const known = new Set(namesOf(get(old, 'finalizers')));
    const added = namesOf(get(after, 'finalizers')).filter((name) => !known.has(name));
    const detail = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${added.map((name) => JSON.stringify(name)).join(', ')}}`;
    if (added.length > 0) causes.push(fieldCause('forbidden', 'metadata.finalizers', detail));
  }
  const fixed = ['creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'];
  for (const name of fixed) {
    const given = get(after, name);
    const kept = get(old, name);
    // Left out is as good as right.
    if (given !== undefined && given !== kept)
      causes.push(fieldCause('invalid', `metadata.${name}`, 'field is immutable', given));
  }
  return causes;
}

function textsOf(map: JsonValue | undefined): readonly (readonly [string, string])[] {
  if (!isObject(map)) return [];
  return Object.entries(map).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value] as const] : []));
}

function objectsOf(list: JsonValue | undefined): readonly JsonObject[] {
  return isList(list) ? list.filter(isObject) : [];
}

function namesOf(list: JsonValue | undefined): readonly string[] {
  return isList(list) ? list.filter((name) => typeof name === 'string') : [];
}
