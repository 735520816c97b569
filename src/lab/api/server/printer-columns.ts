import { get, isList, isObject, type JsonObject, type JsonValue } from '../json.ts';
import type { Resource } from '../resources.ts';
import type { ObjectStore } from '../store/object-store.ts';

/** `additionalPrinterColumns` that the definition of a custom resource has for this version. */
export function printerColumns(store: ObjectStore, resource: Resource): readonly JsonValue[] | undefined {
  if (!resource.custom) return undefined;
  const { group, plural } = resource;
  const key = { group: 'apiextensions.k8s.io', plural: 'customresourcedefinitions', namespace: '' };
  const definition = store.find({ ...key, name: `${plural}.${group}` });
  const versions = listIn(objectIn(definition, 'spec'), 'versions') ?? [];
  const version = versions.filter(isObject).find((candidate) => get(candidate, 'name') === resource.version);
  return listIn(version, 'additionalPrinterColumns');
}

function objectIn(object: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = object === undefined ? undefined : get(object, name);
  return isObject(value) ? value : undefined;
}

function listIn(object: JsonObject | undefined, name: string): readonly JsonValue[] | undefined {
  const value = object === undefined ? undefined : get(object, name);
  return isList(value) ? value : undefined;
}
