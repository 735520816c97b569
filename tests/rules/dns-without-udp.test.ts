import { dnsWithoutUdp } from '../../src/rules/mistakes/dns-without-udp.ts';
import { testRule } from './rule-tester.ts';

function policy(ports: string, name = 'web'): string {
  return `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: ${name}
  namespace: shop
spec:
  podSelector:
    matchLabels:
      app: web
  policyTypes: [Egress]
  egress:
    - ports:
${ports}
`;
}

const pod = `---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { containers: [{ name: main, image: main }] }
`;

testRule(dnsWithoutUdp, {
  valid: [
    { name: 'both protocols', yaml: policy('        - { protocol: UDP, port: 53 }\n        - { port: 53 }') },
    { name: 'UDP alone', yaml: policy('        - { protocol: UDP, port: 53 }') },
    { name: 'every port of UDP', yaml: policy('        - { port: 53 }\n        - { protocol: UDP }') },
    { name: 'a named UDP port', yaml: policy('        - { port: 53 }\n        - { protocol: UDP, port: dns }') },
    { name: 'a range that holds 53', yaml: policy('        - { port: 1, endPort: 1000 }') },
    {
      name: 'port 53 of ingress',
      yaml: policy('        - { port: 53 }').replace('[Egress]', '[Ingress]').replace('egress', 'ingress'),
    },
    {
      name: 'UDP opened by another policy',
      yaml: `${policy('        - { port: 53 }')}---\n${policy('        - { protocol: UDP, port: 53 }', 'dns')}`,
    },
    {
      name: 'egress rules that do not count',
      yaml: policy('        - { port: 53 }').replace('[Egress]', '[Ingress]'),
    },
  ],
  invalid: [
    {
      name: 'a port without protocol',
      yaml: policy('        - port: 53 # lookups\n        - port: 443') + pod,
      findings: [
        {
          message: 'port 53 without a protocol means TCP only, but name lookups start over UDP',
          at: 'port: 53',
          line: 13,
          object: 'shop/NetworkPolicy/web',
          confidence: 'file-only',
          pods: ['shop/Pod/web'],
        },
      ],
      fixed:
        policy('        - port: 53 # lookups\n        - port: 443\n        - protocol: UDP\n          port: 53') + pod,
    },
    {
      name: 'TCP in flow style, with the whole cluster in view',
      yaml: policy('        - { protocol: TCP, port: 53 }'),
      settings: { complete: true },
      findings: [{ message: /^port 53 is allowed for TCP only/, confidence: 'certain' }],
      fixed: policy('        - { protocol: TCP, port: 53 }\n        - { protocol: UDP, port: 53 }'),
    },
    {
      name: 'JSON',
      yaml: '{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "p"}, "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"ports": [{"port": 53}]}]}}',
      findings: [{ at: '{"port": 53}' }],
      fixed:
        '{"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "p"}, "spec": {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"ports": [{"port": 53}, {"protocol": "UDP", "port": 53}]}]}}',
    },
  ],
});
