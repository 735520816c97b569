import type { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { negotiate } from './channel-protocol.ts';
import { refuseWith } from './refusal.ts';

const VERSION_HEADER = 'X-Stream-Protocol-Version';

/** The protocol to speak inside of SPDY, or `undefined` after the refusal was sent: there is none that both know. */
export function chooseSpdyProtocol<T extends { readonly name: string }>(
  request: IncomingMessage,
  socket: Duplex,
  known: readonly T[],
): T | undefined {
  // Node joins the lines of a header that comes more than once.
  const header = request.headers[VERSION_HEADER.toLowerCase()] ?? '';
  const offered = (typeof header === 'string' ? header : header.join(','))
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const protocol = negotiate(offered, known);
  if (protocol !== undefined) return protocol;
  const ours = known.map(({ name }) => name);
  const message = `unable to upgrade: unable to negotiate protocol: client supports [${offered.join(' ')}], server accepts [${ours.join(' ')}]`;
  refuseWith(socket, 403, 'text/plain; charset=utf-8', message, {
    'X-Accepted-Stream-Protocol-Versions': ours.join(', '),
  });
  return undefined;
}

/** Says yes; from here on the socket speaks SPDY. */
export function acceptSpdy(socket: Duplex, head: Buffer, protocol: string): void {
  if (socket instanceof Socket) {
    socket.setTimeout(0);
    socket.setNoDelay(true);
  }
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n' +
      `${VERSION_HEADER}: ${protocol}\r\n\r\n`,
  );
  if (head.length > 0) socket.unshift(head);
}
