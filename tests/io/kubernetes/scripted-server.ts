/** An API server on loopback that does only what the test tells it, request by request. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';

/** One request, waiting for what the test makes of it. */
export class ScriptedRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly incoming: IncomingMessage;
  readonly #response: ServerResponse;
  /** The client has gone away, or the answer is complete. */
  closed = false;

  constructor(incoming: IncomingMessage, response: ServerResponse) {
    const url = new URL(incoming.url ?? '/', 'http://server');
    this.path = url.pathname;
    this.query = url.searchParams;
    this.headers = incoming.headers;
    this.incoming = incoming;
    this.#response = response;
    response.on('close', () => (this.closed = true));
    response.on('error', () => {});
  }

  /** A whole answer. */
  json(body: unknown, status = 200, headers: Record<string, string> = {}): void {
    this.text(JSON.stringify(body), status, { 'content-type': 'application/json', ...headers });
  }

  text(body: string, status = 200, headers: Record<string, string> = {}): void {
    this.bytes(Buffer.from(body), status, headers);
  }

  bytes(body: Buffer, status = 200, headers: Record<string, string> = {}): void {
    this.#response.writeHead(status, headers);
    this.#response.end(body);
  }

  status(code: number, reason: string, message: string, headers: Record<string, string> = {}): void {
    this.json(statusObject(code, reason, message), code, headers);
  }

  /** The head alone. */
  accept(headers: Record<string, string> = {}): this {
    this.#response.writeHead(200, headers);
    this.#response.flushHeaders();
    return this;
  }

  write(text: string): void {
    this.#response.write(text);
  }

  event(type: string, object: unknown): void {
    this.write(`${JSON.stringify({ type, object })}\n`);
  }

  end(): void {
    this.#response.end();
  }

  /** Cuts the connection without a word. */
  reset(): void {
    this.incoming.socket.resetAndDestroy();
  }
}

export function statusObject(code: number, reason: string, message: string): Record<string, unknown> {
  return { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message };
}

export class ScriptedServer {
  readonly #server: Server;
  readonly #waiting: ScriptedRequest[] = [];
  readonly #wanted: ((request: ScriptedRequest) => void)[] = [];
  readonly #protocol: string;
  /** How many requests came. */
  count = 0;

  constructor(tls?: ServerOptions) {
    const onRequest = (incoming: IncomingMessage, response: ServerResponse): void => {
      this.count++;
      const request = new ScriptedRequest(incoming, response);
      const wanted = this.#wanted.shift();
      if (wanted === undefined) this.#waiting.push(request);
      else wanted(request);
    };
    this.#protocol = tls === undefined ? 'http' : 'https';
    this.#server = tls === undefined ? createServer(onRequest) : createSecureServer(tls, onRequest);
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get url(): URL {
    return new URL(`${this.#protocol}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`);
  }

  /** The next request that nobody has answered, in the order of arrival. */
  next(): Promise<ScriptedRequest> {
    const waiting = this.#waiting.shift();
    return waiting !== undefined ? Promise.resolve(waiting) : new Promise((resolve) => this.#wanted.push(resolve));
  }

  /** Requests that came and were not asked for with {@link next}. */
  get unanswered(): number {
    return this.#waiting.length;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
