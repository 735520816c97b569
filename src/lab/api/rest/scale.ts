/** The number of replicas of a workload as an object of its own: `autoscaling/v1 Scale`. */
import { fromEntries, get, type JsonObject, withFields } from '../json.ts';
import { listAt, numberAt, objectAt, objectsInPlace, sortedTextsAt, textAt, metadataOf } from '../field-values.ts';
import { badRequest } from '../status-error.ts';
import { conform } from './conform.ts';
import { fieldCause, invalidObject } from './invalid.ts';

export const scaleResource = { group: 'autoscaling', kind: 'Scale' };

/** Where a kind has its numbers, as lists of names. */
export interface ScalePaths {
  readonly specReplicas: readonly string[];
  readonly statusReplicas: readonly string[];
  /** Where the status has the selector as text; `undefined` for `spec.selector`, a label selector. */
  readonly labelSelector: readonly string[] | undefined;
}

export const workloadPaths: ScalePaths = {
  specReplicas: ['spec', 'replicas'],
  statusReplicas: ['status', 'replicas'],
  labelSelector: undefined,
};

export function scaleOf(object: JsonObject, paths: ScalePaths): JsonObject {
  const metadata = metadataOf(object);
  const names = ['name', 'namespace', 'uid', 'resourceVersion', 'creationTimestamp'];
  const selector =
    paths.labelSelector === undefined
      ? selectorText(objectAt(objectAt(object, 'spec'), 'selector'))
      : textAt(parentOf(object, paths.labelSelector), paths.labelSelector.at(-1) ?? '');
  const specReplicas = numberAt(parentOf(object, paths.specReplicas), paths.specReplicas.at(-1) ?? '') ?? 0;
  const statusReplicas = numberAt(parentOf(object, paths.statusReplicas), paths.statusReplicas.at(-1) ?? '') ?? 0;
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: fromEntries(names.map((name) => [name, get(metadata, name)])),
    spec: { replicas: specReplicas },
    status: { replicas: statusReplicas, ...(selector === '' ? {} : { selector }) },
  };
}

/** The object with the replicas of a Scale. Throws 400 and 422. */
export function withScale(object: JsonObject, scale: JsonObject, paths: ScalePaths): JsonObject {
  const apiVersion = textAt(scale, 'apiVersion');
  const kind = textAt(scale, 'kind');
  if ((apiVersion !== '' && apiVersion !== 'autoscaling/v1') || (kind !== '' && kind !== 'Scale'))
    throw badRequest(`wrong object passed to Scale update: ${apiVersion} ${kind}`);
  const { object: read, wrong } = conform(scale, 'Scale');
  const name = textAt(metadataOf(object), 'name');
  const [first] = wrong;
  if (first !== undefined) throw badRequest(`Scale: ${first.path} must be ${first.wanted}`);
  const given = metadataOf(read);
  if (!['', name].includes(textAt(given, 'name')))
    throw badRequest(`the name of the object (${textAt(given, 'name')}) does not match the name on the URL (${name})`);
  const replicas = numberAt(objectAt(read, 'spec'), 'replicas') ?? 0;
  if (replicas < 0)
    throw invalidObject(scaleResource, name, [
      fieldCause('invalid', 'spec.replicas', 'must be greater than or equal to 0', replicas),
    ]);
  const version = get(given, 'resourceVersion') ?? get(metadataOf(object), 'resourceVersion');
  const scaled = withPath(object, paths.specReplicas, replicas);
  return withFields(scaled, { metadata: withFields(metadataOf(object), { resourceVersion: version }) });
}

function parentOf(object: JsonObject, path: readonly string[]): JsonObject {
  return objectAt(object, ...path.slice(0, -1));
}

function withPath(object: JsonObject, path: readonly string[], value: number): JsonObject {
  const [name, ...rest] = path;
  if (name === undefined) return object;
  return withFields(object, { [name]: rest.length === 0 ? value : withPath(objectAt(object, name), rest, value) });
}

/** A label selector as the text that lists take. */
function selectorText(selector: JsonObject): string {
  const labels = [...sortedTextsAt(selector, 'matchLabels')].map(([key, value]) => ({ key, text: `${key}=${value}` }));
  const expressions = objectsInPlace(selector, 'matchExpressions').map((requirement) => {
    const key = textAt(requirement, 'key');
    const values = listAt(requirement, 'values').map(String).sort().join(',');
    switch (textAt(requirement, 'operator')) {
      case 'In':
        return { key, text: `${key} in (${values})` };
      case 'NotIn':
        return { key, text: `${key} notin (${values})` };
      case 'DoesNotExist':
        return { key, text: `!${key}` };
      default:
        return { key, text: key };
    }
  });
  return [...labels, ...expressions]
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ text }) => text)
    .join(',');
}
