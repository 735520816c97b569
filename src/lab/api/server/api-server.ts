/**
 * The HTTPS server of the lab's API: HTTP/1.1 over TLS on listeners that others have opened, several at once. No request
 * without a token is served, and none that a web page could have made.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../../../io/kubernetes/clock.ts';
import type { Settlement } from '../../settlement.ts';
import type { Rest, UserInfo } from '../rest/rest.ts';
import { badRequest, StatusError } from '../status-error.ts';
import type { ApiRequest } from './api-request.ts';
import { documentReply, notAllowed, notServed } from './documents.ts';
import { createGate, type Gate } from './gate.ts';
import { httpsListener } from './https-listener.ts';
import { internalError } from './internal-error.ts';
import type { Reply } from './reply.ts';
import { readBody } from './request-body.ts';
import { ResourceVerbs } from './resource-verbs.ts';
import { parseRoute, type ResourceRoute, type Route } from './route.ts';
import { refuseUpgrade, sendError, sendReply } from './send-reply.ts';
import type { PodStreamRoute, StreamHandler } from './stream-handler.ts';
import type { Authenticator } from './token-authenticator.ts';
import { WatchHub } from './watch-hub.ts';
import { watchSink } from './watch-response.ts';
import { WriteBarrier } from './write-barrier.ts';

/**
 * Where to listen: a socket that is open already, a listener that is taken over (one that another process has sent, say),
 * or an address. Port 0 is any free one.
 */
export type ListenAt = NetServer | { readonly fd: number } | { readonly host: string; readonly port: number };

/** A request that was answered. */
export interface ServedRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** Of the answer; 101 for a stream that was handed over. */
  readonly code: number;
  readonly ms: number;
  /** `undefined` for nobody who is known. */
  readonly user: string | undefined;
}

export interface ApiServerOptions {
  readonly rest: Rest;
  readonly settlement: Settlement;
  readonly streams: StreamHandler;
  /** PEM. */
  readonly tls: { readonly key: string; readonly cert: string };
  readonly authenticate: Authenticator;
  /** Names and addresses by which clients may ask for this server; IPv6 without brackets. */
  readonly hosts: readonly string[];
  readonly clock: Clock;
  /** As `/version` says: `v1.33.1+lab`. */
  readonly version: string;
  /** How long answers to writes wait for `settlement`; 2000 when absent. */
  readonly longestBarrierMs?: number;
  readonly onRequest?: (request: ServedRequest) => void;
  /** Bugs and failures of connections, for a log. Nothing needs to be done about them. */
  readonly onError?: (error: unknown) => void;
}

/** What answers may take when the server closes. */
const farewellMs = 1000;

export class ApiServer {
  private readonly options: ApiServerOptions;
  private readonly gate: Gate;
  private readonly verbs: ResourceVerbs;
  private readonly hub: WatchHub;
  private readonly servers: Server[] = [];
  /** Connections that are no HTTP any more, which the servers no longer know. */
  private readonly upgraded = new Set<Duplex>();
  private closing: Promise<void> | undefined;

  constructor(options: ApiServerOptions) {
    const { rest, clock, settlement, longestBarrierMs: longestMs = 2000 } = options;
    this.options = options;
    this.gate = createGate(options);
    const barrier = new WriteBarrier({ settlement, clock, store: rest.store, longestMs });
    this.verbs = new ResourceVerbs({ rest, clock, barrier });
    this.hub = new WatchHub(rest, clock);
  }

  /** How many watches are open. */
  get watches(): number {
    return this.hub.size;
  }

  /** Serves there, besides where it serves already. Gives the port; rejects when it cannot listen. */
  async listen(at: ListenAt): Promise<number> {
    if (this.closing !== undefined) throw new Error('the API server is closed');
    const server = httpsListener(this.options.tls, {
      request: (request, response) => this.serve(request, response),
      upgrade: (request, socket, head) => this.upgrade(request, socket, head),
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(at, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', (error) => this.report(error));
    this.servers.push(server);
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Ends watches and streams, lets other answers finish for a moment, and frees the listeners. Idempotent. */
  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private async closeAll(): Promise<void> {
    this.hub.close();
    this.options.streams.close();
    for (const socket of this.upgraded) socket.destroy();
    const closed = this.servers.map(
      (server) =>
        new Promise<void>((resolve) => {
          server.close(() => resolve());
          server.closeIdleConnections();
        }),
    );
    const cancel = this.options.clock.after(farewellMs, () => {
      for (const server of this.servers) server.closeAllConnections();
    });
    await Promise.all(closed);
    cancel();
  }

  private serve(request: IncomingMessage, response: ServerResponse): void {
    const log = this.logFor(request);
    response.on('close', () => log(response.statusCode));
    response.on('error', () => response.destroy());
    request.on('error', () => response.destroy());
    this.answer(request, response, log).catch((error: unknown) => this.fail(request, response, error));
  }

  private async answer(request: IncomingMessage, response: ServerResponse, log: RequestLog): Promise<void> {
    const user = this.gate(request.headers);
    log.user = user.username;
    const { path, query } = targetOf(request);
    const route = parseRoute(path);
    const method = request.method ?? '';
    const pod = route.kind === 'resource' ? podStreamOf(route, query) : undefined;
    if (pod !== undefined) {
      if (pod.subresource !== 'log') throw badRequest('Upgrade request required');
      if (method !== 'GET') throw notAllowed();
      await this.options.streams.log(pod, response);
      return;
    }
    const reply = await this.replyTo(route, {
      method,
      query,
      headers: request.headers,
      user,
      body: () => readBody(request),
    });
    if (reply.kind === 'watch') this.watch(response, reply);
    else sendReply(response, reply, isForPeople(request, query));
  }

  private async replyTo(route: Route, request: ApiRequest): Promise<Reply> {
    if (route.kind === 'resource') return this.verbs.handle(route, request);
    return documentReply(route, request, this.options.rest, this.options.version);
  }

  private watch(response: ServerResponse, { spec, options }: Extract<Reply, { kind: 'watch' }>): void {
    // The client may have gone while the request was read.
    if (response.destroyed) return;
    const abandon = this.hub.open(spec, options, watchSink(response));
    response.on('close', abandon);
    if (!response.writableEnded) response.flushHeaders();
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const log = this.logFor(request);
    socket.on('error', () => socket.destroy());
    try {
      log.user = this.gate(request.headers).username;
      const { path, query } = targetOf(request);
      const route = parseRoute(path);
      const pod = route.kind === 'resource' ? podStreamOf(route, query) : undefined;
      const subresource = pod?.subresource;
      if (pod === undefined || subresource === undefined || subresource === 'log') throw notServed();
      if (request.method !== 'GET' && request.method !== 'POST') throw notAllowed();
      if (this.closing !== undefined) throw internalError('the API server is closing');
      this.upgraded.add(socket);
      socket.on('close', () => this.upgraded.delete(socket));
      this.options.streams.upgrade(request, socket, head, { ...pod, subresource });
      log(101);
    } catch (error) {
      const refusal = this.statusOf(error);
      refuseUpgrade(socket, refusal);
      log(refusal.code);
    }
  }

  private fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const refusal = this.statusOf(error);
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    try {
      for (const name of response.getHeaderNames()) response.removeHeader(name);
      // What is left of a body that nobody read is no request.
      if (!request.complete) response.setHeader('Connection', 'close');
      sendError(response, refusal, isForPeople(request, new URLSearchParams()));
    } catch (again) {
      this.report(again);
      response.destroy();
    }
  }

  private statusOf(error: unknown): StatusError {
    if (error instanceof StatusError) return error;
    this.report(error);
    return internalError(error);
  }

  private report(error: unknown): void {
    this.options.onError?.(error);
  }

  private logFor(request: IncomingMessage): RequestLog {
    const { clock, onRequest } = this.options;
    const from = clock.nowMs();
    const log: RequestLog = Object.assign(
      (code: number) => {
        const [path = ''] = (request.url ?? '').split('?', 1);
        onRequest?.({ method: request.method ?? '', path, code, ms: clock.nowMs() - from, user: log.user });
      },
      { user: undefined as UserInfo['username'] | undefined },
    );
    return log;
  }
}

/** Tells the observer of one request, with what is known of it by then. */
interface RequestLog {
  (code: number): void;
  user: string | undefined;
}

function targetOf({ url = '' }: IncomingMessage): { readonly path: string; readonly query: URLSearchParams } {
  if (!url.startsWith('/')) throw badRequest('the request must name a path');
  const at = url.indexOf('?');
  if (at < 0) return { path: url, query: new URLSearchParams() };
  return { path: url.slice(0, at), query: new URLSearchParams(url.slice(at + 1)) };
}

function podStreamOf(route: ResourceRoute, query: URLSearchParams): PodStreamRoute | undefined {
  const { group, version, plural, namespace, name: pod, subresource } = route;
  if (group !== '' || version !== 'v1' || plural !== 'pods' || namespace === undefined || pod === undefined)
    return undefined;
  switch (subresource) {
    case 'attach':
    case 'exec':
    case 'log':
    case 'portforward':
      return { namespace, pod, subresource, query };
    default:
      return undefined;
  }
}

/** As the real server: who asks for it, and programs that show what they get. */
function isForPeople({ headers }: IncomingMessage, query: URLSearchParams): boolean {
  const pretty = query.get('pretty');
  if (pretty !== null) return pretty !== 'false' && pretty !== '0';
  return /^(?:curl|Wget|Mozilla\/5\.0)/.test(headers['user-agent'] ?? '');
}
