import { get, type JsonObject, withFields } from '../json.ts';
import type { Resource } from '../resources.ts';

/** `v1`, `apps/v1`. */
export function apiVersionOf({ group, version }: Pick<Resource, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}

/**
 * The object as clients of that version see it: custom resources are stored once for all their versions. Events of the
 * store have the stored form.
 */
export function inVersion(resource: Pick<Resource, 'group' | 'version'>, object: JsonObject): JsonObject {
  const apiVersion = apiVersionOf(resource);
  return get(object, 'apiVersion') === apiVersion ? object : withFields(object, { apiVersion });
}
