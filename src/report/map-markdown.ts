import type { ConnectivityMap } from '../engine/results.ts';
import { markdownText, visible } from './escape.ts';
import { exposuresInView } from './exposures-in-view.ts';
import { labelText, Reasons } from './label-text.ts';
import { mapBlocks } from './map-blocks.ts';
import type { Block, BlockLine } from './map-blocks.ts';
import { countStatements } from './map-counts.ts';
import { externalPeers, indexMap } from './map-index.ts';
import type { MapIndex } from './map-index.ts';
import type { MapOptions } from './map-options.ts';
import { outsideName } from './outside-names.ts';
import { describePeers } from './peer-terms.ts';
import type { TermOptions } from './peer-terms.ts';
import { portsText } from './ports-text.ts';
import { openingPeersText, openingPortsText, possibleGroups } from './possible-words.ts';

/**
 * The map for pull requests and wikis: tables of connections, of isolation and of what is exposed, folded as in the
 * text form. Connections stand at the workload that sends; those from outside at the one that receives.
 */
export function renderMapMarkdown(map: ConnectivityMap, options: MapOptions): string {
  const index = indexMap(map);
  const full = options.full === true;
  const reasons = new Reasons();
  const terms: TermOptions = options.filtered === true ? { full, detail: 'listed' } : { full };
  const focus = options.focus === undefined ? {} : { focus: options.focus };
  const blocks = mapBlocks(index, { full, filtered: options.filtered === true, ...focus });
  const lines = ['## Connectivity', '', markdownText(`${countStatements(index, options).join('; ')}.`), ''];
  for (const note of options.notes ?? []) lines.push(markdownText(note), '');

  const connections = connectionRows(index, blocks, { terms, reasons, show: options.show ?? 'both' });
  lines.push(options.denied === true ? '### Denied connections' : '### Connections', '');
  if (connections.length === 0) lines.push('None.', '');
  else lines.push(...table(['From', 'To', 'Ports'], connections), '');

  const isolation = isolationRows(index, blocks, terms);
  if (isolation.length > 0) {
    lines.push('### Isolation', '', ...table(['Workloads', 'Ingress', 'Egress'], isolation), '');
  }
  const exposed = exposedRows(index, options, reasons);
  if (exposed.length > 0)
    lines.push('### Exposed', '', ...table(['Via', 'To', 'Ports', 'Let in by policy'], exposed), '');

  const possible = possibleRows(index, full);
  if (possible.length > 0) {
    lines.push('### Open to peers beyond those in the input', '');
    lines.push(...table(['Workloads', 'Direction', 'Peers', 'Ports'], possible), '');
  }

  const why = reasons.list();
  if (why.length > 0) {
    lines.push('### Uncertain', '', 'The input does not say:', '');
    for (const { number, reason } of why) lines.push(`- \\[${number}\\] ${markdownText(reason)}`);
    lines.push('');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

interface RowOptions {
  readonly terms: TermOptions;
  readonly reasons: Reasons;
  readonly show: 'both' | 'in' | 'out';
}

/** What each block sends, and what it receives from outside; with `in` only what it receives. */
function connectionRows(index: MapIndex, blocks: readonly Block[], options: RowOptions): string[][] {
  const { terms, reasons, show } = options;
  const full = terms.full === true;
  const rows: string[][] = [];
  const ports = (line: BlockLine): string => labelText(line.label, reasons, full);
  for (const block of blocks) {
    const own = blockName(index, block, terms);
    if (show === 'in') {
      for (const line of block.in) rows.push([line.peers.join(', '), own, ports(line)]);
      continue;
    }
    for (const line of block.out) rows.push([own, line.peers.join(', '), ports(line)]);
    if (show === 'both') {
      for (const [name, label] of fromOutside(index, block, full))
        rows.push([name, own, labelText(label, reasons, full)]);
    }
  }
  return rows;
}

function fromOutside(index: MapIndex, block: Block, full: boolean): [string, BlockLine['label']][] {
  const byLabel = new Map<BlockLine['label'], number[]>();
  for (const [from, labelSet] of index.in[block.members[0] ?? 0] ?? []) {
    if (from < index.inside) continue;
    for (const label of index.labelSets[labelSet] ?? []) byLabel.set(label, [...(byLabel.get(label) ?? []), from]);
  }
  return [...byLabel].map(([label, peers]) => [outsideName(externalPeers(index, peers), full), label]);
}

function isolationRows(index: MapIndex, blocks: readonly Block[], terms: TermOptions): string[][] {
  const byState = new Map<string, { state: string[]; members: number[] }>();
  for (const block of blocks) {
    const peer = index.nodes[block.members[0] ?? 0]?.peer;
    if (peer?.type !== 'workload') continue;
    const word = (isolated: boolean): string =>
      peer.hostNetwork === true ? 'exempt (host network)' : isolated ? 'isolated' : 'open';
    const state = [word(peer.isolated.ingress), word(peer.isolated.egress)];
    const key = state.join();
    const row = byState.get(key);
    if (row === undefined) byState.set(key, { state, members: [...block.members] });
    else row.members.push(...block.members);
  }
  return [...byState.values()].map(({ state, members }) => [describePeers(index, members, terms).join(', '), ...state]);
}

function exposedRows(index: MapIndex, options: MapOptions, reasons: Reasons): string[][] {
  return exposuresInView(index, options).map(({ via, to, ports, allowed, certain, why = [] }) => {
    const number = index.numberOf.get(to);
    const name = number === undefined ? visible(to) : describePeers(index, [number], { detail: 'named' }).join(', ');
    if (certain === false) reasons.count(why);
    const because = why.length === 0 ? '' : `: ${why.join('; ')}`;
    const answer =
      certain === false ? `unknown ${reasons.marks(why)}`.trimEnd() : `${allowed ? 'yes' : 'no'}${because}`;
    return [via, name, portsText(ports, options.full), answer];
  });
}

function possibleRows(index: MapIndex, full: boolean): string[][] {
  return possibleGroups(index.map.possible ?? []).flatMap(({ workloads, direction, some, openings }) => {
    const numbers = workloads.flatMap((id) => index.numberOf.get(id) ?? []);
    const names = describePeers(index, numbers, { full, detail: 'listed' }).join(', ');
    return openings.map((opening) => [
      `${names}${some ? ' (some pods)' : ''}`,
      direction,
      openingPeersText(opening, full),
      openingPortsText(opening, full),
    ]);
  });
}

function blockName(index: MapIndex, block: Block, terms: TermOptions): string {
  return describePeers(index, block.members, terms).join(', ');
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map((row) => line(row.map(markdownText)))];
}
