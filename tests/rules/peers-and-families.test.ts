import { emptyPeerList } from '../../src/rules/mistakes/empty-peer-list.ts';
import { nodeLocalDns } from '../../src/rules/mistakes/node-local-dns.ts';
import { notInAdmitsUnlabelled } from '../../src/rules/mistakes/not-in-admits-unlabelled.ts';
import { oneIpFamily } from '../../src/rules/mistakes/one-ip-family.ts';
import { clusterPolicy } from '../engine/cluster-fixture.ts';
import { testRule } from './rule-tester.ts';

function policy(rules: string, types = '[Ingress, Egress]'): string {
  return `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec:
  podSelector: {}
  policyTypes: ${types}
  ${rules}
`;
}

function pod(name: string, namespace: string, ips: string, more = ''): string {
  return `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${namespace}, labels: { k8s-app: ${name} } }
spec: { ${more}containers: [{ name: main, image: main }] }
status: { podIPs: [${ips}] }
`;
}

testRule(emptyPeerList, {
  valid: [
    { name: 'an empty rule, the usual way to say everybody', yaml: policy('ingress: [{}]') },
    { name: 'ports alone', yaml: policy('ingress: [{ ports: [{ port: 80 }] }]') },
    { name: 'peers', yaml: policy('ingress: [{ from: [{ podSelector: {} }] }]') },
    { name: 'no rules', yaml: policy('ingress: []') },
    { name: 'rules that do not count', yaml: policy('ingress: [{ from: [] }]', '[Egress]') },
    {
      name: 'a policy whose name says it',
      yaml: policy('ingress: [{ from: [] }]').replace('name: web', 'name: web-allow-external'),
    },
  ],
  invalid: [
    {
      name: 'an empty list',
      yaml: policy('ingress: [{ from: [] }]'),
      findings: [
        {
          message: '`from` of spec.ingress[0] is empty, which lets in everybody on every port',
          at: 'from: []',
          object: 'shop/NetworkPolicy/web',
        },
      ],
      fixed: null,
    },
    {
      name: 'a null list with ports',
      yaml: policy('egress: [{ to: null, ports: [{ port: 80 }] }]'),
      findings: [
        { message: '`to` of spec.egress[0] is empty, which lets the pods connect to everything on its ports' },
      ],
    },
    {
      name: 'a null rule',
      yaml: policy('ingress:\n    -\n  egress: []'),
      findings: [{ message: 'spec.ingress[0] is empty, which lets in everybody' }],
    },
  ],
});

const namespaces = (team: string): string => `---
apiVersion: v1
kind: Namespace
metadata: { name: kube-system${team} }
---
apiVersion: v1
kind: Namespace
metadata: { name: lab, labels: { team: lab } }
---
apiVersion: v1
kind: Namespace
metadata: { name: sandbox }
`;

const notLab = (more = ''): string =>
  policy(
    `ingress: [{ from: [{ namespaceSelector: { matchExpressions: [{ key: team, operator: NotIn, values: [lab] }${more}] } }] }]`,
  );

testRule(notInAdmitsUnlabelled, {
  valid: [
    { name: 'labels that are all there', yaml: notLab() + namespaces(', labels: { team: system }') },
    { name: 'a label that must be there', yaml: notLab(', { key: team, operator: Exists }') + namespaces('') },
    { name: 'namespaces that the input does not have', yaml: notLab() },
    {
      name: 'names of namespaces',
      yaml: notLab().replace('key: team', 'key: kubernetes.io/metadata.name') + namespaces(''),
    },
  ],
  invalid: [
    {
      name: 'namespaces without the label',
      yaml: notLab() + namespaces(''),
      findings: [
        {
          message: 'team!=lab also means namespaces without the label team: kube-system, sandbox',
          at: 'namespaceSelector:',
          confidence: 'certain',
        },
      ],
      fixed: null,
    },
  ],
});

const dual = '{ ip: 10.0.0.1 }, { ip: "fd00::1" }';
const toAll = (cidrs: readonly string[]): string =>
  policy(`egress: [{ to: [${cidrs.map((cidr) => `{ ipBlock: { cidr: "${cidr}" } }`).join(', ')}] }]`);

testRule(oneIpFamily, {
  valid: [
    { name: 'one family in the cluster', yaml: toAll(['0.0.0.0/0']) + pod('web', 'shop', '{ ip: 10.0.0.1 }') },
    { name: 'both', yaml: toAll(['0.0.0.0/0', '::/0']) + pod('web', 'shop', dual) },
    { name: 'single networks', yaml: toAll(['192.0.2.0/24']) + pod('web', 'shop', dual) },
    {
      name: 'the other one in another policy',
      yaml: `${toAll(['0.0.0.0/0'])}---\n${toAll(['2001:db8::/32']).replace('name: web', 'name: other')}${pod('web', 'shop', dual)}`,
    },
    {
      name: 'a cluster policy for both',
      yaml:
        clusterPolicy(
          'deny',
          '{ tier: Admin, priority: 1, subject: { namespaces: {} }, egress: [{ action: Deny, to: [{ networks: ["0.0.0.0/0", "::/0"] }] }] }',
        ) +
        '\n' +
        pod('web', 'shop', dual),
    },
  ],
  invalid: [
    {
      name: 'IPv4 alone',
      yaml: toAll(['0.0.0.0/0']) + pod('web', 'shop', dual),
      findings: [{ message: /^0\.0\.0\.0\/0 is every IPv4 address; /, at: '{ ipBlock:', pods: ['shop/Pod/web'] }],
      fixed: null,
    },
    {
      name: 'IPv6 alone',
      yaml: toAll(['::/0']) + pod('web', 'shop', dual),
      findings: [{ message: /the pods have IPv4 addresses too/ }],
    },
    {
      name: 'a deny of one family',
      yaml:
        clusterPolicy(
          'deny',
          '{ tier: Admin, priority: 1, subject: { namespaces: {} }, egress: [{ action: Deny, to: [{ networks: ["0.0.0.0/0"] }] }] }',
        ) +
        '\n' +
        pod('web', 'shop', dual),
      findings: [{ message: /^0\.0\.0\.0\/0 is denied, and IPv6 stays open/, severity: 'error' }],
    },
  ],
});

const lookups = (cidr = ''): string =>
  policy(
    `egress: [{ to: [{ namespaceSelector: {}, podSelector: { matchLabels: { k8s-app: kube-dns } } }${cidr}], ports: [{ protocol: UDP, port: 53 }] }]`,
  );
const cluster = `${pod('kube-dns', 'kube-system', '{ ip: 10.0.0.9 }')}${pod('web', 'shop', '{ ip: 10.0.0.1 }')}`;
const cache = (hostNetwork = true): string => `---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: node-local-dns, namespace: kube-system }
spec:
  selector: { matchLabels: { k8s-app: node-local-dns } }
  template:
    metadata: { labels: { k8s-app: node-local-dns } }
    spec: { hostNetwork: ${hostNetwork}, containers: [{ name: main, image: main }] }
`;

testRule(nodeLocalDns, {
  valid: [
    { name: 'a cluster without a cache', yaml: lookups() + cluster },
    { name: 'the cache allowed', yaml: lookups(', { ipBlock: { cidr: 169.254.20.10/32 } }') + cluster + cache() },
    {
      name: 'a cache elsewhere',
      yaml: lookups(', { ipBlock: { cidr: 10.9.9.9/32 } }') + cluster + cache(),
      options: { address: '10.9.9.9' },
    },
    { name: 'no lookups at all', yaml: policy('egress: []') + cluster + cache() },
  ],
  invalid: [
    {
      name: 'lookups to the pods of the resolver alone',
      yaml: lookups() + cluster + cache(),
      findings: [
        {
          message: /^lookups to the pods of the resolver are allowed, .* 169\.254\.20\.10 is denied$/,
          confidence: 'implementation-defined',
          pods: ['shop/Pod/web'],
          witness: 'shop/web > 169.254.20.10 UDP 53',
          related: 1,
        },
      ],
      fixed: null,
    },
  ],
});
