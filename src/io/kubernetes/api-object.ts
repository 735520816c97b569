/** What a list or a watch needs to know of any object, whatever its kind. */
import type { JsonValue } from '../../kube/from-json.ts';

export type JsonObject = { readonly [key: string]: JsonValue };

export interface ApiObject {
  /** `''` for what has none. */
  readonly namespace: string;
  readonly name: string;
  /** Tells an object from its successor of the same name; `''` where a server gives none. */
  readonly uid: string;
  readonly resourceVersion: string;
  readonly json: JsonObject;
}

/** The identity of an object, or `undefined` when the value is none. */
export function apiObject(value: JsonValue | undefined): ApiObject | undefined {
  if (!isJsonObject(value)) return undefined;
  const metadata = value['metadata'];
  if (!isJsonObject(metadata)) return undefined;
  const name = textOf(metadata['name']);
  const namespace = textOf(metadata['namespace']);
  if (name === '') return undefined;
  return {
    namespace,
    name,
    uid: textOf(metadata['uid']),
    resourceVersion: textOf(metadata['resourceVersion']),
    json: value,
  };
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

/**
 * Whether `a` is an older version than `b`. Versions are opaque by contract, so anything but two decimal numbers
 * is never older.
 */
export function isOlderVersion(a: string, b: string): boolean {
  if (!decimal.test(a) || !decimal.test(b)) return false;
  return a.length === b.length ? a < b : a.length < b.length;
}

const decimal = /^[1-9]\d*$/;
