/** One reading of a live cluster: everything that the model is made of, listed once. */
import { invariant } from '../../base/assert.ts';
import type { Diagnostic } from '../../base/diagnostic.ts';
import { groupObjects } from '../../kube/collection.ts';
import { notEvaluated } from '../../kube/not-evaluated.ts';
import type { KubeObject, KubeObjects } from '../../kube/objects.ts';
import type { SkippedKind } from '../../kube/read.ts';
import { OperationalError } from '../operational-error.ts';
import type { ApiClient } from './api-client.ts';
import { ApiError, malformedError } from './api-error.ts';
import { isJsonObject } from './api-object.ts';
import { isServed } from './discovery.ts';
import { JsonFields, withIdentity } from './json-fields.ts';
import { listObjects } from './list-objects.ts';
import { findLiveKinds, type LiveKind } from './live-kinds.ts';
import { LiveObjects } from './live-objects.ts';
import { objectProjection, projectedFields } from './object-projection.ts';
import { forbiddenError, forbiddenWarning, type ForbiddenKind } from './read-live-rights.ts';
import { apiVersionOf, type KubeResource, listPath } from './resource.ts';

export interface ReadLiveOptions {
  readonly client: ApiClient;
  /** Objects so far, of all kinds. */
  readonly onProgress?: (objects: number) => void;
  /** Objects a page. */
  readonly pageSize?: number;
}

export interface LiveReading {
  readonly objects: KubeObjects;
  /** Kinds that may not be read or are not evaluated; policies that mean less or more than their words. No places. */
  readonly diagnostics: readonly Diagnostic[];
  /** How many objects there are. */
  readonly count: number;
}

/** As kubectl. */
const defaultPageSize = 500;

/** Lists at a time: more would only make the server put us off. */
const concurrency = 4;

/**
 * Lists every kind that decides or describes, in all namespaces, because a policy anywhere may select peers anywhere.
 * The lists are some milliseconds apart, as with any client.
 *
 * Kinds that the server does not have count as empty. Kinds that this account may not list are fatal when verdicts
 * hang on them, and a warning otherwise. Stored policies count as far as they have a meaning (D11).
 *
 * @throws OperationalError exit 4: `api-forbidden` with every right that is missing, and what {@link ApiClient.read}
 * throws
 */
export async function readLiveCluster(options: ReadLiveOptions): Promise<LiveReading> {
  const { client } = options;
  const ended = new AbortController();
  const { signal } = ended;
  try {
    const { kinds, foreign } = await findLiveKinds(client, signal);
    const progress = new Progress(options.onProgress);
    const lists = await inTurns(kinds, (kind) => listKind(client, kind, options, progress, signal));
    const refused = lists.flatMap(({ refused: kind }) => (kind === undefined ? [] : [kind]));
    const fatal = refused.filter(({ kind }) => kind.need === 'needed');
    if (fatal.length > 0) throw forbiddenError(client.access.description, fatal);
    const counted = await inTurns(foreign, (resource) => countKind(client, resource, signal));
    return {
      objects: groupObjects(lists.flatMap(({ objects }) => objects)),
      diagnostics: [
        ...refused.map(forbiddenWarning),
        ...notEvaluated(counted.filter(({ count }) => count > 0)),
        ...lists.flatMap(({ diagnostics }) => diagnostics),
      ],
      count: progress.total,
    };
  } catch (error) {
    ended.abort(error);
    throw error;
  }
}

/** What became of one kind. */
interface LiveList {
  readonly objects: readonly KubeObject[];
  readonly diagnostics: readonly Diagnostic[];
  readonly refused: ForbiddenKind | undefined;
}

async function listKind(
  client: ApiClient,
  kind: LiveKind,
  options: ReadLiveOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<LiveList> {
  const { resource } = kind;
  const fields = projectedFields(resource);
  const found = new LiveObjects(resource);
  const project = objectProjection({ resource, onDiagnostics: (diagnostics) => found.strange(diagnostics) });
  let read = 0;
  try {
    await listObjects({
      client,
      scope: { resource },
      pageSize: options.pageSize ?? defaultPageSize,
      signal,
      fields: fields === undefined ? undefined : new JsonFields(withIdentity(fields)),
      onObject: (object) => {
        found.add(object, project(object.json));
        read++;
        progress.add(1);
      },
      onRestart: () => {
        found.clear();
        progress.add(-read);
        read = 0;
      },
    });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 403) return { objects: [], diagnostics: [], refused: { kind, refusal: error } };
    if (error.status !== 404) throw error;
    if (!kind.optional) await requireAbsent(client, kind, error, signal);
  }
  return { objects: found.objects(), diagnostics: found.diagnostics(), refused: undefined };
}

/** A 404 of a kind that every cluster has: the server is another one, or an old or a small one. */
async function requireAbsent(client: ApiClient, kind: LiveKind, error: ApiError, signal: AbortSignal): Promise<void> {
  if (await isServed(client, kind.resource, signal)) throw error;
  if (kind.need === 'wanted') return;
  throw new OperationalError(
    'api-not-found',
    `${client.access.description}: the server has no ${kind.resource.kind} (${apiVersionOf(kind.resource)})`,
    { hint: 'is this the API server of a Kubernetes cluster? kubectl api-resources tells what it has', exitCode: 4 },
  );
}

/** How many objects there are of a kind that is not read. */
async function countKind(client: ApiClient, resource: KubeResource, signal: AbortSignal): Promise<SkippedKind> {
  const { kind } = resource;
  const path = listPath(resource);
  try {
    const list = await client.getJson(path, { limit: 1 }, signal);
    const items = isJsonObject(list) ? list['items'] : undefined;
    const metadata = isJsonObject(list) ? list['metadata'] : undefined;
    if (!Array.isArray(items)) throw malformedError(`GET ${path}`, 'the answer is no list');
    const more = isJsonObject(metadata) ? metadata['remainingItemCount'] : undefined;
    return { apiVersion: apiVersionOf(resource), kind, count: items.length + (typeof more === 'number' ? more : 0) };
  } catch (error) {
    // What may not be counted, or is not answered for, is no reason to answer nothing.
    if (error instanceof ApiError) return { apiVersion: apiVersionOf(resource), kind, count: 0 };
    throw error;
  }
}

const tellEvery = 100;

class Progress {
  readonly #tell: ((objects: number) => void) | undefined;
  total = 0;

  constructor(tell: ((objects: number) => void) | undefined) {
    this.#tell = tell;
  }

  add(count: number): void {
    this.total += count;
    // Looking at the clock for each of a hundred thousand objects would be felt.
    if (this.total % tellEvery === 0) this.#tell?.(this.total);
  }
}

/** Some at a time; the results are in the order of the items. */
async function inTurns<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results = new Map<number, Result>();
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results.set(index, await work(item));
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return items.map((_, index) => {
    const result = results.get(index);
    invariant(result !== undefined, 'every item has a result');
    return result;
  });
}
