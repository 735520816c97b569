/** What comes before storing: types, defaults, names, owners of fields, and everything a request is refused for. */
import { get, isDeeperThan, type JsonObject, sameJson, withFields } from '../json.ts';
import { textAt, metadataOf } from '../field-values.ts';
import type { ClusterView, Strategy } from '../kinds/strategy.ts';
import { type Resource, splitApiVersion } from '../resources.ts';
import { badRequest, type StatusCause, type StatusError } from '../status-error.ts';
import { checkPrecondition, type ObjectKey } from '../store/object-store.ts';
import { timeText } from '../times.ts';
import { apiVersionOf, inVersion } from './api-version.ts';
import { cannotBeHandled, judgeFields, strictProblems, wrongTypeCause, wrongTypeText } from './field-validation.ts';
import { fieldCause, refuseInvalid } from './invalid.ts';
import { withWriter } from './managed-fields.ts';
import { metadataProblems, metadataUpdateProblems } from './metadata-rules.ts';
import { requireOpenNamespace } from './namespace-rules.ts';
import { generatedName } from './object-names.ts';
import type { ResourceRegistry } from './resource-registry.ts';
import type { RequestContext, Written } from './rest.ts';

/** Deeper objects are refused: nothing real is, and everything behind it may be recursive. */
export const deepestObject = 64;
const mostNameAttempts = 8;

export interface WriterParts {
  readonly cluster: ClusterView;
  readonly registry: ResourceRegistry;
  /** By resource: kinds have the same name in several groups. */
  readonly strategyOf: (resource: Resource) => Strategy;
}

export interface WriteOptions {
  readonly context: RequestContext;
  /** `managedFields` are as they shall be: server-side apply wrote them. */
  readonly isApply?: boolean;
  /** Says how fields that nobody knows are refused; 400 by default. */
  readonly refuse?: (why: string) => StatusError;
  /**
   * `status`: only the status is replaced. `scale` goes through the rules of the kind like the object itself; any other
   * one brings its own.
   */
  readonly subresource?: string | undefined;
}

export interface ReadBody {
  readonly object: JsonObject;
  /** Paths of what the type does not know, which is no longer in it. */
  readonly unknown: readonly string[];
  readonly warnings: readonly string[];
}

export class ObjectWriter {
  private readonly parts: WriterParts;

  constructor(parts: WriterParts) {
    this.parts = parts;
  }

  /** The time as RFC 3339 has it, to the second. */
  now(): string {
    return timeText(this.parts.cluster.clock.calendarMs());
  }

  /**
   * An object as its type has it, with warnings. Throws 400 for another kind or wrong types, and what `fieldValidation`
   * demands. `stored` is the object that the body replaces, if any.
   */
  read(resource: Resource, body: JsonObject, options: WriteOptions, stored?: JsonObject): ReadBody {
    if (isDeeperThan(body, deepestObject)) throw badRequest('the object is nested too deeply');
    const named = ofKind(resource, body);
    const { object, unknown, wrong } = this.parts.registry.shapeOf(resource).read(named, stored);
    const given = { kind: resource.kind, version: resource.version };
    const refuse = options.refuse ?? ((why: string) => cannotBeHandled(resource, given, why));
    const [first] = wrong;
    if (first !== undefined && !resource.custom) throw refuse(wrongTypeText(first));
    refuseInvalid(resource, textAt(metadataOf(object), 'name'), wrong.map(wrongTypeCause));
    const problems = strictProblems(unknown, options.context.duplicateFields ?? []);
    return { object, unknown, warnings: judgeFields(problems, options.context, refuse) };
  }

  /** Throws 400, 403, 404, 409 and 422. */
  create(resource: Resource, namespace: string, body: JsonObject, options: WriteOptions): Written {
    const { cluster, registry } = this.parts;
    const { context } = options;
    const { object, warnings } = this.read(resource, body, options);
    const shape = registry.shapeOf(resource);
    const strategy = this.parts.strategyOf(resource);
    const given = inNamespace(resource, object, namespace);
    if (textAt(metadataOf(given), 'resourceVersion') !== '')
      throw badRequest('resourceVersion should not be set on objects to be created');
    const name = textAt(metadataOf(given), 'name');
    if (resource.namespaced) requireOpenNamespace(cluster.store, resource, namespace, name);
    const filled = shape.fill(hasStatus(resource) ? withFields(given, { status: undefined }) : given);
    const owned =
      options.isApply === true
        ? filled
        : withWriter(filled, undefined, resource.message, this.writer(resource, context));
    const prefix = textAt(metadataOf(given), 'generateName');
    for (let attempt = 1; ; attempt += 1) {
      const chosen = name === '' && prefix !== '' ? generatedName(prefix, cluster.random) : name;
      const named = withFields(owned, { metadata: withFields(metadataOf(owned), { name: chosen }) });
      const prepared = strategy.prepareCreate?.(named, cluster) ?? named;
      refuseInvalid(resource, chosen, [
        ...metadataProblems(prepared, resource),
        ...shape.check(prepared),
        ...(strategy.validate?.(prepared, cluster) ?? []),
      ]);
      const key = { ...resource, namespace, name: chosen };
      if (name === '' && attempt < mostNameAttempts && cluster.store.find(key) !== undefined) continue;
      const stored = cluster.store.create(key, inVersion(registry.storedAs(resource), prepared), context.dryRun);
      return {
        object: inVersion(resource, stored),
        created: true,
        warnings: [...warnings, ...(strategy.warnings?.(prepared) ?? [])],
      };
    }
  }

  /** Replaces `before`, which is what the store has, in the version of the resource. Throws 400, 409 and 422. */
  replace(resource: Resource, before: JsonObject, body: JsonObject, options: WriteOptions): Written {
    const { cluster, registry } = this.parts;
    const { context } = options;
    const { object, warnings } = this.read(resource, body, options, before);
    const key = keyOf(resource, before);
    const given = inNamespace(resource, sameName(object, key.name), key.namespace);
    checkPrecondition(key, before, {
      uid: textAt(metadataOf(given), 'uid') || undefined,
      resourceVersion: textAt(metadataOf(given), 'resourceVersion') || undefined,
    });
    const shape = registry.shapeOf(resource);
    const isStatus = options.subresource === 'status';
    const next = isStatus ? withStatusOf(before, given) : shape.fill(keepingStatus(resource, given, before));
    const isOrdinary = options.subresource === undefined || options.subresource === 'scale';
    const strategy = isOrdinary ? this.parts.strategyOf(resource) : {};
    const whole = strategy.prepareUpdate?.(next, before, cluster) ?? next;
    const writer = this.writer(resource, context, options.subresource);
    const prepared = options.isApply === true ? whole : withWriter(whole, before, resource.message, writer);
    if (sameJson(withSystemMetadata(prepared, before), before)) return { object: before, created: false, warnings };
    refuseInvalid(resource, key.name, [
      ...this.versionProblems(resource, given),
      ...metadataProblems(prepared, resource),
      ...metadataUpdateProblems(prepared, before),
      ...shape.check(prepared),
      ...(strategy.validate?.(prepared, cluster) ?? []),
      ...(strategy.validateUpdate?.(prepared, before, cluster) ?? []),
    ]);
    const stored = cluster.store.update(key, inVersion(registry.storedAs(resource), prepared), context.dryRun);
    return {
      object: inVersion(resource, stored),
      created: false,
      warnings: [...warnings, ...(strategy.warnings?.(prepared) ?? [])],
    };
  }

  /** Custom resources and their definitions are replaced only by who read them before. */
  private versionProblems(resource: Resource, given: JsonObject): readonly StatusCause[] {
    const isConditional = resource.custom || resource.kind === 'CustomResourceDefinition';
    if (!isConditional || textAt(metadataOf(given), 'resourceVersion') !== '') return [];
    const field = 'metadata.resourceVersion';
    const cause = fieldCause('invalid', field, 'must be specified for an update');
    return [{ ...cause, message: 'Invalid value: 0x0: must be specified for an update' }];
  }

  private writer(resource: Resource, context: RequestContext, subresource?: string) {
    const { fieldManager: manager } = context;
    return { manager, apiVersion: apiVersionOf(resource), subresource, time: this.now() };
  }
}

export function hasStatus(resource: Resource): boolean {
  return resource.subresources.some(({ name }) => name === 'status');
}

export function keyOf(resource: Resource, object: JsonObject): ObjectKey {
  const metadata = metadataOf(object);
  const { group, plural } = resource;
  return { group, plural, namespace: textAt(metadata, 'namespace'), name: textAt(metadata, 'name') };
}

/** The body with apiVersion and kind, which built-in kinds may leave out. Throws 400 for others. */
function ofKind(resource: Resource, body: JsonObject): JsonObject {
  const apiVersion = textAt(body, 'apiVersion');
  const kind = textAt(body, 'kind');
  const [, version] = splitApiVersion(apiVersion);
  const wanted = apiVersionOf(resource);
  if (resource.custom && kind === '') throw badRequest("Object 'Kind' is missing in the body");
  if (kind !== '' && kind !== resource.kind) {
    const into = resource.group === '' ? 'core' : (resource.group.split('.')[0] ?? '');
    const given = { kind, version: apiVersion === '' ? resource.version : version };
    const why = `converting (${given.version}.${kind}) to (${into}.${resource.kind}): unknown conversion`;
    throw cannotBeHandled(resource, given, why);
  }
  if (apiVersion !== '' && apiVersion !== wanted)
    throw badRequest(`the API version in the data (${apiVersion}) does not match the expected API version (${wanted})`);
  const [first, second] = Object.keys(body);
  // Both come first.
  if (apiVersion === wanted && kind !== '' && first === 'apiVersion' && second === 'kind') return body;
  const type = { apiVersion: wanted, kind: resource.kind };
  return withFields(type, withFields(body, type));
}

/** The object with the namespace of the URL. Throws 400 when it names another one. */
function inNamespace(resource: Resource, object: JsonObject, namespace: string): JsonObject {
  const metadata = metadataOf(object);
  const given = textAt(metadata, 'namespace');
  if (resource.namespaced && given !== '' && given !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  return withFields(object, {
    metadata: withFields(metadata, { namespace: resource.namespaced ? namespace : undefined }),
  });
}

/** Throws 400 when a body names another object than the URL. */
function sameName(object: JsonObject, name: string): JsonObject {
  const metadata = metadataOf(object);
  const given = textAt(metadata, 'name');
  if (given !== '' && given !== name)
    throw badRequest(`the name of the object (${given}) does not match the name on the URL (${name})`);
  return given === '' ? withFields(object, { metadata: withFields(metadata, { name }) }) : object;
}

function keepingStatus(resource: Resource, next: JsonObject, before: JsonObject): JsonObject {
  return hasStatus(resource) ? withFields(next, { status: get(before, 'status') }) : next;
}

/** All as it was but the status, and what the body says of owners. */
function withStatusOf(before: JsonObject, body: JsonObject): JsonObject {
  const managedFields = get(metadataOf(before), 'managedFields');
  const metadata = withFields(metadataOf(before), { managedFields });
  return withFields(before, { metadata, status: get(body, 'status') });
}

/** With what only the store writes, so that it compares with what is stored. */
function withSystemMetadata(object: JsonObject, before: JsonObject): JsonObject {
  const names = [
    'uid',
    'resourceVersion',
    'generation',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
  ];
  const old = metadataOf(before);
  const metadata = metadataOf(object);
  const left = names.map((name) => [name, get(metadata, name) ?? get(old, name)] as const);
  return withFields(object, { metadata: withFields(metadata, Object.fromEntries(left)) });
}
