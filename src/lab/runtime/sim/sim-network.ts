/**
 * The network of the simulation. No packet moves: a connection goes through the same stations as a real one (names,
 * Services, policies, who listens), and policies are what the engine says.
 */
import { type Cidr, cidrContains } from '../../../base/inet.ts';
import { formatIp } from '../../../base/inet-format.ts';
import { parseCidr, parseIp } from '../../../base/inet-parse.ts';
import type { Protocol } from '../../../kube/objects.ts';
import type { LabNetworks } from '../../networks.ts';
import type { ServiceRule } from '../../services/service-rule.ts';
import type { SandboxSpec } from '../runtime.ts';
import type { SimServer } from './sim-server.ts';

/** One end of a connection, as the engine can be asked of it. */
export interface SimEnd {
  /** Of the family of the connection. */
  readonly address: string;
  /** `undefined`: no pod of its own network. */
  readonly pod: { readonly namespace: string; readonly name: string } | undefined;
  /** That it is on, or is. */
  readonly node: string | undefined;
}

export interface SimQuestion {
  readonly source: SimEnd;
  /** After the Service has been resolved, as policies see it. */
  readonly destination: SimEnd;
  readonly protocol: Protocol;
  readonly port: number;
}

/** What policies make of a connection: `Engine.verdict` of the product, asked for the objects of the lab. */
export type SimVerdict = (question: SimQuestion) => { readonly allowed: boolean };

/** A pod network, or that of a node. */
export interface SimHost {
  readonly spec: SandboxSpec;
  readonly node: string;
  readonly addresses: readonly string[];
}

export type SimConnection =
  | {
      readonly outcome: 'connected';
      readonly server: SimServer;
      readonly local: string;
      readonly remote: string;
      readonly port: number;
    }
  /** Reached, and nobody listens there; or a Service without endpoints. */
  | { readonly outcome: 'refused' }
  /** Nothing comes back. */
  | { readonly outcome: 'dropped' }
  /** There is no way to an address of that family. */
  | { readonly outcome: 'unreachable' };

export interface SimNetworkOptions {
  readonly networks: LabNetworks;
  readonly verdict: SimVerdict;
  /** 0 <= x < 1 */
  readonly random: () => number;
  /** What answers outside the cluster. */
  readonly world: SimServer;
}

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1']);

export class SimNetwork {
  private readonly options: SimNetworkOptions;
  private readonly serviceRanges: readonly Cidr[];
  private readonly podRanges: readonly Cidr[];
  private readonly nodeNames: ReadonlyMap<string, string>;
  private readonly controlPlane: ReadonlySet<string>;
  /** By address; pods of the network of their node are not here. */
  private readonly hosts = new Map<string, SimHost>();
  /** By where it listens: the id of a sandbox or the name of a node, protocol and port. */
  private readonly servers = new Map<string, SimServer>();
  /** By node, then by address, protocol and port. */
  private readonly services = new Map<string, ServiceTable>();

  constructor(options: SimNetworkOptions) {
    this.options = options;
    const { networks } = options;
    this.serviceRanges = ranges(networks.serviceCidrs);
    this.podRanges = ranges(networks.podCidrs);
    this.nodeNames = new Map(networks.nodes.flatMap(({ name, addresses }) => addresses.map((each) => [each, name])));
    this.controlPlane = new Set(networks.controlPlane);
  }

  addHost(host: SimHost): void {
    if (!host.spec.hostNetwork) for (const address of host.addresses) this.hosts.set(address, host);
  }

  removeHost(host: SimHost): void {
    for (const address of host.addresses) if (this.hosts.get(address) === host) this.hosts.delete(address);
  }

  setServices(node: string, rules: readonly ServiceRule[]): void {
    this.services.set(node, serviceTable(rules, this.addressesOfNode(node)));
  }

  /** Whether the port was free. */
  listen(host: SimHost, protocol: Protocol, port: number, server: SimServer): boolean {
    const key = listenKey(host, protocol, port);
    if (this.servers.has(key)) return false;
    this.servers.set(key, server);
    return true;
  }

  unlisten(host: SimHost, protocol: Protocol, port: number): void {
    this.servers.delete(listenKey(host, protocol, port));
  }

  /** From the host itself to one of its ports, past all policies: loopback, and what the node asks its pods. */
  local(host: SimHost, protocol: Protocol, port: number): SimConnection {
    const server = this.servers.get(listenKey(host, protocol, port));
    const address = host.addresses[0] ?? '127.0.0.1';
    return server === undefined
      ? { outcome: 'refused' }
      : { outcome: 'connected', server, local: address, remote: address, port };
  }

  connect(from: SimHost, to: string, protocol: Protocol, port: number): SimConnection {
    const parsed = parseIp(to)?.ip;
    if (parsed === undefined) return { outcome: 'unreachable' };
    const address = formatIp(parsed);
    if (LOOPBACK.has(address)) return this.local(from, protocol, port);
    const own = from.addresses.find((each) => each.includes(':') === address.includes(':'));
    if (own === undefined) return { outcome: 'unreachable' };
    const target = this.translated(from, address, protocol, port);
    if (typeof target === 'string') return { outcome: target };
    const destination = this.end(target.address);
    if (target.address !== own) {
      const source: SimEnd = from.spec.hostNetwork
        ? { address: own, pod: undefined, node: from.node }
        : { address: own, pod: { namespace: from.spec.namespace, name: from.spec.name }, node: from.node };
      if (!this.options.verdict({ source, destination, protocol, port: target.port }).allowed)
        return { outcome: 'dropped' };
    }
    return this.arrive(target.address, protocol, target.port, own);
  }

  private arrive(address: string, protocol: Protocol, port: number, local: string): SimConnection {
    const found = (server: SimServer | undefined): SimConnection =>
      server === undefined ? { outcome: 'refused' } : { outcome: 'connected', server, local, remote: address, port };
    const host = this.hosts.get(address);
    if (host !== undefined) return found(this.servers.get(listenKey(host, protocol, port)));
    const node = this.nodeNames.get(address);
    if (node !== undefined) return found(this.servers.get(`${node} ${protocol} ${port}`));
    if (this.controlPlane.has(address))
      return protocol === 'TCP' && port === this.options.networks.apiPort
        ? found(this.options.world)
        : { outcome: 'refused' };
    const ip = parseIp(address)?.ip;
    if (ip === undefined || this.podRanges.some((range) => cidrContains(range, ip))) return { outcome: 'dropped' };
    return protocol === 'SCTP' ? { outcome: 'refused' } : found(this.options.world);
  }

  /** Where a connection really goes. */
  private translated(
    from: SimHost,
    address: string,
    protocol: Protocol,
    port: number,
  ): { readonly address: string; readonly port: number } | 'dropped' | 'refused' {
    // Ports of a node are forwarded there.
    const table = this.services.get(this.nodeNames.get(address) ?? from.node);
    const rule = table?.rules.get(`${address} ${protocol} ${port}`);
    const six = address.includes(':');
    if (rule !== undefined) {
      const backends = rule.backends.filter((each) => each.address.includes(':') === six);
      const at = rule.affinitySeconds === undefined ? this.options.random() : hashOf(from.addresses[0] ?? '');
      return backends[Math.floor(at * backends.length)] ?? 'refused';
    }
    const ip = parseIp(address)?.ip;
    if (ip === undefined || !this.serviceRanges.some((range) => cidrContains(range, ip))) return { address, port };
    return table?.addresses.has(address) === true ? 'refused' : 'dropped';
  }

  private end(address: string): SimEnd {
    const host = this.hosts.get(address);
    if (host === undefined) return { address, pod: undefined, node: this.nodeNames.get(address) };
    return { address, pod: { namespace: host.spec.namespace, name: host.spec.name }, node: host.node };
  }

  private addressesOfNode(node: string): readonly string[] {
    return this.options.networks.nodes.find(({ name }) => name === node)?.addresses ?? [];
  }
}

interface ServiceTable {
  readonly rules: ReadonlyMap<string, ServiceRule>;
  readonly addresses: ReadonlySet<string>;
}

/** The first rule has an address and port that two of them claim. */
function serviceTable(rules: readonly ServiceRule[], nodeAddresses: readonly string[]): ServiceTable {
  const table = new Map<string, ServiceRule>();
  const add = (key: string, rule: ServiceRule): void => {
    if (!table.has(key)) table.set(key, rule);
  };
  for (const rule of rules) {
    for (const address of rule.addresses) add(`${canonical(address)} ${rule.protocol} ${rule.port}`, rule);
    if (rule.nodePort !== undefined)
      for (const address of nodeAddresses) add(`${address} ${rule.protocol} ${rule.nodePort}`, rule);
  }
  return { rules: table, addresses: new Set(rules.flatMap(({ addresses }) => addresses.map(canonical))) };
}

function canonical(address: string): string {
  const ip = parseIp(address)?.ip;
  return ip === undefined ? address : formatIp(ip);
}

function listenKey(host: SimHost, protocol: Protocol, port: number): string {
  return `${host.spec.hostNetwork ? host.node : host.spec.id} ${protocol} ${port}`;
}

function ranges(cidrs: readonly string[]): readonly Cidr[] {
  return cidrs.flatMap((text) => {
    const cidr = parseCidr(text)?.cidr;
    return cidr === undefined ? [] : [cidr];
  });
}

/** 0 <= x < 1, always the same for the same text. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return (hash >>> 0) / 2 ** 32;
}
