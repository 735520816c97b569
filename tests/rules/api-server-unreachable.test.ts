import { apiServerUnreachable } from '../../src/rules/needs/api-server-unreachable.ts';
import { testRule } from './rule-tester.ts';

interface Rights {
  readonly verbs?: string;
  readonly cluster?: boolean;
}

function rights({ verbs = '[list]', cluster = false }: Rights = {}): string {
  const prefix = cluster ? 'Cluster' : '';
  const namespace = cluster ? '' : ', namespace: ops';
  return `---
apiVersion: rbac.authorization.k8s.io/v1
kind: ${prefix}Role
metadata: { name: watcher${namespace} }
rules: [{ apiGroups: [""], resources: [pods], verbs: ${verbs} }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ${prefix}RoleBinding
metadata: { name: watching${namespace} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ${prefix}Role, name: watcher }
subjects: [{ kind: ServiceAccount, name: watcher, namespace: ops }]
`;
}

const watcher = (spec = ''): string => `---
apiVersion: apps/v1
kind: Deployment
metadata: { name: watcher, namespace: ops }
spec:
  selector: { matchLabels: { app: watcher } }
  template:
    metadata: { labels: { app: watcher } }
    spec: { serviceAccountName: watcher, ${spec}containers: [{ name: main, image: main }] }
`;

const account = `---
apiVersion: v1
kind: ServiceAccount
metadata: { name: watcher, namespace: ops }
automountServiceAccountToken: false
`;

const policy = (egress: string): string => `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: out, namespace: ops }
spec: { podSelector: {}, policyTypes: [Egress], egress: [${egress}] }
`;

const pods = '{ to: [{ namespaceSelector: {} }] }';
const lookups = '{ ports: [{ port: 53, protocol: UDP }, { port: 53 }] }';
const range = '{ to: [{ ipBlock: { cidr: 10.0.0.0/24 } }], ports: [{ port: 6443 }] }';

testRule(apiServerUnreachable, {
  valid: [
    { name: 'no policy', yaml: rights() + watcher() },
    { name: 'a range that may hold it', yaml: rights() + watcher() + policy(range) },
    { name: 'everybody on a port', yaml: rights() + watcher() + policy('{ ports: [{ port: 443 }] }') },
    { name: 'no rights', yaml: watcher() + policy(pods) },
    { name: 'rights that are no requests', yaml: rights({ verbs: '[use]' }) + watcher() + policy(pods) },
    {
      name: 'a role that the input does not have',
      yaml: rights().slice(rights().lastIndexOf('---')) + watcher() + policy(pods),
    },
    { name: 'no token, by the pod', yaml: rights() + watcher('automountServiceAccountToken: false, ') + policy(pods) },
    { name: 'no token, by the account', yaml: rights() + account + watcher() + policy(pods) },
    { name: 'the host network', yaml: rights() + watcher('hostNetwork: true, ') + policy(pods) },
    { name: 'another account', yaml: rights() + watcher().replace('serviceAccountName: watcher, ', '') + policy(pods) },
  ],
  invalid: [
    {
      name: 'pods alone',
      yaml: rights() + watcher() + policy(pods),
      findings: [
        {
          message:
            'ops/Deployment/watcher has rights at the API server (RoleBinding watching), but policy lets it connect to nothing outside the pod network',
          object: 'ops/Deployment/watcher',
          confidence: 'file-only',
          at: 'apiVersion: apps/v1',
        },
      ],
    },
    { name: 'lookups alone', yaml: rights({ cluster: true }) + watcher() + policy(lookups), findings: [{}] },
    {
      name: 'a token after all',
      yaml: rights() + account + watcher('automountServiceAccountToken: true, ') + policy(''),
      findings: [{}],
    },
  ],
});
