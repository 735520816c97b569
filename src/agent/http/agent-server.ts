import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../io/kubernetes/clock.ts';
import { systemErrorCode, systemErrorReason } from '../../io/system-error.ts';
import {
  BROKEN,
  FORBIDDEN,
  healthz,
  metricsPage,
  NOT_ALLOWED,
  NOT_FOUND,
  readyz,
  statusz,
  type Answer,
  type AnswerSources,
} from './answer.ts';
import { mayReadStatus } from './status-access.ts';

export interface AgentServerOptions {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
  /** With it `/statusz` may be read from anywhere; without it only from this node. */
  readonly token?: string;
  readonly sources: AnswerSources;
  readonly clock: Clock;
  /** The address cannot be listened at; it is tried again. */
  readonly onFailure: (message: string) => void;
}

const RETRY_MS = 5000;
const MAX_CONNECTIONS = 64;
const TIMEOUT_MS = 10_000;

/** Health, status and metrics over plain HTTP. Whatever goes wrong here, policies are enforced all the same. */
export class AgentServer {
  private readonly options: AgentServerOptions;
  private readonly server: Server;
  private cancelRetry: (() => void) | undefined;
  private stopped = false;

  constructor(options: AgentServerOptions) {
    this.options = options;
    this.server = createServer({ maxHeaderSize: 8192, keepAliveTimeout: 5000 }, (request, response) => {
      void this.serve(request, response);
    });
    this.server.headersTimeout = TIMEOUT_MS;
    this.server.requestTimeout = TIMEOUT_MS;
    this.server.maxConnections = MAX_CONNECTIONS;
    this.server.on('error', (error) => this.failed(error));
    // Something that is no HTTP: there is nobody to talk to.
    this.server.on('clientError', (_error, socket) => socket.destroy());
  }

  /** Where it listens; `undefined` while it does not. */
  get address(): AddressInfo | undefined {
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address : undefined;
  }

  start(): void {
    const { host, port } = this.options;
    this.server.listen({ host, port });
  }

  stop(): Promise<void> {
    this.stopped = true;
    this.cancelRetry?.();
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      this.server.closeAllConnections();
    });
  }

  private failed(error: Error): void {
    if (this.stopped) return;
    const { host, port, onFailure, clock } = this.options;
    const reason = systemErrorCode(error) === 'EADDRINUSE' ? 'another program listens there' : systemErrorReason(error);
    onFailure(`health and metrics cannot be served at ${host} port ${port}: ${reason}`);
    this.cancelRetry = clock.after(RETRY_MS, () => this.start());
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A body is nobody's business here.
    request.resume();
    let answer: Answer;
    try {
      answer = await this.answer(request);
    } catch {
      answer = BROKEN;
    }
    if (response.destroyed) return;
    response.writeHead(answer.code, {
      'content-type': answer.type,
      'content-length': Buffer.byteLength(answer.body),
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      ...(answer === NOT_ALLOWED ? { allow: 'GET, HEAD' } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : answer.body);
  }

  private answer(request: IncomingMessage): Answer | Promise<Answer> {
    const { sources, token = '' } = this.options;
    if (request.method !== 'GET' && request.method !== 'HEAD') return NOT_ALLOWED;
    const [path] = (request.url ?? '').split('?', 1);
    switch (path) {
      case '/healthz':
        return healthz();
      case '/readyz':
        return readyz(sources);
      case '/metrics':
        return metricsPage(sources);
      case '/statusz':
        return mayReadStatus(request.socket.remoteAddress, request.headers.authorization, token)
          ? statusz(sources)
          : FORBIDDEN;
      default:
        return NOT_FOUND;
    }
  }
}
