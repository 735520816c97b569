import type { WorkloadPeer } from '../engine/results.ts';
import { displayWidth, padEnd, wrapInto, wrapWords } from './display-width.ts';
import { visible } from './escape.ts';
import type { Reasons } from './label-text.ts';
import { labelText } from './label-text.ts';
import { coversNamespaces } from './map-blocks.ts';
import type { Block, BlockLine } from './map-blocks.ts';
import type { MapIndex } from './map-index.ts';
import type { Palette } from './palette.ts';
import { describePeers } from './peer-terms.ts';
import type { Symbols } from './symbols.ts';
import { countOf } from './wording.ts';

/** What every part of the text form needs to know. */
export interface TextContext {
  readonly index: MapIndex;
  readonly palette: Palette;
  readonly symbols: Symbols;
  readonly width: number;
  readonly full: boolean;
  readonly show: 'both' | 'in' | 'out';
  readonly filtered: boolean;
  readonly denied: boolean;
  readonly reasons: Reasons;
}

/** Peers column: never narrower than this, whatever the terminal. */
const NARROWEST = 20;
/** Ports column: longer ones wrap. */
const WIDEST_PORTS = 36;
const MARGIN = 4;
const STATE_WIDTH = 'isolated'.length;
/** From this many blocks on, what all of a namespace have in common is said once at its top. */
const SHARED_FROM = 5;

interface Columns {
  readonly peers: number;
  readonly ports: number;
}

/** The blocks under headings of their namespaces; a blank line after each section. */
export function blockSections(context: TextContext, blocks: readonly Block[]): string[] {
  const { index, palette, width, full } = context;
  const sections = new Map<string, Block[]>();
  for (const block of blocks) {
    const key = block.groups.join();
    const section = sections.get(key);
    if (section === undefined) sections.set(key, [block]);
    else section.push(block);
  }
  // What spans namespaces comes first: it is the rule that the single ones depart from.
  const spans = (section: readonly Block[]): number => Number((section[0]?.groups.length ?? 0) > 1);
  const lines: string[] = [];
  for (const section of [...sections.values()].toSorted((a, b) => spans(b) - spans(a))) {
    const names = (section[0]?.groups ?? []).map((group) => index.groups[group]?.name ?? 'outside the cluster');
    if (names.join('') !== '') {
      const shown = full || names.length <= 8 ? names : [...names.slice(0, 7), `+${names.length - 7} more`];
      const title = names.length === 1 ? names.join('') : `${names.length} namespaces: ${shown.join(', ')}`;
      for (const line of wrapWords(title, width)) lines.push(palette.bold(palette.cyan(line)));
    }
    const columns = columnsOf(context, section);
    const shared = sharedLines(section);
    if (shared.in.length + shared.out.length > 0) lines.push(...sharedBlock(context, shared, columns));
    for (const block of section) lines.push(...blockText(context, withoutShared(block, shared), columns));
    lines.push('');
  }
  return lines;
}

/** Widths of the two columns that the blocks of a section share. */
function columnsOf(context: TextContext, section: readonly Block[]): Columns {
  let peers = 0;
  let ports = 0;
  for (const block of section) {
    for (const line of [...block.in, ...block.out]) {
      peers = Math.max(peers, displayWidth(line.peers.join(', ')));
      ports = Math.max(ports, displayWidth(labelText(line.label, context.reasons, context.full)));
    }
  }
  const room = context.width - (MARGIN + 5 + STATE_WIDTH + 2 + displayWidth(context.symbols.to) + 1) - 2;
  // Peers wrap well, ports do not: these get what they need, up to two fifths where both are long.
  const widestPorts = Math.min(WIDEST_PORTS, Math.max(room - peers, Math.floor(room * 0.4)));
  ports = Math.min(ports, widestPorts);
  return { peers: Math.min(peers, Math.max(NARROWEST, room - ports)), ports };
}

interface Shared {
  readonly in: readonly BlockLine[];
  readonly out: readonly BlockLine[];
}

const sameLine = (a: BlockLine, b: BlockLine): boolean => a.label === b.label && a.peers.join() === b.peers.join();

function sharedLines(section: readonly Block[]): Shared {
  const [first, ...rest] = section;
  if (first === undefined || section.length < SHARED_FROM) return { in: [], out: [] };
  const inAll = (direction: 'in' | 'out'): BlockLine[] =>
    first[direction].filter((line) => rest.every((block) => block[direction].some((other) => sameLine(line, other))));
  return { in: inAll('in'), out: inAll('out') };
}

function withoutShared(block: Block, shared: Shared): Block & { readonly shared: Shared } {
  const rest = (direction: 'in' | 'out'): BlockLine[] =>
    block[direction].filter((line) => !shared[direction].some((other) => sameLine(line, other)));
  return { ...block, in: rest('in'), out: rest('out'), shared };
}

function sharedBlock(context: TextContext, shared: Shared, columns: Columns): string[] {
  const { palette, symbols, show } = context;
  const lines = [`  ${palette.bold('each of these')}  ${palette.dim('(in addition to its own lines)')}`];
  const blank = ' '.repeat(MARGIN + 5 + STATE_WIDTH + 2);
  const head = (word: string): string => padEnd(`${' '.repeat(MARGIN)}${word}`, blank.length);
  if (show !== 'out' && shared.in.length > 0) {
    lines.push(...directionText(context, head('in'), blank, symbols.from, shared.in, columns));
  }
  if (show !== 'in' && shared.out.length > 0) {
    lines.push(...directionText(context, head('out'), blank, symbols.to, shared.out, columns));
  }
  return lines;
}

function blockText(context: TextContext, block: Block & { readonly shared: Shared }, columns: Columns): string[] {
  const { index, palette, symbols, show, full } = context;
  const peer = index.nodes[block.members[0] ?? 0]?.peer;
  if (peer === undefined) return [];
  let pods = 0;
  for (const node of block.members) {
    const member = index.nodes[node]?.peer;
    if (member !== undefined && member.type !== 'external') pods += member.pods;
  }
  const facts: string[] = [];
  if (block.members.length === 1 && peer.type === 'workload') facts.push(visible(peer.kind));
  if (peer.type !== 'external' && block.members.length > 4) facts.push(countOf(block.members.length, peer.type));
  if (peer.type !== 'external') facts.push(countOf(pods, 'pod'));
  if (peer.type === 'workload' && peer.workloads !== undefined) facts.push(`of ${shortList(peer.workloads, full)}`);
  if (peer.type === 'workload' && peer.hostNetwork === true) facts.push('host network: no policy applies');
  const remark = facts.length === 0 ? '' : `  ${palette.dim(`(${facts.join(', ')})`)}`;
  const title = `${memberNames(context, block)}${remark}`;
  const lines = wrapInto(title, context.width, '  ', '    ');

  const states = peer.type === 'workload';
  const head = (word: string, direction: 'ingress' | 'egress'): string =>
    `${' '.repeat(MARGIN)}${padEnd(word, 3)}  ${states ? `${padEnd(stateText(peer, direction, palette), STATE_WIDTH)}  ` : ''}`;
  const blank = ' '.repeat(displayWidth(head('', 'ingress')));
  const nothing = (shared: readonly BlockLine[]): string =>
    shared.length > 0 ? 'nothing more' : context.filtered ? 'nothing in view' : 'nothing';
  if (show !== 'out') {
    const start = head('in', 'ingress');
    if (block.in.length === 0) lines.push(`${start}${palette.dim(`${symbols.from} ${nothing(block.shared.in)}`)}`);
    else lines.push(...directionText(context, start, blank, symbols.from, block.in, columns));
  }
  if (show !== 'in') {
    const start = head('out', 'egress');
    if (block.out.length === 0) lines.push(`${start}${palette.dim(`${symbols.to} ${nothing(block.shared.out)}`)}`);
    else lines.push(...directionText(context, start, blank, symbols.to, block.out, columns));
  }
  return lines;
}

/** The workloads that a class of pods belongs to. */
function shortList(ids: readonly string[], full: boolean): string {
  const names = ids.map((id) => visible(id.slice(id.indexOf('/') + 1)));
  const shown = full || names.length <= 4 ? names : names.slice(0, 3);
  return `${shown.join(', ')}${shown.length < names.length ? ` +${names.length - shown.length} more` : ''}`;
}

function stateText(peer: WorkloadPeer, direction: 'ingress' | 'egress', palette: Palette): string {
  if (peer.hostNetwork === true) return palette.yellow('exempt');
  return peer.isolated[direction] ? palette.green('isolated') : palette.yellow('open');
}

/** Bare names inside one namespace; with the namespace where the block spans several. */
function memberNames(context: TextContext, block: Block): string {
  const { index, palette, full, filtered } = context;
  const several = block.groups.length > 1;
  // One workload a namespace is better named; several of each are not, unless they are the few of a single one.
  const many = several ? block.members.length > Math.min(12, block.groups.length) : block.members.length > 4;
  if (!full && !filtered && many && coversNamespaces(index, block.members)) {
    return palette.bold(index.byNamespace ? 'every namespace' : 'every workload');
  }
  if (several || block.members.some((node) => node >= index.inside)) {
    return palette.bold(
      describePeers(index, block.members, { full, detail: filtered ? 'listed' : 'named' }).join(', '),
    );
  }
  const names = block.members.map((node) => index.nodes[node]?.name ?? '');
  const shown = full || names.length <= 12 ? names : [...names.slice(0, 11), `+${names.length - 11} more`];
  return palette.bold(shown.join(', '));
}

/** The lines of one direction: arrow, peers, ports; both columns wrap. */
function directionText(
  context: TextContext,
  head: string,
  blank: string,
  arrow: string,
  lines: readonly BlockLine[],
  columns: Columns,
): string[] {
  const { palette, reasons, full } = context;
  const text: string[] = [];
  for (const line of lines) {
    const peers = wrapWords(line.peers.join(', '), columns.peers);
    const ports = wrapWords(labelText(line.label, reasons, full), columns.ports);
    const sure = context.denied ? palette.red : palette.green;
    const paint = line.label.certain ? sure : palette.yellow;
    for (let row = 0; row < Math.max(peers.length, ports.length); row++) {
      const start = text.length === 0 ? head : blank;
      const mark = row === 0 ? palette.dim(arrow) : ' '.repeat(displayWidth(arrow));
      const left = peers[row] ?? '';
      const right = ports[row] ?? '';
      text.push(`${start}${mark} ${right === '' ? left : `${padEnd(left, columns.peers)}  ${paint(right)}`}`);
    }
  }
  return text;
}
