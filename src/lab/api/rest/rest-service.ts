/** The verbs of the API over the store: see `rest.ts`. */
import type { Clock } from '../../../io/kubernetes/clock.ts';
import type { LabNetworks } from '../../networks.ts';
import { serverSideApply } from '../apply/server-side-apply.ts';
import { isObject, type JsonObject, withFields } from '../json.ts';
import type { ClusterView, Strategy } from '../kinds/strategy.ts';
import type { Resource } from '../resources.ts';
import { badRequest, StatusError } from '../status-error.ts';
import type { ObjectKey, ObjectList, ObjectStore } from '../store/object-store.ts';
import { apiVersionOf, inVersion } from './api-version.ts';
import { definitionStrategy } from './custom-resources/definition-strategy.ts';
import { serveDefinitions } from './custom-resources/served-definitions.ts';
import { judgeFields, strictProblems } from './field-validation.ts';
import { checkDeleted, graceOf, preparedForDeletion, refuseDeletion } from './deletion.ts';
import { entriesOf, inOrder, withEntries } from './managed-fields.ts';
import { hasStatus, ObjectWriter, type WriteOptions } from './object-writer.ts';
import { patched, type PlainPatch, refusedPatch, requireApplied } from './patching.ts';
import { ResourceRegistry } from './resource-registry.ts';
import type {
  CollectionTarget,
  DeleteRequest,
  ObjectTarget,
  Patch,
  RequestContext,
  Rest,
  UserInfo,
  Written,
} from './rest.ts';
import { answered, isReview } from './reviews.ts';
import { workloadPaths } from './scale.ts';
import { ServiceAccountTokens } from './service-account-tokens.ts';
import { Subresources } from './subresources.ts';

export interface RestOptions {
  readonly store: ObjectStore;
  readonly networks: LabNetworks;
  readonly clock: Clock;
  /** 0 <= x < 1 */
  readonly random: () => number;
  /** An unguessable word, for tokens; by default a random UUID. */
  readonly newUid?: () => string;
  /** By kind. */
  readonly strategies: ReadonlyMap<string, Strategy>;
}

const noStrategy: Strategy = {};

export class RestService implements Rest {
  readonly store: ObjectStore;
  private readonly registry = new ResourceRegistry();
  private readonly writer: ObjectWriter;
  private readonly strategies: ReadonlyMap<string, Strategy>;
  private readonly tokens: ServiceAccountTokens;
  private readonly subresources: Subresources;

  constructor(options: RestOptions) {
    const { store, networks, clock, random } = options;
    this.store = store;
    this.strategies = options.strategies;
    this.tokens = new ServiceAccountTokens(clock, options.newUid ?? (() => crypto.randomUUID()));
    const cluster: ClusterView = { store, networks, clock, random };
    const { registry } = this;
    this.writer = new ObjectWriter({ cluster, registry, strategyOf: (resource) => this.strategyOf(resource) });
    serveDefinitions(store, registry);
    const scalePathsOf = (resource: Resource) => registry.customKind(resource)?.scale ?? workloadPaths;
    this.subresources = new Subresources({ rest: this, writer: this.writer, tokens: this.tokens, clock, scalePathsOf });
  }

  get resources(): readonly Resource[] {
    return this.registry.resources;
  }

  find(group: string, version: string, plural: string): Resource | undefined {
    return this.registry.find(group, version, plural);
  }

  /** Of a definition; `undefined` for resources of the type table, which `open-api.ts` reads itself. */
  schemaOf(resource: Resource): JsonObject | undefined {
    return this.registry.customKind(resource)?.schema;
  }

  /** Whose token of a service account it is; `undefined` for any other text. */
  userOfToken(token: string): UserInfo | undefined {
    return this.tokens.userOf(token);
  }

  get(target: ObjectTarget): JsonObject {
    const object = inVersion(target.resource, this.store.get(keyOf(target)));
    return target.subresource === undefined ? object : this.subresources.get(target, object);
  }

  list({ resource, namespace }: CollectionTarget): ObjectList {
    const found = this.store.list(resource, namespace);
    if (!resource.custom) return found;
    return { ...found, items: found.items.map((object) => inVersion(resource, object)) };
  }

  create(
    target: CollectionTarget & { readonly subresource?: string; readonly name?: string },
    object: JsonObject,
    context: RequestContext,
  ): Written {
    const { resource, namespace = '', subresource, name } = target;
    if (subresource !== undefined)
      return this.subresources.create({ resource, namespace, name: name ?? '', subresource }, object, context);
    if (!isReview(resource)) return this.writer.create(resource, namespace, object, { context });
    const { object: review, warnings } = this.writer.read(resource, object, { context });
    const answer = answered(resource, review, context.user, (token) => this.userOfToken(token));
    return { object: answer, created: true, warnings };
  }

  update(target: ObjectTarget, object: JsonObject, context: RequestContext): Written {
    const { resource, subresource } = target;
    const before = this.get({ ...target, subresource: undefined });
    if (subresource !== undefined && subresource !== 'status')
      return this.subresources.update(target, before, object, { context });
    requireSubresource(target);
    return this.writer.replace(resource, before, object, { context, subresource });
  }

  patch(target: ObjectTarget, patch: Patch, context: RequestContext): Written {
    if (patch.type === 'apply') return this.apply(target, patch, context);
    const { resource, subresource } = target;
    const before = this.get({ ...target, subresource: undefined });
    const options: WriteOptions = { context, refuse: (why) => refusedPatch(patch, why), subresource };
    if (subresource !== undefined && subresource !== 'status')
      return this.subresources.patch(target, before, patch, options);
    requireSubresource(target);
    return this.writer.replace(resource, before, patchedObject(before, patch, resource), options);
  }

  delete(
    target: ObjectTarget,
    request: DeleteRequest,
    context: RequestContext,
  ): { readonly object: JsonObject; readonly gone: boolean } {
    const { resource, subresource } = target;
    if (subresource !== undefined)
      throw new StatusError('MethodNotAllowed', 'the server does not allow this method on the requested resource');
    const before = this.get(target);
    refuseDeletion(resource, before);
    checkDeleted(resource, before, request);
    const gracePeriodSeconds = graceOf(this.strategyOf(resource), before, request);
    const prepare = (object: JsonObject) => preparedForDeletion(resource, object, request.propagationPolicy);
    const { object, gone } = this.store.delete(keyOf(target), { gracePeriodSeconds, prepare }, context.dryRun);
    // Whoever listens may have removed its last finalizer at once.
    const isGone = gone || (!context.dryRun && this.store.find(keyOf(target)) === undefined);
    return { object: inVersion(resource, object), gone: isGone };
  }

  private apply(target: ObjectTarget, patch: Patch & { type: 'apply' }, context: RequestContext): Written {
    const { resource, subresource } = target;
    if (context.fieldManager === '') throw managerRequired();
    const given = requireApplied(patch.body, target.name);
    const { namespace, name } = target;
    const refuse = (why: string) =>
      untypedPatch(`${namespace}/${name}; ${apiVersionOf(resource)}, Kind=${resource.kind}`, why);
    const options: WriteOptions = { context, refuse, isApply: true, subresource };
    const live = this.store.find(keyOf(target));
    if (subresource !== undefined && (live === undefined || subresource !== 'status')) {
      const before = this.get({ ...target, subresource: undefined });
      return this.subresources.apply(target, before, given, options);
    }
    requireSubresource(target);
    const quiet = { ...options, context: { ...context, fieldValidation: 'Ignore' } } as const;
    const { object, unknown } = this.writer.read(resource, given, quiet);
    // Whatever fieldValidation says: nobody can own what has no type.
    if (unknown.length > 0) throw refuse(unknown.map((path) => `.${path}: field not declared in schema`).join('\n'));
    const twice = strictProblems([], context.duplicateFields ?? []);
    const warnings = judgeFields(twice, context, (why) => badRequest(`error strict decoding YAML: ${why}`));
    const before = live === undefined ? undefined : inVersion(resource, live);
    const isStatus = subresource === 'status';
    const applied = isStatus
      ? onlyStatus(object)
      : hasStatus(resource)
        ? withFields(object, { status: undefined })
        : object;
    const merged = serverSideApply(before ?? {}, applied, {
      manager: context.fieldManager,
      apiVersion: apiVersionOf(resource),
      message: resource.message,
      force: patch.force,
      time: this.writer.now(),
    });
    const ordered = withEntries(merged, inOrder(entriesOf(merged)));
    const written =
      before === undefined
        ? this.writer.create(resource, target.namespace, ordered, quiet)
        : this.writer.replace(resource, before, isStatus ? merged : ordered, { ...quiet, isApply: !isStatus });
    return { ...written, warnings: [...warnings, ...written.warnings] };
  }

  private strategyOf(resource: Resource): Strategy {
    // A custom resource may be called like a built-in kind.
    if (resource.message === undefined) return noStrategy;
    if (resource.kind === 'CustomResourceDefinition') return definitionStrategy;
    return this.strategies.get(resource.kind) ?? noStrategy;
  }
}

/** A patched object. Throws 400, 415 and 422. */
function patchedObject(before: JsonObject, patch: PlainPatch, resource: Resource): JsonObject {
  return patched(before, patch, resource.custom ? undefined : resource.message);
}

function keyOf({ resource, namespace, name }: ObjectTarget): ObjectKey {
  return { group: resource.group, plural: resource.plural, namespace, name };
}

function requireSubresource({ resource, subresource }: ObjectTarget): void {
  if (subresource === undefined || resource.subresources.some(({ name }) => name === subresource)) return;
  throw new StatusError('NotFound', 'the server could not find the requested resource');
}

/** What a status is applied with: the object may be named, and nothing else of it be owned. */
function onlyStatus(object: JsonObject): JsonObject {
  const { apiVersion, kind, metadata, status } = object;
  const { name, namespace, resourceVersion, uid } = isObject(metadata) ? metadata : {};
  const named = withFields({}, { name, namespace, resourceVersion, uid });
  return withFields({}, { apiVersion, kind, metadata: named, status });
}

function untypedPatch(what: string, why: string): StatusError {
  return badRequest(`failed to create typed patch object (${what}): ${why}`);
}

function managerRequired(): StatusError {
  const cause = {
    reason: 'FieldValueRequired',
    field: 'fieldManager',
    message: 'Required value: is required for apply patch',
  };
  const message = `PatchOptions.meta.k8s.io "" is invalid: ${cause.field}: ${cause.message}`;
  return new StatusError('Invalid', message, { group: 'meta.k8s.io', kind: 'PatchOptions', causes: [cause] });
}
