import { describe, expect, test } from 'vitest';
import { errorsOf, messagesOf, networkPolicy, policyText, read, warningsOf } from './reading.ts';

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const DNS_LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const KEY_NAME =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const KEY_SLASHES =
  "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
const LABEL_VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)';

function withMetadata(metadata: string): string {
  return `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: ${metadata}\nspec: {}`;
}

describe('S3: names', () => {
  const long = `${'a'.repeat(250)}.abc`;
  test.each([
    ['{}', '3:11 metadata.name: Required value: name or generateName is required'],
    ['{name: ""}', '3:18 metadata.name: Required value: name or generateName is required'],
    ['{name: My_Policy}', `3:18 metadata.name: Invalid value: "My_Policy": ${SUBDOMAIN}`],
    ['{name: -a}', `3:18 metadata.name: Invalid value: "-a": ${SUBDOMAIN}`],
    ['{name: a..b}', `3:18 metadata.name: Invalid value: "a..b": ${SUBDOMAIN}`],
    ['{name: a, namespace: My.NS}', `3:32 metadata.namespace: Invalid value: "My.NS": ${DNS_LABEL}`],
    [`{name: ${long}}`, `3:18 metadata.name: Invalid value: "${long}": must be no more than 253 bytes`],
    ['{generateName: A-}', `3:26 metadata.generateName: Invalid value: "A-": ${SUBDOMAIN}`],
    ['{name: 5}', '3:18 json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string'],
  ])('%s', (metadata, error) => {
    expect(errorsOf(withMetadata(metadata))).toEqual([error]);
  });

  test.each(['{name: a.b-c.1}', '{name: 0}', `{name: ${'a'.repeat(253)}}`, '{generateName: a-}'])(
    '%s is fine',
    (metadata) => {
      expect(errorsOf(withMetadata(metadata.replace('name: 0', 'name: "0"')))).toEqual([]);
    },
  );

  test('without metadata at all', () => {
    expect(errorsOf('apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy')).toEqual([
      '1:1 metadata.name: Required value: name or generateName is required',
    ]);
  });
});

describe('S30, S47: labels and annotations of the object', () => {
  test.each([
    ['{name: p, labels: {a b: c}}', [`metadata.labels: Invalid value: "a b": ${KEY_NAME}`]],
    ['{name: p, labels: {a: b c}}', [`metadata.labels: Invalid value: "b c": ${LABEL_VALUE}`]],
    ['{name: p, labels: {a/b/c: d}}', [`metadata.labels: Invalid value: "a/b/c": ${KEY_SLASHES}`]],
    ['{name: p, labels: {/b: d}}', ['metadata.labels: Invalid value: "/b": prefix part must be non-empty']],
    [
      '{name: p, labels: {a/: d}}',
      [
        'metadata.labels: Invalid value: "a/": name part must be non-empty',
        `metadata.labels: Invalid value: "a/": ${KEY_NAME}`,
      ],
    ],
    ['{name: p, labels: {A/b: d}}', [`metadata.labels: Invalid value: "A/b": prefix part ${SUBDOMAIN}`]],
    [
      `{name: p, labels: {${'k'.repeat(64)}: d}}`,
      [`metadata.labels: Invalid value: "${'k'.repeat(64)}": name part must be no more than 63 bytes`],
    ],
    [
      `{name: p, labels: {a: ${'v'.repeat(64)}}}`,
      [`metadata.labels: Invalid value: "${'v'.repeat(64)}": must be no more than 63 bytes`],
    ],
    [
      `{name: p, labels: {a: "${'é'.repeat(32)}"}}`,
      [
        `metadata.labels: Invalid value: "${'é'.repeat(32)}": must be no more than 63 bytes`,
        `metadata.labels: Invalid value: "${'é'.repeat(32)}": ${LABEL_VALUE}`,
      ],
    ],
    ['{name: p, annotations: {a b: c}}', [`metadata.annotations: Invalid value: "a b": ${KEY_NAME}`]],
    [
      `{name: p, annotations: {a: ${'v'.repeat(262_144)}}}`,
      ['metadata.annotations: Too long: may not be more than 262144 bytes'],
    ],
    [
      '{name: p, labels: {a: true}}',
      ['json: cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string'],
    ],
    [
      '{name: p, annotations: {a: 1}}',
      ['json: cannot unmarshal number into Go struct field ObjectMeta.metadata.annotations of type string'],
    ],
  ])('%.60s', (metadata, messages) => {
    expect(messagesOf(withMetadata(metadata))).toEqual(messages);
  });

  test.each([
    '{name: p, labels: {constructor: a, valueOf: b, toString: "", hasOwnProperty: c}}',
    '{name: p, labels: {app.kubernetes.io/name: a.b_c-d}}',
    '{name: p, annotations: {Example.COM/A: "any thing"}}',
  ])('%s is fine (T4)', (metadata) => {
    expect(errorsOf(withMetadata(metadata))).toEqual([]);
  });

  test('labels named like properties of every object are ordinary labels (T4)', () => {
    const { labels } = networkPolicy(withMetadata('{name: p, labels: {constructor: a, toString: b}}')).meta;
    expect([...labels]).toEqual([
      ['constructor', 'a'],
      ['toString', 'b'],
    ]);
  });
});

describe('S32-S36: ports', () => {
  const unsupported = (value: string) =>
    `spec.ingress[0].ports[0].protocol: Unsupported value: "${value}": supported values: "TCP", "UDP", "SCTP"`;
  const port = (value: string, detail: string) => `spec.ingress[0].ports[0].port: Invalid value: ${value}: ${detail}`;
  const endPort = (value: string, detail: string) =>
    `spec.ingress[0].ports[0].endPort: Invalid value: ${value}: ${detail}`;
  const range = 'must be between 1 and 65535, inclusive';
  const charset = 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)';
  const letter = 'must contain at least one letter (a-z)';
  test.each([
    ['protocol: tcp', [unsupported('tcp')]],
    ['protocol: ICMP', [unsupported('ICMP')]],
    ['protocol: ""', [unsupported('')]],
    ['port: 0', [port('0', range)]],
    ['port: -1', [port('-1', range)]],
    ['port: 65536', [port('65536', range)]],
    ['port: "80"', [port('"80"', letter)]],
    ['port: ""', [port('""', charset), port('""', letter)]],
    ['port: HTTP', [port('"HTTP"', charset), port('"HTTP"', letter)]],
    ['port: a_b', [port('"a_b"', charset)]],
    ['port: a--b', [port('"a--b"', 'must not contain consecutive hyphens')]],
    ['port: -a', [port('"-a"', 'must not begin or end with a hyphen')]],
    ['port: a-', [port('"a-"', 'must not begin or end with a hyphen')]],
    ['port: abcdefghijklmnop', [port('"abcdefghijklmnop"', 'must be no more than 15 characters')]],
    [
      'port: "--_"',
      [
        port('"--_"', charset),
        port('"--_"', letter),
        port('"--_"', 'must not contain consecutive hyphens'),
        port('"--_"', 'must not begin or end with a hyphen'),
      ],
    ],
    ['{port: 80, endPort: 79}', [endPort('79', 'must be greater than or equal to `port`')]],
    ['{port: 80, endPort: 65536}', [endPort('65536', range)]],
    ['{port: 80, endPort: 0}', [endPort('0', 'must be greater than or equal to `port`'), endPort('0', range)]],
    ['{port: http, endPort: 90}', [endPort('90', 'may not be specified when `port` is non-numeric')]],
    ['{endPort: 90}', [endPort('90', 'may not be specified when `port` is not specified')]],
    ['{port: null, endPort: 90}', [endPort('90', 'may not be specified when `port` is not specified')]],
    ['{protocol: tcp, port: 0}', [unsupported('tcp'), port('0', range)]],
    [
      '{port: A1, endPort: 1}',
      [endPort('1', 'may not be specified when `port` is non-numeric'), port('"A1"', charset), port('"A1"', letter)],
    ],
  ])('%s', (item, messages) => {
    expect(messagesOf(policyText(`ingress:\n- ports:\n  - ${item}`))).toEqual(messages);
  });

  test.each([
    'port: 1',
    'port: 65535',
    '{port: 80, endPort: 80}',
    'port: a',
    'port: 1a',
    'port: a-b-c',
    'port: abcdefghijklmno',
    'protocol: SCTP',
  ])('%s is fine', (item) => {
    expect(errorsOf(policyText(`ingress:\n- ports:\n  - ${item}`))).toEqual([]);
  });
});

describe('S37-S39: peers', () => {
  test.each([
    ['{}', ['7:7 spec.ingress[0].from[0]: Required value: must specify a peer']],
    ['null', ['7:7 spec.ingress[0].from[0]: Required value: must specify a peer']],
    ['{podSelector: null, namespaceSelector:}', ['7:7 spec.ingress[0].from[0]: Required value: must specify a peer']],
    [
      '{podSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}',
      ['7:7 spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer'],
    ],
    [
      '{namespaceSelector: {}, ipBlock: {cidr: 10.0.0.0/8}}',
      ['7:7 spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer'],
    ],
    [
      '{namespaceSelector: {}, ipBlock: {cidr: x}}',
      [
        `7:47 spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "x": ${CIDR}`,
        '7:7 spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer',
      ],
    ],
  ])('%s', (peer, errors) => {
    expect(errorsOf(policyText(`ingress:\n- from:\n  - ${peer}`))).toEqual(errors);
  });

  test('an empty peer after a dash', () => {
    expect(messagesOf(policyText('egress:\n- to:\n  -'))).toEqual([
      'spec.egress[0].to[0]: Required value: must specify a peer',
    ]);
  });

  test('repeated peers and ports, and overlapping rules, are legal (S39)', () => {
    const rule = '{from: [{podSelector: {}}, {podSelector: {}}], ports: [{port: 80}, {port: 80}]}';
    expect(errorsOf(policyText(`ingress: [${rule}, ${rule}]`))).toEqual([]);
  });
});

describe('S40-S45: ipBlock', () => {
  const subset = 'must be a strict subset of `cidr`';
  const cidr = (value: string) => `spec.egress[0].to[0].ipBlock.cidr: Invalid value: "${value}": ${CIDR}`;
  const except = (index: number, value: string, detail: string) =>
    `spec.egress[0].to[0].ipBlock.except[${index}]: Invalid value: "${value}": ${detail}`;
  test.each([
    ['{}', ['spec.egress[0].to[0].ipBlock.cidr: Required value']],
    ['{cidr: ""}', ['spec.egress[0].to[0].ipBlock.cidr: Required value']],
    ['{cidr: "", except: [x]}', ['spec.egress[0].to[0].ipBlock.cidr: Required value']],
    ['{cidr: 10.0.0.0}', [cidr('10.0.0.0')]],
    ['{cidr: 10.0.0.0/33}', [cidr('10.0.0.0/33')]],
    ['{cidr: example.com}', [cidr('example.com')]],
    ['{cidr: "fe80::%eth0/64"}', [cidr('fe80::%eth0/64')]],
    ['{cidr: 10.0.0.0/8, except: [10.0.0.0]}', [except(0, '10.0.0.0', CIDR)]],
    ['{cidr: 10.0.0.0/8, except: [10.0.0.0/8]}', [except(0, '10.0.0.0/8', subset)]],
    ['{cidr: 10.0.0.0/8, except: [10.0.0.0/7]}', [except(0, '10.0.0.0/7', subset)]],
    ['{cidr: 10.0.0.0/8, except: [10.1.0.0/16, 11.0.0.0/16]}', [except(1, '11.0.0.0/16', subset)]],
    [
      '{cidr: 10.0.0.0/8, except: ["::/0", "2001:db8::/32"]}',
      [except(0, '::/0', subset), except(1, '2001:db8::/32', subset)],
    ],
    ['{cidr: "::/0", except: [10.0.0.0/8]}', [except(0, '10.0.0.0/8', subset)]],
    ['{cidr: x, except: [z]}', [cidr('x')]],
    ['{cidr: "::ffff:10.0.0.0/104", except: [10.0.0.0/16]}', [except(0, '10.0.0.0/16', subset)]],
  ])('%s', (block, messages) => {
    expect(messagesOf(policyText(`egress:\n- to:\n  - ipBlock: ${block}`))).toEqual(messages);
  });

  test.each([
    '{cidr: 0.0.0.0/0, except: []}',
    '{cidr: 0.0.0.0/0, except: [10.0.0.0/8, 10.0.0.0/8, 10.1.0.0/16]}',
    '{cidr: 0.0.0.0/0, except: [0.0.0.0/1, 128.0.0.0/1]}',
    '{cidr: "2001:DB8:0::/32"}',
    '{cidr: "::/0", except: ["2001:db8::/32"]}',
  ])('%s is fine (S43)', (block) => {
    const text = policyText(`egress:\n- to:\n  - ipBlock: ${block}`);
    expect([errorsOf(text), warningsOf(text)]).toEqual([[], []]);
  });

  test.each([
    ['010.0.0.0/8', 'must not have leading 0s in IP or prefix length', 'write 10.0.0.0/8'],
    ['10.0.0.0/08', 'must not have leading 0s in IP or prefix length', 'write 10.0.0.0/8'],
    ['010.0.0.1/8', 'must not have leading 0s in IP or prefix length', 'write 10.0.0.0/8'],
    ['::ffff:10.0.0.0/104', 'must not have an IPv4-mapped IPv6 address', 'write 10.0.0.0/8'],
    ['10.0.0.1/24', 'must not have bits set beyond the prefix length', 'write 10.0.0.0/24'],
    ['2001:db8::1/64', 'must not have bits set beyond the prefix length', 'write 2001:db8::/64'],
  ])('%s is read and warned about, because only newer servers refuse it (S42)', (value, detail, help) => {
    const text = policyText(`egress:\n- to:\n  - ipBlock: {cidr: "${value}"}`);
    expect(errorsOf(text)).toEqual([]);
    expect(warningsOf(text)).toEqual([`7:23 spec.egress[0].to[0].ipBlock.cidr: Invalid value: "${value}": ${detail}`]);
    expect(read(text).diagnostics[0]?.help).toContain(help);
  });

  test.each([
    ['10.0.0.1', 'write 10.0.0.1/32 for this one address'],
    ['2001:db8::1', 'write 2001:db8::1/128 for this one address'],
    ['api.example.com', 'NetworkPolicy knows no host names; a ClusterNetworkPolicy has `domainNames`'],
  ])('%s gets advice (M22)', (value, help) => {
    expect(read(policyText(`egress:\n- to:\n  - ipBlock: {cidr: "${value}"}`)).diagnostics[0]?.help).toBe(help);
  });
});

describe('S46: policyTypes', () => {
  const unsupported = (index: number, value: string) =>
    `spec.policyTypes[${index}]: Unsupported value: "${value}": supported values: "Ingress", "Egress"`;
  test.each([
    ['[ingress]', [unsupported(0, 'ingress')]],
    ['[Ingress, EGRESS]', [unsupported(1, 'EGRESS')]],
    ['[""]', [unsupported(0, '')]],
    ['[null]', [unsupported(0, '')]],
    [
      '[Ingress, Egress, foo]',
      ['spec.policyTypes: Invalid value: ["Ingress","Egress","foo"]: may not specify more than two policyTypes'],
    ],
  ])('%s', (types, messages) => {
    expect(messagesOf(policyText(`policyTypes: ${types}`))).toEqual(messages);
  });
});

describe('S47, S49: selectors', () => {
  const at = 'spec.podSelector.matchExpressions[0]';
  const operator = (value: string) => `${at}.operator: Invalid value: "${value}": not a valid selector operator`;
  const required = `${at}.values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`;
  const forbidden = `${at}.values: Forbidden: may not be specified when \`operator\` is 'Exists' or 'DoesNotExist'`;
  test.each([
    ['{key: a, operator: In}', [required]],
    ['{key: a, operator: NotIn, values: []}', [required]],
    ['{key: a, operator: Exists, values: [b]}', [forbidden]],
    ['{key: a, operator: DoesNotExist, values: [b]}', [forbidden]],
    ['{key: a, operator: in, values: [b]}', [operator('in')]],
    ['{key: a, operator: notIn, values: [b]}', [operator('notIn')]],
    ['{key: a, operator: Gt, values: ["1"]}', [operator('Gt')]],
    ['{key: a, values: [b]}', [operator('')]],
    [
      '{key: "", operator: Exists}',
      [`${at}.key: Invalid value: "": name part must be non-empty`, `${at}.key: Invalid value: "": ${KEY_NAME}`],
    ],
    [
      '{operator: Exists}',
      [`${at}.key: Invalid value: "": name part must be non-empty`, `${at}.key: Invalid value: "": ${KEY_NAME}`],
    ],
    ['{key: a b, operator: Exists}', [`${at}.key: Invalid value: "a b": ${KEY_NAME}`]],
    ['{key: a, operator: In, values: [ok, "not ok"]}', [`${at}.values[1]: Invalid value: "not ok": ${LABEL_VALUE}`]],
    [
      '{key: a b, operator: in, values: ["c d"]}',
      [
        operator('in'),
        `${at}.key: Invalid value: "a b": ${KEY_NAME}`,
        `${at}.values[0]: Invalid value: "c d": ${LABEL_VALUE}`,
      ],
    ],
  ])('%s', (expression, messages) => {
    expect(messagesOf(policyText(`podSelector:\n  matchExpressions:\n  - ${expression}`))).toEqual(messages);
  });

  test('matchLabels errors carry no key in their path', () => {
    expect(errorsOf(policyText('podSelector:\n  matchLabels:\n    a b: c d'))).toEqual([
      `7:7 spec.podSelector.matchLabels: Invalid value: "a b": ${KEY_NAME}`,
      `7:12 spec.podSelector.matchLabels: Invalid value: "c d": ${LABEL_VALUE}`,
    ]);
  });

  test('peers have selectors of their own', () => {
    const text = policyText(
      'ingress:\n- from:\n  - namespaceSelector: {matchExpressions: [{key: a, operator: In}]}\n    podSelector: {matchLabels: {a: "-"}}',
    );
    expect(messagesOf(text)).toEqual([
      `spec.ingress[0].from[0].podSelector.matchLabels: Invalid value: "-": ${LABEL_VALUE}`,
      "spec.ingress[0].from[0].namespaceSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
    ]);
  });

  test('contradictions are legal (S49)', () => {
    expect(
      errorsOf(
        policyText(
          'podSelector:\n  matchLabels: {a: x}\n  matchExpressions: [{key: a, operator: NotIn, values: [x]}, {key: a, operator: DoesNotExist}]',
        ),
      ),
    ).toEqual([]);
  });
});

describe('S31: order', () => {
  test('metadata, podSelector, ports before peers, ingress before egress, policyTypes last', () => {
    const text = [
      'apiVersion: networking.k8s.io/v1',
      'kind: NetworkPolicy',
      'spec:',
      '  policyTypes: [x]',
      '  egress: [{to: [{}], ports: [{port: 0}]}]',
      '  ingress: [{from: [{}], ports: [{port: 0}]}, {from: [{}]}]',
      '  podSelector: {matchLabels: {a: "-"}}',
      'metadata: {name: X}',
    ].join('\n');
    expect(messagesOf(text).map((message) => message.slice(0, message.indexOf(': ')))).toEqual([
      'metadata.name',
      'spec.podSelector.matchLabels',
      'spec.ingress[0].ports[0].port',
      'spec.ingress[0].from[0]',
      'spec.ingress[1].from[0]',
      'spec.egress[0].ports[0].port',
      'spec.egress[0].to[0]',
      'spec.policyTypes[0]',
    ]);
  });
});
