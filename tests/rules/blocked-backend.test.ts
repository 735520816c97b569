import { blockedBackend } from '../../src/rules/needs/blocked-backend.ts';
import { testRule } from './rule-tester.ts';

const backend = `---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop, labels: { app: web } }
spec: { containers: [{ name: main, image: main, ports: [{ containerPort: 8080 }] }] }
`;

function service(spec = ''): string {
  return `---
apiVersion: v1
kind: Service
metadata: { name: web, namespace: shop }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }]${spec} }
`;
}

function ingress(className = 'nginx'): string {
  return `---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web, namespace: shop }
spec:
  ingressClassName: ${className}
  defaultBackend: { service: { name: web, port: { number: 80 } } }
`;
}

const controller = `---
apiVersion: v1
kind: Pod
metadata: { name: proxy, namespace: edge, labels: { app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/component: controller } }
spec: { containers: [{ name: main, image: main }] }
`;

const gateway = `---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: edge, namespace: edge }
spec: { gatewayClassName: gke-l7-gxlb, listeners: [{ name: http, port: 80, protocol: HTTP }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: web, namespace: shop }
spec:
  parentRefs: [{ name: edge, namespace: edge }]
  rules: [{ backendRefs: [{ name: web, port: 80 }] }]
`;

function policy(ingressRules: string): string {
  return `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec: { podSelector: { matchLabels: { app: web } }, policyTypes: [Ingress], ingress: [${ingressRules}] }
`;
}

const fromPods = '{ from: [{ namespaceSelector: {} }] }';
const onPort = (port: number): string => `{ from: [{ namespaceSelector: {} }], ports: [{ port: ${port} }] }`;
const fromRange = '{ from: [{ ipBlock: { cidr: 10.0.0.0/8 } }] }';
const balancer = ', type: LoadBalancer';
const through = backend + service() + ingress() + controller;

testRule(blockedBackend, {
  valid: [
    { name: 'no policy', yaml: backend + service(balancer) + ingress() + controller },
    { name: 'a Service that lets in private addresses', yaml: backend + service(balancer) + policy(fromRange) },
    { name: 'a Service that lets in everybody', yaml: backend + service(balancer) + policy('{}') },
    { name: 'a Service within the cluster', yaml: backend + service() + policy(fromPods) },
    { name: 'a Service without pods in the input', yaml: service(balancer) + policy('') },
    { name: 'a controller that may come', yaml: through + policy(onPort(8080)) },
    {
      name: 'a controller that is not part of the input',
      yaml: backend + service() + ingress() + policy('{ from: [{ namespaceSelector: { matchLabels: { a: b } } }] }'),
    },
    {
      name: 'a controller on the host network, maybe of the same node',
      yaml: through.replace('spec: { containers', 'spec: { hostNetwork: true, containers') + policy(onPort(8080)),
    },
    { name: 'a load balancer outside', yaml: backend + service() + ingress('alb') + policy(fromRange) },
    { name: 'a Gateway outside', yaml: backend + service() + gateway + policy(fromRange) },
  ],
  invalid: [
    {
      name: 'a LoadBalancer whose pods let in only pods',
      yaml: backend + service(`${balancer}, externalTrafficPolicy: Local`) + policy(fromPods),
      findings: [
        {
          message:
            'shop/Service/web is of type LoadBalancer, but policy lets no address outside the cluster in to port 8080 of its pods',
          at: 'type: LoadBalancer',
          severity: 'warning',
          confidence: 'file-only',
          pods: ['shop/Pod/web'],
        },
      ],
    },
    {
      name: 'a NodePort',
      yaml: backend + service(', type: NodePort') + policy(onPort(8080)),
      findings: [{ confidence: 'implementation-defined' }],
    },
    {
      name: 'addresses of its own',
      yaml: backend + service(', externalIPs: [203.0.113.9]') + policy(fromPods),
      findings: [{ message: /^shop\/Service\/web has externalIPs, but policy/ }],
    },
    {
      name: 'the port of the Service instead of the pods',
      yaml: through + policy(onPort(80)),
      findings: [
        {
          message:
            'shop/Ingress/web leads to shop/Service/web, but policy does not let ingress-nginx in to port 8080 of its pods',
          severity: 'error',
          witness: 'edge/proxy > shop/web TCP 8080',
        },
      ],
    },
    {
      name: 'a deny, whoever the controller is',
      yaml: backend + service() + ingress('own') + policy(''),
      findings: [{ message: /but policy lets nobody in to port 8080/ }],
    },
    {
      name: 'a load balancer outside, and only pods let in',
      yaml: backend + service() + ingress('alb') + policy(fromPods),
      findings: [{ message: /so the load balancer of class alb neither, in to port 8080/ }],
    },
    {
      name: 'a route of a Gateway outside',
      yaml: backend + service() + gateway + policy(fromPods),
      findings: [{ object: 'shop/HTTPRoute/web' }],
    },
  ],
});
