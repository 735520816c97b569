import type { ConnectivityDiff } from '../engine/semantic-diff-results.ts';
import { renderDiffCsv } from './diff-csv.ts';
import { renderDiffDot } from './diff-dot.ts';
import { renderDiffJson } from './diff-json.ts';
import { renderDiffMarkdown } from './diff-markdown.ts';
import { renderDiffMermaid } from './diff-mermaid.ts';
import type { DiffReportOptions } from './diff-options.ts';
import { renderDiffText } from './diff-text.ts';
import type { Format } from './formats.ts';

export type DiffFormatName = 'text' | 'json' | 'csv' | 'md' | 'dot' | 'mermaid';

/** What `diff -o` knows, the default first. */
export const diffFormats: readonly Format<DiffFormatName, ConnectivityDiff, DiffReportOptions>[] = [
  { name: 'text', extension: 'txt', render: renderDiffText },
  { name: 'json', extension: 'json', render: renderDiffJson },
  { name: 'csv', extension: 'csv', render: renderDiffCsv },
  { name: 'md', extension: 'md', render: renderDiffMarkdown },
  { name: 'dot', extension: 'dot', render: renderDiffDot },
  { name: 'mermaid', extension: 'mmd', render: renderDiffMermaid },
];
