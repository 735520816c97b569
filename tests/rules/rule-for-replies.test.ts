import { ruleForReplies } from '../../src/rules/mistakes/rule-for-replies.ts';
import { testRule } from './rule-tester.ts';

function policy(from: string, to: string, ports = '', types = '[Ingress, Egress]'): string {
  return `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: shop }
spec:
  podSelector: { matchLabels: { app: db } }
  policyTypes: ${types}
  ingress:
    - from: [${from}]
      ports: [{ port: 5432 }]
  egress:
    - to: [${to}]
${ports}`;
}

const api = '{ podSelector: { matchLabels: { app: api } } }';
const web = '{ podSelector: { matchLabels: { app: web } } }';
const office = '{ ipBlock: { cidr: 192.0.2.0/24 } }';
const pod = (name: string): string => `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: shop, labels: { app: ${name} } }
spec: { containers: [{ name: main, image: main }] }
`;

testRule(ruleForReplies, {
  valid: [
    { name: 'other peers', yaml: policy(api, web) },
    { name: 'more peers', yaml: policy(api, `${api}, ${web}`) },
    { name: 'a port of its own', yaml: policy(api, api, '      ports: [{ port: 8080 }]\n') },
    { name: 'pods of the whole namespace', yaml: policy('{ podSelector: {} }', '{ podSelector: {} }') },
    {
      name: 'members of one group',
      yaml: policy('{ podSelector: { matchLabels: { app: db } } }', '{ podSelector: { matchLabels: { app: db } } }'),
    },
    {
      name: 'a namespace',
      yaml: policy(
        '{ namespaceSelector: { matchLabels: { team: a } } }',
        '{ namespaceSelector: { matchLabels: { team: a } } }',
      ),
    },
    {
      name: 'peers among which the pods themselves are',
      yaml:
        policy(
          '{ podSelector: { matchExpressions: [{ key: app, operator: Exists }] } }',
          '{ podSelector: { matchExpressions: [{ key: app, operator: Exists }] } }',
        ) + pod('db'),
    },
    { name: 'egress rules that do not count', yaml: policy(api, api, '', '[Ingress]') },
    { name: 'everybody', yaml: policy('{ ipBlock: { cidr: 0.0.0.0/0 } }', '{ ipBlock: { cidr: 0.0.0.0/0 } }') },
  ],
  invalid: [
    {
      name: 'the same peers on every port',
      yaml: policy(api, api) + pod('db') + pod('api'),
      findings: [
        {
          message:
            'spec.egress[0] lets the pods connect to exactly those that spec.ingress[0] lets in; replies need no rule',
          at: 'to: [{ podSelector',
          object: 'shop/NetworkPolicy/db',
          severity: 'info',
          pods: ['shop/Pod/db'],
          related: 1,
        },
      ],
      fixed: null,
    },
    {
      name: 'the ports of clients',
      yaml: policy(office, office, '      ports: [{ port: 1024, endPort: 65535 }]\n'),
      findings: [{ object: 'shop/NetworkPolicy/db' }],
    },
  ],
});
