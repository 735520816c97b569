/**
 * Seeded synthetic clusters for benchmarks, as the plain manifest objects that `kubectl get -o json` would print.
 *
 * The usual shape: namespaces labelled by environment, team and payment scope; Deployments mostly, some in the
 * middle of a rollout, some StatefulSets and Jobs; most namespaces closed by default with DNS and monitoring
 * let through, the rest of the policies for single applications. The hostile shapes stress one axis each.
 */
import { Random } from './random.ts';

export type Shape =
  | 'usual'
  /** Policies in a fifth of the namespaces only. */
  | 'sparse'
  /** No policy at all. */
  | 'open'
  /** More policies than pods. */
  | 'policies-over-pods'
  /** Everything in one namespace. */
  | 'one-namespace'
  /** Every pod carries a label value of its own, and policies select by that key. */
  | 'unique-labels'
  /** Ten thousand distinct CIDRs. */
  | 'many-cidrs';

export interface ScenarioSize {
  readonly pods: number;
  readonly policies: number;
  readonly seed: number;
  readonly shape: Shape;
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type Manifest = { readonly [key: string]: Json };

interface Workload {
  readonly namespace: string;
  readonly name: string;
  readonly kind: 'Deployment' | 'StatefulSet' | 'Job';
  readonly replicas: number;
  readonly port: number;
  readonly portName: string;
  readonly metricsPort: number;
  readonly tier: string;
}

interface NamespaceShape {
  readonly name: string;
  readonly env: string;
  readonly team: string;
  readonly pci: boolean;
  readonly workloads: Workload[];
}

const tiers = ['web', 'api', 'worker', 'cache', 'db', 'queue'] as const;
const envs = ['dev', 'staging', 'prod'] as const;
const podsPerNamespace = 80;

/** The objects of one scenario, policies after the pods as in an alphabetical dump by kind. */
export interface Scenario {
  readonly namespaces: readonly Manifest[];
  readonly pods: Iterable<Manifest>;
  readonly policies: readonly Manifest[];
  readonly clusterPolicies: readonly Manifest[];
}

/** Builds a scenario; pods are produced lazily so that a large one never stands in memory as objects. */
export function createScenario(size: ScenarioSize): Scenario {
  const random = new Random(size.seed);
  const namespaces = planNamespaces(size, random);
  return {
    namespaces: namespaces.map(namespaceManifest),
    pods: podManifests(namespaces, size),
    policies: size.shape === 'open' ? [] : policyManifests(namespaces, size, random),
    clusterPolicies: size.shape === 'open' ? [] : clusterPolicyManifests(namespaces),
  };
}

function planNamespaces(size: ScenarioSize, random: Random): NamespaceShape[] {
  const count = size.shape === 'one-namespace' ? 1 : Math.max(2, Math.round(size.pods / podsPerNamespace));
  const namespaces: NamespaceShape[] = [];
  for (let i = 0; i < count; i++) {
    namespaces.push({
      name: `ns-${i}`,
      env: envs[i % envs.length] ?? 'dev',
      team: `team-${random.below(Math.max(4, Math.ceil(count / 25)))}`,
      pci: random.chance(0.05),
      workloads: [],
    });
  }
  let left = size.pods;
  for (let i = 0; left > 0; i++) {
    const namespace = namespaces[i % count];
    if (namespace === undefined) break;
    const roll = random.next();
    const kind = roll < 0.08 ? 'StatefulSet' : roll < 0.13 ? 'Job' : 'Deployment';
    const replicas = Math.min(left, kind === 'Job' ? 1 + random.below(3) : 3 + random.below(12));
    const tier = random.pick(tiers);
    namespace.workloads.push({
      namespace: namespace.name,
      name: `${tier}-${Math.floor(i / count)}`,
      kind,
      replicas,
      port: random.pick([80, 8080, 8443, 5432, 6379, 9000]),
      portName: random.chance(0.7) ? random.pick(['http', 'main', 'grpc']) : '',
      metricsPort: random.pick([9090, 9100]),
      tier,
    });
    left -= replicas;
  }
  return namespaces;
}

function namespaceManifest(namespace: NamespaceShape): Manifest {
  const labels: Record<string, string> = {
    'kubernetes.io/metadata.name': namespace.name,
    env: namespace.env,
    team: namespace.team,
  };
  if (namespace.pci) labels['pci'] = 'true';
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace.name, labels } };
}

function* podManifests(namespaces: readonly NamespaceShape[], size: ScenarioSize): Iterable<Manifest> {
  const random = new Random(size.seed ^ 0x5eed);
  let serial = 0;
  for (const namespace of namespaces) {
    for (const workload of namespace.workloads) {
      const rollout = workload.kind === 'Deployment' && random.chance(0.1);
      for (let replica = 0; replica < workload.replicas; replica++) {
        yield podManifest(workload, replica, rollout, serial++, size.shape);
      }
    }
  }
}

function podManifest(workload: Workload, replica: number, rollout: boolean, serial: number, shape: Shape): Manifest {
  const hash = rollout && replica % 2 === 1 ? 'b7f9c' : 'a4c2d';
  const suffix = serial.toString(36).padStart(5, '0');
  const labels: Record<string, string> = {
    app: workload.name,
    tier: workload.tier,
    'app.kubernetes.io/part-of': 'shop',
  };
  let name: string;
  let owner: Manifest;
  switch (workload.kind) {
    case 'Deployment':
      name = `${workload.name}-${hash}-${suffix}`;
      labels['pod-template-hash'] = hash;
      owner = {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: `${workload.name}-${hash}`,
        controller: true,
        uid: `u${serial}`,
      };
      break;
    case 'StatefulSet':
      name = `${workload.name}-${replica}`;
      labels['statefulset.kubernetes.io/pod-name'] = name;
      owner = { apiVersion: 'apps/v1', kind: 'StatefulSet', name: workload.name, controller: true, uid: `u${serial}` };
      break;
    case 'Job':
      name = `${workload.name}-${suffix}`;
      labels['batch.kubernetes.io/controller-uid'] = `job-${workload.namespace}-${workload.name}`;
      owner = { apiVersion: 'batch/v1', kind: 'Job', name: workload.name, controller: true, uid: `u${serial}` };
      break;
  }
  if (shape === 'unique-labels') labels['instance'] = `i-${serial}`;
  const ip = podIp(serial);
  const nodeIp = `192.168.${Math.floor(serial / 110 / 250) % 250}.${(Math.floor(serial / 110) % 250) + 1}`;
  const port: Record<string, Json> = { containerPort: workload.port, protocol: 'TCP' };
  if (workload.portName !== '') port['name'] = workload.portName;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: workload.namespace, labels, ownerReferences: [owner] },
    spec: {
      nodeName: `node-${Math.floor(serial / 110)}`,
      containers: [
        {
          name: 'main',
          image: 'registry.example/app:1',
          ports: [port, { containerPort: workload.metricsPort, name: 'metrics', protocol: 'TCP' }],
        },
      ],
    },
    status: { phase: 'Running', podIP: ip, podIPs: [{ ip }], hostIP: nodeIp },
  };
}

function podIp(serial: number): string {
  const host = serial + 2;
  return `10.${64 + ((host >>> 16) & 63)}.${(host >>> 8) & 255}.${host & 255}`;
}

function policy(namespace: string, name: string, spec: Manifest): Manifest {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace }, spec };
}

function podsWith(labels: Record<string, string>): Manifest {
  return { podSelector: { matchLabels: labels } };
}

function namespacesWith(labels: Record<string, string>): Manifest {
  return { namespaceSelector: { matchLabels: labels } };
}

function policyManifests(namespaces: readonly NamespaceShape[], size: ScenarioSize, random: Random): Manifest[] {
  const policies: Manifest[] = [];
  const adopters = size.shape === 'sparse' ? namespaces.filter((_, i) => i % 5 === 0) : namespaces;
  for (const namespace of adopters) {
    if (policies.length + 3 > size.policies) break;
    if (!random.chance(0.93)) continue;
    policies.push(
      policy(namespace.name, 'default-deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }),
      policy(namespace.name, 'allow-dns', {
        podSelector: {},
        policyTypes: ['Egress'],
        egress: [
          {
            to: [
              {
                namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ns-0' } },
                podSelector: { matchLabels: { tier: 'cache' } },
              },
            ],
            ports: [
              { protocol: 'UDP', port: 53 },
              { protocol: 'TCP', port: 53 },
            ],
          },
        ],
      }),
      policy(namespace.name, 'allow-monitoring', {
        podSelector: {},
        policyTypes: ['Ingress'],
        ingress: [
          {
            from: [namespacesWith({ 'kubernetes.io/metadata.name': 'ns-1' })],
            ports: [{ protocol: 'TCP', port: 'metrics' }],
          },
        ],
      }),
    );
  }
  for (let i = 0; policies.length < size.policies; i++) {
    const namespace = adopters[i % adopters.length];
    if (namespace === undefined) break;
    policies.push(applicationPolicy(namespace, namespaces, i, size, random));
  }
  return policies;
}

function applicationPolicy(
  namespace: NamespaceShape,
  namespaces: readonly NamespaceShape[],
  serial: number,
  size: ScenarioSize,
  random: Random,
): Manifest {
  const target = namespace.workloads.length > 0 ? random.pick(namespace.workloads) : undefined;
  const peer = namespace.workloads.length > 0 ? random.pick(namespace.workloads) : undefined;
  const app = target?.name ?? 'web-0';
  const peerApp = peer?.name ?? 'api-0';
  const port = target?.port ?? 80;
  const name = `app-${serial}`;
  const subject = { matchLabels: { app } };
  if (size.shape === 'unique-labels' && random.chance(0.5)) {
    return policy(namespace.name, name, {
      podSelector: {
        matchExpressions: [
          { key: 'instance', operator: 'In', values: [`i-${random.below(size.pods)}`, `i-${random.below(size.pods)}`] },
        ],
      },
      policyTypes: ['Ingress'],
      ingress: [{ from: [podsWith({ app: peerApp })], ports: [{ protocol: 'TCP', port }] }],
    });
  }
  if (size.shape === 'many-cidrs') {
    const block = `10.${random.below(256)}.${random.below(256)}.0/24`;
    const other = `203.${random.below(256)}.${random.below(256)}.${random.below(256) & 0xf0}/28`;
    return policy(namespace.name, name, {
      podSelector: subject,
      policyTypes: ['Egress', 'Ingress'],
      egress: [{ to: [{ ipBlock: { cidr: other } }], ports: [{ protocol: 'TCP', port: 443 }] }],
      ingress: [{ from: [{ ipBlock: { cidr: block } }], ports: [{ protocol: 'TCP', port }] }],
    });
  }
  switch (serial % 12) {
    case 0:
    case 1:
    case 2:
    case 3:
      return policy(namespace.name, name, {
        podSelector: subject,
        policyTypes: ['Ingress'],
        ingress: [{ from: [podsWith({ app: peerApp })], ports: [{ protocol: 'TCP', port }] }],
      });
    case 4:
    case 5:
      return policy(namespace.name, name, {
        podSelector: { matchLabels: { app: peerApp } },
        policyTypes: ['Egress'],
        egress: [{ to: [podsWith({ app })], ports: [{ protocol: 'TCP', port: target?.portName || port }] }],
      });
    case 6:
      return policy(namespace.name, name, {
        podSelector: subject,
        policyTypes: ['Ingress'],
        ingress: [
          {
            from: [
              {
                namespaceSelector: { matchLabels: { team: random.pick(namespaces).team } },
                podSelector: { matchLabels: { tier: random.pick(tiers) } },
              },
            ],
          },
        ],
      });
    case 7:
      return policy(namespace.name, name, {
        podSelector: subject,
        policyTypes: ['Egress'],
        egress: [
          {
            to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.169.254/32', `10.${random.below(64)}.0.0/16`] } }],
            ports: [
              { protocol: 'TCP', port: 443 },
              { protocol: 'TCP', port: 30000, endPort: 30000 + random.below(2000) },
            ],
          },
        ],
      });
    case 8:
      return policy(namespace.name, name, {
        podSelector: {
          matchExpressions: [
            { key: 'tier', operator: 'In', values: ['web', 'api'] },
            { key: 'legacy', operator: 'DoesNotExist' },
          ],
        },
        policyTypes: ['Ingress'],
        ingress: [
          {
            from: [
              {
                namespaceSelector: {
                  matchExpressions: [
                    { key: 'env', operator: 'NotIn', values: ['dev'] },
                    { key: 'pci', operator: 'DoesNotExist' },
                  ],
                },
              },
            ],
            ports: [{ port }],
          },
        ],
      });
    case 9:
      return policy(namespace.name, name, {
        podSelector: { matchLabels: { tier: 'web' } },
        policyTypes: ['Ingress'],
        ingress: [{ ports: [{ protocol: 'TCP', port: 8080 }] }],
      });
    case 10:
      return policy(namespace.name, name, {
        podSelector: subject,
        policyTypes: ['Ingress'],
        ingress: [
          {
            from: [
              { ipBlock: { cidr: `198.51.${random.below(256)}.0/24` } },
              namespacesWith({ 'kubernetes.io/metadata.name': random.pick(namespaces).name }),
            ],
            ports: [{ protocol: 'TCP', port }],
          },
        ],
      });
    default:
      return policy(
        namespace.name,
        name,
        random.chance(0.2)
          ? { podSelector: subject, policyTypes: ['Egress'], egress: [{}] }
          : {
              podSelector: subject,
              policyTypes: ['Ingress', 'Egress'],
              ingress: [{ from: [podsWith({ tier: peer?.tier ?? 'web' })] }],
              egress: [{ to: [podsWith({ tier: target?.tier ?? 'db' })], ports: [{ protocol: 'TCP', port: 5432 }] }],
            },
      );
  }
}

function clusterPolicy(name: string, tier: 'Admin' | 'Baseline', priority: number, spec: Manifest): Manifest {
  return {
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    kind: 'ClusterNetworkPolicy',
    metadata: { name },
    spec: { tier, priority, ...spec },
  };
}

function clusterPolicyManifests(namespaces: readonly NamespaceShape[]): Manifest[] {
  const everyNamespace = { namespaces: {} };
  const policies = [
    clusterPolicy('allow-dns', 'Admin', 10, {
      subject: everyNamespace,
      egress: [
        {
          name: 'dns',
          action: 'Accept',
          to: [
            {
              pods: {
                namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ns-0' } },
                podSelector: { matchLabels: { tier: 'cache' } },
              },
            },
          ],
          protocols: [{ udp: { destinationPort: { number: 53 } } }, { tcp: { destinationPort: { number: 53 } } }],
        },
      ],
    }),
    clusterPolicy('no-metadata-service', 'Admin', 20, {
      subject: everyNamespace,
      egress: [{ name: 'metadata', action: 'Deny', to: [{ networks: ['169.254.169.254/32'] }] }],
    }),
    clusterPolicy('monitoring', 'Admin', 30, {
      subject: everyNamespace,
      ingress: [
        {
          name: 'scrape',
          action: 'Accept',
          from: [{ namespaces: { matchLabels: { 'kubernetes.io/metadata.name': 'ns-1' } } }],
          protocols: [{ destinationNamedPort: 'metrics' }],
        },
      ],
    }),
    clusterPolicy('dev-not-to-prod', 'Admin', 40, {
      subject: { namespaces: { matchLabels: { env: 'prod' } } },
      ingress: [{ name: 'dev', action: 'Deny', from: [{ namespaces: { matchLabels: { env: 'dev' } } }] }],
    }),
    clusterPolicy('payment-scope', 'Admin', 50, {
      subject: { namespaces: { matchLabels: { pci: 'true' } } },
      ingress: [
        { name: 'same-scope', action: 'Pass', from: [{ namespaces: { matchLabels: { pci: 'true' } } }] },
        { name: 'others', action: 'Deny', from: [{ namespaces: {} }] },
      ],
    }),
    clusterPolicy('closed-by-default', 'Baseline', 100, {
      subject: { namespaces: { matchLabels: { env: 'prod' } } },
      ingress: [
        {
          name: 'other-environments',
          action: 'Deny',
          from: [{ namespaces: { matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['prod'] }] } }],
        },
      ],
    }),
  ];
  const teams = [...new Set(namespaces.map((n) => n.team))].sort().slice(0, 6);
  teams.forEach((team, i) => {
    policies.push(
      clusterPolicy(`pass-${team}`, 'Admin', 60 + i, {
        subject: { namespaces: { matchLabels: { team } } },
        ingress: [{ name: 'own-team', action: 'Pass', from: [{ namespaces: { matchLabels: { team } } }] }],
      }),
    );
  });
  return policies;
}

/** The scenario as the bytes of one `List`, written item by item. */
export function scenarioJson(scenario: Scenario): Buffer {
  const chunks: Buffer[] = [Buffer.from('{"apiVersion":"v1","kind":"List","items":[\n')];
  let batch: string[] = [];
  let first = true;
  const flush = (): void => {
    if (batch.length === 0) return;
    chunks.push(Buffer.from(`${first ? '' : ',\n'}${batch.join(',\n')}`));
    first = false;
    batch = [];
  };
  const add = (manifest: Manifest): void => {
    batch.push(JSON.stringify(manifest));
    if (batch.length >= 2000) flush();
  };
  for (const manifest of scenario.namespaces) add(manifest);
  for (const manifest of scenario.policies) add(manifest);
  for (const manifest of scenario.clusterPolicies) add(manifest);
  for (const manifest of scenario.pods) add(manifest);
  flush();
  chunks.push(Buffer.from('\n]}\n'));
  return Buffer.concat(chunks);
}
