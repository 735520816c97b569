import type { ConnectivityMap, VerdictResult } from '../engine/results.ts';
import { renderMapCsv } from './map-csv.ts';
import { renderMapDot } from './map-dot.ts';
import { renderMapJson } from './map-json.ts';
import { renderMapMarkdown } from './map-markdown.ts';
import { renderMapMermaid } from './map-mermaid.ts';
import type { MapOptions } from './map-options.ts';
import { renderMapText } from './map-text.ts';
import { renderVerdictJson } from './verdict-json.ts';
import { renderVerdictMarkdown } from './verdict-markdown.ts';
import type { VerdictOptions } from './verdict-options.ts';
import { renderVerdictText } from './verdict-text.ts';

/** One value of `-o`. */
export interface Format<Name extends string, Result, Options> {
  readonly name: Name;
  /** For files, without the dot. */
  readonly extension: string;
  readonly render: (result: Result, options: Options) => string;
}

export type MapFormatName = 'text' | 'json' | 'csv' | 'md' | 'dot' | 'mermaid';
export type VerdictFormatName = 'text' | 'json' | 'md';

/** What `map -o` knows, the default first. */
export const mapFormats: readonly Format<MapFormatName, ConnectivityMap, MapOptions>[] = [
  { name: 'text', extension: 'txt', render: renderMapText },
  { name: 'json', extension: 'json', render: renderMapJson },
  { name: 'csv', extension: 'csv', render: renderMapCsv },
  { name: 'md', extension: 'md', render: renderMapMarkdown },
  { name: 'dot', extension: 'dot', render: renderMapDot },
  { name: 'mermaid', extension: 'mmd', render: renderMapMermaid },
];

/** What `can -o` knows, the default first. */
export const verdictFormats: readonly Format<VerdictFormatName, VerdictResult, VerdictOptions>[] = [
  { name: 'text', extension: 'txt', render: renderVerdictText },
  { name: 'json', extension: 'json', render: renderVerdictJson },
  { name: 'md', extension: 'md', render: renderVerdictMarkdown },
];
