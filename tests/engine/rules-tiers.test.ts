/** ClusterNetworkPolicy and its forerunners: S150-S178, D8-D10. */
import { describe, expect, it } from 'vitest';
import { createEngine, type Engine } from '../../src/engine/engine.ts';
import type { ClusterPolicyObject, LabelSelector } from '../../src/kube/objects.ts';
import { readManifests } from '../../src/kube/read.ts';
import { buildCluster } from '../../src/model/cluster.ts';
import { check, clusterPolicy, engineOf, pod, policy, query, threeNamespaces } from './cluster-fixture.ts';

interface Row {
  readonly rule: string;
  readonly policies: string;
  readonly answers: readonly string[];
}

const red = '{namespaces: {matchLabels: {team: red}}}';
const fromBlue = 'from: [{namespaces: {matchLabels: {team: blue}}}]';
const toBlue = 'to: [{namespaces: {matchLabels: {team: blue}}}]';
const port80 = 'protocols: [{tcp: {destinationPort: {number: 80}}}]';
const denyIngress = policy('deny', '{podSelector: {}, policyTypes: [Ingress]}');
const allowIngress = policy('allow', '{podSelector: {}, ingress: [{}]}');

const admin = (rules: string, priority = 10, name = 'c'): string =>
  clusterPolicy(name, `{tier: Admin, priority: ${priority}, subject: ${red}, ${rules}}`);
const baseline = (rules: string, priority = 10, name = 'b'): string =>
  clusterPolicy(name, `{tier: Baseline, priority: ${priority}, subject: ${red}, ${rules}}`);

const rows: readonly Row[] = [
  {
    rule: 'S150, S155: an Admin Deny beats any NetworkPolicy',
    policies: admin(`ingress: [{action: Deny, ${fromBlue}}]`) + allowIngress,
    answers: ['y/a > x/a TCP 80: denied', 'z/a > x/a TCP 80: allowed'],
  },
  {
    rule: 'S152, S155: an Admin Accept opens what NetworkPolicy would deny',
    policies: admin(`ingress: [{action: Accept, ${fromBlue}, ${port80}}]`) + denyIngress,
    answers: ['y/a > x/a TCP 80: allowed', 'y/a > x/a TCP 81: denied'],
  },
  {
    rule: "S150: Accept on egress leaves the destination's ingress alone",
    policies: admin(`egress: [{action: Accept, ${toBlue}}]`) + policy('deny', '{podSelector: {}}', 'y'),
    answers: ['x/a > y/a TCP 80: denied', 'x/a > z/a TCP 80: allowed'],
  },
  {
    rule: 'S151: the first matching rule decides',
    policies: admin(`ingress: [{action: Accept, ${fromBlue}, ${port80}}, {action: Deny, ${fromBlue}}]`),
    answers: ['y/a > x/a TCP 80: allowed', 'y/a > x/a TCP 81: denied'],
  },
  {
    rule: 'S151: a lower number goes first, whatever the names',
    policies:
      admin(`ingress: [{action: Deny, ${fromBlue}}]`, 20, 'a') +
      admin(`ingress: [{action: Accept, ${fromBlue}}]`, 5, 'z'),
    answers: ['y/a > x/a TCP 80: allowed'],
  },
  {
    rule: 'S152: Pass leaves the whole tier',
    policies:
      admin(`ingress: [{action: Pass, ${fromBlue}}]`, 5, 'first') +
      admin(`ingress: [{action: Deny, ${fromBlue}}]`, 6, 'second') +
      policy('p', '{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 80}]}]}'),
    answers: ['y/a > x/a TCP 80: allowed', 'y/a > x/a TCP 81: denied'],
  },
  {
    rule: 'S152: Pass in Baseline means allow',
    policies: baseline(`ingress: [{action: Pass, ${fromBlue}, ${port80}}, {action: Deny, ${fromBlue}}]`),
    answers: ['y/a > x/a TCP 80: allowed', 'y/a > x/a TCP 81: denied'],
  },
  {
    rule: 'S153: selecting a pod denies nothing',
    policies: admin(`ingress: [{action: Accept, ${fromBlue}}]`),
    answers: ['z/a > x/a TCP 80: allowed', '8.8.8.8 > x/a TCP 80: allowed'],
  },
  {
    rule: 'S154, S155: Baseline is asked only where no NetworkPolicy isolates',
    policies:
      baseline(`ingress: [{action: Deny, ${fromBlue}}]`) +
      policy('p', '{podSelector: {matchLabels: {pod: a}}, ingress: [{}]}'),
    answers: ['y/a > x/a TCP 80: allowed', 'y/a > x/b TCP 80: denied'],
  },
  {
    rule: 'D8: isolation for the other direction does not keep Baseline away',
    policies:
      baseline(`ingress: [{action: Deny, ${fromBlue}}]`) +
      policy('p', '{podSelector: {}, policyTypes: [Egress], egress: [{}]}'),
    answers: ['y/a > x/a TCP 80: denied'],
  },
  {
    rule: 'S156, D9: equal priorities go by name',
    policies:
      admin(`ingress: [{action: Deny, ${fromBlue}}]`, 7, 'm') +
      admin(`ingress: [{action: Accept, ${fromBlue}}]`, 7, 'k'),
    answers: ['y/a > x/a TCP 80: allowed'],
  },
  {
    rule: 'S162: ingress rules concern pods only',
    policies: admin('ingress: [{action: Deny, from: [{namespaces: {}}]}]'),
    answers: ['z/a > x/a TCP 80: denied', '8.8.8.8 > x/a TCP 80: allowed', 'node:n2 > x/a TCP 80: allowed'],
  },
  {
    rule: 'S163: networks cover pods and nodes too, one family at a time',
    policies: admin('egress: [{action: Deny, to: [{networks: [0.0.0.0/0]}]}]'),
    answers: [
      'x/a > y/a TCP 80: denied',
      'x/a > node:n2 TCP 80: denied',
      'x/a > 8.8.8.8 other: denied',
      'y/a > x/a TCP 80: allowed',
    ],
  },
  {
    rule: 'S164: nodes by their labels, the own one too',
    policies: admin('egress: [{action: Deny, to: [{nodes: {matchLabels: {zone: z1}}}]}]'),
    answers: [
      'x/a > node:n1 TCP 80: denied',
      'x/a > node:n2 TCP 80: allowed',
      'x/a > y/a TCP 80: allowed',
      'x/a > 8.8.8.8 TCP 80: allowed',
    ],
  },
  {
    rule: 'S165: with protocols other protocols never match, without they do',
    policies: admin(
      `egress: [{action: Deny, ${toBlue}, protocols: [{tcp: {destinationPort: {range: {start: 1, end: 65535}}}}]}]`,
    ),
    answers: ['x/a > y/a TCP 5: denied', 'x/a > y/a UDP 5: allowed', 'x/a > y/a other: allowed'],
  },
  {
    rule: 'S167: a named port brings its own protocol, per destination',
    policies: admin(`egress: [{action: Deny, ${toBlue}, protocols: [{destinationNamedPort: dns}]}]`),
    answers: ['x/a > y/a UDP 53: denied', 'x/a > y/a TCP 53: allowed', 'x/a > z/a UDP 53: allowed'],
  },
  {
    rule: 'S158: a named port means nothing for networks',
    policies: admin(
      'egress: [{action: Deny, to: [{networks: [10.0.0.0/8]}], protocols: [{destinationNamedPort: http}, {tcp: {destinationPort: {number: 81}}}]}]',
    ),
    answers: ['x/a > y/a TCP 80: allowed', 'x/a > y/a TCP 81: denied'],
  },
  {
    rule: 'S176: not for a pod talking to itself, but for one that goes through a Service',
    policies: admin('egress: [{action: Deny, to: [{namespaces: {}}]}]'),
    answers: ['x/a > x/a TCP 80: allowed', 'x/a > x/a TCP 80 via: denied'],
  },
  {
    rule: 'S178: own-node ingress is a rule of NetworkPolicy, and Admin rules cannot match nodes',
    policies: admin('ingress: [{action: Deny, from: [{namespaces: {}}]}]') + denyIngress,
    answers: ['node:n1 > x/a TCP 80: allowed', 'node:n2 > x/a TCP 80: denied'],
  },
  {
    rule: 'S161: host-network pods are no subjects and no peers',
    policies:
      `\n---${pod('x', 'host', '192.168.0.1', 'n1', 'hostNetwork: true')}` +
      admin('egress: [{action: Deny, to: [{namespaces: {}}]}]'),
    answers: ['x/host > y/a TCP 80: allowed', 'x/a > x/host TCP 80: allowed', 'x/a > y/a TCP 80: denied'],
  },
];

describe('tiers', () => {
  it.each(rows)('$rule', ({ policies, answers }) => check(engineOf(threeNamespaces + policies), answers));
});

describe('fail closed (S157, S159, D10)', () => {
  type Rule = ClusterPolicyObject['ingress'][number];
  const invalid: LabelSelector = { requirements: [], invalid: true, span: undefined };
  const everybody: LabelSelector = { requirements: [], invalid: false, span: undefined };
  const badPeer = (rule: Rule): Rule => ({ ...rule, peers: [{ type: 'unknown', span: undefined }] });
  const badSelector = (rule: Rule): Rule => ({
    ...rule,
    peers: [...rule.peers, { type: 'pods', namespaceSelector: everybody, podSelector: invalid, span: undefined }],
  });
  const badPort = (rule: Rule): Rule => ({ ...rule, ports: [{ type: 'unknown', span: undefined }] });
  const names = (rule: Rule): Rule => ({
    ...rule,
    peers: [{ type: 'domainNames', names: ['example.com'], span: undefined }],
  });
  const networks = (rule: Rule): Rule => ({
    ...rule,
    peers: [{ type: 'networks', cidrs: [{ family: 4, prefix: 32, first: 1, last: 1 }], span: undefined }],
  });

  it.each<[string, string, (rule: Rule) => Rule, string[]]>([
    [
      'an Accept matches nothing',
      `ingress: [{action: Accept, ${fromBlue}}]`,
      badSelector,
      ['y/a > x/a TCP 80: denied'],
    ],
    ['a Deny denies everything', `ingress: [{action: Deny, ${fromBlue}}]`, badPeer, ['8.8.8.8 > x/a TCP 80: denied']],
    [
      'also what comes from the own node',
      `ingress: [{action: Deny, ${fromBlue}}]`,
      badPeer,
      ['node:n1 > x/a TCP 80: denied'],
    ],
    ['so does a Pass', `ingress: [{action: Pass, ${fromBlue}}]`, badSelector, ['x/b > x/a UDP 9: denied']],
    ['in its own direction only', `ingress: [{action: Pass, ${fromBlue}}]`, badPeer, ['x/a > z/a TCP 80: allowed']],
    ['for its own subject only', `ingress: [{action: Deny, ${fromBlue}}]`, badPeer, ['x/a > z/a TCP 80: allowed']],
    ['a port that is not understood', `egress: [{action: Deny, ${toBlue}}]`, badPort, ['x/a > z/a UDP 1: denied']],
    ['domain names on Deny (S168)', `egress: [{action: Deny, ${toBlue}}]`, names, ['x/a > y/a other: denied']],
    ['networks as a source', `ingress: [{action: Deny, ${fromBlue}}]`, networks, ['z/a > x/a TCP 80: denied']],
  ])('%s', (_, rules, spoil, answers) => {
    check(
      spoiled(admin(rules) + denyIngress, (policy) => withRules(policy, spoil)),
      answers,
    );
  });

  it('a subject that is not understood may be anybody', () => {
    const engine = spoiled(admin(`egress: [{action: Deny, ${toBlue}}]`), (policy) => ({
      ...policy,
      subject: { namespaceSelector: everybody, podSelector: invalid },
    }));
    check(engine, ['z/a > x/a TCP 80: denied', '8.8.8.8 > x/a TCP 80: allowed']);
    expect(engine.explain(query(engine, 'z/a > x/a TCP 80')).egress.why).toEqual([
      'the subject of ClusterNetworkPolicy/c is not understood, so its Deny rules deny everything to be safe',
    ]);
  });
});

describe('v1alpha1', () => {
  it('S146: AdminNetworkPolicy and BaselineAdminNetworkPolicy take part in the same tiers, Allow is their Accept', () => {
    const engine = engineOf(`${threeNamespaces}
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: anp}
spec:
  priority: 10
  subject: ${red}
  ingress: [{name: let-blue, action: Allow, ${fromBlue}, ports: [{portNumber: {port: 80}}]}]
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: BaselineAdminNetworkPolicy
metadata: {name: default}
spec: {subject: ${red}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}
${admin(`ingress: [{action: Deny, ${fromBlue}, ${port80}}]`)}`);
    // Equal priority: kinds in alphabetical order, so the AdminNetworkPolicy first (D9).
    check(engine, ['y/a > x/a TCP 80: allowed', 'y/a > x/a TCP 81: denied']);
    expect(engine.explain(query(engine, 'y/a > x/a TCP 80')).ingress.by[0]).toMatchObject({
      policy: 'AdminNetworkPolicy/anp',
      name: 'let-blue',
      action: 'Allow',
      rule: 'spec.ingress[0]',
    });
    expect(engine.explain(query(engine, 'y/a > x/a TCP 81')).ingress.tier).toBe('Baseline');
  });
});

function withRules(
  policy: ClusterPolicyObject,
  change: (rule: ClusterPolicyObject['ingress'][number]) => ClusterPolicyObject['ingress'][number],
): ClusterPolicyObject {
  return { ...policy, ingress: policy.ingress.map(change), egress: policy.egress.map(change) };
}

/** A cluster whose stored policies hold what today's validation refuses. */
function spoiled(policies: string, spoil: (policy: ClusterPolicyObject) => ClusterPolicyObject): Engine {
  const { objects } = readManifests([{ name: 'test.yaml', text: threeNamespaces + policies }]);
  return createEngine(buildCluster({ ...objects, clusterPolicies: objects.clusterPolicies.map(spoil) }));
}
