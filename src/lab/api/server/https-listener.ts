/** One HTTPS server with all its limits: HTTP/1.1, and nothing that a stranger could hold on to. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { Duplex } from 'node:stream';
import { badRequest, StatusError } from '../status-error.ts';
import { refuseUpgrade } from './send-reply.ts';

const mostConnections = 2000;
const handshakeTimeoutMs = 10_000;
/** Longer than the 90 s after which Go closes idle connections: who closes first loses no request. */
const keepAliveTimeoutMs = 120_000;
const headersTimeoutMs = 20_000;
const requestTimeoutMs = 60_000;
/** `exec` has its command in the path. */
const mostHeaderBytes = 64 * 1024;
/** Peers that vanish without a word are found out after about this. */
const probeIdlePeerMs = 30_000;

export interface ListenerHandlers {
  readonly request: (request: IncomingMessage, response: ServerResponse) => void;
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** Not listening yet. `key` and `cert` are PEM. */
export function httpsListener(
  { key, cert }: { readonly key: string; readonly cert: string },
  handlers: ListenerHandlers,
): Server {
  const server = createServer(
    {
      key,
      cert,
      minVersion: 'TLSv1.2',
      handshakeTimeout: handshakeTimeoutMs,
      maxHeaderSize: mostHeaderBytes,
      keepAliveTimeout: keepAliveTimeoutMs,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: 5000,
      keepAlive: true,
      keepAliveInitialDelay: probeIdlePeerMs,
    },
    handlers.request,
  );
  server.maxConnections = mostConnections;
  server.on('upgrade', handlers.upgrade);
  // Handshakes that fail are the client's affair, and the socket is closed already.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else if (error.code === 'HPE_HEADER_OVERFLOW')
      refuseUpgrade(socket, new StatusError('RequestEntityTooLarge', 'the headers of the request are too large'));
    else refuseUpgrade(socket, badRequest('this is no HTTP request'));
  });
  return server;
}
