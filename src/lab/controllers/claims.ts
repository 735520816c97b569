/** Which objects belong to an owner: those that its selector matches, taken in and given free accordingly. */
import type { LabelSelector } from '../../kube/objects.ts';
import { matches } from '../../kube/selectors.ts';
import type { JsonObject } from '../api/json.ts';
import { type ClusterIndex, controllerOf } from './cluster-index.ts';
import type { Observed } from './controller.ts';
import { keyOf } from './controller.ts';
import { readSelector, SelectorIndex } from './label-selection.ts';
import { isGoing, labelsOf, nameOf, namespaceOf, objectAt, objectsAt, textAt, uidOf } from '../api/field-values.ts';
import { controllerReference, metadataWith, PODS, REPLICA_SETS, type Writer, type WrittenKind } from './writer.ts';

/** Pods of an owner, after the ones that its selector matches were adopted and others released. */
export function claimPods(writer: Writer, index: ClusterIndex, owner: JsonObject): readonly JsonObject[] {
  const selector = readSelector(objectAt(owner, 'spec')['selector']);
  const free = index.podsSelected(namespaceOf(owner), selector).filter((pod) => controllerOf(pod) === undefined);
  return claim(writer, PODS, owner, selector, index.controlled(uidOf(owner), 'pods'), free);
}

export function claimReplicaSets(writer: Writer, index: ClusterIndex, owner: JsonObject): readonly JsonObject[] {
  const selector = readSelector(objectAt(owner, 'spec')['selector']);
  const free = index.orphanedReplicaSets(namespaceOf(owner)).filter((set) => matches(selector, labelsOf(set)));
  return claim(writer, REPLICA_SETS, owner, selector, index.controlled(uidOf(owner), 'replicasets.apps'), free);
}

function claim(
  writer: Writer,
  kind: WrittenKind,
  owner: JsonObject,
  selector: LabelSelector,
  controlled: readonly JsonObject[],
  free: readonly JsonObject[],
): readonly JsonObject[] {
  const claimed: JsonObject[] = [];
  for (const object of controlled) {
    if (matches(selector, labelsOf(object))) claimed.push(object);
    else if (!isGoing(owner)) writer.update(kind, object, { metadata: without(object, uidOf(owner)) });
  }
  if (isGoing(owner)) return claimed;
  for (const object of free) {
    if (isGoing(object)) continue;
    const ownerReferences = [...objectsAt(object, 'metadata', 'ownerReferences'), controllerReference(owner)];
    claimed.push(writer.update(kind, object, { metadata: metadataWith(object, { ownerReferences }) }));
  }
  return claimed;
}

/** The metadata of an object that does not name that owner any more. */
export function without(object: JsonObject, ownerUid: string): JsonObject {
  const left = objectsAt(object, 'metadata', 'ownerReferences').filter((owner) => textAt(owner, 'uid') !== ownerUid);
  return metadataWith(object, { ownerReferences: left.length === 0 ? undefined : left });
}

/** Makes owners of one kind dirty when they change, when what they control does, and when something free matches. */
export class OwnerWatch {
  private readonly kind: string;
  private readonly resource: string;
  private readonly owned: string;
  /** By namespace. */
  private readonly selectors = new Map<string, SelectorIndex>();

  /** @param owned the resource of what they control, as `pods` */
  constructor(kind: string, resource: string, owned: string) {
    this.kind = kind;
    this.resource = resource;
    this.owned = owned;
  }

  observe({ type, resource, object, previous }: Observed, dirty: (key: string) => void): void {
    if (resource === this.resource) {
      this.keepSelector(type, object);
      dirty(keyOf(namespaceOf(object), nameOf(object)));
    } else if (resource === this.owned) {
      if (previous !== undefined) this.markOwner(previous, dirty);
      if (!this.markOwner(object, dirty) && type !== 'DELETED') this.markMatching(object, dirty);
    }
  }

  private markOwner(object: JsonObject, dirty: (key: string) => void): boolean {
    const owner = controllerOf(object);
    if (owner === undefined) return false;
    if (textAt(owner, 'kind') === this.kind) dirty(keyOf(namespaceOf(object), textAt(owner, 'name')));
    return true;
  }

  private markMatching(object: JsonObject, dirty: (key: string) => void): void {
    const namespace = namespaceOf(object);
    for (const name of this.selectors.get(namespace)?.matching(labelsOf(object)) ?? []) dirty(keyOf(namespace, name));
  }

  private keepSelector(type: Observed['type'], object: JsonObject): void {
    const namespace = namespaceOf(object);
    const inNamespace = this.selectors.get(namespace) ?? new SelectorIndex();
    if (type === 'DELETED') inNamespace.delete(nameOf(object));
    else inNamespace.set(nameOf(object), readSelector(objectAt(object, 'spec')['selector']));
    if (inNamespace.size === 0) this.selectors.delete(namespace);
    else this.selectors.set(namespace, inNamespace);
  }
}
