/** Cluster policies: order, priorities, tiers, and lookups. */
import { clusterDenyWithoutDns } from '../../src/rules/mistakes/cluster-deny-without-dns.ts';
import { equalPriorityOverlap } from '../../src/rules/mistakes/equal-priority-overlap.ts';
import { deadBaselineRule } from '../../src/rules/upkeep/dead-baseline-rule.ts';
import { shadowedClusterRule } from '../../src/rules/upkeep/shadowed-cluster-rule.ts';
import { testRule } from './rule-tester.ts';

interface Shape {
  readonly tier?: string;
  readonly priority?: number;
  readonly subject?: string;
}

function cluster(name: string, rules: string, { tier = 'Admin', priority = 10, subject = '{}' }: Shape = {}): string {
  return `---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: ${name} }
spec:
  tier: ${tier}
  priority: ${priority}
  subject: { namespaces: ${subject} }
${rules}`;
}

const ingress = (...rules: string[]): string => `  ingress:\n${rules.map((rule) => `    - ${rule}\n`).join('')}`;
const egress = (...rules: string[]): string => `  egress:\n${rules.map((rule) => `    - ${rule}\n`).join('')}`;
const from = (action: string, namespaces = '{}', more = ''): string =>
  `{ action: ${action}, from: [{ namespaces: ${namespaces} }]${more} }`;
const shop = '{ matchLabels: { team: shop } }';
const port = (number: number, protocol = 'tcp'): string =>
  `{ ${protocol}: { destinationPort: { number: ${number} } } }`;

const pods = `---
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { team: shop } }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop }
spec: { containers: [{ name: main, image: main }] }
---
apiVersion: v1
kind: Pod
metadata: { name: db, namespace: shop }
spec: { containers: [{ name: main, image: main }] }
`;

testRule(shadowedClusterRule, {
  valid: [
    { name: 'the exception first', yaml: cluster('a', ingress(from('Accept', shop), from('Deny'))) },
    {
      name: 'other ports',
      yaml: cluster('a', ingress(from('Deny', '{}', `, protocols: [${port(80)}]`), from('Accept', shop))),
    },
    {
      name: 'another tier',
      yaml: cluster('a', ingress(from('Deny'))) + cluster('b', ingress(from('Accept')), { tier: 'Baseline' }),
    },
    { name: 'equal priorities', yaml: cluster('a', ingress(from('Deny'))) + cluster('b', ingress(from('Accept'))) },
    {
      name: 'a narrower subject first',
      yaml: cluster('a', ingress(from('Deny')), { priority: 1, subject: shop }) + cluster('b', ingress(from('Accept'))),
    },
    {
      name: 'the other direction',
      yaml: cluster('a', ingress(from('Deny')) + egress('{ action: Accept, to: [{ namespaces: {} }] }')),
    },
  ],
  invalid: [
    {
      name: 'the exception last',
      yaml: cluster('a', ingress(from('Deny'), from('Accept', shop))),
      findings: [
        {
          message: 'spec.ingress[1] (Accept) never decides: spec.ingress[0] comes first and matches the same ingress',
          severity: 'warning',
          related: 1,
        },
      ],
    },
    {
      name: 'the same action',
      yaml: cluster('a', ingress(from('Deny'), from('Deny', shop, `, protocols: [${port(80)}]`))),
      findings: [{ severity: 'info' }],
    },
    {
      name: 'a policy of lower number for more pods',
      yaml:
        cluster('a', ingress(from('Pass')), { priority: 1 }) +
        cluster('b', ingress(from('Deny', shop)), { subject: shop }),
      findings: [
        { object: 'ClusterNetworkPolicy/b', message: /ClusterNetworkPolicy\/a spec\.ingress\[0\] comes first/ },
      ],
    },
    {
      name: 'networks and names',
      yaml: cluster(
        'a',
        egress(
          '{ action: Deny, to: [{ networks: [0.0.0.0/0, "::/0"] }] }',
          '{ action: Accept, to: [{ domainNames: [example.com] }] }',
        ),
      ),
      findings: [{ message: /^spec\.egress\[1\]/ }],
    },
    {
      name: 'two rules that cover one',
      yaml: cluster(
        'a',
        ingress(
          from('Deny', '{}', `, protocols: [${port(80)}]`),
          from('Accept', '{}', `, protocols: [${port(81)}]`),
          from('Pass', shop, `, protocols: [${port(80)}, ${port(81)}]`),
        ),
      ),
      findings: [{ message: /spec\.ingress\[0\] and spec\.ingress\[1\] come first and match/ }],
    },
  ],
});

testRule(equalPriorityOverlap, {
  valid: [
    {
      name: 'different priorities',
      yaml: cluster('a', ingress(from('Deny'))) + cluster('b', ingress(from('Accept')), { priority: 11 }) + pods,
    },
    { name: 'the same action', yaml: cluster('a', ingress(from('Deny'))) + cluster('b', ingress(from('Deny'))) + pods },
    {
      name: 'ports that never meet',
      yaml:
        cluster('a', ingress(from('Deny', '{}', `, protocols: [${port(80)}]`))) +
        cluster('b', ingress(from('Accept', '{}', `, protocols: [${port(80, 'udp')}]`))) +
        pods,
    },
    { name: 'no pods to show it', yaml: cluster('a', ingress(from('Deny'))) + cluster('b', ingress(from('Accept'))) },
    {
      name: 'different tiers',
      yaml: cluster('a', ingress(from('Deny'))) + cluster('b', ingress(from('Accept')), { tier: 'Baseline' }) + pods,
    },
  ],
  invalid: [
    {
      name: 'the same connection',
      yaml: cluster('a', ingress(from('Deny'))) + cluster('b', ingress(from('Accept', shop))) + pods,
      findings: [
        {
          message:
            /^ClusterNetworkPolicy\/a says Deny and ClusterNetworkPolicy\/b says Accept for shop\/\w+ to shop\/\w+, with the same priority 10$/,
          at: 'priority: 10',
          confidence: 'implementation-defined',
        },
      ],
    },
  ],
});

const isolate = `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: all, namespace: shop }
spec: { podSelector: {}, policyTypes: [Ingress] }
`;

testRule(deadBaselineRule, {
  valid: [
    { name: 'open pods', yaml: cluster('a', ingress(from('Deny')), { tier: 'Baseline' }) + pods },
    {
      name: 'the other direction',
      yaml: cluster('a', egress('{ action: Deny, to: [{ namespaces: {} }] }'), { tier: 'Baseline' }) + isolate + pods,
    },
    { name: 'no pods', yaml: cluster('a', ingress(from('Deny')), { tier: 'Baseline' }) + isolate },
    { name: 'tier Admin', yaml: cluster('a', ingress(from('Deny'))) + isolate + pods },
  ],
  invalid: [
    {
      name: 'every pod isolated',
      yaml: cluster('a', ingress(from('Deny')), { tier: 'Baseline' }) + isolate + pods,
      findings: [{ pods: ['shop/Pod/db', 'shop/Pod/web'], at: 'ingress:' }],
    },
  ],
});

const denyAll = '{ action: Deny, to: [{ networks: [0.0.0.0/0, "::/0"] }] }';
const denyPods = '{ action: Deny, to: [{ namespaces: {} }] }';
const acceptDns = `{ action: Accept, to: [{ namespaces: { matchLabels: { kubernetes.io/metadata.name: kube-system } } }], protocols: [${port(53, 'udp')}] }`;
const resolver = `---
apiVersion: v1
kind: Pod
metadata: { name: coredns, namespace: kube-system, labels: { k8s-app: kube-dns } }
spec: { containers: [{ name: main, image: main }] }
`;

testRule(clusterDenyWithoutDns, {
  valid: [
    { name: 'lookups first', yaml: cluster('a', egress(acceptDns, denyAll)) + pods },
    {
      name: 'lookups first, with the resolver in view',
      yaml: cluster('a', egress(acceptDns, denyPods)) + pods + resolver,
    },
    {
      name: 'some ports',
      yaml: cluster('a', egress(`{ action: Deny, to: [{ networks: [0.0.0.0/0] }], protocols: [${port(25)}] }`)),
    },
    { name: 'some networks', yaml: cluster('a', egress('{ action: Deny, to: [{ networks: [10.0.0.0/8] }] }')) },
    {
      name: 'another policy that may open them',
      yaml: cluster('a', egress(denyAll)) + cluster('b', egress(acceptDns), { priority: 1 }),
    },
    {
      name: 'a policy that does come first',
      yaml: cluster('a', egress(denyPods)) + cluster('b', egress(acceptDns), { priority: 1 }) + pods + resolver,
    },
  ],
  invalid: [
    {
      name: 'a Deny alone',
      yaml: cluster('a', egress(denyAll)),
      findings: [{ at: '{ action: Deny', confidence: 'file-only' }],
    },
    {
      name: 'domain names that rest on lookups',
      yaml: cluster(
        'a',
        egress('{ action: Accept, to: [{ domainNames: [example.com] }], protocols: [' + port(443) + '] }', denyAll),
      ),
      findings: [{ related: 1 }],
    },
    {
      name: 'the resolver in view, and a rule for another port',
      yaml: cluster('a', egress(acceptDns.replace('number: 53', 'number: 5353'), denyPods)) + pods + resolver,
      findings: [{}],
    },
  ],
});
