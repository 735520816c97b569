/** Parameters of requests, checked. All of it throws `StatusError`, 400 or 422, in the words of the real server. */
import type { DeleteRequest, RequestContext, UserInfo } from '../rest/rest.ts';
import { badRequest, StatusError } from '../status-error.ts';

const mostSelectorLetters = 100_000;
const longestManager = 128;

/** As Go reads truth: absent and empty are `undefined`. */
export function booleanOf(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (['1', 't', 'true'].includes(text.toLowerCase())) return true;
  if (['0', 'f', 'false'].includes(text.toLowerCase())) return false;
  throw badRequest(`unable to read ${name}: ${JSON.stringify(text)} is neither true nor false`);
}

/** A whole number from 0. */
export function numberOf(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^\d{1,15}$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

/** `''` when absent: everything. */
export function selectorOf(query: URLSearchParams, name: 'fieldSelector' | 'labelSelector'): string {
  const text = query.get(name) ?? '';
  if (text.length > mostSelectorLetters) throw badRequest(`${name} is too long`);
  return text;
}

export interface WriteQuery {
  /** `CreateOptions`, `PatchOptions`, ...: as messages name it. */
  readonly options: 'CreateOptions' | 'DeleteOptions' | 'PatchOptions' | 'UpdateOptions';
  readonly user: UserInfo;
  readonly userAgent: string;
  readonly query: URLSearchParams;
}

/** Who writes, and how. `dryRun` in a body counts as that of the query. */
export function requestContext(
  { options, user, userAgent, query }: WriteQuery,
  dryRun: readonly string[] = query.getAll('dryRun'),
): RequestContext {
  return {
    user,
    fieldManager: fieldManagerOf(query, options) ?? managerFromUserAgent(userAgent),
    dryRun: isDryRun(dryRun, options),
    fieldValidation: fieldValidationOf(query, options),
  };
}

/** As the client names it; `undefined` when it does not. */
export function fieldManagerOf(query: URLSearchParams, options: WriteQuery['options']): string | undefined {
  const manager = query.get('fieldManager') ?? '';
  if (manager === '') return undefined;
  if (manager.length > longestManager)
    throw invalidOptions(options, 'fieldManager', 'FieldValueTooLong', `Too long: may not be more than 128 bytes`);
  // Printable text is all that it may be.
  if (/\p{C}/u.test(manager))
    throw invalidOptions(
      options,
      'fieldManager',
      'FieldValueInvalid',
      `Invalid value: ${JSON.stringify(manager)}: should only contain printable characters`,
    );
  return manager;
}

/** `kubectl/v1.32.0 (linux/amd64)` writes as `kubectl`. */
function managerFromUserAgent(userAgent: string): string {
  const slash = userAgent.indexOf('/');
  const name = (slash < 0 ? userAgent : userAgent.slice(0, slash)).slice(0, longestManager);
  return name === '' ? 'unknown' : name;
}

function isDryRun(values: readonly string[], options: WriteQuery['options']): boolean {
  const wrong = values.find((value) => value !== 'All' && value !== '');
  if (wrong !== undefined) {
    const message = `Unsupported value: ${JSON.stringify(wrong)}: supported values: "All"`;
    throw invalidOptions(options, 'dryRun', 'FieldValueNotSupported', message);
  }
  return values.includes('All');
}

function fieldValidationOf(query: URLSearchParams, options: WriteQuery['options']): RequestContext['fieldValidation'] {
  const value = query.get('fieldValidation') ?? '';
  switch (value) {
    case '':
      return 'Warn';
    case 'Ignore':
    case 'Strict':
    case 'Warn':
      return value;
    default: {
      const message = `Unsupported value: ${JSON.stringify(value)}: supported values: "Ignore", "Strict", "Warn"`;
      throw invalidOptions(options, 'fieldValidation', 'FieldValueNotSupported', message);
    }
  }
}

/** `force` of a patch: for apply alone. */
export function forceOf(query: URLSearchParams, isApply: boolean): boolean {
  const force = booleanOf(query, 'force');
  if (force !== undefined && !isApply) {
    const message = 'Forbidden: may not be specified for non-apply patch';
    throw invalidOptions('PatchOptions', 'force', 'FieldValueForbidden', message);
  }
  return force ?? false;
}

type Propagation = NonNullable<DeleteRequest['propagationPolicy']>;

/** @throws StatusError 422 */
export function propagationOf(text: string | undefined): Propagation | undefined {
  switch (text) {
    case undefined:
    case '':
      return undefined;
    case 'Background':
    case 'Foreground':
    case 'Orphan':
      return text;
    default: {
      const message = `Unsupported value: ${JSON.stringify(text)}: supported values: "Background", "Foreground", "Orphan"`;
      throw invalidOptions('DeleteOptions', 'propagationPolicy', 'FieldValueNotSupported', message);
    }
  }
}

/** What is wrong with the options of a request themselves. */
export function invalidOptions(options: string, field: string, reason: string, message: string): StatusError {
  return new StatusError('Invalid', `${options}.meta.k8s.io "" is invalid: ${field}: ${message}`, {
    group: 'meta.k8s.io',
    kind: options,
    causes: [{ reason, message, field }],
  });
}
