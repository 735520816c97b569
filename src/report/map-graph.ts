import type { Exposure } from '../engine/results.ts';
import { alikeClasses } from './alike.ts';
import type { AlikeClass } from './alike.ts';
import { visible } from './escape.ts';
import { exposuresInView } from './exposures-in-view.ts';
import { labelText, Reasons } from './label-text.ts';
import { nodeAttribute } from './map-blocks.ts';
import { externalPeers } from './map-index.ts';
import type { EdgeLabel, MapIndex } from './map-index.ts';
import type { MapOptions } from './map-options.ts';
import { outsideName } from './outside-names.ts';
import { describePeers } from './peer-terms.ts';
import { portsText } from './ports-text.ts';
import { countOf } from './wording.ts';

/** A drawing of the map, the same for every graph language. Texts are safe to print but not yet escaped for it. */
export interface MapGraph {
  /** What the picture leaves out, when it does. */
  readonly note: string | undefined;
  readonly clusters: readonly GraphCluster[];
  /** Outside any cluster. */
  readonly loose: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

export interface GraphCluster {
  readonly id: string;
  readonly title: string;
  readonly nodes: readonly GraphNode[];
}

export interface GraphNode {
  readonly id: string;
  readonly shape: 'workload' | 'external' | 'entry';
  readonly lines: readonly string[];
  /** No policy isolates it for ingress. */
  readonly open: boolean;
}

export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  readonly label: string;
  readonly certain: boolean;
  /** The same holds in the other direction. */
  readonly both: boolean;
  /** An exposure that policy blocks. */
  readonly blocked: boolean;
}

/** Beyond so many edges a picture is folded further: first over namespaces, then to one node per namespace. */
const MANY_EDGES = 150;
const TOO_MANY_EDGES = 300;

/** Folds the map into a graph small enough to draw. Workloads that are alike are one node. */
export function mapGraph(index: MapIndex, options: MapOptions): MapGraph {
  const inView = viewOf(index, options);
  const exposedAs = exposureKeys(index);
  const attribute = (node: number): string =>
    `${options.focus?.has(index.nodes[node]?.peer.id ?? '') === true}${nodeAttribute(index, node)}${exposedAs.get(node) ?? ''}`;
  const within = alikeClasses(index, (node) => `${index.nodes[node]?.group} ${attribute(node)}`);
  const graph = drawClasses(index, within, inView, options);
  if (options.full === true || graph.edges.length <= MANY_EDGES) return graph;
  const across = drawClasses(index, alikeClasses(index, attribute), inView, options);
  if (across.edges.length <= Math.min(TOO_MANY_EDGES, graph.edges.length - 1)) return across;
  if (graph.edges.length <= TOO_MANY_EDGES || index.byNamespace) return graph;
  return drawNamespaces(index, inView, options);
}

type View = (from: number, to: number) => boolean;

function viewOf(index: MapIndex, { focus, show = 'both' }: MapOptions): View {
  if (focus === undefined) return () => true;
  const chosen = index.nodes.map((node) => focus.has(node.peer.id));
  return (from, to) => (show !== 'in' && chosen[from] === true) || (show !== 'out' && chosen[to] === true);
}

function exposureKeys(index: MapIndex): Map<number, string> {
  const keys = new Map<number, string>();
  for (const exposure of index.map.exposed) {
    const node = index.numberOf.get(exposure.to);
    if (node !== undefined) keys.set(node, `${keys.get(node) ?? ''}${JSON.stringify(exposure, exposureFields)}`);
  }
  return keys;
}

const exposureFields = ['via', 'through', 'ports', 'protocol', 'ranges', 'allowed', 'certain', 'why'];

function drawClasses(index: MapIndex, classes: readonly AlikeClass[], inView: View, options: MapOptions): MapGraph {
  const classOf = new Map<number, number>();
  for (const [number, cls] of classes.entries()) for (const node of cls.members) classOf.set(node, number);
  const edges = new EdgeFolder();
  const drawn = new Set<number>();
  for (const [number, cls] of classes.entries()) {
    const first = cls.members[0] ?? 0;
    if (options.focus?.has(index.nodes[first]?.peer.id ?? '') !== false && first < index.inside) drawn.add(number);
    for (const [other, labelSet] of index.out[first] ?? []) {
      const target = classOf.get(other) ?? -1;
      // Every member sees the other class alike, so its first member speaks for it.
      if (target === number || classes[target]?.members[0] !== other || !inView(first, other)) continue;
      drawn.add(number).add(target);
      edges.add(`n${number}`, `n${target}`, setText(index, labelSet, options), isCertain(index, labelSet));
    }
  }
  const entries = exposureNodes(index, options, edges, (node) => `n${classOf.get(node)}`);

  const clusters = new Map<string, { title: string; nodes: GraphNode[] }>();
  const loose: GraphNode[] = [];
  for (const number of [...drawn].toSorted((a, b) => a - b)) {
    const cls = classes[number];
    const first = index.nodes[cls?.members[0] ?? 0];
    if (cls === undefined || first === undefined) continue;
    const node = classNode(index, cls, `n${number}`, options);
    const groups = [...new Set(cls.members.map((member) => index.nodes[member]?.group ?? -1))];
    if (first.group === -1 || (index.byNamespace && index.groups[first.group]?.name === '')) {
      loose.push(node);
      continue;
    }
    const names = groups.map((group) => index.groups[group]?.name ?? '');
    const shown = names.length <= 6 ? names.join(', ') : `${names.slice(0, 5).join(', ')} +${names.length - 5} more`;
    const title = names.length === 1 ? shown : `${names.length} namespaces: ${shown}`;
    const key = groups.join();
    const cluster = clusters.get(key);
    if (cluster === undefined) clusters.set(key, { title, nodes: [node] });
    else cluster.nodes.push(node);
  }
  return {
    note: undefined,
    clusters: [...clusters.values()].map((cluster, i) => ({ id: `g${i}`, ...cluster })),
    loose: [...loose, ...entries],
    edges: edges.list(),
  };
}

function classNode(index: MapIndex, cls: AlikeClass, id: string, options: MapOptions): GraphNode {
  const full = options.full === true;
  const first = index.nodes[cls.members[0] ?? 0];
  if (first === undefined || first.peer.type === 'external') {
    return { id, shape: 'external', lines: [outsideName(externalPeers(index, cls.members), full)], open: false };
  }
  const single = cls.members.every((node) => index.nodes[node]?.group === first.group);
  const names = single
    ? cls.members.map((node) => index.nodes[node]?.name ?? '')
    : describePeers(index, cls.members, options.filtered === true ? { full, detail: 'listed' } : { full });
  const shown = full || names.length <= 6 ? names : [...names.slice(0, 5), `+${names.length - 5} more`];
  const lines = [shown.join(', ')];
  if (cls.members.length > 4) lines.push(countOf(cls.members.length, first.peer.type));
  if (cls.internal !== -1) lines.push(`each other: ${setText(index, cls.internal, options)}`);
  const { peer } = first;
  if (peer.type === 'workload' && peer.hostNetwork === true) lines.push('host network');
  const open = peer.type === 'workload' && !peer.isolated.ingress;
  return { id, shape: 'workload', lines, open };
}

/** One node per namespace; an edge says how many connections it stands for. */
function drawNamespaces(index: MapIndex, inView: View, options: MapOptions): MapGraph {
  const nodeId = (node: number): string => {
    const group = index.nodes[node]?.group ?? -1;
    return group === -1 ? `x${node}` : `n${group}`;
  };
  const pairs = new Map<string, { from: string; to: string; count: number; labels: Set<number> }>();
  const inner = new Map<string, number>();
  for (const [from, targets] of index.out.entries()) {
    for (const [to, labelSet] of targets) {
      if (from === to || !inView(from, to)) continue;
      const [a, b] = [nodeId(from), nodeId(to)];
      if (a === b) {
        inner.set(a, (inner.get(a) ?? 0) + 1);
        continue;
      }
      const pair = pairs.get(`${a} ${b}`) ?? { from: a, to: b, count: 0, labels: new Set() };
      pairs.set(`${a} ${b}`, pair);
      pair.count++;
      pair.labels.add(labelSet);
    }
  }
  const edges = new EdgeFolder();
  for (const { from, to, count, labels } of pairs.values()) {
    const texts = [...new Set([...labels].map((labelSet) => setText(index, labelSet, options)))];
    const what = texts.length <= 2 ? texts.join('; ') : `${texts.length} kinds`;
    const certain = [...labels].some((labelSet) => isCertain(index, labelSet));
    edges.add(from, to, count === 1 ? what : `${count} x ${what}`, certain);
  }
  const entries = exposureNodes(index, options, edges, nodeId);
  const used = new Set(edges.list().flatMap((edge) => [edge.from, edge.to]));
  const loose: GraphNode[] = [];
  for (const [number, group] of index.groups.entries()) {
    const id = `n${number}`;
    const within = inner.get(id) ?? 0;
    if (!used.has(id) && within === 0 && options.focus !== undefined) continue;
    const lines = [group.name, countOf(group.end - group.first, 'workload')];
    if (within > 0) lines.push(`${countOf(within, 'connection')} within`);
    loose.push({ id, shape: 'workload', lines, open: false });
  }
  for (let node = index.inside; node < index.nodes.length; node++) {
    if (!used.has(`x${node}`)) continue;
    const lines = [outsideName(externalPeers(index, [node]), options.full)];
    loose.push({ id: `x${node}`, shape: 'external', lines, open: false });
  }
  return {
    note: 'Drawn by namespace: single workloads would be too many.',
    clusters: [],
    loose: [...loose, ...entries],
    edges: edges.list(),
  };
}

/** A node for each Ingress, route or Service that exposes something, and its edges. */
function exposureNodes(
  index: MapIndex,
  options: MapOptions,
  edges: EdgeFolder,
  nodeId: (node: number) => string,
): GraphNode[] {
  const entries = new Map<string, GraphNode>();
  for (const exposure of exposuresInView(index, options)) {
    const node = index.numberOf.get(exposure.to);
    let entry = entries.get(exposure.via);
    if (entry === undefined) {
      entry = {
        id: `e${entries.size}`,
        shape: 'entry',
        lines: [visible(exposure.via), ...(node === undefined ? ['leads nowhere'] : [])],
        open: false,
      };
      entries.set(exposure.via, entry);
    }
    if (node === undefined) continue;
    const blocked = !exposure.allowed && exposure.certain !== false;
    edges.add(entry.id, nodeId(node), exposureText(exposure, options), exposure.certain !== false, blocked);
  }
  return [...entries.values()];
}

function exposureText({ ports, allowed, certain }: Exposure, options: MapOptions): string {
  const text = portsText(ports, options.full);
  if (certain === false) return `maybe ${text}`;
  return allowed ? text : `${ports.length === 0 ? 'nothing' : text} blocked`;
}

/** Reasons are not drawn: a picture has no room for footnotes, a dashed line and "maybe" say enough. */
function setText(index: MapIndex, labelSet: number, options: MapOptions): string {
  const labels = index.labelSets[labelSet] ?? [];
  const bare = (label: EdgeLabel): EdgeLabel => ({ ...label, why: [] });
  return labels.map((label) => labelText(bare(label), new Reasons(), options.full)).join('; ');
}

function isCertain(index: MapIndex, labelSet: number): boolean {
  return index.labelSets[labelSet]?.some((label) => label.certain) === true;
}

/** Collects edges; an edge that says the same as its opposite becomes one with two heads. */
class EdgeFolder {
  private readonly edges = new Map<string, GraphEdge>();

  add(from: string, to: string, label: string, certain: boolean, blocked = false): void {
    const opposite = `${to} ${from} ${label}`;
    const existing = this.edges.get(opposite);
    if (existing !== undefined && from !== to) this.edges.set(opposite, { ...existing, both: true });
    else this.edges.set(`${from} ${to} ${label}`, { from, to, label, certain, both: false, blocked });
  }

  list(): GraphEdge[] {
    return [...this.edges.values()];
  }
}
