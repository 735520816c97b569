/** The port lists of rules, and what they mean on a given destination: named ports differ from pod to pod (S112, S113). */
import { PairTable } from '../base/pair-table.ts';
import type { ClusterPolicyPort, ContainerPort, PolicyPort, Protocol } from '../kube/objects.ts';
import { ALL_PORTS, NO_PORTS, type PortSetId, type PortSets } from './port-sets.ts';

export type PortSpecId = number;
/** Pods with equal named ports, as far as rules name them, have one id; 0 = none of them. */
export type NamedPortsId = number;

export const NO_NAMED_PORTS: NamedPortsId = 0;

interface NamedPort {
  readonly name: string;
  /** `undefined`: the container port's own protocol counts (S167). */
  readonly protocol: Protocol | undefined;
}

interface PortSpec {
  readonly numeric: PortSetId;
  readonly names: readonly NamedPort[];
}

export class PortSpecs {
  /** A rule without ports: any protocol and port. */
  readonly any: PortSpecId;
  private readonly portSets: PortSets;
  private readonly specs: PortSpec[] = [];
  private readonly specIds = new Map<string, PortSpecId>();
  private readonly referenced = new Set<string>();
  private readonly named: (readonly ContainerPort[])[] = [];
  private readonly namedIds = new Map<string | number, NamedPortsId>();
  private readonly portNumbers = new Map<string, Map<number, number>>();
  private portNumberCount = 0;
  private readonly resolved = new PairTable();

  constructor(portSets: PortSets) {
    this.portSets = portSets;
    this.any = this.intern(ALL_PORTS, []);
    this.named.push([]);
  }

  /** Whether destinations are already told apart by what the name stands for. */
  knowsName(name: string): boolean {
    return this.referenced.has(name);
  }

  /** Of a NetworkPolicy rule (S13-S15, S75). */
  ofPolicy(ports: readonly PolicyPort[]): PortSpecId {
    if (ports.length === 0) return this.any;
    let numeric = NO_PORTS;
    const names: NamedPort[] = [];
    for (const { protocol, port, endPort } of ports) {
      if (typeof port === 'string') names.push({ name: port, protocol });
      else {
        const set =
          port === undefined ? this.portSets.protocol(protocol) : this.portSets.range(protocol, port, endPort);
        numeric = this.portSets.union(numeric, set);
      }
    }
    return this.intern(numeric, names);
  }

  /** Of a cluster policy rule (S165, S167); entries that are not understood are the caller's business (S157). */
  ofClusterPolicy(ports: readonly ClusterPolicyPort[] | undefined): PortSpecId {
    if (ports === undefined) return this.any;
    let numeric = NO_PORTS;
    const names: NamedPort[] = [];
    for (const port of ports) {
      if (port.type === 'named') names.push({ name: port.name, protocol: undefined });
      else if (port.type === 'range') {
        numeric = this.portSets.union(numeric, this.portSets.range(port.protocol, port.start, port.end));
      }
    }
    return this.intern(numeric, names);
  }

  /** The same spec without its named ports, which mean nothing for networks and nodes (S158). */
  withoutNames(spec: PortSpecId): PortSpecId {
    const { numeric, names } = this.spec(spec);
    return names.length === 0 ? spec : this.intern(numeric, []);
  }

  hasNames(spec: PortSpecId): boolean {
    return this.spec(spec).names.length > 0;
  }

  names(spec: PortSpecId): readonly NamedPort[] {
    return this.spec(spec).names;
  }

  /** Only right for names that were interned in a spec before. Ports without a name or with one nobody names do not count. */
  namedPorts(ports: readonly ContainerPort[]): NamedPortsId {
    let relevant: ContainerPort[] | undefined;
    let single = 0;
    for (const port of ports) {
      if (port.name === '' || !this.referenced.has(port.name)) continue;
      (relevant ??= []).push(port);
      single = this.portNumber(port);
    }
    if (relevant === undefined) return NO_NAMED_PORTS;
    const text =
      relevant.length === 1
        ? single
        : relevant
            .map((port) => this.portNumber(port))
            .sort((a, b) => a - b)
            .join(' ');
    let id = this.namedIds.get(text);
    if (id === undefined) {
      id = this.named.push(relevant) - 1;
      this.namedIds.set(text, id);
    }
    return id;
  }

  /** Equal ports have equal numbers. */
  private portNumber({ name, protocol, containerPort }: ContainerPort): number {
    let numbers = this.portNumbers.get(name);
    if (numbers === undefined) {
      numbers = new Map();
      this.portNumbers.set(name, numbers);
    }
    const key = containerPort * 4 + (protocol === 'TCP' ? 0 : protocol === 'UDP' ? 1 : 2);
    let number = numbers.get(key);
    if (number === undefined) {
      number = ++this.portNumberCount;
      numbers.set(key, number);
    }
    return number;
  }

  resolve(spec: PortSpecId, destination: NamedPortsId): PortSetId {
    let result = this.resolved.get(spec, destination);
    if (result < 0) {
      result = this.compute(this.spec(spec), this.named[destination] ?? []);
      this.resolved.set(spec, destination, result);
    }
    return result as PortSetId;
  }

  private compute(spec: PortSpec, ports: readonly ContainerPort[]): PortSetId {
    let set = spec.numeric;
    for (const { name, protocol } of spec.names) {
      for (const port of ports) {
        if (port.name !== name || (protocol !== undefined && port.protocol !== protocol)) continue;
        set = this.portSets.union(set, this.portSets.range(port.protocol, port.containerPort, port.containerPort));
      }
    }
    return set;
  }

  private spec(id: PortSpecId): PortSpec {
    const spec = this.specs[id];
    if (spec === undefined) throw new RangeError(`port spec ${id}`);
    return spec;
  }

  private intern(numeric: PortSetId, names: readonly NamedPort[]): PortSpecId {
    const text = `${numeric}|${names
      .map(({ name, protocol }) => `${name}/${protocol ?? ''}`)
      .sort()
      .join(' ')}`;
    let id = this.specIds.get(text);
    if (id === undefined) {
      id = this.specs.push({ numeric, names }) - 1;
      this.specIds.set(text, id);
      for (const { name } of names) this.referenced.add(name);
    }
    return id;
  }
}
