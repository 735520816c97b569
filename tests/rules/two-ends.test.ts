/** What depends on the other end of a connection, or on the Service between. */
import { clusterAddressInRange } from '../../src/rules/mistakes/cluster-address-in-range.ts';
import { oneSidedAllow } from '../../src/rules/mistakes/one-sided-allow.ts';
import { servicePortInsteadOfPodPort } from '../../src/rules/mistakes/service-port-instead-of-pod-port.ts';
import { testRule } from './rule-tester.ts';

function policy(name: string, app: string, rest: string): string {
  return `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: shop }
spec:
  podSelector: { matchLabels: { app: ${app} } }
${rest}`;
}

function pod(app: string, port: number, ip = ''): string {
  return `---
apiVersion: v1
kind: Pod
metadata: { name: ${app}, namespace: shop, labels: { app: ${app} } }
spec: { containers: [{ name: main, image: main, ports: [{ containerPort: ${port} }] }] }
status: { phase: Running${ip === '' ? '' : `, podIP: ${ip}`} }
`;
}

const pods = pod('web', 8080, '10.0.0.1') + pod('db', 5432, '10.0.0.2');
const service = `---
apiVersion: v1
kind: Service
metadata: { name: db, namespace: shop }
spec: { clusterIP: 10.96.0.7, selector: { app: db }, ports: [{ port: 80, targetPort: 5432 }] }
`;
const peer = (app: string, ports = ''): string => `[{ podSelector: { matchLabels: { app: ${app} } } }]${ports}`;
const webToDb = policy(
  'web',
  'web',
  `  policyTypes: [Egress]\n  egress:\n    - to: ${peer('db')}\n      ports: [{ port: 5432 }]\n`,
);
const dbFromWeb = (port: number | string): string =>
  policy('db', 'db', `  ingress:\n    - from: ${peer('web')}\n      ports: [{ port: ${port} }]\n`);
const denyDb = policy('db', 'db', '  policyTypes: [Ingress]\n');

testRule(oneSidedAllow, {
  valid: [
    { name: 'both ends', yaml: webToDb + dbFromWeb(5432) + pods },
    { name: 'an open other end', yaml: webToDb + pods },
    {
      name: 'whole namespaces',
      yaml:
        policy('web', 'web', '  policyTypes: [Egress]\n  egress:\n    - to: [{ podSelector: {} }]\n') + denyDb + pods,
    },
    {
      name: 'a peer of which one can be reached',
      yaml:
        policy(
          'web',
          'web',
          '  policyTypes: [Egress]\n  egress:\n    - to: [{ podSelector: { matchExpressions: [{ key: app, operator: In, values: [db, tool] }] } }]\n',
        ) +
        denyDb +
        pods +
        pod('tool', 1),
    },
    { name: 'nobody there', yaml: webToDb + denyDb },
    {
      name: 'a cluster policy that denies here',
      yaml: `---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: { name: deny }
spec:
  tier: Admin
  priority: 1
  subject: { namespaces: {} }
  egress: [{ action: Deny, to: [{ namespaces: {} }] }]
${webToDb}${denyDb}${pods}`,
    },
  ],
  invalid: [
    {
      name: 'egress without ingress',
      yaml: webToDb + denyDb + pods,
      findings: [
        {
          message: 'shop/web may connect to shop/db, but no ingress rule of shop/db lets it in',
          object: 'shop/NetworkPolicy/web',
          at: '{ podSelector',
          witness: 'shop/web > shop/db TCP 5432',
          related: 1,
          confidence: 'file-only',
        },
      ],
    },
    {
      name: 'ingress without egress',
      yaml: dbFromWeb(5432) + policy('web', 'web', '  policyTypes: [Egress]\n') + pods,
      findings: [
        {
          message: 'shop/db lets shop/web in, but no egress rule lets shop/web out to it',
          object: 'shop/NetworkPolicy/db',
        },
      ],
    },
    {
      name: 'different ports at the two ends',
      yaml: webToDb + dbFromWeb(5433) + pods,
      findings: [{ object: 'shop/NetworkPolicy/web' }, { object: 'shop/NetworkPolicy/db' }],
    },
  ],
});

testRule(servicePortInsteadOfPodPort, {
  valid: [
    { name: "the pods' port", yaml: dbFromWeb(5432) + pods + service },
    { name: 'no Service', yaml: dbFromWeb(80) + pods },
    { name: 'a Service of other pods', yaml: dbFromWeb(80) + pods + service.replace('app: db', 'app: web') },
    {
      name: 'pods that declare it too',
      yaml: dbFromWeb(80) + pods.replace('containerPort: 5432', 'containerPort: 80') + service,
    },
    {
      name: 'pods that declare nothing',
      yaml: dbFromWeb(80) + pods.replace('ports: [{ containerPort: 5432 }]', '') + service,
    },
    { name: 'a name', yaml: dbFromWeb('http') + pods + service },
  ],
  invalid: [
    {
      name: 'ingress',
      yaml: dbFromWeb(80) + pods + service,
      findings: [
        {
          message: 'port 80 is the port of shop/Service/db; its pods listen on 5432',
          at: 'port: 80',
          pods: ['shop/Pod/db'],
          related: 1,
        },
      ],
      fixed: dbFromWeb(5432) + pods + service,
    },
    {
      name: 'egress',
      yaml: webToDb.replace('port: 5432', 'port: 80') + pods + service,
      findings: [{ object: 'shop/NetworkPolicy/web' }],
      fixed: webToDb + pods + service,
    },
  ],
});

const toAddress = (cidr: string): string =>
  policy('web', 'web', `  policyTypes: [Egress]\n  egress:\n    - to: [{ ipBlock: { cidr: ${cidr} } }]\n`);

testRule(clusterAddressInRange, {
  valid: [
    { name: 'a range around it', yaml: toAddress('10.96.0.0/12') + pods + service },
    { name: 'an address outside', yaml: toAddress('203.0.113.7/32') + pods + service },
  ],
  invalid: [
    {
      name: "a Service's",
      yaml: toAddress('10.96.0.7/32') + pods + service,
      findings: [
        {
          message: '10.96.0.7 is the address of shop/Service/db, which policy never sees',
          confidence: 'implementation-defined',
          at: 'cidr',
        },
      ],
    },
    {
      name: "a pod's",
      yaml: toAddress('10.0.0.2/32') + pods + service,
      findings: [{ message: '10.0.0.2 is the present address of pod shop/db', confidence: 'certain' }],
    },
  ],
});
