import type { ConnectivityDiff } from '../engine/semantic-diff-results.ts';
import { diffGraph, type DiffArrow } from './diff-graph.ts';
import type { DiffReportOptions } from './diff-options.ts';
import { verdictText } from './diff-words.ts';
import { mermaidText } from './escape.ts';

const COLOURS = { opened: '#dc2626', closed: '#16a34a', unclear: '#d97706' } as const;

/** The difference as a Mermaid flowchart: red arrows are new, green dotted ones gone, amber ones uncertain. */
export function renderDiffMermaid(diff: ConnectivityDiff, options: Pick<DiffReportOptions, 'full'> = {}): string {
  const graph = diffGraph(diff, options.full === true);
  const lines = ['flowchart LR', `  %% ${mermaidText(verdictText(diff))}`];
  if (graph.cut > 0) lines.push(`  %% ${graph.cut} more rows not drawn`);
  for (const { id, label, external } of graph.nodes) {
    const [open, close] = external ? ['([', '])'] : ['[', ']'];
    lines.push(`  ${id}${open}"${mermaidText(label)}"${close}`);
  }
  for (const arrow of graph.arrows)
    lines.push(`  ${arrow.from} ${lineOf(arrow)}|"${mermaidText(arrow.label)}"| ${arrow.to}`);
  for (const kind of ['opened', 'closed', 'unclear'] as const) {
    const numbers = graph.arrows.flatMap((arrow, index) => (arrow.kind === kind ? [index] : []));
    if (numbers.length > 0)
      lines.push(`  linkStyle ${numbers.join(',')} stroke:${COLOURS[kind]},color:${COLOURS[kind]}`);
  }
  return `${lines.join('\n')}\n`;
}

function lineOf({ kind, certain }: DiffArrow): string {
  if (kind === 'closed') return '-.-x';
  return certain && kind === 'opened' ? '-->' : '-.->';
}
