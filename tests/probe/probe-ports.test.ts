import { describe, expect, test } from 'vitest';
import { formatIp } from '../../src/base/inet-format.ts';
import { externalSamples } from '../../src/probe/external-samples.ts';
import { tellingPorts } from '../../src/probe/probe-ports.ts';
import { probed } from './pods.ts';

const ips = ['10.244.0.2'];

function telling(engine: ReturnType<typeof probed>, most = 20): readonly string[] {
  const { ports, left } = tellingPorts(engine, most);
  return [...ports.map(({ protocol, port }) => `${protocol} ${port}`), ...(left === 0 ? [] : [`${left} left`])];
}

describe('ports that tell policies apart', () => {
  test('are one that nobody names, when there is nothing else', () => {
    expect(telling(probed({ 'shop/web': { ips } }))).toEqual(['TCP 7357']);
  });

  test('are those that pods declare', () => {
    const ports = [
      { containerPort: 80 },
      { containerPort: 53, protocol: 'UDP' },
      { containerPort: 9, protocol: 'SCTP' },
    ];
    expect(telling(probed({ 'shop/web': { ips, ports } }))).toEqual(['TCP 80', 'TCP 7357', 'UDP 53', 'SCTP 9']);
  });

  test('are both ends of ranges in rules, and each once', () => {
    const engine = probed(
      { 'shop/web': { ips, ports: [{ containerPort: 80 }] } },
      {
        'shop/a': {
          podSelector: {},
          ingress: [{ ports: [{ port: 80 }, { port: 8000, endPort: 8080 }, { port: 'http' }, { protocol: 'UDP' }] }],
          egress: [{ ports: [{ port: 53, protocol: 'UDP' }] }],
        },
      },
    );
    expect(telling(engine)).toEqual(['TCP 80', 'TCP 7357', 'TCP 8000', 'TCP 8080', 'UDP 53']);
  });

  test('are those of cluster policies, too', () => {
    const policy = {
      apiVersion: 'policy.networking.k8s.io/v1alpha2',
      kind: 'ClusterNetworkPolicy',
      metadata: { name: 'one' },
      spec: {
        tier: 'Admin',
        priority: 1,
        subject: { namespaces: {} },
        egress: [
          {
            action: 'Deny',
            to: [{ networks: ['0.0.0.0/0'] }],
            protocols: [
              { tcp: { destinationPort: { range: { start: 20, end: 25 } } } },
              { udp: { destinationPort: { number: 5 } } },
            ],
          },
        ],
      },
    };
    expect(telling(probed({ 'shop/web': { ips } }, {}, [policy]))).toEqual(['TCP 20', 'TCP 25', 'TCP 7357', 'UDP 5']);
  });

  test('are no more than wanted: those of pods first', () => {
    const ports = [81, 82, 83].map((containerPort) => ({ containerPort }));
    const engine = probed(
      { 'shop/web': { ips, ports } },
      { 'shop/a': { podSelector: {}, ingress: [{ ports: [{ port: 1 }] }] } },
    );
    expect(telling(engine, 4)).toEqual(['TCP 81', 'TCP 82', 'TCP 83', 'TCP 7357', '1 left']);
  });
});

describe('addresses outside', () => {
  const samples = (cidrs: readonly string[], isOutside: (text: string) => boolean = () => true, most = 20) => {
    const to = cidrs.map((cidr) => ({ ipBlock: { cidr } }));
    const engine = probed(
      { 'shop/web': { ips } },
      { 'shop/a': { podSelector: {}, policyTypes: ['Egress'], egress: [{ to }] } },
    );
    return externalSamples(engine, (ip) => isOutside(formatIp(ip)), most).map(formatIp);
  };

  test('are one of each family when no policy tells any apart', () => {
    expect(externalSamples(probed({ 'shop/web': { ips } }), () => true, 20).map(formatIp)).toEqual([
      '198.51.100.7',
      '2001:db8::7',
    ]);
  });

  test('are one of each set that policies tell apart', () => {
    const found = samples(['93.184.216.0/24', '2606:4700::/32']);
    expect(found).toContain('93.184.216.1');
    expect(found).toContain('2606:4700::1');
    expect(found).toContain('198.51.100.7');
    expect(found).toContain('2001:db8::7');
  });

  test('are none that the cluster has, and none to which no packet can be sent', () => {
    const found = samples(
      ['10.244.0.0/16', '224.0.0.0/4', '127.0.0.0/8', '0.0.0.0/8', 'ff00::/8', 'fe80::/10'],
      (text) => !text.startsWith('10.244.'),
    );
    expect(found).toEqual(['198.51.100.7', '2001:db8::7']);
  });

  test('are no more than wanted', () => {
    expect(samples(['1.0.0.0/24', '2.0.0.0/24', '3.0.0.0/24'], () => true, 3)).toHaveLength(3);
  });
});
