/**
 * The Services of a node as one table for `nft -f -`: addresses of Services become those of backends before any filter
 * hook sees a packet, so that policies judge pods, as in a real cluster (S92).
 *
 * Everything that grows with the cluster is in elements, never in rules or chains: an ordinary user's nft takes about
 * 200 KB at once, and elements are the smallest there is. Which backend is taken stands in the packet's mark for the length of
 * one rule.
 */
import type { IpAddress, IpFamily } from '../../base/inet.ts';
import { formatIp } from '../../base/inet-format.ts';
import { parseIp } from '../../base/inet-parse.ts';
import type { LabNetworks, NodeNetwork } from '../networks.ts';
import type { ServiceRule } from './service-rule.ts';

export const SERVICES_TABLE = 'sallyport-services';

/** nft knows `dstnat` only in prerouting. */
const OUTPUT_PRIORITY = -100;
/**
 * Behind translation, and before the agent's hooks, which are at `filter + 10`: what is refused here never was a
 * connection to a pod.
 */
const REFUSING_PRIORITY = -90;
/** Of the hash by which clients stick to backends; any number, but always the same. */
const SEED = '0x5a11';
const LINE = 200;

const WORDS = {
  4: { ip: 'ip', type: 'ipv4_addr' },
  6: { ip: 'ip6', type: 'ipv6_addr' },
} as const;
const PROTOCOLS: ReadonlyMap<string, string> = new Map([
  ['TCP', 'tcp'],
  ['UDP', 'udp'],
  ['SCTP', 'sctp'],
]);

/** What one address family needs; the keys are elements of nft. */
interface FamilyTable {
  readonly family: IpFamily;
  /** From `ADDRESS . PROTOCOL . PORT` to the chain that picks a backend. */
  readonly services: Map<string, string>;
  readonly backends: Map<string, string>;
  /** Ports without backends. */
  readonly closed: Set<string>;
  /** Addresses of Services: none of their other ports is open, if they are cluster addresses. */
  readonly addresses: Set<string>;
  /** A backend that reaches itself through its Service. */
  readonly hairpins: Set<string>;
  /** Chains by name: the number of backends, and whether clients stick. */
  readonly picks: Map<string, { readonly backends: number; readonly sticky: boolean }>;
}

/**
 * Replaces the whole table at once. Where two rules claim the same address, protocol and port the first one has it.
 * Addresses and ports that are none are left out. Session affinity is by a hash of the client's address: it needs no
 * memory and therefore survives a new table, but a client stays where it is for longer than the Service asks.
 */
export function renderServices(rules: readonly ServiceRule[], node: NodeNetwork, networks: LabNetworks): string {
  const lines = [`add table inet ${SERVICES_TABLE}`, `delete table inet ${SERVICES_TABLE}`];
  const tables = networks.families.map((family) => familyTable(family, rules, node));
  lines.push(`table inet ${SERVICES_TABLE} {`);
  for (const table of tables) lines.push(...declarations(table));
  const translate = tables.map(({ family }) => `${key(family)} vmap @services${family}`);
  lines.push(
    ...chain('prerouting', 'type nat hook prerouting priority dstnat', translate),
    ...chain('output', `type nat hook output priority ${OUTPUT_PRIORITY}`, translate),
    ...chain(
      'postrouting',
      'type nat hook postrouting priority srcnat',
      tables.flatMap(({ family }) => returnRules(family, node, networks)),
    ),
    ...chain('refuse', undefined, ['meta l4proto tcp reject with tcp reset', 'reject']),
    ...chain(
      'unserved',
      undefined,
      tables.flatMap(({ family }) => unservedRules(family, networks)),
    ),
  );
  for (const hook of ['input', 'forward', 'output'] as const) {
    const definition = `type filter hook ${hook} priority ${REFUSING_PRIORITY}`;
    lines.push(...chain(`${hook}_unserved`, definition, ['ct state new jump unserved']));
  }
  lines.push('}');
  return `${lines.join('\n')}\n`;
}

function familyTable(family: IpFamily, rules: readonly ServiceRule[], node: NodeNetwork): FamilyTable {
  const table: FamilyTable = {
    family,
    services: new Map(),
    backends: new Map(),
    closed: new Set(),
    addresses: new Set(),
    hairpins: new Set(),
    picks: new Map(),
  };
  const nodeAddresses = ofFamily(family, node.addresses);
  for (const rule of rules) {
    const protocol = PROTOCOLS.get(rule.protocol);
    if (protocol === undefined) continue;
    const backends = backendsOf(family, rule);
    for (const address of ofFamily(family, rule.addresses)) {
      table.addresses.add(address);
      if (isPort(rule.port)) addEntry(`${address} . ${protocol} . ${rule.port}`, rule, backends, table);
    }
    if (rule.nodePort !== undefined && isPort(rule.nodePort)) {
      for (const address of nodeAddresses) {
        addEntry(`${address} . ${protocol} . ${rule.nodePort}`, rule, backends, table);
      }
    }
  }
  return table;
}

function addEntry(entry: string, rule: ServiceRule, backends: readonly Backend[], table: FamilyTable): void {
  if (table.services.has(entry) || table.closed.has(entry)) return;
  if (backends.length === 0) {
    table.closed.add(entry);
    return;
  }
  const sticky = rule.affinitySeconds !== undefined && backends.length > 1;
  const pick = `${sticky ? 'stick' : 'pick'}${table.family}_${backends.length}`;
  table.picks.set(pick, { backends: backends.length, sticky });
  table.services.set(entry, `goto ${pick}`);
  for (const [index, { address, port }] of backends.entries()) {
    table.backends.set(`${entry} . ${index}`, `${address} . ${port}`);
    table.hairpins.add(`${address} . ${address}`);
  }
}

interface Backend {
  readonly address: string;
  readonly port: number;
}

/** In the order given, each once. */
function backendsOf(family: IpFamily, rule: ServiceRule): Backend[] {
  const backends = new Map<string, Backend>();
  for (const { address: text, port } of rule.backends) {
    const [address] = ofFamily(family, [text]);
    if (address !== undefined && isPort(port)) backends.set(`${address} ${port}`, { address, port });
  }
  return [...backends.values()];
}

function ofFamily(family: IpFamily, addresses: readonly string[]): string[] {
  return addresses
    .map((text) => parseIp(text)?.ip)
    .filter((ip): ip is IpAddress => ip?.family === family)
    .map(formatIp);
}

function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

function key(family: IpFamily): string {
  return `${WORDS[family].ip} daddr . meta l4proto . th dport`;
}

function declarations(table: FamilyTable): string[] {
  const { family, services, backends, closed, addresses, hairpins, picks } = table;
  const { type, ip } = WORDS[family];
  const entry = `${type} . inet_proto . inet_service`;
  const lines = [
    ...collection('map', `backends${family}`, `${entry} . mark : ${type} . inet_service`, pairs(backends)),
  ];
  // Before the map that leads to them.
  for (const [name, { backends: count, sticky }] of picks) {
    const choice =
      count === 1 ? '0' : sticky ? `jhash ${ip} saddr mod ${count} seed ${SEED}` : `numgen random mod ${count}`;
    lines.push(
      ...chain(name, undefined, [
        `meta mark set ${choice}`,
        `meta l4proto { tcp, udp, sctp } dnat ${ip} to ${key(family)} . meta mark map @backends${family}`,
      ]),
    );
  }
  lines.push(
    ...collection('map', `services${family}`, `${entry} : verdict`, pairs(services)),
    ...collection('set', `closed${family}`, entry, [...closed]),
    ...collection('set', `addresses${family}`, type, [...addresses]),
    ...collection('set', `hairpins${family}`, `${type} . ${type}`, [...hairpins]),
  );
  return lines;
}

function pairs(map: ReadonlyMap<string, string>): string[] {
  return [...map].map(([from, to]) => `${from} : ${to}`);
}

function collection(kind: 'map' | 'set', name: string, type: string, elements: readonly string[]): string[] {
  const lines = [`  ${kind} ${name} {`, `    type ${type}`];
  if (elements.length > 0) {
    lines.push('    elements = {');
    for (let at = 0; at < elements.length; at += LINE) lines.push(`      ${elements.slice(at, at + LINE).join(', ')},`);
    lines.push('    }');
  }
  return [...lines, '  }'];
}

function chain(name: string, hook: string | undefined, rules: readonly string[]): string[] {
  const lines = hook === undefined ? [] : [`    ${hook}; policy accept;`];
  return [`  chain ${name} {`, ...lines, ...rules.map((rule) => `    ${rule}`), '  }'];
}

/**
 * Answers must come back through this node to be translated back: those of a pod to itself, and those to clients that
 * are no pods. The way back to pods of the cluster leads through this node anyway, so policies see who they are.
 */
function returnRules(family: IpFamily, node: NodeNetwork, networks: LabNetworks): string[] {
  const [address] = ofFamily(family, node.addresses);
  if (address === undefined) return [];
  const { ip } = WORDS[family];
  const pods = cidrsOf(family, networks.podCidrs);
  const translated = `ct status dnat ${ip}`;
  return [
    `${translated} saddr . ${ip} daddr @hairpins${family} snat ${ip} to ${address}`,
    `${translated} saddr != { ${pods.join(', ')} } snat ${ip} to ${address}`,
  ];
}

/**
 * A port without backends and other ports of a Service's address refuse; addresses that no Service has do not answer.
 */
function unservedRules(family: IpFamily, networks: LabNetworks): string[] {
  const { ip } = WORDS[family];
  const services = cidrsOf(family, networks.serviceCidrs).join(', ');
  return [
    `${key(family)} @closed${family} goto refuse`,
    `${ip} daddr { ${services} } ${ip} daddr @addresses${family} meta l4proto { tcp, udp, sctp } goto refuse`,
    `${ip} daddr { ${services} } drop`,
  ];
}

function cidrsOf(family: IpFamily, cidrs: readonly string[]): readonly string[] {
  return cidrs.filter((cidr) => cidr.includes(':') === (family === 6));
}
