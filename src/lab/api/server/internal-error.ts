import { StatusError } from '../status-error.ts';

/** What a client is told of a bug. */
export function internalError(error: unknown): StatusError {
  const text = error instanceof Error ? error.message : String(error);
  return new StatusError('InternalError', `Internal error occurred: ${text}`);
}
