/** What the table tells about packets: held against the oracle, and never in the place of a verdict. */
import { describe, expect, it } from 'vitest';
import { cidr4 } from '../../src/base/inet.ts';
import { countersOf, type CounterMeaning } from '../../src/dataplane/counters.ts';
import { parseLogPrefix } from '../../src/dataplane/log-prefix.ts';
import { FULL_OBSERVATION } from '../../src/dataplane/observation.ts';
import type { Plan } from '../../src/dataplane/plan.ts';
import { diffPlans, installPlan } from '../../src/dataplane/transaction.ts';
import { Compiled } from '../../src/engine/compiled.ts';
import type { Manifest } from '../oracle/manifest.ts';
import type { Gate } from '../oracle/oracle.ts';
import { Random } from '../property/random.ts';
import { randomCluster } from '../property/random-cluster.ts';
import { FakeTable, type Packet } from './fake-table.ts';
import { clusterOf, planOf } from './plan-cluster.ts';
import { node, questions } from './questions.ts';

const namespace: Manifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } };

function pod(name: string, address: string, nodeName = node): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'n', labels: { name } },
    spec: { nodeName, containers: [{ name: 'c' }] },
    status: { phase: 'Running', podIP: address },
  };
}

function closing(direction: 'ingress' | 'egress'): Manifest {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'closing', namespace: 'n' },
    spec: {
      podSelector: {},
      policyTypes: [direction === 'ingress' ? 'Ingress' : 'Egress'],
    },
  };
}

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

interface Told {
  readonly prefixes: readonly string[];
  /** What was counted, once per packet. */
  readonly counted: readonly CounterMeaning[];
}

/** What a packet leaves behind. */
function told(table: FakeTable, plan: Plan, packet: Packet): Told {
  const before = new Map(table.counters);
  const meanings = countersOf(plan);
  table.logged.length = 0;
  table.judge(packet);
  const counted: CounterMeaning[] = [];
  for (const [name, packets] of table.counters) {
    const meaning = meanings.get(name);
    if (meaning !== undefined) for (let i = before.get(name) ?? 0; i < packets; i++) counted.push(meaning);
  }
  return { prefixes: [...table.logged], counted };
}

function tableOf(plan: Plan): FakeTable {
  const table = new FakeTable();
  table.apply(installPlan(plan));
  return table;
}

/** `namespace/name spec.ingress[0]`, `Kind/name ...`: what comes before the rule. */
const policyIn = (by: string): string => by.split(' ', 1)[0] ?? '';

/** As the plan names policies; cluster policies without their kind. */
function planNames(gate: Gate): string[] {
  return gate.by.map(policyIn).map((name) => {
    const [namespace, policy] = name.split('/');
    return gate.tier === 'NetworkPolicy' ? `${namespace}/NetworkPolicy/${policy}` : name;
  });
}

describe('denials', () => {
  it('each is logged and counted once, by a policy set of the gate that denies', () => {
    const wrong: string[] = [];
    let denials = 0;
    for (let seed = 1; seed <= 12; seed++) {
      const objects = randomCluster(seed);
      const plan = planOf(objects, node, { observation: FULL_OBSERVATION });
      const table = tableOf(plan);
      for (const { label, packet, egress, ingress, allowed } of questions(objects, false)) {
        if (packet.hook === 'output') continue;
        const { prefixes, counted } = told(table, plan, packet);
        const denied = counted.filter(({ kind }) => kind === 'denied');
        const [meaning] = denied;
        const direction = egress?.allowed === false ? 'egress' : ingress?.allowed === false ? 'ingress' : undefined;
        if (direction !== undefined) denials++;
        const [log] = prefixes.map(parseLogPrefix);
        const sound = allowed
          ? denied.length + prefixes.length === 0
          : denied.length === 1 &&
            prefixes.length === 1 &&
            meaning?.kind === 'denied' &&
            meaning.direction === direction &&
            log?.policySet === meaning.policySet &&
            log.verdict === 'deny' &&
            !log.reply;
        if (!sound) wrong.push(`seed ${seed}: ${label}: ${JSON.stringify({ prefixes, counted, direction })}`);
      }
    }
    expect(wrong.slice(0, 3)).toEqual([]);
    expect(denials).toBeGreaterThan(400);
  });

  it('of replies say so', () => {
    const [subject, client] = [pod('server', '10.0.0.1'), pod('client', '10.0.9.1', 'node2')];
    const plan = planOf([namespace, subject, client, closing('ingress')], node, { observation: FULL_OBSERVATION });
    const table = tableOf(plan);
    const { prefixes } = told(table, plan, {
      ...packet,
      saddr: '10.0.0.1',
      daddr: '10.0.9.1',
      direction: 'reply',
      state: 'established',
    });
    expect(prefixes.map(parseLogPrefix)).toEqual([
      { verdict: 'deny', policySet: plan.policySets[0]?.name, reply: true },
    ]);
  });

  it('of pods that nobody knows have no policy set', () => {
    const plan = planOf([namespace, pod('p', '10.0.0.1')], node, {
      observation: FULL_OBSERVATION,
      closedRanges: [cidr4(0x0a000000, 24)],
    });
    expect(told(tableOf(plan), plan, { ...packet, daddr: '10.0.0.77' })).toEqual({
      prefixes: ['sp unknown-pod -'],
      counted: [{ kind: 'unknown-pod' }],
    });
  });
});

describe('hits', () => {
  it('go to the first of the policies that let the packet in', () => {
    const wrong: string[] = [];
    let hits = 0;
    for (let seed = 1; seed <= 24; seed++) {
      const objects = randomCluster(seed);
      const plan = planOf(objects, node, { observation: FULL_OBSERVATION });
      const table = tableOf(plan);
      for (const { label, packet, egress, ingress, allowed } of questions(objects, false)) {
        if (packet.hook === 'output') continue;
        const { counted } = told(table, plan, packet);
        for (const meaning of counted) {
          if (meaning.kind !== 'hits') continue;
          hits++;
          const gate = meaning.direction === 'egress' ? egress : ingress;
          const names = gate === undefined ? [] : planNames(gate);
          // Of policies that open ranges to one peer only one is counted.
          const sound = gate?.allowed === true && names.includes(meaning.policy.replace(/^\w+Policy\//, ''));
          if (!sound) wrong.push(`seed ${seed}: ${label}: ${meaning.policy}, not ${JSON.stringify(gate)}`);
        }
        const twice = counted.filter(({ kind }) => kind === 'hits').length > (egress && ingress ? 2 : 1);
        if (twice || (!allowed && counted.some((each) => each.kind === 'hits' && each.direction === 'ingress')))
          wrong.push(`seed ${seed}: ${label}: counted too often`);
      }
    }
    expect(wrong.slice(0, 5)).toEqual([]);
    expect(hits).toBeGreaterThan(400);
  });

  const policyFor = (name: string, port: number, ...from: string[]): Manifest => ({
    ...closing('ingress'),
    metadata: { name, namespace: 'n' },
    spec: {
      podSelector: { matchLabels: { name: 'server' } },
      ingress: [
        {
          ...(from.length === 0
            ? {}
            : { from: [{ podSelector: { matchExpressions: [{ key: 'name', operator: 'In', values: from }] } }] }),
          ports: [{ port }],
        },
      ],
    },
  });
  const cluster = [
    namespace,
    pod('server', '10.0.0.1'),
    pod('x', '10.0.9.1', 'node2'),
    pod('y', '10.0.9.2', 'node2'),
    policyFor('b', 80, 'x'),
    policyFor('c', 80, 'x', 'y'),
    policyFor('a', 81, 'x'),
    policyFor('d', 9100),
  ];

  it.each([
    ['10.0.9.1', 80, 'b'],
    ['10.0.9.2', 80, 'c'],
    ['10.0.9.1', 81, 'a'],
    ['10.0.9.1', 9100, 'd'],
    ['192.0.2.9', 9100, 'd'],
  ])('%s to port %i is let in by %s', (saddr, dport, policy) => {
    const plan = planOf(cluster, node, { observation: FULL_OBSERVATION });
    expect(told(tableOf(plan), plan, { ...packet, saddr, dport }).counted).toEqual([
      { kind: 'hits', direction: 'ingress', policy: `n/NetworkPolicy/${policy}` },
    ]);
  });

  it('stay when policies around change', () => {
    const plan = planOf(cluster, node, { observation: FULL_OBSERVATION });
    const table = tableOf(plan);
    table.judge({ ...packet, saddr: '10.0.9.1', dport: 80 });
    const next = planOf([...cluster.slice(0, -1), policyFor('e', 9200)], node, {
      observation: FULL_OBSERVATION,
      previous: plan,
    });
    table.apply(diffPlans(plan, next, { generation: 1 }));
    const [name] = [...countersOf(next)].find(([, each]) => each.kind === 'hits' && each.policy.endsWith('/b')) ?? [];
    expect(table.counters.get(name ?? '')).toBe(1);
    expect([...countersOf(next).keys()].toSorted()).toEqual([...table.counters.keys()].toSorted());
  });

  it('cost established traffic nothing', () => {
    const plan = planOf(cluster, node, { observation: FULL_OBSERVATION });
    const { counted, prefixes } = told(tableOf(plan), plan, {
      ...packet,
      saddr: '10.0.9.1',
      state: 'established',
      mark: 0x10000,
    });
    expect({ counted, prefixes }).toEqual({ counted: [], prefixes: [] });
  });
});

describe('policies in audit mode', () => {
  it('are told where they would deny, and nothing else; no verdict changes', () => {
    const wrong: string[] = [];
    let would = 0;
    for (let seed = 1; seed <= 20; seed++) {
      const all = randomCluster(seed);
      const random = new Random(seed);
      const enforced = all.filter(({ kind }) => !kind.endsWith('Policy') || random.chance(0.5));
      const plan = planOf(enforced, node, {
        observation: { ...FULL_OBSERVATION, hits: seed % 2 === 0 },
        staged: new Compiled(clusterOf(all)),
      });
      const table = tableOf(plan);
      const staged = [...questions(all, false)];
      for (const [index, { label, packet, allowed, egress, ingress }] of [...questions(enforced, false)].entries()) {
        if (packet.hook === 'output') continue;
        const then = staged[index];
        if (then?.label !== label) throw new Error('the questions differ');
        if ((table.judge(packet).verdict === 'accept') !== allowed) wrong.push(`seed ${seed}: ${label}: verdict`);
        const { counted, prefixes } = told(table, plan, packet);
        const expected = [
          egress?.allowed === true && then.egress?.allowed === false ? 'egress' : '',
          ingress?.allowed === true && then.ingress?.allowed === false ? 'ingress' : '',
        ].filter((direction) => direction !== '');
        would += expected.length;
        const found = counted.flatMap((each) => (each.kind === 'would-deny' ? [each.direction] : [])).toSorted();
        const logged = prefixes.filter((prefix) => parseLogPrefix(prefix)?.verdict === 'would-deny');
        if (JSON.stringify(found) !== JSON.stringify(expected) || logged.length !== expected.length)
          wrong.push(`seed ${seed}: ${label}: ${JSON.stringify({ counted, prefixes, expected })}`);
        const later = { ...packet, state: 'established', mark: 0x10000 } as const;
        if (told(table, plan, later).prefixes.length > 0) wrong.push(`seed ${seed}: ${label}: established`);
      }
    }
    expect(wrong.slice(0, 3)).toEqual([]);
    expect(would).toBeGreaterThan(200);
  });

  it('name the policies that are not in force', () => {
    const [server, client] = [pod('server', '10.0.0.1'), pod('client', '10.0.9.1', 'node2')];
    const plan = planOf([namespace, server, client], node, {
      observation: FULL_OBSERVATION,
      staged: new Compiled(clusterOf([namespace, server, client, closing('ingress')])),
    });
    expect(plan.policySets).toEqual([]);
    expect(plan.shadowSets.map(({ direction, policies }) => [direction, policies])).toEqual([
      ['ingress', ['n/NetworkPolicy/closing']],
    ]);
  });

  it('that open more are not shown', () => {
    const objects = [namespace, pod('server', '10.0.0.1'), closing('ingress')];
    const open = {
      ...closing('ingress'),
      metadata: { name: 'open', namespace: 'n' },
      spec: { podSelector: {}, ingress: [{}] },
    };
    const plan = planOf(objects, node, { staged: new Compiled(clusterOf([...objects, open])) });
    expect(plan.shadowSets).toEqual([]);
  });
});

describe('allowances', () => {
  it('are logged when they are asked for, at the last gate', () => {
    const objects = [namespace, pod('server', '10.0.0.1')];
    const sampled = { log: { group: 5, oneOfAllowed: 10 } };
    const plan = planOf(objects, node, { observation: sampled });
    expect(told(tableOf(plan), plan, packet).prefixes).toEqual(['sp allow -']);
    const silent = planOf(objects, node, { observation: FULL_OBSERVATION });
    expect(told(tableOf(silent), silent, packet).prefixes).toEqual([]);
  });
});
