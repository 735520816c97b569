/** Whatever a client sends, it gets an answer or a refusal, and the store keeps what it can show. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isDeeperThan, type JsonObject, type JsonValue } from '../../../../src/lab/api/json.ts';
import { strategies } from '../../../../src/lab/api/kinds/strategies.ts';
import type { Patch } from '../../../../src/lab/api/rest/rest.ts';
import { StatusError } from '../../../../src/lab/api/status-error.ts';
import { LabRest, strict } from './lab-rest.ts';

const words = fc.constantFrom(
  'metadata',
  'spec',
  'status',
  'name',
  'labels',
  'annotations',
  'finalizers',
  'managedFields',
  'fieldsV1',
  'manager',
  'replicas',
  'template',
  'containers',
  'image',
  'ports',
  'env',
  'selector',
  'matchLabels',
  'conditions',
  'type',
  'operation',
  'Apply',
  'Update',
  'apiVersion',
  'kind',
  '$patch',
  '$retainKeys',
  '$setElementOrder/containers',
  '__proto__',
  'constructor',
  'toString',
  'k:{"name":"x"}',
  'f:spec',
  'ownerReferences',
  'uid',
  'resourceVersion',
);
const leaves = fc.oneof(
  words,
  fc.constantFrom(
    null,
    true,
    0,
    -1,
    1,
    2 ** 31,
    2 ** 53,
    1e300,
    0.5,
    '',
    'web',
    '80',
    'TCP',
    'replace',
    'delete',
    'v1',
  ),
);
const { tree } = fc.letrec<{ readonly tree: JsonValue }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 6 },
    leaves,
    fc.array(tie('tree'), { maxLength: 3 }),
    fc.array(fc.tuple(words, tie('tree')), { maxLength: 4 }).map((entries) => Object.fromEntries(entries)),
  ),
}));
const body = fc
  .array(fc.tuple(words, tree), { maxLength: 5 })
  .map((entries): JsonObject => Object.fromEntries(entries));
const paths = fc
  .array(words, { maxLength: 4 })
  .map((names) => names.map((name) => `/${name.replaceAll('/', '~1')}`).join(''));
const operation = fc.record({
  op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'odd'),
  path: paths,
  from: paths,
  value: tree,
});
const patch: fc.Arbitrary<Patch> = fc.oneof(
  fc.record({ type: fc.constant('json' as const), body: fc.array(operation, { maxLength: 4 }) }),
  fc.record({ type: fc.constantFrom('merge' as const, 'strategic' as const), body: tree }),
  fc.record({ type: fc.constant('apply' as const), body, force: fc.boolean() }),
);

const subjects: readonly (readonly [plural: string, object: JsonObject])[] = [
  ['configmaps', { metadata: { name: 'web' }, data: { a: '1' } }],
  [
    'deployments',
    {
      metadata: { name: 'web' },
      spec: {
        selector: { matchLabels: { app: 'web' } },
        template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'nginx' }] } },
      },
    },
  ],
  ['pods', { metadata: { name: 'web' }, spec: { containers: [{ name: 'web', image: 'nginx' }] } }],
  ['services', { metadata: { name: 'web' }, spec: { ports: [{ port: 80 }] } }],
  ['networkpolicies', { metadata: { name: 'web' }, spec: { podSelector: {} } }],
  [
    'adminnetworkpolicies',
    {
      apiVersion: 'policy.networking.k8s.io/v1alpha1',
      kind: 'AdminNetworkPolicy',
      metadata: { name: 'web' },
      spec: { priority: 1, subject: { namespaces: {} } },
    },
  ],
  [
    'customresourcedefinitions',
    {
      metadata: { name: 'gizmos.example.com' },
      spec: {
        group: 'example.com',
        names: { plural: 'gizmos', kind: 'Gizmo' },
        scope: 'Namespaced',
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    },
  ],
];

function attempt(action: () => void): StatusError | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
}

describe('hostile requests', () => {
  test.each(subjects)('%s: any patch gives an answer or a refusal', (plural, object) => {
    const lab = new LabRest(strategies);
    const name = plural === 'customresourcedefinitions' ? 'gizmos.example.com' : 'web';
    lab.create(plural, object);
    const statuses = fc.constantFrom(undefined, 'status', 'scale', 'ephemeralcontainers');
    const validations = fc.constantFrom('Ignore' as const, 'Strict' as const, 'Warn' as const);
    fc.assert(
      fc.property(patch, statuses, validations, (patch, subresource, fieldValidation) => {
        const refusal = attempt(() =>
          lab.rest.patch(lab.target(plural, name, subresource), patch, { ...strict, fieldValidation }),
        );
        if (refusal !== undefined) expect(JSON.stringify(refusal.toStatus()).length).toBeLessThan(100_000);
        const stored = lab.store.find({
          ...lab.target(plural, name).resource,
          namespace: lab.target(plural, name).namespace,
          name,
        });
        if (stored === undefined) lab.create(plural, object);
        else expect(isDeeperThan(stored, 70)).toBe(false);
      }),
      { numRuns: 400 },
    );
  });

  test.each(subjects)('%s: any object gives an answer or a refusal', (plural, object) => {
    const lab = new LabRest(strategies);
    fc.assert(
      fc.property(body, fc.constantFrom('metadata', 'spec', 'all'), (body, part) => {
        const mixed = part === 'all' ? body : { ...object, [part]: { ...(object[part] as JsonObject), ...body } };
        attempt(() => lab.create(plural, mixed, { fieldValidation: 'Ignore', dryRun: true }));
      }),
      { numRuns: 400 },
    );
  });

  test('a patch that nests an object ever deeper is refused', () => {
    const lab = new LabRest();
    lab.create('configmaps', { metadata: { name: 'c' }, data: {} });
    const nest = Array.from({ length: 200 }, () => ({ op: 'copy', from: '/data', path: '/data/x' }));
    expect(() => lab.patch('configmaps', 'c', 'json', nest)).toThrow('the object is nested too deeply');
  });

  test('names like those of objects themselves are names', () => {
    const lab = new LabRest();
    const data = JSON.parse('{"__proto__":"x","constructor":"y","toString":"z"}') as JsonObject;
    const { object } = lab.create('configmaps', { metadata: { name: 'constructor' }, data });
    expect(JSON.stringify(object['data'])).toBe('{"__proto__":"x","constructor":"y","toString":"z"}');
    const merged = lab.patch(
      'configmaps',
      'constructor',
      'merge',
      JSON.parse('{"data":{"__proto__":null}}') as JsonObject,
    );
    expect(JSON.stringify(merged.object['data'])).toBe('{"constructor":"y","toString":"z"}');
    expect({}).not.toHaveProperty('x');
  });
});
