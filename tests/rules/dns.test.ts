/** Who cannot look up names. */
import { dnsWithoutTcp } from '../../src/rules/mistakes/dns-without-tcp.ts';
import { egressWithoutDns } from '../../src/rules/mistakes/egress-without-dns.ts';
import { testRule } from './rule-tester.ts';

function policy(egress: string, name = 'web', podSelector = '{ matchLabels: { app: web } }'): string {
  return `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: shop }
spec:
  podSelector: ${podSelector}
  policyTypes: [Egress]
  egress: ${egress}
`;
}

const pods = `---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { containers: [{ name: main, image: main }] }
---
apiVersion: v1
kind: Pod
metadata: { name: db, namespace: shop, labels: { app: db } }
spec: { containers: [{ name: main, image: main }] }
`;

const resolver = `---
apiVersion: v1
kind: Namespace
metadata: { name: kube-system }
---
apiVersion: v1
kind: Service
metadata: { name: kube-dns, namespace: kube-system }
spec:
  selector: { k8s-app: kube-dns }
  ports: [{ name: dns, port: 53, protocol: UDP, targetPort: 1053 }, { name: dns-tcp, port: 53, protocol: TCP, targetPort: 1053 }]
---
apiVersion: v1
kind: Pod
metadata: { name: coredns, namespace: kube-system, labels: { k8s-app: kube-dns } }
spec: { containers: [{ name: main, image: main }] }
`;

const toDb = '{ to: [{ podSelector: { matchLabels: { app: db } } }], ports: [{ port: 5432 }] }';
const lookups = (port: number, protocols: string): string =>
  `{ to: [{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: kube-system } }, podSelector: { matchLabels: { k8s-app: kube-dns } } }], ports: [${protocols
    .split(' ')
    .map((protocol) => `{ port: ${port}, protocol: ${protocol} }`)
    .join(', ')}] }`;

testRule(egressWithoutDns, {
  valid: [
    { name: 'lookups allowed', yaml: policy(`[${toDb}, ${lookups(53, 'UDP')}]`) + pods },
    {
      name: 'to the port of the pods behind the Service',
      yaml: policy(`[${toDb}, ${lookups(1053, 'UDP TCP')}]`) + pods + resolver,
    },
    {
      name: 'lookups allowed by another policy',
      yaml: policy(`[${toDb}]`) + policy(`[${lookups(53, 'UDP')}]`, 'dns', '{}') + pods,
    },
    { name: 'egress that is not isolated', yaml: pods + resolver },
    { name: 'pods that may send nothing', yaml: policy('[]') + pods + resolver },
    { name: 'everything allowed', yaml: policy('[{}]') + pods + resolver },
    {
      name: 'port 53 over TCP, which has a rule of its own',
      yaml: policy(`[${toDb}, { ports: [{ port: 53 }] }]`) + pods,
    },
    {
      name: 'a network that may hold the resolver',
      yaml: policy('[{ to: [{ ipBlock: { cidr: 10.0.0.0/8 } }] }]') + pods,
    },
  ],
  invalid: [
    {
      name: 'no rule for lookups, with the resolver in view',
      yaml: policy(`[${toDb}]`) + pods + resolver,
      findings: [
        {
          message: /^shop\/Pod\/web may send to others, but no policy lets it look up names/,
          confidence: 'certain',
          pods: ['shop/Pod/web'],
          witness: 'shop/web > kube-system/coredns UDP 1053',
          at: 'egress:',
        },
      ],
    },
    {
      name: 'no resolver in view',
      yaml: policy(`[${toDb}]`) + pods,
      findings: [{ confidence: 'file-only' }],
    },
    {
      name: 'the port of the Service instead of the one of its pods',
      yaml:
        policy(`[${toDb}, ${lookups(53, 'UDP TCP')}]`).replace('port: 53, protocol: TCP', 'port: 5300') +
        pods +
        resolver,
      findings: [{ confidence: 'certain' }],
    },
    {
      name: 'a label that the resolver does not have',
      yaml:
        policy(`[${toDb}, ${lookups(1053, 'UDP').replace('k8s-app: kube-dns', 'app: kube-dns')}]`) + pods + resolver,
      findings: [{}],
    },
    {
      name: 'everybody, but only by web ports',
      yaml: policy('[{ ports: [{ port: 443 }] }]', 'all', '{}') + pods,
      findings: [{ message: /^2 workloads may send/, pods: ['shop/Pod/db', 'shop/Pod/web'] }],
    },
  ],
});

testRule(dnsWithoutTcp, {
  valid: [
    { name: 'both', yaml: policy(`[${toDb}, ${lookups(53, 'UDP TCP')}]`) + pods },
    { name: 'neither', yaml: policy(`[${toDb}]`) + pods },
    { name: 'nothing isolated', yaml: pods },
  ],
  invalid: [
    {
      name: 'UDP alone',
      yaml: policy(`[${toDb}, ${lookups(53, 'UDP')}]`) + pods,
      findings: [
        {
          message: 'lookups are allowed over UDP, but not over TCP',
          at: '{ port: 53',
          pods: ['shop/Pod/web'],
          severity: 'info',
        },
      ],
    },
  ],
});
