/**
 * What the rules of some policies can tell apart about peers, whatever the peers are: label keys and the values that
 * they name, names of ports, networks, and namespaces that are named by lying in them.
 */
import { AddressAtoms, AddressSets } from '../engine/address-atoms.ts';
import type { IpAddress } from '../base/inet.ts';
import { subtractCidrs, type IpRange } from '../base/inet-ranges.ts';
import type {
  ClusterPolicyObject,
  ContainerPort,
  Labels,
  LabelSelector,
  NamespaceObject,
  NetworkPolicyObject,
} from '../kube/objects.ts';
import { namespaceLabels } from '../model/namespaces.ts';
import { compareText } from '../model/order.ts';

/** Label sets with equal texts match the same selectors. Texts consist of our own numbers. */
class LabelTerms {
  private readonly keys = new Map<string, { readonly index: number; readonly values: Map<string, number> }>();

  add({ requirements }: LabelSelector): void {
    for (const { key, values } of requirements) {
      let known = this.keys.get(key);
      if (known === undefined) {
        known = { index: this.keys.size, values: new Map() };
        this.keys.set(key, known);
      }
      for (const value of values) if (!known.values.has(value)) known.values.set(value, known.values.size);
    }
  }

  /** A value that nobody names only counts as being there. */
  text(labels: Labels): string {
    const parts: string[] = [];
    const add = (key: string, value: string): void => {
      const known = this.keys.get(key);
      if (known !== undefined) parts.push(`${known.index}=${known.values.get(value) ?? ''}`);
    };
    if (labels.size <= this.keys.size) for (const [key, value] of labels) add(key, value);
    else {
      for (const key of this.keys.keys()) {
        const value = labels.get(key);
        if (value !== undefined) add(key, value);
      }
    }
    return parts.sort(compareText).join(' ');
  }

  /** Equal for terms that tell the same apart, in the order in which they were added. */
  get content(): string {
    return JSON.stringify([...this.keys].map(([key, { values }]) => [key, ...values.keys()]));
  }
}

export class PeerTerms {
  readonly atoms: AddressAtoms;
  private readonly pods = new LabelTerms();
  private readonly namespaces = new LabelTerms();
  private readonly nodes = new LabelTerms();
  private readonly ports = new Set<string>();
  /** Namespaces with policies: their own pods are peers by lying there. */
  private readonly homes = new Set<string>();
  private readonly networks: string;

  constructor(networkPolicies: readonly NetworkPolicyObject[], clusterPolicies: readonly ClusterPolicyObject[]) {
    const addresses = new AddressSets();
    for (const { meta, ingress, egress } of networkPolicies) {
      this.homes.add(meta.namespace);
      for (const { peers, ports } of [...ingress, ...egress]) {
        for (const { port } of ports) if (typeof port === 'string') this.ports.add(port);
        for (const peer of peers) {
          if (peer.type === 'ipBlock') {
            if (peer.cidr !== undefined) addresses.intern(subtractCidrs(peer.cidr, peer.except));
          } else {
            if (peer.podSelector !== undefined) this.pods.add(peer.podSelector);
            if (peer.namespaceSelector !== undefined) this.namespaces.add(peer.namespaceSelector);
          }
        }
      }
    }
    for (const { ingress, egress } of clusterPolicies) {
      for (const { peers, ports } of [...ingress, ...egress]) {
        for (const port of ports ?? []) if (port.type === 'named') this.ports.add(port.name);
        for (const peer of peers) {
          if (peer.type === 'networks') for (const cidr of peer.cidrs) addresses.intern([cidr]);
          else if (peer.type === 'nodes') this.nodes.add(peer.selector);
          else if (peer.type === 'pods') {
            this.pods.add(peer.podSelector);
            this.namespaces.add(peer.namespaceSelector);
          }
        }
      }
    }
    this.atoms = new AddressAtoms(addresses.sets);
    const rangeText = ({ family, first, last }: IpRange): string => `${family}:${first}-${last}`;
    this.networks = addresses.sets.map((ranges) => ranges.map(rangeText).join(' ')).join(';');
  }

  /** Whether networks are cut in the same way. */
  cutsAs(other: PeerTerms): boolean {
    return this.networks === other.networks;
  }

  /** Whether labels, ports and namespaces are told apart in the same way. */
  tellsApartAs(other: PeerTerms): boolean {
    return this.content === other.content;
  }

  private get content(): string {
    const { pods, namespaces, nodes, ports, homes } = this;
    return JSON.stringify([pods.content, namespaces.content, nodes.content, [...ports], [...homes]]);
  }

  podLabels(labels: Labels): string {
    return this.pods.text(labels);
  }

  nodeLabels(labels: Labels): string {
    return this.nodes.text(labels);
  }

  namedPorts(ports: readonly ContainerPort[]): string {
    const named = ports.filter(({ name }) => this.ports.has(name));
    return named.length === 0 ? '' : JSON.stringify(portWords(named));
  }

  /** `object` is `undefined` for a namespace that is only known by what lies in it (D14). */
  namespace(name: string, object: NamespaceObject | undefined): string {
    if (this.homes.has(name)) return `=${JSON.stringify(name)}`;
    const labels = namespaceLabels(name, object?.meta.labels);
    return `${object === undefined ? '?' : ''}${this.namespaces.text(labels)}`;
  }

  /** The parts of the address space that the addresses lie in, and that of the first one. */
  atomsOf(own: IpAddress, all: readonly IpAddress[]): string {
    const { atoms } = this;
    const first = atoms.atomOf(own);
    if (all.length === 1) return String(first);
    const others = all.filter(({ family }) => family === own.family).map((ip) => atoms.atomOf(ip));
    return [first, ...[...new Set(others)].sort((a, b) => a - b)].join(' ');
  }
}

/** Sorted, so that the order of containers does not count. */
export function portWords(ports: readonly ContainerPort[]): readonly string[] {
  return ports.map(({ name, protocol, containerPort }) => `${protocol}/${containerPort}/${name}`).toSorted(compareText);
}
