/** What `policyTypes`, given or not, makes of rules. */
import { ignoredRules } from '../../src/rules/mistakes/ignored-rules.ts';
import { impliedIngressIsolation } from '../../src/rules/mistakes/implied-ingress-isolation.ts';
import { testRule } from './rule-tester.ts';

function policy(name: string, rest: string): string {
  return `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: shop }
spec:
  podSelector: {}
${rest}`;
}

const pod = `---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop }
spec: { containers: [{ name: main, image: main }] }
`;

testRule(ignoredRules, {
  valid: [
    {
      name: 'both directions',
      yaml: policy('a', '  policyTypes: [Ingress, Egress]\n  ingress: [{}]\n  egress: [{}]\n'),
    },
    { name: 'no policyTypes', yaml: policy('a', '  ingress: [{}]\n  egress: [{}]\n') },
    { name: 'an empty list', yaml: policy('a', '  policyTypes: [Ingress]\n  egress: []\n') },
  ],
  invalid: [
    {
      name: 'egress rules beside [Ingress]',
      yaml: policy('a', '  policyTypes: [Ingress]\n  egress: [{}, {}]\n'),
      findings: [
        {
          message: 'the 2 egress rules are ignored, because policyTypes does not name Egress',
          at: 'egress:',
          related: 1,
        },
      ],
    },
    {
      name: 'ingress rules beside [Egress]',
      yaml: policy('a', '  policyTypes: [Egress]\n  ingress: [{}]\n'),
      findings: [{ message: 'the ingress rule is ignored, because policyTypes does not name Ingress' }],
    },
  ],
});

testRule(impliedIngressIsolation, {
  valid: [
    { name: 'policyTypes', yaml: policy('a', '  policyTypes: [Egress]\n  egress: [{}]\n') },
    { name: 'ingress as well', yaml: policy('a', '  ingress: []\n  egress: [{}]\n') },
    { name: 'neither', yaml: policy('a', '') },
    {
      name: 'pods whose ingress another policy is about',
      yaml: policy('a', '  egress: [{}]\n') + policy('b', '  ingress: [{}]\n') + pod,
    },
  ],
  invalid: [
    {
      name: 'egress: [] alone',
      yaml: policy('a', '  egress: []\n') + pod,
      findings: [
        {
          message: /denies no egress; it denies all ingress instead$/,
          severity: 'error',
          at: 'egress: []',
          pods: ['shop/Pod/web'],
        },
      ],
    },
    {
      name: 'egress rules alone',
      yaml: policy('a', '  egress: [{ ports: [{ port: 443 }] }]\n') + pod,
      findings: [{ message: /also denies all ingress/, severity: 'warning' }],
    },
  ],
});
