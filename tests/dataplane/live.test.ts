/** Packets that are not the first of a connection that everybody knows about. */
import { describe, expect, it } from 'vitest';
import { cidr4 } from '../../src/base/inet.ts';
import { diffPlans, installPlan } from '../../src/dataplane/transaction.ts';
import type { Manifest } from '../oracle/manifest.ts';
import { Random } from '../property/random.ts';
import { randomCluster } from '../property/random-cluster.ts';
import { FakeTable, type Packet } from './fake-table.ts';
import { planOf } from './plan-cluster.ts';

const pod = (name: string, address: string, nodeName = 'node1'): Manifest => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'n', labels: { name } },
  spec: { nodeName, containers: [{ name: 'c' }] },
  status: { phase: 'Running', podIP: address },
});

const objects: readonly Manifest[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } },
  pod('closed', '10.0.0.1'),
  pod('open', '10.0.0.2'),
  pod('far', '10.0.9.3', 'node2'),
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'p', namespace: 'n' },
    spec: { podSelector: { matchLabels: { name: 'closed' } }, ingress: [{ ports: [{ port: 80 }] }] },
  },
];

const packet: Packet = {
  hook: 'forward',
  family: 4,
  saddr: '10.0.9.3',
  daddr: '10.0.0.1',
  protocol: 6,
  sport: 40000,
  dport: 80,
  state: 'new',
  direction: 'original',
  mark: 0,
  syn: true,
};

function tableOf(closed: boolean): FakeTable {
  const table = new FakeTable();
  const closedRanges = closed ? [cidr4(0x0a000000, 24)] : [];
  table.apply(installPlan(planOf(objects, 'node1', { closedRanges })));
  return table;
}

describe('connections that conntrack forgot', () => {
  const table = tableOf(false);
  it.each([
    ['to an isolated pod', { syn: false }, 'reset'],
    ['from an isolated pod', { syn: false, saddr: '10.0.0.1', daddr: '10.0.9.3' }, 'reset'],
    ['of pods that nothing judges', { syn: false, daddr: '10.0.0.2' }, 'accept'],
    ['not TCP, which has no beginning to see', { syn: false, protocol: 17 }, 'drop'],
  ] as const)('%s', (_what, change, verdict) => {
    expect(table.judge({ ...packet, ...change }).verdict).toBe(verdict);
  });
});

describe('pods that nobody has told us about', () => {
  it.each([
    ['get nothing', { daddr: '10.0.0.77' }, 'drop'],
    ['send nothing', { saddr: '10.0.0.77', daddr: '10.0.9.3' }, 'drop'],
    ['not even to pods that anybody may reach', { saddr: '10.0.0.77', daddr: '10.0.0.2' }, 'drop'],
    ['known ones do', { saddr: '10.0.0.1', daddr: '10.0.9.3' }, 'accept'],
    ['addresses elsewhere are none of ours', { saddr: '10.0.9.77', daddr: '10.0.0.2' }, 'accept'],
  ] as const)('%s', (_what, change, verdict) => {
    expect(tableOf(true).judge({ ...packet, ...change }).verdict).toBe(verdict);
    expect(tableOf(false).judge({ ...packet, ...change }).verdict).toBe('accept');
  });
});

describe('what passes through the node', () => {
  it('is not marked', () => {
    const through = { ...packet, saddr: '198.51.100.1', daddr: '203.0.113.1', mark: 0x77 };
    expect(tableOf(true).judge(through)).toEqual({ verdict: 'accept', mark: 0x77 });
  });
});

describe('a pod that is gone', () => {
  it.each([
    ['leaves its connections to nobody where addresses are closed', [cidr4(0x0a000000, 24)], true],
    ['is like everybody elsewhere where they are not', [], false],
  ])('%s', (_what, closedRanges, moves) => {
    const before = planOf(objects, 'node1', { closedRanges });
    const without = objects.filter(({ metadata }) => metadata.name !== 'open');
    const after = planOf(without, 'node1', { closedRanges, previous: before });
    expect(diffPlans(before, after, { generation: 1 }).generation !== 1).toBe(moves);
  });

  it('and a range that becomes closed ends what went on in it', () => {
    const before = planOf(objects, 'node1');
    const after = planOf(objects, 'node1', { closedRanges: [cidr4(0x0a000000, 24)], previous: before });
    expect(diffPlans(before, after, { generation: 1 }).generation).not.toBe(1);
    expect(diffPlans(after, before, { generation: 1 }).generation).toBe(1);
  });
});

const addressesOf = (manifests: readonly Manifest[]): string[] => [
  ...new Set(
    manifests.flatMap(({ status }) => (status?.podIPs ?? []).map(({ ip }) => ip).filter((ip) => !ip.includes(':'))),
  ),
  '192.0.2.1',
  '203.0.113.7',
];

describe('a generation that stays', () => {
  it('means that nothing is forbidden that was allowed', () => {
    let stayed = 0;
    let moved = 0;
    const wrong: string[] = [];
    for (let seed = 1; seed <= 120; seed++) {
      const random = new Random(seed);
      const all = randomCluster(seed);
      // One object comes or goes.
      const one = random.pick(all.filter(({ kind }) => kind !== 'Node' && kind !== 'Namespace'));
      const without = all.filter((object) => object !== one);
      const [from, to] = random.chance(0.5) ? [all, without] : [without, all];
      const before = planOf(from, 'node1');
      const transaction = diffPlans(before, planOf(to, 'node1', { previous: before }), { generation: 1 });
      if (transaction.generation !== 1) {
        moved++;
        continue;
      }
      stayed++;
      const [old, now] = [new FakeTable(), new FakeTable()];
      old.apply(installPlan(before));
      now.apply(installPlan(before));
      now.apply(transaction);
      const addresses = addressesOf(all);
      for (const saddr of addresses) {
        for (const daddr of addresses) {
          for (const [protocol, dport] of [
            [6, 80],
            [6, 53],
            [17, 53],
            [132, 80],
            [1, 0],
          ] as const) {
            const first = { ...packet, saddr, daddr, protocol, dport };
            if (old.judge(first).verdict === 'accept' && now.judge(first).verdict !== 'accept')
              wrong.push(`seed ${seed}: ${saddr} -> ${daddr} ${protocol}/${dport}`);
          }
        }
      }
    }
    expect(wrong.slice(0, 5)).toEqual([]);
    expect(Math.min(stayed, moved)).toBeGreaterThan(10);
  });
});
