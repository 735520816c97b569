import type { ConnectivityMap } from '../engine/results.ts';
import { dotString } from './escape.ts';
import { mapGraph } from './map-graph.ts';
import type { GraphEdge, GraphNode } from './map-graph.ts';
import { indexMap } from './map-index.ts';
import type { MapOptions } from './map-options.ts';

const SHAPES: Readonly<Record<GraphNode['shape'], string>> = {
  workload: 'shape=box, style="rounded,filled"',
  external: 'shape=ellipse, style=filled',
  entry: 'shape=cds, style=filled',
};

/**
 * The map for Graphviz: a cluster per namespace, one node for workloads that are alike. Dashed: uncertain; dotted and
 * red: blocked by policy; amber border: no policy isolates it for ingress.
 */
export function renderMapDot(map: ConnectivityMap, options: MapOptions): string {
  const graph = mapGraph(indexMap(map), options);
  const lines = ['digraph sallyport {'];
  const title = [...(options.notes ?? []), ...(graph.note === undefined ? [] : [graph.note])];
  const label = title.length === 0 ? '' : `, labelloc=t, label=${dotLines(title)}`;
  lines.push(
    `  graph [rankdir=LR, fontname="sans-serif"${label}];`,
    '  node [fontname="sans-serif", fontsize=11, color="#64748b", fillcolor="#f8fafc"];',
    '  edge [fontname="sans-serif", fontsize=9, color="#475569"];',
  );
  for (const cluster of graph.clusters) {
    lines.push(`  subgraph ${dotString(`cluster_${cluster.id}`)} {`);
    lines.push(`    label=${dotString(cluster.title)}; style=rounded; color="#94a3b8"; fontname="sans-serif";`);
    for (const node of cluster.nodes) lines.push(`    ${nodeStatement(node)}`);
    lines.push('  }');
  }
  for (const node of graph.loose) lines.push(`  ${nodeStatement(node)}`);
  for (const edge of graph.edges) lines.push(`  ${edgeStatement(edge)}`);
  lines.push('}');
  return `${lines.join('\n')}\n`;
}

function nodeStatement(node: GraphNode): string {
  const open = node.open ? ', color="#d97706"' : '';
  return `${dotString(node.id)} [label=${dotLines(node.lines)}, ${SHAPES[node.shape]}${open}];`;
}

function edgeStatement(edge: GraphEdge): string {
  const attributes = [`label=${dotString(edge.label)}`];
  if (edge.both) attributes.push('dir=both');
  if (edge.blocked) attributes.push('style=dotted', 'color="#dc2626"', 'arrowhead=tee');
  else if (!edge.certain) attributes.push('style=dashed');
  return `${dotString(edge.from)} -> ${dotString(edge.to)} [${attributes.join(', ')}];`;
}

/** A label of several lines: each is escaped, and only the breaks between them are Graphviz's own. */
function dotLines(lines: readonly string[]): string {
  return `"${lines.map((line) => dotString(line).slice(1, -1)).join(String.raw`\n`)}"`;
}
