import { labelTrustedAnywhere } from '../../src/rules/posture/label-trusted-anywhere.ts';
import { testRule } from './rule-tester.ts';

function pod(name: string, namespace: string): string {
  return `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${namespace}, labels: { app: ${name} } }
spec: { containers: [{ name: main, image: main }] }
`;
}

function policy(peer: string): string {
  return `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: data }
spec:
  podSelector: { matchLabels: { app: db } }
  ingress:
    - from:
        - ${peer}
`;
}

const anywhere = '{ namespaceSelector: {}, podSelector: { matchLabels: { app: api } } }';
const both = pod('db', 'data') + pod('api', 'shop');
const stranger = pod('blog', 'blog');

testRule(labelTrustedAnywhere, {
  valid: [
    { name: 'no other namespace', yaml: policy(anywhere) + both },
    { name: 'no other namespace but of the system', yaml: policy(anywhere) + both + pod('coredns', 'kube-system') },
    { name: 'nobody that is meant in the input', yaml: policy(anywhere) + pod('db', 'data') + stranger },
    {
      name: 'a namespace beside the label',
      yaml:
        policy(
          '{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: shop } }, podSelector: { matchLabels: { app: api } } }',
        ) +
        both +
        stranger,
    },
    { name: 'every pod', yaml: policy('{ namespaceSelector: {} }') + both + stranger },
    { name: 'every namespace has such pods', yaml: policy(anywhere) + both + pod('api', 'blog') },
    {
      name: 'a namespace that is trusted, by option',
      yaml: policy(anywhere) + both + stranger,
      options: { ignoreNamespaces: ['blog'] },
    },
  ],
  invalid: [
    {
      name: 'one namespace of several',
      yaml: policy(anywhere) + both + stranger,
      findings: [
        {
          message: 'pods of every namespace get in with the labels app=api; today only those of shop have them',
          at: 'namespaceSelector',
          severity: 'info',
          confidence: 'certain',
          pods: ['data/Pod/db'],
        },
      ],
    },
  ],
});
