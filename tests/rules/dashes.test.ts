/** List items and rules that a dash split. */
import { peersSplitByDash } from '../../src/rules/mistakes/peers-split-by-dash.ts';
import { ruleSplitByDash } from '../../src/rules/mistakes/rule-split-by-dash.ts';
import { testRule } from './rule-tester.ts';

const head = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: data }
spec:
  podSelector: { matchLabels: { app: db } }
`;

function world(tail: string): string {
  return `${head}${tail}---
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { team: shop } }
---
apiVersion: v1
kind: Namespace
metadata: { name: data }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { containers: [{ name: main, image: main, ports: [{ containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: tool, namespace: shop, labels: { app: tool } }
spec: { containers: [{ name: main, image: main }] }
---
apiVersion: v1
kind: Pod
metadata: { name: db, namespace: data, labels: { app: db } }
spec: { containers: [{ name: main, image: main, ports: [{ name: sql, containerPort: 5432 }] }] }
`;
}

const split = `  ingress:
    - from:
        - namespaceSelector: # the shop
            matchLabels: { team: shop }
        - podSelector:
            matchLabels: { app: web } # only these
`;
const joined = split.replace('        - podSelector', '          podSelector');

testRule(peersSplitByDash, {
  valid: [
    { name: 'one peer', yaml: world(joined) },
    { name: 'pods that are here', yaml: world(split.replace('app: web', 'app: db')) },
    { name: 'pods that are nowhere', yaml: world(split.replace('app: web', 'app: other')) },
    { name: 'no workloads at all', yaml: head + split },
    { name: 'every pod here', yaml: world(split.replace('matchLabels: { app: web } # only these', 'matchLabels: {}')) },
    {
      name: 'rules that do not count',
      yaml: world(`  policyTypes: [Egress]\n${split}`),
    },
  ],
  invalid: [
    {
      name: 'a dash too many',
      yaml: world(split),
      findings: [
        {
          message:
            'two peers where one was meant: every pod of the selected namespaces, or pods app=web of data, where there are none',
          at: 'podSelector:',
          line: 10,
          confidence: 'file-only',
          pods: ['shop/Pod/tool', 'shop/Pod/web'],
          related: 1,
        },
      ],
      fixed: world(joined),
    },
    {
      name: 'the other way round, for egress',
      yaml: world(`  policyTypes: [Egress]
  egress:
    - to:
        - podSelector: { matchLabels: { app: web } }
        - namespaceSelector: { matchLabels: { team: shop } }
`),
      findings: [{ at: 'namespaceSelector', message: /^two peers where one was meant/ }],
    },
  ],
});

const splitRule = (ports: string): string => `  ingress:
    - from:
        - namespaceSelector: {}
    - ports:
        - ${ports} # here
`;

testRule(ruleSplitByDash, {
  valid: [
    { name: 'one rule', yaml: world(splitRule('port: 5432').replace('- ports', '  ports')) },
    { name: 'a port that the pods do not declare', yaml: world(splitRule('port: 9100')) },
    {
      name: 'pods that declare nothing',
      yaml: world(splitRule('port: 5432')).replace('ports: [{ name: sql, containerPort: 5432 }]', ''),
    },
    {
      name: 'lookups for everybody',
      yaml: world(
        '  policyTypes: [Egress]\n  egress:\n    - to: [{ podSelector: {} }]\n    - ports: [{ port: 53, protocol: UDP }]\n',
      ),
    },
    {
      name: 'peers that are addresses',
      yaml: world(
        '  policyTypes: [Egress]\n  egress:\n    - to: [{ ipBlock: { cidr: 10.0.0.0/8 } }]\n    - ports: [{ port: 443 }]\n',
      ),
    },
  ],
  invalid: [
    {
      name: 'ports that are all the pods have',
      yaml: world(splitRule('port: 5432')),
      findings: [
        {
          message: 'the ports of spec.ingress[1] are open from anywhere, and spec.ingress[0] limits no ports',
          at: 'ports:',
          pods: ['data/Pod/db'],
        },
      ],
      fixed: world(splitRule('port: 5432').replace('- ports', '  ports')),
    },
    { name: 'a named port', yaml: world(splitRule('port: sql')), findings: [{}] },
    {
      name: 'egress to pods with those ports',
      yaml: world(`  policyTypes: [Egress]
  egress:
    - to: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: web } } }]
    - ports: [{ port: 8080 }]
`),
      findings: [{ message: /^the ports of spec\.egress\[1\] are open to anywhere/ }],
    },
  ],
});
