/** The verbs of the API as HTTP has them: requests for objects and collections, turned into calls of {@link Rest}. */
import type { Clock } from '../../../io/kubernetes/clock.ts';
import type { JsonObject } from '../json.ts';
import type { Resource } from '../resources.ts';
import { type DecodedBody, decodeObjectBody } from '../rest/decode-body.ts';
import type { CollectionTarget, ObjectTarget, RequestContext, Rest, Written } from '../rest/rest.ts';
import { StatusError } from '../status-error.ts';
import { metadataOf } from '../field-values.ts';
import { type ObjectFilter, objectFilter } from '../store/selection.ts';
import { type AnswerShape, negotiateForm } from './accept.ts';
import type { ApiRequest } from './api-request.ts';
import { type DeleteOptions, deleteOptionsFromBody, deleteOptionsFromQuery } from './delete-options.ts';
import { notAllowed, notServed } from './documents.ts';
import { rowObjectOf, type Shown, showList, showObject } from './object-form.ts';
import { printerColumns } from './printer-columns.ts';
import { booleanOf, requestContext, selectorOf, type WriteQuery } from './query.ts';
import { jsonReply, type Reply } from './reply.ts';
import { patchOf } from './request-patch.ts';
import type { ResourceRoute } from './route.ts';
import { checkListVersion, watchOptions } from './watch-request.ts';
import type { WriteBarrier } from './write-barrier.ts';

export interface ResourceVerbsOptions {
  readonly rest: Rest;
  readonly clock: Clock;
  readonly barrier: WriteBarrier;
}

/** A request whose path has been looked up. */
interface Call {
  readonly request: ApiRequest;
  readonly resource: Resource;
  /** What answers are: the resource, or that of the subresource. */
  readonly answers: Resource;
  /** `undefined` without one in the path, also where there is none. */
  readonly namespace: string | undefined;
}

/** These answer a deletion with the object itself even when nothing is left of it. */
const returnsDeleted: ReadonlySet<string> = new Set(['pods', 'serviceaccounts']);

export class ResourceVerbs {
  private readonly rest: Rest;
  private readonly clock: Clock;
  private readonly barrier: WriteBarrier;

  constructor({ rest, clock, barrier }: ResourceVerbsOptions) {
    this.rest = rest;
    this.clock = clock;
    this.barrier = barrier;
  }

  /** Rejects with a `StatusError`. */
  async handle(route: ResourceRoute, request: ApiRequest): Promise<Reply> {
    const resource = this.rest.find(route.group, route.version, route.plural);
    if (resource === undefined) throw notServed();
    const { namespace, name, subresource } = route;
    if (namespace !== undefined && !resource.namespaced) throw notServed();
    if (name === undefined) return this.handleCollection({ request, resource, answers: resource, namespace });
    if (resource.namespaced && namespace === undefined) throw notServed();
    const target = { resource, namespace: namespace ?? '', name, subresource };
    if (subresource === undefined)
      return this.handleObject({ request, resource, answers: resource, namespace }, target, resource.verbs);
    const found = resource.subresources.find((candidate) => candidate.name === subresource);
    if (found === undefined) throw notServed();
    const { group, version, kind, verbs } = found;
    const isSame = group === resource.group && version === resource.version && kind === resource.kind;
    const answers = isSame
      ? resource
      : { ...resource, group, version, kind, plural: kind.toLowerCase(), custom: false };
    return this.handleObject({ request, resource, answers, namespace }, target, verbs);
  }

  private async handleCollection(call: Call): Promise<Reply> {
    const { request, resource, namespace } = call;
    const need = (verb: string) => {
      if (!resource.verbs.includes(verb)) throw notAllowed();
    };
    if (request.method === 'GET') {
      const isWatch = booleanOf(request.query, 'watch') ?? false;
      need(isWatch ? 'watch' : 'list');
      return isWatch ? this.watch(call) : this.list(call);
    }
    // All namespaces together can be read, and nothing else.
    if (resource.namespaced && namespace === undefined) throw notAllowed();
    if (request.method === 'POST') {
      need('create');
      return this.create(call, { resource, namespace: namespace ?? '' });
    }
    if (request.method === 'DELETE') {
      need('deletecollection');
      return this.deleteCollection(call);
    }
    throw notAllowed();
  }

  private async handleObject(call: Call, target: ObjectTarget, verbs: readonly string[]): Promise<Reply> {
    const { subresource } = target;
    const need = (verb: string) => {
      if (!verbs.includes(verb)) throw notAllowed();
    };
    switch (call.request.method) {
      case 'GET':
        need('get');
        return this.get(call, target);
      case 'PUT':
        need('update');
        return this.update(call, target);
      case 'PATCH':
        need('patch');
        return this.patch(call, target);
      case 'DELETE':
        need('delete');
        return this.delete(call, target);
      case 'POST': {
        if (subresource === undefined) throw notAllowed();
        need('create');
        const { resource, namespace, name } = target;
        return this.create(call, { resource, namespace, name, subresource });
      }
      default:
        throw notAllowed();
    }
  }

  private get(call: Call, target: ObjectTarget): Reply {
    const shown = this.shownFor(call, 'object');
    return jsonReply(showObject(call.answers, this.rest.get(target), shown));
  }

  private list(call: Call): Reply {
    const { request, resource, namespace } = call;
    const shown = this.shownFor(call, 'list');
    checkListVersion(request.query, this.rest.store.resourceVersion);
    const filter = filterOf(call);
    const { items, resourceVersion } = this.rest.list({ resource, namespace: scopeOf(resource, namespace) });
    return jsonReply(showList(resource, items.filter(filter), resourceVersion, shown));
  }

  private watch(call: Call): Reply {
    const { request, resource, namespace } = call;
    const options = watchOptions(request.query, this.rest.store.resourceVersion);
    return {
      kind: 'watch',
      options,
      spec: {
        resource,
        namespace: scopeOf(resource, namespace),
        filter: filterOf(call),
        shown: this.shownFor(call, 'watch'),
        bookmarks: options.bookmarks,
      },
    };
  }

  private async create(call: Call, target: Parameters<Rest['create']>[0]): Promise<Reply> {
    const { request } = call;
    const context = requestContext(writeQuery(request, 'CreateOptions'));
    const shown = this.shownFor(call, 'object');
    const { value, duplicateFields } = await objectOf(call);
    const written = this.rest.create(target, value, { ...context, duplicateFields });
    return this.written(call, written, context, shown, 201);
  }

  private async update(call: Call, target: ObjectTarget): Promise<Reply> {
    const { request } = call;
    const context = requestContext(writeQuery(request, 'UpdateOptions'));
    const shown = this.shownFor(call, 'object');
    const { value, duplicateFields } = await objectOf(call);
    const written = this.rest.update(target, value, { ...context, duplicateFields });
    return this.written(call, written, context, shown, written.created ? 201 : 200);
  }

  private async patch(call: Call, target: ObjectTarget): Promise<Reply> {
    const { request, resource } = call;
    const context = requestContext(writeQuery(request, 'PatchOptions'));
    const shown = this.shownFor(call, 'object');
    const { patch, duplicateFields } = await patchOf(request, resource);
    const written = this.rest.patch(target, patch, { ...context, duplicateFields });
    return this.written(call, written, context, shown, written.created ? 201 : 200);
  }

  private async written(
    call: Call,
    { object, warnings }: Written,
    { dryRun }: RequestContext,
    shown: Shown,
    code: number,
  ): Promise<Reply> {
    const late = dryRun ? undefined : await this.barrier.passed(call.resource, object);
    const all = late === undefined ? warnings : [...warnings, late];
    return jsonReply(showObject(call.answers, object, shown), code, all);
  }

  private async delete(call: Call, target: ObjectTarget): Promise<Reply> {
    const { request, resource } = call;
    const shown = this.shownFor(call, 'object');
    const options = await deleteOptionsOf(request);
    const context = requestContext(writeQuery(request, 'DeleteOptions'), options.dryRun);
    const { object, gone } = this.rest.delete(target, options.request, context);
    const late = context.dryRun ? undefined : await this.barrier.passed(resource, object);
    const warnings = late === undefined ? [] : [late];
    if (gone && !(resource.group === '' && returnsDeleted.has(resource.plural)))
      return jsonReply(deletedStatus(resource, target.name, object), 200, warnings);
    return jsonReply(showObject(resource, object, shown), options.wantsDependentsGone && !gone ? 202 : 200, warnings);
  }

  private async deleteCollection(call: Call): Promise<Reply> {
    const { request, resource, namespace } = call;
    const shown = this.shownFor(call, 'list');
    const filter = filterOf(call);
    const options = await deleteOptionsOf(request);
    const context = requestContext(writeQuery(request, 'DeleteOptions'), options.dryRun);
    const { items } = this.rest.list({ resource, namespace: scopeOf(resource, namespace) });
    const deleted = items.filter(filter).flatMap((item) => {
      const { name } = metadataOf(item);
      if (typeof name !== 'string') return [];
      try {
        const target = { resource, namespace: namespace ?? '', name };
        return [this.rest.delete(target, options.request, context).object];
      } catch (error) {
        // One deletion may take others with it.
        if (error instanceof StatusError && error.reason === 'NotFound') return [];
        throw error;
      }
    });
    const last = deleted.at(-1);
    const late = last === undefined || context.dryRun ? undefined : await this.barrier.passed(resource, last);
    const list = showList(resource, deleted, this.rest.store.resourceVersion, shown);
    return jsonReply(list, 200, late === undefined ? [] : [late]);
  }

  private shownFor({ request, answers }: Call, shape: AnswerShape): Shown {
    return {
      form: negotiateForm(request.headers.accept, shape),
      rowObject: rowObjectOf(request.query),
      columns: printerColumns(this.rest.store, answers),
      nowMs: this.clock.calendarMs(),
    };
  }
}

function scopeOf(resource: Resource, namespace: string | undefined): CollectionTarget['namespace'] {
  return resource.namespaced ? namespace : '';
}

function filterOf({ request, resource }: Call): ObjectFilter {
  const { query } = request;
  return objectFilter(resource.kind, selectorOf(query, 'labelSelector'), selectorOf(query, 'fieldSelector'));
}

function writeQuery({ query, user, headers }: ApiRequest, options: WriteQuery['options']): WriteQuery {
  return { options, user, query, userAgent: headers['user-agent'] ?? '' };
}

async function objectOf({ request, resource }: Call): Promise<DecodedBody<JsonObject>> {
  return decodeObjectBody(request.headers['content-type'], await request.body(), resource);
}

async function deleteOptionsOf(request: ApiRequest): Promise<DeleteOptions> {
  const body = await request.body();
  if (body.length === 0) return deleteOptionsFromQuery(request.query);
  return deleteOptionsFromBody(decodeObjectBody(request.headers['content-type'], body, { custom: false }).value);
}

/** The answer for an object that is no more. */
function deletedStatus({ group, plural }: Resource, name: string, object: JsonObject): JsonObject {
  const { uid } = metadataOf(object);
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name, ...(group === '' ? {} : { group }), kind: plural, ...(uid === undefined ? {} : { uid }) },
  };
}
