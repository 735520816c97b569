import type { LogOptions } from '../../runtime/runtime.ts';
import { badRequest, type StatusCause, StatusError } from '../status-error.ts';
import { readFlag } from './exec-query.ts';

export type LogQuery = LogOptions & { readonly previous: boolean };

/**
 * What is asked of a log.
 *
 * @param nowMs since 1970
 * @throws StatusError in the words of the real server
 */
export function readLogQuery(pod: string, query: URLSearchParams, nowMs: number): LogQuery {
  const tailLines = readInteger(query, 'tailLines');
  const limitBytes = readInteger(query, 'limitBytes');
  const sinceSeconds = readInteger(query, 'sinceSeconds');
  const sinceTimeMs = readTime(query, 'sinceTime');
  const causes = [
    ...below(tailLines, 0, 'tailLines', 'must be greater than or equal to 0'),
    ...below(limitBytes, 1, 'limitBytes', 'must be greater than 0'),
    ...(sinceSeconds !== undefined && sinceTimeMs !== undefined
      ? [forbidden('at most one of `sinceTime` or `sinceSeconds` may be specified')]
      : below(sinceSeconds, 1, 'sinceSeconds', 'must be greater than 0')),
  ];
  if (causes.length > 0) throw invalid(pod, causes);
  return {
    follow: readFlag(query, 'follow'),
    timestamps: readFlag(query, 'timestamps'),
    previous: readFlag(query, 'previous'),
    tailLines,
    limitBytes,
    sinceMs: sinceSeconds === undefined ? sinceTimeMs : nowMs - sinceSeconds * 1000,
  };
}

const MAX_INTEGER = 2n ** 63n - 1n;

function readInteger(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const refused = (why: string): StatusError =>
    badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text.slice(0, 100))}: ${why}`);
  if (!/^[+-]?\d+$/.test(text)) throw refused('invalid syntax');
  // More digits than any number that is allowed has; long texts are not even read.
  if (text.length > 30) throw refused('value out of range');
  const value = BigInt(text.replace('+', ''));
  if (value > MAX_INTEGER || value < -MAX_INTEGER - 1n) throw refused('value out of range');
  return Number(value);
}

const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;

function readTime(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  // Old clients send what JSON calls it.
  if (text === null || text === '' || text === 'null') return undefined;
  const ms = RFC_3339.test(text) ? Date.parse(text.replace(',', '.')) : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  const quoted = JSON.stringify(text.slice(0, 100));
  throw badRequest(`parsing time ${quoted} as "2006-01-02T15:04:05Z07:00": cannot parse ${quoted} as "2006"`);
}

function below(value: number | undefined, least: number, field: string, message: string): readonly StatusCause[] {
  if (value === undefined || value >= least) return [];
  return [{ reason: 'FieldValueInvalid', field, message: `Invalid value: ${value}: ${message}` }];
}

function forbidden(message: string): StatusCause {
  return { reason: 'FieldValueForbidden', field: '', message: `Forbidden: ${message}` };
}

function invalid(pod: string, causes: readonly StatusCause[]): StatusError {
  const texts = causes.map(({ field, message }) => `${field}: ${message}`);
  const [only] = texts;
  const all = texts.length === 1 && only !== undefined ? only : `[${texts.join(', ')}]`;
  return new StatusError('Invalid', `PodLogOptions ${JSON.stringify(pod)} is invalid: ${all}`, {
    name: pod,
    kind: 'PodLogOptions',
    causes,
  });
}
