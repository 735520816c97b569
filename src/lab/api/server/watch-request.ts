/** From where a list reads and a watch begins, by the parameters of the request and the rules of the real server. */
import { badRequest, StatusError } from '../status-error.ts';
import { booleanOf, invalidOptions, numberOf } from './query.ts';

export interface WatchOptions {
  readonly start:
    /** Everything as it is, as ADDED; after it, with `marksEnd`, the bookmark that says that this was all. */
    | { readonly from: 'current'; readonly marksEnd: boolean }
    /** What changed after that resourceVersion. */
    | { readonly from: 'version'; readonly resourceVersion: string }
    | { readonly from: 'now' };
  readonly bookmarks: boolean;
  readonly timeoutSeconds: number | undefined;
}

/** @throws StatusError 400, 422, or 504 for a resourceVersion that is not there yet */
export function watchOptions(query: URLSearchParams, currentVersion: string): WatchOptions {
  const bookmarks = booleanOf(query, 'allowWatchBookmarks') ?? false;
  const initial = booleanOf(query, 'sendInitialEvents');
  const match = query.get('resourceVersionMatch') ?? '';
  const resourceVersion = versionOf(query, currentVersion);
  if (match !== '' && initial === undefined)
    throw wrongMatch('Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided');
  if (initial !== undefined && match !== 'NotOlderThan')
    throw wrongMatch('Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan');
  const options = { bookmarks, timeoutSeconds: numberOf(query, 'timeoutSeconds') };
  const isUnset = resourceVersion === '' || resourceVersion === '0';
  if (initial ?? isUnset) return { ...options, start: { from: 'current', marksEnd: initial === true && bookmarks } };
  return { ...options, start: isUnset ? { from: 'now' } : { from: 'version', resourceVersion } };
}

/** Lists are always of this moment: says whether that is what the client asks for. Throws as {@link watchOptions}, and 410. */
export function checkListVersion(query: URLSearchParams, currentVersion: string): void {
  const match = query.get('resourceVersionMatch') ?? '';
  const resourceVersion = versionOf(query, currentVersion);
  // Answers are never cut into pieces, so nobody can have a place to go on from.
  if ((query.get('continue') ?? '') !== '') throw badRequest('continue key is not valid: this server gives none out');
  numberOf(query, 'limit');
  if (match === '') return;
  if (resourceVersion === '')
    throw wrongMatch('Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided');
  if (match !== 'Exact' && match !== 'NotOlderThan')
    throw wrongMatch(`Unsupported value: ${JSON.stringify(match)}: supported values: "Exact", "NotOlderThan"`);
  if (match === 'NotOlderThan') return;
  if (resourceVersion === '0')
    throw wrongMatch('Forbidden: resourceVersionMatch "Exact" is forbidden for resourceVersion "0"');
  if (resourceVersion !== currentVersion)
    throw new StatusError('Expired', 'The resourceVersion for the provided list is too old.');
}

function versionOf(query: URLSearchParams, currentVersion: string): string {
  const resourceVersion = query.get('resourceVersion') ?? '';
  if (resourceVersion === '') return '';
  if (!/^\d{1,15}$/.test(resourceVersion))
    throw badRequest(`Invalid value: ${JSON.stringify(resourceVersion)}: resourceVersion is not a number`);
  if (Number(resourceVersion) <= Number(currentVersion)) return resourceVersion;
  // Clients that saw an earlier lab read this and begin anew.
  const message = `Too large resource version: ${resourceVersion}, current: ${currentVersion}`;
  throw new StatusError('Timeout', `Timeout: ${message}`, {
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version', field: '' }],
    retryAfterSeconds: 1,
  });
}

function wrongMatch(message: string): StatusError {
  const reason = message.startsWith('Forbidden') ? 'FieldValueForbidden' : 'FieldValueNotSupported';
  return invalidOptions('ListOptions', 'resourceVersionMatch', reason, message);
}
