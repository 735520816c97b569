/**
 * The network around the pods, as text for `ip -batch` and `nft`. Three kinds of namespaces: the fabric, which joins the
 * nodes and has the control plane's addresses; the nodes; and the world outside, which has every other address there is.
 * All links are routed, with fixed hardware addresses and neighbours that nobody has to ask for.
 */
import type { LabNetworks, NodeNetwork } from '../../networks.ts';

/** Name below /proc/sys/net and value; with a dash before it where the kernel may lack it. */
export type Setting = readonly [name: string, value: string | number];

/** The next hop of everybody, on every link. */
export const GATEWAYS = { 4: '169.254.1.1', 6: 'fe80::1' } as const;
/** Of the end of a link that is nearer to the fabric. */
const GATEWAY_MAC = 'ee:ee:ee:ee:ee:ee';
/** Of the other one. */
const END_MAC = '02:00:00:00:00:01';
/** The world needs addresses of its own, to answer from behind `redirect`. */
const WORLD_ADDRESSES = { 4: '172.30.255.254', 6: 'fd00:172:30::ffff' } as const;
export const WORLD = 'world';
export const ISOLATION_TABLE = 'sallyport-isolation';

const familyOf = (address: string): 4 | 6 => (address.includes(':') ? 6 : 4);
const bitsOf = (address: string): string => `${address}/${familyOf(address) === 6 ? 128 : 32}`;
const familiesOf = (addresses: readonly string[]): ReadonlySet<4 | 6> => new Set(addresses.map(familyOf));

/** Of every namespace that passes packets on. Addresses can be used at once, and nobody else's advice is taken. */
export const ROUTER_SETTINGS: readonly Setting[] = [
  ['ipv4/ip_forward', 1],
  ...(['all', 'default'] as const).flatMap((which): Setting[] => [
    [`ipv4/conf/${which}/rp_filter`, 0],
    [`ipv4/conf/${which}/accept_redirects`, 0],
    [`ipv4/conf/${which}/send_redirects`, 0],
    [`-ipv6/conf/${which}/disable_ipv6`, 0],
    [`-ipv6/conf/${which}/forwarding`, 1],
    [`-ipv6/conf/${which}/accept_ra`, 0],
    [`-ipv6/conf/${which}/accept_dad`, 0],
    [`-ipv6/conf/${which}/accept_redirects`, 0],
  ]),
  ['ipv4/ip_unprivileged_port_start', 0],
  ['-ipv4/ping_group_range', '0 0'],
  // "Nobody listens here" is always said: silence is how a policy sounds.
  ['ipv4/icmp_ratemask', 0],
  ['-ipv6/icmp/ratelimit', 0],
  ['-ipv6/icmp/ratemask', 127],
  // A pod talks to itself through its Service as somebody else.
  ['-netfilter/nf_conntrack_tcp_be_liberal', 1],
];

/** The addresses of the control plane, and what must not go to the world. */
export function fabricLines(networks: LabNetworks): readonly string[] {
  return [
    'link set lo up',
    ...networks.controlPlane.map((address) => `addr add ${bitsOf(address)} dev lo`),
    ...[...networks.serviceCidrs, ...networks.podCidrs].map((cidr) => `route add unreachable ${cidr}`),
  ];
}

/** In the fabric: the link to a node or to the world, whose namespace is the file. */
function fabricLink(name: string, file: string, addresses: readonly string[]): readonly string[] {
  return [
    `link add ${name} address ${GATEWAY_MAC} type veth peer name eth0 address ${END_MAC} netns ${file}`,
    `link set ${name} up`,
    ...addresses.flatMap((address) => [
      `neigh replace ${address} lladdr ${END_MAC} nud permanent dev ${name}`,
      `route add ${bitsOf(address)} dev ${name}`,
    ]),
  ];
}

/** In the fabric. */
export function linesToNode(node: NodeNetwork, file: string): readonly string[] {
  const via = new Map(node.addresses.map((address) => [familyOf(address), address]));
  return [
    ...fabricLink(node.name, file, node.addresses),
    ...node.podCidrs.map((cidr) => `route add ${cidr} via ${via.get(familyOf(cidr)) ?? ''} dev ${node.name} onlink`),
  ];
}

/** The other end of a link: everything goes there. */
function uplink(addresses: readonly string[]): readonly string[] {
  return [
    'link set lo up',
    'link set eth0 up',
    ...addresses.map((address) => `addr add ${bitsOf(address)} dev eth0${familyOf(address) === 6 ? ' nodad' : ''}`),
    ...[...familiesOf(addresses)].flatMap((family) => [
      `neigh replace ${GATEWAYS[family]} lladdr ${GATEWAY_MAC} nud permanent dev eth0`,
      `route add default via ${GATEWAYS[family]} dev eth0 onlink`,
    ]),
  ];
}

/** In the node. Addresses that no pod has do not leave it again. */
export function nodeLines(node: NodeNetwork): readonly string[] {
  return [...uplink(node.addresses), ...node.podCidrs.map((cidr) => `route add unreachable ${cidr}`)];
}

/** In the node: what comes from a pod must have an address of that pod, and no pod is on the link of another. */
export function isolationTable(): string {
  return [
    `table inet ${ISOLATION_TABLE} {`,
    '  chain senders {',
    '    type filter hook prerouting priority raw; policy accept;',
    '    iifname "pod*" fib saddr . iif oif missing counter drop',
    '  }',
    '}',
    '',
  ].join('\n');
}

function worldAddresses(networks: LabNetworks): readonly string[] {
  return networks.families.map((family) => WORLD_ADDRESSES[family]);
}

/** In the fabric: what nobody else has is there. */
export function linesToWorld(networks: LabNetworks, file: string): readonly string[] {
  const addresses = worldAddresses(networks);
  return [
    ...fabricLink(WORLD, file, addresses),
    ...addresses.map((address) => `route add default via ${address} dev ${WORLD} onlink`),
  ];
}

/** In the world, of all families. */
export function worldLines(networks: LabNetworks): readonly string[] {
  return uplink(worldAddresses(networks));
}

/** In the world, of one family: every address that somebody asks for is its own, and answers go back the same way. */
export function worldRules(family: 4 | 6): readonly string[] {
  return [
    'rule add pref 1 iif eth0 lookup local',
    'rule add pref 40000 lookup local',
    'rule del pref 0',
    `route add local ${family === 4 ? '0.0.0.0' : '::'}/0 dev lo`,
  ];
}

/** In the world: all ports lead to one server. */
export function worldTable(tcpPort: number, udpPort: number): string {
  return [
    'table inet sallyport-world {',
    '  chain ports {',
    '    type nat hook prerouting priority dstnat; policy accept;',
    `    meta l4proto tcp redirect to :${tcpPort}`,
    `    meta l4proto udp redirect to :${udpPort}`,
    '  }',
    '}',
    '',
  ].join('\n');
}
