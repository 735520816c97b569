/**
 * What the rules of some policies can tell apart about peers: the pods that they name, the labels and named ports by
 * which they do, nodes, and networks.
 */
import { AddressAtoms, AddressSets } from '../engine/address-atoms.ts';
import type { IpAddress } from '../base/inet.ts';
import { subtractCidrs, type IpRange } from '../base/inet-ranges.ts';
import type {
  ClusterPolicyObject,
  ContainerPort,
  Labels,
  LabelSelector,
  NetworkPolicyObject,
} from '../kube/objects.ts';
import { EVERYTHING, selectorKey } from '../kube/selectors.ts';
import { compareText } from '../model/order.ts';

/** Pods that a rule names: those of one namespace, or of the selected ones, as far as their labels are selected. */
export interface NamedPods {
  readonly namespace: string | LabelSelector;
  readonly pods: PodSelection;
}

/** A selector of pod labels; `index` counts the different ones. */
export interface PodSelection {
  readonly index: number;
  readonly selector: LabelSelector;
}

export class PeerTerms {
  readonly atoms: AddressAtoms;
  readonly podSelections: readonly PodSelection[];
  readonly namedPods: readonly NamedPods[];
  private readonly podLabelTerms = new LabelTerms();
  private readonly nodeLabelTerms = new LabelTerms();
  private readonly ports = new Set<string>();
  private readonly networks: string;
  private readonly content: string;

  constructor(networkPolicies: readonly NetworkPolicyObject[], clusterPolicies: readonly ClusterPolicyObject[]) {
    const addresses = new AddressSets();
    const selections = new Map<string, PodSelection>();
    const named = new Map<string, NamedPods>();
    const addPods = (namespace: NamedPods['namespace'], selector: LabelSelector = EVERYTHING): void => {
      this.podLabelTerms.add(selector);
      const podsKey = selectorKey(selector);
      const pods = selections.get(podsKey) ?? { index: selections.size, selector };
      selections.set(podsKey, pods);
      const where = typeof namespace === 'string' ? `=${JSON.stringify(namespace)}` : selectorKey(namespace);
      named.set(`${where}\n${podsKey}`, { namespace, pods });
    };
    for (const { meta, ingress, egress } of networkPolicies) {
      for (const { peers } of [...ingress, ...egress]) {
        for (const peer of peers) {
          if (peer.type === 'pods') addPods(peer.namespaceSelector ?? meta.namespace, peer.podSelector);
          else if (peer.cidr !== undefined) addresses.intern(subtractCidrs(peer.cidr, peer.except));
        }
      }
      // Ports of ingress rules are those of the pods that are judged.
      for (const { ports } of egress) {
        for (const { port } of ports) if (typeof port === 'string') this.ports.add(port);
      }
    }
    for (const { ingress, egress } of clusterPolicies) {
      for (const { peers } of [...ingress, ...egress]) {
        for (const peer of peers) {
          if (peer.type === 'pods') addPods(peer.namespaceSelector, peer.podSelector);
          else if (peer.type === 'networks') for (const cidr of peer.cidrs) addresses.intern([cidr]);
          else if (peer.type === 'nodes') this.nodeLabelTerms.add(peer.selector);
        }
      }
      for (const { ports = [] } of egress) {
        for (const port of ports) if (port.type === 'named') this.ports.add(port.name);
      }
    }
    this.podSelections = [...selections.values()];
    this.namedPods = [...named.values()];
    this.atoms = new AddressAtoms(addresses.sets);
    const rangeText = ({ family, first, last }: IpRange): string => `${family}:${first}-${last}`;
    this.networks = addresses.sets.map((ranges) => ranges.map(rangeText).join(' ')).join(';');
    this.content = JSON.stringify([[...named.keys()], this.nodeLabelTerms.content, [...this.ports]]);
  }

  /** Whether networks are cut in the same way. */
  cutsAs(other: PeerTerms): boolean {
    return this.networks === other.networks;
  }

  /** Whether pods and nodes are told apart in the same way, wherever their addresses are. */
  tellsApartAs(other: PeerTerms): boolean {
    return this.content === other.content;
  }

  /** Equal for labels of pods that no selection tells apart. */
  podLabels(labels: Labels): string {
    return this.podLabelTerms.text(labels);
  }

  nodeLabels(labels: Labels): string {
    return this.nodeLabelTerms.text(labels);
  }

  namedPorts(ports: readonly ContainerPort[]): string {
    const named = ports.filter(({ name }) => this.ports.has(name));
    return named.length === 0 ? '' : JSON.stringify(portWords(named));
  }

  /**
   * Where an address lies, as far as networks are told apart: a number for an owner with one address of the family, and
   * for others a text, since a rule that covers one of their addresses covers all (S88).
   */
  placeOf(own: IpAddress, all: readonly IpAddress[]): number | string {
    const { atoms } = this;
    const place = 2 * atoms.atomOf(own) + (own.family === 4 ? 0 : 1);
    if (all.length === 1) return place;
    const others = all.filter(({ family }) => family === own.family);
    if (others.length === 1) return place;
    return [place, ...new Set(others.map((ip) => atoms.atomOf(ip)).sort((a, b) => a - b))].join(' ');
  }
}

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
    return parts.length > 1 ? parts.sort(compareText).join(' ') : (parts[0] ?? '');
  }

  /** Equal for terms that tell the same apart, in the order in which they were added. */
  get content(): string {
    return JSON.stringify([...this.keys].map(([key, { values }]) => [key, ...values.keys()]));
  }
}

/** Sorted, so that the order of containers does not count. */
export function portWords(ports: readonly ContainerPort[]): readonly string[] {
  return ports.map(({ name, protocol, containerPort }) => `${protocol}/${containerPort}/${name}`).toSorted(compareText);
}
