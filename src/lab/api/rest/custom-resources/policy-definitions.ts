/** The definitions of the cluster policies, which the lab has built in: so that clients see them as in other clusters. */
import type { JsonObject } from '../../json.ts';
import { type Field, type MessageName, messageType, type Scalar } from '../../message-table.ts';
import { builtInResources, type Resource } from '../../resources.ts';
import { apiVersionOf } from '../api-version.ts';

const columns: ReadonlyMap<string, readonly JsonObject[]> = new Map([
  ['AdminNetworkPolicy', [column('Priority', 'string', '.spec.priority')]],
  ['ClusterNetworkPolicy', [column('Tier', 'string', '.spec.tier'), column('Priority', 'string', '.spec.priority')]],
]);

function column(name: string, type: string, jsonPath: string): JsonObject {
  return { name, type, jsonPath };
}

/** One definition for each built-in custom resource. */
export function policyDefinitions(): readonly JsonObject[] {
  return builtInResources.filter(({ custom }) => custom).map(definitionOf);
}

function definitionOf(resource: Resource): JsonObject {
  const { group, version, kind, plural, singular, shortNames, namespaced, message } = resource;
  const age = column('Age', 'date', '.metadata.creationTimestamp');
  const schema = message === undefined ? { type: 'object' } : objectSchema(message);
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${group}`,
      annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes-sigs/network-policy-api/pull/30' },
    },
    spec: {
      group,
      names: { plural, singular, kind, listKind: `${kind}List`, shortNames },
      scope: namespaced ? 'Namespaced' : 'Cluster',
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { description: `${kind} of ${apiVersionOf(resource)}`, ...schema } },
          subresources: { status: {} },
          additionalPrinterColumns: [...(columns.get(kind) ?? []), age],
        },
      ],
    },
  };
}

function objectSchema(name: MessageName): JsonObject {
  const properties = [...messageType(name).fields.values()].map((field) => {
    // What every object has is no matter of the schema.
    if (field.name === 'metadata') return [field.name, { type: 'object' }] as const;
    return [field.name, fieldSchema(field)] as const;
  });
  return { type: 'object', properties: Object.fromEntries(properties) };
}

function fieldSchema({ type, many }: Field): JsonObject {
  const one = 'message' in type ? objectSchema(type.message) : scalarSchema(type.scalar);
  if (many === 'list') return { type: 'array', items: one };
  return many === 'map' ? { type: 'object', additionalProperties: one } : one;
}

function scalarSchema(scalar: Scalar): JsonObject {
  switch (scalar) {
    case 'bool':
      return { type: 'boolean' };
    case 'int32':
    case 'int64':
      return { type: 'integer', format: scalar };
    case 'double':
      return { type: 'number' };
    case 'Time':
    case 'MicroTime':
      return { type: 'string', format: 'date-time' };
    case 'IntOrString':
      return { 'x-kubernetes-int-or-string': true };
    case 'FieldsV1':
    case 'Json':
      return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    case 'bytes':
    case 'Quantity':
    case 'string':
      return { type: 'string' };
  }
}
