/** A whole list from the API server, page by page, object by object. */
import type { JsonValue } from '../../kube/from-json.ts';
import type { ApiClient, Query } from './api-client.ts';
import { ApiError, malformedError } from './api-error.ts';
import { type ApiObject, apiObject, isJsonObject, textOf } from './api-object.ts';
import type { JsonFields } from './json-fields.ts';
import { ListSplitter, ListTooLarge } from './list-splitter.ts';
import { type KubeResource, listPath } from './resource.ts';

/** Which objects of a resource. */
export interface ListScope {
  readonly resource: KubeResource;
  /** All namespaces when absent. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ListRequest {
  readonly client: ApiClient;
  readonly scope: ListScope;
  /** Objects a page. */
  readonly pageSize: number;
  readonly signal: AbortSignal;
  /** Applied to each object before it is parsed. */
  readonly fields?: JsonFields | undefined;
  readonly onObject: (object: ApiObject) => void;
  /** The list begins anew: what came so far does not count. */
  readonly onRestart: () => void;
}

/** What no object is larger than: etcd takes a tenth of it. */
export const maxObjectBytes = 16 * 1024 * 1024;

const pageLimits = { headTimeoutMs: 60_000, idleTimeoutMs: 30_000, totalTimeoutMs: 300_000 };

/** More pages than this are no list but a loop. */
const maxPages = 1_000_000;

/** After so many expired continue tokens in a row the rest is asked for without pages. */
const maxRestarts = 2;

/**
 * Lists all objects of a scope. A continue token that expires under way begins the list anew; when that happens
 * again and again, the list is asked for in one piece, which costs the server memory but cannot expire.
 *
 * @returns the resourceVersion to watch from
 * @throws what {@link ApiClient.read} throws; `api-malformed` for anything that is no list of objects
 */
export async function listObjects(request: ListRequest): Promise<string> {
  for (let restarts = 0; ; restarts++) {
    const limit = restarts > maxRestarts ? undefined : request.pageSize;
    try {
      return await listOnce(request, limit);
    } catch (error) {
      if (!(error instanceof ApiError) || !error.expired || limit === undefined) throw error;
      request.onRestart();
    }
  }
}

async function listOnce(request: ListRequest, limit: number | undefined): Promise<string> {
  const { client, scope, signal } = request;
  const path = listPath(scope.resource, scope.namespace);
  let next = '';
  for (let page = 0; page < maxPages; page++) {
    const query = { ...scopeQuery(scope), limit, continue: next === '' ? undefined : next };
    const metadata = await client.patiently(signal, () => readPage(request, path, query));
    const following = textOf(metadata['continue']);
    if (following === '') {
      const version = textOf(metadata['resourceVersion']);
      if (version === '') throw malformedError(`GET ${path}`, 'the list has no resourceVersion');
      return version;
    }
    if (following === next) throw malformedError(`GET ${path}`, 'the list goes round in circles');
    next = following;
  }
  throw malformedError(`GET ${path}`, `the list has more than ${maxPages} pages`);
}

export function scopeQuery({ labelSelector, fieldSelector }: ListScope): Query {
  return { labelSelector, fieldSelector };
}

/** Reads one page and gives the metadata of the list. */
function readPage(
  { client, signal, fields, onObject }: ListRequest,
  path: string,
  query: Query,
): Promise<{ readonly [key: string]: JsonValue }> {
  const what = `GET ${path}`;
  return client.read(path, query, pageLimits, signal, async ({ body }) => {
    const splitter = new ListSplitter(maxObjectBytes, (bytes) => {
      const object = apiObject(parse(what, fields === undefined ? bytes : fields.keep(bytes)));
      if (object === undefined) throw malformedError(what, 'an item of the list has no name');
      onObject(object);
    });
    try {
      for await (const chunk of body) splitter.push(chunk);
    } catch (error) {
      if (error instanceof ListTooLarge) throw malformedError(what, error.message);
      throw error;
    }
    const frame = parse(what, splitter.frame());
    const metadata = isJsonObject(frame) ? frame['metadata'] : undefined;
    if (!isJsonObject(frame) || !isJsonObject(metadata) || !('items' in frame))
      throw malformedError(what, 'the answer is no list');
    return metadata;
  });
}

function parse(what: string, bytes: Buffer | undefined): JsonValue {
  try {
    if (bytes === undefined) throw new SyntaxError('no object');
    return JSON.parse(bytes.toString('utf8')) as JsonValue;
  } catch {
    throw malformedError(what, 'the list is no JSON, or was cut off');
  }
}
