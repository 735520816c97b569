import { describe, expect, test } from 'vitest';
import type { Engine } from '../../src/engine/engine.ts';
import type { ConnectionExample, IntentResult } from '../../src/intents/report.ts';
import { engineOf } from '../engine/cluster-fixture.ts';
import { resultOf, verified } from './held.ts';

function deployment(
  namespace: string,
  name: string,
  more: { replicas?: number; ports?: string; spec?: string } = {},
): string {
  const { replicas = 1, ports = '[{name: http, containerPort: 8080}]', spec = '' } = more;
  return `
apiVersion: apps/v1
kind: Deployment
metadata: {namespace: ${namespace}, name: ${name}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec: {${spec}containers: [{name: c, image: i, ports: ${ports}}]}`;
}

function policy(namespace: string, name: string, spec: string): string {
  return `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {namespace: ${namespace}, name: ${name}}
spec: ${spec}`;
}

const namespaces = ['shop', 'db', 'ops']
  .map((name) => `\napiVersion: v1\nkind: Namespace\nmetadata: {name: ${name}, labels: {team: ${name}}}`)
  .join('\n---');

const shop = [
  namespaces,
  deployment('shop', 'web', { replicas: 2 }),
  deployment('shop', 'api'),
  deployment('db', 'postgres', {
    replicas: 2,
    ports: '[{name: pg, containerPort: 5432}, {name: metrics, containerPort: 9187}]',
  }),
  deployment('ops', 'prometheus'),
  `
apiVersion: v1
kind: Service
metadata: {namespace: db, name: database}
spec: {selector: {app: postgres}, ports: [{name: sql, port: 1234, targetPort: pg}, {name: m, port: 80, targetPort: metrics}]}`,
  policy(
    'db',
    'postgres',
    `{podSelector: {}, policyTypes: [Ingress], ingress: [
      {from: [{namespaceSelector: {matchLabels: {team: shop}}, podSelector: {matchLabels: {app: api}}}], ports: [{port: 5432}]},
      {from: [{namespaceSelector: {matchLabels: {team: ops}}}], ports: [{port: metrics}]}]}`,
  ),
  policy(
    'shop',
    'web',
    '{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: api}}}]}]}',
  ),
].join('\n---');

const engine = engineOf(shop);

function outcome(body: object, on: Engine = engine): string {
  return resultOf(on, body).outcome;
}

describe('allow', () => {
  test.each([
    [{ from: 'shop/api', to: 'db/postgres', ports: 5432 }, 'holds'],
    [{ from: 'shop/api', to: 'db/postgres', ports: 'pg' }, 'holds'],
    [{ from: 'shop/api', to: 'db/postgres', ports: [5432, 9187] }, 'fails'],
    [{ from: 'shop/api', to: 'db/postgres' }, 'holds'],
    [{ from: 'shop/api', to: 'db/postgres', ports: 'any' }, 'fails'],
    [{ from: 'shop/web', to: 'db/postgres' }, 'fails'],
    [{ from: 'shop/api', to: 'db/postgres', ports: 5432, exactly: true }, 'holds'],
    [{ from: 'ops/prometheus', to: 'db/postgres', ports: 9187, exactly: true }, 'holds'],
    [{ from: 'shop/web', to: 'shop/api', ports: 8080, exactly: true }, 'fails'],
    [{ from: 'shop/api', to: 'db/svc/database', ports: 1234 }, 'holds'],
    [{ from: 'shop/api', to: 'db/svc/database:sql' }, 'holds'],
    [{ from: 'shop/api', to: { service: 'db/database', ports: ['sql'] } }, 'holds'],
    [{ from: 'shop/api', to: 'db/svc/database', ports: 80 }, 'fails'],
    [{ from: 'shop/api', to: 'db/svc/database' }, 'fails'],
    [{ from: 'ns/shop', to: 'shop/api', ports: 8080 }, 'holds'],
    [{ from: ['shop/api', 'ops/prometheus'], to: ['db/postgres:5432', 'shop/web'], ports: 8080 }, 'fails'],
    [{ from: 'shop/api', to: ['db/postgres:5432', 'shop/web'], ports: 8080 }, 'holds'],
    [{ from: 'shop/api', to: 'internet', ports: 443 }, 'holds'],
    [{ from: 'shop/web', to: 'internet', ports: 443 }, 'fails'],
    [
      { from: { podSelector: 'app in (api,prometheus)' }, to: { namespace: 'shop' }, ports: [80, '53/udp', 'icmp'] },
      'holds',
    ],
  ])('%j: %s', (allow, expected) => {
    expect(outcome({ allow })).toBe(expected);
  });
});

describe('deny', () => {
  test.each([
    [{ from: { not: { namespace: ['shop', 'ops'] } }, to: { podSelector: 'app=postgres' } }, 'holds'],
    [{ from: { not: { namespace: 'shop' } }, to: { podSelector: 'app=postgres' } }, 'fails'],
    [{ from: { not: { namespace: ['shop', 'ops', 'db'] } }, to: { podSelector: 'app=postgres' } }, 'holds'],
    [{ from: { not: [{ namespace: 'shop' }, 'ops/prometheus'] }, to: 'db/postgres' }, 'holds'],
    [{ from: 'shop/web', to: 'ns/db' }, 'holds'],
    [{ from: 'ns/shop', to: 'ns/db' }, 'fails'],
    [{ from: 'ns/shop', to: 'ns/db', ports: 9187 }, 'holds'],
    [{ from: 'internet', to: 'ns/db' }, 'holds'],
    [{ from: 'internet', to: 'ns/shop', ports: 8080 }, 'fails'],
    [{ from: 'shop/web', to: { not: 'shop/api' } }, 'holds'],
    [{ from: 'shop/web', to: { cidr: '10.0.0.0/8', except: '10.1.0.0/16' } }, 'holds'],
    [{ from: 'shop/web', to: 'db/svc/database', ports: 'any' }, 'holds'],
  ])('%j: %s', (deny, expected) => {
    expect(outcome({ deny })).toBe(expected);
  });
});

describe('only', () => {
  test.each([
    [{ to: 'db/postgres', from: 'shop/api', ports: 5432 }, 'holds'],
    [{ to: 'db/postgres', from: 'shop/api', ports: 'pg' }, 'holds'],
    [{ to: 'db/postgres', from: 'shop/api' }, 'fails'],
    [{ to: 'db/postgres', from: ['shop/api', 'ops/prometheus'] }, 'holds'],
    [
      {
        to: 'db/postgres',
        from: [
          { namespace: 'ops', ports: 'metrics' },
          { podSelector: 'app=api', ports: 5432 },
        ],
      },
      'holds',
    ],
    [{ to: 'db/postgres', from: ['ops/prometheus:9187', 'shop/api:5432'] }, 'holds'],
    [{ to: 'db/postgres', from: ['ops/prometheus:9187', 'shop/api:9187'] }, 'fails'],
    [{ to: 'db/postgres', from: ['shop/api', 'shop/web'], ports: 5432 }, 'fails'],
    [{ to: 'db/svc/database', from: 'shop/api', ports: 'sql' }, 'holds'],
    [{ to: ['db/postgres', 'shop/api'], from: 'shop/api', ports: 5432 }, 'fails'],
  ])('%j: %s', (only, expected) => {
    expect(outcome({ only })).toBe(expected);
  });

  test('names who may and should not, and who should and may not', () => {
    const { examples } = resultOf(engine, {
      only: { to: 'db/postgres', from: ['shop/web', 'ops/prometheus'] },
    });
    const connections = examples.filter((example): example is ConnectionExample => example.type === 'connection');
    expect(
      connections.map(({ from, expected, verdict, anyPort, pairs }) => [from, expected, verdict, anyPort, pairs]),
    ).toEqual([
      ['shop/Deployment/api', 'denied', 'allowed', undefined, 2],
      ['shop/Deployment/web', 'allowed', 'denied', true, 4],
    ]);
    expect(connections[0]?.ingress.by[0]).toMatchObject({
      policy: 'db/NetworkPolicy/postgres',
      rule: 'spec.ingress[0]',
    });
  });
});

describe('onlyTo', () => {
  test.each([
    [{ from: 'shop/web', to: 'shop/api' }, 'holds'],
    [{ from: 'shop/web', to: 'shop/api:8080' }, 'fails'],
    [{ from: 'shop/web', to: 'shop/api', ports: 8080 }, 'holds'],
    [{ from: 'shop/web', to: ['shop/api:8080', 'shop/api'], ports: 'any' }, 'holds'],
    [{ from: 'shop/web', to: ['shop/api', 'internet'] }, 'fails'],
    [{ from: 'shop/api', to: 'anywhere' }, 'holds'],
    [{ from: 'shop/api', to: 'anywhere', ports: 'any' }, 'fails'],
    [{ from: 'shop/api', to: ['ns/shop', 'ns/ops', 'outside', 'db/postgres:5432'] }, 'holds'],
    [{ from: 'shop/api', to: ['ns/shop', 'ns/ops', 'outside', 'db/svc/database:1234'] }, 'holds'],
    [{ from: 'shop/api', to: ['ns/shop', 'ns/ops', 'internet', 'db/postgres:5432'] }, 'fails'],
  ])('%j: %s', (onlyTo, expected) => {
    expect(outcome({ onlyTo })).toBe(expected);
  });
});

describe('isolated', () => {
  test.each([
    [{ pods: 'ns/db', directions: 'ingress' }, 'holds'],
    [{ pods: 'ns/db' }, 'fails'],
    [{ pods: 'shop/web', directions: ['egress'] }, 'holds'],
    [{ pods: 'cluster', directions: ['ingress'] }, 'fails'],
  ])('%j: %s', (isolated, expected) => {
    expect(outcome({ isolated })).toBe(expected);
  });

  test('counts pods and names one of each kind', () => {
    const result = resultOf(engine, { isolated: { pods: 'ns/shop' } });
    expect(result).toMatchObject({ outcome: 'fails', judged: 6, more: 0 });
    expect(result.examples).toEqual([
      { type: 'isolation', pod: 'shop/Deployment/api', direction: 'ingress', isolated: 'no', pods: 1 },
      { type: 'isolation', pod: 'shop/Deployment/api', direction: 'egress', isolated: 'no', pods: 1 },
      { type: 'isolation', pod: 'shop/Deployment/web', direction: 'ingress', isolated: 'no', pods: 2 },
    ]);
  });
});

describe('ends that match nothing', () => {
  test.each([
    [{ from: 'shop/wep', to: 'db/postgres' }, 'no workload or pod "wep" in namespace "shop"', 'did you mean shop/web?'],
    [{ from: 'ns/shpo', to: 'db/postgres' }, 'the input has no namespace "shpo"', 'did you mean shop?'],
    [{ from: { namespace: ['shop', 'dp'] }, to: 'db/postgres' }, 'the input has no namespace "dp"', 'did you mean db?'],
    [
      { from: { podSelector: 'app=postgras' }, to: 'shop/web' },
      'no pod has app=postgras',
      'did you mean app=postgres?',
    ],
    [{ from: { podSelector: 'ap=web' }, to: 'shop/web' }, 'no pod has ap=web', 'did you mean app=web?'],
    [{ from: { namespaceSelector: 'team=shops' }, to: 'shop/web' }, 'no namespace has team=shops', 'team=shop?'],
    [
      { from: { namespace: 'db', podSelector: 'app=web' }, to: 'shop/web' },
      'no pod of namespace "db" has app=web',
      undefined,
    ],
    [{ from: { nodeSelector: 'gpu' }, to: 'shop/web' }, 'the input has no nodes', undefined],
    [
      { from: 'shop/web', to: 'db/postgres', ports: 'sql' },
      'nothing of db/postgres has a port named sql',
      'metrics, pg',
    ],
    [{ from: 'shop/web', to: 'db/svc/databse' }, 'no Service "databse" in namespace "db"', undefined],
    [{ from: { not: 'ns/shpo' }, to: 'db/postgres' }, 'the input has no namespace "shpo"', undefined],
    [{ from: 'shop/api', to: 'shop/api' }, 'there is no pair of ends to judge', undefined],
  ])('%j', (allow, message, help) => {
    const result = resultOf(engine, { allow });
    expect(result).toMatchObject({ outcome: 'fails', judged: 0 });
    expect(result.message).toContain(message);
    if (help !== undefined) expect(result.help).toContain(help);
    expect(result.help).toBeDefined();
    expect(resultOf(engine, { allow, mayMatchNothing: true })).toMatchObject({
      outcome: 'holds',
      message: result.message,
    });
  });

  test.each([
    [{ from: 'db/svc/database', to: 'shop/web' }, 'opens no connections itself'],
    [{ from: 'shop/web', to: 'db/svc/database', ports: '1-100' }, 'which has single ports'],
    [{ from: 'shop/web', to: 'db/svc/database', ports: 5432 }, 'does not have port 5432'],
  ])('is something else than an end that cannot be one: %j', (allow, message) => {
    for (const mayMatchNothing of [true, false]) {
      const result = resultOf(engine, { allow, mayMatchNothing });
      expect(result.outcome).toBe('fails');
      expect(result.message).toContain(message);
    }
  });
});

describe('what is not known (D14)', () => {
  // The Namespace objects are missing, so their labels are unknown.
  const partial = engineOf(
    [
      deployment('shop', 'api'),
      deployment('shop', 'web'),
      deployment('db', 'postgres'),
      policy(
        'db',
        'postgres',
        '{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {team: shop}}, podSelector: {matchLabels: {app: api}}}]}]}',
      ),
    ].join('\n---'),
  );

  test('fails unless it is accepted', () => {
    const intent = { allow: { from: 'shop/api', to: 'db/postgres', ports: 5432 } };
    const report = verified(partial, [intent, { ...intent, unknown: 'accept' }]);
    expect(report.summary).toEqual({ intents: 2, hold: 0, fail: 0, unknown: 2, accepted: 1 });
    const [first, second] = report.results;
    expect(first).toMatchObject({ outcome: 'unknown', examples: [{ expected: 'allowed', verdict: 'unknown' }] });
    expect(first?.accepted).toBeUndefined();
    expect(second).toMatchObject({ outcome: 'unknown', accepted: true });
    expect(JSON.stringify(first?.examples)).toContain('labels of namespace');
  });

  test.each([
    [{ deny: { from: 'shop/api', to: 'db/postgres' } }, 'unknown'],
    [{ deny: { from: 'shop/web', to: 'db/postgres' } }, 'holds'],
    [{ allow: { from: 'shop/web', to: 'db/postgres' } }, 'fails'],
    [{ only: { from: 'shop/api', to: 'db/postgres' } }, 'unknown'],
    [{ only: { from: 'shop/web', to: 'db/postgres' } }, 'fails'],
    // Nor is it known whether the namespace is meant at all.
    [{ deny: { from: { namespaceSelector: 'team=shop' }, to: 'shop/web' } }, 'unknown'],
    [{ allow: { from: { namespaceSelector: 'team=shop' }, to: 'shop/web' } }, 'holds'],
    [{ deny: { from: { namespaceSelector: 'kubernetes.io/metadata.name=shop' }, to: 'shop/web' } }, 'fails'],
    [{ isolated: { pods: { namespaceSelector: 'team=shop' } } }, 'unknown'],
    [{ only: { from: { namespaceSelector: 'team=shop' }, to: 'db/postgres' } }, 'unknown'],
  ])('%j: %s', (intent, expected) => {
    expect(outcome(intent, partial)).toBe(expected);
  });
});

describe('hosts', () => {
  const pod = (name: string, node: string, ip: string, more = ''): string => `
apiVersion: v1
kind: Pod
metadata: {namespace: shop, name: ${name}, labels: {app: ${name}}}
spec: {nodeName: ${node}, ${more}containers: [{name: c, image: i}]}
status: {phase: Running, podIP: ${ip}, podIPs: [{ip: ${ip}}]}`;
  const node = (name: string, ip: string): string => `
apiVersion: v1
kind: Node
metadata: {name: ${name}, labels: {pool: ${name}}}
spec: {podCIDRs: [10.1.0.0/16]}
status: {addresses: [{type: InternalIP, address: ${ip}}]}`;
  const cluster = engineOf(
    [
      namespaces,
      node('n1', '192.168.0.1'),
      node('n2', '192.168.0.2'),
      pod('web', 'n1', '10.1.0.1'),
      pod('agent', 'n1', '192.168.0.1', 'hostNetwork: true, '),
      policy('shop', 'closed', '{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}'),
    ].join('\n---'),
  );

  test.each([
    // A pod's own node always reaches it, which nothing can forbid.
    [{ deny: { from: 'anywhere', to: 'shop/web' } }, 'holds'],
    [{ deny: { from: 'node/n1', to: 'shop/web' } }, 'holds'],
    [{ allow: { from: 'node/n1', to: 'shop/web' } }, 'holds'],
    [{ allow: { from: 'node/n2', to: 'shop/web' } }, 'fails'],
    [{ allow: { from: 'shop/agent', to: 'shop/web' } }, 'holds'],
    [{ allow: { from: { nodeSelector: 'pool=n2' }, to: 'shop/web' } }, 'fails'],
    // No policy is about hosts.
    [{ deny: { from: 'internet', to: 'shop/agent' } }, 'fails'],
    [{ isolated: { pods: 'ns/shop', directions: 'ingress' } }, 'fails'],
    [{ isolated: { pods: 'shop/web', directions: 'ingress' } }, 'holds'],
  ])('%j: %s', (intent, expected) => {
    expect(outcome(intent, cluster)).toBe(expected);
  });
});

describe('pairs', () => {
  const one = engineOf(
    [
      namespaces,
      deployment('shop', 'web'),
      deployment('shop', 'pair', { replicas: 2 }),
      policy('shop', 'self', '{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}]}'),
      '\napiVersion: v1\nkind: Service\nmetadata: {namespace: shop, name: web}\nspec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}',
    ].join('\n---'),
  );

  test('a pod and itself are none, two replicas are', () => {
    expect(resultOf(one, { deny: { from: 'shop/web', to: 'shop/web' } }).message).toContain('no pair');
    expect(resultOf(one, { deny: { from: 'shop/pair', to: 'shop/pair' } })).toMatchObject({
      outcome: 'fails',
      judged: 2,
    });
    expect(resultOf(one, { deny: { from: 'ns/shop', to: 'ns/shop' } })).toMatchObject({ outcome: 'fails', judged: 6 });
  });

  test('but a Service may lead a pod back to itself (D3)', () => {
    expect(resultOf(one, { allow: { from: 'shop/web', to: 'shop/svc/web', ports: 80 } })).toMatchObject({
      outcome: 'holds',
      judged: 1,
    });
  });
});

describe('many counter-examples', () => {
  const open = engineOf(
    [namespaces, ...Array.from({ length: 12 }, (_, i) => deployment('shop', `w${i}`))]
      .concat(
        policy(
          'shop',
          'some',
          '{podSelector: {matchExpressions: [{key: app, operator: In, values: [w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11]}]}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchExpressions: [{key: app, operator: In, values: [w0]}]}}, {podSelector: {matchLabels: {app: w1}}}, {podSelector: {matchLabels: {app: w2}}}, {podSelector: {matchLabels: {app: w3}}}, {podSelector: {matchLabels: {app: w4}}}, {podSelector: {matchLabels: {app: w5}}}, {podSelector: {matchLabels: {app: w6}}}]}]}',
        ),
      )
      .join('\n---'),
  );
  const intent = { deny: { from: 'ns/shop', to: 'ns/shop' } };
  const total = ({ examples, more }: IntentResult): number =>
    more + examples.reduce((sum, example) => sum + (example.type === 'connection' ? example.pairs : 0), 0);

  test('are bounded and counted, pair by pair or by rows', () => {
    for (const fewPairs of [0, 1000]) {
      for (const examples of [1, 3, 1000]) {
        const result = resultOf(open, intent, { examples, fewPairs });
        expect(result.judged).toBe(12 * 11);
        expect(result.examples.length).toBeLessThanOrEqual(examples);
        expect(total(result)).toBe(7 * 11);
      }
    }
  });
});

test('a list of thousands of networks is one set', () => {
  const networks = Array.from({ length: 3000 }, (_, i) => `203.${i >> 8}.${i & 255}.0/25`);
  const result = resultOf(engine, { onlyTo: { from: 'shop/web', to: ['shop/api', ...networks], ports: 443 } });
  // The policy lets web out to api only, so the networks are shut and must be open: one part, because nothing tells
  // them apart.
  expect(result).toMatchObject({ outcome: 'fails', more: 0 });
  expect(result.examples).toHaveLength(1);
  expect(result.examples[0]).toMatchObject({
    to: '203.0.0.0/25, 203.0.1.0/25, 203.0.2.0/25, 203.0.3.0/25 and 2996 more networks',
  });
  const sources = resultOf(engine, { only: { from: ['shop/api', ...networks], to: 'db/postgres', ports: 5432 } });
  expect(sources.examples).toHaveLength(1);
});
