/** Replies as bytes on a connection. */
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { JsonObject } from '../json.ts';
import type { StatusError } from '../status-error.ts';
import type { Reply } from './reply.ts';

const mostWarnings = 50;
const longestWarning = 512;

/** `pretty`: for people, with line breaks. */
export function sendReply(response: ServerResponse, reply: Exclude<Reply, { kind: 'watch' }>, pretty: boolean): void {
  if (reply.kind === 'bytes') {
    sendBody(response, 200, reply.contentType, reply.body);
    return;
  }
  const warnings = reply.warnings.slice(0, mostWarnings).map(warningHeader);
  if (warnings.length > 0) response.setHeader('Warning', warnings);
  sendBody(response, reply.code, reply.contentType ?? 'application/json', jsonText(reply.object, pretty));
}

export function sendError(response: ServerResponse, error: StatusError, pretty: boolean): void {
  if (error.reason === 'Unauthorized') response.setHeader('WWW-Authenticate', 'Bearer');
  if (error.details.retryAfterSeconds !== undefined)
    response.setHeader('Retry-After', String(error.details.retryAfterSeconds));
  sendBody(response, error.code, 'application/json', jsonText(error.toStatus(), pretty));
}

/** For requests that wanted to be something else than HTTP: the answer, and the end of the connection. */
export function refuseUpgrade(socket: Duplex, error: StatusError): void {
  const body = Buffer.from(jsonText(error.toStatus(), false));
  const head = [
    `HTTP/1.1 ${error.code} ${error.reason}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    'Connection: close',
    '',
    '',
  ].join('\r\n');
  // Whoever keeps its half open holds on to nothing.
  socket.end(Buffer.concat([Buffer.from(head), body]), () => socket.destroy());
}

function sendBody(response: ServerResponse, code: number, contentType: string, body: string | Uint8Array): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  response.writeHead(code, {
    'Content-Type': contentType,
    'Content-Length': bytes.length,
    'Cache-Control': 'no-cache, private',
  });
  response.end(bytes);
}

function jsonText(object: JsonObject, pretty: boolean): string {
  return pretty ? `${JSON.stringify(object, undefined, 2)}\n` : `${JSON.stringify(object)}\n`;
}

/** RFC 7234 with UTF-8 in quotes, as Go reads it. Node writes headers byte by byte. */
function warningHeader(text: string): string {
  const plain = text
    .slice(0, longestWarning)
    .replaceAll(/\p{C}+/gu, ' ')
    .replaceAll(/["\\]/g, (letter) => `\\${letter}`);
  return `299 - "${Buffer.from(plain, 'utf8').toString('latin1')}"`;
}
