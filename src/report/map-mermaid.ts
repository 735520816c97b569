import type { ConnectivityMap } from '../engine/results.ts';
import { mermaidText } from './escape.ts';
import { mapGraph } from './map-graph.ts';
import type { GraphEdge, GraphNode } from './map-graph.ts';
import { indexMap } from './map-index.ts';
import type { MapOptions } from './map-options.ts';

const BRACKETS: Readonly<Record<GraphNode['shape'], readonly [string, string]>> = {
  workload: ['[', ']'],
  external: ['([', '])'],
  entry: ['{{', '}}'],
};

/**
 * The map as a Mermaid flowchart, as GitHub draws it in Markdown: a subgraph per namespace, one node for workloads
 * that are alike. Ids are made up (`n0`), names appear in quoted labels only. Dashed: uncertain or blocked by policy;
 * amber border: no policy isolates it for ingress.
 */
export function renderMapMermaid(map: ConnectivityMap, options: MapOptions): string {
  const graph = mapGraph(indexMap(map), options);
  const lines: string[] = [];
  if (graph.note !== undefined) lines.push('---', `title: "${graph.note}"`, '---');
  lines.push('flowchart LR');
  for (const note of options.notes ?? []) lines.push(`  %% ${mermaidText(note)}`);
  for (const cluster of graph.clusters) {
    lines.push(`  subgraph ${cluster.id}[${quoted([cluster.title])}]`);
    for (const node of cluster.nodes) lines.push(`    ${nodeStatement(node)}`);
    lines.push('  end');
  }
  for (const node of graph.loose) lines.push(`  ${nodeStatement(node)}`);
  for (const edge of graph.edges) lines.push(`  ${edgeStatement(edge)}`);
  const open = [...graph.clusters.flatMap((cluster) => cluster.nodes), ...graph.loose].filter((node) => node.open);
  if (open.length > 0) {
    lines.push(
      '  classDef open stroke:#d97706,stroke-width:2px',
      `  class ${open.map((node) => node.id).join(',')} open`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function nodeStatement(node: GraphNode): string {
  const [before, after] = BRACKETS[node.shape];
  return `${node.id}${before}${quoted(node.lines)}${after}`;
}

function edgeStatement(edge: GraphEdge): string {
  return `${edge.from} ${arrow(edge)}|${quoted([edge.label])}| ${edge.to}`;
}

/** A quoted label of several lines; Mermaid refuses an empty one. */
function quoted(lines: readonly string[]): string {
  const text = lines.map(mermaidText).join('<br/>');
  return `"${text === '' ? ' ' : text}"`;
}

function arrow(edge: GraphEdge): string {
  if (edge.blocked) return '-.-x';
  if (!edge.certain) return edge.both ? '<-.->' : '-.->';
  return edge.both ? '<-->' : '-->';
}
