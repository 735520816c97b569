/** Ranges that hold more than was meant, names that promise more, labels that do not last. */
import { denyThatAllows } from '../../src/rules/mistakes/deny-that-allows.ts';
import { internetIncludesCluster } from '../../src/rules/mistakes/internet-includes-cluster.ts';
import { reopenedException } from '../../src/rules/mistakes/reopened-exception.ts';
import { unstableLabel } from '../../src/rules/mistakes/unstable-label.ts';
import { testRule } from './rule-tester.ts';

function policy(rest: string, name = 'p', podSelector = '{}'): string {
  return `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: shop }
spec:
  podSelector: ${podSelector}
${rest}`;
}

const egress = (...rules: string[]): string =>
  `  policyTypes: [Egress]\n  egress:\n${rules.map((rule) => `    - ${rule}\n`).join('')}`;
const to = (cidr: string, except = '', ports = ''): string =>
  `to: [{ ipBlock: { cidr: ${cidr}${except === '' ? '' : `, except: [${except}]`} } }]${ports}`;

testRule(unstableLabel, {
  valid: [
    {
      name: 'labels of the template',
      yaml: policy('  policyTypes: [Ingress]\n', 'p', '{ matchLabels: { app: web } }'),
    },
    {
      name: 'whether there is one',
      yaml: policy('  policyTypes: [Ingress]\n', 'p', '{ matchExpressions: [{ key: job-name, operator: Exists }] }'),
    },
  ],
  invalid: [
    {
      name: 'a hash in the subject',
      yaml: policy('  policyTypes: [Ingress]\n', 'p', '{ matchLabels: { pod-template-hash: abc } }'),
      findings: [
        { message: 'label pod-template-hash changes with every rollout of a Deployment', at: '{ matchLabels' },
      ],
    },
    {
      name: 'a job in a peer',
      yaml: policy('  ingress:\n    - from: [{ podSelector: { matchLabels: { batch.kubernetes.io/job-name: x } } }]\n'),
      findings: [{ object: 'shop/NetworkPolicy/p' }],
    },
  ],
});

testRule(reopenedException, {
  valid: [
    { name: 'an exception that holds', yaml: policy(egress(to('0.0.0.0/0', '10.0.0.0/8'), to('192.168.0.0/16'))) },
    { name: 'a part opened on purpose', yaml: policy(egress(to('0.0.0.0/0', '10.0.0.0/8'), to('10.1.0.0/16'))) },
    {
      name: 'some ports opened on purpose',
      yaml: policy(egress(to('0.0.0.0/0', '10.0.0.0/8'), to('10.0.0.0/8', '', '\n      ports: [{ port: 443 }]'))),
    },
    {
      name: 'a policy for fewer pods',
      yaml:
        policy(egress(to('0.0.0.0/0', '10.0.0.0/8'))) +
        policy(egress(to('10.0.0.0/8')), 'q', '{ matchLabels: { a: b } }'),
    },
    {
      name: 'the other direction',
      yaml: policy(egress(to('0.0.0.0/0', '10.0.0.0/8'))) + policy('  ingress: [{}]\n', 'q'),
    },
  ],
  invalid: [
    {
      name: 'a wider range beside it',
      yaml: policy(egress(to('0.0.0.0/0', '10.20.0.0/16'), to('10.0.0.0/8'))),
      findings: [
        {
          message: 'the exception of 10.20.0.0/16 has no effect, because spec.egress[1] opens all of it',
          at: '10.20.0.0/16',
          related: 1,
        },
      ],
    },
    {
      name: 'a rule for everybody in another policy',
      yaml: policy(egress(to('0.0.0.0/0', '10.20.0.0/16'))) + policy(egress('{}'), 'q'),
      findings: [{ message: /because shop\/NetworkPolicy\/q spec\.egress\[0\] opens all of it$/ }],
    },
    {
      name: 'two halves in the same list',
      yaml: policy(
        egress(
          'to: [{ ipBlock: { cidr: 10.0.0.0/8, except: [10.1.0.0/16] } }, { ipBlock: { cidr: 10.1.0.0/17 } }, { ipBlock: { cidr: 10.1.128.0/17 } }]',
        ),
      ),
      findings: [{}],
    },
    {
      name: 'all ports of the rule',
      yaml: policy(
        egress(
          to('0.0.0.0/0', '10.0.0.0/8', '\n      ports: [{ port: 443 }]'),
          to('10.0.0.0/8', '', '\n      ports: [{ port: 400, endPort: 500 }]'),
        ),
      ),
      findings: [{}],
    },
  ],
});

const within = '  ingress:\n    - from: [{ podSelector: {} }]\n';

testRule(denyThatAllows, {
  valid: [
    { name: 'a deny', yaml: policy('  policyTypes: [Ingress, Egress]\n', 'default-deny-all') },
    { name: 'a deny with lookups', yaml: policy(egress('ports: [{ port: 53, protocol: UDP }]'), 'default-deny') },
    { name: 'a name that says what is left', yaml: policy(within, 'deny-from-other-namespaces') },
    { name: 'a name that does not claim to deny', yaml: policy(within, 'namespace-isolation') },
    { name: 'rules that do not count', yaml: policy(`  policyTypes: [Egress]\n${within}`, 'deny') },
  ],
  invalid: [
    {
      name: 'the own namespace',
      yaml: policy(within, 'deny'),
      findings: [{ message: 'a policy named deny allows everything from every pod of shop', at: 'from:' }],
    },
    {
      name: 'everybody, with the namespace in the name',
      yaml: policy(egress('{}'), 'shop-deny-all-egress'),
      findings: [{ message: 'a policy named shop-deny-all-egress allows everything to everybody' }],
    },
  ],
});

testRule(internetIncludesCluster, {
  valid: [
    {
      name: 'private ranges excepted',
      yaml: policy(egress(to('0.0.0.0/0', '10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16'))),
    },
    { name: 'one of them excepted', yaml: policy(egress(to('0.0.0.0/0', '10.0.0.0/8'))) },
    { name: 'a private range', yaml: policy(egress(to('10.0.0.0/8'))) },
    { name: 'everybody, said plainly', yaml: policy(egress('{}')) },
    {
      name: 'all pods as well',
      yaml: policy(egress('to: [{ ipBlock: { cidr: 0.0.0.0/0 } }, { namespaceSelector: {} }]')),
    },
    { name: 'ingress', yaml: policy('  ingress:\n    - from: [{ ipBlock: { cidr: 0.0.0.0/0 } }]\n') },
  ],
  invalid: [
    {
      name: 'every address',
      yaml: policy(egress(to('0.0.0.0/0'))),
      findings: [
        {
          message: 'spec.egress[0] opens every address, the pods and nodes of the cluster included',
          confidence: 'implementation-defined',
          at: 'ipBlock',
        },
      ],
    },
    {
      name: 'in halves, without the metadata service',
      yaml: policy(
        egress('to: [{ ipBlock: { cidr: 0.0.0.0/1 } }, { ipBlock: { cidr: 128.0.0.0/1, except: [169.254.0.0/16] } }]'),
      ),
      findings: [{}],
    },
  ],
});
