/** What a CustomResourceDefinition adds to the lab: a resource for each served version. */
import { get, isObject, type JsonObject, withFields } from '../../json.ts';
import {
  isTrueAt,
  givenObjectAt,
  objectAt,
  objectsInPlace,
  textAt,
  textsInPlace,
  metadataOf,
} from '../../field-values.ts';
import { type Resource, storedVerbs, type Subresource } from '../../resources.ts';
import { conform } from '../conform.ts';
import type { KindShape } from '../kind-shape.ts';
import type { CustomKind } from '../resource-registry.ts';
import type { ScalePaths } from '../scale.ts';
import { schemaCauses } from './schema-checks.ts';
import { pruned, withSchemaDefaults } from './schema-values.ts';
import { anything, readSchema, type Schema } from './structural-schema.ts';

/** Of a definition that was stored: its names are valid. Nothing new comes into being while it is being deleted. */
export function customKinds(definition: JsonObject): readonly CustomKind[] {
  const spec = objectAt(definition, 'spec');
  const isEnding = get(metadataOf(definition), 'deletionTimestamp') !== undefined;
  const verbs = isEnding ? storedVerbs.filter((verb) => verb !== 'create') : storedVerbs;
  return objectsInPlace(spec, 'versions')
    .filter((version) => isTrueAt(version, 'served'))
    .map((version) => customKind(spec, version, verbs));
}

/** The version that objects are stored in. */
export function storageVersion(definition: JsonObject): string {
  const versions = objectsInPlace(objectAt(definition, 'spec'), 'versions');
  return textAt(versions.find((version) => isTrueAt(version, 'storage')) ?? {}, 'name');
}

function customKind(spec: JsonObject, version: JsonObject, verbs: readonly string[]): CustomKind {
  const names = objectAt(spec, 'names');
  const group = textAt(spec, 'group');
  const name = textAt(version, 'name');
  const kind = textAt(names, 'kind');
  const props = givenObjectAt(objectAt(version, 'schema'), 'openAPIV3Schema');
  const schema = props === undefined ? anything : readSchema(props);
  const subresources = objectAt(version, 'subresources');
  const scale = givenObjectAt(subresources, 'scale');
  const resource: Resource = {
    group,
    version: name,
    kind,
    plural: textAt(names, 'plural'),
    singular: textAt(names, 'singular'),
    namespaced: textAt(spec, 'scope') === 'Namespaced',
    shortNames: textsInPlace(names, 'shortNames'),
    categories: textsInPlace(names, 'categories'),
    verbs,
    subresources: [
      ...(get(subresources, 'status') === undefined ? [] : [statusOf(group, name, kind)]),
      ...(scale === undefined ? [] : [scaleSubresource]),
    ],
    message: undefined,
    custom: true,
  };
  return {
    resource,
    shape: shapeOf(schema),
    schema: props,
    scale: scale === undefined ? undefined : scalePaths(scale),
  };
}

const writing = ['get', 'patch', 'update'];
const scaleSubresource: Subresource = {
  name: 'scale',
  group: 'autoscaling',
  version: 'v1',
  kind: 'Scale',
  verbs: writing,
};

function statusOf(group: string, version: string, kind: string): Subresource {
  return { name: 'status', group, version, kind, verbs: writing };
}

function scalePaths(scale: JsonObject): ScalePaths {
  const selector = textAt(scale, 'labelSelectorPath');
  return {
    specReplicas: pathOf(textAt(scale, 'specReplicasPath')),
    statusReplicas: pathOf(textAt(scale, 'statusReplicasPath')),
    labelSelector: selector === '' ? undefined : pathOf(selector),
  };
}

/** `.spec.replicas` as names. */
function pathOf(text: string): readonly string[] {
  return text.split('.').filter((name) => name !== '');
}

const systemFields: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata']);

function shapeOf(schema: Schema): KindShape {
  // What every object has is no matter of the schema.
  const own: Schema = {
    ...schema,
    properties: new Map([...schema.properties].filter(([name]) => !systemFields.has(name))),
  };
  const bodyOf = (object: JsonObject) =>
    Object.fromEntries(Object.entries(object).filter(([name]) => !systemFields.has(name)));
  const whole = (object: JsonObject, body: JsonObject): JsonObject => {
    const { apiVersion, kind, metadata } = object;
    return withFields({ apiVersion, kind, metadata: metadata ?? {} }, body);
  };
  return {
    read: (object) => {
      const metadata = conform({ metadata: get(object, 'metadata') }, 'PartialObjectMetadata');
      const unknown = [...metadata.unknown];
      const body = pruned(bodyOf(object), own, '', unknown);
      const read = whole({ ...object, metadata: get(metadata.object, 'metadata') }, isObject(body) ? body : {});
      return { object: read, unknown, wrong: metadata.wrong };
    },
    fill: (object) => {
      const body = withSchemaDefaults(bodyOf(object), own);
      return whole(object, isObject(body) ? body : {});
    },
    check: (object) => schemaCauses(bodyOf(object), own, ''),
  };
}
