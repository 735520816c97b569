/**
 * Families of policies that are put together from fragments, each with its meaning said in plain words next to it:
 * every way to write a peer (S11) and a port (S13-S15, S21), alone and in pairs, in both directions, and policies
 * that pull in opposite directions. Every expectation is a rule over those meanings; no evaluator is asked.
 */
import type { Manifest, RawPolicyPeer, RawPolicyPort, RawPolicySpec } from '../oracle/manifest.ts';

export interface Place {
  readonly namespace: string;
  readonly pod: string;
}

/** One fragment and whom it admits. `ip` is the address of the pod in the family of the connection. */
export interface PeerFragment {
  readonly name: string;
  readonly peer: RawPolicyPeer;
  readonly admits: (at: Place, family: 4 | 6) => boolean;
}

export interface PortFragment {
  readonly name: string;
  readonly port: RawPolicyPort | null;
  readonly admits: (protocol: string, port: number) => boolean;
}

export interface FamilyCase {
  readonly name: string;
  readonly policies: readonly Manifest[];
  /** Whether the grid pod may open the connection to the other. */
  readonly expected: (from: Place, to: Place, protocol: string, port: number, family: 4 | 6) => boolean;
}

type Direction = 'ingress' | 'egress';
const directions: readonly Direction[] = ['ingress', 'egress'];

const inXyz = (label: string) => ({ matchLabels: { 'kubernetes.io/metadata.name': label } });
const podB = { matchLabels: { pod: 'b' } };
const notX = { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['x'] }] };

/** Everyone who lives at 10.0.1.2/31 or fd00::1:2/127: x/b and x/c. */
const bAndC = (at: Place): boolean => at.namespace === 'x' && at.pod !== 'a';

export const peerFragments: readonly PeerFragment[] = [
  { name: 'all pods of the namespace', peer: { podSelector: {} }, admits: (at) => at.namespace === 'x' },
  {
    name: 'pod b of the namespace',
    peer: { podSelector: podB },
    admits: (at) => at.namespace === 'x' && at.pod === 'b',
  },
  { name: 'all namespaces', peer: { namespaceSelector: {} }, admits: () => true },
  { name: 'namespace y', peer: { namespaceSelector: inXyz('y') }, admits: (at) => at.namespace === 'y' },
  { name: 'all pods everywhere', peer: { podSelector: {}, namespaceSelector: {} }, admits: () => true },
  { name: 'pod b everywhere', peer: { podSelector: podB, namespaceSelector: {} }, admits: (at) => at.pod === 'b' },
  {
    name: 'all pods elsewhere',
    peer: { podSelector: { matchLabels: null }, namespaceSelector: notX },
    admits: (at) => at.namespace !== 'x',
  },
  {
    name: 'pod b of y',
    peer: { podSelector: podB, namespaceSelector: inXyz('y') },
    admits: (at) => at.namespace === 'y' && at.pod === 'b',
  },
  {
    name: 'an IPv4 block',
    peer: { ipBlock: { cidr: '10.0.1.2/31' } },
    admits: (at, family) => family === 4 && bAndC(at),
  },
  {
    name: 'an IPv6 block with an exception',
    peer: { ipBlock: { cidr: 'fd00::/64', except: ['fd00::1:2/127'] } },
    admits: (at, family) => family === 6 && !bAndC(at),
  },
];

const tcp = (protocol: string): boolean => protocol === 'TCP';

const numbered: PortFragment[] = ['TCP', 'UDP', 'SCTP', undefined].flatMap((given) =>
  [80, 81, undefined].map((number) => ({
    name: `${given ?? 'no protocol'}, ${number ?? 'no port'}`,
    port: { ...(given === undefined ? {} : { protocol: given }), ...(number === undefined ? {} : { port: number }) },
    admits: (protocol: string, port: number) =>
      protocol === (given ?? 'TCP') && (number === undefined || port === number),
  })),
);

const named: PortFragment[] = [
  { name: 'a name', port: { port: 'serve-80-tcp' }, admits: (protocol, port) => tcp(protocol) && port === 80 },
  {
    name: 'a name and its protocol',
    port: { port: 'serve-81-udp', protocol: 'UDP' },
    admits: (protocol, port) => protocol === 'UDP' && port === 81,
  },
  {
    name: 'a name of SCTP',
    port: { port: 'serve-80-sctp', protocol: 'SCTP' },
    admits: (protocol, port) => protocol === 'SCTP' && port === 80,
  },
  { name: 'a name and another protocol', port: { port: 'serve-80-tcp', protocol: 'UDP' }, admits: () => false },
  { name: 'a name of UDP without saying so', port: { port: 'serve-80-udp' }, admits: () => false },
  { name: 'a name that nobody has', port: { port: 'nowhere' }, admits: () => false },
];

const ranged: PortFragment[] = [
  { name: '53-80', port: { port: 53, endPort: 80 }, admits: (protocol, port) => tcp(protocol) && port <= 80 },
  { name: '53-84', port: { port: 53, endPort: 84 }, admits: tcp },
  {
    name: 'UDP 81-81',
    port: { port: 81, endPort: 81, protocol: 'UDP' },
    admits: (protocol, port) => protocol === 'UDP' && port === 81,
  },
  { name: '82-65535', port: { port: 82, endPort: 65535 }, admits: () => false },
  { name: '1-79', port: { port: 1, endPort: 79 }, admits: () => false },
  { name: '1-65535', port: { port: 1, endPort: 65535 }, admits: tcp },
];

const odd: PortFragment[] = [
  { name: 'nothing at all', port: {}, admits: tcp },
  { name: 'null', port: null, admits: tcp },
  { name: 'nulls', port: { protocol: null, port: null, endPort: null }, admits: tcp },
];

export const portFragments: readonly PortFragment[] = [...numbered, ...named, ...ranged, ...odd];

function policy(name: string, namespace: string, spec: RawPolicySpec): Manifest {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace }, spec };
}

const isXa = (at: Place): boolean => at.namespace === 'x' && at.pod === 'a';
const same = (a: Place, b: Place): boolean => a.namespace === b.namespace && a.pod === b.pod;
const podA = { matchLabels: { pod: 'a' } };

/** A policy on x/a with one rule of these peers and ports. */
function ruleCase(
  name: string,
  direction: Direction,
  peers: readonly PeerFragment[],
  ports: readonly PortFragment[],
): FamilyCase {
  const list = peers.map(({ peer }) => peer);
  const rule = { [direction === 'ingress' ? 'from' : 'to']: list, ports: ports.map(({ port }) => port) };
  return {
    name: `${direction}: ${name}`,
    policies: [
      policy('rule', 'x', {
        podSelector: podA,
        policyTypes: [direction === 'ingress' ? 'Ingress' : 'Egress'],
        [direction]: [rule],
      }),
    ],
    expected: (from, to, protocol, port, family) => {
      const subject = direction === 'ingress' ? to : from;
      const other = direction === 'ingress' ? from : to;
      if (!isXa(subject) || same(from, to)) return true;
      const peerOk = peers.length === 0 || peers.some((each) => each.admits(other, family));
      const portOk = ports.length === 0 || ports.some((each) => each.admits(protocol, port));
      return peerOk && portOk;
    },
  };
}

function pairs<T>(items: readonly T[]): (readonly [T, T])[] {
  return items.flatMap((left, i) => items.slice(i + 1).map((right) => [left, right] as const));
}

/** No peer, each peer alone, every two of them. */
export const peerFamily: readonly FamilyCase[] = directions.flatMap((direction) => [
  ruleCase('no peers', direction, [], []),
  ...peerFragments.map((peer) => ruleCase(peer.name, direction, [peer], [])),
  ...pairs(peerFragments).map((two) => ruleCase(two.map(({ name }) => name).join(' or '), direction, two, [])),
]);

/** No port, each port alone, and seven pairs; behind one peer, so that both halves of the rule count. */
export const portFamily: readonly FamilyCase[] = directions.flatMap((direction) => {
  const peer = peerFragments.find(({ name }) => name === 'pod b everywhere');
  const behind = peer === undefined ? [] : [peer];
  const all = portFragments.map((port) => ruleCase(port.name, direction, behind, [port]));
  const some = [...numbered.slice(0, 3), ...named.slice(0, 2), ...ranged.slice(0, 1), ...odd.slice(0, 1)];
  const two = some.map((port, i) => [port, numbered[(i * 5 + 4) % numbered.length] ?? port] as const);
  return [
    ruleCase('no ports', direction, behind, []),
    ...all,
    ...two.map((both) => ruleCase(both.map(({ name }) => name).join(' or '), direction, behind, both)),
  ];
});

/** Policies for whole namespaces, selectors of targets. */
export const targetFamily: readonly FamilyCase[] = ['x', 'y', 'z'].flatMap((namespace) =>
  [
    { name: 'every pod', selector: {}, selects: () => true },
    { name: 'pod a', selector: podA, selects: (pod: string) => pod === 'a' },
    {
      name: 'pods a and b',
      selector: { matchExpressions: [{ key: 'pod', operator: 'In', values: ['a', 'b'] }] },
      selects: (pod: string) => pod !== 'c',
    },
    {
      name: 'no pod',
      selector: { matchExpressions: [{ key: 'pod', operator: 'DoesNotExist' }] },
      selects: () => false,
    },
  ].flatMap(({ name, selector, selects }) =>
    directions.flatMap((direction) =>
      [true, false].map((allow) => ({
        name: `${namespace}, ${name}: ${allow ? 'allow' : 'deny'} all ${direction}`,
        policies: [
          policy('target', namespace, {
            podSelector: selector,
            policyTypes: [direction === 'ingress' ? 'Ingress' : 'Egress'],
            [direction]: allow ? [{}] : [],
          }),
        ],
        expected: (from: Place, to: Place) => {
          const subject = direction === 'ingress' ? to : from;
          return allow || same(from, to) || subject.namespace !== namespace || !selects(subject.pod);
        },
      })),
    ),
  ),
);

interface Side {
  readonly name: string;
  readonly spec: RawPolicySpec;
  /** Whether the policy lets x/b in. */
  readonly admitsB: boolean;
  readonly admitsOthers: boolean;
}

const everyAddress = [{ ipBlock: { cidr: '0.0.0.0/0' } }, { ipBlock: { cidr: '::/0' } }];
const ingressTypes = ['Ingress'];
const sides: readonly Side[] = [
  {
    name: 'deny all by no rule',
    spec: { podSelector: podA, policyTypes: ingressTypes, ingress: [] },
    admitsB: false,
    admitsOthers: false,
  },
  {
    name: 'allow all by rule',
    spec: { podSelector: podA, policyTypes: ingressTypes, ingress: [{}] },
    admitsB: true,
    admitsOthers: true,
  },
  {
    name: 'allow all by address',
    spec: { podSelector: podA, policyTypes: ingressTypes, ingress: [{ from: everyAddress }] },
    admitsB: true,
    admitsOthers: true,
  },
  {
    name: 'allow all by pod',
    spec: { podSelector: podA, policyTypes: ingressTypes, ingress: [{ from: [{ namespaceSelector: {} }] }] },
    admitsB: true,
    admitsOthers: true,
  },
  {
    name: 'allow x/b by pod',
    spec: { podSelector: podA, policyTypes: ingressTypes, ingress: [{ from: [{ podSelector: podB }] }] },
    admitsB: true,
    admitsOthers: false,
  },
  {
    name: 'everyone but x/b by address',
    spec: {
      podSelector: podA,
      policyTypes: ingressTypes,
      ingress: [
        {
          from: [
            { ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.1.2/32'] } },
            { ipBlock: { cidr: '::/0', except: ['fd00::1:2/128'] } },
          ],
        },
      ],
    },
    admitsB: false,
    admitsOthers: true,
  },
];

/** Two policies on one pod that want different things: what either allows is allowed (S74). */
export const conflictFamily: readonly FamilyCase[] = pairs(sides).map(([left, right]) => ({
  name: `${left.name}, ${right.name}`,
  policies: [policy('left', 'x', left.spec), policy('right', 'x', right.spec)],
  expected: (from, to) => {
    if (!isXa(to) || same(from, to)) return true;
    const fromB = from.namespace === 'x' && from.pod === 'b';
    return fromB ? left.admitsB || right.admitsB : left.admitsOthers || right.admitsOthers;
  },
}));

/** Opposite ends: what the source may send and the destination takes (S76). */
export const endsFamily: readonly FamilyCase[] = [true, false].flatMap((send) =>
  [true, false].map((take) => ({
    name: `the source ${send ? 'may' : 'may not'} send, the destination ${take ? 'takes' : 'does not take'}`,
    policies: [
      policy('source', 'x', { podSelector: podA, policyTypes: ['Egress'], egress: send ? [{}] : [] }),
      policy('destination', 'y', { podSelector: podB, policyTypes: ['Ingress'], ingress: take ? [{}] : [] }),
    ],
    expected: (from: Place, to: Place) =>
      same(from, to) || ((send || !isXa(from)) && (take || !(to.namespace === 'y' && to.pod === 'b'))),
  })),
);

export const families: Readonly<Record<string, readonly FamilyCase[]>> = {
  peers: peerFamily,
  ports: portFamily,
  targets: targetFamily,
  conflicts: conflictFamily,
  ends: endsFamily,
};
