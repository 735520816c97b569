import { clientAddressBehindSnat } from '../../src/rules/mistakes/client-address-behind-snat.ts';
import { testRule } from './rule-tester.ts';

interface Setting {
  readonly cidr?: string;
  readonly service?: string;
  readonly annotation?: string;
}

function manifest({ cidr = '203.0.113.0/24', service = 'type: LoadBalancer', annotation }: Setting): string {
  return `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec:
  podSelector: { matchLabels: { app: web } }
  ingress:
    - from:
        - ipBlock: { cidr: "${cidr}" }
---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop${annotation === undefined ? '' : `, annotations: { ${annotation} }`} }
spec: { selector: { app: web }, ports: [{ port: 80 }], ${service} }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { containers: [{ name: main, image: main }] }
`;
}

testRule(clientAddressBehindSnat, {
  valid: [
    {
      name: 'a Service that keeps addresses',
      yaml: manifest({ service: 'type: LoadBalancer, externalTrafficPolicy: Local' }),
    },
    { name: 'a Service within the cluster', yaml: manifest({ service: 'type: ClusterIP' }) },
    { name: 'private addresses, among which nodes may be', yaml: manifest({ cidr: '10.0.0.0/8' }) },
    { name: 'everybody', yaml: manifest({ cidr: '0.0.0.0/0' }) },
    {
      name: 'a Service for other pods',
      yaml: manifest({}).replace('selector: { app: web }', 'selector: { app: api }'),
    },
    {
      name: 'a load balancer of its own kind',
      yaml: manifest({ annotation: 'service.beta.kubernetes.io/aws-load-balancer-type: external' }),
    },
  ],
  invalid: [
    {
      name: 'a LoadBalancer',
      yaml: manifest({}),
      findings: [
        {
          message: /^203\.0\.113\.0\/24 is let in by address, but through shop\/Service\/web /,
          at: 'ipBlock:',
          object: 'shop/NetworkPolicy/web',
          confidence: 'implementation-defined',
          pods: ['shop/Pod/web'],
          related: 1,
        },
      ],
      fixed: null,
    },
    { name: 'a NodePort', yaml: manifest({ service: 'type: NodePort', cidr: '2001:db8::/32' }), findings: [{}] },
  ],
});
