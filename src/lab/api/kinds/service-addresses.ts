/** Cluster addresses and node ports: which are taken, and the next free one. */
import { formatIp } from '../../../base/inet-format.ts';
import { parseCidr, parseIp } from '../../../base/inet-parse.ts';
import { cidrContains, type IpAddress } from '../../../base/inet.ts';
import type { LabNetworks } from '../../networks.ts';
import type { JsonObject } from '../json.ts';
import { StatusError } from '../status-error.ts';
import { numberAt, objectAt, objectsInPlace, textAt, textsInPlace, metadataOf } from '../field-values.ts';
import type { ClusterView } from './strategy.ts';

export const FIRST_NODE_PORT = 30_000;
export const LAST_NODE_PORT = 32_767;

/** Below these many the first ones of a range are left to who asks for a certain one. */
const KEPT_ADDRESSES = 256;
const KEPT_NODE_PORTS = 86;

export type FamilyName = 'IPv4' | 'IPv6';

export function familyNames(networks: LabNetworks): readonly FamilyName[] {
  return networks.families.map((family) => (family === 4 ? 'IPv4' : 'IPv6'));
}

/** `undefined` for what is no address. */
export function familyOf(address: string): FamilyName | undefined {
  const parsed = parseIp(address);
  return parsed === undefined ? undefined : parsed.ip.family === 4 ? 'IPv4' : 'IPv6';
}

export interface TakenByServices {
  /** Addresses in their usual notation. */
  readonly addresses: ReadonlySet<string>;
  readonly nodePorts: ReadonlySet<number>;
}

/** Of all Services but this one. */
export function takenByOthers({ store }: ClusterView, service: JsonObject): TakenByServices {
  const addresses = new Set<string>();
  const nodePorts = new Set<number>();
  for (const other of store.list({ group: '', plural: 'services' }).items) {
    if (isSame(other, service)) continue;
    const spec = objectAt(other, 'spec');
    for (const address of textsInPlace(spec, 'clusterIPs')) addresses.add(canonicalIp(address));
    for (const port of nodePortsOf(spec)) nodePorts.add(port);
  }
  return { addresses, nodePorts };
}

/** Also the one on which the load balancer asks after health. */
export function nodePortsOf(spec: JsonObject): readonly number[] {
  const ports = objectsInPlace(spec, 'ports').map((port) => numberAt(port, 'nodePort') ?? 0);
  return [...ports, numberAt(spec, 'healthCheckNodePort') ?? 0].filter((port) => port !== 0);
}

function isSame(a: JsonObject, b: JsonObject): boolean {
  const [left, right] = [metadataOf(a), metadataOf(b)];
  return textAt(left, 'name') === textAt(right, 'name') && textAt(left, 'namespace') === textAt(right, 'namespace');
}

export function canonicalIp(address: string): string {
  const parsed = parseIp(address);
  return parsed === undefined ? address : formatIp(parsed.ip);
}

/** The range of that family. */
export function serviceCidr(networks: LabNetworks, family: FamilyName): string | undefined {
  return networks.serviceCidrs.find((cidr) => cidr.includes(':') === (family === 'IPv6'));
}

export function isInRange(cidr: string, address: string): boolean {
  const range = parseCidr(cidr);
  const parsed = parseIp(address);
  if (range === undefined || parsed === undefined || !cidrContains(range.cidr, parsed.ip)) return false;
  const offset = BigInt(parsed.ip.value) - BigInt(range.cidr.first);
  // The first is the range's own, and the last of IPv4 is for all.
  return offset > 0n && (parsed.ip.family === 6 || offset < BigInt(range.cidr.last) - BigInt(range.cidr.first));
}

/**
 * A free address, always the same one for the same name as long as it is free: what was deleted comes back where it was.
 * Throws 422 when there is none.
 */
export function freeAddress(
  { networks }: ClusterView,
  service: JsonObject,
  family: FamilyName,
  taken: ReadonlySet<string>,
): string {
  const cidr = serviceCidr(networks, family);
  const range = cidr === undefined ? undefined : parseCidr(cidr);
  if (range === undefined) throw exhausted(service, 'spec.clusterIPs');
  const first = BigInt(range.cidr.first);
  const size = Number(BigInt(range.cidr.last) - first) - 1;
  const kept = size > 2 * KEPT_ADDRESSES ? KEPT_ADDRESSES : 0;
  const reserved = new Set([...networks.apiService, ...networks.dnsService].map(canonicalIp));
  const start = hashOf(service) % (size - kept);
  for (let step = 0; step < size; step += 1) {
    const offset = step < size - kept ? kept + 1 + ((start + step) % (size - kept)) : step - (size - kept) + 1;
    const value = first + BigInt(offset);
    const ip: IpAddress = range.cidr.family === 4 ? { family: 4, value: Number(value) } : { family: 6, value };
    const address = formatIp(ip);
    if (!taken.has(address) && !reserved.has(address)) return address;
  }
  throw exhausted(service, 'spec.clusterIPs');
}

/** Likewise. */
export function freeNodePort(service: JsonObject, taken: ReadonlySet<number>): number {
  const size = LAST_NODE_PORT - FIRST_NODE_PORT + 1;
  const start = hashOf(service) % (size - KEPT_NODE_PORTS);
  for (let step = 0; step < size; step += 1) {
    const port = FIRST_NODE_PORT + ((KEPT_NODE_PORTS + start + step) % size);
    if (!taken.has(port)) return port;
  }
  throw exhausted(service, 'spec.ports');
}

function exhausted(service: JsonObject, field: string): StatusError {
  const name = textAt(metadataOf(service), 'name');
  const message = 'failed to allocate a serviceIP or a nodePort: range is full';
  return new StatusError(
    'Invalid',
    `Service ${JSON.stringify(name)} is invalid: ${field}: Internal error: ${message}`,
    {
      name,
      kind: 'Service',
      causes: [{ reason: 'InternalError', message: `Internal error: ${message}`, field }],
    },
  );
}

/** FNV-1a of namespace and name. */
function hashOf(service: JsonObject): number {
  const metadata = metadataOf(service);
  const text = `${textAt(metadata, 'namespace')}/${textAt(metadata, 'name')}`;
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
