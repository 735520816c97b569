import { clusterDenyLeavesOutside } from '../../src/rules/mistakes/cluster-deny-leaves-outside.ts';
import { adminAcceptOverrides } from '../../src/rules/posture/admin-accept-overrides.ts';
import { clusterPolicy, policy, threeNamespaces } from '../engine/cluster-fixture.ts';
import { testRule } from './rule-tester.ts';

const inX = '{ namespaces: { matchLabels: { team: red } } }';
const fromY = 'from: [{ namespaces: { matchLabels: { team: blue } } }]';
const rule = (action: string, ports = ''): string =>
  clusterPolicy(
    'monitoring',
    `{ tier: Admin, priority: 1, subject: ${inX}, ingress: [{ action: ${action}, ${fromY}${ports} }] }`,
  );
const deny = policy('deny', '{ podSelector: {}, policyTypes: [Ingress] }');

testRule(adminAcceptOverrides, {
  valid: [
    { name: 'nothing that denies', yaml: threeNamespaces + rule('Accept') },
    { name: 'a Pass', yaml: threeNamespaces + rule('Pass') + deny },
    {
      name: 'policies that allow the same',
      yaml:
        threeNamespaces + rule('Accept') + policy('open', '{ podSelector: {}, policyTypes: [Ingress], ingress: [{}] }'),
    },
  ],
  invalid: [
    {
      name: 'an Accept over a default deny',
      yaml: threeNamespaces + rule('Accept', ', protocols: [{ tcp: { destinationPort: { number: 9090 } } }]') + deny,
      findings: [
        {
          message: 'spec.ingress[0] (Accept) opens ingress that NetworkPolicies of x deny',
          at: '{ action: Accept',
          object: 'ClusterNetworkPolicy/monitoring',
          pods: ['x/Pod/a', 'x/Pod/b', 'x/Pod/c'],
          witness: 'y/a > x/a TCP 9090',
        },
      ],
      fixed: null,
    },
  ],
});

const denyAll = (more = ''): string =>
  clusterPolicy(
    'shut',
    `{ tier: Admin, priority: 1, subject: ${inX}, ingress: [{ action: Deny, from: [{ namespaces: {} }]${more} }] }`,
  );

testRule(clusterDenyLeavesOutside, {
  valid: [
    { name: 'pods that NetworkPolicies isolate', yaml: threeNamespaces + denyAll() + deny },
    {
      name: 'a deny of some ports',
      yaml: threeNamespaces + denyAll(', protocols: [{ tcp: { destinationPort: { number: 80 } } }]'),
    },
    { name: 'a deny of some pods', yaml: threeNamespaces + rule('Deny') },
  ],
  invalid: [
    {
      name: 'pods that nothing else isolates',
      yaml: threeNamespaces + denyAll(),
      findings: [
        {
          message: /^spec\.ingress\[0\] denies ingress from every pod, but clients outside/,
          pods: ['x/Pod/a', 'x/Pod/b', 'x/Pod/c'],
          witness: 'internet > x/a TCP 80',
        },
      ],
      fixed: null,
    },
  ],
});
