/** Writes to pods that are none of the object as a whole: ephemeral containers and the node. */
import { type JsonObject, sameJson, withFields } from '../json.ts';
import { objectAt, objectsInPlace, textAt, metadataOf } from '../field-values.ts';
import { badRequest, type StatusCause, StatusError } from '../status-error.ts';
import { fieldCause } from './invalid.ts';

/** The pod with the ephemeral containers of `next`, and what is wrong with them. */
export function withEphemeralContainers(
  pod: JsonObject,
  next: JsonObject,
): { readonly object: JsonObject; readonly causes: readonly StatusCause[] } {
  const field = 'spec.ephemeralContainers';
  const before = objectsInPlace(objectAt(pod, 'spec'), 'ephemeralContainers');
  const after = objectsInPlace(objectAt(next, 'spec'), 'ephemeralContainers');
  const byName = new Map(after.map((container) => [textAt(container, 'name'), container]));
  const taken = ['containers', 'initContainers'].flatMap((name) =>
    objectsInPlace(objectAt(pod, 'spec'), name).map((container) => textAt(container, 'name')),
  );
  const causes: StatusCause[] = [];
  for (const container of before) {
    const name = textAt(container, 'name');
    const now = byName.get(name);
    if (now === undefined)
      causes.push(
        fieldCause('forbidden', field, `existing ephemeral containers ${JSON.stringify(name)} may not be removed\n`),
      );
    else if (!sameJson(now, container))
      causes.push(
        fieldCause('forbidden', field, `existing ephemeral containers ${JSON.stringify(name)} may not be changed\n`),
      );
  }
  const seen = new Set(taken);
  for (const [index, container] of after.entries()) {
    const name = textAt(container, 'name');
    if (name === '') causes.push(fieldCause('required', `${field}[${index}].name`, ''));
    else if (seen.has(name)) causes.push(fieldCause('duplicate', `${field}[${index}].name`, '', name));
    seen.add(name);
    if (textAt(container, 'image') === '') causes.push(fieldCause('required', `${field}[${index}].image`, ''));
  }
  const spec = withFields(objectAt(pod, 'spec'), { ephemeralContainers: after.length === 0 ? undefined : after });
  return { object: withFields(pod, { spec }), causes };
}

/** The pod on the node that a Binding names. Throws 400 and 409. */
export function boundPod(pod: JsonObject, binding: JsonObject, time: string): JsonObject {
  const name = textAt(metadataOf(pod), 'name');
  const node = textAt(objectAt(binding, 'target'), 'name');
  if (node === '') throw badRequest('target.name: Required value');
  const before = textAt(objectAt(pod, 'spec'), 'nodeName');
  const conflict = (why: string) =>
    new StatusError('Conflict', `Operation cannot be fulfilled on pods/binding ${JSON.stringify(name)}: ${why}`, {
      name,
      kind: 'pods/binding',
    });
  if (metadataOf(pod)['deletionTimestamp'] !== undefined)
    throw conflict(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (before !== '') throw conflict(`pod ${name} is already assigned to node ${JSON.stringify(before)}`);
  const status = objectAt(pod, 'status');
  const others = objectsInPlace(status, 'conditions').filter(
    (condition) => textAt(condition, 'type') !== 'PodScheduled',
  );
  const scheduled = { type: 'PodScheduled', status: 'True', lastTransitionTime: time };
  return withFields(pod, {
    spec: withFields(objectAt(pod, 'spec'), { nodeName: node }),
    status: withFields(status, { conditions: [...others, scheduled] }),
  });
}
