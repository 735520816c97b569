/** What is wrong with an object, collected in the words that the API server has for each sort of mistake. */
import type { JsonValue } from '../json.ts';
import type { StatusCause } from '../status-error.ts';

/** More says nothing more. */
const MAX_CAUSES = 200;
/** Longer values are cut: they would drown what is said about them. */
const MAX_SHOWN_VALUE = 1000;

/** Fields are named by their paths, `spec.containers[0].name`. */
export class Causes {
  readonly #all: StatusCause[] = [];

  get all(): readonly StatusCause[] {
    return this.#all;
  }

  required(field: string, detail = ''): void {
    this.#add('FieldValueRequired', field, `Required value${colon(detail)}`);
  }

  forbidden(field: string, detail: string): void {
    this.#add('FieldValueForbidden', field, `Forbidden${colon(detail)}`);
  }

  invalid(field: string, value: JsonValue | undefined, detail: string): void {
    this.#add('FieldValueInvalid', field, `Invalid value: ${shown(value)}${colon(detail)}`);
  }

  /** One cause for every complaint of a check from `kube/syntax.ts`. */
  invalidFor(field: string, value: JsonValue | undefined, problems: readonly string[]): void {
    for (const problem of problems) this.invalid(field, value, problem);
  }

  duplicate(field: string, value: JsonValue, detail = ''): void {
    this.#add('FieldValueDuplicate', field, `Duplicate value: ${shown(value)}${colon(detail)}`);
  }

  unsupported(field: string, value: JsonValue | undefined, supported: readonly string[]): void {
    const values =
      supported.length === 0 ? '' : `supported values: ${supported.map((v) => JSON.stringify(v)).join(', ')}`;
    this.#add('FieldValueNotSupported', field, `Unsupported value: ${shown(value)}${colon(values)}`);
  }

  notFound(field: string, value: JsonValue): void {
    this.#add('FieldValueNotFound', field, `Not found: ${shown(value)}`);
  }

  tooLong(field: string, maxBytes: number): void {
    this.#add('FieldValueTooLong', field, `Too long: may not be more than ${maxBytes} bytes`);
  }

  tooMany(field: string, count: number, most: number): void {
    const items = most === 1 ? 'item' : 'items';
    this.#add('FieldValueTooMany', field, `Too many: ${count}: must have at most ${most} ${items}`);
  }

  addAll(causes: readonly StatusCause[]): void {
    for (const { reason, field, message } of causes) this.#add(reason, field, message);
  }

  #add(reason: string, field: string, message: string): void {
    if (this.#all.length < MAX_CAUSES) this.#all.push({ reason, message, field });
  }
}

function colon(detail: string): string {
  return detail === '' ? '' : `: ${detail}`;
}

/** Texts quoted, numbers bare, the rest as JSON. */
function shown(value: JsonValue | undefined): string {
  const text = JSON.stringify(value ?? null);
  return text.length <= MAX_SHOWN_VALUE ? text : `${text.slice(0, MAX_SHOWN_VALUE)}…`;
}

/** What Go says of a number outside its range. */
export function rangeProblem(least: number, most: number): string {
  return `must be between ${least} and ${most}, inclusive`;
}

export const NOT_NEGATIVE = 'must be greater than or equal to 0';
export const NOT_POSITIVE = 'must be greater than zero';
export const IMMUTABLE = 'field is immutable';
