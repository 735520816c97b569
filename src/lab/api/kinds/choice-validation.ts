/** Fields with a few values. */
import type { JsonObject } from '../json.ts';
import type { Causes } from './causes.ts';
import { textAt } from '../field-values.ts';

/** A text that must be one of a few. */
export function validateOneOf(
  causes: Causes,
  object: JsonObject,
  name: string,
  supported: readonly string[],
  path: string,
): void {
  const value = textAt(object, name);
  if (value === '') causes.required(`${path}.${name}`);
  else if (!supported.includes(value)) causes.unsupported(`${path}.${name}`, value, supported);
}
