/** Whatever a client sends is answered or refused; nothing of it is a bug. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { strategies } from '../../../../src/lab/api/kinds/strategies.ts';
import { type Field, type MessageName, messageType } from '../../../../src/lab/api/message-table.ts';
import { builtInResources, type Resource } from '../../../../src/lab/api/resources.ts';
import { seedSystem } from '../../../../src/lab/api/rest/system-seeds.ts';
import { startTestApi } from './test-api.ts';

const oddValues: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  80,
  '',
  'web',
  '__proto__',
  'x'.repeat(300),
  '10.0.0.1',
  [],
  {},
  [null],
  [{ name: 'a' }, { name: 'a' }],
  { matchLabels: { a: 'b' } },
];
const scalars: Readonly<Record<string, readonly unknown[]>> = {
  string: ['web', 'a', '', 'TCP', 'Always', '10.0.0.0/8', 'ClusterIP', 'In', 'A b'],
  bool: [true, false],
  int32: [0, 1, 80, 70_000, -1],
  int64: [0, 30],
  double: [1.5],
  bytes: ['YQ==', '%%'],
  Time: ['2026-01-01T00:00:00Z', 'soon'],
  MicroTime: ['2026-01-01T00:00:00.000000Z'],
  Quantity: ['1', '100m', '1Gi', 5, 'much'],
  IntOrString: [80, 'http', '25%'],
  FieldsV1: [{ 'f:a': {} }, { 'k:{': {} }],
  Json: oddValues,
};

const choice = fc.integer({ min: 0, max: 1 << 30 });
type Chance = (below: number) => number;

/** An object of that type, more or less. */
function objectOf(name: MessageName, chance: Chance, depth: number): Record<string, unknown> {
  const values: [string, unknown][] = [];
  for (const field of messageType(name).fields.values())
    if (chance(10) < (depth === 0 ? 8 : 4)) values.push([field.name, valueOf(field, chance, depth)]);
  return Object.fromEntries(values);
}

function valueOf({ type, many }: Field, chance: Chance, depth: number): unknown {
  const of = (values: readonly unknown[]) => values[chance(values.length)];
  if (chance(60) === 0) return of(oddValues);
  const one = (): unknown => {
    if ('scalar' in type) return of(scalars[type.scalar] ?? oddValues);
    return depth > 4 ? {} : objectOf(type.message, chance, depth + 1);
  };
  if (many === 'list') return Array.from({ length: chance(3) }, one);
  if (many === 'map') return Object.fromEntries([[of(['a', 'b/c', '__proto__', '']), one()]]);
  return one();
}

/** Numbers from a list, again and again: the same list makes the same request. */
function chanceOf(numbers: readonly number[]): Chance {
  let at = 0;
  return (below) => {
    at += 1;
    const number = numbers[at % numbers.length] ?? 0;
    return (Math.imul(number ^ at, 0x9e37_79b1) >>> 8) % below;
  };
}

const methods = ['POST', 'POST', 'POST', 'PUT', 'PATCH', 'PATCH', 'GET', 'GET', 'DELETE'] as const;
const patches = ['merge-patch+json', 'strategic-merge-patch+json', 'apply-patch+yaml', 'json-patch+json'] as const;
const queries = [
  '',
  '',
  '?dryRun=All',
  '?fieldValidation=Strict',
  '?fieldManager=m',
  '?labelSelector=a',
  '?force=true',
];
const accepts = ['application/json', 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'] as const;
const streams: ReadonlySet<string> = new Set(['attach', 'exec', 'log', 'portforward']);

test('no request is a bug', async () => {
  const api = await startTestApi({ strategies });
  seedSystem(api.rest);
  const rootOf = ({ group, version }: Resource) => (group === '' ? `/api/${version}` : `/apis/${group}/${version}`);
  const request = fc.record({
    resource: fc.constantFrom(...builtInResources),
    method: fc.constantFrom(...methods),
    name: fc.constantFrom('a', 'web', 'default', 'gates.example.dev'),
    query: fc.constantFrom(...queries),
    patch: fc.constantFrom(...patches),
    accept: fc.constantFrom(...accepts),
    isPart: fc.boolean(),
    numbers: fc.array(choice, { minLength: 20, maxLength: 20 }),
  });
  const codes = new Set<number>();
  await fc.assert(
    fc.asyncProperty(request, async ({ resource, method, name, query, patch, accept, isPart, numbers }) => {
      const chance = chanceOf(numbers);
      const parts = resource.subresources.filter((candidate) => !streams.has(candidate.name));
      const part = isPart && parts.length > 0 ? parts[chance(parts.length)] : undefined;
      const collection = `${rootOf(resource)}${resource.namespaced ? '/namespaces/default' : ''}/${resource.plural}`;
      const isCollection = (method === 'POST' && part === undefined) || (method === 'GET' && chance(2) === 0);
      const path = isCollection ? collection : `${collection}/${name}${part === undefined ? '' : `/${part.name}`}`;
      const { group, version, kind } = part ?? resource;
      const body = {
        ...objectOf(resource.message ?? 'ConfigMap', chance, 0),
        kind,
        apiVersion: group === '' ? version : `${group}/${version}`,
        metadata: { ...(chance(3) === 0 ? objectOf('ObjectMeta', chance, 3) : {}), name },
      };
      const isWrite = method === 'POST' || method === 'PUT' || method === 'PATCH';
      const contentType = method === 'PATCH' ? `application/${patch}` : 'application/json';
      const answer = await api.ask(method, `${path}${query}`, {
        ...(isWrite ? { body } : {}),
        headers: { accept, 'content-type': contentType },
      });
      codes.add(answer.code);
      expect(answer.code, answer.text.slice(0, 500)).toBeLessThan(500);
    }),
    { numRuns: 600 },
  );
  expect(api.errors).toEqual([]);
  // Some of it must have got through.
  expect([...codes]).toEqual(expect.arrayContaining([200, 201, 400, 404, 405, 422]));
  await api.close();
});
