/** What is written and read under the name of an object and is none of the object as a whole. */
import { assertNever } from '../../../base/assert.ts';
import type { Clock } from '../../../io/kubernetes/clock.ts';
import { get, isList, type JsonObject, withFields } from '../json.ts';
import { listAt, numberAt, givenObjectAt, objectAt, textAt, textsInPlace, metadataOf } from '../field-values.ts';
import { withPodSpecDefaults } from '../kinds/pod-defaults.ts';
import type { MessageName } from '../message-table.ts';
import type { Resource } from '../resources.ts';
import { badRequest, StatusError } from '../status-error.ts';
import { timeText } from '../times.ts';
import { conform } from './conform.ts';
import { cannotBeHandled, judgeFields, strictProblems, wrongTypeText } from './field-validation.ts';
import { fieldCause, invalidObject, refuseInvalid } from './invalid.ts';
import type { ObjectWriter, WriteOptions } from './object-writer.ts';
import { patched, type PlainPatch } from './patching.ts';
import { boundPod, withEphemeralContainers } from './pod-writes.ts';
import type { ObjectTarget, RequestContext, Rest, Written } from './rest.ts';
import { scaleOf, type ScalePaths, withScale } from './scale.ts';
import { longestLifeSeconds, type ServiceAccountTokens, shortestLifeSeconds } from './service-account-tokens.ts';

export interface SubresourceParts {
  readonly rest: Rest;
  readonly writer: ObjectWriter;
  readonly tokens: ServiceAccountTokens;
  readonly clock: Clock;
  readonly scalePathsOf: (resource: Resource) => ScalePaths;
}

/** Where a kind has the subresource, and what it says. */
interface Named extends ObjectTarget {
  readonly subresource: string;
}

type Writable = 'ephemeralcontainers' | 'finalize' | 'scale';

export class Subresources {
  private readonly parts: SubresourceParts;

  constructor(parts: SubresourceParts) {
    this.parts = parts;
  }

  /** `object` is the one they belong to. Throws 404 for what is not read through the store. */
  get(target: ObjectTarget, object: JsonObject): JsonObject {
    const { resource, subresource } = requireKnown(target);
    if (subresource === 'scale') return scaleOf(object, this.parts.scalePathsOf(resource));
    if (subresource === 'status' || subresource === 'ephemeralcontainers') return object;
    throw notServed();
  }

  /** `binding`, `eviction` and `token`. */
  create(target: Named, body: JsonObject, context: RequestContext): Written {
    requireKnown(target);
    switch (target.subresource) {
      case 'binding':
        return this.bind(target, body, context);
      case 'eviction':
        return this.evict(target, body, context);
      case 'token':
        return this.issueToken(target, body, context);
      default:
        throw notServed();
    }
  }

  update(target: ObjectTarget, before: JsonObject, body: JsonObject, options: WriteOptions): Written {
    return this.write(target, before, body, options);
  }

  patch(target: ObjectTarget, before: JsonObject, patch: PlainPatch, options: WriteOptions): Written {
    const { resource, subresource } = requireKnown(target);
    if (subresource === 'scale') {
      const scale = patched(scaleOf(before, this.parts.scalePathsOf(resource)), patch, 'Scale');
      return this.write(target, before, scale, options);
    }
    const message = resource.custom ? undefined : resource.message;
    return this.write(target, before, patched(before, patch, message), options);
  }

  /** Owners are those of an update: nobody applies parts of a scale. */
  apply(target: ObjectTarget, before: JsonObject, body: JsonObject, options: WriteOptions): Written {
    const { resource, subresource } = requireKnown(target);
    if (subresource !== 'scale') throw badRequest(`server-side apply of ${subresource} is not served by the lab`);
    const scale = patched(scaleOf(before, this.parts.scalePathsOf(resource)), { type: 'merge', body }, 'Scale');
    return this.write(target, before, scale, { ...options, isApply: false });
  }

  private write(target: ObjectTarget, before: JsonObject, body: JsonObject, options: WriteOptions): Written {
    const { resource, subresource } = requireKnown(target);
    const kind = writable(subresource);
    switch (kind) {
      case 'scale':
        return this.scale(resource, before, body, options);
      case 'ephemeralcontainers': {
        const { object: read, warnings } = this.parts.writer.read(resource, body, options);
        const filled = withFields(read, { spec: withPodSpecDefaults(objectAt(read, 'spec')) });
        const { object, causes } = withEphemeralContainers(before, filled);
        refuseInvalid(resource, target.name, causes);
        const written = this.replaceQuietly(resource, before, withVersionOf(object, read), options, subresource);
        return { ...written, warnings: [...warnings, ...written.warnings] };
      }
      case 'finalize': {
        const finalizers = get(objectAt(this.parts.writer.read(resource, body, options).object, 'spec'), 'finalizers');
        const spec = withFields(objectAt(before, 'spec'), { finalizers: isList(finalizers) ? finalizers : undefined });
        const next = withVersionOf(withFields(before, { spec }), body);
        return this.replaceQuietly(resource, before, next, options, subresource);
      }
      default:
        return assertNever(kind);
    }
  }

  private scale(resource: Resource, before: JsonObject, body: JsonObject, options: WriteOptions): Written {
    const paths = this.parts.scalePathsOf(resource);
    const next = withScale(before, body, paths);
    const written = this.replaceQuietly(resource, before, next, options, 'scale');
    return { ...written, object: scaleOf(written.object, paths) };
  }

  /** The body was judged before: what it became has no fields that nobody knows. */
  private replaceQuietly(
    resource: Resource,
    before: JsonObject,
    next: JsonObject,
    { context }: WriteOptions,
    subresource: string,
  ): Written {
    const quiet: RequestContext = { ...context, fieldValidation: 'Ignore' };
    return this.parts.writer.replace(resource, before, next, { context: quiet, subresource });
  }

  private bind(target: Named, body: JsonObject, context: RequestContext): Written {
    const binding = readBody(body, 'Binding', 'v1', target, context);
    const pod = this.parts.rest.get({ ...target, subresource: undefined });
    const bound = boundPod(pod, binding.object, this.parts.writer.now());
    const { status } = bound;
    const written = this.replaceQuietly(target.resource, pod, bound, { context }, 'binding');
    // The node and the condition belong together, and a pod's status is a write of its own.
    const condition = withFields(written.object, { status });
    if (!context.dryRun) this.replaceQuietly(target.resource, written.object, condition, { context }, 'status');
    return { object: success(), created: true, warnings: binding.warnings };
  }

  private evict(target: Named, body: JsonObject, context: RequestContext): Written {
    const { object: eviction, warnings } = readBody(body, 'Eviction', 'v1', target, context);
    const options = givenObjectAt(eviction, 'deleteOptions') ?? {};
    const preconditions = objectAt(options, 'preconditions');
    const isDryRun = context.dryRun || listAt(options, 'dryRun').includes('All');
    this.parts.rest.delete(
      { ...target, subresource: undefined },
      {
        gracePeriodSeconds: numberAt(options, 'gracePeriodSeconds'),
        preconditions: {
          uid: textAt(preconditions, 'uid') || undefined,
          resourceVersion: textAt(preconditions, 'resourceVersion') || undefined,
        },
      },
      { ...context, dryRun: isDryRun },
    );
    return { object: success(), created: true, warnings };
  }

  private issueToken(target: Named, body: JsonObject, context: RequestContext): Written {
    const { object: request, warnings } = readBody(body, 'TokenRequest', 'v1', target, context);
    const account = this.parts.rest.get({ ...target, subresource: undefined });
    const spec = objectAt(request, 'spec');
    const life = numberAt(spec, 'expirationSeconds') ?? 3600;
    const field = 'spec.expirationSeconds';
    const wrong =
      life < shortestLifeSeconds
        ? 'may not specify a duration less than 10 minutes'
        : life > longestLifeSeconds
          ? 'may not specify a duration larger than 2^32 seconds'
          : undefined;
    if (wrong !== undefined)
      throw invalidObject({ group: 'authentication.k8s.io', kind: 'TokenRequest' }, target.name, [
        fieldCause('invalid', field, wrong, life),
      ]);
    const audiences = textsInPlace(spec, 'audiences');
    const expirationTimestamp = timeText(this.parts.clock.calendarMs() + life * 1000);
    const token = this.parts.tokens.issue(
      target.namespace,
      target.name,
      textAt(metadataOf(account), 'uid'),
      life,
      audiences,
    );
    const object = {
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: { name: target.name, namespace: target.namespace },
      spec: withFields(spec, { audiences, expirationSeconds: life }),
      status: { token, expirationTimestamp },
    };
    return { object, created: true, warnings };
  }
}

/** A body of its own kind, with what `fieldValidation` says to it. Throws 400. */
function readBody(
  body: JsonObject,
  message: MessageName,
  version: string,
  { name }: Named,
  context: RequestContext,
): { readonly object: JsonObject; readonly warnings: readonly string[] } {
  const given = { kind: textAt(body, 'kind') || message, version };
  const refuse = (why: string) => cannotBeHandled({ kind: message }, given, why);
  if (given.kind !== message) throw refuse(`converting (${version}.${given.kind}) to ${message}: unknown conversion`);
  const { object, unknown, wrong } = conform(body, message);
  const [first] = wrong;
  if (first !== undefined) throw refuse(wrongTypeText(first));
  const named = textAt(metadataOf(object), 'name');
  if (named !== '' && named !== name)
    throw badRequest(`the name of the object (${named}) does not match the name on the URL (${name})`);
  return { object, warnings: judgeFields(strictProblems(unknown, context.duplicateFields ?? []), context, refuse) };
}

function writable(subresource: string): Writable {
  if (subresource === 'scale' || subresource === 'ephemeralcontainers' || subresource === 'finalize')
    return subresource;
  throw notServed();
}

/** With the resourceVersion that a client read the object with, when it says one. */
function withVersionOf(object: JsonObject, body: JsonObject): JsonObject {
  const resourceVersion = textAt(metadataOf(body), 'resourceVersion');
  if (resourceVersion === '') return object;
  return withFields(object, { metadata: withFields(metadataOf(object), { resourceVersion }) });
}

/** Throws 404 for subresources that the resource does not have. */
function requireKnown(target: ObjectTarget): Named {
  const { resource, subresource } = target;
  if (subresource === undefined || !resource.subresources.some(({ name }) => name === subresource)) throw notServed();
  return { ...target, subresource };
}

function notServed(): StatusError {
  return new StatusError('NotFound', 'the server could not find the requested resource');
}

function success(): JsonObject {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 };
}
