/** What a change of the cluster changes in the kernel. */
import { describe, expect, it } from 'vitest';
import { DEFAULT_FIELD, generationRules, nextGeneration, otherUserOf } from '../../src/dataplane/generation.ts';
import { renderTransaction } from '../../src/dataplane/render.ts';
import { diffPlans, installPlan, type Transaction } from '../../src/dataplane/transaction.ts';
import type { Manifest } from '../oracle/manifest.ts';
import { largeCluster, randomCluster } from '../property/random-cluster.ts';
import { FakeTable } from './fake-table.ts';
import { planOf } from './plan-cluster.ts';

const pod = (name: string, address: string, app: string, nodeName: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'n', labels: { app } },
  spec: { nodeName, containers: [{ name: 'c' }] },
  status: { phase: 'Running', podIP: address },
});

const policy = (name: string, spec: unknown): Manifest => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: 'n' },
  spec,
});

const toDb = (port: number, ...apps: string[]): Manifest =>
  policy('db', {
    podSelector: { matchLabels: { app: 'db' } },
    ingress: [
      {
        from: [{ podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: apps }] } }],
        ports: [{ port }],
      },
    ],
  });

const namespace: Manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } };
const db = pod('db', '10.0.0.1', 'db', 'node1');
const web = pod('web', '10.0.0.2', 'web', 'node2');
const api = pod('api', '10.0.0.3', 'api', 'node2');
const before = [namespace, db, web, api, toDb(5432, 'web')];

function change(from: readonly Manifest[], to: readonly Manifest[]): Transaction {
  const plan = planOf(from, 'node1');
  return diffPlans(plan, planOf(to, 'node1', { previous: plan }), { generation: 7 });
}

/** Without the two chains that hold the generation, and with the name of the policy set left out. */
function linesOf(transaction: Transaction): string[] {
  return renderTransaction(transaction)
    .split('\n')
    .filter((line) => line !== '' && !/ (current|stamp) /.test(`${line} `))
    .map((line) => line.replaceAll(/in_[0-9a-z]{14}/g, 'SET'));
}

const cases: readonly [what: string, to: readonly Manifest[], lines: readonly string[], generation: number][] = [
  ['nothing', before, [], 7],
  [
    'another peer of a known kind',
    [...before, pod('web2', '10.0.0.4', 'web', 'node2')],
    ['add element inet sallyport peer4 { 10.0.0.4 : 1000:1 }'],
    7,
  ],
  [
    'the last peer of a kind goes',
    before.filter((object) => object !== web),
    [
      'delete element inet sallyport peer4 { 10.0.0.2 }',
      'flush chain inet sallyport SET',
      'add rule inet sallyport SET jump source',
      'add rule inet sallyport SET goto deny',
      'flush chain inet sallyport SET_r',
      'add rule inet sallyport SET_r jump destination',
      'add rule inet sallyport SET_r goto deny',
      'delete set inet sallyport SET_p',
    ],
    8,
  ],
  ['a pod that nobody asks about', [...before, pod('x', '10.0.0.9', 'x', 'node2')], [], 7],
  [
    'the only peer of a kind moves to another address: a new number, for the old one may be in flight',
    [...before.filter((object) => object !== web), pod('web', '10.0.0.7', 'web', 'node2')],
    [
      'delete element inet sallyport peer4 { 10.0.0.2 }',
      'add element inet sallyport peer4 { 10.0.0.7 : 1000:2 }',
      'delete element inet sallyport SET_p { 1000:1 . 6 . 5432 }',
      'add element inet sallyport SET_p { 1000:2 . 6 . 5432 }',
    ],
    8,
  ],
  [
    'a port more',
    [
      ...before.slice(0, 4),
      policy('db', {
        podSelector: { matchLabels: { app: 'db' } },
        ingress: [
          { from: [{ podSelector: { matchLabels: { app: 'web' } } }], ports: [{ port: 5432 }, { port: 5433 }] },
        ],
      }),
    ],
    ['add element inet sallyport SET_p { 1000:1 . 6 . 5433 }'],
    7,
  ],
  [
    'another port',
    [...before.slice(0, 4), toDb(5433, 'web')],
    [
      'delete element inet sallyport SET_p { 1000:1 . 6 . 5432 }',
      'add element inet sallyport SET_p { 1000:1 . 6 . 5433 }',
    ],
    8,
  ],
  [
    'another app may too',
    [...before.slice(0, 4), toDb(5432, 'web', 'api')],
    ['add element inet sallyport peer4 { 10.0.0.3 : 1000:1 }'],
    7,
  ],
];

describe('a change is as small as it can be', () => {
  it.each(cases)('%s', (_what, to, lines, generation) => {
    const transaction = change(before, to);
    expect(linesOf(transaction)).toEqual(lines);
    expect(transaction.generation).toBe(generation);
  });

  it('networks keep their numbers too', () => {
    const blocks = policy('blocks', {
      podSelector: { matchLabels: { app: 'db' } },
      ingress: ['192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'].map((cidr, index) => ({
        from: [{ ipBlock: { cidr, except: [cidr.replace('0/24', `${16 * index}/28`)] } }],
        ports: [{ port: 1000 + index }],
      })),
    });
    const transaction = change([...before, blocks], [...before, blocks, pod('web2', '10.0.0.4', 'web', 'node2')]);
    expect(linesOf(transaction)).toEqual([expect.stringMatching(/^add element inet sallyport peer4 \{ 10.0.0.4 : /)]);
    expect(transaction.generation).toBe(7);
  });

  it('isolation that begins is judged on live connections', () => {
    expect(change(before.slice(0, 4), before).generation).toBe(8);
  });

  it('isolation that ends is not', () => {
    expect(change(before, before.slice(0, 4)).generation).toBe(7);
  });

  it('an address that comes to another pod is', () => {
    const renamed = before.map((object) => (object === db ? pod('db2', '10.0.0.1', 'db', 'node1') : object));
    expect(change(before, renamed).generation).toBe(8);
  });

  it('no generation comes twice', () => {
    const next = [0, 1, 65533, 65534, 65535].map((generation) => nextGeneration(generation, DEFAULT_FIELD));
    expect(next).toEqual([1, 2, 65534, 65535, 65535]);
  });

  it('a field that others use is known', () => {
    expect(otherUserOf(DEFAULT_FIELD)).toBeUndefined();
    expect(otherUserOf({ shift: 8, bits: 24 })).toBeUndefined();
    expect(otherUserOf({ shift: 0, bits: 8 })?.mask).toBe(0x80);
  });

  it('without a generation every packet is judged, and no mark says otherwise', () => {
    const field = { shift: 30, bits: 2 };
    expect([1, 2, 3].map((generation) => [...generationRules(generation, field).values()])).toEqual([
      [
        ['ct mark & 0xc0000000 == 0x40000000 accept'],
        ['meta priority set none', 'ct mark set ct mark & 0x3fffffff | 0x40000000 accept', 'accept'],
      ],
      [
        ['ct mark & 0xc0000000 == 0x80000000 accept'],
        ['meta priority set none', 'ct mark set ct mark & 0x3fffffff | 0x80000000 accept', 'accept'],
      ],
      [[], ['meta priority set none', 'ct mark set ct mark & 0x3fffffff | 0x00000000 accept', 'accept']],
    ]);
  });
});

/** Elements and rules by name, as they are now. */
function contentOf(table: FakeTable): unknown {
  const sorted = <T>(map: ReadonlyMap<string, T>) => [...map].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return structuredClone([
    sorted(table.sets).map(([name, { elements }]) => [name, sorted(elements)]),
    sorted(table.chains),
  ]);
}

describe('from plan to plan', () => {
  it('the table becomes what the plan would have made of nothing', () => {
    const table = new FakeTable();
    let plan = planOf(randomCluster(1), 'node1');
    let { generation } = installPlan(plan);
    table.apply(installPlan(plan));
    for (let seed = 2; seed <= 120; seed++) {
      const next = planOf(seed % 40 === 0 ? largeCluster(seed) : randomCluster(seed), `node${1 + (seed % 2)}`, {
        previous: plan,
      });
      const transaction = diffPlans(plan, next, { generation });
      table.apply(transaction);
      ({ generation } = transaction);
      plan = next;
      const fresh = new FakeTable();
      fresh.apply(installPlan(next, { generation: generation - 1 }));
      expect(contentOf(table), `seed ${seed}`).toEqual(contentOf(fresh));
    }
  });

  it('a changed plan and back is the first plan again', () => {
    const first = planOf(largeCluster(5), 'node1');
    const second = planOf(
      largeCluster(5).filter(({ kind }) => kind !== 'NetworkPolicy'),
      'node1',
      { previous: first },
    );
    const table = new FakeTable();
    table.apply(installPlan(first));
    const content = contentOf(table);
    table.apply(diffPlans(first, second, { generation: 1 }));
    expect(contentOf(table)).not.toEqual(content);
    table.apply(diffPlans(second, first, { generation: 0 }));
    expect(contentOf(table)).toEqual(content);
  });
});
