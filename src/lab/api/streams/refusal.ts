/** Answers to a wish to upgrade that is not granted: plain HTTP, which kubectl reads and prints. */
import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { JsonObject } from '../json.ts';
import { StatusError } from '../status-error.ts';

/** Of anything that was thrown: what is no refusal is an error of the server. */
export function statusOf(error: unknown): JsonObject & { readonly code: number } {
  if (error instanceof StatusError) return { ...error.toStatus(), code: error.code };
  return internalError(error instanceof Error ? error.message : String(error));
}

export function internalError(message: string): JsonObject & { readonly code: number } {
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `Internal error occurred: ${message}`,
    reason: 'InternalError',
    details: { causes: [{ message }] },
    code: 500,
  };
}

/** Ends the socket with a Status. */
export function refuse(socket: Duplex, error: unknown): void {
  const status = statusOf(error);
  refuseWith(socket, status.code, 'application/json', JSON.stringify(status));
}

/** Ends the socket with that answer. */
export function refuseWith(
  socket: Duplex,
  code: number,
  contentType: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const bytes = Buffer.from(body);
  const lines = Object.entries({
    ...headers,
    'Content-Type': contentType,
    'Content-Length': String(bytes.length),
    Connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`HTTP/1.1 ${code} ${STATUS_CODES[code] ?? 'Error'}\r\n${lines.join('')}\r\n`, 'latin1');
  socket.end(Buffer.concat([head, bytes]), () => socket.destroy());
}
