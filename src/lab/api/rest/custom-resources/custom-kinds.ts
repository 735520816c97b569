/** What a CustomResourceDefinition adds to the lab: a resource for each served version. */
import { get, isObject, type JsonObject, withFields } from '../../json.ts';
import { isTrue, objectAt, objectOf, objectsOf, textOf, textsOf } from '../../kinds/field-values.ts';
import { type Resource, storedVerbs, type Subresource } from '../../resources.ts';
import { metadataOf } from '../../store/object-store.ts';
import { conform } from '../conform.ts';
import type { KindShape } from '../kind-shape.ts';
import type { CustomKind } from '../resource-registry.ts';
import type { ScalePaths } from '../scale.ts';
import { schemaCauses } from './schema-checks.ts';
import { pruned, withSchemaDefaults } from './schema-values.ts';
import { anything, readSchema, type Schema } from './structural-schema.ts';

/** Of a definition that was stored: its names are valid. Nothing new comes into being while it is being deleted. */
export function customKinds(definition: JsonObject): readonly CustomKind[] {
  const spec = objectOf(definition, 'spec');
  const isEnding = get(metadataOf(definition), 'deletionTimestamp') !== undefined;
  const verbs = isEnding ? storedVerbs.filter((verb) => verb !== 'create') : storedVerbs;
  return objectsOf(spec, 'versions')
    .filter((version) => isTrue(version, 'served'))
    .map((version) => customKind(spec, version, verbs));
}

/** The version that objects are stored in. */
export function storageVersion(definition: JsonObject): string {
  const versions = objectsOf(objectOf(definition, 'spec'), 'versions');
  return textOf(versions.find((version) => isTrue(version, 'storage')) ?? {}, 'name');
}

function customKind(spec: JsonObject, version: JsonObject, verbs: readonly string[]): CustomKind {
  const names = objectOf(spec, 'names');
  const group = textOf(spec, 'group');
  const name = textOf(version, 'name');
  const kind = textOf(names, 'kind');
  const props = objectAt(objectOf(version, 'schema'), 'openAPIV3Schema');
  const schema = props === undefined ? anything : readSchema(props);
  const subresources = objectOf(version, 'subresources');
  const scale = objectAt(subresources, 'scale');
  const resource: Resource = {
    group,
    version: name,
    kind,
    plural: textOf(names, 'plural'),
    singular: textOf(names, 'singular'),
    namespaced: textOf(spec, 'scope') === 'Namespaced',
    shortNames: textsOf(names, 'shortNames'),
    categories: textsOf(names, 'categories'),
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
    printerColumns: objectsOf(version, 'additionalPrinterColumns'),
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
  const selector = textOf(scale, 'labelSelectorPath');
  return {
    specReplicas: pathOf(textOf(scale, 'specReplicasPath')),
    statusReplicas: pathOf(textOf(scale, 'statusReplicasPath')),
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
