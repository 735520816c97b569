/** Who of a cluster lives where in a {@link Network}. */
import { nodeOfPart } from '../../src/dataplane/node-peers.ts';
import { separateNodes } from '../dataplane/plan-cluster.ts';
import type { Manifest, RawPodSpec } from '../oracle/manifest.ts';
import { Oracle, type End } from '../oracle/oracle.ts';
import { endName, endsOf } from '../property/queries.ts';
import type { NodeAddresses, Network } from './network.ts';
import type { Place } from './place.ts';

const families = [4, 6] as const;

export class Residence {
  /** What the oracle is asked about: every node with one address of each family. */
  readonly oracle: Oracle;
  readonly ends: readonly End[];
  /** The nodes that enforce, in the network's order. */
  readonly nodes: readonly string[];
  private readonly specs: ReadonlyMap<string, RawPodSpec>;

  constructor(objects: readonly Manifest[], nodeCount: number) {
    const separate = separateNodes(objects);
    this.oracle = new Oracle(separate);
    this.ends = endsOf(separate);
    this.specs = new Map(
      objects
        .filter(({ kind }) => kind === 'Pod')
        .map(({ metadata, spec }) => [
          `${metadata.namespace ?? 'default'}/${metadata.name}`,
          (spec ?? {}) as RawPodSpec,
        ]),
    );
    this.nodes = this.busiestNodes().slice(0, nodeCount);
  }

  private busiestNodes(): string[] {
    const pods = new Map<string, number>();
    for (const end of this.ends) {
      const node = this.nodeOfPod(end);
      if (node !== undefined) pods.set(node, (pods.get(node) ?? 0) + 1);
    }
    return [...pods].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([node]) => node);
  }

  /** Of pods that have a network of their own. */
  private nodeOfPod(end: End): string | undefined {
    if (!('pod' in end)) return undefined;
    const { nodeName, hostNetwork } = this.specs.get(end.pod) ?? {};
    return hostNetwork === true ? undefined : (nodeName ?? undefined);
  }

  /** The node whose own addresses these are. */
  private hostOf(end: End): string | undefined {
    if ('node' in end) return nodeOfPart(end.node);
    if (!('pod' in end)) return undefined;
    const { nodeName, hostNetwork } = this.specs.get(end.pod) ?? {};
    return hostNetwork === true ? (nodeName ?? undefined) : undefined;
  }

  /** Whether a node that enforces judges this pod. */
  isJudged(end: End): boolean {
    return this.nodes.includes(this.nodeOfPod(end) ?? '');
  }

  /**
   * A second address of a node and a pod on that node: the oracle takes only the first part of a node for the pod's own
   * node.
   */
  isBeyondOracle(end: End, other: End): boolean {
    return 'node' in end && end.node !== nodeOfPart(end.node) && nodeOfPart(end.node) === this.nodeOfPod(other);
  }

  placeOf(end: End, network: Network): Place {
    const [pods, host] = [this.nodeOfPod(end), this.hostOf(end)];
    const at = (node: string | undefined) => network.nodes[node === undefined ? -1 : this.nodes.indexOf(node)];
    return at(pods)?.pods ?? at(host)?.host ?? network.elsewhere;
  }

  async settle(network: Network, ports: { readonly tcp: readonly number[]; readonly udp: readonly number[] }) {
    const byPlace = new Map<Place, Set<string>>(network.places.map((place) => [place, new Set()]));
    for (const end of this.ends) {
      const addresses = byPlace.get(this.placeOf(end, network));
      for (const family of families) for (const ip of this.oracle.addresses(end, family)) addresses?.add(ip);
    }
    const of = (place: Place): string[] => [...(byPlace.get(place) ?? [])];
    const nodes = network.nodes.map(({ host, pods }): NodeAddresses => ({ own: of(host), pods: of(pods) }));
    await network.arrange({ nodes, elsewhere: of(network.elsewhere), ...ports });
  }
}

/** Two ends as text. */
export function pairName(from: End, to: End): string {
  return `${endName(from)} -> ${endName(to)}`;
}
