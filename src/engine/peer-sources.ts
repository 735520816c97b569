/**
 * What rules say about peers, before any pod is looked at: interned, so that ten thousand rules with the same peers are
 * resolved once.
 */
import { EVERYTHING } from '../kube/selectors.ts';
import { subtractCidrs, type IpRange } from '../base/inet-ranges.ts';
import type { ClusterPolicyPeer, LabelSelector, PolicyPeer } from '../kube/objects.ts';
import { AddressSets, type AddressSetId } from './address-atoms.ts';
import { LabelSpace, type SelectorId } from './label-space.ts';

export type PeerSourceId = number;

/** Pods of one namespace, or of the namespaces that a selector selects. */
export interface PodPeers {
  /** -1 when `namespaces` says which. */
  readonly namespace: number;
  /** -1 when it is the one namespace. */
  readonly namespaces: SelectorId;
  readonly pods: SelectorId;
}

/** Union of its parts. */
export interface PeerSource {
  /** Everything there is: pods, hosts, addresses (S9). */
  readonly any: boolean;
  readonly pods: readonly PodPeers[];
  /** -1 = none. */
  readonly addresses: AddressSetId;
  readonly nodes: readonly SelectorId[];
  readonly domains: 'none' | 'outside' | 'anywhere';
}

export class PeerSources {
  readonly podLabels = new LabelSpace();
  readonly namespaceLabels = new LabelSpace();
  readonly nodeLabels = new LabelSpace();
  readonly addressSets = new AddressSets();
  private readonly sources: PeerSource[] = [];
  private readonly ids = new Map<string, PeerSourceId>();

  get count(): number {
    return this.sources.length;
  }

  source(id: PeerSourceId): PeerSource {
    const source = this.sources[id];
    if (source === undefined) throw new RangeError(`peer source ${id}`);
    return source;
  }

  podPeers(
    namespace: number,
    namespaceSelector: LabelSelector | undefined,
    podSelector: LabelSelector | undefined,
  ): PodPeers {
    return {
      namespace: namespaceSelector === undefined ? namespace : -1,
      namespaces: namespaceSelector === undefined ? -1 : this.namespaceLabels.intern(namespaceSelector),
      pods: this.podLabels.intern(podSelector ?? EVERYTHING),
    };
  }

  /** Peers of a NetworkPolicy rule (S9, S11, S90). */
  ofPolicy(peers: readonly PolicyPeer[], namespace: number): PeerSourceId {
    if (peers.length === 0) return this.intern({ any: true, pods: [], addresses: -1, nodes: [], domains: 'none' });
    const pods: PodPeers[] = [];
    const ranges: IpRange[] = [];
    for (const peer of peers) {
      if (peer.type === 'pods') pods.push(this.podPeers(namespace, peer.namespaceSelector, peer.podSelector));
      else if (peer.cidr !== undefined) for (const range of subtractCidrs(peer.cidr, peer.except)) ranges.push(range);
    }
    return this.intern({ any: false, pods, addresses: this.addresses(ranges), nodes: [], domains: 'none' });
  }

  /** Pod peers of a cluster policy rule. */
  ofClusterPods(peers: readonly ClusterPolicyPeer[]): PeerSourceId {
    const pods = peers.flatMap((peer) =>
      peer.type === 'pods' ? [this.podPeers(-1, peer.namespaceSelector, peer.podSelector)] : [],
    );
    return this.intern({ any: false, pods, addresses: -1, nodes: [], domains: 'none' });
  }

  /** The peers of a cluster policy rule that are addresses of some kind: networks, nodes, domain names. */
  ofClusterAddresses(peers: readonly ClusterPolicyPeer[]): PeerSourceId {
    const ranges: IpRange[] = [];
    const nodes: SelectorId[] = [];
    let domains: PeerSource['domains'] = 'none';
    for (const peer of peers) {
      if (peer.type === 'networks') for (const cidr of peer.cidrs) ranges.push(cidr);
      else if (peer.type === 'nodes') nodes.push(this.nodeLabels.intern(peer.selector));
      else if (peer.type === 'domainNames') {
        if (peer.names.some(mayNamePods)) domains = 'anywhere';
        else if (domains === 'none') domains = 'outside';
      }
    }
    return this.intern({ any: false, pods: [], addresses: this.addresses(ranges), nodes, domains });
  }

  /** Everybody: what a rule that is not understood stands for (S157). */
  ofAnybody(): PeerSourceId {
    return this.ofPolicy([], -1);
  }

  private addresses(ranges: readonly IpRange[]): AddressSetId {
    return ranges.length === 0 ? -1 : this.addressSets.intern(ranges);
  }

  private intern(source: PeerSource): PeerSourceId {
    const pods = source.pods.map((p) => `${p.namespace} ${p.namespaces} ${p.pods}`);
    const text = `${source.any ? '*' : ''}${pods.sort().join(',')};${source.addresses};${source.nodes.join(',')};${source.domains}`;
    let id = this.ids.get(text);
    if (id === undefined) {
      id = this.sources.push(source) - 1;
      this.ids.set(text, id);
    }
    return id;
  }
}

/**
 * Whether a domain name can lie in the cluster's own DNS domain, and so resolve to pods (S169): it has a label `svc` or
 * `pod`, as names of Services and pods have, or it is in `cluster.local`, or it is a wildcard around those.
 */
export function mayNamePods(name: string): boolean {
  const text = name.toLowerCase().replace(/\.$/, '');
  const plain = text.startsWith('*.') ? text.slice(2) : text;
  const labels = plain.split('.');
  if (labels.includes('svc') || labels.includes('pod')) return true;
  return plain === 'cluster.local' || plain.endsWith('.cluster.local') || (text.startsWith('*.') && plain === 'local');
}
