import { describe, expect, test } from 'vitest';
import { formatCidr } from '../../src/base/inet-format.ts';
import { formatSelector } from '../../src/kube/selectors.ts';
import { clusterPolicy, clusterPolicyText, errorsOf, messagesOf, read, warningsOf } from './reading.ts';

const ACCEPT = 'action: Accept';

/** A valid spec with one rule of each direction replaced. */
function withIngress(rule: string): string {
  return clusterPolicyText(`tier: Admin\npriority: 5\nsubject: {namespaces: {}}\ningress:\n- ${rule}`);
}

function withEgress(rule: string): string {
  return clusterPolicyText(`tier: Admin\npriority: 5\nsubject: {namespaces: {}}\negress:\n- ${rule}`);
}

function admin(spec: string, kind = 'AdminNetworkPolicy', name = 'default'): string {
  const lines = spec.split('\n').map((line) => `  ${line}`);
  return [
    'apiVersion: policy.networking.k8s.io/v1alpha1',
    `kind: ${kind}`,
    `metadata: {name: ${name}}`,
    'spec:',
    ...lines,
  ].join('\n');
}

describe('S145: tier, priority, subject', () => {
  test.each([
    ['{}', ['spec.tier: Required value', 'spec.priority: Required value', 'spec.subject: Required value']],
    [
      '{tier: admin, priority: 1, subject: {namespaces: {}}}',
      ['spec.tier: Unsupported value: "admin": supported values: "Admin", "Baseline"'],
    ],
    [
      '{tier: Admin, priority: -1, subject: {namespaces: {}}}',
      ['spec.priority: Invalid value: -1: spec.priority in body should be greater than or equal to 0'],
    ],
    [
      '{tier: Admin, priority: 1001, subject: {namespaces: {}}}',
      ['spec.priority: Invalid value: 1001: spec.priority in body should be less than or equal to 1000'],
    ],
    [
      '{tier: Admin, priority: "1", subject: {namespaces: {}}}',
      ['spec.priority: Invalid value: "string": spec.priority in body must be of type integer: "string"'],
    ],
    [
      '{tier: Admin, priority: 1.5, subject: {namespaces: {}}}',
      ['spec.priority: Invalid value: "number": spec.priority in body must be of type integer: "number"'],
    ],
    [
      '{tier: Admin, priority: 1, subject: {}}',
      ['spec.subject: Invalid value: 0: spec.subject in body should have at least 1 properties'],
    ],
    [
      '{tier: Admin, priority: 1, subject: {namespaces: null}}',
      ['spec.subject: Invalid value: 0: spec.subject in body should have at least 1 properties'],
    ],
    [
      '{tier: Admin, priority: 1, subject: {namespaces: {}, pods: {podSelector: {}}}}',
      ['spec.subject: Too many: 2: must have at most 1 item'],
    ],
    ['{tier: Admin, priority: 1, subject: {pods: {}}}', ['spec.subject.pods.podSelector: Required value']],
    [
      '{tier: Admin, priority: 1, subject: {pods: {podSelector: {}}}, ingress: {}}',
      ['spec.ingress: Invalid value: "object": spec.ingress in body must be of type array: "object"'],
    ],
    [
      '{tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [null]}',
      ['spec.ingress[0]: Invalid value: "null": spec.ingress[0] in body must be of type object: "null"'],
    ],
    [
      '{tier: Admin, priority: 1, subject: {podSelector: {}}}',
      ['strict decoding error: unknown field "spec.subject.podSelector"'],
    ],
  ])('%s', (spec, messages) => {
    expect(messagesOf(clusterPolicyText(spec))).toEqual(messages);
  });

  test('without spec', () => {
    expect(
      messagesOf('apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: p}'),
    ).toEqual(['spec: Required value']);
  });

  test.each([
    ['Admin', 0],
    ['Baseline', 1000],
  ])('tier %s, priority %i', (tier, priority) => {
    const policy = clusterPolicy(
      clusterPolicyText(`tier: ${tier}\npriority: ${priority}\nsubject: {pods: {podSelector: {matchLabels: {a: b}}}}`),
    );
    expect(policy).toMatchObject({
      kind: 'ClusterNetworkPolicy',
      tier,
      priority,
      ingress: [],
      egress: [],
      meta: { namespace: '' },
    });
    expect(formatSelector(policy.subject.podSelector)).toBe('a=b');
    expect(formatSelector(policy.subject.namespaceSelector)).toBe('');
  });

  test('more rules or peers than the schema allows', () => {
    const rule = '{action: Deny, from: [{namespaces: {}}]}';
    const many = Array.from({ length: 26 }, () => rule).join(', ');
    expect(
      messagesOf(clusterPolicyText(`{tier: Admin, priority: 1, subject: {namespaces: {}}, ingress: [${many}]}`)),
    ).toEqual(['spec.ingress: Too many: 26: must have at most 25 items']);
    const peers = Array.from({ length: 26 }, () => '{namespaces: {}}').join(', ');
    expect(messagesOf(withEgress(`{${ACCEPT}, to: [${peers}]}`))).toEqual([
      'spec.egress[0].to: Too many: 26: must have at most 25 items',
    ]);
  });
});

describe('S145: rules and peers', () => {
  test.each([
    ['{}', ['spec.ingress[0].action: Required value', 'spec.ingress[0].from: Required value']],
    [
      '{action: accept, from: [{namespaces: {}}]}',
      ['spec.ingress[0].action: Unsupported value: "accept": supported values: "Accept", "Deny", "Pass"'],
    ],
    [
      '{action: Allow, from: [{namespaces: {}}]}',
      ['spec.ingress[0].action: Unsupported value: "Allow": supported values: "Accept", "Deny", "Pass"'],
    ],
    [
      '{action: Accept, from: []}',
      ['spec.ingress[0].from: Invalid value: 0: spec.ingress[0].from in body should have at least 1 items'],
    ],
    [
      '{action: Accept, from: [{}]}',
      ['spec.ingress[0].from[0]: Invalid value: 0: spec.ingress[0].from[0] in body should have at least 1 properties'],
    ],
    [
      '{action: Accept, from: [{namespaces: {}, pods: {podSelector: {}}}]}',
      ['spec.ingress[0].from[0]: Too many: 2: must have at most 1 item'],
    ],
    [
      '{action: Accept, from: [{networks: [10.0.0.0/8]}]}',
      ['strict decoding error: unknown field "spec.ingress[0].from[0].networks"'],
    ],
    [
      '{action: Accept, ports: [], from: [{namespaces: {}}]}',
      ['strict decoding error: unknown field "spec.ingress[0].ports"'],
    ],
    [
      `{action: Accept, name: ${'n'.repeat(101)}, from: [{namespaces: {}}]}`,
      ['spec.ingress[0].name: Too long: may not be more than 100 bytes'],
    ],
    [
      '{action: Accept, from: [{namespaces: {matchLabels: {a: 1}}}]}',
      [
        'spec.ingress[0].from[0].namespaces.matchLabels.a: Invalid value: "integer": spec.ingress[0].from[0].namespaces.matchLabels.a in body must be of type string: "integer"',
      ],
    ],
    [
      '{action: Accept, from: [{namespaces: {matchExpressions: [{values: [a]}]}}]}',
      [
        'spec.ingress[0].from[0].namespaces.matchExpressions[0].key: Required value',
        'spec.ingress[0].from[0].namespaces.matchExpressions[0].operator: Required value',
      ],
    ],
  ])('%s', (rule, messages) => {
    expect(messagesOf(withIngress(rule))).toEqual(messages);
  });

  test('action `Allow` and `ports` belong to the older generation, and the help says so', () => {
    expect(read(withIngress('{action: Allow, from: [{namespaces: {}}]}')).diagnostics[0]?.help).toBe('write Accept');
    expect(read(withIngress('{action: Deny, ports: [], from: [{namespaces: {}}]}')).diagnostics[0]?.help).toBe(
      'did you mean `protocols`?',
    );
  });

  test('all peers of egress', () => {
    const policy = clusterPolicy(
      withEgress(
        '{action: Pass, name: third, to: [{namespaces: {matchLabels: {a: b}}}, {pods: {namespaceSelector: {matchLabels: {c: d}}, podSelector: {}}}, {networks: ["10.0.0.1/8", "::/0"]}, {nodes: {}}, {domainNames: ["*.example.com."]}]}',
      ),
    );
    const [rule] = policy.egress;
    expect(rule).toMatchObject({ action: 'Pass', name: 'third', ports: undefined, path: 'spec.egress[0]' });
    expect(rule?.peers.map(({ type }) => type)).toEqual(['pods', 'pods', 'networks', 'nodes', 'domainNames']);
    const networks = rule?.peers[2];
    expect(networks?.type === 'networks' && networks.cidrs.map(formatCidr)).toEqual(['10.0.0.0/8', '::/0']);
    const names = rule?.peers[4];
    expect(names?.type === 'domainNames' && names.names).toEqual(['*.example.com.']);
  });
});

describe('S163: networks go through isCIDR, which takes host bits only', () => {
  const at = 'spec.egress[0].to[0].networks';
  test.each([
    ['[]', [`${at}: Invalid value: 0: ${at} in body should have at least 1 items`]],
    ['[10.0.0.0]', [`${at}[0]: Invalid value: "10.0.0.0": Invalid CIDR format provided`]],
    ['[10.0.0.0/33]', [`${at}[0]: Invalid value: "10.0.0.0/33": Invalid CIDR format provided`]],
    ['[010.0.0.0/8]', [`${at}[0]: Invalid value: "010.0.0.0/8": Invalid CIDR format provided`]],
    ['["::ffff:10.0.0.0/104"]', [`${at}[0]: Invalid value: "::ffff:10.0.0.0/104": Invalid CIDR format provided`]],
    ['[10.0.0.0/8, 10.0.0.0/8]', [`${at}[1]: Duplicate value: "10.0.0.0/8"`]],
    [`["${'1'.repeat(44)}"]`, [`${at}[0]: Too long: may not be more than 43 bytes`]],
    ['[10]', [`${at}[0]: Invalid value: "integer": ${at}[0] in body must be of type string: "integer"`]],
    ['[10.0.0.1/8]', []],
  ])('%s', (networks, messages) => {
    expect(messagesOf(withEgress(`{${ACCEPT}, to: [{networks: ${networks}}]}`))).toEqual(messages);
  });
});

test('host bits in networks are a warning (S163)', () => {
  const text = withEgress(`{${ACCEPT}, to: [{networks: [10.0.0.1/8]}]}`);
  expect(warningsOf(text).map((line) => line.slice(line.indexOf(' ') + 1))).toEqual([
    'spec.egress[0].to[0].networks[0]: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length',
  ]);
});

test('v1beta1 is read like v1alpha2', () => {
  const text = withIngress(
    `{${ACCEPT}, from: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {number: 80}}}]}`,
  );
  const policy = clusterPolicy(text.replace('v1alpha2', 'v1beta1'));
  expect(policy.apiVersion).toBe('policy.networking.k8s.io/v1beta1');
  expect({ ...policy, apiVersion: '', span: undefined, meta: undefined }).toMatchObject({
    tier: 'Admin',
    priority: 5,
    ingress: [{ action: 'Accept', ports: [{ type: 'range', protocol: 'TCP', start: 80, end: 80 }] }],
  });
});

describe('S145, S165: protocols', () => {
  const at = 'spec.ingress[0].protocols';
  test.each([
    ['[]', [`${at}: Invalid value: 0: ${at} in body should have at least 1 items`]],
    ['[{}]', [`${at}[0]: Invalid value: 0: ${at}[0] in body should have at least 1 properties`]],
    ['[{tcp: {}}]', [`${at}[0].tcp: Invalid value: 0: ${at}[0].tcp in body should have at least 1 properties`]],
    [
      '[{udp: {destinationPort: {}}}]',
      [
        `${at}[0].udp.destinationPort: Invalid value: 0: ${at}[0].udp.destinationPort in body should have at least 1 properties`,
      ],
    ],
    [
      '[{tcp: {destinationPort: {number: 1}}, udp: {destinationPort: {number: 1}}}]',
      [`${at}[0]: Too many: 2: must have at most 1 item`],
    ],
    [
      '[{tcp: {destinationPort: {number: 0}}}]',
      [
        `${at}[0].tcp.destinationPort.number: Invalid value: 0: ${at}[0].tcp.destinationPort.number in body should be greater than or equal to 1`,
      ],
    ],
    [
      '[{tcp: {destinationPort: {number: 65536}}}]',
      [
        `${at}[0].tcp.destinationPort.number: Invalid value: 65536: ${at}[0].tcp.destinationPort.number in body should be less than or equal to 65535`,
      ],
    ],
    [
      '[{tcp: {destinationPort: {range: {start: 80, end: 80}}}}]',
      [`${at}[0].tcp.destinationPort.range: Invalid value: Start port must be less than End port`],
    ],
    [
      '[{sctp: {destinationPort: {range: {start: 81, end: 80}}}}]',
      [`${at}[0].sctp.destinationPort.range: Invalid value: Start port must be less than End port`],
    ],
    ['[{tcp: {destinationPort: {range: {start: 80}}}}]', [`${at}[0].tcp.destinationPort.range.end: Required value`]],
    ['[{TCP: {}}]', [`strict decoding error: unknown field "${at}[0].TCP"`]],
    [
      '[{tcp: {destinationPort: {number: http}}}]',
      [
        `${at}[0].tcp.destinationPort.number: Invalid value: "string": ${at}[0].tcp.destinationPort.number in body must be of type integer: "string"`,
      ],
    ],
  ])('%s', (protocols, messages) => {
    expect(messagesOf(withIngress(`{${ACCEPT}, from: [{namespaces: {}}], protocols: ${protocols}}`))).toEqual(messages);
  });

  test('ranges, single ports and names', () => {
    const policy = clusterPolicy(
      withIngress(
        `{${ACCEPT}, from: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {number: 80}}}, {udp: {destinationPort: {range: {start: 1, end: 65535}}}}, {destinationNamedPort: http}, {destinationNamedPort: ""}]}`,
      ),
    );
    expect(policy.ingress[0]?.ports).toMatchObject([
      { type: 'range', protocol: 'TCP', start: 80, end: 80 },
      { type: 'range', protocol: 'UDP', start: 1, end: 65535 },
      { type: 'named', name: 'http' },
      { type: 'named', name: '' },
    ]);
  });

  test('absent protocols mean any protocol (S165)', () => {
    expect(clusterPolicy(withIngress(`{${ACCEPT}, from: [{namespaces: {}}]}`)).ingress[0]?.ports).toBeUndefined();
  });
});

describe('S158: peers without container ports and named ports', () => {
  const message =
    'spec.egress[0]: Invalid value: networks/nodes/domainNames peer cannot be set with namedPorts since there are no namedPorts for networks/nodes/domainNames';
  test.each(['nodes: {}', 'domainNames: [example.com]'])('%s exists only where the combination is refused', (peer) => {
    expect(
      messagesOf(
        withEgress(`{${ACCEPT}, to: [{namespaces: {}}, {${peer}}], protocols: [{destinationNamedPort: http}]}`),
      ),
    ).toEqual([message]);
  });

  test('networks are in the standard channel too, which admits it', () => {
    const text = withEgress(`{${ACCEPT}, to: [{networks: [10.0.0.0/8]}], protocols: [{destinationNamedPort: http}]}`);
    expect(errorsOf(text)).toEqual([]);
    expect(warningsOf(text)).toEqual([`9:5 ${message}`]);
  });
});

describe('S159: selectors that the schema lets pass', () => {
  test.each([
    ['{matchExpressions: [{key: a, operator: notIn, values: [b]}]}', true],
    ['{matchExpressions: [{key: a, operator: In}]}', true],
    ['{matchExpressions: [{key: a, operator: Exists, values: [b]}]}', true],
    ['{matchExpressions: [{key: a b, operator: Exists}]}', true],
    ['{matchExpressions: [{key: a, operator: In, values: [b c]}]}', true],
    ['{matchLabels: {a b: c}}', true],
    ['{matchLabels: {__proto__: c}}', true],
    ['{matchLabels: {a: b}}', false],
    ['{matchExpressions: [{key: a, operator: NotIn, values: [b]}]}', false],
    ['{}', false],
  ])('%s: invalid %s', (selector, invalid) => {
    const policy = clusterPolicy(withIngress(`{action: Deny, from: [{namespaces: ${selector}}]}`));
    const [peer] = policy.ingress[0]?.peers ?? [];
    expect(peer?.type === 'pods' && peer.namespaceSelector.invalid).toBe(invalid);
  });
});

describe('S168: domain names', () => {
  const pattern = '^(\\*\\.)?([a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\\.)+[a-zA-z0-9]([-a-zA-Z0-9_]*[a-zA-Z0-9])?\\.?$';
  const at = 'spec.egress[0].to[0].domainNames[0]';
  test.each([
    'example.com',
    '*.example.com',
    'example.com.',
    'a.b',
    'a_b.example.com',
    'A.B',
    '1.2',
    '_dmarc.x',
    '^a.b',
    'a.b-c',
  ])('%s', (name) => {
    expect(messagesOf(withEgress(`{${ACCEPT}, to: [{domainNames: ["${name}"]}]}`))).toEqual([]);
    expect(new RegExp(pattern).test(name)).toBe(true);
  });

  test.each([
    '',
    'example',
    '*',
    '*.',
    '*.com',
    '**.example.com',
    'a.*.com',
    'a..b',
    '.a.b',
    'a.b..',
    '-a.b',
    'a-.b',
    'a b.c',
    'a.b/c',
    'é.com',
  ])('%j is refused', (name) => {
    expect(messagesOf(withEgress(`{${ACCEPT}, to: [{domainNames: ["${name}"]}]}`))).toEqual([
      `${at}: Invalid value: "${name}": ${at} in body should match '${pattern}'`,
    ]);
  });

  test('the hand-written matcher and the pattern of the schema agree', () => {
    const pieces = ['a', 'Z', '0', '-', '_', '.', '*', '^', '[', 'ab'];
    const expression = new RegExp(pattern);
    for (let n = 0; n < 4000; n++) {
      // Every name of up to five pieces, sampled with a stride that is prime to their number.
      let rest = n * 37;
      let name = '';
      for (let i = 0; i <= n % 5; i++) {
        name += pieces[rest % pieces.length];
        rest = Math.floor(rest / pieces.length);
      }
      const refused = messagesOf(withEgress(`{${ACCEPT}, to: [{domainNames: ["${name}"]}]}`)).length > 0;
      expect([name, refused]).toEqual([name, !expression.test(name)]);
    }
  });

  test('a hostile name does not make the check slow', () => {
    const name = `${'a-'.repeat(50_000)}!`;
    expect(messagesOf(withEgress(`{${ACCEPT}, to: [{domainNames: ["${name}"]}]}`))).toHaveLength(1);
  });
});

describe('S146: the v1alpha1 generation', () => {
  test('AdminNetworkPolicy', () => {
    const policy = clusterPolicy(
      admin(
        [
          'priority: 7',
          'subject: {pods: {namespaceSelector: {}, podSelector: {matchLabels: {a: b}}}}',
          'ingress:',
          '- {action: Allow, from: [{namespaces: {}}], ports: [{portNumber: {port: 80}}, {portRange: {start: 9, end: 9, protocol: UDP}}, {namedPort: x}]}',
          'egress:',
          '- {action: Deny, to: [{networks: [10.0.0.0/8]}], ports: []}',
        ].join('\n'),
      ),
    );
    expect(policy).toMatchObject({ kind: 'AdminNetworkPolicy', tier: 'Admin', priority: 7 });
    expect(policy.ingress[0]).toMatchObject({
      action: 'Accept',
      ports: [
        { type: 'range', protocol: 'TCP', start: 80, end: 80 },
        { type: 'range', protocol: 'UDP', start: 9, end: 9 },
        { type: 'named', name: 'x' },
      ],
    });
    expect(policy.egress[0]).toMatchObject({ action: 'Deny', ports: undefined });
  });

  test('BaselineAdminNetworkPolicy', () => {
    const policy = clusterPolicy(
      admin(
        'subject: {namespaces: {}}\ningress: [{action: Deny, from: [{namespaces: {}}]}]',
        'BaselineAdminNetworkPolicy',
      ),
    );
    expect(policy).toMatchObject({ kind: 'BaselineAdminNetworkPolicy', tier: 'Baseline', priority: 0 });
  });

  test.each([
    ['subject: {namespaces: {}}', 'AdminNetworkPolicy', ['spec.priority: Required value']],
    [
      'priority: 1\nsubject: {pods: {podSelector: {}}}',
      'AdminNetworkPolicy',
      ['spec.subject.pods.namespaceSelector: Required value'],
    ],
    [
      'priority: 1\nsubject: {namespaces: {}}\ningress: [{action: Accept, from: [{namespaces: {}}]}]',
      'AdminNetworkPolicy',
      ['spec.ingress[0].action: Unsupported value: "Accept": supported values: "Allow", "Deny", "Pass"'],
    ],
    [
      'priority: 1\nsubject: {namespaces: {}}',
      'BaselineAdminNetworkPolicy',
      ['strict decoding error: unknown field "spec.priority"'],
    ],
    [
      'tier: Admin\npriority: 1\nsubject: {namespaces: {}}',
      'AdminNetworkPolicy',
      ['strict decoding error: unknown field "spec.tier"'],
    ],
    [
      'subject: {namespaces: {}}\negress: [{action: Pass, to: [{namespaces: {}}]}]',
      'BaselineAdminNetworkPolicy',
      ['spec.egress[0].action: Unsupported value: "Pass": supported values: "Allow", "Deny"'],
    ],
    [
      'priority: 1\nsubject: {namespaces: {}}\negress: [{action: Deny, to: [{namespaces: {}}], ports: [{portNumber: {protocol: TCP}}]}]',
      'AdminNetworkPolicy',
      ['spec.egress[0].ports[0].portNumber.port: Required value'],
    ],
  ])('%j', (spec, kind, messages) => {
    expect(messagesOf(admin(spec, kind))).toEqual(messages);
  });

  test('a BaselineAdminNetworkPolicy is named default', () => {
    expect(errorsOf(admin('subject: {namespaces: {}}', 'BaselineAdminNetworkPolicy', 'other'))).toEqual([
      '3:11 <nil>: Invalid value: Only one baseline admin network policy with metadata.name="default" can be created in the cluster',
    ]);
  });

  test('a range upside down is admitted, with a warning that it matches nothing (S146)', () => {
    const text = admin(
      'priority: 1\nsubject: {namespaces: {}}\ningress: [{action: Deny, from: [{namespaces: {}}], ports: [{portRange: {start: 10, end: 1}}]}]',
    );
    expect(clusterPolicy(text).ingress[0]?.ports).toMatchObject([{ type: 'range', start: 10, end: 1 }]);
    expect(warningsOf(text)).toEqual([
      '7:74 spec.ingress[0].ports[0].portRange: start 10 is greater than end 1: matches nothing',
    ]);
  });

  test('a protocol of no meaning is admitted, and unknown (S157)', () => {
    const text = admin(
      'priority: 1\nsubject: {namespaces: {}}\ningress: [{action: Deny, from: [{namespaces: {}}], ports: [{portNumber: {port: 80, protocol: tcp}}]}]',
    );
    expect(clusterPolicy(text).ingress[0]?.ports).toMatchObject([{ type: 'unknown' }]);
    expect(warningsOf(text)).toEqual(['7:96 spec.ingress[0].ports[0].portNumber.protocol: "tcp" is no protocol']);
  });

  test.each([
    ['policy.networking.k8s.io/v1alpha1', 'ClusterNetworkPolicy', 'policy.networking.k8s.io/v1alpha2'],
    ['policy.networking.k8s.io/v1alpha2', 'AdminNetworkPolicy', 'policy.networking.k8s.io/v1alpha1'],
    ['networking.k8s.io/v1', 'ClusterNetworkPolicy', 'policy.networking.k8s.io/v1alpha2'],
    ['policy.networking.k8s.io/v1', 'BaselineAdminNetworkPolicy', 'policy.networking.k8s.io/v1alpha1'],
  ])('%s does not serve %s (S140)', (apiVersion, kind, wanted) => {
    const { diagnostics } = read(`apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: {name: p}`);
    expect(diagnostics).toMatchObject([
      { message: `no matches for kind "${kind}" in version "${apiVersion}"`, help: `write \`apiVersion: ${wanted}\`` },
    ]);
  });

  test('names are DNS subdomains, and a namespace is ignored', () => {
    const text =
      'apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: p, namespace: shop}\nspec: {tier: Admin, priority: 1, subject: {namespaces: {}}}';
    expect(clusterPolicy(text).meta.namespace).toBe('');
    expect(warningsOf(text)).toEqual(['3:32 metadata.namespace is ignored: this kind is cluster-scoped']);
  });
});
