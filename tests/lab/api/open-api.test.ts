import { describe, expect, test } from 'vitest';
import { get, isList, isObject, type JsonValue } from '../../../src/lab/api/json.ts';
import { openApi2ContentType, openApi2Document, openApiDocument, openApiIndex } from '../../../src/lab/api/open-api.ts';
import { builtInResources, type Resource } from '../../../src/lab/api/resources.ts';

function* references(value: JsonValue | undefined): Generator<string> {
  if (isList(value)) for (const item of value) yield* references(item);
  if (!isObject(value)) return;
  for (const [name, item] of Object.entries(value)) {
    if (name === '$ref' && typeof item === 'string') yield item;
    else yield* references(item);
  }
}

const rootsOf = () => {
  const { paths } = openApiIndex(builtInResources) as { readonly paths: Readonly<Record<string, unknown>> };
  return Object.keys(paths);
};

describe('OpenAPI', () => {
  test('version 2 says only its version, under a type that Go can parse', () => {
    expect(openApi2ContentType).not.toContain('@');
    expect(Buffer.from(openApi2Document).toString('latin1')).toBe('\n\u00032.0');
  });

  test('every group version has its document, and every reference leads somewhere', () => {
    expect(rootsOf()).toContain('apis/policy.networking.k8s.io/v1alpha2');
    for (const root of rootsOf()) {
      const document = openApiDocument(builtInResources, root);
      const { components } = document as { readonly components: { readonly schemas: Record<string, JsonValue> } };
      const names = new Set(Object.keys(components.schemas).map((name) => `#/components/schemas/${name}`));
      for (const reference of references(document)) expect(names, root).toContain(reference);
    }
    expect(openApiDocument(builtInResources, 'apis/nope/v1')).toBeUndefined();
  });

  test('PATCH says that fields are validated, and offers no strategic merge patch', () => {
    const { paths } = openApiDocument(builtInResources, 'apis/networking.k8s.io/v1') as {
      readonly paths: Record<string, { readonly patch?: Record<string, JsonValue> }>;
    };
    const patch = paths['/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies/{name}']?.patch;
    expect(patch).toMatchObject({
      'x-kubernetes-group-version-kind': { group: 'networking.k8s.io', version: 'v1', kind: 'NetworkPolicy' },
    });
    expect(JSON.stringify(patch?.['parameters'])).toMatch(/"dryRun".*"fieldValidation"/);
    expect(Object.keys(get(patch?.['requestBody'] as { content: JsonValue }, 'content') ?? {})).toEqual([
      'application/json-patch+json',
    ]);
  });

  test('defaults, lists, maps and schemas that hold themselves', () => {
    const apps = openApiDocument(builtInResources, 'apis/apps/v1');
    expect(apps).toMatchObject({
      components: {
        schemas: {
          DeploymentSpec: { properties: { replicas: { type: 'integer', default: 1 } } },
          PodSpec: {
            properties: {
              containers: { type: 'array', items: { $ref: '#/components/schemas/Container' } },
              nodeSelector: { additionalProperties: { type: 'string' } },
            },
          },
        },
      },
    });
    const definitions = openApiDocument(builtInResources, 'apis/apiextensions.k8s.io/v1');
    expect(definitions).toMatchObject({
      components: {
        schemas: {
          JSONSchemaProps: { properties: { allOf: { items: { $ref: '#/components/schemas/JSONSchemaProps' } } } },
        },
      },
    });
  });

  test('a custom resource has the schema of its definition, or takes everything', () => {
    const base = builtInResources.find(({ kind }) => kind === 'ClusterNetworkPolicy');
    if (base === undefined) throw new Error('no ClusterNetworkPolicy');
    const custom: Resource = { ...base, group: 'example.org', version: 'v1', kind: 'Thing', message: undefined };
    const schema = { type: 'object', properties: { spec: { type: 'object' } } };
    const name = 'example.org.v1.Thing';
    expect(openApiDocument([custom], 'apis/example.org/v1', () => schema)).toMatchObject({
      components: { schemas: { [name]: schema } },
    });
    expect(openApiDocument([custom], 'apis/example.org/v1')).toMatchObject({
      components: { schemas: { [name]: { 'x-kubernetes-preserve-unknown-fields': true } } },
    });
  });
});
