import { describe, expect, it } from 'vitest';
import type { Engine, VerdictResult } from '../../src/index.ts';
import { parseEndpoint, parseTarget } from '../../src/index.ts';
import { engineOf, mapLines } from './read-example.ts';

/** Expected by reading the manifests, not by running the engine. */
const maps: readonly [folders: readonly string[], lines: readonly string[]][] = [
  [['default-deny'], []],
  [
    ['restricted-ingress'],
    [
      'monitoring/prometheus -> shop/api: TCP 9090',
      'monitoring/prometheus -> shop/web: any',
      'monitoring/prometheus -> outside(0.0.0.0/0 ::/0): any',
      'shop/api -> monitoring/prometheus: any',
      'shop/api -> shop/web: any',
      'shop/api -> outside(0.0.0.0/0 ::/0): any',
      'shop/web -> monitoring/prometheus: any',
      'shop/web -> shop/api: TCP 8080',
      'shop/web -> outside(0.0.0.0/0 ::/0): any',
      'outside(0.0.0.0/0 ::/0) -> monitoring/prometheus: any',
      'outside(0.0.0.0/0 ::/0) -> shop/web: any',
    ],
  ],
  [
    ['external-endpoints'],
    [
      'billing/payments -> outside(192.0.2.10/32): TCP 7000-7010',
      'billing/payments -> outside(203.0.113.0/25): TCP 443',
      'outside(198.51.100.0/24 2001:db8:51::/48) -> billing/payments: TCP 8080',
    ],
  ],
  [['api-server-protection'], ['tools/operator -> outside(172.18.0.2/32): TCP 6443']],
  [
    ['namespace-isolation'],
    [
      'shared/registry -> outside(0.0.0.0/0 ::/0): any',
      'tenant-blue/cache -> shared/registry: TCP 5000',
      'tenant-blue/cache -> tenant-blue/web: any',
      'tenant-blue/web -> shared/registry: TCP 5000',
      'tenant-blue/web -> tenant-blue/cache: any',
      'tenant-red/cache -> shared/registry: TCP 5000',
      'tenant-red/cache -> tenant-red/web: any',
      'tenant-red/web -> shared/registry: TCP 5000',
      'tenant-red/web -> tenant-red/cache: any',
      'outside(0.0.0.0/0 ::/0) -> shared/registry: any',
    ],
  ],
  [
    ['online-shop'],
    [
      'kube-system/coredns -> shop/frontend: TCP 8080',
      'kube-system/coredns -> outside(0.0.0.0/0 ::/0): any',
      'shop/cart -> kube-system/coredns: TCP 53; UDP 53',
      'shop/cart -> shop/redis: TCP 6379',
      'shop/checkout -> kube-system/coredns: TCP 53; UDP 53',
      'shop/checkout -> shop/cart: TCP 7070',
      'shop/checkout -> shop/catalog: TCP 3550',
      'shop/checkout -> shop/currency: TCP 7000',
      'shop/checkout -> shop/email: TCP 8080',
      'shop/checkout -> shop/payment: TCP 50051',
      'shop/checkout -> shop/shipping: TCP 50051',
      'shop/frontend -> kube-system/coredns: TCP 53; UDP 53',
      'shop/frontend -> shop/ads: TCP 9555',
      'shop/frontend -> shop/cart: TCP 7070',
      'shop/frontend -> shop/catalog: TCP 3550',
      'shop/frontend -> shop/checkout: TCP 5050',
      'shop/frontend -> shop/currency: TCP 7000',
      'shop/frontend -> shop/recommendation: TCP 8080',
      'shop/frontend -> shop/shipping: TCP 50051',
      'shop/recommendation -> kube-system/coredns: TCP 53; UDP 53',
      'shop/recommendation -> shop/catalog: TCP 3550',
      'outside(0.0.0.0/0 ::/0) -> kube-system/coredns: any',
      'outside(0.0.0.0/0 ::/0) -> shop/frontend: TCP 8080',
    ],
  ],
];

describe('the map of each example', () => {
  it.each(maps)('%s', (folders, lines) => {
    expect(mapLines(engineOf(...folders))).toEqual(lines);
  });
});

describe('three tiers, step by step', () => {
  const steps = ['app', '1-default-deny', '2-allow', '3-dns'].map((step) => `three-tier/${step}`);
  const dnsOutside = [
    'kube-system/coredns -> outside(0.0.0.0/0 ::/0): any',
    'outside(0.0.0.0/0 ::/0) -> kube-system/coredns: any',
  ];
  const tiers = ['backend/backend -> db/db: TCP 8080', 'frontend/frontend -> backend/backend: TCP 8080'];
  const names = ['backend/backend', 'frontend/frontend'].map(
    (from) => `${from} -> kube-system/coredns: TCP 53; UDP 53`,
  );
  const byName = (lines: readonly string[]): string[] => [...lines].sort((a, b) => (a < b ? -1 : 1));

  it('without a policy everything may talk', () => {
    const ends = ['backend/backend', 'db/db', 'frontend/frontend', 'kube-system/coredns', 'outside(0.0.0.0/0 ::/0)'];
    const pairs = ends.flatMap((from) => ends.filter((to) => to !== from).map((to) => `${from} -> ${to}: any`));
    expect(mapLines(engineOf(...steps.slice(0, 1)))).toEqual(pairs);
  });

  it('default deny leaves the DNS pods alone, which no policy selects', () => {
    expect(mapLines(engineOf(...steps.slice(0, 2)))).toEqual(dnsOutside);
  });

  it('the allow policies open exactly the two ways', () => {
    expect(mapLines(engineOf(...steps.slice(0, 3)))).toEqual(byName([...tiers, ...dnsOutside]));
  });

  it('DNS is allowed last', () => {
    expect(byName(mapLines(engineOf(...steps)))).toEqual(byName([...tiers, ...names, ...dnsOutside]));
  });
});

function ask(engine: Engine, from: string, to: string): VerdictResult {
  const source = parseEndpoint(engine.cluster, from);
  const target = parseTarget(engine.cluster, to);
  if (!source.ok || !target.ok) throw new Error(`${from} or ${to} is not understood`);
  const [leg, ...others] = target.value.legs;
  if (leg === undefined || others.length > 0) throw new Error(`${to} leads to ${others.length + 1} ends`);
  if (leg.port.type !== 'one') throw new Error(`${to} names no port`);
  const { protocol, port } = leg.port;
  return engine.explain({ from: source.value.endpoint, to: leg.endpoint, protocol, port });
}

/** The questions that the examples' pages ask, with the gates that stay closed. */
const questions: readonly [folder: string, from: string, to: string, closed: readonly ('egress' | 'ingress')[]][] = [
  ['three-tier', 'frontend/frontend', 'backend/svc/backend-svc:80', []],
  ['three-tier', 'frontend/frontend', 'db/svc/db-svc:80', ['egress', 'ingress']],
  ['three-tier', 'db/db', 'backend/svc/backend-svc:80', ['egress', 'ingress']],
  ['three-tier', 'frontend/frontend', 'kube-system/svc/kube-dns:53/udp', []],
  ['default-deny', 'shop/web', 'shop/postgres:5432', ['egress', 'ingress']],
  ['restricted-ingress', 'shop/web', 'shop/svc/api:80', []],
  ['restricted-ingress', 'monitoring/prometheus', 'shop/api:8080', ['ingress']],
  ['external-endpoints', 'billing/payments', '203.0.113.7:443', []],
  ['external-endpoints', 'billing/payments', '203.0.113.200:443', ['egress']],
  ['external-endpoints', '198.51.100.20', 'billing/payments:8080', []],
  ['external-endpoints', '2001:db8:51::7', 'billing/payments:8080', []],
  ['api-server-protection', 'tools/operator', 'default/svc/kubernetes:443', []],
  ['api-server-protection', 'tools/report', 'default/svc/kubernetes:443', ['egress']],
  ['api-server-protection', 'tools/operator', '172.18.0.2:443', ['egress']],
  ['namespace-isolation', 'tenant-red/web', 'tenant-blue/cache:6379', ['egress', 'ingress']],
  ['online-shop', 'shop/checkout', 'shop/svc/email:5000', []],
  ['online-shop', 'shop/frontend', 'shop/payment:50051', ['egress', 'ingress']],
];

describe('the questions of the examples', () => {
  it.each(questions)('%s: %s to %s', (folder, from, to, closed) => {
    const verdict = ask(engineOf(folder), from, to);
    expect({
      verdict: verdict.verdict,
      closed: (['egress', 'ingress'] as const).filter((gate) => !verdict[gate].allowed),
    }).toEqual({ verdict: closed.length === 0 ? 'allowed' : 'denied', closed });
  });
});
