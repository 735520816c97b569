import type { ConnectivityDiff } from '../engine/semantic-diff-results.ts';
import { diffGraph } from './diff-graph.ts';
import type { DiffReportOptions } from './diff-options.ts';
import { verdictText } from './diff-words.ts';
import { dotString } from './escape.ts';

const COLOURS = { opened: '#dc2626', closed: '#16a34a', unclear: '#d97706' } as const;

/** The difference for Graphviz: red arrows are new, green ones gone, dashed ones uncertain. */
export function renderDiffDot(diff: ConnectivityDiff, options: Pick<DiffReportOptions, 'full'> = {}): string {
  const graph = diffGraph(diff, options.full === true);
  const note = graph.cut > 0 ? ` (${graph.cut} more rows not drawn)` : '';
  const lines = [
    'digraph sallyport {',
    `  graph [rankdir=LR, fontname="sans-serif", labelloc=t, label=${dotString(verdictText(diff) + note)}];`,
    '  node [fontname="sans-serif", fontsize=11, color="#64748b", fillcolor="#f8fafc"];',
    '  edge [fontname="sans-serif", fontsize=9];',
  ];
  for (const { id, label, external } of graph.nodes) {
    const shape = external ? 'shape=ellipse, style=filled' : 'shape=box, style="rounded,filled"';
    lines.push(`  ${dotString(id)} [label=${dotString(label)}, ${shape}];`);
  }
  for (const { from, to, label, kind, certain } of graph.arrows) {
    const style = certain && kind !== 'unclear' ? '' : ', style=dashed';
    const colour = COLOURS[kind];
    lines.push(
      `  ${dotString(from)} -> ${dotString(to)} [label=${dotString(label)}, color="${colour}", fontcolor="${colour}"${style}];`,
    );
  }
  lines.push('}');
  return `${lines.join('\n')}\n`;
}
