/**
 * OpenAPI as far as kubectl needs it: to see that the server validates fields and knows dry runs, and for `explain`.
 *
 * PATCH offers JSON patches only. Were strategic merge patches listed, kubectl would compute them from this document,
 * which carries no merge keys; so it computes them from what is compiled into it.
 */
import type { JsonObject } from './json.ts';
import { type Field, type FieldType, type MessageName, messageType, type Scalar } from './message-table.ts';
import type { Resource } from './resources.ts';

/** `{"swagger": "2.0"}` as protobuf: an empty document satisfies every kubectl that asks for version 2. */
export const openApi2Document: Uint8Array = Uint8Array.from([0x0a, 0x03, 0x32, 0x2e, 0x30]);
export const openApi2ContentType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';

/** The schema of a custom resource, from its definition. */
export type CustomSchema = (resource: Resource) => JsonObject | undefined;

/** `GET /openapi/v3`: where the document of every group version is. */
export function openApiIndex(resources: readonly Resource[]): JsonObject {
  const roots = [...new Set(resources.map(rootOf))].sort();
  return { paths: Object.fromEntries(roots.map((root) => [root, { serverRelativeURL: `/openapi/v3/${root}` }])) };
}

/** `GET /openapi/v3/ROOT`, as `api/v1` or `apis/apps/v1`; `undefined` for what the lab does not serve. */
export function openApiDocument(
  resources: readonly Resource[],
  root: string,
  customSchema: CustomSchema = () => undefined,
): JsonObject | undefined {
  const members = resources.filter((resource) => rootOf(resource) === root);
  if (members.length === 0) return undefined;
  const schemas = new Map<string, JsonObject>(namedScalars.map((name) => [name, scalarSchemas[name]]));
  for (const resource of members) addSchemas(schemas, resource, customSchema(resource));
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'lab' },
    paths: Object.fromEntries(members.flatMap(pathsOf)),
    components: { schemas: Object.fromEntries([...schemas].sort(([a], [b]) => (a < b ? -1 : 1))) },
  };
}

function rootOf({ group, version }: Resource): string {
  return group === '' ? `api/${version}` : `apis/${group}/${version}`;
}

function pathsOf(resource: Resource): readonly [string, JsonObject][] {
  const scope = resource.namespaced ? '/namespaces/{namespace}' : '';
  const list = `/${rootOf(resource)}${scope}/${resource.plural}`;
  const query = (...names: readonly string[]) =>
    names.map((name) => ({ name, in: 'query', schema: { type: 'string', uniqueItems: true } }));
  const { group, version, kind } = resource;
  const schema = { $ref: `#/components/schemas/${schemaName(resource)}` };
  const operation = (action: string, fields: JsonObject): JsonObject => ({
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group, version, kind },
    responses: { 200: { description: 'OK', content: { 'application/json': { schema } } } },
    ...fields,
  });
  const writing = query('dryRun', 'fieldManager', 'fieldValidation');
  const body = { content: { 'application/json': { schema } } };
  const patchBody = { content: { 'application/json-patch+json': { schema: { type: 'object' } } } };
  const collection: JsonObject = {
    ...(resource.verbs.includes('list')
      ? { get: operation('list', { parameters: query('labelSelector', 'fieldSelector') }) }
      : {}),
    post: operation('post', { parameters: writing, requestBody: body }),
  };
  if (!resource.verbs.includes('get')) return [[list, collection]];
  return [
    [list, collection],
    [
      `${list}/{name}`,
      {
        get: operation('get', {}),
        put: operation('put', { parameters: writing, requestBody: body }),
        patch: operation('patch', { parameters: [...writing, ...query('force')], requestBody: patchBody }),
        delete: operation('delete', { parameters: query('dryRun', 'gracePeriodSeconds', 'propagationPolicy') }),
      },
    ],
  ];
}

/** Two versions of a group may have a kind of the same name, so the name of a schema has all three. */
function schemaName({ group, version, kind }: Resource): string {
  return `${group === '' ? 'core' : group}.${version}.${kind}`;
}

function addSchemas(schemas: Map<string, JsonObject>, resource: Resource, custom: JsonObject | undefined): void {
  const { group, version, kind, message } = resource;
  const known = { 'x-kubernetes-group-version-kind': [{ group, version, kind }] };
  if (custom !== undefined) schemas.set(schemaName(resource), { ...custom, ...known });
  else if (message === undefined)
    schemas.set(schemaName(resource), { type: 'object', 'x-kubernetes-preserve-unknown-fields': true, ...known });
  else schemas.set(schemaName(resource), { ...messageSchema(message, schemas), ...known });
}

/** The schema of a message; those of the messages that it holds are added on the way. */
function messageSchema(name: MessageName, schemas: Map<string, JsonObject>): JsonObject {
  const properties: [string, JsonObject][] = [];
  for (const field of messageType(name).fields.values()) {
    if ('message' in field.type && !schemas.has(field.type.message)) {
      // Some messages hold themselves.
      schemas.set(field.type.message, {});
      schemas.set(field.type.message, messageSchema(field.type.message, schemas));
    }
    properties.push([field.name, fieldSchema(field)]);
  }
  return { type: 'object', properties: Object.fromEntries(properties) };
}

/** Scalars that `explain` names as if they were messages. */
const namedScalars: readonly Scalar[] = ['FieldsV1', 'IntOrString', 'MicroTime', 'Quantity', 'Time'];

function fieldSchema({ type, many, defaultValue }: Field): JsonObject {
  const reference = referenceOf(type);
  const item: JsonObject = reference === undefined ? plainSchema(type) : { $ref: `#/components/schemas/${reference}` };
  if (many === 'list') return { type: 'array', items: item };
  if (many === 'map') return { type: 'object', additionalProperties: item };
  // A reference must stand alone; `allOf` lets a default stand beside it.
  const one = reference === undefined ? item : { allOf: [item] };
  return defaultValue === undefined ? one : { ...one, default: defaultValue };
}

function referenceOf(type: FieldType): string | undefined {
  if ('message' in type) return type.message;
  return namedScalars.find((name) => name === type.scalar);
}

function plainSchema(type: FieldType): JsonObject {
  return 'scalar' in type ? scalarSchemas[type.scalar] : {};
}

const scalarSchemas: Record<Scalar, JsonObject> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  bytes: { type: 'string', format: 'byte' },
  Time: { type: 'string', format: 'date-time' },
  MicroTime: { type: 'string', format: 'date-time' },
  Quantity: { type: 'string' },
  IntOrString: { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  FieldsV1: { type: 'object' },
  Json: { 'x-kubernetes-preserve-unknown-fields': true },
};
