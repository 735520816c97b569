/**
 * The names of the cluster, as version 1.1.0 of the specification of Kubernetes and the usual settings of CoreDNS have
 * them (`pods insecure`), and names of the world around it, which is made up.
 */
import type { IpAddress, IpFamily } from '../../base/inet.ts';
import { formatIp } from '../../base/inet-format.ts';
import { parseIp } from '../../base/inet-parse.ts';
import { CLUSTER_DOMAIN, type LabNetworks } from '../networks.ts';
import { RecordType, ResponseCode, type DnsAnswer, type DnsRecord, type RecordData } from './dns-record.ts';
import { reversedAddress } from './reversed-address.ts';
import { worldAddresses } from './world-names.ts';
import type { ZoneChange, ZoneEndpoint, ZoneEndpoints, ZonePod, ZoneService } from './zone-data.ts';

const DOMAIN = CLUSTER_DOMAIN.split('.');
const DNS_VERSION = '1.1.0';
/** `ExternalName` may lead to another one, and that in a circle. */
const MAX_ALIASES = 8;
const MAX_NAME = 253;

/** An endpoint and the name that it has below its Service. */
interface Endpoint {
  readonly host: string;
  readonly addresses: readonly IpAddress[];
  readonly ports: ZoneEndpoints['ports'];
}

export class Zone {
  private readonly networks: LabNetworks;
  private readonly namespaces = new Set<string>();
  private readonly services = new Map<string, ZoneService>();
  private readonly pods = new Map<string, ZonePod>();
  /** Slices by Service, then by their own key. */
  private readonly endpoints = new Map<string, Map<string, ZoneEndpoints>>();
  private readonly serviceOfSlice = new Map<string, string>();
  /** From address to name; made when somebody asks. */
  private names: ReadonlyMap<string, readonly string[]> | undefined;
  private serial = 1;

  constructor(networks: LabNetworks) {
    this.networks = networks;
  }

  /** Forgets everything. */
  clear(): void {
    this.namespaces.clear();
    this.services.clear();
    this.pods.clear();
    this.endpoints.clear();
    this.serviceOfSlice.clear();
    this.changed();
  }

  apply(changes: readonly ZoneChange[]): void {
    for (const change of changes) {
      switch (change.kind) {
        case 'namespace':
          if (change.value === undefined) this.namespaces.delete(change.key);
          else this.namespaces.add(change.key);
          break;
        case 'service':
          put(this.services, change.key, change.value);
          break;
        case 'pod':
          put(this.pods, change.key, change.value);
          break;
        case 'endpoints':
          this.putEndpoints(change.key, change.value);
          break;
      }
    }
    this.changed();
  }

  /** `labels` in lower case, from the left; `type` is the number of the record type. Never throws. */
  answer(labels: readonly string[], type: number): DnsAnswer {
    if (endsWith(labels, DOMAIN)) return this.ofCluster(labels.slice(0, -DOMAIN.length), type);
    const reversed = reversedAddress(labels);
    if (reversed !== undefined) {
      const names = this.reverse().get(formatIp(reversed)) ?? [];
      const answers = names.map((target) => record(undefined, { type: 'PTR', target }));
      if (names.length === 0) return outside(ResponseCode.noName);
      return this.authoritative(type === RecordType.PTR ? answers : []);
    }
    return this.ofWorld(labels, type);
  }

  private changed(): void {
    this.names = undefined;
    this.serial = (this.serial + 1) % 2 ** 32;
  }

  private putEndpoints(key: string, value: ZoneEndpoints | undefined): void {
    const before = this.serviceOfSlice.get(key);
    if (before !== undefined) {
      const slices = this.endpoints.get(before);
      slices?.delete(key);
      if (slices?.size === 0) this.endpoints.delete(before);
      this.serviceOfSlice.delete(key);
    }
    if (value === undefined) return;
    const service = `${value.namespace}/${value.service}`;
    const slices = this.endpoints.get(service) ?? new Map<string, ZoneEndpoints>();
    slices.set(key, value);
    this.endpoints.set(service, slices);
    this.serviceOfSlice.set(key, service);
  }

  // ---- names below the cluster domain

  private ofCluster(labels: readonly string[], type: number): DnsAnswer {
    const [kind, namespace, ...rest] = labels.toReversed();
    if (kind === undefined) {
      if (type === RecordType.SOA) return this.authoritative([this.soa(undefined)]);
      const server = record(undefined, { type: 'NS', target: `ns.dns.${CLUSTER_DOMAIN}` });
      return this.authoritative(type === RecordType.NS ? [server] : []);
    }
    if (kind === 'dns-version' && namespace === undefined) {
      const text = record(undefined, { type: 'TXT', text: DNS_VERSION });
      return this.authoritative(type === RecordType.TXT ? [text] : []);
    }
    if (kind === 'dns') {
      if (namespace === undefined) return this.authoritative([]);
      if (namespace !== 'ns' || rest.length > 0) return this.missing();
      return this.authoritative(addressRecords(undefined, parsed(this.networks.dnsService), type));
    }
    if (kind !== 'svc' && kind !== 'pod') return this.missing();
    if (namespace === undefined) return this.authoritative([]);
    if (!this.namespaces.has(namespace)) return this.missing();
    const [name, ...below] = rest;
    if (name === undefined) return this.authoritative([]);
    return kind === 'pod' ? this.ofPod(name, below, type) : this.ofService(namespace, name, below, type, MAX_ALIASES);
  }

  /** `10-244-0-5`; like CoreDNS we do not ask whether there is such a pod. */
  private ofPod(name: string, below: readonly string[], type: number): DnsAnswer {
    const address = below.length > 0 || name.length > 45 ? undefined : undashed(name);
    return address === undefined ? this.missing() : this.authoritative(addressRecords(undefined, [address], type));
  }

  private ofService(
    namespace: string,
    name: string,
    below: readonly string[],
    type: number,
    aliases: number,
  ): DnsAnswer {
    const service = this.services.get(`${namespace}/${name}`);
    if (service === undefined) return this.missing();
    if (service.externalName !== undefined) {
      return below.length > 0 ? this.missing() : this.ofAlias(service.externalName, type, aliases);
    }
    const [first, second] = below;
    const base = `${name}.${namespace}.svc.${CLUSTER_DOMAIN}`;
    if (first !== undefined && second !== undefined) {
      return below.length > 2 ? this.missing() : this.ofPort(service, base, second, first, type);
    }
    if (first !== undefined) {
      const addresses = this.endpointsOf(service)
        .filter(({ host }) => host === first)
        .flatMap((each) => each.addresses);
      return addresses.length === 0
        ? this.missing()
        : this.authoritative(addressRecords(undefined, unique(addresses), type));
    }
    if (service.clusterIPs.length > 0) {
      if (type === RecordType.SRV) return this.ofPort(service, base, undefined, undefined, type);
      return this.authoritative(addressRecords(undefined, parsed(service.clusterIPs), type));
    }
    const endpoints = this.endpointsOf(service);
    if (endpoints.length === 0) return this.missing();
    if (type === RecordType.SRV) return this.ofPort(service, base, undefined, undefined, type);
    const addresses = unique(endpoints.flatMap((each) => each.addresses));
    return this.authoritative(addressRecords(undefined, addresses, type));
  }

  /** `_http._tcp` of a Service; all its ports when none is named. */
  private ofPort(
    service: ZoneService,
    base: string,
    portLabel: string | undefined,
    protocolLabel: string | undefined,
    type: number,
  ): DnsAnswer {
    const wanted = (port: ZoneService['ports'][number]) =>
      (portLabel === undefined || portLabel === `_${port.name}`) &&
      (protocolLabel === undefined || protocolLabel === `_${port.protocol.toLowerCase()}`);
    const targets = new Map<
      string,
      { readonly host: string; readonly port: number; readonly addresses: readonly IpAddress[] }
    >();
    const add = (host: string, port: number, addresses: readonly IpAddress[]) =>
      targets.set(`${host}:${port}`, { host, port, addresses });
    if (service.clusterIPs.length > 0) {
      for (const { port } of service.ports.filter(wanted)) add(base, port, parsed(service.clusterIPs));
    } else {
      for (const { host, ports, addresses } of this.endpointsOf(service)) {
        for (const { port } of ports.filter(wanted)) add(`${host}.${base}`, port, addresses);
      }
    }
    if (targets.size === 0) return this.missing();
    const all = [...targets.values()];
    if (type !== RecordType.SRV) {
      return this.authoritative(addressRecords(undefined, unique(all.flatMap(({ addresses }) => addresses)), type));
    }
    const weight = Math.max(1, Math.floor(100 / all.length));
    const hosts = new Map(all.map(({ host, addresses }) => [host, addresses]));
    return {
      ...this.authoritative(
        all.map(({ host, port }) => record(undefined, { type: 'SRV', port, weight, target: host })),
      ),
      additionals: [...hosts].flatMap(([host, addresses]) => addresses.map((address) => addressRecord(host, address))),
    };
  }

  /** Another name, and what that leads to. */
  private ofAlias(target: string, type: number, aliases: number): DnsAnswer {
    const name = target.replace(/\.$/, '').toLowerCase();
    if (!isName(name)) return this.missing();
    const alias = record(undefined, { type: 'CNAME', target: name });
    if (type === RecordType.CNAME || aliases === 0) return this.authoritative([alias]);
    const labels = name.split('.');
    const inner = labels.slice(0, -DOMAIN.length).toReversed();
    const [kind, namespace, service, ...below] = inner;
    const next =
      endsWith(labels, DOMAIN) && kind === 'svc' && namespace !== undefined && service !== undefined
        ? this.namespaces.has(namespace)
          ? this.ofService(namespace, service, below, type, aliases - 1)
          : this.missing()
        : this.answer(labels, type);
    const answers = next.answers.map((each) => (each.name === undefined ? { ...each, name } : each));
    return { ...this.authoritative([alias, ...answers]), additionals: next.additionals };
  }

  private endpointsOf({ namespace, name }: ZoneService): Endpoint[] {
    const found: Endpoint[] = [];
    for (const { endpoints, ports } of this.endpoints.get(`${namespace}/${name}`)?.values() ?? []) {
      for (const endpoint of endpoints) {
        const addresses = endpoint.ready ? parsed(endpoint.addresses) : [];
        const host = hostOf(endpoint, addresses);
        if (host !== undefined) found.push({ host, addresses, ports });
      }
    }
    return found;
  }

  // ---- addresses

  private reverse(): ReadonlyMap<string, readonly string[]> {
    if (this.names !== undefined) return this.names;
    const names = new Map<string, Set<string>>();
    const add = (address: IpAddress, name: string) => {
      const key = formatIp(address);
      const known = names.get(key);
      if (known === undefined) names.set(key, new Set([name]));
      else known.add(name);
    };
    const named = new Set<string>();
    for (const service of this.services.values()) {
      const base = `${service.name}.${service.namespace}.svc.${CLUSTER_DOMAIN}`;
      for (const address of parsed(service.clusterIPs)) add(address, base);
      for (const { host, addresses } of this.endpointsOf(service)) {
        for (const address of addresses) {
          add(address, `${host}.${base}`);
          named.add(formatIp(address));
        }
      }
    }
    for (const { namespace, addresses } of this.pods.values()) {
      for (const address of parsed(addresses)) {
        if (!named.has(formatIp(address))) add(address, `${dashed(address)}.${namespace}.pod.${CLUSTER_DOMAIN}`);
      }
    }
    this.names = new Map([...names].map(([address, set]) => [address, [...set].filter(isName).toSorted()]));
    return this.names;
  }

  // ---- the world

  private ofWorld(labels: readonly string[], type: number): DnsAnswer {
    if (labels.length === 1 && labels[0] === 'localhost') {
      const loopback = parsed(['127.0.0.1', '::1']);
      return { ...outside(ResponseCode.ok), answers: addressRecords(undefined, loopback, type) };
    }
    // Who asks for `web.shop` means a Service that is not there.
    const last = labels.at(-1);
    if (last !== undefined && this.namespaces.has(last)) return outside(ResponseCode.noName);
    const addresses = worldAddresses(labels, this.networks.namedWorld);
    if (addresses === undefined) return outside(ResponseCode.noName);
    const answers = addressRecords(undefined, addresses, type);
    return { ...outside(ResponseCode.ok), answers, authorities: answers.length === 0 ? [WORLD_SOA] : [] };
  }

  // ---- answers

  /** Without answers: the name is there, but has nothing of this type. */
  private authoritative(answers: readonly DnsRecord[]): DnsAnswer {
    const authorities = answers.length === 0 ? [this.soa(CLUSTER_DOMAIN)] : [];
    return { code: ResponseCode.ok, authoritative: true, answers, authorities, additionals: [] };
  }

  private missing(): DnsAnswer {
    return { ...this.authoritative([]), code: ResponseCode.noName };
  }

  private soa(name: string | undefined): DnsRecord {
    return record(name, {
      type: 'SOA',
      server: `ns.dns.${CLUSTER_DOMAIN}`,
      mailbox: `hostmaster.${CLUSTER_DOMAIN}`,
      serial: this.serial,
    });
  }
}

const WORLD_SOA = record('', {
  type: 'SOA',
  server: 'ns.world.invalid',
  mailbox: 'hostmaster.world.invalid',
  serial: 1,
});

function outside(code: DnsAnswer['code']): DnsAnswer {
  const authorities = code === ResponseCode.noName ? [WORLD_SOA] : [];
  return { code, authoritative: false, answers: [], authorities, additionals: [] };
}

function record(name: string | undefined, data: RecordData): DnsRecord {
  return { name, data };
}

function addressRecord(name: string | undefined, address: IpAddress): DnsRecord {
  return record(name, { type: 'address', address });
}

function addressRecords(name: string | undefined, addresses: readonly IpAddress[], type: number): DnsRecord[] {
  const family: IpFamily | undefined = type === RecordType.A ? 4 : type === RecordType.AAAA ? 6 : undefined;
  return addresses.filter((address) => address.family === family).map((address) => addressRecord(name, address));
}

function put<T>(map: Map<string, T>, key: string, value: T | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

function endsWith(labels: readonly string[], end: readonly string[]): boolean {
  return (
    labels.length >= end.length && end.every((label, index) => labels[labels.length - end.length + index] === label)
  );
}

function parsed(addresses: readonly string[]): IpAddress[] {
  return addresses.map((text) => parseIp(text)?.ip).filter((ip) => ip !== undefined);
}

function unique(addresses: readonly IpAddress[]): IpAddress[] {
  return [...new Map(addresses.map((address) => [formatIp(address), address])).values()];
}

function hostOf(endpoint: ZoneEndpoint, addresses: readonly IpAddress[]): string | undefined {
  const [first] = addresses;
  if (first === undefined) return undefined;
  return endpoint.hostname === undefined || endpoint.hostname === '' ? dashed(first) : endpoint.hostname;
}

function dashed(address: IpAddress): string {
  return formatIp(address).replaceAll(/[.:]/g, '-');
}

function undashed(name: string): IpAddress | undefined {
  const v4 = /^\d{1,3}(?:-\d{1,3}){3}$/.test(name);
  return parseIp(name.replaceAll('-', v4 ? '.' : ':'))?.ip;
}

const LABEL = /^[\w-]{1,63}$/;

function isName(name: string): boolean {
  return name.length <= MAX_NAME && name.split('.').every((label) => LABEL.test(label));
}
