import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../../../io/kubernetes/clock.ts';
import { badRequest } from '../status-error.ts';
import { type ChannelProtocol, negotiate, OLDEST_WEBSOCKET_PROTOCOL } from './channel-protocol.ts';

/** Of one message; clients write standard input in pieces of at most what they have read at once. */
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;
/**
 * Writing to a client that has vanished fails, also while nothing is read from it. Its answers do not matter: one that
 * does not read, because somebody pages through the output, is alive.
 */
const PING_INTERVAL_MS = 30_000;
/**
 * How long a client may take to answer our goodbye: as long as the real server lets connections idle. Somebody may page
 * through the last output, and to close first would lose what they have not seen.
 */
const GOODBYE_MS = 4 * 3_600_000;

/** The subprotocols that the client offers, what it likes best first. */
export function offeredProtocols(request: IncomingMessage): readonly string[] {
  const header = request.headers['sec-websocket-protocol'] ?? '';
  return header
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** @throws StatusError when there is none that both know */
export function chooseProtocol(request: IncomingMessage, known: readonly ChannelProtocol[]): ChannelProtocol {
  const offered = offeredProtocols(request);
  if (offered.length === 0) return OLDEST_WEBSOCKET_PROTOCOL;
  const protocol = negotiate(offered, known);
  if (protocol !== undefined) return protocol;
  const ours = known.map(({ name }) => name).join(' ');
  throw badRequest(`unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${ours}]`);
}

/**
 * Answers the handshake. When that is not possible the library says so to the client and ends the socket, and `opened` is
 * never called.
 *
 * @param protocol `''` for none
 */
export function acceptWebSocket(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  protocol: string,
  clock: Clock,
  opened: (webSocket: WebSocket) => void,
): void {
  const options = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    // Newer than its types.
    closeTimeout: GOODBYE_MS,
  };
  const server = new WebSocketServer(options);
  // Not left to the library: it takes the slash in the name of the SPDY tunnel for an error.
  delete request.headers['sec-websocket-protocol'];
  if (protocol !== '') server.on('headers', (headers) => headers.push(`Sec-WebSocket-Protocol: ${protocol}`));
  server.handleUpgrade(request, socket, head, (webSocket) => {
    const ping = (): void => {
      // While something waits to be written, that tells as well whether the client is there.
      if (webSocket.readyState === webSocket.OPEN && webSocket.bufferedAmount === 0) webSocket.ping();
      // While we read nothing its pings stay unanswered, and kubectl gives up after 60 s: say that we are here.
      if (webSocket.isPaused) webSocket.pong();
      cancel = clock.after(PING_INTERVAL_MS, ping);
    };
    let cancel = clock.after(PING_INTERVAL_MS, ping);
    webSocket.on('close', () => cancel());
    webSocket.on('error', () => {});
    opened(webSocket);
  });
}
