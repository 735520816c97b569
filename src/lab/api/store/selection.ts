/** Label and field selectors of lists and watches. */

import { matches, parseSelector } from '../../../kube/selectors.ts';
import { get, isObject, type JsonObject, type JsonValue } from '../json.ts';
import { badRequest } from '../status-error.ts';
import type { StoreEvent } from './event-ring.ts';
import { metadataOf } from '../field-values.ts';

export type ObjectFilter = (object: JsonObject) => boolean;

/** Fields that every kind can be selected by, and those of single kinds, as in the real server. */
const generalFields = ['metadata.name', 'metadata.namespace'];
const kindFields: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'Pod',
    [
      'spec.nodeName',
      'spec.restartPolicy',
      'spec.schedulerName',
      'spec.serviceAccountName',
      'spec.hostNetwork',
      'status.phase',
      'status.podIP',
      'status.nominatedNodeName',
    ],
  ],
  [
    'Event',
    [
      'involvedObject.kind',
      'involvedObject.namespace',
      'involvedObject.name',
      'involvedObject.uid',
      'involvedObject.apiVersion',
      'involvedObject.resourceVersion',
      'involvedObject.fieldPath',
      'reason',
      'reportingComponent',
      'type',
    ],
  ],
  ['Namespace', ['status.phase']],
  ['Node', ['spec.unschedulable']],
  ['Secret', ['type']],
  ['Service', ['spec.clusterIP', 'spec.type']],
  ['ReplicaSet', ['status.replicas']],
  ['Job', ['status.successful']],
]);

/** What both selectors let through; an empty text lets everything through. Throws a 400 `StatusError`. */
export function objectFilter(kind: string, labelSelector: string, fieldSelector: string): ObjectFilter {
  const parsed = parseSelector(labelSelector);
  if (!parsed.ok) throw badRequest(`unable to parse requirement: ${parsed.message}`);
  const { selector } = parsed;
  const fields = parseFieldSelector(kind, fieldSelector);
  return (object) =>
    fields.every(({ path, value, equal }) => (fieldText(object, path) === value) === equal) &&
    (selector.requirements.length === 0 || matches(selector, labelsOf(object)));
}

interface FieldRequirement {
  readonly path: string;
  readonly value: string;
  readonly equal: boolean;
}

function parseFieldSelector(kind: string, text: string): readonly FieldRequirement[] {
  if (text === '') return [];
  return text.split(',').map((term) => {
    const at = term.indexOf('=');
    if (at < 1) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const equal = term[at - 1] !== '!';
    const path = term.slice(0, equal ? at : at - 1);
    const value = term.slice(term[at + 1] === '=' && equal ? at + 2 : at + 1);
    if (!generalFields.includes(path) && !(kindFields.get(kind) ?? []).includes(path))
      throw badRequest(`field label not supported: ${path}`);
    return { path, value, equal };
  });
}

function fieldText(object: JsonObject, path: string): string {
  let value: JsonValue | undefined = object;
  for (const name of path.split('.')) value = isObject(value) ? get(value, name) : undefined;
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return path === 'spec.unschedulable' || path === 'spec.hostNetwork' ? 'false' : '';
}

function labelsOf(object: JsonObject): ReadonlyMap<string, string> {
  const labels = get(metadataOf(object), 'labels');
  if (!isObject(labels)) return new Map();
  return new Map(
    Object.entries(labels).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value] as const] : [])),
  );
}

/**
 * A change as a watch with that filter sees it: an object that begins to match is ADDED, one that ceases to is DELETED.
 * `undefined` when the watch sees nothing.
 */
export function seenThrough(filter: ObjectFilter, event: StoreEvent): Pick<StoreEvent, 'type' | 'object'> | undefined {
  const before = event.previous !== undefined && filter(event.previous);
  const after = event.type !== 'DELETED' && filter(event.object);
  if (!before && !after) return undefined;
  return { type: before ? (after ? 'MODIFIED' : 'DELETED') : 'ADDED', object: event.object };
}
