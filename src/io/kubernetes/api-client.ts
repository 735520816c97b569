/** Requests to one API server: credentials, deadlines, size limits, refusals as errors. */
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { JsonValue } from '../../kube/from-json.ts';
import { systemErrorCode } from '../system-error.ts';
import { ApiError, connectionError, malformedError, responseError, timeoutError } from './api-error.ts';
import { type Clock, pause, systemClock } from './clock.ts';
import type { ClusterAccess } from './cluster-access.ts';
import type { Credentials } from './credentials.ts';
import { Deadline } from './deadline.ts';
import { NodeTransport, type Transport, type TransportResponse } from './transport.ts';

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface RequestLimits {
  /** Until the head of the answer is there. */
  readonly headTimeoutMs?: number;
  /** Between two pieces of the body. */
  readonly idleTimeoutMs?: number;
  /** All of it. */
  readonly totalTimeoutMs?: number;
}

/** A body that may be read while it arrives. */
export interface ApiStream {
  readonly body: AsyncIterable<Buffer>;
}

export interface ApiClientOptions {
  readonly access: ClusterAccess;
  readonly clock?: Clock;
  readonly transport?: Transport;
  readonly userAgent?: string;
  /**
   * Asks for compressed answers, as kubectl does: large lists are a tenth as long on the way. Watches inside a cluster
   * are better off without.
   */
  readonly compressed?: boolean;
}

const defaultLimits: Required<RequestLimits> = {
  headTimeoutMs: 30_000,
  idleTimeoutMs: 30_000,
  totalTimeoutMs: 120_000,
};

/** How much of a refusal is read. */
const maxErrorBytes = 64 * 1024;
/** Lists do not come this way. */
const maxJsonBytes = 32 * 1024 * 1024;

/** How often a server may ask for patience within one call. */
const maxPatience = 5;
/** No server may put us off for longer at once. */
const maxRetryAfterMs = 60_000;

export class ApiClient {
  readonly access: ClusterAccess;
  readonly clock: Clock;
  readonly #transport: Transport;
  readonly #userAgent: string;
  readonly #compressed: boolean;
  #offersWatchList: Promise<boolean> | undefined;

  constructor(options: ApiClientOptions) {
    this.access = options.access;
    this.clock = options.clock ?? systemClock;
    this.#transport = options.transport ?? new NodeTransport();
    this.#userAgent = options.userAgent ?? 'sallyport';
    this.#compressed = options.compressed ?? false;
  }

  /**
   * One JSON document. Waits when the server asks for it (429, 503 with `Retry-After`), a few times.
   *
   * @throws ApiError, OperationalError `api-unreachable`, `api-certificate`, `api-timeout`, `api-malformed`, and those
   * of the credentials
   */
  async getJson(path: string, query: Query = {}, signal?: AbortSignal): Promise<JsonValue> {
    const what = `GET ${path}`;
    const bytes = await this.patiently(signal, () =>
      this.read(path, query, defaultLimits, signal, async ({ body }) => {
        const parts: Buffer[] = [];
        let size = 0;
        for await (const part of body) {
          size += part.length;
          if (size > maxJsonBytes) throw malformedError(what, `the answer is larger than ${maxJsonBytes} bytes`);
          parts.push(part);
        }
        return Buffer.concat(parts);
      }),
    );
    try {
      return JSON.parse(bytes.toString('utf8')) as JsonValue;
    } catch {
      throw malformedError(what, 'the answer is no JSON');
    }
  }

  /**
   * Sends a request and hands its body to `consume`. Whatever ends `consume` early also ends the request.
   *
   * @throws what {@link getJson} throws, without its patience, and what `consume` throws
   */
  async read<T>(
    path: string,
    query: Query,
    limits: RequestLimits,
    signal: AbortSignal | undefined,
    consume: (stream: ApiStream) => Promise<T>,
  ): Promise<T> {
    const what = `GET ${path}`;
    const { headTimeoutMs, idleTimeoutMs, totalTimeoutMs } = { ...defaultLimits, ...limits };
    const deadline = new Deadline(this.clock, signal);
    try {
      const response = await this.#open(what, path, query, deadline, { headTimeoutMs, totalTimeoutMs });
      const silence = (): Error => timeoutError(what, `nothing came for ${idleTimeoutMs / 1000} s`);
      return await consume({ body: this.#watched(what, response.body, deadline, idleTimeoutMs, silence) });
    } finally {
      deadline.close();
    }
  }

  /** Runs `attempt` again after each refusal that names a time to come back. */
  async patiently<T>(signal: AbortSignal | undefined, attempt: () => Promise<T>): Promise<T> {
    const ended = signal ?? new AbortController().signal;
    for (let patience = maxPatience; ; patience--) {
      try {
        return await attempt();
      } catch (error) {
        const delayMs = error instanceof ApiError ? error.retryAfterMs : undefined;
        if (delayMs === undefined || patience === 0) throw error;
        await pause(this.clock, Math.min(delayMs, maxRetryAfterMs), ended);
        ended.throwIfAborted();
      }
    }
  }

  /**
   * Whether the server streams lists (`sendInitialEvents`): asked once. A server that does not say its version is
   * taken not to: one that ignores the wish would leave us waiting.
   */
  offersWatchList(signal: AbortSignal): Promise<boolean> {
    this.#offersWatchList ??= this.getJson('/version', {}, signal).then(streamsLists, () => {
      this.#offersWatchList = undefined;
      return false;
    });
    return this.#offersWatchList;
  }

  close(): void {
    this.#transport.close();
  }

  async #open(
    what: string,
    path: string,
    query: Query,
    deadline: Deadline,
    { headTimeoutMs, totalTimeoutMs }: { readonly headTimeoutMs: number; readonly totalTimeoutMs: number },
  ): Promise<TransportResponse> {
    for (let renewed = false; ; renewed = true) {
      // A plugin may ask a person to log in; that is not the server's time.
      const credentials = await this.access.credentials.current();
      const certificateAuthority = await this.access.certificateAuthority();
      if (!renewed)
        deadline.arm('total', totalTimeoutMs, () =>
          timeoutError(what, `not complete after ${totalTimeoutMs / 1000} s`),
        );
      deadline.arm('head', headTimeoutMs, () => timeoutError(what, `no answer after ${headTimeoutMs / 1000} s`));
      const response = await this.#send(path, query, credentials, certificateAuthority, deadline.signal).catch(
        (error: unknown) => {
          throw endOf(what, deadline, error);
        },
      );
      deadline.disarm('head');
      const content = decoded(what, response);
      if (response.status >= 200 && response.status < 300) return { ...response, body: content };
      const unfinished = (): Error => timeoutError(what, 'the refusal did not end');
      const body = await readSome(this.#watched(what, content, deadline, headTimeoutMs, unfinished));
      if (response.status === 401 && !renewed) {
        this.access.credentials.invalidate();
        continue;
      }
      if (response.status >= 300 && response.status < 400) {
        const location = response.header('location') ?? 'nowhere';
        throw malformedError(what, `it redirects (HTTP ${response.status}) to ${location}`);
      }
      throw responseError(what, response.status, body, this.#retryAfterMs(response));
    }
  }

  #send(
    path: string,
    query: Query,
    { authorization, clientCertificate, clientKey }: Credentials,
    certificateAuthority: string | undefined,
    signal: AbortSignal,
  ): Promise<TransportResponse> {
    const { access } = this;
    const url = new URL(access.server);
    url.pathname = `${url.pathname.replace(/\/+$/, '')}${path}`;
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const secure = url.protocol === 'https:';
    return this.#transport.get({
      url,
      headers: {
        Accept: 'application/json',
        'User-Agent': this.#userAgent,
        ...(this.#compressed ? { 'Accept-Encoding': 'gzip' } : {}),
        ...access.headers,
        // As kubectl: a secret is not sent where anybody on the way may read it.
        ...(authorization === undefined || !secure ? {} : { Authorization: authorization }),
      },
      tls: {
        insecureSkipVerify: access.insecureSkipVerify,
        serverName: access.tlsServerName,
        certificateAuthority,
        clientCertificate,
        clientKey,
      },
      signal,
    });
  }

  /** The body, with a timer that runs whenever nothing comes. Its errors are ours. */
  async *#watched(
    what: string,
    body: AsyncIterable<Buffer>,
    deadline: Deadline,
    idleTimeoutMs: number,
    reason: () => Error,
  ): AsyncIterable<Buffer> {
    const arm = (): void => {
      if (Number.isFinite(idleTimeoutMs)) deadline.arm('idle', idleTimeoutMs, reason);
    };
    arm();
    try {
      for await (const chunk of body) {
        deadline.disarm('idle');
        yield chunk;
        arm();
      }
    } catch (error) {
      throw endOf(what, deadline, error);
    }
    deadline.disarm('idle');
  }

  /** Seconds or a date; only where it has a meaning. */
  #retryAfterMs(response: TransportResponse): number | undefined {
    if (response.status !== 429 && response.status < 500) return undefined;
    const text = response.header('retry-after')?.trim() ?? '';
    if (/^\d{1,6}$/.test(text)) return Number(text) * 1000;
    const date = Date.parse(text);
    return Number.isNaN(date) ? undefined : Math.max(0, date - this.clock.calendarMs());
  }
}

/** The body without its compression, whoever on the way compressed it. */
function decoded(what: string, { header, body }: TransportResponse): AsyncIterable<Buffer> {
  const encoding = header('content-encoding')?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity') return body;
  if (encoding !== 'gzip') throw malformedError(what, `the answer is encoded as ${encoding}`);
  return unzipped(what, body);
}

async function* unzipped(what: string, body: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  const unzip = createGunzip();
  // Errors of either end reach whoever reads the other; the callback only has to be there.
  pipeline(body, unzip, () => {});
  try {
    yield* unzip as AsyncIterable<Buffer>;
  } catch (error) {
    throw systemErrorCode(error).startsWith('Z_')
      ? malformedError(
          what,
          `the answer is not the gzip that it says: ${error instanceof Error ? error.message : String(error)}`,
        )
      : error;
  }
}

/** The reason why we gave up says more than the error that giving up caused. */
function endOf(what: string, deadline: Deadline, error: unknown): unknown {
  return deadline.signal.aborted ? deadline.signal.reason : connectionError(what, error);
}

async function readSome(body: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of body) {
    parts.push(part);
    size += part.length;
    // Leaving the loop destroys the rest.
    if (size > maxErrorBytes) break;
  }
  return Buffer.concat(parts).toString('utf8');
}

/** WatchList is on by default in the API server from 1.34; before, some minor versions had it and some not. */
function streamsLists(version: JsonValue): boolean {
  const text = typeof version === 'object' && version !== null && 'gitVersion' in version ? version['gitVersion'] : '';
  const match = /^v(\d{1,3})\.(\d{1,4})/.exec(typeof text === 'string' ? text : '');
  if (match === null) return false;
  const [, major, minor] = match;
  return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 34);
}
