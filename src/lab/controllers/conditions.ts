/** Conditions in the status of objects. */
import { fromEntries, get, type JsonObject } from '../api/json.ts';
import { objectsAt, textAt } from '../api/field-values.ts';

export interface NewCondition {
  readonly type: string;
  readonly status: 'False' | 'True' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  /** Other times that the kind keeps, as `lastUpdateTime`. */
  readonly times?: JsonObject;
}

/**
 * The conditions with that one in place of its type. One that says the same (status, reason and message) stays as it is,
 * so that writing it again changes nothing; the time of the last transition changes with the status alone.
 */
export function withCondition(
  conditions: readonly JsonObject[],
  next: NewCondition,
  now: string,
): readonly JsonObject[] {
  const known = conditions.find((each) => textAt(each, 'type') === next.type);
  const same = (name: 'message' | 'reason' | 'status') => known !== undefined && textAt(known, name) === next[name];
  if (same('status') && same('reason') && same('message') && next.times === undefined) return conditions;
  const { type, status, reason, message, times } = next;
  const lastTransitionTime = known !== undefined && same('status') ? (get(known, 'lastTransitionTime') ?? now) : now;
  const condition = { type, status, ...times, lastTransitionTime, reason, message };
  if (known === undefined) return [...conditions, condition];
  return conditions.map((each) => (each === known ? condition : each));
}

export function withoutCondition(conditions: readonly JsonObject[], type: string): readonly JsonObject[] {
  return conditions.filter((each) => textAt(each, 'type') !== type);
}

export function conditionsOf(object: JsonObject): readonly JsonObject[] {
  return objectsAt(object, 'status', 'conditions');
}

export function conditionOf(object: JsonObject, type: string): JsonObject | undefined {
  return conditionsOf(object).find((each) => textAt(each, 'type') === type);
}

/** A status whose counts of zero and empty lists are left out, but for those in `always`. */
export function statusFields(
  fields: Iterable<readonly [name: string, value: JsonObject[string]]>,
  always: readonly string[] = [],
): JsonObject {
  const said = [...fields].filter(
    ([name, value]) => always.includes(name) || (value !== 0 && !(Array.isArray(value) && value.length === 0)),
  );
  return fromEntries(said);
}
