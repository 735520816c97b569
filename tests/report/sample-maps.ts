/** Maps for report tests, built without the engine. */
import type {
  Connection,
  ConnectivityMap,
  Exposure,
  MapPeer,
  PortsValue,
  WorkloadPeer,
} from '../../src/engine/results.ts';

export function tcp(...ports: number[]): PortsValue {
  return [{ protocol: 'TCP', ranges: ports.map((port) => [port, port] as const) }];
}

export const dns: PortsValue = [
  { protocol: 'TCP', ranges: [[53, 53]] },
  { protocol: 'UDP', ranges: [[53, 53]] },
];

export interface SampleWorkload {
  readonly ns: string;
  readonly name: string;
  readonly kind?: string;
  readonly pods?: number;
  readonly in?: boolean;
  readonly out?: boolean;
  readonly hostNetwork?: true;
}

export const internet: MapPeer = { id: 'external:0', type: 'external', cidrs: ['0.0.0.0/0', '::/0'] };

type Rule = (
  from: MapPeer,
  to: MapPeer,
) => PortsValue | undefined | (Partial<Connection> & { readonly ports: PortsValue });

/** Every ordered pair of different peers (never two external ones) is asked of `rule`. */
export function sampleMap(
  workloads: readonly SampleWorkload[],
  externals: readonly MapPeer[],
  rule: Rule,
  exposed: readonly Exposure[] = [],
): ConnectivityMap {
  const inside = workloads.map((w): WorkloadPeer => ({
    id: `${w.ns}/${w.kind ?? 'Deployment'}/${w.name}`,
    type: 'workload',
    namespace: w.ns,
    kind: w.kind ?? 'Deployment',
    name: w.name,
    pods: w.pods ?? 1,
    isolated: { ingress: w.in ?? false, egress: w.out ?? false },
    ...(w.hostNetwork === undefined ? {} : { hostNetwork: w.hostNetwork }),
  }));
  const peers = [...inside, ...externals];
  const connections: Connection[] = [];
  for (const from of peers) {
    for (const to of peers) {
      if (from === to || (from.type === 'external' && to.type === 'external')) continue;
      const answer = rule(from, to);
      if (answer === undefined) continue;
      const said = answer === 'any' || !('ports' in answer) ? { ports: answer } : answer;
      connections.push({ from: from.id, to: to.id, replicas: 'all', ...said });
    }
  }
  return { apiVersion: 'sallyport.dev/v1', kind: 'ConnectivityMap', peers, connections, exposed };
}

export const name = (peer: MapPeer): string => (peer.type === 'workload' ? `${peer.namespace}/${peer.name}` : peer.id);
const namespaceOf = (peer: MapPeer): string => (peer.type === 'workload' ? peer.namespace : '');

const tiers: readonly SampleWorkload[] = [
  { ns: 'frontend', name: 'web', pods: 3 },
  { ns: 'backend', name: 'api', pods: 2 },
  { ns: 'db', name: 'postgres', kind: 'StatefulSet', pods: 1 },
  { ns: 'kube-system', name: 'coredns', pods: 2 },
];

export function openMap(): ConnectivityMap {
  return sampleMap(tiers, [internet], () => 'any');
}

export function denyMap(): ConnectivityMap {
  const locked = tiers.map((w) => (w.ns === 'kube-system' ? w : { ...w, in: true, out: true }));
  return sampleMap(locked, [internet], (from, to) => {
    const ok = (peer: MapPeer): boolean => peer.type === 'external' || name(peer) === 'kube-system/coredns';
    return ok(from) && ok(to) ? 'any' : undefined;
  });
}

/** A default deny in three namespaces, the three allow rules, DNS, and the web tier open to the world. */
export function threeTierMap(): ConnectivityMap {
  const locked = tiers.map((w) => (w.ns === 'kube-system' ? w : { ...w, in: true, out: true }));
  const allowed = new Map<string, PortsValue>([
    ['external:0 frontend/web', tcp(80, 443)],
    ['frontend/web backend/api', tcp(8080)],
    ['backend/api db/postgres', tcp(5432)],
    ['kube-system/coredns external:0', 'any'],
    ['external:0 kube-system/coredns', 'any'],
    ...tiers.map((w): [string, PortsValue] => [`${w.ns}/${w.name} kube-system/coredns`, dns]),
  ]);
  return sampleMap(locked, [internet], (from, to) => allowed.get(`${name(from)} ${name(to)}`), [
    { via: 'frontend/Ingress/shop', to: 'frontend/Deployment/web', ports: tcp(80), allowed: true },
    { via: 'db/Service/debug', to: 'db/StatefulSet/postgres', ports: tcp(5432), allowed: false },
  ]);
}

/** An online shop: eleven services, default deny, exact allow rules; one connection depends on an unknown label. */
export function shopMap(): ConnectivityMap {
  const services = [
    'ads',
    'cart',
    'catalog',
    'checkout',
    'currency',
    'email',
    'frontend',
    'payment',
    'recommend',
    'redis',
    'shipping',
  ];
  const edges = new Map<string, number>([
    ['frontend ads', 9555],
    ['frontend cart', 7070],
    ['frontend catalog', 3550],
    ['frontend checkout', 5050],
    ['frontend currency', 7000],
    ['frontend recommend', 8080],
    ['frontend shipping', 50051],
    ['checkout cart', 7070],
    ['checkout catalog', 3550],
    ['checkout currency', 7000],
    ['checkout email', 8080],
    ['checkout payment', 50051],
    ['checkout shipping', 50051],
    ['recommend catalog', 3550],
    ['cart redis', 6379],
  ]);
  const workloads: SampleWorkload[] = [
    ...services.map((service) => ({
      ns: 'shop',
      name: service,
      pods: service === 'frontend' ? 3 : 1,
      in: true,
      out: service !== 'frontend',
    })),
    { ns: 'kube-system', name: 'coredns', pods: 2 },
    { ns: 'kube-system', name: 'node-agent', kind: 'DaemonSet', pods: 4, hostNetwork: true as const },
    { ns: 'monitoring', name: 'prometheus', kind: 'StatefulSet' },
  ];
  const externals: MapPeer[] = [
    { id: 'external:0', type: 'external', cidrs: ['10.20.0.0/16'] },
    {
      id: 'external:1',
      type: 'external',
      cidrs: [
        '0.0.0.0/5',
        '8.0.0.0/7',
        '10.0.0.0/12',
        '10.16.0.0/14',
        '10.21.0.0/16',
        '10.22.0.0/15',
        '10.24.0.0/13',
        '10.32.0.0/11',
        '10.64.0.0/10',
        '10.128.0.0/9',
        '11.0.0.0/8',
        '12.0.0.0/6',
        '16.0.0.0/4',
        '32.0.0.0/3',
        '64.0.0.0/2',
        '128.0.0.0/1',
        '::/0',
      ],
    },
  ];
  const why = ['the labels of namespace monitoring are not in the input'];
  return sampleMap(
    workloads,
    externals,
    (from, to) => {
      const a = name(from);
      const b = name(to);
      if (b === 'kube-system/coredns' && namespaceOf(from) === 'shop') return dns;
      if (a === 'monitoring/prometheus' && namespaceOf(to) === 'shop') return { ports: tcp(9090), certain: false, why };
      if (b === 'shop/frontend') return namespaceOf(from) === 'shop' ? undefined : tcp(8080);
      if (a === 'external:0' && b === 'shop/redis') return tcp(6379);
      if (namespaceOf(from) === 'shop' && namespaceOf(to) === 'shop') {
        const port = edges.get(`${a.slice(5)} ${b.slice(5)}`);
        return port === undefined ? undefined : tcp(port);
      }
      if (namespaceOf(to) === 'shop') return undefined;
      if (namespaceOf(from) === 'shop') return a === 'shop/frontend' ? 'any' : undefined;
      return 'any';
    },
    [
      { via: 'shop/Ingress/shop', to: 'shop/Deployment/frontend', ports: tcp(8080), allowed: true },
      {
        via: 'monitoring/Service/prometheus',
        to: 'monitoring/StatefulSet/prometheus',
        ports: tcp(9090),
        allowed: true,
        certain: false,
        why,
      },
      { via: 'shop/Service/redis-debug', to: 'shop/Deployment/redis', ports: tcp(6379), allowed: false },
    ],
  );
}

function many(options: Partial<SampleWorkload>): SampleWorkload[] {
  return Array.from({ length: 300 }, (_, i) => ({
    ns: `team-${String(Math.floor(i / 15) + 1).padStart(2, '0')}`,
    name: `service-${String((i % 15) + 1).padStart(2, '0')}`,
    pods: 2,
    ...options,
  }));
}

export function manyOpenMap(): ConnectivityMap {
  return sampleMap(many({}), [internet], () => 'any');
}

/** Twenty namespaces, each closed to the others, and one shared namespace that all may use. */
export function manyTenantsMap(): ConnectivityMap {
  const workloads = [
    ...many({ in: true, out: false }),
    { ns: 'ingress-nginx', name: 'controller' },
    { ns: 'kube-system', name: 'coredns' },
  ];
  return sampleMap(workloads, [internet], (from, to) => {
    const open = !namespaceOf(to).startsWith('team-');
    return open || namespaceOf(from) === namespaceOf(to) || namespaceOf(from) === 'ingress-nginx' ? 'any' : undefined;
  });
}

/** Three hundred workloads with least privilege: each calls two or three others, a few are popular. */
export function manySparseMap(): ConnectivityMap {
  let seed = 12345;
  const random = (n: number): number => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return Math.floor((seed / 2 ** 32) * n);
  };
  const workloads = [...many({ in: true, out: true }), { ns: 'kube-system', name: 'coredns' }];
  const wanted = new Map<string, PortsValue>();
  for (const [i, workload] of workloads.slice(0, 300).entries()) {
    const from = `${workload.ns}/${workload.name}`;
    wanted.set(`${from} kube-system/coredns`, dns);
    for (let k = 0; k < 2; k++) {
      const target = random(3) === 0 ? workloads[random(10)] : workloads[Math.floor(i / 15) * 15 + random(15)];
      if (target !== undefined && target !== workload)
        wanted.set(`${from} ${target.ns}/${target.name}`, tcp(8080 + random(3)));
    }
  }
  return sampleMap(workloads, [internet], (from, to) => wanted.get(`${name(from)} ${name(to)}`));
}

export const sampleMaps: readonly (readonly [string, () => ConnectivityMap])[] = [
  ['open', openMap],
  ['deny', denyMap],
  ['three-tier', threeTierMap],
  ['shop', shopMap],
  ['many-open', manyOpenMap],
  ['many-tenants', manyTenantsMap],
  ['many-sparse', manySparseMap],
];
