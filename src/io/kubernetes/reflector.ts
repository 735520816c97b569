/** Keeps a set of objects equal to what the API server has: list, watch, and back again when in doubt. */
import { OperationalError } from '../operational-error.ts';
import type { ApiClient, Query } from './api-client.ts';
import { ApiError, malformedError, statusError, timeoutError } from './api-error.ts';
import { isOlderVersion, type JsonObject } from './api-object.ts';
import { Backoff } from './backoff.ts';
import { type Clock, pause } from './clock.ts';
import { Deadline } from './deadline.ts';
import { isServed } from './discovery.ts';
import { ItemMap } from './item-map.ts';
import { type FieldTree, JsonFields, withIdentity } from './json-fields.ts';
import { LineSplitter } from './line-splitter.ts';
import { listObjects, type ListScope, maxObjectBytes, scopeQuery } from './list-objects.ts';
import { ObjectSet } from './object-set.ts';
import { listPath } from './resource.ts';
import { decodeWatchLine, eventFields, type WatchEvent } from './watch-event.ts';
import type { WatchHandler } from './watch-handler.ts';

export interface ReflectorOptions<T> {
  readonly client: ApiClient;
  readonly scope: ListScope;
  /** What is kept of an object; `undefined` when nothing can be made of it, which is counted. */
  readonly project: (object: JsonObject) => T | undefined;
  /** The fields that `project` reads; all when absent. What makes the identity of an object is always there. */
  readonly fields?: FieldTree | undefined;
  /** Whether two values mean the same: the handler then does not hear of the change. */
  readonly isSame?: (a: T, b: T) => boolean;
  readonly handler: WatchHandler<T>;
  /** 0 <= x < 1 */
  readonly random: () => number;
  /** 500 when absent. */
  readonly pageSize?: number;
  /** `auto`: where the server's version has it. */
  readonly watchList?: 'auto' | 'never' | 'always';
}

/**
 * - `listing`: the state may be old
 * - `watching`: up to date as far as anybody can tell
 * - `waiting`: after a failure, before the next attempt
 * - `absent`: the server does not know the resource, so there are no objects of it; asked again now and then
 */
export type ReflectorPhase = 'stopped' | 'listing' | 'watching' | 'waiting' | 'absent';

export interface ReflectorState {
  readonly phase: ReflectorPhase;
  /** Whether the handler has been told everything at least once. */
  readonly synced: boolean;
  readonly items: number;
  /** Of the last event, bookmark or list; `''` when the next thing to do is to list. */
  readonly resourceVersion: string;
  /** Since the server last said anything of worth; `undefined` before that. */
  readonly lastEventAgeMs: number | undefined;
  /** Lists that succeeded, after the first. */
  readonly relists: number;
  /** Watches that the server accepted. */
  readonly watches: number;
  readonly duplicates: number;
  readonly unchanged: number;
  readonly unreadable: number;
  /** How often each code of error occurred. */
  readonly errors: ReadonlyMap<string, number>;
  readonly lastError: OperationalError | undefined;
}

const minWatchSeconds = 300;
const watchSecondsSpread = 300;
/** The server ends a watch itself; one that lasts so much longer has lost its server. */
const watchGraceMs = 15_000;
/** Servers that send bookmarks do so every minute. */
const maxSilenceMs = 150_000;

const initialSilenceMs = 10_000;
const initialTotalMs = 120_000;

const backoffBaseMs = 1000;
const backoffCapMs = 30_000;
/** A watch that lasted so long counts as proof that all is well. */
const healthyMs = 60_000;
/** Behind something that cuts idle connections early, watches still should cover most of the time. */
const briefMs = 5000;

/** How soon a server may ask us to come back at the latest. */
const maxAskedMs = 60_000;

const probeMs = 60_000;

export class Reflector<T> {
  readonly #options: ReflectorOptions<T>;
  readonly #clock: Clock;
  readonly #path: string;
  readonly #what: string;
  readonly #set: ObjectSet<T>;
  readonly #listFields: JsonFields | undefined;
  readonly #eventFields: JsonFields | undefined;
  readonly #backoff: Backoff;
  readonly #errors = new Map<string, number>();
  #phase: ReflectorPhase = 'stopped';
  #resourceVersion = '';
  #lastEventMs: number | undefined;
  #lists = 0;
  #watches = 0;
  #lastError: OperationalError | undefined;
  #synced = false;
  #announceSynced: () => void = () => {};
  readonly #whenSynced: Promise<void>;
  /** The server has shown that it does not do WatchList. */
  #watchListRefused = false;
  /** The request under way is a watch that has not ended its initial list. */
  #streamsList = false;
  /** Bookmarks come from this server, so silence means something. */
  #sendsBookmarks = false;
  /** When the current watch was accepted. */
  #watchingSinceMs: number | undefined;
  /** Who waits for a version, and for which. */
  readonly #waiting = new Map<() => void, string>();

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#clock = options.client.clock;
    this.#path = listPath(options.scope.resource, options.scope.namespace);
    this.#what = `watch ${this.#path}`;
    this.#set = new ObjectSet(options);
    if (options.fields !== undefined) {
      const fields = withIdentity(options.fields);
      this.#listFields = new JsonFields(fields);
      this.#eventFields = new JsonFields(eventFields(fields));
    }
    this.#backoff = new Backoff({ baseMs: backoffBaseMs, capMs: backoffCapMs, random: options.random });
    this.#whenSynced = new Promise((resolve) => {
      this.#announceSynced = resolve;
    });
  }

  get state(): ReflectorState {
    const { duplicates, unchanged, unreadable, size } = this.#set;
    return {
      phase: this.#phase,
      synced: this.#synced,
      items: size,
      resourceVersion: this.#resourceVersion,
      lastEventAgeMs: this.#lastEventMs === undefined ? undefined : this.#clock.nowMs() - this.#lastEventMs,
      relists: Math.max(0, this.#lists - 1),
      watches: this.#watches,
      duplicates,
      unchanged,
      unreadable,
      errors: this.#errors,
      lastError: this.#lastError,
    };
  }

  /** Resolves when the handler has been told everything for the first time. */
  whenSynced(): Promise<void> {
    return this.#whenSynced;
  }

  /**
   * Resolves when the handler has been told everything up to a version that the server has given for this resource; for
   * one that it never gives, when there is a later one, and for a resource that is not served at once.
   */
  whenReached(resourceVersion: string): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.set(resolve, resourceVersion);
      this.#announceReached();
    });
  }

  #announceReached(): void {
    const isAbsent = this.#phase === 'absent';
    if (!isAbsent && (!this.#synced || this.#resourceVersion === '')) return;
    for (const [resolve, version] of this.#waiting) {
      if (!isAbsent && isOlderVersion(this.#resourceVersion, version)) continue;
      this.#waiting.delete(resolve);
      resolve();
    }
  }

  /**
   * Lists and watches until `signal` is aborted. Failures of server, network and credentials are counted and tried
   * again; only bugs reject.
   */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const delayMs = await this.#round(signal);
      if (delayMs > 0) await pause(this.#clock, delayMs, signal);
    }
    this.#phase = 'stopped';
  }

  /** One list or one watch. @returns how long to wait before the next */
  async #round(signal: AbortSignal): Promise<number> {
    this.#watchingSinceMs = undefined;
    this.#streamsList = false;
    try {
      if (this.#resourceVersion !== '') await this.#watch(signal, false);
      else if (await this.#mayWatchList(signal)) await this.#watch(signal, true);
      else {
        await this.#list(signal);
        return 0;
      }
      const delayMs = this.#delayMs(true);
      if (delayMs > 0) this.#phase = 'waiting';
      return delayMs;
    } catch (error) {
      if (signal.aborted) return 0;
      if (!(error instanceof OperationalError)) throw error;
      return this.#recover(error, signal);
    }
  }

  async #recover(failure: OperationalError, signal: AbortSignal): Promise<number> {
    let error = failure;
    if (error instanceof ApiError && error.status === 404) {
      try {
        if (!(await isServed(this.#options.client, this.#options.scope.resource, signal))) return this.#absent();
      } catch (second) {
        if (signal.aborted) return 0;
        if (!(second instanceof OperationalError)) throw second;
        error = second;
      }
    }
    this.#lastError = error;
    this.#errors.set(error.code, (this.#errors.get(error.code) ?? 0) + 1);
    if (this.#streamsList && refusesWatchList(error)) {
      this.#watchListRefused = true;
      return 0;
    }
    if (mayHaveMissed(failure)) this.#resourceVersion = '';
    this.#phase = 'waiting';
    const askedMs = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
    return Math.max(this.#delayMs(false), Math.min(askedMs, maxAskedMs));
  }

  #absent(): number {
    this.#resourceVersion = '';
    if (this.#phase !== 'absent') this.#replace(new ItemMap());
    this.#phase = 'absent';
    this.#announceReached();
    return probeMs * (0.5 + this.#options.random());
  }

  /** A watch cut short by chance is taken up again soon, one that never works ever more slowly. */
  #delayMs(ended: boolean): number {
    const livedMs = this.#watchingSinceMs === undefined ? 0 : this.#clock.nowMs() - this.#watchingSinceMs;
    if (livedMs >= healthyMs) {
      this.#backoff.reset();
      if (ended) return 0;
    }
    const delayMs = this.#backoff.next();
    return livedMs < briefMs ? delayMs : Math.min(delayMs, livedMs / 4);
  }

  async #mayWatchList(signal: AbortSignal): Promise<boolean> {
    const { watchList = 'auto', client } = this.#options;
    if (watchList === 'never' || this.#watchListRefused) return false;
    return watchList === 'always' || (await client.offersWatchList(signal));
  }

  async #list(signal: AbortSignal): Promise<void> {
    if (this.#phase !== 'absent') this.#phase = 'listing';
    let items = new ItemMap<T>();
    const { client, scope, pageSize = 500 } = this.#options;
    const resourceVersion = await listObjects({
      client,
      scope,
      pageSize,
      signal,
      fields: this.#listFields,
      onObject: (object) => this.#set.collect(object, items),
      onRestart: () => {
        items = new ItemMap();
      },
    });
    this.#resourceVersion = resourceVersion;
    this.#replace(items);
    this.#phase = 'watching';
  }

  #replace(items: ItemMap<T>): void {
    this.#lists++;
    this.#lastEventMs = this.#clock.nowMs();
    this.#set.replace(items);
    this.#synced = true;
    this.#announceSynced();
    this.#announceReached();
  }

  /** @param initial the watch begins with all objects that exist */
  async #watch(signal: AbortSignal, initial: boolean): Promise<void> {
    this.#streamsList = initial;
    if (initial && this.#phase !== 'absent') this.#phase = 'listing';
    const seconds = minWatchSeconds + Math.floor(this.#options.random() * watchSecondsSpread);
    const query: Query = {
      ...scopeQuery(this.#options.scope),
      watch: true,
      allowWatchBookmarks: true,
      timeoutSeconds: seconds,
      ...(initial
        ? { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' }
        : { resourceVersion: this.#resourceVersion }),
    };
    const limits = { idleTimeoutMs: Number.POSITIVE_INFINITY, totalTimeoutMs: seconds * 1000 + watchGraceMs };
    const deadline = new Deadline(this.#clock, signal);
    try {
      await this.#options.client.read(this.#path, query, limits, deadline.signal, async ({ body }) => {
        this.#watches++;
        this.#watchingSinceMs = this.#clock.nowMs();
        await this.#follow(body, initial, deadline);
      });
    } finally {
      deadline.close();
    }
  }

  async #follow(body: AsyncIterable<Buffer>, initial: boolean, deadline: Deadline): Promise<void> {
    const lines = new LineSplitter(maxObjectBytes);
    let collected = initial ? new ItemMap<T>() : undefined;
    const onLine = (line: Buffer): void => {
      if (line.length === 0) return;
      const kept = this.#eventFields === undefined ? line : this.#eventFields.keep(line);
      const event = kept === undefined ? undefined : decodeWatchLine(kept);
      if (event === undefined) throw malformedError(this.#what, 'a line of it is no watch event');
      if (event.type === 'ERROR') throw watchError(this.#what, event.status);
      if (collected === undefined) this.#apply(event);
      else if (this.#collect(event, collected)) {
        deadline.disarm('initial');
        this.#replace(collected);
        this.#streamsList = false;
        collected = undefined;
        this.#phase = 'watching';
      }
    };
    if (collected === undefined) this.#phase = 'watching';
    else deadline.arm('initial', initialTotalMs, () => this.#initialEventsError(initialTotalMs));
    this.#armSilence(deadline, initial);
    for await (const chunk of body) {
      try {
        if (!lines.push(chunk, onLine)) throw malformedError(this.#what, 'a line of it is too long');
      } finally {
        // What came before the fault has happened.
        this.#set.flush();
        if (collected === undefined) this.#announceReached();
      }
      this.#armSilence(deadline, collected !== undefined);
    }
    if (collected !== undefined) throw this.#initialEventsError(this.#clock.nowMs() - (this.#watchingSinceMs ?? 0));
    // The version of the lost event is not ours yet, so it comes again.
    if (lines.pendingBytes > 0) throw timeoutError(this.#what, 'it ended in the middle of an event');
  }

  #armSilence(deadline: Deadline, initial: boolean): void {
    if (initial) deadline.arm('silence', initialSilenceMs, () => this.#initialEventsError(initialSilenceMs));
    else if (this.#sendsBookmarks)
      deadline.arm('silence', maxSilenceMs, () =>
        timeoutError(this.#what, `nothing came for ${maxSilenceMs / 1000} s, not even a bookmark`),
      );
    else deadline.disarm('silence');
  }

  #initialEventsError(afterMs: number): OperationalError {
    return new OperationalError(
      initialEventsMissing,
      `${this.#what}: the server did not end its initial list within ${Math.round(afterMs / 1000)} s`,
      { hint: 'the list is asked for page by page instead', exitCode: 4 },
    );
  }

  /** @returns whether these were all objects that there are */
  #collect(event: Exclude<WatchEvent, { type: 'ERROR' }>, into: ItemMap<T>): boolean {
    if (event.type === 'BOOKMARK') {
      this.#sendsBookmarks = true;
      if (!event.endsInitialEvents) return false;
      this.#resourceVersion = event.resourceVersion;
      return true;
    }
    if (event.type === 'DELETED') into.delete(event.object.namespace, event.object.name);
    else this.#set.collect(event.object, into);
    return false;
  }

  #apply(event: Exclude<WatchEvent, { type: 'ERROR' }>): void {
    const resourceVersion = event.type === 'BOOKMARK' ? event.resourceVersion : event.object.resourceVersion;
    // A server never goes back. When one does, or something in between mixes streams, nothing that we know is certain.
    if (isOlderVersion(resourceVersion, this.#resourceVersion))
      throw malformedError(this.#what, `version ${resourceVersion} came after ${this.#resourceVersion}`);
    if (event.type === 'BOOKMARK') this.#sendsBookmarks = true;
    else if (event.type === 'DELETED') this.#set.delete(event.object);
    else this.#set.upsert(event.object);
    this.#resourceVersion = resourceVersion;
    this.#lastEventMs = this.#clock.nowMs();
  }
}

const initialEventsMissing = 'watch-list-unfinished';

/** A server without the feature says that the parameter is forbidden or invalid, or does not answer it to the end. */
function refusesWatchList(error: OperationalError): boolean {
  return error.code === initialEventsMissing || (error instanceof ApiError && [400, 422].includes(error.status));
}

/** An ERROR event: the stream is over, and unless the server only wants rest, so is what we know. */
function watchError(what: string, status: unknown): OperationalError {
  const error = statusError(what, status);
  if (error.expired || error.status === 429) return error;
  return malformedError(what, `it ended with an error: ${error.message}`);
}

/** Whether watching on from the version that we have could skip something, or is refused as it is. */
function mayHaveMissed(error: OperationalError): boolean {
  if (error.code === 'api-malformed') return true;
  if (!(error instanceof ApiError)) return false;
  return error.expired || (error.status >= 400 && error.status < 500 && ![401, 403, 429].includes(error.status));
}
