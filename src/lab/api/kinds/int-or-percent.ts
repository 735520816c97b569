/** Numbers of pods, given as such or in percent. */
import { get, type JsonObject } from '../json.ts';
import { type Causes, NOT_NEGATIVE } from './causes.ts';

const PERCENT_PROBLEM =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

export function validateIntOrPercent(causes: Causes, object: JsonObject, name: string, path: string): void {
  const value = get(object, name) ?? 0;
  if (typeof value === 'number') {
    if (value < 0) causes.invalid(`${path}.${name}`, value, NOT_NEGATIVE);
  } else if (percentOf(value) === undefined) causes.invalid(`${path}.${name}`, value, PERCENT_PROBLEM);
}

export function validateNotOverHundred(causes: Causes, object: JsonObject, name: string, path: string): void {
  const value = get(object, name);
  if ((percentOf(value) ?? 0) > 100) causes.invalid(`${path}.${name}`, value, 'must not be greater than 100%');
}

/** What is neither counts as 0. */
export function isZero(object: JsonObject, name: string): boolean {
  const value = get(object, name);
  return (typeof value === 'number' ? value : (percentOf(value) ?? 0)) === 0;
}

function percentOf(value: JsonObject[string]): number | undefined {
  return typeof value === 'string' && /^[0-9]{1,15}%$/.test(value) ? Number(value.slice(0, -1)) : undefined;
}
