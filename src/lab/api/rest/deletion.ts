/** What deleting means for an object: how long it may take, which finalizers it gets, and what may not go at all. */
import { get, isList, type JsonObject, withFields } from '../json.ts';
import { objectAt, textAt, metadataOf } from '../field-values.ts';
import type { Strategy } from '../kinds/strategy.ts';
import type { Resource } from '../resources.ts';
import { StatusError } from '../status-error.ts';
import { resourceKey } from '../store/object-store.ts';
import { isBuiltIn } from './custom-resources/definition-strategy.ts';
import { definitions } from './custom-resources/served-definitions.ts';
import { forbidden, immortalNamespaces } from './namespace-rules.ts';
import type { DeleteRequest } from './rest.ts';

/** Throws 403 for namespaces that are always there, and for definitions of kinds that the lab has built in. */
export function refuseDeletion(resource: Resource, object: JsonObject): void {
  const name = textAt(metadataOf(object), 'name');
  if (resourceKey(resource) === 'namespaces' && immortalNamespaces.has(name))
    throw forbidden(resource, name, 'this namespace may not be deleted');
  if (resourceKey(resource) === resourceKey(definitions) && isBuiltIn(object))
    throw forbidden(resource, name, 'the lab has this kind built in');
}

/** Seconds; `undefined` for kinds that end at once whatever the request says. */
export function graceOf(strategy: Strategy, object: JsonObject, request: DeleteRequest): number | undefined {
  const usual = strategy.gracePeriodSeconds?.(object);
  // Nothing runs yet, or any more: there is nothing to wait for.
  if (usual === undefined || usual === 0) return usual;
  const asked = request.gracePeriodSeconds ?? usual;
  return asked < 0 ? 1 : asked;
}

/** Throws 409 when it is another object than the one that is meant. */
export function checkDeleted(resource: Resource, object: JsonObject, { preconditions = {} }: DeleteRequest): void {
  const { uid = '', resourceVersion = '' } = preconditions;
  const metadata = metadataOf(object);
  const name = textAt(metadata, 'name');
  const { group, plural } = resource;
  const refuse = (why: string) => {
    const message = `Operation cannot be fulfilled on ${resourceKey(resource)} ${JSON.stringify(name)}: ${why}`;
    return new StatusError('Conflict', message, { name, ...(group === '' ? {} : { group }), kind: plural });
  };
  const stored = { uid: textAt(metadata, 'uid'), version: textAt(metadata, 'resourceVersion') };
  if (uid !== '' && uid !== stored.uid)
    throw refuse(
      `the UID in the precondition (${uid}) does not match the UID in record (${stored.uid}). The object might have been deleted and then recreated`,
    );
  if (resourceVersion !== '' && resourceVersion !== stored.version)
    throw refuse(
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${stored.version}). The object might have been modified`,
    );
}

const dependentFinalizers = new Map([
  ['Foreground', 'foregroundDeletion'],
  ['Orphan', 'orphan'],
]);

/** The object as its deletion leaves it until it is gone. */
export function preparedForDeletion(
  resource: Resource,
  object: JsonObject,
  policy: DeleteRequest['propagationPolicy'],
): JsonObject {
  const held = policy === undefined ? object : withPolicy(object, policy);
  if (resourceKey(resource) !== 'namespaces') return held;
  return withFields(held, { status: withFields(objectAt(held, 'status'), { phase: 'Terminating' }) });
}

function withPolicy(object: JsonObject, policy: string): JsonObject {
  const metadata = metadataOf(object);
  const finalizers = get(metadata, 'finalizers');
  const own = [...dependentFinalizers.values()];
  const others = (isList(finalizers) ? finalizers : []).filter((name) => !own.some((known) => known === name));
  const wanted = dependentFinalizers.get(policy);
  const next = wanted === undefined ? others : [...others, wanted];
  return withFields(object, { metadata: withFields(metadata, { finalizers: next.length === 0 ? undefined : next }) });
}
