/**
 * Host-network pods towards pods on their own node.
 *
 * The relation answers for a host on another node; the own node is let in whatever ingress policy says (S100, S107). So
 * what a DaemonSet on the host network may open differs per pair, and where the input does not say which node a pod is
 * on, it is unknown (D14).
 */
import type { Engine } from './engine.ts';
import type { ExtraPair } from './connectivity-pairs.ts';
import type { ViewItem } from './connectivity-views.ts';
import type { PortBounds } from './port-sets.ts';

interface HostPeer {
  readonly index: number;
  readonly classId: number;
  /** Node names of its pods; `undefined` when one is unknown. */
  readonly nodes: ReadonlySet<string> | undefined;
  /** One pod on every node, so wherever a destination runs, one of its pods is there too. */
  readonly everywhere: boolean;
}

const NO_EXTRA: readonly ExtraPair[] = [];

export class OwnNodePairs {
  private readonly engine: Engine;
  private readonly items: readonly ViewItem[];
  private readonly hosts: readonly HostPeer[];
  private readonly hostItems: ReadonlySet<number>;

  constructor(engine: Engine, items: readonly ViewItem[]) {
    this.engine = engine;
    this.items = items;
    this.hosts = items.flatMap((_, index) => this.hostPeers(index));
    this.hostItems = new Set(this.hosts.map(({ index }) => index));
  }

  /** What the answers towards one class of an item need beside the relation. */
  towards(to: number, toClass: number): readonly ExtraPair[] {
    const { podClassCount, hostClassCount, cluster } = this.engine;
    if (this.hosts.length === 0) return NO_EXTRA;
    if (toClass < podClassCount) return this.fromHosts(to, toClass);
    const isHost = toClass < podClassCount + hostClassCount;
    return isHost && cluster.allowEgressToLocalNode ? this.fromPods(to, toClass) : NO_EXTRA;
  }

  private fromHosts(to: number, toClass: number): readonly ExtraPair[] {
    let nodes: readonly string[] | undefined;
    const extra: ExtraPair[] = [];
    for (const host of this.hosts) {
      const bounds = this.differing(host.classId, toClass);
      if (bounds === undefined) continue;
      nodes ??= this.nodesOf(this.items[to]?.pods ?? [], toClass);
      const pair = this.pairOf({ from: host.index, fromClass: host.classId }, host, nodes, bounds);
      if (pair !== undefined) extra.push(pair);
    }
    return extra;
  }

  /** Only with D1 switched: egress to the own node is then exempt like ingress from it. */
  private fromPods(to: number, toClass: number): readonly ExtraPair[] {
    const host = this.hosts.find(({ index, classId }) => index === to && classId === toClass);
    if (host === undefined) return NO_EXTRA;
    const extra: ExtraPair[] = [];
    this.items.forEach(({ classes, pods }, from) => {
      for (const fromClass of classes) {
        if (fromClass >= this.engine.podClassCount) continue;
        const bounds = this.differing(fromClass, toClass);
        if (bounds === undefined) continue;
        const pair = this.pairOf({ from, fromClass }, host, this.nodesOf(pods, fromClass), bounds);
        if (pair !== undefined) extra.push(pair);
      }
    });
    return extra;
  }

  /** The answers on one node and across nodes, when they differ. */
  private differing(fromClass: number, toClass: number): { own: PortBounds; other: PortBounds } | undefined {
    const own = this.engine.ownNodePorts(fromClass, toClass);
    const other = this.engine.classPorts(fromClass, toClass);
    return other.certain === own.certain && other.possible === own.possible ? undefined : { own, other };
  }

  /** Why the answer from one item to another is not the same for all pairs, or not certain; for readers. */
  reasons(from: number, to: number): readonly string[] {
    // Asked for every connection of a map; nearly none has a host at an end.
    if (!this.hostItems.has(from) && !this.hostItems.has(to)) return [];
    const classes = this.items[to]?.classes ?? [];
    const extra = classes.flatMap((classId) => this.towards(to, classId)).filter((pair) => pair.from === from);
    if (extra.length === 0) return [];
    const known = this.hosts.every(
      (host) => (host.index !== from && host.index !== to) || host.nodes !== undefined || host.everywhere,
    );
    const rule = extra.some(({ fromClass }) => fromClass >= this.engine.podClassCount)
      ? 'a pod accepts whatever comes from its own node, host-network pods there included'
      : 'a pod may open whatever it likes to its own node, host-network pods there included';
    return known ? [rule] : [`${rule}; the input does not say which pods share a node`];
  }

  private pairOf(
    source: Pick<ExtraPair, 'from' | 'fromClass'>,
    host: HostPeer,
    podNodes: readonly string[],
    { own, other }: { readonly own: PortBounds; readonly other: PortBounds },
  ): ExtraPair | undefined {
    if (host.nodes === undefined || podNodes.includes('')) {
      if (host.everywhere) return { ...source, bounds: own, replaces: false };
      const { portSets } = this.engine;
      const bounds = {
        certain: portSets.intersect(own.certain, other.certain),
        possible: portSets.union(own.possible, other.possible),
      };
      return { ...source, bounds, replaces: true };
    }
    const { nodes } = host;
    if (!podNodes.some((node) => nodes.has(node))) return undefined;
    const allTogether = nodes.size === 1 && podNodes.every((node) => nodes.has(node));
    return { ...source, bounds: own, replaces: allTogether };
  }

  private nodesOf(pods: readonly number[], classId: number): readonly string[] {
    const { engine } = this;
    const nodes = new Set<string>();
    for (const pod of pods) {
      if (engine.classOfPod(pod) === classId) nodes.add(engine.cluster.pods.nodeNames[pod] ?? '');
    }
    return [...nodes];
  }

  private hostPeers(index: number): readonly HostPeer[] {
    const item = this.items[index];
    if (item === undefined) return [];
    const { cluster } = this.engine;
    const hosts: HostPeer[] = [];
    for (const classId of item.classes) {
      const pods = item.pods.filter(
        (pod) => cluster.pods.isHostNetwork(pod) && this.engine.classOfPod(pod) === classId,
      );
      if (pods.length === 0) continue;
      const nodes = new Set(pods.map((pod) => cluster.pods.nodeNames[pod] ?? ''));
      const everywhere = pods.some(
        (pod) =>
          cluster.pods.isSynthetic(pod) && cluster.workloads[cluster.pods.workloadOf[pod] ?? -1]?.kind === 'DaemonSet',
      );
      hosts.push({ index, classId, nodes: nodes.has('') ? undefined : nodes, everywhere });
    }
    return hosts;
  }
}
