/** Addresses in manifests that policy keeps from being used. */
import { declaredNeedDenied } from '../../src/rules/needs/declared-need-denied.ts';
import { testRule } from './rule-tester.ts';

const denyDb = `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: data }
spec: { podSelector: { matchLabels: { app: db } }, policyTypes: [Ingress] }
`;

const database = `---
apiVersion: v1
kind: Service
metadata: { name: db, namespace: data }
spec: { selector: { app: db }, ports: [{ port: 80, targetPort: 5432 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: db, namespace: data, labels: { app: db } }
spec: { containers: [{ name: main, image: main, env: [{ name: SELF, value: 'db:80' }] }] }
`;

function web(container: string, more = '', namespace = 'shop'): string {
  return `---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: ${namespace} }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
${more}      containers:
        - name: main
          image: main
          ${container}
`;
}

const env = (value: string): string => `env: [{ name: DB, value: ${JSON.stringify(value)} }]`;
const denied = denyDb + database;

function configMap(data: string, namespace = 'shop'): string {
  return `---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings, namespace: ${namespace} }
data: ${data}
`;
}

testRule(declaredNeedDenied, {
  valid: [
    { name: 'an open database', yaml: database + web(env('db.data:80')) },
    { name: 'a port that the Service does not have', yaml: denied + web(env('db.data:81')) },
    { name: 'a bare word', yaml: denied + web(env('db.data')) },
    {
      name: 'part of another name',
      yaml: denied + web(env('olddb.data:80 x/db.data:80 _db.data:80 db.data.example.com:80')),
    },
    { name: 'a Service of another namespace', yaml: denied + web(env('db:80')) },
    { name: 'the Service of the workload itself', yaml: denied },
    { name: 'a ConfigMap that nobody uses', yaml: denied + web(env('x')) + configMap('{ url: "http://db.data" }') },
    {
      name: 'another key of a ConfigMap',
      yaml:
        denied +
        web('env: [{ name: A, valueFrom: { configMapKeyRef: { name: settings, key: other } } }]') +
        configMap('{ url: "http://db.data", other: x }'),
    },
  ],
  invalid: [
    {
      name: 'an address with a port, placed where it is written',
      yaml: denied + web(env('host=db.data:80 user=x')),
      findings: [
        {
          message: 'shop/Deployment/web is told to use db.data:80, but policy denies it',
          at: 'db.data:80',
          object: 'shop/Deployment/web',
          confidence: 'file-only',
          witness: 'shop/Deployment/web > data/db TCP 5432',
        },
      ],
    },
    ...[
      'http://db.data',
      'http://user:secret@db.data.svc/path',
      'db.data.svc.cluster.local',
      'http+unix://db.data.svc:80',
    ].map((value) => ({ name: value, yaml: denied + web(env(value)), findings: [{}] })),
    {
      name: 'an address behind a password, which is not repeated',
      yaml: denied + web(env('http://user:secret@db.data:80/path')),
      findings: [{ message: 'shop/Deployment/web is told to use http://db.data:80, but policy denies it' }],
    },
    {
      name: 'an argument, in the same namespace',
      yaml: denied + web('args: ["--db", "db:80"]', '', 'data'),
      findings: [{ object: 'data/Deployment/web' }],
    },
    {
      name: 'a ConfigMap in the environment',
      yaml: denied + configMap('{ url: "http://db.data" }') + web('envFrom: [{ configMapRef: { name: settings } }]'),
      findings: [{ at: 'http://db.data' }],
    },
    {
      name: 'a ConfigMap as a volume, with text of several lines',
      yaml:
        denied +
        configMap('\n  app.conf: |\n    [db]\n    url = http://db.data/x\n') +
        web('command: [x]', '      volumes: [{ name: v, configMap: { name: settings } }]\n'),
      findings: [{ at: 'http://db.data' }],
    },
    {
      name: 'egress that is shut',
      yaml: `${database}${web(env('db.data:80'))}---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: out, namespace: shop }
spec: { podSelector: {}, policyTypes: [Egress] }
`,
      findings: [{}],
    },
    { name: 'twice the same', yaml: denied + web('args: ["db.data:80", "db.data:80"]'), findings: [{}] },
  ],
});
