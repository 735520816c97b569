import type { IncomingMessage } from 'node:http';
import { badRequest, StatusError } from '../status-error.ts';

/** As in the real server. */
export const largestBodyBytes = 3 * 1024 * 1024;

/** Reads a body. Rejects with 413 when it is too large, and with 400 when it ends early. */
export async function readBody(request: IncomingMessage): Promise<Uint8Array> {
  if (Number(request.headers['content-length'] ?? 0) > largestBodyBytes) throw tooLarge();
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of request.iterator({ destroyOnReturn: false })) {
      if (!Buffer.isBuffer(piece)) throw badRequest('the body of the request could not be read');
      length += piece.length;
      if (length > largestBodyBytes) throw tooLarge();
      pieces.push(piece);
    }
  } catch (error) {
    throw error instanceof StatusError ? error : badRequest('the body of the request ended early');
  }
  return Buffer.concat(pieces, length);
}

function tooLarge(): StatusError {
  return new StatusError('RequestEntityTooLarge', `Request entity too large: limit is ${largestBodyBytes}`);
}
