/** Workloads open to the internet: their sensitive ports, and what they reach. */
import { exposedWithOpenEgress } from '../../src/rules/posture/exposed-with-open-egress.ts';
import { sensitivePortOpen } from '../../src/rules/posture/sensitive-port-open.ts';
import { testRule } from './rule-tester.ts';

function pod(name: string, port: number, namespace = 'shop', more = ''): string {
  return `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${namespace}, labels: { app: ${name} } }
spec: { ${more}containers: [{ name: main, image: main, ports: [{ containerPort: ${port} }] }] }
`;
}

function policy(app: string, spec: string, name = app): string {
  return `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: shop }
spec: { podSelector: { matchLabels: { app: ${app} } }, ${spec} }
`;
}

const ingress = (rules: string): string => `policyTypes: [Ingress], ingress: [${rules}]`;
const everywhere = '{ from: [{ namespaceSelector: {} }], ports: [{ port: 5432 }] }';
const named =
  '{ from: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: api } } }], ports: [{ port: 5432 }] }';

const denyAll = `---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: deny }
spec:
  tier: Admin
  priority: 1
  subject: { namespaces: {} }
  ingress: [{ action: Deny, from: [{ namespaces: {} }] }]
`;

testRule(sensitivePortOpen, {
  valid: [
    { name: 'named clients', yaml: policy('db', ingress(named)) + pod('db', 5432) },
    { name: 'pods without isolation', yaml: pod('db', 5432) },
    { name: 'another port', yaml: policy('db', ingress(everywhere.replace('5432', '80'))) + pod('db', 5432) },
    { name: 'a port that the pod does not have', yaml: policy('db', ingress(everywhere)) + pod('db', 80) },
    { name: 'a port of the web', yaml: policy('web', ingress('{}')) + pod('web', 8080) },
    {
      name: 'private addresses',
      yaml: policy('db', ingress('{ from: [{ ipBlock: { cidr: 10.0.0.0/8 } }] }')) + pod('db', 5432),
    },
    { name: 'what a cluster policy denies', yaml: denyAll + policy('db', ingress(everywhere)) + pod('db', 5432) },
    { name: 'the host network', yaml: policy('db', ingress('{}')) + pod('db', 5432, 'shop', 'hostNetwork: true, ') },
    {
      name: 'a port less, by option',
      yaml: policy('db', ingress('{}')) + pod('db', 5432),
      options: { ports: ['22 SSH'] },
    },
  ],
  invalid: [
    {
      name: 'everybody',
      yaml: policy('db', ingress('{ ports: [{ port: 5432 }] }')) + pod('db', 5432),
      findings: [
        {
          message: 'spec.ingress[0] opens port 5432 (PostgreSQL) to every address of the internet',
          confidence: 'certain',
          pods: ['shop/Pod/db'],
          witness: 'internet > shop/db TCP 5432',
        },
      ],
    },
    {
      name: 'every address',
      yaml: policy('db', ingress('{ from: [{ ipBlock: { cidr: 0.0.0.0/0 } }] }')) + pod('db', 6379),
      findings: [{ message: /port 6379 \(Redis\) to every address/ }],
    },
    {
      name: 'every pod',
      yaml: policy('db', ingress(everywhere)) + pod('db', 5432),
      findings: [{ message: 'spec.ingress[0] opens port 5432 (PostgreSQL) to every pod of every namespace' }],
    },
    {
      name: 'every pod, by the name of the port',
      yaml:
        policy('db', ingress('{ from: [{ namespaceSelector: {} }], ports: [{ port: sql }] }')) +
        pod('db', 5432).replace('containerPort', 'name: sql, containerPort'),
      findings: [{ message: /port 5432 \(PostgreSQL\) to every pod/ }],
    },
    {
      name: "a port of one's own, by option",
      yaml: policy('web', ingress('{}')) + pod('web', 8080),
      options: { ports: ['8080'] },
      findings: [{ message: 'spec.ingress[0] opens port 8080 to every address of the internet' }],
    },
  ],
});

const service = `---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { type: LoadBalancer, selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
`;
const inner = service.replace('type: LoadBalancer, ', '');
const route = `---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web, namespace: shop }
spec: { ingressClassName: alb, defaultBackend: { service: { name: web, port: { number: 80 } } } }
`;
const web = pod('web', 8080);

testRule(exposedWithOpenEgress, {
  valid: [
    { name: 'nothing exposed', yaml: inner + web },
    { name: 'a way in that policy closes', yaml: service + web + policy('web', ingress('')) },
    { name: 'egress that is shut', yaml: service + web + policy('web', 'policyTypes: [Egress]') },
    {
      name: 'egress to some addresses',
      yaml:
        service +
        web +
        policy('web', 'policyTypes: [Egress], egress: [{ to: [{ ipBlock: { cidr: 203.0.113.0/24 } }] }]'),
    },
    {
      name: 'egress to one port',
      yaml: service + web + policy('web', 'policyTypes: [Egress], egress: [{ ports: [{ port: 443 }] }]'),
    },
  ],
  invalid: [
    {
      name: 'a chain of workloads behind it',
      yaml:
        service +
        web +
        pod('api', 80) +
        pod('db', 5432) +
        policy('db', ingress('{ from: [{ podSelector: { matchLabels: { app: api } } }] }')),
      findings: [
        {
          message:
            'shop/Pod/web is open to the internet through shop/Service/web, and may connect to every address there and to 1 other workload',
          severity: 'info',
          object: 'shop/Pod/web',
          witness: 'shop/web > internet TCP 443',
        },
      ],
    },
    {
      name: 'through an Ingress',
      yaml: inner + route + web,
      findings: [
        { message: /through shop\/Ingress\/web, and may connect to every address there and to 0 other workloads$/ },
      ],
    },
  ],
});
