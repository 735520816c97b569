/** What goes when its owner does: dependents in the background, before the owner, or not at all. */
import type { JsonObject } from '../api/json.ts';
import type { Resource } from '../api/resources.ts';
import { type DeleteRequest, systemContext } from '../api/rest/rest.ts';
import { resourceKey } from '../api/store/object-store.ts';
import { without } from './claims.ts';
import type { IndexedObject } from './cluster-index.ts';
import type { Controller, Surroundings } from './controller.ts';
import { isGoing, isTrueAt, nameOf, namespaceOf, objectsAt, textAt, textsAt, uidOf } from '../api/field-values.ts';
import type { SyncResult } from './work-loop.ts';
import { metadataWith } from './writer.ts';

const FOREGROUND = 'foregroundDeletion';
const ORPHAN = 'orphan';

/** Keys are uids: names are given again. */
export function garbageCollector({ rest, index }: Surroundings): Controller {
  const context = systemContext('generic-garbage-collector');

  const resourceOf = (key: string): Resource | undefined => rest.resources.find((each) => resourceKey(each) === key);

  const isKnownKind = (owner: JsonObject): boolean => {
    const apiVersion = textAt(owner, 'apiVersion');
    const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
    return rest.resources.some((each) => each.group === group && each.kind === textAt(owner, 'kind'));
  };

  const write = ({ resource: key, object }: IndexedObject, change: (object: JsonObject) => JsonObject): void => {
    const resource = resourceOf(key);
    if (resource === undefined) return;
    const target = { resource, namespace: namespaceOf(object), name: nameOf(object) };
    // As its version has it: custom resources are stored in one for all.
    const present = rest.get(target);
    rest.update(target, { ...present, metadata: change(present) }, context);
  };

  const remove = (
    { resource: key, object }: IndexedObject,
    propagationPolicy: DeleteRequest['propagationPolicy'],
  ): void => {
    const resource = resourceOf(key);
    if (resource === undefined) return;
    const target = { resource, namespace: namespaceOf(object), name: nameOf(object) };
    rest.delete(target, { propagationPolicy, preconditions: { uid: uidOf(object) } }, context);
  };

  const stateOf = (owner: JsonObject, dependent: JsonObject): 'gone' | 'stays' | 'waits' => {
    const found = index.find(textAt(owner, 'uid'));
    // Of what the lab does not serve nothing is known.
    if (found === undefined) return isKnownKind(owner) ? 'gone' : 'stays';
    const namespace = namespaceOf(found.object);
    const isSame = nameOf(found.object) === textAt(owner, 'name');
    if (!isSame || (namespace !== '' && namespace !== namespaceOf(dependent))) return 'gone';
    return waitsForDependents(found.object) ? 'waits' : 'stays';
  };

  const finishOwner = (item: IndexedObject): SyncResult | undefined => {
    const { object } = item;
    const uid = uidOf(object);
    const withoutFinalizer = (finalizer: string) =>
      write(item, (present) => {
        const left = textsAt(present, 'metadata', 'finalizers').filter((each) => each !== finalizer);
        return metadataWith(present, { finalizers: left.length === 0 ? undefined : left });
      });
    if (textsAt(object, 'metadata', 'finalizers').includes(ORPHAN)) {
      for (const dependent of index.dependents(uid)) write(dependent, (present) => without(present, uid));
      withoutFinalizer(ORPHAN);
    } else if (waitsForDependents(object)) {
      const blocking = index.dependents(uid).filter((dependent) => blocks(dependent.object, uid));
      if (blocking.length === 0) withoutFinalizer(FOREGROUND);
      return { size: blocking.length };
    }
    return undefined;
  };

  const sync = (uid: string): SyncResult | undefined => {
    const item = index.find(uid);
    if (item === undefined) return undefined;
    const { object } = item;
    if (isGoing(object)) return finishOwner(item);
    const owners = objectsAt(object, 'metadata', 'ownerReferences').map((owner) => ({
      owner,
      state: stateOf(owner, object),
    }));
    if (owners.every(({ state }) => state === 'stays')) return undefined;
    if (owners.some(({ state }) => state === 'stays')) {
      const left = owners.filter(({ state }) => state === 'stays').map(({ owner }) => owner);
      write(item, (present) => metadataWith(present, { ownerReferences: left }));
      return undefined;
    }
    const finalizers = textsAt(object, 'metadata', 'finalizers');
    const isAwaited = owners.some(({ state }) => state === 'waits') && index.dependentCount(uid) > 0;
    if (finalizers.includes(ORPHAN)) remove(item, 'Orphan');
    else remove(item, isAwaited || finalizers.includes(FOREGROUND) ? 'Foreground' : 'Background');
    return undefined;
  };

  return {
    name: 'garbage collector',
    observe: ({ type, resource, object, previous }, dirty) => {
      if (resource === 'events') return;
      const uid = uidOf(object);
      const owners = objectsAt(object, 'metadata', 'ownerReferences');
      const ends = type === 'DELETED' || (isGoing(object) && (previous === undefined || !isGoing(previous)));
      const holds = isGoing(object) && textsAt(object, 'metadata', 'finalizers').length > 0;
      if (type !== 'DELETED' && (owners.length > 0 || holds)) dirty(uid);
      // The owner may wait for this one; its dependents wait for nothing any more.
      if (
        type === 'DELETED' ||
        (previous !== undefined && objectsAt(previous, 'metadata', 'ownerReferences').length > 0)
      )
        for (const owner of objectsAt(previous ?? object, 'metadata', 'ownerReferences')) {
          const above = index.find(textAt(owner, 'uid'));
          if (above !== undefined && isGoing(above.object)) dirty(textAt(owner, 'uid'));
        }
      if (ends) for (const dependent of index.dependents(uid)) dirty(uidOf(dependent.object));
    },
    sync,
  };
}

function waitsForDependents(object: JsonObject): boolean {
  return isGoing(object) && textsAt(object, 'metadata', 'finalizers').includes(FOREGROUND);
}

function blocks(dependent: JsonObject, uid: string): boolean {
  const owner = objectsAt(dependent, 'metadata', 'ownerReferences').find((each) => textAt(each, 'uid') === uid);
  return owner !== undefined && isTrueAt(owner, 'blockOwnerDeletion');
}
