/** What a request to the API server can end in, as operational errors: exit 4, with a hint. */
import { OperationalError } from '../operational-error.ts';
import { systemErrorCode } from '../system-error.ts';

export interface ApiErrorOptions {
  /** `reason` of the server's Status (`Expired`, `Forbidden`, ...); `''` when it gave none. */
  readonly reason?: string;
  /** How long the server asks to be left alone. */
  readonly retryAfterMs?: number | undefined;
  readonly hint?: string | undefined;
}

/** The API server answered, and the answer is a refusal. */
export class ApiError extends OperationalError {
  /** HTTP status, or `code` of a Status that came in a watch. */
  readonly status: number;
  readonly reason: string;
  readonly retryAfterMs: number | undefined;

  constructor(status: number, message: string, options: ApiErrorOptions = {}) {
    const hint = options.hint ?? hints.get(status);
    super(codeOf(status), message, { exitCode: 4, ...(hint === undefined ? {} : { hint }) });
    this.status = status;
    this.reason = options.reason ?? '';
    this.retryAfterMs = options.retryAfterMs;
  }

  /** The resourceVersion or continue token is too old; only a new list helps. */
  get expired(): boolean {
    return this.status === 410 || this.reason === 'Expired' || this.reason === 'Gone';
  }
}

const hints: ReadonlyMap<number, string> = new Map([
  [401, 'the credentials are not accepted: log in again, or try kubectl get namespaces'],
  [403, 'the account lacks a permission: kubectl auth can-i list RESOURCE --all-namespaces shows which'],
]);

function codeOf(status: number): string {
  if (status === 401) return 'api-unauthorized';
  if (status === 403) return 'api-forbidden';
  if (status === 404) return 'api-not-found';
  if (status === 410) return 'api-expired';
  if (status === 429) return 'api-throttled';
  return status >= 500 ? 'api-unavailable' : 'api-refused';
}

/** Longer texts are no messages but pages. */
const maxMessageLength = 500;

/**
 * The error of a response that is none of 2xx.
 *
 * @param what the request, as messages name it (`GET /api/v1/pods`)
 * @param body its first bytes: a Status if an API server wrote it, anything if something in between did
 */
export function responseError(what: string, status: number, body: string, retryAfterMs?: number): ApiError {
  const parsed = parseStatus(body);
  const words = parsed?.message ?? (body.trimStart().startsWith('<') ? 'it answered with a web page' : body.trim());
  return new ApiError(status, `${what}: ${words === '' ? `HTTP ${status}` : `${clip(words)} (HTTP ${status})`}`, {
    reason: parsed?.reason ?? '',
    retryAfterMs: retryAfterMs ?? parsed?.retryAfterMs,
  });
}

/** The error that an ERROR event carries. */
export function statusError(what: string, object: unknown): ApiError {
  const status = decodeStatus(object);
  if (status === undefined) return new ApiError(500, `${what}: the server sent an error without saying which`);
  return new ApiError(status.code, `${what}: ${clip(status.message)}`, status);
}

interface Status {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly retryAfterMs: number | undefined;
}

function parseStatus(body: string): Status | undefined {
  try {
    return decodeStatus(JSON.parse(body));
  } catch {
    return undefined;
  }
}

function decodeStatus(value: unknown): Status | undefined {
  if (!isRecord(value) || value['kind'] !== 'Status') return undefined;
  const { code, reason, message, details } = value;
  const seconds = isRecord(details) ? details['retryAfterSeconds'] : undefined;
  return {
    code: typeof code === 'number' ? code : 500,
    reason: typeof reason === 'string' ? reason : '',
    message: typeof message === 'string' && message !== '' ? message : 'it gave no reason',
    retryAfterMs: typeof seconds === 'number' && seconds > 0 ? seconds * 1000 : undefined,
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function clip(text: string): string {
  return text.length <= maxMessageLength ? text : `${text.slice(0, maxMessageLength)}…`;
}

const connectionReasons: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'connection refused'],
  ['ECONNRESET', 'the connection was cut'],
  ['EPIPE', 'the connection was cut'],
  ['ENOTFOUND', 'no such host'],
  ['EAI_AGAIN', 'the name could not be looked up'],
  ['ETIMEDOUT', 'no answer'],
  ['EHOSTUNREACH', 'no route to the host'],
  ['ENETUNREACH', 'no route to the network'],
]);

/** The error of a connection that could not be made or did not last. */
export function connectionError(what: string, cause: unknown): OperationalError {
  if (cause instanceof OperationalError) return cause;
  const code = systemErrorCode(cause);
  const message = cause instanceof Error ? cause.message : String(cause);
  if (/^(?:CERT|ERR_TLS|UNABLE|SELF_SIGNED|DEPTH_ZERO|ERR_SSL|ERR_OSSL)|_SIGNED_CERT|_CERT_/.test(code)) {
    return new OperationalError('api-certificate', `${what}: TLS failed: ${message}`, {
      hint: certificateHint(code),
      cause,
      exitCode: 4,
    });
  }
  return new OperationalError('api-unreachable', `${what}: ${connectionReasons.get(code) ?? message}`, {
    hint: 'is the cluster running, and is this the right context? kubectl cluster-info tells',
    cause,
    exitCode: 4,
  });
}

function certificateHint(code: string): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'the certificate is for another name: set tls-server-name of the cluster in the kubeconfig to one that it has';
  if (code === 'CERT_HAS_EXPIRED') return "the server's certificate has expired: renew it, and check the clock here";
  return 'set certificate-authority of the cluster in the kubeconfig to the CA that signed the certificate of the server';
}

/** The server took longer than the request may take. */
export function timeoutError(what: string, problem: string): OperationalError {
  return new OperationalError('api-timeout', `${what}: ${problem}`, {
    hint: 'the API server or the network in between is overloaded or hangs',
    exitCode: 4,
  });
}

/** The server answered 200 with something that is no answer. */
export function malformedError(what: string, problem: string): OperationalError {
  return new OperationalError('api-malformed', `${what}: ${problem}`, {
    hint: 'is this a Kubernetes API server? A proxy in between may have changed or cut the answer',
    exitCode: 4,
  });
}
