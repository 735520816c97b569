import { describe, expect, test } from 'vitest';
import { formatCidr } from '../../src/base/inet-format.ts';
import { formatSelector } from '../../src/kube/selectors.ts';
import { errorsOf, messagesOf, networkPolicy, policyText, read, warningsOf } from './reading.ts';

const header = 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, namespace: shop}\n';

describe('S4: spec absent or empty is default-deny for ingress', () => {
  test.each([header, `${header}spec:`, `${header}spec: {}`, `${header}spec: null`])('%j', (text) => {
    const policy = networkPolicy(text);
    expect(policy.podSelector.requirements).toEqual([]);
    expect(policy.isolates).toEqual({ ingress: true, egress: false });
    expect([policy.ingress, policy.egress]).toEqual([[], []]);
  });
});

describe('S5: every empty podSelector selects all pods', () => {
  test.each([
    'policyTypes: [Ingress]',
    'podSelector:',
    'podSelector: null',
    'podSelector: {}',
    'podSelector: {matchLabels: null}',
    'podSelector: {matchLabels: {}}',
    'podSelector: {matchExpressions: []}',
    'podSelector:\n  matchLabels:',
  ])('%j', (spec) => {
    expect(networkPolicy(policyText(spec)).podSelector).toMatchObject({ requirements: [], invalid: false });
  });
});

describe('S7, S8, S9: rules and peers that are absent, null or empty', () => {
  test.each(['ingress:', 'ingress: null', 'ingress: []', '{}'])('%j has no ingress rules (S7)', (spec) => {
    expect(networkPolicy(policyText(spec)).ingress).toEqual([]);
  });

  test.each([
    'ingress: [{}]',
    'ingress:\n-',
    'ingress: [null]',
    'ingress: [{from: null, ports: null}]',
    'ingress: [{from: [], ports: []}]',
  ])('%j allows every peer and port (S8, S9)', (spec) => {
    const policy = networkPolicy(policyText(spec));
    expect(policy.ingress).toHaveLength(1);
    expect(policy.ingress[0]).toMatchObject({ peers: [], ports: [], path: 'spec.ingress[0]' });
  });
});

describe('S10, S11: what peers select', () => {
  test.each([
    ['podSelector: {}', '', undefined],
    ['podSelector: {matchLabels: {a: b}}', 'a=b', undefined],
    ['namespaceSelector: {}', undefined, ''],
    ['namespaceSelector: {matchLabels: {a: b}}', undefined, 'a=b'],
    ['{podSelector: {}, namespaceSelector: {}}', '', ''],
    ['{podSelector: {matchLabels: {a: b}}, namespaceSelector: {}}', 'a=b', ''],
    ['{podSelector: {}, namespaceSelector: {matchLabels: {c: d}}}', '', 'c=d'],
    ['{podSelector: {matchLabels: {a: b}}, namespaceSelector: {matchLabels: {c: d}}}', 'a=b', 'c=d'],
    ['{podSelector: null, namespaceSelector: {}}', undefined, ''],
    ['{podSelector: {}, namespaceSelector: null}', '', undefined],
  ])('%s', (peer, pods, namespaces) => {
    const rule = networkPolicy(policyText(`ingress:\n- from:\n  - ${peer}`)).ingress[0];
    const found = rule?.peers[0];
    expect(found?.type).toBe('pods');
    if (found?.type !== 'pods') return;
    expect(found.podSelector && formatSelector(found.podSelector)).toBe(pods);
    expect(found.namespaceSelector && formatSelector(found.namespaceSelector)).toBe(namespaces);
  });

  test('an ipBlock is a masked network with masked exceptions (S44)', () => {
    const rule = networkPolicy(
      policyText('egress:\n- to: [{ipBlock: {cidr: 10.0.0.1/24, except: [10.0.0.2/30, 10.0.0.2/30]}}]'),
    ).egress[0];
    const [peer] = rule?.peers ?? [];
    expect(peer?.type).toBe('ipBlock');
    if (peer?.type !== 'ipBlock') return;
    expect(peer.cidr && formatCidr(peer.cidr)).toBe('10.0.0.0/24');
    expect(peer.except.map(formatCidr)).toEqual(['10.0.0.0/30', '10.0.0.0/30']);
  });
});

describe('S13-S15, S21: ports', () => {
  test.each([
    ['{}', { protocol: 'TCP', port: undefined, endPort: 0 }],
    ['null', { protocol: 'TCP', port: undefined, endPort: 0 }],
    ['{protocol: UDP}', { protocol: 'UDP', port: undefined, endPort: 0 }],
    ['{protocol: null, port: 80}', { protocol: 'TCP', port: 80, endPort: 80 }],
    ['{port: 80, endPort: null}', { protocol: 'TCP', port: 80, endPort: 80 }],
    ['{port: 80, endPort: 80}', { protocol: 'TCP', port: 80, endPort: 80 }],
    ['{port: 1, endPort: 65535, protocol: SCTP}', { protocol: 'SCTP', port: 1, endPort: 65535 }],
    ['{port: http}', { protocol: 'TCP', port: 'http', endPort: 0 }],
    ['{port: a80}', { protocol: 'TCP', port: 'a80', endPort: 0 }],
    ['{port: 0644}', { protocol: 'TCP', port: 420, endPort: 420 }],
    ['{port: 80.0}', { protocol: 'TCP', port: 80, endPort: 80 }],
    ['{port: 1e3, endPort: 0x3e9}', { protocol: 'TCP', port: 1000, endPort: 1001 }],
    ['{port: 0x50}', { protocol: 'TCP', port: 80, endPort: 80 }],
  ])('%s', (port, expected) => {
    expect(networkPolicy(policyText(`ingress: [{ports: [${port}]}]`)).ingress[0]?.ports[0]).toMatchObject(expected);
  });

  test('a number in a notation that people misread is a warning (T3)', () => {
    expect(warningsOf(policyText('ingress: [{ports: [{port: 0644}, {port: 80.0}]}]'))).toEqual([
      '5:29 spec.ingress[0].ports[0].port: 0644 is read as the number 420',
      '5:43 spec.ingress[0].ports[1].port: 80.0 is read as the number 80',
    ]);
  });
});

describe('S16-S19: policyTypes', () => {
  test.each([
    ['{}', true, false],
    ['ingress: [{}]', true, false],
    ['egress: []', true, false],
    ['egress:', true, false],
    ['egress: [{}]', true, true],
    ['egress: [{}]\ningress: [{}]', true, true],
    ['policyTypes: []', true, false],
    ['policyTypes: null\negress: [{}]', true, true],
    ['policyTypes: [Ingress]', true, false],
    ['policyTypes: [Egress]', false, true],
    ['policyTypes: [Egress, Ingress]', true, true],
    ['policyTypes: [Ingress, Ingress]', true, false],
    ['policyTypes: [Egress]\ningress: [{}]', false, true],
    ['policyTypes: [Ingress]\negress: [{}]', true, false],
  ])('%j isolates ingress %s, egress %s', (spec, ingress, egress) => {
    expect(networkPolicy(policyText(spec)).isolates).toEqual({ ingress, egress });
  });

  test('rules of a direction that is not isolated are kept as written (S19)', () => {
    const policy = networkPolicy(policyText('policyTypes: [Egress]\ningress: [{}]'));
    expect(policy.ingress).toHaveLength(1);
    expect(policy.written).toEqual({ policyTypes: true, ingress: true, egress: false });
  });

  test('what was written is remembered, even when it is empty', () => {
    expect(networkPolicy(policyText('policyTypes: []\negress: []')).written).toEqual({
      policyTypes: false,
      ingress: false,
      egress: true,
    });
  });
});

describe('S21, T5: numbers and names are never converted', () => {
  test.each([
    [
      'port: 80.5',
      'json: cannot unmarshal number 80.5 into Go struct field NetworkPolicyPort.spec.ingress.ports.port of type int32',
    ],
    [
      'port: 2147483648',
      'json: cannot unmarshal number 2147483648 into Go struct field NetworkPolicyPort.spec.ingress.ports.port of type int32',
    ],
    [
      'port: -2147483649',
      'json: cannot unmarshal number -2147483649 into Go struct field NetworkPolicyPort.spec.ingress.ports.port of type int32',
    ],
    [
      'port: 1e-3',
      'json: cannot unmarshal number 0.001 into Go struct field NetworkPolicyPort.spec.ingress.ports.port of type int32',
    ],
    [
      'port: 1e10',
      'json: cannot unmarshal number 10000000000 into Go struct field NetworkPolicyPort.spec.ingress.ports.port of type int32',
    ],
    [
      'port: true',
      'json: cannot unmarshal bool into Go struct field NetworkPolicyPort.spec.ingress.ports.port of type int32',
    ],
    [
      'port: [80]',
      'json: cannot unmarshal array into Go struct field NetworkPolicyPort.spec.ingress.ports.port of type int32',
    ],
    [
      'port: {number: 80}',
      'json: cannot unmarshal object into Go struct field NetworkPolicyPort.spec.ingress.ports.port of type int32',
    ],
    [
      'endPort: "90"',
      'json: cannot unmarshal string into Go struct field NetworkPolicyPort.spec.ingress.ports.endPort of type int32',
    ],
    [
      'protocol: 6',
      'json: cannot unmarshal number into Go struct field NetworkPolicyPort.spec.ingress.ports.protocol of type v1.Protocol',
    ],
  ])('%s', (port, message) => {
    expect(messagesOf(policyText(`ingress:\n- ports:\n  - ${port}`))).toEqual([message]);
  });
});

describe('S22: unknown fields are refused, and the refusal says what was meant', () => {
  test.each([
    ['ingres: []', '5:3 strict decoding error: unknown field "spec.ingres"', 'did you mean `ingress`?'],
    ['Ingress: []', '5:3 strict decoding error: unknown field "spec.Ingress"', 'did you mean `ingress`?'],
    ['podselector: {}', '5:3 strict decoding error: unknown field "spec.podselector"', 'did you mean `podSelector`?'],
    [
      'podSelector: {matchlabels: {}}',
      '5:17 strict decoding error: unknown field "spec.podSelector.matchlabels"',
      'did you mean `matchLabels`?',
    ],
    [
      'podSelector: {app: web}',
      '5:17 strict decoding error: unknown field "spec.podSelector.app"',
      'did you mean `matchLabels`?',
    ],
    ['ingress: [{to: []}]', '5:14 strict decoding error: unknown field "spec.ingress[0].to"', 'did you mean `from`?'],
    [
      'egress: [{}, {from: []}]',
      '5:17 strict decoding error: unknown field "spec.egress[1].from"',
      'did you mean `to`?',
    ],
    [
      'ingress: [{from: [{podSelectors: {}}]}]',
      '5:22 strict decoding error: unknown field "spec.ingress[0].from[0].podSelectors"',
      'did you mean `podSelector`?',
    ],
    [
      'ingress: [{ports: [{prot: UDP}]}]',
      '5:23 strict decoding error: unknown field "spec.ingress[0].ports[0].prot"',
      'did you mean `protocol`?',
    ],
    [
      'egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8, exept: []}}]}]',
      '5:47 strict decoding error: unknown field "spec.egress[0].to[0].ipBlock.exept"',
      'did you mean `except`?',
    ],
    [
      'xyzzy: 1',
      '5:3 strict decoding error: unknown field "spec.xyzzy"',
      'known fields here: podSelector, ingress, egress, policyTypes',
    ],
  ])('%s', (spec, error, help) => {
    const text = policyText(spec);
    expect(errorsOf(text)).toEqual([error]);
    expect(read(text).diagnostics[0]).toMatchObject({ code: 'unknown-field', object: 'NetworkPolicy shop/p', help });
    expect(read(text)).toMatchObject({ rejected: 1, objects: { networkPolicies: [] } });
  });

  test('at the top level and in metadata too', () => {
    const text = 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p, lables: {}}\nspecs: {}';
    expect(errorsOf(text)).toEqual([
      '4:1 strict decoding error: unknown field "specs"',
      '3:21 strict decoding error: unknown field "metadata.lables"',
    ]);
  });
});

describe('S23: duplicate keys are refused', () => {
  test.each([
    ['ingress:\n- from: []\n  from: []', '7:5 strict decoding error: duplicate field "spec.ingress[0].from"'],
    [
      'ingress:\n- from:\n  - podSelector: {}\n    podSelector: {}',
      '8:7 strict decoding error: duplicate field "spec.ingress[0].from[0].podSelector"',
    ],
    [
      'podSelector: {matchLabels: {a: b, a: c}}',
      '5:37 strict decoding error: duplicate field "spec.podSelector.matchLabels.a"',
    ],
  ])('%j', (spec, error) => {
    const text = policyText(spec);
    expect(errorsOf(text)).toEqual([error]);
    expect(read(text).diagnostics[0]?.related).toHaveLength(1);
  });

  test('of two specs', () => {
    expect(messagesOf(`${header}spec: {}\nspec: {}`)).toEqual(['strict decoding error: duplicate field "spec"']);
  });
});

describe('S24, M55: label values are strings', () => {
  test.each([
    ['enabled: true', 'bool', 'quote it: "true"'],
    ['tier: 1', 'number', 'quote it: "1"'],
    ['version: 1.10', 'number', 'quote it: "1.10"'],
    ['x: on', 'bool', 'quote it: "on"'],
    ['x: yes', 'bool', 'quote it: "yes"'],
    ['x: no', 'bool', 'quote it: "no"'],
    ['x: [a]', 'array', undefined],
    ['x: {a: b}', 'object', undefined],
  ])('%s', (label, type, help) => {
    const text = policyText(`podSelector:\n  matchLabels:\n    ${label}`);
    expect(messagesOf(text)).toEqual([
      `json: cannot unmarshal ${type} into Go struct field LabelSelector.spec.podSelector.matchLabels of type string`,
    ]);
    expect(read(text).diagnostics[0]?.help).toBe(help);
  });

  test.each([
    ['x: "true"', 'x=true'],
    ["x: '1'", 'x=1'],
    ['x: null', 'x='],
    ['x:', 'x='],
    ['x: ""', 'x='],
    ['x: 1.1.0', 'x=1.1.0'],
  ])('%s is fine', (label, selector) => {
    const policy = networkPolicy(policyText(`podSelector:\n  matchLabels:\n    ${label}`));
    expect(formatSelector(policy.podSelector)).toBe(selector);
  });
});

describe('wrong types elsewhere', () => {
  test.each([
    [
      'podSelector: []',
      'json: cannot unmarshal array into Go struct field NetworkPolicySpec.spec.podSelector of type v1.LabelSelector',
    ],
    [
      'podSelector: app=web',
      'json: cannot unmarshal string into Go struct field NetworkPolicySpec.spec.podSelector of type v1.LabelSelector',
    ],
    [
      'podSelector: {matchLabels: [a]}',
      'json: cannot unmarshal array into Go struct field LabelSelector.spec.podSelector.matchLabels of type map[string]string',
    ],
    [
      'podSelector: {matchExpressions: {key: a}}',
      'json: cannot unmarshal object into Go struct field LabelSelector.spec.podSelector.matchExpressions of type []v1.LabelSelectorRequirement',
    ],
    [
      'podSelector: {matchExpressions: [{key: a, operator: In, values: b}]}',
      'json: cannot unmarshal string into Go struct field LabelSelectorRequirement.spec.podSelector.matchExpressions.values of type []string',
    ],
    [
      'podSelector: {matchExpressions: [{key: a, operator: In, values: [1]}]}',
      'json: cannot unmarshal number into Go struct field LabelSelectorRequirement.spec.podSelector.matchExpressions.values of type string',
    ],
    [
      'ingress: {}',
      'json: cannot unmarshal object into Go struct field NetworkPolicySpec.spec.ingress of type []v1.NetworkPolicyIngressRule',
    ],
    [
      'ingress: [allow]',
      'json: cannot unmarshal string into Go struct field NetworkPolicySpec.spec.ingress of type v1.NetworkPolicyIngressRule',
    ],
    [
      'ingress: [{from: {podSelector: {}}}]',
      'json: cannot unmarshal object into Go struct field NetworkPolicyIngressRule.spec.ingress.from of type []v1.NetworkPolicyPeer',
    ],
    [
      'egress: [{to: [{ipBlock: 10.0.0.0/8}]}]',
      'json: cannot unmarshal string into Go struct field NetworkPolicyPeer.spec.egress.to.ipBlock of type v1.IPBlock',
    ],
    [
      'egress: [{to: [{ipBlock: {cidr: 10}}]}]',
      'json: cannot unmarshal number into Go struct field IPBlock.spec.egress.to.ipBlock.cidr of type string',
    ],
    [
      'policyTypes: Ingress',
      'json: cannot unmarshal string into Go struct field NetworkPolicySpec.spec.policyTypes of type []v1.PolicyType',
    ],
    [
      'policyTypes: [1]',
      'json: cannot unmarshal number into Go struct field NetworkPolicySpec.spec.policyTypes of type v1.PolicyType',
    ],
  ])('%s', (spec, message) => {
    expect(messagesOf(policyText(spec))[0]).toBe(message);
    expect(read(policyText(spec)).rejected).toBe(1);
  });

  test('every slip of an object is listed, and only slips: what cannot be decoded is not validated', () => {
    expect(
      messagesOf(
        policyText('podSelector: {matchLabels: {a: 1}}\ningress: [{from: [{}]}]\npolicyTypes: [ingress]\nfoo: 1'),
      ),
    ).toEqual([
      'strict decoding error: unknown field "spec.foo"',
      'json: cannot unmarshal number into Go struct field LabelSelector.spec.podSelector.matchLabels of type string',
    ]);
  });
});

describe('S1: only networking.k8s.io/v1 is served', () => {
  test.each([
    ['extensions/v1beta1', 'NetworkPolicy'],
    ['networking.k8s.io/v1beta1', 'NetworkPolicy'],
    ['networking.k8s.io', 'NetworkPolicy'],
    ['networking.k8.io/v1', 'NetworkPolicy'],
    ['v1', 'NetworkPolicy'],
    ['networking.k8s.io/v1', 'networkpolicy'],
    ['networking.k8s.io/v1', 'Networkpolicy'],
    ['networking.k8s.io/v1', 'NetworkPolcy'],
    ['networking.k8s.io/v1', 'NetworkPolicies'],
  ])('%s %s (M54)', (apiVersion, kind) => {
    const text = `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: p}\nspec: {}`;
    expect(errorsOf(text)).toEqual([`1:13 no matches for kind "${kind}" in version "${apiVersion}"`]);
    expect(read(text).diagnostics[0]?.help).toContain('write `apiVersion: networking.k8s.io/v1`');
    expect(read(text).rejected).toBe(1);
  });

  test('status is tolerated: older servers wrote one', () => {
    expect(errorsOf(`${header}spec: {}\nstatus: {conditions: []}`)).toEqual([]);
  });
});
