/** What stays open although nothing is written wrongly. */
import { metadataServiceReachable } from '../../src/rules/posture/metadata-service-reachable.ts';
import { namespaceWithoutDefaultDeny } from '../../src/rules/posture/namespace-without-default-deny.ts';
import { openEgress } from '../../src/rules/posture/open-egress.ts';
import { openIngress } from '../../src/rules/posture/open-ingress.ts';
import { testRule } from './rule-tester.ts';

function policy(rest: string, podSelector = '{}', namespace = 'shop'): string {
  return `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: p, namespace: ${namespace} }
spec:
  podSelector: ${podSelector}
${rest}`;
}

function pod(name: string, namespace = 'shop', more = ''): string {
  return `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${namespace}, labels: { app: ${name} } }
spec: { ${more}containers: [{ name: main, image: main }] }
`;
}

function clusterPolicy(tier: string, action: string): string {
  return `---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: all }
spec:
  tier: ${tier}
  priority: 1
  subject: { namespaces: {} }
  ingress:
    - action: ${action}
      from: [{ namespaces: {} }]
`;
}

const both = '  policyTypes: [Ingress, Egress]\n';
const web = '{ matchLabels: { app: web } }';

testRule(openIngress, {
  valid: [
    { name: 'isolated pods', yaml: policy(both) + pod('web') },
    { name: 'pods that are open by a rule: that was decided', yaml: policy('  ingress: [{}]\n') + pod('web') },
    { name: 'the host network', yaml: pod('agent', 'shop', 'hostNetwork: true, ') },
    { name: 'the system', yaml: pod('coredns', 'kube-system') },
    { name: 'what a cluster policy denies', yaml: clusterPolicy('Baseline', 'Deny') + pod('web') },
    { name: 'another namespace, by option', yaml: pod('web'), options: { ignoreNamespaces: ['shop'] } },
  ],
  invalid: [
    {
      name: 'the one that no policy selects',
      yaml: policy(both, web) + pod('web') + pod('db'),
      findings: [
        {
          message: 'no policy isolates shop/Pod/db for ingress',
          pods: ['shop/Pod/db'],
          at: 'apiVersion: v1',
          confidence: 'file-only',
        },
      ],
    },
    {
      name: 'a policy of another namespace',
      yaml: policy(both, '{}', 'other') + pod('web') + pod('db'),
      findings: [{ message: 'no policy isolates 2 workloads of shop for ingress' }],
    },
    { name: 'a cluster policy that only accepts', yaml: clusterPolicy('Admin', 'Accept') + pod('web'), findings: [{}] },
    { name: 'a policy for egress', yaml: policy('  policyTypes: [Egress]\n') + pod('web'), findings: [{}] },
  ],
});

testRule(openEgress, {
  valid: [
    { name: 'isolated pods', yaml: policy(both) + pod('web') },
    { name: 'egress rules alone', yaml: policy('  egress: [{ ports: [{ port: 443 }] }]\n') + pod('web') },
  ],
  invalid: [
    {
      name: 'a policy for ingress',
      yaml: policy('  policyTypes: [Ingress]\n') + pod('web'),
      findings: [{ severity: 'info' }],
    },
    {
      name: 'a cluster policy for the other direction',
      yaml: clusterPolicy('Admin', 'Deny') + pod('web'),
      findings: [{}],
    },
  ],
});

testRule(namespaceWithoutDefaultDeny, {
  valid: [
    { name: 'a default deny', yaml: policy(both) + pod('web') },
    {
      name: 'all pods isolated, with rules',
      yaml: policy('  policyTypes: [Ingress, Egress]\n  ingress: [{ ports: [{ port: 80 }] }]\n') + pod('web'),
    },
    {
      name: 'one direction, by option',
      yaml: policy('  policyTypes: [Ingress]\n') + pod('web'),
      options: { directions: ['ingress'] },
    },
    { name: 'no workloads', yaml: policy(both, web) },
    { name: 'only pods on the host network', yaml: pod('agent', 'shop', 'hostNetwork: true, ') },
  ],
  invalid: [
    {
      name: 'no policy at all',
      yaml: pod('web'),
      findings: [
        {
          message: 'namespace shop has no policy at all, so nothing denies ingress or egress',
          object: 'Namespace/shop',
        },
      ],
    },
    {
      name: 'a policy for some pods',
      yaml: policy(both, web) + pod('web'),
      findings: [{ message: 'namespace shop has no default deny for ingress or egress' }],
    },
    {
      name: 'a default deny of ingress only, placed at the namespace',
      yaml: `apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n${policy('  policyTypes: [Ingress]\n')}${pod('web')}`,
      findings: [{ message: 'namespace shop has no default deny for egress', line: 1 }],
    },
  ],
});

const egress = (rule: string): string => policy(`  policyTypes: [Egress]\n  egress:\n    - ${rule}\n`);

testRule(metadataServiceReachable, {
  valid: [
    {
      name: 'the address excepted',
      yaml: egress('to: [{ ipBlock: { cidr: 0.0.0.0/0, except: [169.254.0.0/16] } }]') + pod('web'),
    },
    {
      name: 'another port',
      yaml: egress('to: [{ ipBlock: { cidr: 0.0.0.0/0 } }]\n      ports: [{ port: 443 }]') + pod('web'),
    },
    { name: 'pods only', yaml: egress('to: [{ namespaceSelector: {} }]') + pod('web') },
    { name: 'nothing isolated', yaml: pod('web') },
    {
      name: 'addresses of no interest',
      yaml: egress('to: [{ ipBlock: { cidr: 0.0.0.0/0 } }]') + pod('web'),
      options: { addresses: ['nonsense'] },
    },
  ],
  invalid: [
    {
      name: 'the whole world',
      yaml: egress('to: [{ ipBlock: { cidr: 0.0.0.0/0 } }]') + pod('web') + pod('db'),
      findings: [
        {
          message: 'spec.egress[0] lets pods reach the metadata service at 169.254.169.254',
          witness: 'shop/db > 169.254.169.254 TCP 80',
          pods: ['shop/Pod/db', 'shop/Pod/web'],
          confidence: 'certain',
          at: 'to:',
        },
      ],
    },
    {
      name: 'the world in halves',
      yaml: egress('to: [{ ipBlock: { cidr: 0.0.0.0/1 } }, { ipBlock: { cidr: 128.0.0.0/1 } }]') + pod('web'),
      findings: [{}],
    },
    { name: 'everything', yaml: egress('{}') + pod('web'), findings: [{}] },
    {
      name: 'an except that another rule opens',
      yaml:
        egress(
          'to: [{ ipBlock: { cidr: 0.0.0.0/0, except: [169.254.169.254/32] } }]\n    - to: [{ ipBlock: { cidr: 169.254.0.0/16 } }]',
        ) + pod('web'),
      findings: [{ message: /^spec\.egress\[1\]/ }],
    },
  ],
});
