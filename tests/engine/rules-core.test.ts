/** NetworkPolicy v1, semantics S70-S100 and S110-S119: one table row per rule. */
import { describe, it } from 'vitest';
import { check, engineOf, pod, policy, threeNamespaces } from './cluster-fixture.ts';

interface Row {
  readonly rule: string;
  readonly policies: string;
  readonly answers: readonly string[];
}

const isolation: readonly Row[] = [
  {
    rule: 'S70: without policy everything is allowed',
    policies: '',
    answers: ['x/a > y/b TCP 80: allowed', 'x/a > 8.8.8.8 other: allowed'],
  },
  {
    rule: "S71: only policies of the pod's own namespace isolate it",
    policies: policy('p', '{podSelector: {matchLabels: {pod: a}}, policyTypes: [Ingress]}'),
    answers: ['y/b > x/a TCP 80: denied', 'y/b > x/b TCP 80: allowed', 'x/b > y/a TCP 80: allowed'],
  },
  {
    rule: 'S72: directions are independent',
    policies: policy('p', '{podSelector: {matchLabels: {pod: a}}, policyTypes: [Egress]}'),
    answers: ['y/b > x/a TCP 80: allowed', 'x/a > y/b TCP 80: denied'],
  },
  {
    rule: 'S73, S74: allowed sets add up, also over what another policy excepts',
    policies:
      policy('one', '{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.2.1/32]}}]}]}') +
      policy('two', '{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.2.1/32}}], ports: [{port: 80}]}]}'),
    answers: ['y/a > x/a TCP 80: allowed', 'y/a > x/a TCP 81: denied', 'y/b > x/a TCP 81: allowed'],
  },
  {
    rule: 'S75, S12: peers and ports of one rule belong together, those of two rules do not',
    policies: policy(
      'p',
      '{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {pod: b}}}], ports: [{port: 80}]}, {from: [{podSelector: {matchLabels: {pod: c}}}], ports: [{port: 81}]}]}',
    ),
    answers: [
      'x/b > x/a TCP 80: allowed',
      'x/b > x/a TCP 81: denied',
      'x/c > x/a TCP 80: denied',
      'x/c > x/a TCP 81: allowed',
    ],
  },
  {
    rule: 'S76: both gates must open; outside the cluster there is none',
    policies:
      policy(
        'out',
        '{podSelector: {matchLabels: {pod: a}}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}]}]}',
      ) + policy('in', '{podSelector: {matchLabels: {pod: b}}, ingress: []}'),
    answers: [
      'x/a > x/b TCP 80: denied',
      'x/a > x/c TCP 80: allowed',
      'x/a > 8.8.8.8 TCP 80: denied',
      '8.8.8.8 > x/a TCP 80: allowed',
      '8.8.8.8 > x/b TCP 80: denied',
      '8.8.8.8 > 9.9.9.9 TCP 80: allowed',
    ],
  },
  {
    rule: 'S78: allowing one way does not allow the other',
    policies: policy('p', '{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {pod: b}}}]}]}'),
    answers: ['x/b > x/a TCP 80: allowed', 'x/a > x/b TCP 80: denied'],
  },
  {
    rule: 'S82: a policy that selects nobody has no effect, a peer that matches nobody still isolates',
    policies:
      policy('none', '{podSelector: {matchLabels: {pod: nobody}}, ingress: []}') +
      policy(
        'dead',
        '{podSelector: {matchLabels: {pod: a}}, ingress: [{from: [{podSelector: {matchLabels: {pod: nobody}}}]}]}',
      ),
    answers: ['x/b > x/a TCP 80: denied', 'x/a > x/b TCP 80: allowed'],
  },
  {
    rule: 'S16: egress rules without policyTypes isolate ingress too',
    policies: policy('p', '{podSelector: {matchLabels: {pod: a}}, egress: [{}]}'),
    answers: ['x/a > y/a TCP 80: allowed', 'y/a > x/a TCP 80: denied'],
  },
  {
    rule: 'S19: rules of a direction that policyTypes leaves out count for nothing',
    policies: policy('p', '{podSelector: {matchLabels: {pod: a}}, policyTypes: [Egress], ingress: [], egress: []}'),
    answers: ['y/a > x/a TCP 80: allowed', 'x/a > y/a TCP 80: denied'],
  },
];

const peers: readonly Row[] = [
  {
    rule: 'S9: a rule without peers lets in pods, nodes and the outside',
    policies: policy('p', '{podSelector: {}, ingress: [{ports: [{port: 80}]}]}'),
    answers: [
      'y/a > x/a TCP 80: allowed',
      '8.8.8.8 > x/a TCP 80: allowed',
      'node:n2 > x/a TCP 80: allowed',
      '8.8.8.8 > x/a TCP 81: denied',
    ],
  },
  {
    rule: 'S85: selectors select pods only',
    policies: policy('p', '{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}'),
    answers: ['y/a > x/a TCP 80: allowed', '8.8.8.8 > x/a TCP 80: denied', 'node:n2 > x/a TCP 80: denied'],
  },
  {
    rule: 'S86: the own namespace is not implied',
    policies: policy('p', '{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: blue}}}]}]}'),
    answers: ['y/a > x/a TCP 80: allowed', 'x/b > x/a TCP 80: denied'],
  },
  {
    rule: 'S87: a podSelector alone stays in the namespace',
    policies: policy('p', '{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}'),
    answers: ['x/b > x/a TCP 80: allowed', 'y/b > x/a TCP 80: denied'],
  },
  {
    rule: 'S11: both selectors in one peer are both required',
    policies: policy(
      'p',
      '{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: blue}}, podSelector: {matchLabels: {pod: b}}}]}]}',
    ),
    answers: ['y/b > x/a TCP 80: allowed', 'y/a > x/a TCP 80: denied', 'x/b > x/a TCP 80: denied'],
  },
  {
    rule: 'S60: NotIn and DoesNotExist select what lacks the key',
    policies:
      policy(
        'p',
        '{podSelector: {matchLabels: {pod: a}}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: NotIn, values: [red]}]}}]}]}',
      ) +
      policy(
        'q',
        '{podSelector: {matchLabels: {pod: b}}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: team, operator: DoesNotExist}]}}]}]}',
      ),
    answers: [
      'z/a > x/a TCP 80: allowed',
      'y/a > x/a TCP 80: allowed',
      'x/c > x/a TCP 80: denied',
      'z/a > x/b TCP 80: allowed',
      'y/a > x/b TCP 80: denied',
    ],
  },
  {
    rule: 'S61: every namespace has its name as a label',
    policies: policy(
      'p',
      '{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: z}}}]}]}',
    ),
    answers: ['z/a > x/a TCP 80: allowed', 'y/a > x/a TCP 80: denied'],
  },
  {
    rule: 'S49: a selector that contradicts itself selects nobody',
    policies: policy(
      'p',
      '{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {pod: b}, matchExpressions: [{key: pod, operator: NotIn, values: [b]}]}}]}]}',
    ),
    answers: ['x/b > x/a TCP 80: denied', 'x/c > x/a TCP 80: denied'],
  },
  {
    rule: 'S89: ipBlock matches pods and nodes by their addresses',
    policies: policy(
      'p',
      '{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.2.0/24}}, {ipBlock: {cidr: 192.168.0.2/32}}]}]}',
    ),
    answers: [
      'y/a > x/a TCP 80: allowed',
      'z/a > x/a TCP 80: denied',
      'node:n2 > x/a TCP 80: allowed',
      '10.0.2.200 > x/a TCP 80: allowed',
    ],
  },
  {
    rule: 'S90: except cuts holes, families do not mix',
    policies: policy(
      'p',
      '{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [8.0.0.0/8]}}]}]}',
    ),
    answers: ['x/a > 9.9.9.9 TCP 80: allowed', 'x/a > 8.8.8.8 TCP 80: denied', 'x/a > 2001:db8::1 TCP 80: denied'],
  },
];

const ports: readonly Row[] = [
  {
    rule: 'S111, S117: ranges are inclusive and need no declared port',
    policies: policy('p', '{podSelector: {}, ingress: [{ports: [{port: 1000, endPort: 2000}]}]}'),
    answers: [
      'y/a > x/a TCP 999: denied',
      'y/a > x/a TCP 1000: allowed',
      'y/a > x/a TCP 2000: allowed',
      'y/a > x/a TCP 2001: denied',
    ],
  },
  {
    rule: "S112: named ports are the destination's, in both directions",
    policies:
      policy('in', '{podSelector: {matchLabels: {pod: a}}, ingress: [{ports: [{port: http}]}]}') +
      policy(
        'out',
        '{podSelector: {matchLabels: {pod: b}}, policyTypes: [Egress], egress: [{ports: [{port: metrics}]}]}',
      ),
    answers: [
      'y/a > x/a TCP 80: allowed',
      'y/a > x/a TCP 9090: denied',
      'x/b > y/a TCP 9090: allowed',
      'x/b > y/a TCP 80: denied',
      'x/b > 8.8.8.8 TCP 9090: denied',
    ],
  },
  {
    rule: 'S114: the protocol of a named port counts',
    policies: policy('p', '{podSelector: {}, ingress: [{ports: [{port: dns}, {port: nosuch}]}]}'),
    answers: ['y/a > x/a TCP 53: denied', 'y/a > x/a UDP 53: denied'],
  },
  {
    rule: 'S114: and matches when it is the right one',
    policies: policy('p', '{podSelector: {}, ingress: [{ports: [{port: dns, protocol: UDP}]}]}'),
    answers: ['y/a > x/a UDP 53: allowed', 'y/a > x/a TCP 53: denied'],
  },
  {
    rule: 'D5: a named port with an ipBlock is looked up on the pod behind the address',
    policies: policy(
      'p',
      '{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: http}]}]}',
    ),
    answers: ['x/a > y/a TCP 80: allowed', 'x/a > y/a TCP 81: denied', 'x/a > 8.8.8.8 TCP 80: denied'],
  },
  {
    rule: 'S13-S15: an empty port item is every TCP port',
    policies: policy('p', '{podSelector: {}, ingress: [{ports: [{}]}]}'),
    answers: ['y/a > x/a TCP 7: allowed', 'y/a > x/a UDP 7: denied', 'y/a > x/a other: denied'],
  },
  {
    rule: 'S118: protocols do not open each other',
    policies: policy(
      'p',
      '{podSelector: {}, ingress: [{ports: [{port: 80, protocol: SCTP}, {port: 81, protocol: UDP}]}]}',
    ),
    answers: [
      'y/a > x/a TCP 80: denied',
      'y/a > x/a SCTP 80: allowed',
      'y/a > x/a UDP 81: allowed',
      'y/a > x/a UDP 80: denied',
    ],
  },
  {
    rule: 'S119, D6: a rule without ports lets every protocol through, a rule with ports only its own',
    policies:
      policy('p', '{podSelector: {matchLabels: {pod: a}}, ingress: [{}]}') +
      policy('q', '{podSelector: {matchLabels: {pod: b}}, ingress: [{ports: [{port: 80}]}]}'),
    answers: ['y/a > x/a other: allowed', 'y/a > x/b other: denied', 'y/a > x/c other: allowed'],
  },
];

describe.each([
  ['isolation', isolation],
  ['peers', peers],
  ['ports', ports],
])('%s', (_, rows) => {
  it.each(rows)('$rule', ({ policies, answers }) => check(engineOf(threeNamespaces + policies), answers));
});

describe('pods that differ', () => {
  const twoNumbers = `
apiVersion: v1
kind: Pod
metadata: {name: d, namespace: x, labels: {pod: d}}
spec:
  nodeName: n1
  containers:
    - {name: one, image: i, ports: [{name: http, containerPort: 8080}]}
    - {name: two, image: i, ports: [{name: http, containerPort: 8081}]}
  initContainers:
    - {name: sidecar, image: i, restartPolicy: Always, ports: [{name: http, containerPort: 8082}]}
    - {name: setup, image: i, ports: [{name: http, containerPort: 8083}]}
status: {phase: Running, podIPs: [{ip: 10.0.1.9}]}`;

  it('S113, S115, D4: one name, several numbers, each on its own pod', () => {
    const engine = engineOf(
      `${threeNamespaces}\n---${twoNumbers}${policy('p', '{podSelector: {}, ingress: [{ports: [{port: http}]}]}')}`,
    );
    check(engine, [
      'y/a > x/d TCP 8080: allowed',
      'y/a > x/d TCP 8081: allowed',
      'y/a > x/d TCP 8082: allowed',
      'y/a > x/d TCP 8083: denied',
      'y/a > x/d TCP 80: denied',
      'y/a > x/a TCP 8080: denied',
    ]);
  });

  it('S95: pods that have ended are neither subjects nor peers, and their address is free again', () => {
    const ended = pod('y', 'done', '10.0.2.9', 'n1').replace('phase: Running', 'phase: Succeeded');
    const engine = engineOf(`${threeNamespaces}\n---${ended}`);
    expectGone(engine, 'y/done');
    check(engine, ['x/a > 10.0.2.9 TCP 80: allowed']);
  });
});

function expectGone(engine: ReturnType<typeof engineOf>, text: string): void {
  const [namespace = '', name = ''] = text.split('/');
  if (engine.cluster.podNamed(namespace, name) !== undefined) throw new Error(`${text} is still there`);
  if (!engine.cluster.ended.some((ended) => ended.name === name)) throw new Error(`${text} is not among the ended`);
}
