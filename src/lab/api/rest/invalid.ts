/** 422 in the API server's own words: what is wrong with which field. */
import type { JsonObject, JsonValue } from '../json.ts';
import type { Resource } from '../resources.ts';
import { type StatusCause, StatusError } from '../status-error.ts';

const REASONS = {
  required: { reason: 'FieldValueRequired', words: 'Required value' },
  invalid: { reason: 'FieldValueInvalid', words: 'Invalid value' },
  unsupported: { reason: 'FieldValueNotSupported', words: 'Unsupported value' },
  duplicate: { reason: 'FieldValueDuplicate', words: 'Duplicate value' },
  forbidden: { reason: 'FieldValueForbidden', words: 'Forbidden' },
  tooLong: { reason: 'FieldValueTooLong', words: 'Too long' },
  tooMany: { reason: 'FieldValueTooMany', words: 'Too many' },
  type: { reason: 'FieldValueTypeInvalid', words: 'Invalid value' },
} as const;

/** One thing that is wrong. `required`, `forbidden`, `tooLong` and `tooMany` show no value. */
export function fieldCause(type: keyof typeof REASONS, field: string, detail: string, value?: JsonValue): StatusCause {
  const { reason, words } = REASONS[type];
  const shown = value === undefined ? '' : `: ${goValue(value)}`;
  return { reason, field, message: `${words}${shown}${detail === '' ? '' : `: ${detail}`}` };
}

/** More says nothing more, and a body can be wrong in a hundred thousand places. */
export const mostCauses = 200;
/** Longer values are cut: they would drown what is said about them. */
const longestShown = 1000;

/** Throws 422 with the causes, as far as there is room for them; nothing when there are none. */
export function refuseInvalid(resource: Resource, name: string, causes: readonly StatusCause[]): void {
  if (causes.length > 0) throw invalidObject(resource, name, causes);
}

export function invalidObject(
  { group, kind }: Pick<Resource, 'group' | 'kind'>,
  name: string,
  all: readonly StatusCause[],
): StatusError {
  const causes = all.slice(0, mostCauses);
  const lines = [...new Set(causes.map((cause) => `${cause.field}: ${cause.message}`))];
  const text = lines.length === 1 ? lines.join('') : `[${lines.join(', ')}]`;
  const qualified = group === '' ? kind : `${kind}.${group}`;
  const message = `${qualified} ${JSON.stringify(name)} is invalid: ${text}`;
  return new StatusError('Invalid', message, { name, ...(group === '' ? {} : { group }), kind, causes });
}

/** As the server shows values in messages: texts quoted, objects and lists as JSON. */
function goValue(value: JsonValue): string {
  const text = JSON.stringify(value);
  return text.length <= longestShown ? text : `${text.slice(0, longestShown)}…`;
}

/** A value as Go prints maps and slices: `map[spec:map[replicas:2]]`. Refusals of patches show them so. */
export function goMapText(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return '<nil>';
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map(goMapText).join(' ')}]`;
  if (typeof value !== 'object') return String(value);
  const entries = Object.entries(value as JsonObject).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[${entries.map(([key, item]) => `${key}:${goMapText(item)}`).join(' ')}]`;
}
