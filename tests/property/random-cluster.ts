/**
 * Random clusters as raw manifests, in every spelling the API server accepts. Alphabets are tiny, so that labels,
 * names, ports and addresses collide all the time. Clusters are complete: the oracle can answer for them.
 */
import type {
  Manifest,
  RawAdminPort,
  RawClusterPeer,
  RawClusterRule,
  RawContainer,
  RawPolicyPeer,
  RawPolicyPort,
  RawPolicyRule,
  RawPolicySpec,
  RawProtocol,
  RawSelector,
} from '../oracle/manifest.ts';
import { Random } from './random.ts';

const labelKeys = ['a', 'b', 'constructor', 'k8s.io/c'] as const;
const labelValues = ['x', 'y', ''] as const;
const portNames = ['http', 'dns', 'p'] as const;
const portNumbers = [53, 80, 81, 443] as const;
const protocols = ['TCP', 'UDP', 'SCTP'] as const;
/** Small clusters use the first four. */
const namespaceNames = ['default', 'n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7', 'n8', 'n9'] as const;

/** Addresses that no pod or node has. */
export const outsideAddresses = ['203.0.113.7', '10.0.1.200', '11.0.0.1', '2001:db8:1::7', 'fd00::1:c8'] as const;

export function randomLabels(random: Random): Record<string, string> | null | undefined {
  if (random.chance(0.1)) return random.pick([undefined, null]);
  return Object.fromEntries(random.some(labelKeys, 0.45).map((key) => [key, random.pick(labelValues)]));
}

// ---- nodes, namespaces, pods ------------------------------------------------------------------------------------

function node(random: Random, index: number): Manifest {
  const addresses = [
    { type: 'InternalIP', address: `192.0.2.${index}` },
    ...(random.chance(0.8) ? [{ type: 'InternalIP', address: `2001:db8::${index}` }] : []),
    ...(random.chance(0.2) ? [{ type: 'ExternalIP', address: `198.51.100.${index}` }] : []),
    { type: 'Hostname', address: `node${index}` },
  ];
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: `node${index}`, labels: randomLabels(random) },
    status: { addresses },
  };
}

function containers(random: Random, max: number): RawContainer[] {
  return random.list(1, max, (index) => ({
    name: `c${index}`,
    image: 'image',
    ports: random.weighted<RawContainer['ports']>([
      [1, () => random.pick([undefined, null, []])],
      [
        4,
        () =>
          random.some(portNames, 0.5).map((name) => ({
            name,
            containerPort: random.pick(portNumbers),
            ...random.pick([{}, { protocol: 'TCP' }, { protocol: 'UDP' }, { protocol: 'SCTP' }, { protocol: null }]),
          })),
      ],
      [1, () => [{ containerPort: random.pick(portNumbers) }]],
    ]),
  }));
}

function pod(random: Random, index: number, namespaces: readonly string[], nodes: readonly string[]): Manifest {
  const namespace = random.pick(namespaces);
  const hostNetwork = random.chance(0.12);
  const nodeName = random.pick(nodes);
  const nodeIndex = nodeName.slice(4);
  const third = namespaceNames.indexOf(namespace as (typeof namespaceNames)[number]);
  // Ended pods keep addresses that others may have by now (S95).
  const phase = random.weighted<string | undefined>([
    [8, () => 'Running'],
    [1, () => 'Pending'],
    [1, () => random.pick(['Succeeded', 'Failed'])],
    [1, () => undefined],
  ]);
  const last = phase === 'Succeeded' || phase === 'Failed' ? random.int(1, index + 1) : index + 1;
  const v4 = hostNetwork ? `192.0.2.${nodeIndex}` : `10.0.${third}.${last}`;
  const v6 = hostNetwork ? `2001:db8::${nodeIndex}` : `fd00::${third}:${last}`;
  const ips = random.weighted<string[]>([
    [6, () => [v4, v6]],
    [1, () => [v6, v4]],
    [2, () => [v4]],
    [1, () => [v6]],
  ]);
  const initContainers = random.chance(0.3)
    ? containers(random, 2).map((each, at) => ({
        ...each,
        name: `i${at}`,
        ...random.pick([{}, { restartPolicy: 'Always' }]),
      }))
    : undefined;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `p${index}`,
      ...(namespace === 'default' && random.chance(0.5) ? {} : { namespace }),
      labels: randomLabels(random),
      ...(random.chance(0.1) ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: {
      nodeName,
      ...(hostNetwork ? { hostNetwork } : random.pick([{}, { hostNetwork: false }, { hostNetwork: null }])),
      containers: containers(random, 2),
      ...(initContainers === undefined ? {} : { initContainers }),
    },
    status: {
      ...(phase === undefined ? {} : { phase }),
      podIP: ips[0] ?? '',
      ...(ips.length === 1 && random.chance(0.5) ? {} : { podIPs: ips.map((ip) => ({ ip })) }),
    },
  };
}

// ---- selectors ----------------------------------------------------------------------------------------------

function expression(random: Random, keys: readonly string[], values: readonly string[]) {
  const operator = random.pick(['In', 'NotIn', 'Exists', 'DoesNotExist']);
  const takesValues = operator === 'In' || operator === 'NotIn';
  return {
    key: random.pick(keys),
    operator,
    ...(takesValues
      ? { values: random.list(1, 2, () => random.pick(values)) }
      : random.pick([{}, { values: null }, { values: [] }])),
  };
}

/** Never absent; `everything` in all its spellings now and then. */
function selector(random: Random, about: 'pods' | 'namespaces'): RawSelector {
  const keys = [...labelKeys, 'nobody'];
  return random.weighted<RawSelector>([
    [
      3,
      () =>
        random.pick([
          {},
          { matchLabels: null },
          { matchLabels: {} },
          { matchExpressions: [] },
          { matchExpressions: null, matchLabels: {} },
        ]),
    ],
    [4, () => ({ matchLabels: { [random.pick(keys)]: random.pick(labelValues) } })],
    [1, () => ({ matchLabels: { a: random.pick(labelValues), b: random.pick(labelValues) } })],
    [3, () => ({ matchExpressions: random.list(1, 2, () => expression(random, keys, labelValues)) })],
    [
      1,
      () => ({
        matchLabels: { a: random.pick(labelValues) },
        matchExpressions: [expression(random, keys, labelValues)],
      }),
    ],
    [
      about === 'namespaces' ? 3 : 0,
      () =>
        random.chance(0.5)
          ? { matchLabels: { 'kubernetes.io/metadata.name': random.pick(namespaceNames.slice(0, 4)) } }
          : { matchExpressions: [expression(random, ['kubernetes.io/metadata.name'], namespaceNames.slice(0, 4))] },
    ],
  ]);
}

/** A selector that the schema of the cluster policies admits although nothing can be made of it (S159). */
function brokenSelector(random: Random): RawSelector {
  return random.pick<RawSelector>([
    { matchExpressions: [{ key: 'a', operator: 'notIn', values: ['x'] }] },
    { matchExpressions: [{ key: 'a', operator: 'In' }] },
    { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['x'] }] },
    { matchLabels: { a: 'not a value' } },
    { matchLabels: { 'not a key': 'x' } },
  ]);
}

// ---- addresses ----------------------------------------------------------------------------------------------

const blocks: readonly { readonly cidr: string; readonly inside: readonly string[] }[] = [
  {
    cidr: '0.0.0.0/0',
    inside: ['0.0.0.0/1', '128.0.0.0/1', '10.0.0.0/8', '10.0.1.0/24', '192.0.2.1/32', '203.0.113.0/24'],
  },
  { cidr: '10.0.0.0/8', inside: ['10.0.0.0/9', '10.0.1.0/24', '10.0.2.4/30', '10.0.1.1/32', '10.0.0.1/32'] },
  { cidr: '10.0.1.0/24', inside: ['10.0.1.2/31', '10.0.1.0/30', '10.0.1.3/32', '10.0.1.200/32'] },
  { cidr: '10.0.1.2/31', inside: ['10.0.1.2/32', '10.0.1.3/32'] },
  { cidr: '10.0.2.1/32', inside: [] },
  { cidr: '192.0.2.0/30', inside: ['192.0.2.2/32'] },
  { cidr: '203.0.113.0/24', inside: ['203.0.113.7/32'] },
  { cidr: '198.51.100.0/24', inside: ['198.51.100.2/32'] },
  { cidr: '::/0', inside: ['::/1', 'fd00::/64', 'fd00::1:0/112', '2001:db8::1/128'] },
  { cidr: 'fd00::/64', inside: ['fd00::1:0/112', 'fd00::1:2/127', 'fd00::2:1/128'] },
  { cidr: 'fd00:0:0::1:0/112', inside: ['fd00::1:2/127', 'fd00::1:1/128'] },
  { cidr: '2001:db8::/32', inside: ['2001:db8::2/128', '2001:db8:1::/48'] },
];

/** Accepted by servers before 1.36 and therefore stored (S42, D11). */
const sloppyBlocks: typeof blocks = [
  { cidr: '10.0.1.9/24', inside: ['10.0.1.3/31', '10.0.1.1/32'] },
  { cidr: '010.0.0.0/08', inside: ['010.000.001.0/24'] },
  { cidr: '::ffff:10.0.0.0/104', inside: ['10.0.1.0/126', '::ffff:10.0.1.0/120'].slice(1) },
  { cidr: '::ffff:0:0/96', inside: ['::ffff:a00:100/120'] },
  { cidr: 'fd00::1:9/112', inside: ['fd00::1:3/127'] },
];

function ipBlock(random: Random): RawPolicyPeer {
  const { cidr, inside } = random.pick(random.chance(0.15) ? sloppyBlocks : blocks);
  const except = random.weighted<string[] | null | undefined>([
    [3, () => undefined],
    [1, () => random.pick([null, []])],
    [4, () => random.some(inside, 0.4)],
  ]);
  return { ipBlock: { cidr, ...(except === undefined ? {} : { except }) } };
}

// ---- NetworkPolicy ----------------------------------------------------------------------------------------------

function policyPort(random: Random): RawPolicyPort | null {
  const protocol = random.pick([
    {},
    {},
    { protocol: null },
    { protocol: 'TCP' },
    { protocol: 'UDP' },
    { protocol: 'SCTP' },
  ]);
  return random.weighted<RawPolicyPort | null>([
    [4, () => ({ ...protocol, port: random.pick(portNumbers) })],
    [3, () => ({ ...protocol, port: random.pick(portNames) })],
    [
      2,
      () => {
        const port = random.pick([1, ...portNumbers]);
        return { ...protocol, port, endPort: random.pick([port, 80, 443, 65535].filter((end) => end >= port)) };
      },
    ],
    [1, () => ({ ...protocol, ...random.pick([{}, { port: null }, { endPort: null }]) })],
    [1, () => null],
  ]);
}

function policyPeer(random: Random): RawPolicyPeer {
  return random.weighted<RawPolicyPeer>([
    [3, () => ({ podSelector: selector(random, 'pods'), ...random.pick([{}, { namespaceSelector: null }]) })],
    [
      3,
      () => ({
        namespaceSelector: selector(random, 'namespaces'),
        ...random.pick([{}, { podSelector: null, ipBlock: null }]),
      }),
    ],
    [3, () => ({ podSelector: selector(random, 'pods'), namespaceSelector: selector(random, 'namespaces') })],
    [4, () => ipBlock(random)],
  ]);
}

/** Absent, null, empty, or items. */
function listOf<T>(random: Random, max: number, make: () => T): T[] | null | undefined {
  return random.weighted<T[] | null | undefined>([
    [2, () => random.pick([undefined, null, []])],
    [4, () => random.list(1, max, make)],
  ]);
}

function policyRule(random: Random, peers: 'from' | 'to'): RawPolicyRule | null {
  if (random.chance(0.06)) return random.pick([null, {}]);
  return {
    [peers]: listOf(random, 3, () => policyPeer(random)),
    ports: random.chance(0.5) ? undefined : listOf(random, 3, () => policyPort(random)),
  };
}

function networkPolicy(random: Random, index: number, namespaces: readonly string[]): Manifest {
  const namespace = random.pick(namespaces);
  const metadata = { name: `np${index}`, ...(namespace === 'default' && random.chance(0.5) ? {} : { namespace }) };
  const identity = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata };
  if (random.chance(0.03))
    return random.pick<Manifest>([identity, { ...identity, spec: null }, { ...identity, spec: {} }]);
  const spec: RawPolicySpec = {
    podSelector: random.weighted<RawSelector | null | undefined>([
      [2, () => random.pick([undefined, null, {}])],
      [4, () => selector(random, 'pods')],
    ]),
    policyTypes: random.weighted<string[] | null | undefined>([
      [3, () => random.pick([undefined, null, []])],
      [2, () => ['Ingress']],
      [2, () => ['Egress']],
      [
        2,
        () =>
          random.pick([
            ['Ingress', 'Egress'],
            ['Egress', 'Ingress'],
            ['Ingress', 'Ingress'],
            ['Egress', 'Egress'],
          ]),
      ],
    ]),
    ingress: random.chance(0.35) ? undefined : listOf(random, 3, () => policyRule(random, 'from')),
    egress: random.chance(0.45) ? undefined : listOf(random, 3, () => policyRule(random, 'to')),
  };
  return { ...identity, spec };
}

// ---- cluster policies -------------------------------------------------------------------------------------------

/** The schemas of these kinds refuse null. */
function soundSelector(random: Random, about: 'pods' | 'namespaces'): RawSelector {
  return JSON.parse(
    JSON.stringify(selector(random, about)),
    (_key, value: unknown) => value ?? undefined,
  ) as RawSelector;
}

function clusterSelector(random: Random, about: 'pods' | 'namespaces'): RawSelector {
  return random.chance(0.03) ? brokenSelector(random) : soundSelector(random, about);
}

function podsPeer(random: Random, old: boolean, select: typeof clusterSelector): RawClusterPeer {
  if (random.chance(0.5)) return { namespaces: select(random, 'namespaces') };
  const everywhere = !old && random.chance(0.3);
  return {
    pods: {
      ...(everywhere ? {} : { namespaceSelector: select(random, 'namespaces') }),
      podSelector: select(random, 'pods'),
    },
  };
}

function clusterPeer(random: Random, direction: 'ingress' | 'egress', old: boolean): RawClusterPeer {
  if (direction === 'ingress') return podsPeer(random, old, clusterSelector);
  return random.weighted<RawClusterPeer>([
    [5, () => podsPeer(random, old, clusterSelector)],
    [3, () => ({ networks: [...new Set(random.list(1, 2, () => random.pick(blocks).cidr))] })],
    [2, () => ({ nodes: clusterSelector(random, 'pods') })],
  ]);
}

function range(random: Random): { readonly start: number; readonly end: number } {
  return random.pick([
    { start: 1, end: 65535 },
    { start: 53, end: 80 },
    { start: 80, end: 81 },
    { start: 81, end: 442 },
  ]);
}

function protocolEntry(random: Random, names: boolean): RawProtocol {
  if (names && random.chance(0.3)) return { destinationNamedPort: random.pick(portNames) };
  const destinationPort = random.chance(0.6) ? { number: random.pick(portNumbers) } : { range: range(random) };
  return { [random.pick(['tcp', 'udp', 'sctp'])]: { destinationPort } };
}

function adminPort(random: Random, names: boolean): RawAdminPort {
  if (names && random.chance(0.3)) return { namedPort: random.pick(portNames) };
  const protocol = random.pick([{}, ...protocols.map((each) => ({ protocol: each }))]);
  return random.chance(0.6)
    ? { portNumber: { ...protocol, port: random.pick(portNumbers) } }
    : { portRange: { ...protocol, ...range(random) } };
}

function clusterRule(
  random: Random,
  direction: 'ingress' | 'egress',
  old: boolean,
  actions: readonly string[],
): RawClusterRule {
  const peers = random.list(1, 2, () => clusterPeer(random, direction, old));
  // The experimental schema refuses a named port beside networks and nodes (S158).
  const names = !peers.some((peer) => peer.networks ?? peer.nodes);
  const ports = random.chance(0.5)
    ? {}
    : old
      ? { ports: random.list(1, 2, () => adminPort(random, names)) }
      : { protocols: random.list(1, 2, () => protocolEntry(random, names)) };
  return {
    ...(random.chance(0.3) ? { name: 'rule' } : {}),
    action: random.pick(actions),
    [direction === 'ingress' ? 'from' : 'to']: peers,
    ...ports,
  };
}

function clusterPolicy(random: Random, index: number, kind: string): Manifest {
  const old = kind !== 'ClusterNetworkPolicy';
  const baseline = kind === 'BaselineAdminNetworkPolicy';
  const actions = old ? (baseline ? ['Allow', 'Deny'] : ['Allow', 'Deny', 'Pass']) : ['Accept', 'Deny', 'Pass'];
  const subject = podsPeer(random, old, random.chance(0.03) ? brokenSelector : soundSelector);
  return {
    apiVersion: `policy.networking.k8s.io/${old ? 'v1alpha1' : 'v1alpha2'}`,
    kind,
    metadata: { name: baseline ? 'default' : `cp${index}` },
    spec: {
      ...(old ? {} : { tier: random.pick(['Admin', 'Baseline']) }),
      // Unique but for a few: for equal ones names decide within a kind, across kinds nothing does.
      ...(baseline ? {} : { priority: old ? index : 10 + (random.chance(0.1) ? 0 : random.int(0, 20) * 10 + index) }),
      subject,
      ingress: random.chance(0.3) ? undefined : random.list(1, 3, () => clusterRule(random, 'ingress', old, actions)),
      egress: random.chance(0.3) ? undefined : random.list(1, 3, () => clusterRule(random, 'egress', old, actions)),
    },
  };
}

// ---- all together -----------------------------------------------------------------------------------------------

/** Leaves out what is undefined, as a manifest would. */
function written(manifest: Manifest): Manifest {
  return JSON.parse(JSON.stringify(manifest)) as Manifest;
}

/** How many of everything, at least and at most. */
interface Size {
  readonly nodes: readonly [number, number];
  readonly namespaces: readonly (readonly string[])[];
  readonly pods: readonly [number, number];
  readonly policies: readonly [number, number];
  /** Cluster policies come in this many rounds. */
  readonly rounds: number;
}

const small: Size = {
  nodes: [1, 3],
  namespaces: [['default', 'n1'], ['n1', 'n2'], ['default', 'n1', 'n2'], namespaceNames.slice(0, 4)],
  pods: [2, 8],
  policies: [0, 6],
  rounds: 1,
};

const large: Size = { nodes: [3, 6], namespaces: [namespaceNames], pods: [50, 110], policies: [15, 60], rounds: 3 };

function clusterOf(random: Random, size: Size): Manifest[] {
  const nodes = random.list(...size.nodes, (index) => node(random, index + 1));
  const namespaces = random.pick(size.namespaces);
  const namespaceObjects: Manifest[] = namespaces.map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: randomLabels(random) },
  }));
  const nodeNames = nodes.map(({ metadata }) => metadata.name);
  const pods = random.list(...size.pods, (index) => pod(random, index, namespaces, nodeNames));
  const policies = random.list(...size.policies, (index) => networkPolicy(random, index, namespaces));
  const kinds = Array.from({ length: size.rounds }, () =>
    random.weighted<string[]>([
      [3, () => []],
      [4, () => random.list(1, 3, () => 'ClusterNetworkPolicy')],
      [2, () => [...random.list(0, 2, () => 'AdminNetworkPolicy'), 'BaselineAdminNetworkPolicy']],
      [1, () => ['AdminNetworkPolicy', 'ClusterNetworkPolicy', 'ClusterNetworkPolicy']],
    ]),
  ).flat();
  // There is one BaselineAdminNetworkPolicy: its name is fixed.
  const once = kinds.filter((kind, index) => kind !== 'BaselineAdminNetworkPolicy' || kinds.indexOf(kind) === index);
  const clusterPolicies = once.map((kind, index) => clusterPolicy(random, index, kind));
  return random.shuffled([...nodes, ...namespaceObjects, ...pods, ...policies, ...clusterPolicies]).map(written);
}

/** A few pods and policies: everything about them can be asked. */
export function randomCluster(seed: number): Manifest[] {
  return clusterOf(new Random(seed), small);
}

/** Enough of everything that the engine shares rows and tables between classes. */
export function largeCluster(seed: number): Manifest[] {
  return clusterOf(new Random(seed), large);
}

/**
 * As clusters look where policy has taken hold: everything closed in most namespaces, and the same few openings in all
 * of them.
 */
export function adoptedCluster(seed: number): Manifest[] {
  const random = new Random(seed);
  const objects = clusterOf(random, { ...large, policies: [0, 15], rounds: 2 });
  const common = random.list(2, 5, (index) => ({
    direction: index % 2 === 0 ? ('egress' as const) : ('ingress' as const),
    podSelector: random.pick<RawSelector>([{}, {}, { matchLabels: { a: 'x' } }]),
    rule: policyRule(random, index % 2 === 0 ? 'to' : 'from'),
  }));
  const policies = random.some(namespaceNames, 0.8).flatMap((namespace) => {
    const named = (name: string, spec: RawPolicySpec): Manifest => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name, namespace },
      spec,
    });
    return [
      named('closed', { policyTypes: random.pick([['Ingress', 'Egress'], ['Ingress', 'Egress'], ['Ingress']]) }),
      ...random.some(common, 0.9).map(({ direction, podSelector, rule }, index) =>
        named(`common-${index}`, {
          podSelector,
          policyTypes: [direction === 'egress' ? 'Egress' : 'Ingress'],
          [direction]: [rule],
        }),
      ),
    ];
  });
  return random.shuffled([...objects, ...policies.map(written)]);
}
