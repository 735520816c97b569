/** How controllers write: by the verbs of the API, each in the name of its component, and nothing that changes nothing. */
import { get, type JsonObject, type JsonValue, sameJson } from '../api/json.ts';
import type { Resource } from '../api/resources.ts';
import { type DeleteRequest, type RequestContext, type Rest, systemContext } from '../api/rest/rest.ts';
import { nameOf, namespaceOf, uidOf, metadataOf } from '../api/field-values.ts';

export interface Writer {
  /** The stored object, as of now. */
  find(kind: WrittenKind, namespace: string, name: string): JsonObject | undefined;
  create(kind: WrittenKind, namespace: string, object: JsonObject): JsonObject;
  /** The object with other fields, `metadata` among them; what is read before is checked by its resourceVersion. */
  update(kind: WrittenKind, object: JsonObject, changes: JsonObject): JsonObject;
  setStatus(kind: WrittenKind, object: JsonObject, status: JsonObject): JsonObject;
  /** That object, not another one of the same name. */
  remove(kind: WrittenKind, object: JsonObject, request?: Omit<DeleteRequest, 'preconditions'>): void;
}

/** Group, version and plural. */
export type WrittenKind = readonly [group: string, version: string, plural: string];

export const PODS: WrittenKind = ['', 'v1', 'pods'];
export const NODES: WrittenKind = ['', 'v1', 'nodes'];
export const NAMESPACES: WrittenKind = ['', 'v1', 'namespaces'];
export const SERVICES: WrittenKind = ['', 'v1', 'services'];
export const CONTROLLER_REVISIONS: WrittenKind = ['apps', 'v1', 'controllerrevisions'];
export const DAEMON_SETS: WrittenKind = ['apps', 'v1', 'daemonsets'];
export const STATEFUL_SETS: WrittenKind = ['apps', 'v1', 'statefulsets'];
export const JOBS: WrittenKind = ['batch', 'v1', 'jobs'];
export const REPLICA_SETS: WrittenKind = ['apps', 'v1', 'replicasets'];
export const ENDPOINTS: WrittenKind = ['', 'v1', 'endpoints'];
export const ENDPOINT_SLICES: WrittenKind = ['discovery.k8s.io', 'v1', 'endpointslices'];
export const DEPLOYMENTS: WrittenKind = ['apps', 'v1', 'deployments'];

export function writer(rest: Rest, component: string): Writer {
  const context: RequestContext = systemContext(component);
  const resourceOf = ([group, version, plural]: WrittenKind): Resource => {
    const resource = rest.find(group, version, plural);
    if (resource === undefined) throw new Error(`no resource ${plural}.${version}.${group}`);
    return resource;
  };
  const targetOf = (kind: WrittenKind, object: JsonObject) => ({
    resource: resourceOf(kind),
    namespace: namespaceOf(object),
    name: nameOf(object),
  });
  return {
    find: ([group, , plural], namespace, name) => rest.store.find({ group, plural, namespace, name }),
    create: (kind, namespace, object) => rest.create({ resource: resourceOf(kind), namespace }, object, context).object,
    update: (kind, object, changes) => {
      const changed = Object.entries(changes).some(([name, value]) => !sameJson(get(object, name), value));
      if (!changed) return object;
      return rest.update(targetOf(kind, object), { ...object, ...changes }, context).object;
    },
    setStatus: (kind, object, status) => {
      if (sameJson(get(object, 'status'), status)) return object;
      return rest.update({ ...targetOf(kind, object), subresource: 'status' }, { ...object, status }, context).object;
    },
    remove: (kind, object, request = {}) => {
      rest.delete(targetOf(kind, object), { ...request, preconditions: { uid: uidOf(object) } }, context);
    },
  };
}

/** The metadata of an object with some fields changed; `undefined` takes one away. */
export function metadataWith(
  object: JsonObject,
  changes: { readonly [name: string]: JsonValue | undefined },
): JsonObject {
  const fields = { ...metadataOf(object), ...changes };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** A reference that makes the owner the one that manages the object. */
export function controllerReference(owner: JsonObject): JsonObject {
  return {
    apiVersion: get(owner, 'apiVersion') ?? '',
    kind: get(owner, 'kind') ?? '',
    name: nameOf(owner),
    uid: uidOf(owner),
    controller: true,
    blockOwnerDeletion: true,
  };
}
