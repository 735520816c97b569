/** The oracle against tables worked out by hand; the cases in tests/cases hold it to the rest. */
import { describe, expect, test } from 'vitest';
import { inCidr, parseAddress } from './addresses.ts';
import type { Manifest, RawClusterRule, RawPolicySpec } from './manifest.ts';
import { Oracle, type Query } from './oracle.ts';

describe('addresses (S41, S45)', () => {
  test.each([
    ['10.0.0.1', 4, 0x0a000001n],
    ['010.000.0.09', 4, 0x0a000009n],
    ['255.255.255.255', 4, 0xffffffffn],
    ['::', 6, 0n],
    ['::1', 6, 1n],
    ['1::', 6, 1n << 112n],
    ['fd00::1:2', 6, (0xfd00n << 112n) | 0x10002n],
    ['1:2:3:4:5:6:7:8', 6, 0x00010002000300040005000600070008n],
    ['2001:DB8::0010', 6, (0x20010db8n << 96n) | 0x10n],
    ['64:ff9b::192.0.2.1', 6, (0x64ff9bn << 96n) | 0xc0000201n],
    ['::ffff:10.0.0.1', 4, 0x0a000001n],
    ['::ffff:a00:1', 4, 0x0a000001n],
  ] as const)('%s', (text, family, value) => {
    expect(parseAddress(text)).toEqual({ family, value });
  });

  test.each([
    '',
    '10.0.0',
    '10.0.0.256',
    '10.0.0.0.1',
    '0x0a.0.0.1',
    '1:2:3',
    '1::2::3',
    '1:2:3:4:5:6:7:8:9',
    ':::',
    '1:2:3:4:5:6:7:8::',
    'fe80::1%eth0',
    '::12345',
    'host',
    '10.0.0.1 ',
    '-1.0.0.0',
  ])('no address: "%s"', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  test.each([
    ['10.0.0.1', '10.0.0.1/32', true],
    ['10.0.0.2', '10.0.0.1/32', false],
    ['10.0.0.2', '10.0.0.1/24', true],
    ['10.0.1.2', '10.0.0.1/24', false],
    ['10.0.0.3', '10.0.0.2/31', true],
    ['10.0.0.4', '10.0.0.2/31', false],
    ['255.1.2.3', '1.2.3.4/0', true],
    ['10.9.9.9', '010.0.0.0/08', true],
    ['8.9.9.9', '010.0.0.0/8', false],
    ['::1', '0.0.0.0/0', false],
    ['10.0.0.1', '::/0', false],
    ['10.0.0.1', '::ffff:10.0.0.0/104', true],
    ['11.0.0.1', '::ffff:10.0.0.0/104', false],
    ['11.0.0.1', '::ffff:0:0/96', true],
    ['::1', '::ffff:0:0/96', false],
    ['10.0.0.1', '::ffff:0:0/90', false],
    ['fd00::ffff:1', 'fd00::/96', true],
    ['fd00::1:0:1', 'fd00::/96', false],
    ['10.0.0.1', '10.0.0.1', false],
    ['10.0.0.1', '10.0.0.1/33', false],
    ['10.0.0.1', '10.0.0.1/', false],
    ['10.0.0.1', '10.0.0.1/24/24', false],
    ['10.0.0.1', '10.0.0.1/-1', false],
    ['10.0.0.1', 'nonsense/8', false],
  ])('%s in %s: %s', (address, cidr, expected) => {
    expect(inCidr(parseAddress(address), cidr)).toBe(expected);
  });
});

function pod(namespace: string, name: string, last: number, spec: Record<string, unknown> = {}): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { app: name } },
    spec: { nodeName: 'n1', ...spec },
    status: { phase: 'Running', podIPs: [{ ip: `10.0.0.${last}` }, { ip: `fd00::${last}` }] },
  };
}

const base: readonly Manifest[] = [
  { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n', labels: { team: 'red' } } },
  { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' }, status: { addresses: [{ address: '192.0.2.1' }] } },
  { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n2' }, status: { addresses: [{ address: '192.0.2.2' }] } },
  pod('n', 'a', 1),
  pod('n', 'b', 2),
  pod('n', 'host', 9, { hostNetwork: true }),
];

function policy(name: string, spec: RawPolicySpec): Manifest {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace: 'n' }, spec };
}

function admin(name: string, priority: number, ingress: readonly RawClusterRule[]): Manifest {
  return {
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    kind: 'ClusterNetworkPolicy',
    metadata: { name },
    spec: { tier: 'Admin', priority, subject: { namespaces: {} }, ingress },
  };
}

const aToB: Query = { from: { pod: 'n/a' }, to: { pod: 'n/b' }, protocol: 'TCP', port: 80, family: 4 };

describe('what decided', () => {
  test('nothing', () => {
    expect(new Oracle(base).evaluate(aToB)).toEqual({
      allowed: true,
      egress: { allowed: true, tier: 'none', by: [] },
      ingress: { allowed: true, tier: 'none', by: [] },
    });
  });

  test('isolation names every isolating policy, a match names every matching rule', () => {
    const deny = [
      policy('one', {}),
      policy('two', { ingress: [{ ports: [{ port: 81 }] }] }),
      policy('out', { policyTypes: ['Egress'], egress: [{}] }),
    ];
    expect(new Oracle([...base, ...deny]).evaluate(aToB)).toEqual({
      allowed: false,
      egress: { allowed: true, tier: 'NetworkPolicy', by: ['n/out spec.egress[0]'] },
      ingress: { allowed: false, tier: 'NetworkPolicy', by: ['n/one', 'n/two'] },
    });
    const allow = policy('three', {
      ingress: [{ from: [{ podSelector: { matchLabels: { app: 'b' } } }] }, { ports: [{ port: 80 }] }, {}],
    });
    expect(new Oracle([...base, ...deny, allow]).evaluate(aToB).ingress).toEqual({
      allowed: true,
      tier: 'NetworkPolicy',
      by: ['n/three spec.ingress[1]', 'n/three spec.ingress[2]'],
    });
  });

  test('the first matching rule of the Admin tier, by priority and then name', () => {
    const rule = (action: string): RawClusterRule => ({ action, from: [{ namespaces: {} }] });
    const objects = [
      ...base,
      policy('deny', {}),
      admin('b', 5, [rule('Accept')]),
      admin('a', 5, [rule('Deny')]),
      admin('c', 6, [rule('Pass')]),
    ];
    expect(new Oracle(objects).evaluate(aToB).ingress).toEqual({
      allowed: false,
      tier: 'Admin',
      by: ['a spec.ingress[0]'],
    });
    const lower = [...objects, admin('z', 4, [rule('Pass')])];
    expect(new Oracle(lower).evaluate(aToB).ingress).toEqual({ allowed: false, tier: 'NetworkPolicy', by: ['n/deny'] });
  });
});

describe('ends', () => {
  const denyAll = new Oracle([...base, policy('deny', { policyTypes: ['Ingress', 'Egress'] })]);
  const ask = (from: Query['from'], to: Query['to'], more: Partial<Query> = {}) =>
    denyAll.evaluate({ ...aToB, from, to, ...more }).allowed;

  test.each<[string, Query['from'], Query['to'], Partial<Query>, boolean]>([
    ['a pod to itself (S103)', { pod: 'n/a' }, { pod: 'n/a' }, {}, true],
    ['a pod to itself through a Service (S104, D3)', { pod: 'n/a' }, { pod: 'n/a' }, { viaService: true }, false],
    ['the own node (S100)', { node: 'n1' }, { pod: 'n/a' }, {}, true],
    ['a host-network pod of the own node (S100)', { pod: 'n/host' }, { pod: 'n/a' }, {}, true],
    ['another node (S101)', { node: 'n2' }, { pod: 'n/a' }, {}, false],
    ['to the own node (D1)', { pod: 'n/a' }, { node: 'n1' }, {}, false],
    ['to a host-network pod (D2)', { ip: '203.0.113.1' }, { pod: 'n/host' }, {}, true],
    ['from a host-network pod outwards (D2)', { pod: 'n/host' }, { ip: '203.0.113.1' }, {}, true],
    ['from outside', { ip: '203.0.113.1' }, { pod: 'n/a' }, {}, false],
  ])('%s', (_name, from, to, more, expected) => {
    expect(ask(from, to, more)).toBe(expected);
  });

  test('addresses by family; a host-network pod has those of its node', () => {
    expect(denyAll.addresses({ pod: 'n/a' }, 4)).toEqual(['10.0.0.1']);
    expect(denyAll.addresses({ pod: 'n/a' }, 6)).toEqual(['fd00::1']);
    expect(denyAll.addresses({ pod: 'n/host' }, 4)).toEqual(['192.0.2.1']);
    expect(denyAll.addresses({ node: 'n2' }, 6)).toEqual([]);
  });

  test('a pod that is not there, or has ended, is no end', () => {
    expect(() => ask({ pod: 'n/nobody' }, { pod: 'n/a' })).toThrow('no pod n/nobody');
    const ended = { ...pod('n', 'old', 7), status: { phase: 'Failed' } };
    expect(() => new Oracle([...base, ended]).evaluate({ ...aToB, from: { pod: 'n/old' } })).toThrow('ended');
  });
});
