/** What a request can end in, as the API server says it: a Status with a reason and a code. */
import type { JsonObject } from './json.ts';

/** HTTP code of every reason that the server gives. */
const CODES = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  Timeout: 504,
} as const;

export type StatusReason = keyof typeof CODES;

export interface StatusCause {
  /** `FieldValueInvalid`, `FieldManagerConflict`, ... */
  readonly reason: string;
  readonly message: string;
  readonly field: string;
}

/** Which object the Status speaks of. */
export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  /** The resource in the plural, or the kind for `Invalid`: whatever the real server puts here. */
  readonly kind?: string;
  readonly uid?: string;
  /** When to ask again. */
  readonly retryAfterSeconds?: number;
  readonly causes?: readonly StatusCause[];
}

/** A refusal. Nothing else is thrown for what a client sent. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly reason: StatusReason;
  readonly details: StatusDetails;

  constructor(reason: StatusReason, message: string, details: StatusDetails = {}) {
    super(message);
    this.reason = reason;
    this.details = details;
  }

  get code(): number {
    return CODES[this.reason];
  }

  /** The body of the answer. */
  toStatus(): JsonObject {
    const { causes, ...object } = this.details;
    const details: JsonObject = {
      ...object,
      ...(causes === undefined ? {} : { causes: causes.map((c) => ({ ...c })) }),
    };
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(Object.keys(details).length === 0 ? {} : { details }),
      code: this.code,
    };
  }
}

export function badRequest(message: string): StatusError {
  return new StatusError('BadRequest', message);
}
