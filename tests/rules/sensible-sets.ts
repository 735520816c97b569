/** Policy sets as careful people write them, in many spellings: an audit should have next to nothing to say. */

interface SensibleSet {
  readonly name: string;
  readonly yaml: string;
}

interface Choice {
  readonly name: string;
  readonly yaml: string;
}

const owned = 'annotations: { owner: team-shop, purpose: example }';

function policy(namespace: string, name: string, spec: string): string {
  return `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: ${namespace}, ${owned} }
spec: { ${spec} }
`;
}

const app = (name: string): string => `podSelector: { matchLabels: { app: ${name} } }`;
const inNamespace = (name: string): string =>
  `namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ${name} } }`;
const both = 'policyTypes: [Ingress, Egress]';

function workload(
  kind: 'Deployment' | 'Pod',
  namespace: string,
  name: string,
  port: number,
  ip: string,
  spec = '',
): string {
  const labels = `{ app: ${name} }`;
  const pod = `{ ${spec}containers: [{ name: main, image: main, ports: [{ name: main, containerPort: ${port} }] }] }`;
  if (kind === 'Pod') {
    return `---
apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${namespace}, labels: ${labels} }
spec: ${pod}
status: { podIP: ${ip} }
`;
  }
  return `---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  replicas: 2
  selector: { matchLabels: ${labels} }
  template: { metadata: { labels: ${labels} }, spec: ${pod} }
`;
}

function service(namespace: string, name: string, port: number, target: number | string, more = ''): string {
  return `---
apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec: { selector: { app: ${name} }, ports: [{ port: ${port}, targetPort: ${target} }]${more} }
`;
}

const namespaces = ['shop', 'data', 'edge', 'kube-system']
  .map((name) => `---\napiVersion: v1\nkind: Namespace\nmetadata: { name: ${name}, labels: { team: ${name} } }\n`)
  .join('');

const resolver = `---
apiVersion: v1
kind: Pod
metadata: { name: coredns, namespace: kube-system, labels: { k8s-app: kube-dns } }
spec: { containers: [{ name: coredns, image: coredns, ports: [{ containerPort: 53, protocol: UDP }, { containerPort: 53 }] }] }
status: { podIP: 10.0.9.53 }
---
apiVersion: v1
kind: Service
metadata: { name: kube-dns, namespace: kube-system }
spec: { selector: { k8s-app: kube-dns }, clusterIP: 10.96.0.10, ports: [{ name: dns, port: 53, protocol: UDP }, { name: dns-tcp, port: 53 }] }
`;

const isolated = ['shop', 'data', 'edge'];

/** Nothing is open that no rule opens. */
const denies: readonly Choice[] = [
  { name: 'one deny', yaml: isolated.map((name) => policy(name, 'default-deny', `podSelector: {}, ${both}`)).join('') },
  {
    name: 'a deny for each direction',
    yaml: isolated
      .map(
        (name) =>
          policy(name, 'deny-ingress', 'podSelector: {}, policyTypes: [Ingress]') +
          policy(name, 'deny-egress', 'podSelector: {}, policyTypes: [Egress], egress: []'),
      )
      .join(''),
  },
];

const ports53 = 'ports: [{ port: 53, protocol: UDP }, { port: 53, protocol: TCP }]';

/** Names can be looked up. */
const lookups: readonly Choice[] = [
  {
    name: 'the pods of the resolver',
    yaml: `to: [{ ${inNamespace('kube-system')}, podSelector: { matchLabels: { k8s-app: kube-dns } } }], ${ports53}`,
  },
  { name: 'port 53 of kube-system', yaml: `to: [{ ${inNamespace('kube-system')} }], ${ports53}` },
  { name: 'port 53 anywhere', yaml: ports53 },
  { name: 'port 53 of every pod', yaml: `to: [{ namespaceSelector: {} }], ${ports53}` },
].map(({ name, yaml }) => ({
  name,
  yaml: isolated
    .map((namespace) => policy(namespace, 'lookups', `podSelector: {}, policyTypes: [Egress], egress: [{ ${yaml} }]`))
    .join(''),
}));

/** From web to api, and from there to the database of another namespace. */
const flows: readonly Choice[] = [
  { name: 'numbers', api: 'port: 8080', db: 'port: 5432' },
  { name: 'names', api: 'port: main', db: 'port: main' },
  { name: 'ranges', api: 'port: 8080, endPort: 8081', db: 'port: 5432, protocol: TCP' },
].flatMap(({ name, api, db }) =>
  [
    { by: 'labels', web: app('web'), caller: app('api') },
    {
      by: 'expressions',
      web: 'podSelector: { matchExpressions: [{ key: app, operator: In, values: [web] }] }',
      caller: 'podSelector: { matchExpressions: [{ key: app, operator: In, values: [api, migrate] }] }',
    },
  ].map(({ by, web, caller }) => ({
    name: `${name} by ${by}`,
    yaml:
      policy(
        'shop',
        'web-to-api',
        `${app('web')}, policyTypes: [Egress], egress: [{ to: [{ ${app('api')} }], ports: [{ ${api} }] }]`,
      ) +
      policy(
        'shop',
        'api-from-web',
        `${app('api')}, policyTypes: [Ingress], ingress: [{ from: [{ ${web} }], ports: [{ ${api} }] }]`,
      ) +
      policy(
        'shop',
        'api-to-db',
        `${app('api')}, policyTypes: [Egress], egress: [{ to: [{ ${inNamespace('data')}, ${app('db')} }], ports: [{ ${db} }] }]`,
      ) +
      policy(
        'data',
        'db-from-api',
        `${app('db')}, policyTypes: [Ingress], ingress: [{ from: [{ ${inNamespace('shop')}, ${caller} }], ports: [{ ${db} }] }]`,
      ),
  })),
);

const controller = workload('Deployment', 'edge', 'proxy', 8443, '10.0.3.1').replaceAll(
  '{ app: proxy }',
  '{ app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/component: controller }',
);

const ingress = (className: string): string => `---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web, namespace: shop }
spec: { ingressClassName: ${className}, rules: [{ host: shop.example, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { number: 80 } } } }] } }] }
`;

const nginx = '{ app.kubernetes.io/name: ingress-nginx, app.kubernetes.io/component: controller }';

/** How the outside comes in. */
const doors: readonly Choice[] = [
  { name: 'nothing from outside', yaml: '' },
  {
    name: 'a load balancer',
    yaml:
      service('shop', 'public', 80, 8000, ', type: LoadBalancer, externalTrafficPolicy: Local').replace(
        'app: public',
        'app: web',
      ) + policy('shop', 'web-public', `${app('web')}, policyTypes: [Ingress], ingress: [{ ports: [{ port: 8000 }] }]`),
  },
  {
    name: 'a load balancer for offices',
    yaml:
      service('shop', 'public', 80, 'main', ', type: LoadBalancer, externalTrafficPolicy: Local').replace(
        'app: public',
        'app: web',
      ) +
      policy(
        'shop',
        'web-offices',
        `${app('web')}, policyTypes: [Ingress], ingress: [{ from: [{ ipBlock: { cidr: 203.0.113.0/24 } }, { ipBlock: { cidr: "2001:db8::/48" } }], ports: [{ port: 8000 }] }]`,
      ),
  },
  {
    name: 'an Ingress with its controller',
    yaml:
      controller +
      ingress('nginx') +
      policy(
        'shop',
        'web-proxy',
        `${app('web')}, policyTypes: [Ingress], ingress: [{ from: [{ ${inNamespace('edge')}, podSelector: { matchLabels: ${nginx} } }], ports: [{ port: 8000 }] }]`,
      ) +
      policy(
        'edge',
        'proxy',
        `podSelector: { matchLabels: ${nginx} }, ${both}, ingress: [{ ports: [{ port: 8443 }] }], egress: [{ to: [{ ${inNamespace('shop')}, ${app('web')} }], ports: [{ port: 8000 }] }]`,
      ),
  },
  {
    name: 'a load balancer of the cloud',
    yaml:
      ingress('alb') +
      policy(
        'shop',
        'web-alb',
        `${app('web')}, policyTypes: [Ingress], ingress: [{ from: [{ ipBlock: { cidr: 10.100.0.0/16 } }], ports: [{ port: 8000 }] }]`,
      ),
  },
];

const webhook = `---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: { name: guard }
webhooks: [{ name: guard.shop.example, clientConfig: { service: { namespace: shop, name: guard } } }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: guard, namespace: shop }
rules: [{ apiGroups: [""], resources: [pods], verbs: [get, list] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: guard, namespace: shop }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: guard }
subjects: [{ kind: ServiceAccount, name: guard }]
`;

/** Something else that clusters have. */
const extras: readonly Choice[] = [
  { name: 'nothing more', yaml: '' },
  {
    name: 'the internet',
    yaml: policy(
      'shop',
      'api-out',
      `${app('api')}, policyTypes: [Egress], egress: [{ to: [{ ipBlock: { cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16] } }], ports: [{ port: 443 }] }]`,
    ),
  },
  {
    name: 'a controller with a webhook',
    yaml:
      webhook +
      workload('Deployment', 'shop', 'guard', 9443, '10.0.1.9', 'serviceAccountName: guard, ') +
      service('shop', 'guard', 443, 9443) +
      policy(
        'shop',
        'guard',
        `${app('guard')}, ${both}, ingress: [{ ports: [{ port: 9443 }] }], egress: [{ to: [{ ipBlock: { cidr: 10.50.0.1/32 } }], ports: [{ port: 6443 }] }]`,
      ),
  },
  {
    name: 'monitoring',
    yaml:
      workload('Deployment', 'edge', 'prometheus', 9090, '10.0.3.9') +
      policy(
        'edge',
        'prometheus',
        `${app('prometheus')}, policyTypes: [Egress], egress: [{ to: [{ ${inNamespace('shop')} }, { ${inNamespace('data')} }], ports: [{ port: 9100 }] }]`,
      ) +
      ['shop', 'data']
        .map((name) =>
          policy(
            name,
            'metrics',
            `podSelector: {}, policyTypes: [Ingress], ingress: [{ from: [{ ${inNamespace('edge')}, ${app('prometheus')} }], ports: [{ port: 9100 }] }]`,
          ),
        )
        .join(''),
  },
];

function base(kind: 'Deployment' | 'Pod'): string {
  return (
    namespaces +
    resolver +
    workload(kind, 'shop', 'web', 8000, '10.0.1.1') +
    workload(kind, 'shop', 'api', 8080, '10.0.1.2', '').replace(
      'image: main,',
      'image: main, env: [{ name: DB, value: "db.data:5432" }],',
    ) +
    workload(kind, 'data', 'db', 5432, '10.0.2.1') +
    service('shop', 'web', 80, 8000) +
    service('shop', 'api', 80, 8080) +
    service('data', 'db', 5432, 5432)
  );
}

/** Every door and extra with every deny and lookup, spellings in turns: 160 sets. */
export function sensibleSets(): readonly SensibleSet[] {
  const sets: SensibleSet[] = [];
  for (const deny of denies) {
    for (const lookup of lookups) {
      for (const door of doors) {
        for (const extra of extras) {
          const flow = flows[sets.length % flows.length] ?? { name: '', yaml: '' };
          const kind = sets.length % 4 < 2 ? 'Deployment' : 'Pod';
          const parts = [deny, lookup, flow, door, extra];
          sets.push({
            name: [kind, ...parts.map(({ name }) => name)].join(', '),
            yaml: base(kind) + parts.map(({ yaml }) => yaml).join(''),
          });
        }
      }
    }
  }
  return sets;
}
