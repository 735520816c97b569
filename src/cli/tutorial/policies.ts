/** The policies of the tutorial, as the files that it writes. */

export interface PolicyFile {
  readonly name: string;
  readonly text: string;
}

function ownNamespaceOnly(namespace: string): string {
  return `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: own-namespace-only
  namespace: ${namespace}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
  ingress:
    - from: [{ podSelector: {} }]
  egress:
    - to: [{ podSelector: {} }]
`;
}

export const denyBetweenNamespaces: PolicyFile = {
  name: 'own-namespace-only.yaml',
  text: `# podSelector: {} above selects every pod of the namespace; below it means: pods of this namespace, and no others.
${['frontend', 'backend', 'db'].map(ownNamespaceOnly).join('---\n')}`,
};

export const fromFrontend: PolicyFile = {
  name: 'frontend.yaml',
  text: `# The gate out of frontend. One item with both selectors: these pods in that namespace.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: frontend-to-backend
  namespace: frontend
spec:
  podSelector:
    matchLabels: { run: frontend }
  policyTypes: [Egress]
  egress:
    - to:
        - namespaceSelector:
            matchLabels: { ns: backend }
          podSelector:
            matchLabels: { run: backend }
      ports: [{ protocol: TCP, port: 80 }]
`,
};

export const throughBackend: PolicyFile = {
  name: 'backend.yaml',
  text: `# The gate into backend, and the gate out of it.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: frontend-to-backend-to-db
  namespace: backend
spec:
  podSelector:
    matchLabels: { run: backend }
  policyTypes: [Ingress, Egress]
  ingress:
    - from:
        - namespaceSelector:
            matchLabels: { ns: frontend }
          podSelector:
            matchLabels: { run: frontend }
      ports: [{ protocol: TCP, port: 80 }]
  egress:
    - to:
        - namespaceSelector:
            matchLabels: { ns: db }
          podSelector:
            matchLabels: { run: db }
      ports: [{ protocol: TCP, port: 80 }]
`,
};

export const intoDb: PolicyFile = {
  name: 'db.yaml',
  text: `# The gate into db. Answers need no rule.
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: backend-to-db
  namespace: db
spec:
  podSelector:
    matchLabels: { run: db }
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector:
            matchLabels: { ns: backend }
          podSelector:
            matchLabels: { run: backend }
      ports: [{ protocol: TCP, port: 80 }]
`,
};

function dnsFor(namespace: string): string {
  return `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: dns
  namespace: ${namespace}
spec:
  podSelector: {}
  policyTypes: [Egress]
  egress:
    - to:
        - namespaceSelector:
            matchLabels: { contains: coredns }
          podSelector:
            matchLabels: { k8s-app: kube-dns }
      ports:
        - { protocol: UDP, port: 53 }
        - { protocol: TCP, port: 53 }
`;
}

export const allowDns: PolicyFile = {
  name: 'dns.yaml',
  text: `# UDP for lookups, TCP for answers that do not fit. db opens no connections and needs no names.
${['frontend', 'backend'].map(dnsFor).join('---\n')}`,
};
