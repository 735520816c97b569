import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readBulk } from '../../src/kube/bulk-read.ts';
import { LabelPool } from '../../src/kube/label-pool.ts';
import { readManifests, type ReadResult } from '../../src/kube/read.ts';

/** A JSON value in which a mapping may have a key twice, and text may be given as it stands. */
type Piece =
  | null
  | boolean
  | number
  | string
  | readonly Piece[]
  | { readonly members: readonly (readonly [string, Piece])[] }
  | { readonly text: string };

const map = (...members: readonly (readonly [string, Piece])[]): Piece => ({ members });

function write(piece: Piece, space: string): string {
  if (piece === null || typeof piece !== 'object') return JSON.stringify(piece);
  if ('text' in piece) return piece.text;
  if ('members' in piece)
    return `{${space}${piece.members.map(([key, value]) => `${JSON.stringify(key)}:${space}${write(value, space)}`).join(`,${space}`)}${space}}`;
  return `[${space}${piece.map((item) => write(item, space)).join(`,${space}`)}${space}]`;
}

/** The result without the text that spans refer to. */
function comparable({ objects, diagnostics, skipped, rejected }: ReadResult): unknown {
  const strip = (key: string, value: unknown): unknown => {
    if (key === 'source') return undefined;
    if (typeof value === 'bigint') return `${value}n`;
    return value instanceof Map ? { map: [...(value as Map<string, string>)] } : value;
  };
  return JSON.parse(JSON.stringify({ objects, diagnostics, skipped, rejected }, strip));
}

/** Both ways to read a text. A marker behind the JSON sends it to the parser for all cases and changes nothing else. */
function bothWays(text: string): [unknown, unknown] {
  return [
    comparable(readManifests([{ name: 'a', text: `${text}\n` }])),
    comparable(readManifests([{ name: 'a', text: `${text}\n---\n` }])),
  ];
}

/** How many pods take the fast way; -1 when the whole text does not. */
function fastPods(text: string): number {
  const documents = readBulk({ name: 'a', text }, 'default', new LabelPool());
  if (documents === undefined) return -1;
  return documents.reduce(
    (count, { items }) => count + (items?.pods ?? []).filter((pod) => pod !== undefined).length,
    0,
  );
}

const usual = {
  metadata: map(
    ['name', 'web-0'],
    ['namespace', 'shop'],
    ['labels', map(['app', 'web'], ['tier', ''])],
    ['annotations', map(['a.b/c', 'x\n"y"'])],
    [
      'ownerReferences',
      [map(['apiVersion', 'apps/v1'], ['kind', 'ReplicaSet'], ['name', 'web'], ['uid', 'u'], ['controller', true])],
    ],
    ['uid', 'abc'],
    ['managedFields', [map(['fieldsV1', map(['f:x', map()])])]],
  ),
  spec: map(
    [
      'containers',
      [
        map(
          ['name', 'c'],
          [
            'ports',
            [
              map(['name', 'http'], ['containerPort', 80]),
              map(['containerPort', 53], ['protocol', 'UDP'], ['hostPort', 53]),
            ],
          ],
          ['env', []],
        ),
      ],
    ],
    [
      'initContainers',
      [
        map(['name', 'i'], ['restartPolicy', 'Always'], ['ports', [map(['containerPort', 9])]]),
        map(['name', 'j'], ['ports', [map(['containerPort', 10])]]),
      ],
    ],
    ['nodeName', 'n1'],
    ['serviceAccountName', 'sa'],
    ['hostNetwork', false],
    ['volumes', [map(['name', 'v'])]],
  ),
  status: map(
    ['phase', 'Running'],
    ['podIP', '10.0.0.1'],
    ['podIPs', [map(['ip', '10.0.0.1']), map(['ip', 'fd00::1'])]],
    ['hostIP', '192.168.0.1'],
    ['hostIPs', [map(['ip', '192.168.0.1'])]],
    ['conditions', [map(['type', 'Ready'])]],
  ),
};

const pod = (parts: { readonly metadata?: Piece; readonly spec?: Piece; readonly status?: Piece } = {}): Piece => {
  const { metadata, spec, status } = { ...usual, ...parts };
  return map(['apiVersion', 'v1'], ['kind', 'Pod'], ['metadata', metadata], ['spec', spec], ['status', status]);
};
const list = (...items: readonly Piece[]): Piece => map(['apiVersion', 'v1'], ['kind', 'List'], ['items', items]);

describe('pods that take the fast way', () => {
  test.each<[name: string, text: string, fast: number]>([
    ['in a List', write(list(pod()), ''), 1],
    [
      'in a List, kind last as kubectl prints it',
      write(
        map(['apiVersion', 'v1'], ['items', [pod()]], ['kind', 'List'], ['metadata', map(['resourceVersion', ''])]),
        ' ',
      ),
      1,
    ],
    [
      'in a PodList, without kind',
      write(
        map(
          ['kind', 'PodList'],
          ['apiVersion', 'v1'],
          ['metadata', map()],
          ['items', [map(['metadata', usual.metadata], ['spec', usual.spec])]],
        ),
        '',
      ),
      1,
    ],
    ['alone', write(pod(), '\n'), 1],
    [
      'in a stream',
      `${write(pod(), '')}\n${write(list(pod({ metadata: map(['name', 'b']) })), '')}${write(pod({ metadata: map(['name', 'c']) }), '')}`,
      3,
    ],
    [
      'beside other kinds',
      write(
        list(
          map(['apiVersion', 'v1'], ['kind', 'Namespace'], ['metadata', map(['name', 'shop'])]),
          pod(),
          map(['apiVersion', 'v1'], ['kind', 'ConfigMap']),
        ),
        '',
      ),
      1,
    ],
    ['behind a BOM', `\ufeff ${write(list(pod()), '')} \n`, 1],
    [
      'without a status',
      write(list(map(['apiVersion', 'v1'], ['kind', 'Pod'], ['metadata', usual.metadata], ['spec', usual.spec])), ''),
      1,
    ],
    ['with an empty status', write(list(pod({ status: map() })), ''), 1],
    [
      'with text beyond ASCII',
      write(list(pod({ metadata: map(['name', 'a'], ['annotations', map(['note', 'schön 😀'])]) })), ''),
      1,
    ],
    [
      'terminating',
      write(list(pod({ metadata: map(['name', 'a'], ['deletionTimestamp', '2026-01-01T00:00:00Z']) })), ''),
      1,
    ],
  ])('%s', (_name, text, fast) => {
    expect(fastPods(text)).toBe(fast);
    const [quick, slow] = bothWays(text);
    expect(quick).toStrictEqual(slow);
    expect(quick).toMatchObject({ rejected: 0 });
  });

  test('equal labels, ports, owners and node addresses are shared', () => {
    const text = write(
      list(pod(), pod({ metadata: map(['name', 'web-1'], ['labels', map(['app', 'web'], ['tier', ''])]) })),
      '',
    );
    const [a, b] = readManifests([{ name: 'a', text }]).objects.pods;
    expect(a?.meta.labels).toBe(b?.meta.labels);
    expect(a?.pod.labels).toBe(a?.meta.labels);
    expect(a?.hostIps).toBe(b?.hostIps);
    expect(a?.pod.ports[0]).toBe(b?.pod.ports[0]);
  });
});

describe('texts that do not', () => {
  test.each<[name: string, text: string]>([
    ['YAML', 'apiVersion: v1\nkind: Pod\n'],
    ['flow YAML', '{"apiVersion":"v1","kind":"Pod",}'],
    ['several documents', `${write(pod(), '')}\n---\n${write(pod(), '')}`],
    ['a list at the top', `[${write(pod(), '')}]`],
    ['cut off', write(list(pod()), '').slice(0, -5)],
    ['an unrendered template', write(list(pod({ metadata: map(['name', '{{ .Values.x }}']) })), '')],
    ['no kind', '{"apiVersion":"v1"}'],
    ['kind twice', '{"apiVersion":"v1","kind":"List","kind":"List","items":[]}'],
    ['nesting without end', `{"apiVersion":"v1","kind":"List","items":[${'['.repeat(200)}${']'.repeat(200)}]}`],
    ['nothing', ''],
  ])('%s', (_name, text) => {
    expect(fastPods(text)).toBe(-1);
    const [quick, slow] = bothWays(text);
    if (!text.startsWith('apiVersion') && text !== '') expect(quick).toStrictEqual(slow);
  });
});

/** Replaces one thing somewhere inside: the same kind of slip that people and machines make. */
const slips: readonly ((piece: Piece) => Piece)[] = [
  () => null,
  () => true,
  () => 0,
  () => 70000,
  () => -1,
  () => ({ text: '80.0' }),
  () => ({ text: '1e2' }),
  () => ({ text: '"\\u0077eb"' }),
  () => ({ text: '"ünï"' }),
  () => '',
  () => 'UPPER_case',
  () => 'x'.repeat(300),
  () => [],
  () => map(),
  () => [null],
  () => map(['a', map(['b', []])]),
  () => 'Always',
  () => '999.1.1.1',
  () => '010.1.1.1',
  (piece) => (isMapping(piece) ? { members: [...piece.members, ...piece.members.slice(0, 1)] } : piece),
  (piece) => (isMapping(piece) ? { members: [...piece.members, ['somethingNew', 1]] } : piece),
  (piece) => (isMapping(piece) ? { members: piece.members.toReversed() } : piece),
  (piece) => (isMapping(piece) ? { members: piece.members.slice(1) } : piece),
  (piece) =>
    isMapping(piece) ? { members: piece.members.map(([key, value]) => [key.toUpperCase(), value] as const) } : piece,
  (piece) => (Array.isArray(piece) ? [...(piece as readonly Piece[]), ...(piece as readonly Piece[])] : piece),
  (piece) => [piece],
];

function isMapping(piece: Piece): piece is { readonly members: readonly (readonly [string, Piece])[] } {
  return typeof piece === 'object' && piece !== null && 'members' in piece;
}

/** Changes the node that is number `at` in document order. */
function change(piece: Piece, at: number, slip: (piece: Piece) => Piece): [Piece, number] {
  if (at === 0) return [slip(piece), -1];
  let left = at - 1;
  const visit = (child: Piece): Piece => {
    if (left < 0) return child;
    const [changed, rest] = change(child, left, slip);
    left = rest;
    return changed;
  };
  if (isMapping(piece)) return [{ members: piece.members.map(([key, value]) => [key, visit(value)] as const) }, left];
  if (Array.isArray(piece)) return [(piece as readonly Piece[]).map(visit), left];
  return [piece, left];
}

const names = fc.constantFrom('web-0', 'web-1', 'api', 'db');
const randomPod: fc.Arbitrary<Piece> = fc
  .record({
    name: names,
    namespace: fc.constantFrom('shop', 'default', ''),
    labels: fc.constantFrom(
      map(),
      map(['app', 'web']),
      map(['app', 'web'], ['tier', 'front']),
      map(['tier', 'front'], ['app', 'web']),
    ),
    phase: fc.constantFrom('Running', 'Pending', 'Succeeded', '', 'Weird'),
    ips: fc.constantFrom<Piece>(
      [map(['ip', '10.1.2.3'])],
      [],
      [map(['ip', 'fd00::2'])],
      [map(['ip', '::ffff:1.2.3.4'])],
    ),
    shuffle: fc.boolean(),
  })
  .map(({ name, namespace, labels, phase, ips, shuffle }) => {
    const made = pod({
      metadata: map(['name', name], ['namespace', namespace], ['labels', labels], ['creationTimestamp', null]),
      status: map(['phase', phase], ['podIPs', ips], ['podIP', '10.1.2.3'], ['hostIP', '192.168.0.7']),
    });
    return shuffle && isMapping(made) ? { members: made.members.toReversed() } : made;
  });
const others: readonly Piece[] = [
  map(['apiVersion', 'v1'], ['kind', 'Namespace'], ['metadata', map(['name', 'shop'])]),
  map(
    ['apiVersion', 'networking.k8s.io/v1'],
    ['kind', 'NetworkPolicy'],
    ['metadata', map(['name', 'p'])],
    ['spec', map(['podSelector', map()], ['ingres', []])],
  ),
  map(['apiVersion', 'v1'], ['kind', 'ConfigMap'], ['data', map(['a', 'b'])]),
  map(
    ['apiVersion', 'apps/v1'],
    ['kind', 'Deployment'],
    ['metadata', map(['name', 'web'])],
    ['spec', map(['template', map(['spec', map(['containers', []])])])],
  ),
  map(['apiVersion', 'v2'], ['kind', 'Pod'], ['metadata', map(['name', 'x'])]),
  map(['kind', 'Pod'], ['metadata', map(['name', 'y'])]),
  'text',
  null,
  [],
];

describe('the fast way is the slow way', () => {
  test('on random lists and streams with slips in them', () => {
    let fast = 0;
    let total = 0;
    fc.assert(
      fc.property(
        fc.array(fc.oneof({ weight: 4, arbitrary: randomPod }, { weight: 1, arbitrary: fc.constantFrom(...others) }), {
          maxLength: 5,
        }),
        fc.constantFrom('List', 'List', 'List', 'PodList', 'NamespaceList', 'EventList', 'Lst', 'stream'),
        fc.boolean(),
        fc.array(fc.tuple(fc.nat(150), fc.constantFrom(...slips)), { maxLength: 2 }),
        fc.constantFrom('', '', ' ', '\n', '\r\n\t'),
        (items, kind, kindLast, changes, space) => {
          let changed: readonly Piece[] = items;
          for (const [at, slip] of changes) {
            const [next] = change(changed, at, slip);
            if (Array.isArray(next)) changed = next as readonly Piece[];
          }
          const head: readonly (readonly [string, Piece])[] = [
            ['apiVersion', 'v1'],
            ['kind', kind],
          ];
          const entries: readonly (readonly [string, Piece])[] = kindLast
            ? [['items', changed], ...head]
            : [...head, ['metadata', map()], ['items', changed]];
          const text =
            kind === 'stream'
              ? changed.map((item) => write(item, space)).join('\n')
              : write({ members: entries }, space);
          const [quick, slow] = bothWays(text);
          expect(quick).toStrictEqual(slow);
          total += items.length;
          fast += Math.max(0, fastPods(text));
        },
      ),
      { seed: 5, numRuns: 1000 },
    );
    expect(fast).toBeGreaterThan(total / 4);
  });

  test('on every single slip in a pod', () => {
    for (const slip of slips) {
      const changed = Array.from({ length: 90 }, (_, at) => change(pod(), at, slip)[0]);
      const text = write(list(...changed, pod({ metadata: map(['name', 'other']) })), '');
      const [quick, slow] = bothWays(text);
      expect(quick).toStrictEqual(slow);
    }
  });

  test('on damaged text', () => {
    const base = write(list(pod(), others[0] ?? null, pod()), '');
    fc.assert(
      fc.property(
        fc.nat(base.length),
        fc.nat(3),
        fc.constantFrom('', '"', ',', '}', ']', '\\', '1', '{', '[', ':', ' ', '\u0001', 'é', '\ufeff'),
        (at, drop, insert) => {
          const text = base.slice(0, at) + insert + base.slice(at + drop);
          const [quick, slow] = bothWays(text);
          expect(quick).toStrictEqual(slow);
        },
      ),
      { seed: 6, numRuns: 600 },
    );
  });
});
