import { describe, expect, it } from 'vitest';
import { type JsonObject, withFields } from '../../../../src/lab/api/json.ts';
import { objectAt, objectsInPlace } from '../../../../src/lab/api/field-values.ts';
import { FIRST_NODE_PORT, freeNodePort, LAST_NODE_PORT } from '../../../../src/lab/api/kinds/service-addresses.ts';
import { StatusError } from '../../../../src/lab/api/status-error.ts';
import { KindCluster, serviceOf } from './kind-cluster.ts';

const http = { port: 80 };

function specOf(object: JsonObject): JsonObject {
  return objectAt(object, 'spec');
}

describe('what is filled into a Service', () => {
  it('is everything that a bare one lacks', () => {
    const { object, causes } = new KindCluster().create(serviceOf({ ports: [http], selector: { app: 'web' } }));
    expect(causes).toEqual([]);
    const { clusterIP, ...spec } = specOf(object);
    expect(clusterIP).toMatch(/^10\.96\.\d+\.\d+$/);
    expect(spec).toEqual({
      clusterIPs: [clusterIP],
      internalTrafficPolicy: 'Cluster',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      selector: { app: 'web' },
      sessionAffinity: 'None',
      type: 'ClusterIP',
    });
  });

  it.each<[what: string, spec: JsonObject, expected: JsonObject]>([
    ['a node port', { type: 'NodePort', ports: [http] }, { externalTrafficPolicy: 'Cluster' }],
    [
      'a load balancer',
      { type: 'LoadBalancer', ports: [http] },
      { externalTrafficPolicy: 'Cluster', allocateLoadBalancerNodePorts: true },
    ],
    [
      'a headless one',
      { clusterIP: 'None', selector: { app: 'web' } },
      { clusterIPs: ['None'], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' },
    ],
    [
      'a headless one for anything',
      { clusterIP: 'None' },
      { clusterIPs: ['None'], ipFamilies: ['IPv4', 'IPv6'], ipFamilyPolicy: 'RequireDualStack' },
    ],
    [
      'clients that stay with their pod',
      { ports: [http], sessionAffinity: 'ClientIP' },
      { sessionAffinityConfig: { clientIP: { timeoutSeconds: 10_800 } } },
    ],
    ['external addresses', { ports: [http], externalIPs: ['192.0.2.1'] }, { externalTrafficPolicy: 'Cluster' }],
  ])('%s', (_, spec, expected) => {
    const { object, causes } = new KindCluster().create(serviceOf(spec));
    expect(causes).toEqual([]);
    expect(specOf(object)).toMatchObject(expected);
  });

  it('no address for a name', () => {
    const { object, causes } = new KindCluster().create(
      serviceOf({ type: 'ExternalName', externalName: 'example.com.' }),
    );
    expect(causes).toEqual([]);
    expect(specOf(object)).toEqual({ type: 'ExternalName', externalName: 'example.com.', sessionAffinity: 'None' });
  });

  it.each<[family: 'dual' | 'ipv4' | 'ipv6', policy: string | undefined, families: readonly string[]]>([
    ['ipv6', undefined, ['IPv6']],
    ['ipv4', 'PreferDualStack', ['IPv4']],
    ['dual', undefined, ['IPv4']],
    ['dual', 'PreferDualStack', ['IPv4', 'IPv6']],
    ['dual', 'RequireDualStack', ['IPv4', 'IPv6']],
  ])('on a cluster of %s with policy %s addresses of %j', (family, ipFamilyPolicy, families) => {
    const { object, causes } = new KindCluster(family).create(serviceOf({ ports: [http], ipFamilyPolicy }));
    expect(causes).toEqual([]);
    const { ipFamilies, clusterIPs } = specOf(object);
    expect(ipFamilies).toEqual(families);
    expect((clusterIPs as readonly string[]).map((ip) => (ip.includes(':') ? 'IPv6' : 'IPv4'))).toEqual(families);
  });

  it('gives each another address and port, and the same again to the same name', () => {
    const cluster = new KindCluster();
    const spec = { type: 'NodePort', ports: [http] };
    const made = Array.from({ length: 200 }, (_, index) => specOf(cluster.store(serviceOf(spec, `s-${index}`))));
    expect(new Set(made.map(({ clusterIP }) => clusterIP)).size).toBe(200);
    expect(new Set(made.map((each) => objectsInPlace(each, 'ports')[0]?.['nodePort'])).size).toBe(200);
    const again = new KindCluster().create(serviceOf(spec, 's-0')).object;
    expect(specOf(again)['clusterIP']).toBe(made[0]?.['clusterIP']);
    expect(made.map(({ clusterIP }) => clusterIP)).not.toContain('10.96.0.1');
  });

  it('the same node port for one port of two protocols', () => {
    const ports = [
      { name: 'a', port: 53, protocol: 'UDP' },
      { name: 'b', port: 53, protocol: 'TCP' },
    ];
    const { object, causes } = new KindCluster().create(serviceOf({ type: 'NodePort', ports }));
    expect(causes).toEqual([]);
    const [first, second] = objectsInPlace(specOf(object), 'ports');
    expect(first?.['nodePort']).toBe(second?.['nodePort']);
  });

  it('refuses when no port is left', () => {
    const all = Array.from({ length: LAST_NODE_PORT - FIRST_NODE_PORT + 1 }, (_, index) => FIRST_NODE_PORT + index);
    const free = all.filter((port) => port !== 30_003);
    expect(freeNodePort(serviceOf({}), new Set(free))).toBe(30_003);
    expect(() => freeNodePort(serviceOf({}), new Set(all))).toThrow(StatusError);
  });
});

describe('what is refused in a Service', () => {
  it.each<[what: string, spec: JsonObject, causes: readonly string[]]>([
    ['no ports', { selector: { app: 'web' } }, ['spec.ports: Required value']],
    [
      'ports that are wrong',
      { ports: [{ port: 0 }, { name: 'A', port: 80, protocol: 'HTTP', targetPort: '8_' }] },
      [
        'spec.ports[0].name: Required value',
        'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
        'spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive',
        expect.stringContaining('spec.ports[1].name: Invalid value: "A": a lowercase RFC 1123 label') as string,
        'spec.ports[1].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"',
        'spec.ports[1].targetPort: Invalid value: "8_": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
        'spec.ports[1].targetPort: Invalid value: "8_": must contain at least one letter (a-z)',
      ],
    ],
    [
      'ports twice',
      {
        ports: [
          { name: 'a', port: 80 },
          { name: 'a', port: 80 },
        ],
      },
      ['spec.ports[1].name: Duplicate value: "a"', 'spec.ports[1]: Duplicate value: {"port":80,"protocol":"TCP"}'],
    ],
    [
      'node ports without the type',
      { ports: [{ port: 80, nodePort: 30_080 }] },
      ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
    ],
    [
      'node ports out of range, and nothing else is said then',
      { type: 'NodePort', ports: [{ port: 0, nodePort: 80 }] },
      [
        'spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
      ],
    ],
    [
      'a type that nobody knows',
      { type: 'Web', ports: [http] },
      [
        'spec.type: Unsupported value: "Web": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
      ],
    ],
    [
      'a name that leads nowhere',
      { type: 'ExternalName', ipFamilyPolicy: 'SingleStack' },
      ['spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services', 'spec.externalName: Required value'],
    ],
    [
      'headless with node ports',
      { type: 'NodePort', clusterIP: 'None', ports: [http] },
      ['spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services'],
    ],
    [
      'addresses that do not agree',
      { ports: [http], clusterIP: '10.96.1.1', clusterIPs: ['10.96.1.2'] },
      ['spec.clusterIPs: Invalid value: ["10.96.1.2"]: first value must match `clusterIP`'],
    ],
    [
      'what is no address',
      { ports: [http], clusterIP: 'web' },
      ['spec.clusterIPs[0]: Invalid value: "web": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    ],
    [
      'addresses outside the range',
      { ports: [http], clusterIP: '10.97.0.1' },
      [
        'spec.clusterIPs: Invalid value: ["10.97.0.1"]: failed to allocate IP 10.97.0.1: the provided IP (10.97.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16',
      ],
    ],
    [
      'two families on a cluster of one',
      { ports: [http], ipFamilyPolicy: 'RequireDualStack' },
      [
        'spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
      ],
    ],
    [
      'a family that is not there',
      { ports: [http], ipFamilies: ['IPv6'] },
      ['spec.ipFamilies[0]: Invalid value: "IPv6": not configured on this cluster'],
    ],
    [
      'sessions and external addresses',
      {
        ports: [http],
        sessionAffinity: 'ClientIP',
        sessionAffinityConfig: { clientIP: { timeoutSeconds: 86_401 } },
        externalIPs: ['127.0.0.1', 'x'],
      },
      [
        'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400',
        'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
        'spec.externalIPs[1]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      ],
    ],
    [
      'what only load balancers have',
      {
        ports: [http],
        loadBalancerSourceRanges: ['10.0.0.0/8'],
        externalTrafficPolicy: 'Local',
        healthCheckNodePort: 30_000,
        internalTrafficPolicy: 'Near',
      },
      [
        "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is 'LoadBalancer'",
        'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
        "spec.healthCheckNodePort: Invalid value: 30000: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
        'spec.internalTrafficPolicy: Unsupported value: "Near": supported values: "Cluster", "Local"',
      ],
    ],
  ])('%s', (_, spec, causes) => {
    expect(new KindCluster().create(serviceOf(spec)).causes).toEqual(causes);
  });

  it('is what another one has', () => {
    const cluster = new KindCluster();
    cluster.store(
      serviceOf({ type: 'NodePort', clusterIP: '10.96.0.10', ports: [{ port: 53, nodePort: 30_053 }] }, 'dns'),
    );
    const taken = { type: 'NodePort', clusterIP: '10.96.0.10', ports: [{ port: 53, nodePort: 30_053 }] };
    expect(cluster.create(serviceOf(taken)).causes).toEqual([
      'spec.clusterIPs: Invalid value: ["10.96.0.10"]: failed to allocate IP 10.96.0.10: provided IP is already allocated',
      'spec.ports[0].nodePort: Invalid value: 30053: provided port is already allocated',
    ]);
  });
});

describe('what a Service is warned of', () => {
  it.each<[spec: JsonObject, warnings: readonly string[]]>([
    [{ ports: [http] }, []],
    [
      { clusterIP: 'None', sessionAffinity: 'ClientIP', externalIPs: ['192.0.2.1'], externalName: 'a.b' },
      [
        'spec.externalIPs is ignored for headless services',
        'spec.SessionAffinity is ignored for headless services',
        'spec.externalName is ignored when spec.type is not "ExternalName"',
      ],
    ],
    [
      { ports: [http], clusterIP: '10.096.0.9', externalIPs: ['2001:DB8::1'] },
      [
        'spec.clusterIPs[0]: non-standard IP address "10.096.0.9" will be considered invalid in a future Kubernetes release: use "10.96.0.9"',
        'spec.externalIPs[0]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
      ],
    ],
  ])('%j', (spec, warnings) => {
    const { causes, warnings: found } = new KindCluster().create(serviceOf(spec));
    expect(causes).toEqual([]);
    expect(found).toEqual(warnings);
  });
});

describe('what may change in a Service', () => {
  const dual = new KindCluster('dual');
  const cluster = new KindCluster();
  const plain = cluster.store(serviceOf({ ports: [http] }));
  const open = cluster.store(serviceOf({ type: 'NodePort', ports: [http] }, 'open'));

  it('keeps its addresses and ports when the client leaves them out', () => {
    const spec = { type: 'NodePort', ports: [{ port: 80 }, { name: 'b', port: 81 }] };
    const { object } = cluster.update(open, serviceOf(spec, 'open'));
    expect(specOf(object)['clusterIP']).toBe(specOf(open)['clusterIP']);
    const [first, second] = objectsInPlace(specOf(object), 'ports');
    expect(first?.['nodePort']).toBe(objectsInPlace(specOf(open), 'ports')[0]?.['nodePort']);
    expect(second?.['nodePort']).not.toBe(first?.['nodePort']);
  });

  it('gets node ports with the type, and loses them with it', () => {
    const { object, causes } = cluster.updateSpec(plain, { type: 'NodePort' });
    expect(causes).toEqual([]);
    expect(objectsInPlace(specOf(object), 'ports')[0]?.['nodePort']).toBeGreaterThanOrEqual(FIRST_NODE_PORT);
    const back = cluster.updateSpec(object, { type: 'ClusterIP' });
    expect(back.causes).toEqual([]);
    expect(specOf(back.object)).toEqual(specOf(plain));
  });

  it('loses its address when it becomes a name, and gets one again', () => {
    const { object, causes } = cluster.updateSpec(plain, { type: 'ExternalName', externalName: 'example.com' });
    expect(causes).toEqual([]);
    expect(specOf(object)).not.toHaveProperty('clusterIP');
    expect(specOf(object)).not.toHaveProperty('ipFamilies');
    const back = cluster.updateSpec(object, { type: 'ClusterIP', externalName: undefined });
    expect(back.causes).toEqual([]);
    expect(specOf(back.object)['clusterIP']).toBe(specOf(plain)['clusterIP']);
  });

  it('gets a second family and loses it', () => {
    const one = dual.store(serviceOf({ ports: [http] }));
    const { object, causes } = dual.updateSpec(one, { ipFamilyPolicy: 'PreferDualStack' });
    expect(causes).toEqual([]);
    expect(specOf(object)['ipFamilies']).toEqual(['IPv4', 'IPv6']);
    expect(specOf(object)['clusterIPs']).toHaveLength(2);
    const back = dual.updateSpec(object, { ipFamilyPolicy: 'SingleStack' });
    expect(back.causes).toEqual([]);
    expect(specOf(back.object)).toEqual(specOf(one));
  });

  it.each<[what: string, spec: JsonObject, causes: readonly string[]]>([
    [
      'another address',
      { clusterIP: '10.96.9.9' },
      ['spec.clusterIPs[0]: Invalid value: ["10.96.9.9"]: may not change once set'],
    ],
    ['to headless', { clusterIP: 'None' }, ['spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set']],
  ])('not %s', (_, spec, causes) => {
    expect(cluster.updateSpec(plain, spec).causes).toEqual(causes);
  });

  it('is not in its own way', () => {
    expect(cluster.update(open, withFields(open, {})).causes).toEqual([]);
  });
});
