/**
 * The verbs of the API on objects, without HTTP: what the server calls for requests, and controllers for themselves. All
 * of it is synchronous, so that nothing comes between reading and writing. Everything that is refused is a `StatusError`.
 */
import type { JsonObject, JsonValue } from '../json.ts';
import type { Resource } from '../resources.ts';
import type { ObjectList, ObjectStore } from '../store/object-store.ts';

export interface UserInfo {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
}

/** Who asks, and how. */
export interface RequestContext {
  readonly user: UserInfo;
  /** As managedFields has it. */
  readonly fieldManager: string;
  /** Everything is checked and answered as if, and nothing stored. */
  readonly dryRun: boolean;
  readonly fieldValidation: 'Ignore' | 'Strict' | 'Warn';
  /** Paths of fields that stand twice in the body, as `decodeBody` finds them; refused or warned of like unknown ones. */
  readonly duplicateFields?: readonly string[];
}

export interface CollectionTarget {
  readonly resource: Resource;
  /** `''` for what belongs to the cluster; `undefined` for all namespaces, in lists alone. */
  readonly namespace: string | undefined;
}

export interface ObjectTarget {
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  /**
   * `status`, `scale`, `ephemeralcontainers`, `binding`, `eviction`, `token`; `undefined` for the object itself.
   * `finalize` of a namespace is an update that replaces `spec.finalizers` and nothing else: a namespace that is being
   * deleted goes when it takes the last of them.
   */
  readonly subresource?: string | undefined;
}

export interface Written {
  readonly object: JsonObject;
  /** It did not exist before: 201. */
  readonly created: boolean;
  /** For `Warning` headers. */
  readonly warnings: readonly string[];
}

export type Patch =
  | { readonly type: 'json' | 'merge' | 'strategic'; readonly body: JsonValue }
  | { readonly type: 'apply'; readonly body: JsonObject; readonly force: boolean };

export interface DeleteRequest {
  readonly gracePeriodSeconds?: number | undefined;
  readonly propagationPolicy?: 'Background' | 'Foreground' | 'Orphan' | undefined;
  readonly preconditions?: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined };
}

export interface Rest {
  readonly store: ObjectStore;
  /** The built-in resources and those of CustomResourceDefinitions, as of now. */
  readonly resources: readonly Resource[];
  find(group: string, version: string, plural: string): Resource | undefined;
  /** As the type table or the schema of the definition has it; for OpenAPI. */
  schemaOf(resource: Resource): JsonObject | undefined;
  get(target: ObjectTarget): JsonObject;
  list(target: CollectionTarget): ObjectList;
  create(
    target: CollectionTarget & { readonly subresource?: string; readonly name?: string },
    object: JsonObject,
    context: RequestContext,
  ): Written;
  update(target: ObjectTarget, object: JsonObject, context: RequestContext): Written;
  patch(target: ObjectTarget, patch: Patch, context: RequestContext): Written;
  /** The object as it was, or as it waits for its end; `gone` when nothing is left of it. */
  delete(
    target: ObjectTarget,
    request: DeleteRequest,
    context: RequestContext,
  ): { readonly object: JsonObject; readonly gone: boolean };
}

/** How parts of the lab write: `kube-controller-manager`, `kubelet`. */
export function systemContext(component: string): RequestContext {
  const user = { username: `system:${component}`, uid: '', groups: ['system:masters', 'system:authenticated'] };
  return { user, fieldManager: component, dryRun: false, fieldValidation: 'Ignore' };
}
