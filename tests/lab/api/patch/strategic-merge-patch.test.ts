import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../../src/lab/api/json.ts';
import type { MessageName } from '../../../../src/lab/api/message-table.ts';
import { applyStrategicMergePatch } from '../../../../src/lab/api/patch/strategic-merge-patch.ts';
import { firstApply, secondApply } from '../recorded-apply.ts';

test('a changed Deployment, applied by kubectl', () => {
  const before = JSON.stringify(firstApply);
  expect(applyStrategicMergePatch(firstApply, secondApply, 'Deployment')).toEqual({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web', namespace: 'default', labels: { app: 'web' } },
    spec: {
      replicas: 3,
      strategy: { type: 'Recreate' },
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' }, finalizers: ['x/y'] },
        spec: {
          volumes: [{ name: 'b', emptyDir: {} }],
          containers: [
            { name: 'three', image: 'curl' },
            {
              name: 'one',
              image: 'nginx:2',
              args: ['p', 'z'],
              env: [
                { name: 'C', value: '3' },
                { name: 'B', value: '2' },
              ],
              ports: [{ containerPort: 81 }],
            },
          ],
        },
      },
    },
  });
  expect(JSON.stringify(firstApply)).toBe(before);
});

const named = (...names: readonly string[]) => names.map((name) => ({ name }));

const table: readonly [
  what: string,
  message: MessageName,
  target: JsonObject,
  patch: JsonObject,
  result: JsonObject,
][] = [
  ['null removes', 'ObjectMeta', { labels: { a: '1', b: '2' } }, { labels: { a: null } }, { labels: { b: '2' } }],
  [
    'lists without a key are replaced',
    'NetworkPolicySpec',
    { ingress: [{ from: [] }, {}], policyTypes: ['Ingress'] },
    { ingress: [{}] },
    { ingress: [{}], policyTypes: ['Ingress'] },
  ],
  [
    // As the documentation of kubectl patch shows it: the new container comes first.
    'new items come first',
    'PodSpec',
    { containers: [{ name: 'nginx', image: 'nginx' }] },
    { containers: [{ name: 'redis', image: 'redis' }] },
    {
      containers: [
        { name: 'redis', image: 'redis' },
        { name: 'nginx', image: 'nginx' },
      ],
    },
  ],
  [
    'an item merges where it stands',
    'PodSpec',
    { containers: [{ name: 'a', image: '1', tty: true }, { name: 'b' }] },
    { containers: [{ name: 'a', image: '2' }] },
    { containers: [{ name: 'a', image: '2', tty: true }, { name: 'b' }] },
  ],
  [
    '$patch: delete removes an item',
    'PodSpec',
    { containers: named('a', 'b') },
    { containers: [{ $patch: 'delete', name: 'a' }] },
    { containers: named('b') },
  ],
  [
    '$patch: delete of what is not there',
    'PodSpec',
    {},
    { containers: [{ $patch: 'delete', name: 'a' }] },
    { containers: [] },
  ],
  [
    '$patch: replace replaces a list',
    'PodSpec',
    { containers: named('a', 'b') },
    { containers: [{ $patch: 'replace' }, { name: 'c' }] },
    { containers: named('c') },
  ],
  [
    '$patch: replace replaces an object',
    'DeploymentSpec',
    { strategy: { type: 'RollingUpdate', rollingUpdate: {} } },
    { strategy: { $patch: 'replace', type: 'Recreate' } },
    { strategy: { type: 'Recreate' } },
  ],
  [
    '$patch: delete empties an object',
    'PodSpec',
    { nodeSelector: { a: 'b' } },
    { nodeSelector: { $patch: 'delete' } },
    { nodeSelector: {} },
  ],
  [
    '$patch: merge merges',
    'PodSpec',
    { nodeSelector: { a: 'b' } },
    { nodeSelector: { $patch: 'merge', c: 'd' } },
    { nodeSelector: { a: 'b', c: 'd' } },
  ],
  [
    '$retainKeys drops the other source of a volume',
    'PodSpec',
    { volumes: [{ name: 'v', emptyDir: {} }] },
    { volumes: [{ $retainKeys: ['name', 'secret'], name: 'v', secret: { secretName: 's' } }] },
    { volumes: [{ name: 'v', secret: { secretName: 's' } }] },
  ],
  [
    'primitives merge',
    'ObjectMeta',
    { finalizers: ['a', 'b'] },
    { finalizers: ['c', 'b'] },
    { finalizers: ['c', 'a', 'b'] },
  ],
  [
    '$deleteFromPrimitiveList',
    'ObjectMeta',
    { finalizers: ['a', 'b', 'c'] },
    { '$deleteFromPrimitiveList/finalizers': ['b'], finalizers: ['d'] },
    { finalizers: ['d', 'a', 'c'] },
  ],
  [
    '$deleteFromPrimitiveList alone',
    'ObjectMeta',
    { finalizers: ['a', 'b'] },
    { '$deleteFromPrimitiveList/finalizers': ['a'] },
    { finalizers: ['b'] },
  ],
  [
    '$setElementOrder alone',
    'PodSpec',
    { containers: named('a', 'b', 'c') },
    { '$setElementOrder/containers': named('c', 'a', 'b') },
    { containers: named('c', 'a', 'b') },
  ],
  [
    '$setElementOrder leaves what it does not name between its neighbours',
    'PodSpec',
    { containers: named('injected', 'a', 'b') },
    { '$setElementOrder/containers': named('a', 'new', 'b'), containers: named('new') },
    { containers: named('injected', 'a', 'new', 'b') },
  ],
  [
    'ports of a Service by number',
    'ServiceSpec',
    { ports: [{ port: 80, nodePort: 30000 }] },
    { ports: [{ port: 80, targetPort: 'http' }] },
    { ports: [{ port: 80, nodePort: 30000, targetPort: 'http' }] },
  ],
  [
    'names of Object.prototype',
    'ObjectMeta',
    {},
    { labels: { constructor: 'x', toString: null } },
    { labels: { constructor: 'x' } },
  ],
];

describe('strategic merge patch', () => {
  test.each(table)('%s', (_what, message, target, patch, result) => {
    expect(applyStrategicMergePatch(target, patch, message)).toEqual(result);
  });

  test.each<[what: string, patch: JsonObject, message: RegExp]>([
    ['an unknown directive', { $patch: 'erase' }, /unknown patch type found: "erase"/],
    [
      'an unknown directive in a list',
      { containers: [{ $patch: 'merge', name: 'a' }] },
      /unexpected \$patch in a list/,
    ],
    ['an item without its key', { containers: [{ image: 'x' }] }, /does not contain declared merge key: name/],
    ['an item that is no object', { containers: ['a'] }, /no object/],
    [
      'retained keys that miss one',
      { volumes: [{ name: 'v', $retainKeys: ['secret'], secret: {} }] },
      /name is set and not retained/,
    ],
  ])('refuses %s', (_what, patch, message) => {
    expect(() => applyStrategicMergePatch({}, patch, 'PodSpec')).toThrow(
      expect.objectContaining({ code: 400, message: expect.stringMatching(message) as string }),
    );
  });
});
