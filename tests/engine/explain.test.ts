/** Explanations: who decides, where it is written, what nearly matched, what differs between replicas. */
import { describe, expect, it } from 'vitest';
import { portPoint } from '../../src/engine/port-sets.ts';
import { randomCluster } from '../property/random-cluster.ts';
import { engineOf as engineOfObjects } from '../property/under-test.ts';
import { check, clusterPolicy, engineOf, pod, policy, query, threeNamespaces } from './cluster-fixture.ts';

describe('deciding rules', () => {
  const rules =
    policy(
      'one',
      '{podSelector: {matchLabels: {pod: a}}, ingress: [{from: [{podSelector: {}}]}, {from: [{podSelector: {matchLabels: {pod: b}}}]}]}',
    ) + policy('two', '{podSelector: {}, policyTypes: [Ingress]}');
  const engine = engineOf(threeNamespaces + rules);

  it('names every rule that allows, with its place', () => {
    const { ingress, egress } = engine.explain(query(engine, 'x/b > x/a TCP 80'));
    expect(ingress).toMatchObject({ allowed: true, certain: true, isolated: true, tier: 'NetworkPolicy' });
    expect(ingress.by.map(({ policy, rule, file }) => [policy, rule, file])).toEqual([
      ['x/NetworkPolicy/one', 'spec.ingress[0]', 'test.yaml'],
      ['x/NetworkPolicy/one', 'spec.ingress[1]', 'test.yaml'],
    ]);
    expect(ingress.by[0]?.line).toBeGreaterThan(1);
    expect(ingress.by[0]?.column).toBeLessThan(ingress.by[1]?.column ?? 0);
    expect(egress).toMatchObject({ allowed: true, isolated: false, tier: 'none', by: [] });
  });

  it('names the isolating policies when none allows', () => {
    const { ingress } = engine.explain(query(engine, 'y/b > x/a TCP 80'));
    expect(ingress.by.map(({ policy, rule }) => [policy, rule])).toEqual([
      ['x/NetworkPolicy/one', undefined],
      ['x/NetworkPolicy/two', undefined],
    ]);
  });

  it('answers null as the port of other protocols', () => {
    expect(engine.explain(query(engine, 'x/b > x/a other'))).toMatchObject({
      protocol: 'other',
      port: null,
      allowed: true,
    });
  });
});

describe('near misses', () => {
  const near = (rules: string, question: string) => {
    const engine = engineOf(threeNamespaces + rules);
    const { ingress, egress } = engine.explain(query(engine, question));
    return (ingress.allowed ? egress : ingress).near?.map(({ rule, misses, because }) => ({ rule, misses, because }));
  };
  const one = (rule: string) => policy('p', `{podSelector: {}, ingress: [${rule}]}`);

  it.each([
    [
      '{from: [{podSelector: {matchLabels: {pod: b}}}], ports: [{port: 80}]}',
      'x/c > x/a TCP 80',
      'peer',
      'selects pod=b, the pod has pod=c',
    ],
    [
      '{from: [{podSelector: {}}], ports: [{port: 80}, {port: 8000, endPort: 8100}]}',
      'x/c > x/a TCP 81',
      'port',
      'allows TCP 80, TCP 8000-8100, the connection is TCP 81',
    ],
    [
      '{from: [{podSelector: {}}], ports: [{port: http}]}',
      'x/c > x/a TCP 81',
      'port',
      'allows the TCP port named http (http is TCP 80 there), the connection is TCP 81',
    ],
    [
      '{from: [{podSelector: {}}], ports: [{port: nosuch}]}',
      'x/c > x/a UDP 81',
      'port',
      'allows the TCP port named nosuch (the destination has no port named nosuch), the connection is UDP 81',
    ],
    [
      '{from: [{podSelector: {matchLabels: {pod: c}}}], ports: [{port: 80}]}',
      'y/c > x/a TCP 80',
      'peer',
      'selects pods of namespace x only, the pod is in y',
    ],
    [
      '{from: [{namespaceSelector: {matchLabels: {team: red}}, podSelector: {matchExpressions: [{key: role, operator: In, values: [api, web]}]}}]}',
      'y/c > x/a TCP 80',
      'peer',
      'selects namespaces with team=red, namespace y has team=blue and selects role in (api, web), the pod has no label role',
    ],
    [
      '{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.2.0/24]}}]}',
      'y/c > x/a TCP 80',
      'peer',
      'excepts 10.0.2.0/24, which contains 10.0.2.3',
    ],
    [
      '{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}',
      '8.8.8.8 > x/a TCP 80',
      'peer',
      'allows 10.0.0.0/8, the address is 8.8.8.8',
    ],
    [
      '{from: [{namespaceSelector: {}}]}',
      '8.8.8.8 > x/a TCP 80',
      'peer',
      'selects pods, 8.8.8.8 is no pod of the cluster',
    ],
    [
      '{from: [{podSelector: {matchLabels: {pod: b}}}], ports: [{port: 80}]}',
      'x/c > x/a TCP 81',
      'peer and port',
      'selects pod=b, the pod has pod=c; allows TCP 80, the connection is TCP 81',
    ],
  ])('%s', (rule, question, misses, because) => {
    expect(near(one(rule), question)).toEqual([{ rule: 'spec.ingress[0]', misses, because }]);
  });

  it('puts the nearest first and shows a handful', () => {
    const many = Array.from({ length: 9 }, (_, i) => `{from: [{podSelector: {matchLabels: {pod: q${i}, more: x}}}]}`);
    const rules = one([...many, '{from: [{podSelector: {}}], ports: [{port: 79}]}'].join(', '));
    const found = near(rules, 'x/c > x/a TCP 80');
    expect(found).toHaveLength(5);
    expect(found?.[0]).toMatchObject({ rule: 'spec.ingress[9]', misses: 'port' });
  });

  it('for a Deny of a cluster policy: the Accept rules before it', () => {
    const rules = clusterPolicy(
      'c',
      '{tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{action: Accept, to: [{networks: [10.0.9.0/24]}]}, {action: Deny, to: [{networks: [10.0.0.0/8]}]}, {action: Accept, to: [{namespaces: {}}]}]}',
    );
    expect(near(rules, 'x/c > x/a TCP 80')).toEqual([
      { rule: 'spec.egress[0]', misses: 'peer', because: 'names 10.0.9.0/24, the address is 10.0.1.1' },
    ]);
  });

  it('none for what is allowed', () => {
    expect(near(one('{}'), 'x/c > x/a TCP 80')).toBeUndefined();
  });
});

describe('ends that stand for several', () => {
  const rollout = ['1', '2', '3']
    .map((n) =>
      pod('x', `web-${n}`, `10.9.0.${n}`, 'n1').replace(
        `labels: {pod: "web-${n}"}`,
        `labels: {app: web, version: v${n === '3' ? 2 : 1}}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-rs, uid: u, controller: true}]`,
      ),
    )
    .join('\n---');
  const rules = policy('p', '{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {version: v2}}}]}]}', 'y');
  const across = policy(
    'q',
    '{podSelector: {}, ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {version: v2}}}]}]}',
    'y',
  );

  it('lists the replicas that differ, and explains one of the denied', () => {
    const engine = engineOf(`${threeNamespaces}\n---${rollout}${rules}${across}`);
    const result = engine.explain(query(engine, 'x/ReplicaSet/web-rs > y/a TCP 80'));
    expect(result).toMatchObject({ verdict: 'denied', allowed: false, certain: true });
    expect(result.partly).toEqual({ allowed: ['x/web-3'], denied: ['x/web-1', 'x/web-2'], unknown: [] });
    expect(result.ingress.near?.[0]?.because).toContain('version=v2');
    expect(
      engine.ports(query(engine, 'x/ReplicaSet/web-rs > y/a TCP 80').from, query(engine, 'x/a > y/a TCP 80').to)
        .uniform,
    ).toBe(false);
  });

  it('splits address ranges where rules do', () => {
    const engine = engineOf(
      threeNamespaces + policy('p', '{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 8.8.0.0/16}}]}]}'),
    );
    const result = engine.explain(query(engine, '8.8.0.0/15 > x/a TCP 80'));
    expect(result.partly).toEqual({ allowed: ['8.8.0.0/16'], denied: ['8.9.0.0/16'], unknown: [] });
    check(engine, ['8.8.3.0/24 > x/a TCP 80: allowed', '9.0.0.0/8,2001:db8::/32 > x/a TCP 80: denied']);
  });

  it('a family that the pod lacks does not count against a range', () => {
    check(engineOf(threeNamespaces), ['0.0.0.0/0,::/0 > x/a TCP 80: allowed', '::/0 > x/a TCP 80: denied']);
  });
});

describe('decisions as numbers', () => {
  it('are those of the explanation', () => {
    let compared = 0;
    for (let seed = 500; seed < 530; seed++) {
      const engine = engineOfObjects(randomCluster(seed));
      const { cluster } = engine;
      for (let from = 0; from < cluster.pods.length; from++) {
        for (let to = 0; to < cluster.pods.length; to++) {
          if (from === to) continue;
          const ends = { from: { type: 'pod', pod: from }, to: { type: 'pod', pod: to } } as const;
          const { families } = engine.ports(ends.from, ends.to);
          for (const port of [80, 443]) {
            const point = portPoint('TCP', port);
            const explained = engine.explain({ ...ends, protocol: 'TCP', port });
            expect(engine.podVerdict(from, to, point)).toBe(explained.verdict);
            // Pairs whose families differ are explained in the family that decides, decided in IPv4.
            if (families !== undefined || explained.why !== undefined) continue;
            const decided = engine.decide(from, to, point);
            for (const direction of ['egress', 'ingress'] as const) {
              const gate = decided[direction];
              const { allowed, tier, by } = explained[direction];
              expect([gate.allowed === 3, gate.tier, gate.rules.length / 2]).toEqual([allowed, tier, by.length]);
              compared++;
            }
          }
        }
      }
    }
    expect(compared).toBeGreaterThan(1000);
  });
});
