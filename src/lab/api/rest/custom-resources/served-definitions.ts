/** Keeps the served resources as the stored definitions say, and takes objects with the definition that defines them. */
import { get, type JsonObject, withFields } from '../../json.ts';
import { objectAt, textAt, textsInPlace, metadataOf } from '../../field-values.ts';
import { StatusError } from '../../status-error.ts';
import type { StoreEvent } from '../../store/event-ring.ts';
import { type ObjectStore, type ResourceId, resourceKey } from '../../store/object-store.ts';
import type { ResourceRegistry } from '../resource-registry.ts';
import { customKinds, storageVersion } from './custom-kinds.ts';
import { cleanupFinalizer, isBuiltIn, servesSame } from './definition-strategy.ts';

export const definitions: ResourceId = { group: 'apiextensions.k8s.io', plural: 'customresourcedefinitions' };
const definitionsKey = resourceKey(definitions);

/** Gives back what ends it. */
export function serveDefinitions(store: ObjectStore, registry: ResourceRegistry): () => void {
  for (const definition of store.list(definitions).items) register(registry, definition);
  return store.subscribe((event) => {
    if (event.resource === definitionsKey) definitionChanged(store, registry, event);
    else if (event.type === 'DELETED') objectGone(store, event.resource);
  });
}

function definitionChanged(store: ObjectStore, registry: ResourceRegistry, event: StoreEvent): void {
  const { object, previous, type } = event;
  if (isBuiltIn(object)) return;
  if (type === 'DELETED') {
    const { group, plural } = resourceOf(object);
    registry.register(group, plural, []);
    return;
  }
  if (previous === undefined || !servesSame(object, previous)) register(registry, object);
  if (get(metadataOf(object), 'deletionTimestamp') !== undefined) removeObjects(store, object);
}

function register(registry: ResourceRegistry, definition: JsonObject): void {
  if (isBuiltIn(definition)) return;
  const { group, plural } = resourceOf(definition);
  registry.register(group, plural, customKinds(definition), storageVersion(definition));
}

function resourceOf(definition: JsonObject): ResourceId {
  const spec = objectAt(definition, 'spec');
  return { group: textAt(spec, 'group'), plural: textAt(objectAt(spec, 'names'), 'plural') };
}

function removeObjects(store: ObjectStore, definition: JsonObject): void {
  const resource = resourceOf(definition);
  for (const { metadata } of store.list(resource).items as readonly { readonly metadata: JsonObject }[]) {
    try {
      store.delete({ ...resource, namespace: textAt(metadata, 'namespace'), name: textAt(metadata, 'name') });
    } catch (error) {
      // Gone meanwhile, or held by a finalizer: its end comes as an event.
      if (!(error instanceof StatusError)) throw error;
    }
  }
  release(store, definition);
}

/** An object of a definition that is being deleted may have been the last one. */
function objectGone(store: ObjectStore, resource: string): void {
  const definition = store.find({ ...definitions, namespace: '', name: resource });
  if (definition !== undefined && get(metadataOf(definition), 'deletionTimestamp') !== undefined)
    release(store, definition);
}

/** Lets the definition go when nothing of it is left. */
function release(store: ObjectStore, definition: JsonObject): void {
  if (store.list(resourceOf(definition)).items.length > 0) return;
  const name = textAt(metadataOf(definition), 'name');
  const now = store.find({ ...definitions, namespace: '', name });
  if (now === undefined) return;
  const metadata = metadataOf(now);
  const finalizers = textsInPlace(metadata, 'finalizers');
  if (!finalizers.includes(cleanupFinalizer)) return;
  const left = finalizers.filter((finalizer) => finalizer !== cleanupFinalizer);
  store.update(
    { ...definitions, namespace: '', name },
    withFields(now, { metadata: withFields(metadata, { finalizers: left.length === 0 ? undefined : left }) }),
  );
}
