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

  constructor(engine: Engine, items: readonly ViewItem[]) {
    this.engine = engine;
    this.items = items;
    this.hosts = items.flatMap((_, index) => this.hostPeers(index));
  }

  /** What the answers towards one class of an item need beside the relation. */
  towards(to: number, toClass: number): readonly ExtraPair[] {
    const item = this.items[to];
    if (item === undefined || this.hosts.length === 0 || toClass >= this.engine.podClassCount) return NO_EXTRA;
    let nodes: readonly string[] | undefined;
    const extra: ExtraPair[] = [];
    for (const host of this.hosts) {
      const own = this.engine.ownNodePorts(host.classId, toClass);
      const other = this.engine.classPorts(host.classId, toClass);
      if (other.certain === own.certain && other.possible === own.possible) continue;
      nodes ??= this.nodesOf(item.pods, toClass);
      const pair = this.pairOf(host, nodes, own, other);
      if (pair !== undefined) extra.push(pair);
    }
    return extra;
  }

  /** Why the answer from one item to another is not the same for all pairs, or not certain; for readers. */
  reasons(from: number, to: number): readonly string[] {
    const classes = this.items[to]?.classes ?? [];
    const extra = classes.flatMap((classId) => this.towards(to, classId)).filter((pair) => pair.from === from);
    if (extra.length === 0) return [];
    const known = this.hosts.every((host) => host.index !== from || host.nodes !== undefined || host.everywhere);
    return known
      ? ['a pod accepts whatever comes from its own node, host-network pods there included']
      : ['a pod accepts whatever comes from its own node, and the input does not say which pods share one'];
  }

  private pairOf(host: HostPeer, nodes: readonly string[], own: PortBounds, other: PortBounds): ExtraPair | undefined {
    const base = { from: host.index, fromClass: host.classId };
    if (host.nodes === undefined || nodes.includes('')) {
      if (host.everywhere) return { ...base, bounds: own, replaces: false };
      const { portSets } = this.engine;
      const bounds = {
        certain: portSets.intersect(own.certain, other.certain),
        possible: portSets.union(own.possible, other.possible),
      };
      return { ...base, bounds, replaces: true };
    }
    const { nodes: hostNodes } = host;
    if (!nodes.some((node) => hostNodes.has(node))) return undefined;
    const allTogether = hostNodes.size === 1 && nodes.every((node) => hostNodes.has(node));
    return { ...base, bounds: own, replaces: allTogether };
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
