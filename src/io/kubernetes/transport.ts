/** One HTTP request over `node:http` or `node:https`: connections are kept, nothing is interpreted. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** What TLS needs to know. PEM texts; equal texts share connections. */
export interface TlsOptions {
  readonly insecureSkipVerify: boolean;
  /** Checked instead of the host of the URL. */
  readonly serverName: string | undefined;
  /** The system's authorities when undefined. */
  readonly certificateAuthority: string | undefined;
  readonly clientCertificate: string | undefined;
  readonly clientKey: string | undefined;
}

export interface TransportRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly tls: TlsOptions;
  /** Ends the request, also while its body is read; the body then fails with the signal's reason. */
  readonly signal: AbortSignal;
}

export interface TransportResponse {
  readonly status: number;
  readonly header: (name: string) => string | undefined;
  /** Must be read to its end, or the request aborted. */
  readonly body: AsyncIterable<Buffer>;
}

/** Sends a GET and resolves when the head of the answer is there. Rejects with errors of the system. */
export interface Transport {
  readonly get: (request: TransportRequest) => Promise<TransportResponse>;
  /** Closes idle connections. */
  readonly close: () => void;
}

const keepAliveMs = 30_000;

/** Node's own client, with TCP keep-alive so that a peer that vanished is noticed by the kernel. */
export class NodeTransport implements Transport {
  readonly #http = new HttpAgent({ keepAlive: true, keepAliveMsecs: keepAliveMs });
  #https: { readonly tls: TlsOptions; readonly agent: HttpsAgent } | undefined;

  readonly get = (request: TransportRequest): Promise<TransportResponse> =>
    new Promise((resolve, reject) => {
      const { url, signal, tls } = request;
      if (signal.aborted) {
        reject(reasonOf(signal));
        return;
      }
      const secure = url.protocol === 'https:';
      const options: RequestOptions = {
        method: 'GET',
        headers: Object.fromEntries(
          Object.entries(request.headers).map(([name, value]) => [
            name,
            typeof value === 'string' ? value : [...value],
          ]),
        ),
        agent: secure ? this.#httpsAgent(tls) : this.#http,
      };
      const outgoing = secure ? httpsRequest(url, options) : httpRequest(url, options);
      let incoming: IncomingMessage | undefined;
      const abort = (): void => {
        const reason = reasonOf(signal);
        incoming?.destroy(reason);
        outgoing.destroy(reason);
      };
      signal.addEventListener('abort', abort, { once: true });
      outgoing.setNoDelay(true);
      outgoing.on('socket', (socket) => socket.setKeepAlive(true, keepAliveMs));
      outgoing.on('error', (error) => {
        signal.removeEventListener('abort', abort);
        if (signal.aborted) reject(reasonOf(signal));
        // The server closed an idle connection at the moment we took it up again: it never saw the request.
        else if (outgoing.reusedSocket && incoming === undefined) resolve(this.get(request));
        else reject(error);
      });
      outgoing.on('response', (response) => {
        incoming = response;
        // Whoever reads the body gets the error too; when nobody does, it must not end the program.
        response.on('error', () => {});
        response.on('close', () => signal.removeEventListener('abort', abort));
        resolve({
          status: response.statusCode ?? 0,
          header: (name) => {
            const value = response.headers[name];
            return Array.isArray(value) ? value[0] : value;
          },
          body: response as AsyncIterable<Buffer>,
        });
      });
      outgoing.end();
    });

  readonly close = (): void => {
    this.#http.destroy();
    this.#https?.agent.destroy();
    this.#https = undefined;
  };

  /** One agent for the current TLS material; after a rotation the idle connections of the old one are given up. */
  #httpsAgent(tls: TlsOptions): HttpsAgent {
    if (this.#https !== undefined && sameTls(this.#https.tls, tls)) return this.#https.agent;
    const { serverName, certificateAuthority: ca, clientCertificate: cert, clientKey: key } = tls;
    const agent = new HttpsAgent({
      keepAlive: true,
      keepAliveMsecs: keepAliveMs,
      rejectUnauthorized: !tls.insecureSkipVerify,
      ...(serverName === undefined ? {} : { servername: serverName }),
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
    const before = this.#https?.agent;
    this.#https = { tls, agent };
    // Sockets in use belong to watches that go on; only those that wait for work are closed.
    for (const sockets of Object.values(before?.freeSockets ?? {}))
      for (const socket of sockets ?? []) socket.destroy();
    return agent;
  }
}

function sameTls(a: TlsOptions, b: TlsOptions): boolean {
  return (
    a === b ||
    (a.insecureSkipVerify === b.insecureSkipVerify &&
      a.serverName === b.serverName &&
      a.certificateAuthority === b.certificateAuthority &&
      a.clientCertificate === b.clientCertificate &&
      a.clientKey === b.clientKey)
  );
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('aborted');
}
