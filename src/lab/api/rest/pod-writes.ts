/** Writes to pods that are none of the object as a whole: ephemeral containers and the node. */
import { type JsonObject, sameJson, withFields } from '../json.ts';
import { numberAt, objectAt, objectsInPlace, textAt, metadataOf } from '../field-values.ts';
import { Causes } from '../kinds/causes.ts';
import { validateEphemeralContainers } from '../kinds/container-validation.ts';
import { validateVolumes } from '../kinds/volume-validation.ts';
import { badRequest, type StatusCause, StatusError } from '../status-error.ts';

/** The pod with the ephemeral containers of `next`, and what is wrong with them. */
export function withEphemeralContainers(
  pod: JsonObject,
  next: JsonObject,
): { readonly object: JsonObject; readonly causes: readonly StatusCause[] } {
  const field = 'spec.ephemeralContainers';
  const before = objectsInPlace(objectAt(pod, 'spec'), 'ephemeralContainers');
  const after = objectsInPlace(objectAt(next, 'spec'), 'ephemeralContainers');
  const byName = new Map(after.map((container) => [textAt(container, 'name'), container]));
  const causes = new Causes();
  for (const container of before) {
    const name = textAt(container, 'name');
    const now = byName.get(name);
    if (now === undefined)
      causes.forbidden(field, `existing ephemeral containers ${JSON.stringify(name)} may not be removed\n`);
    else if (!sameJson(now, container))
      causes.forbidden(field, `existing ephemeral containers ${JSON.stringify(name)} may not be changed\n`);
  }
  const spec = withFields(objectAt(pod, 'spec'), { ephemeralContainers: after.length === 0 ? undefined : after });
  // The volumes themselves were judged when the pod was made.
  const volumes = validateVolumes(new Causes(), spec, 'spec');
  const graceSeconds = numberAt(spec, 'terminationGracePeriodSeconds');
  validateEphemeralContainers(causes, spec, 'spec', { volumes, graceSeconds });
  return { object: withFields(pod, { spec }), causes: causes.all };
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
