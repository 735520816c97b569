import { namespaceOmitted } from '../../src/rules/mistakes/namespace-omitted.ts';
import { testRule } from './rule-tester.ts';

const policy = (namespace = ''): string => `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: web${namespace === '' ? '' : `\n  namespace: ${namespace}`}
spec:
  podSelector: {}
`;
const service = (namespace = ''): string => `---
apiVersion: v1
kind: Service
metadata: { name: web${namespace === '' ? '' : `, namespace: ${namespace}`} }
spec: { ports: [{ port: 80 }] }
`;

testRule(namespaceOmitted, {
  valid: [
    { name: 'a policy that names it', yaml: policy('shop') + service('shop') },
    { name: 'a file in which nothing names one', yaml: policy() + service() },
    {
      name: 'a file in which something else names none',
      yaml: policy() + service('shop') + service().replace('web', 'api'),
    },
    { name: 'a policy alone', yaml: policy() },
    { name: 'a file about the default namespace', yaml: policy() + service('default') },
  ],
  invalid: [
    {
      name: 'a policy beside what names its namespace',
      yaml: policy() + service('shop'),
      findings: [
        {
          message: 'web names no namespace, so it lands in default, and the rest of the file is in shop',
          at: 'metadata:',
          object: 'default/NetworkPolicy/web',
          confidence: 'file-only',
          related: 1,
        },
      ],
      fixed: null,
    },
    {
      name: 'a policy beside several namespaces',
      yaml: policy() + service('shop') + service('db'),
      findings: [{ message: /the rest of the file is in 2 namespaces$/ }],
    },
  ],
});
