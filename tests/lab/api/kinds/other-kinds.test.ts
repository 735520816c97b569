import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../../src/lab/api/json.ts';
import { objectAt } from '../../../../src/lab/api/field-values.ts';
import { KindCluster } from './kind-cluster.ts';

function object(apiVersion: string, kind: string, fields: JsonObject, metadata: JsonObject = {}): JsonObject {
  return { apiVersion, kind, metadata: { name: 'x', namespace: 'shop', ...metadata }, ...fields };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

describe('namespaces', () => {
  it('say their name in a label, and are active', () => {
    const cluster = new KindCluster();
    const given = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { team: 'a' } } };
    const { object: made, causes } = cluster.create(given);
    expect(causes).toEqual([]);
    expect(made).toMatchObject({
      metadata: { labels: { team: 'a', 'kubernetes.io/metadata.name': 'shop' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
    const changed = cluster.update(made, { ...given, metadata: { name: 'shop' }, spec: { finalizers: [] } });
    expect(changed.object).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': 'shop' } },
      spec: { finalizers: ['kubernetes'] },
    });
  });

  it('have finalizers of known names', () => {
    const given = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' }, spec: { finalizers: ['mine'] } };
    expect(new KindCluster().create(given).causes).toEqual([
      'spec.finalizers: Invalid value: "mine": name is neither a standard finalizer name nor is it fully qualified',
    ]);
  });
});

describe('network policies', () => {
  const policy = (spec: JsonObject) => object('networking.k8s.io/v1', 'NetworkPolicy', { spec });

  it.each<[spec: JsonObject, types: readonly string[]]>([
    [{ podSelector: {} }, ['Ingress']],
    [{ podSelector: {}, egress: [] }, ['Ingress']],
    [{ podSelector: {}, egress: [{}] }, ['Ingress', 'Egress']],
    [{ podSelector: {}, policyTypes: ['Egress'], ingress: [{}] }, ['Egress']],
  ])('%j is for %j', (spec, types) => {
    const { object: made, causes } = new KindCluster().create(policy(spec));
    expect(causes).toEqual([]);
    expect(objectAt(made, 'spec')['policyTypes']).toEqual(types);
  });

  it('are TCP when they do not say', () => {
    const { object: made } = new KindCluster().create(
      policy({ podSelector: {}, ingress: [{ ports: [{ port: 80 }] }] }),
    );
    expect(objectAt(made, 'spec')['ingress']).toEqual([{ ports: [{ port: 80, protocol: 'TCP' }] }]);
  });

  it('are refused in the words that manifests are judged with', () => {
    const spec = {
      podSelector: { matchLabels: { 'a b': 'x' } },
      policyTypes: ['ingress'],
      ingress: [
        { from: [{}, { podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }] },
        { ports: [{ protocol: 'tcp', port: 80, endPort: 70 }] },
        { from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/8', ''] } }] },
      ],
    };
    expect(new KindCluster().create(policy(spec)).causes).toEqual([
      expect.stringContaining('spec.podSelector.matchLabels: Invalid value: "a b": name part must consist of'),
      'spec.ingress[0].from[0]: Required value: must specify a peer',
      'spec.ingress[0].from[1]: Forbidden: may not specify both ipBlock and another peer',
      'spec.ingress[1].ports[0].protocol: Unsupported value: "tcp": supported values: "TCP", "UDP", "SCTP"',
      'spec.ingress[1].ports[0].endPort: Invalid value: 70: must be greater than or equal to `port`',
      'spec.ingress[2].from[0].ipBlock.except[0]: Invalid value: "11.0.0.0/8": must be a strict subset of `cidr`',
      'spec.ingress[2].from[0].ipBlock.except[1]: Invalid value: "": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      'spec.policyTypes[0]: Unsupported value: "ingress": supported values: "Ingress", "Egress"',
    ]);
  });

  it('are warned of when newer servers refuse them', () => {
    const blocks = ['10.0.0.1/8', '010.0.0.0/8', '2001:DB8::/32', '::ffff:10.0.0.0/104', '10.0.0.0/8'];
    const from = blocks.map((cidr) => ({ ipBlock: { cidr } }));
    const spec = { podSelector: {}, egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.1/16'] } }] }] };
    const { causes, warnings } = new KindCluster().create(policy({ ...spec, ingress: [{ from }] }));
    expect(causes).toEqual([]);
    expect(warnings).toEqual([
      'spec.ingress[0].from[0].ipBlock.cidr: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
      'spec.ingress[0].from[1].ipBlock.cidr: non-standard CIDR value "010.0.0.0/8" will be considered invalid in a future Kubernetes release: use "10.0.0.0/8"',
      'spec.ingress[0].from[2].ipBlock.cidr: IPv6 CIDR value "2001:DB8::/32" should be in RFC 5952 canonical format ("2001:db8::/32")',
      'spec.ingress[0].from[3].ipBlock.cidr: non-standard CIDR value "::ffff:10.0.0.0/104" will be considered invalid in a future Kubernetes release: use "10.0.0.0/8"',
      'spec.egress[0].to[0].ipBlock.except[0]: CIDR value "10.1.0.1/16" is ambiguous in this context (should be "10.1.0.0/16" or "10.1.0.1/32"?)',
    ]);
  });

  it.each<[kind: string, version: string, name: string, spec: JsonObject, causes: readonly string[]]>([
    [
      'AdminNetworkPolicy',
      'v1alpha1',
      'x',
      { priority: 1001, subject: {} },
      [
        'spec.priority: Invalid value: 1001: spec.priority in body should be less than or equal to 1000',
        'spec.subject: Invalid value: 0: spec.subject in body should have at least 1 properties',
      ],
    ],
    [
      'BaselineAdminNetworkPolicy',
      'v1alpha1',
      'x',
      { subject: { namespaces: {} } },
      [
        '<nil>: Invalid value: Only one baseline admin network policy with metadata.name="default" can be created in the cluster',
      ],
    ],
    [
      'ClusterNetworkPolicy',
      'v1alpha2',
      'x',
      { tier: 'Top', priority: 'high', subject: { namespaces: {} } },
      ['spec.priority: Invalid value: "string": spec.priority in body must be of type integer: "string"'],
    ],
  ])('%s', (kind, version, name, spec, causes) => {
    const apiVersion = `policy.networking.k8s.io/${version}`;
    const { causes: found } = new KindCluster().create({ apiVersion, kind, metadata: { name }, spec });
    expect(found).toEqual(causes);
  });
});

describe('configuration and secrets', () => {
  it.each<[what: string, given: JsonObject, causes: readonly string[]]>([
    ['an ordinary ConfigMap', object('v1', 'ConfigMap', { data: { 'a.b': '1' } }), []],
    [
      'keys that are no names of files',
      object('v1', 'ConfigMap', { data: { 'a/b': '1', '..': '2', c: '3' }, binaryData: { c: base64('x') } }),
      [
        'data[..]: Invalid value: "..": must not be \'..\'',
        expect.stringContaining('data[a/b]: Invalid value: "a/b": a valid config key must consist of') as string,
        'data[c]: Invalid value: "c": duplicate of key present in binaryData',
      ],
    ],
    [
      'too much',
      object('v1', 'ConfigMap', { data: { a: 'x'.repeat(1024 * 1024), b: 'y' } }),
      [': Too long: may not be more than 1048576 bytes'],
    ],
    [
      'a certificate without its key',
      object('v1', 'Secret', { type: 'kubernetes.io/tls', data: { 'tls.crt': base64('x') } }),
      ['data[tls.key]: Required value'],
    ],
    [
      'what should be JSON and never shows',
      object('v1', 'Secret', {
        type: 'kubernetes.io/dockerconfigjson',
        data: { '.dockerconfigjson': base64('geheim') },
      }),
      ['data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": must be a JSON object'],
    ],
    [
      'a token of nobody',
      object('v1', 'Secret', { type: 'kubernetes.io/service-account-token' }),
      ['metadata.annotations[kubernetes.io/service-account.name]: Required value'],
    ],
    [
      'nobody who could log in',
      object('v1', 'Secret', { type: 'kubernetes.io/basic-auth' }),
      ['data[username]: Required value', 'data[password]: Required value'],
    ],
  ])('%s', (_, given, causes) => {
    expect(new KindCluster().create(given).causes).toEqual(causes);
  });

  it('text joins data', () => {
    const given = object('v1', 'Secret', { data: { a: base64('1'), b: base64('2') }, stringData: { b: 'ü', c: '' } });
    const { object: made } = new KindCluster().create(given);
    expect(made['data']).toEqual({ a: base64('1'), b: base64('ü'), c: '' });
    expect(made).not.toHaveProperty('stringData');
    expect(made['type']).toBe('Opaque');
  });

  it('what shall not change does not', () => {
    const cluster = new KindCluster();
    const before = cluster.store(object('v1', 'Secret', { immutable: true, stringData: { a: '1' } }));
    const next = object('v1', 'Secret', { type: 'other', stringData: { a: '2' } });
    expect(cluster.update(before, next).causes).toEqual([
      'type: Invalid value: "other": field is immutable',
      'immutable: Forbidden: field is immutable when `immutable` is set',
      'data: Forbidden: field is immutable when `immutable` is set',
    ]);
    const map = cluster.store(object('v1', 'ConfigMap', { immutable: true, data: { a: '1' } }));
    expect(cluster.update(map, object('v1', 'ConfigMap', { immutable: true, data: { a: '1' } })).causes).toEqual([]);
    expect(cluster.update(map, object('v1', 'ConfigMap', { immutable: true, data: { a: '2' } })).causes).toEqual([
      'data: Forbidden: field is immutable when `immutable` is set',
    ]);
  });
});

describe('endpoints', () => {
  it.each<[what: string, given: JsonObject, causes: readonly string[]]>([
    [
      'a subset of nothing, and ports without names',
      object('v1', 'Endpoints', {
        subsets: [{ ports: [{ port: 1 }, { port: 0, name: 'b' }] }, { addresses: [{ ip: '169.254.1.1' }] }],
      }),
      [
        'subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`',
        'subsets[0].ports[0].name: Required value',
        'subsets[0].ports[1].port: Invalid value: 0: must be between 1 and 65535, inclusive',
        'subsets[1].addresses[0].ip: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
      ],
    ],
    [
      'addresses of another family',
      object('discovery.k8s.io/v1', 'EndpointSlice', {
        addressType: 'IPv6',
        endpoints: [{ addresses: ['10.0.0.1'] }, { addresses: [] }],
        ports: [{ port: 80 }, { port: 81 }],
      }),
      [
        'endpoints[0].addresses[0]: Invalid value: "10.0.0.1": must be a valid IPv6 address',
        'endpoints[1].addresses: Required value: must contain at least 1 address',
        'ports[1].name: Duplicate value: ""',
      ],
    ],
    [
      'a type that nobody knows',
      object('discovery.k8s.io/v1', 'EndpointSlice', { addressType: 'IP', endpoints: [] }),
      ['addressType: Unsupported value: "IP": supported values: "FQDN", "IPv4", "IPv6"'],
    ],
  ])('%s', (_, given, causes) => {
    expect(new KindCluster().create(given).causes).toEqual(causes);
  });

  it('keep their type', () => {
    const cluster = new KindCluster();
    const slice = (addressType: string) =>
      object('discovery.k8s.io/v1', 'EndpointSlice', { addressType, endpoints: [] });
    expect(cluster.update(slice('IPv4'), slice('IPv6')).causes).toEqual([
      'addressType: Invalid value: "IPv6": field is immutable',
    ]);
  });
});

describe('nodes', () => {
  const node = (spec: JsonObject): JsonObject => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'lab-1' },
    spec,
  });

  it('have both names for their range', () => {
    const range = '10.244.0.0/22';
    const expected = { podCIDR: range, podCIDRs: [range] };
    expect(new KindCluster().create(node({ podCIDR: range })).object['spec']).toEqual(expected);
    expect(new KindCluster().create(node({ podCIDRs: [range] })).object['spec']).toEqual(expected);
  });

  it('have taints and ranges that make sense', () => {
    const taints = [
      { key: 'a', effect: 'NoSchedule' },
      { key: 'a', effect: 'NoSchedule', value: 'b' },
      { key: 'b', effect: 'Go' },
      { key: 'c' },
    ];
    expect(new KindCluster().create(node({ taints, podCIDRs: ['x', '10.0.0.0/8', '11.0.0.0/8'] })).causes).toEqual([
      'metadata.taints[1]: Duplicate value: {"key":"a","effect":"NoSchedule","value":"b"}: taints must be unique by key and effect pair',
      'metadata.taints[2].effect: Unsupported value: "Go": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
      'metadata.taints[3].effect: Required value',
      'spec.podCIDRs[0]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      'spec.podCIDRs: Invalid value: ["x","10.0.0.0/8","11.0.0.0/8"]: may specify no more than one CIDR for each IP family',
    ]);
  });

  it('keep their range', () => {
    const cluster = new KindCluster();
    const before = cluster.store(node({ podCIDR: '10.244.0.0/22' }));
    expect(cluster.update(before, node({ podCIDR: '10.244.4.0/22' })).causes).toEqual([
      'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
    ]);
    expect(cluster.updateSpec(before, { unschedulable: true }).causes).toEqual([]);
  });
});

describe('small kinds', () => {
  it.each<[what: string, given: JsonObject, causes: readonly string[]]>([
    [
      'an event of another namespace',
      object('v1', 'Event', { involvedObject: { namespace: 'other' } }),
      ['involvedObject.namespace: Invalid value: "other": does not match event.namespace'],
    ],
    ['an event of its namespace', object('v1', 'Event', { involvedObject: { namespace: 'shop' } }), []],
    ['an event of a node', object('v1', 'Event', { involvedObject: { kind: 'Node' } }, { namespace: 'default' }), []],
    [
      'an event that does not say who reports',
      object('v1', 'Event', {
        eventTime: '2026-01-01T00:00:00.000000Z',
        involvedObject: { namespace: 'shop' },
        reportingComponent: 'a/b',
        action: 'x',
        reason: 'r'.repeat(129),
      }),
      ['reportingInstance: Required value', 'reason: Invalid value: "": can have at most 128 characters'],
    ],
    [
      'a lease of no time',
      object('coordination.k8s.io/v1', 'Lease', { spec: { leaseDurationSeconds: 0, holderIdentity: '' } }),
      [
        'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0',
        'spec.holderIdentity: Invalid value: "": must not be empty',
      ],
    ],
  ])('%s', (_, given, causes) => {
    expect(new KindCluster().create(given).causes).toEqual(causes);
  });
});
