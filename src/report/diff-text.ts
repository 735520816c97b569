import type { ConnectivityDiff, DiffPeer } from '../engine/semantic-diff-results.ts';
import type { DiffReportOptions } from './diff-options.ts';
import { diffRows, idleEdits, sectionOrder, type DiffRow, type DiffSection } from './diff-rows.ts';
import {
  causesText,
  countsText,
  editPlace,
  editText,
  exposureText,
  exposureWhy,
  peersText,
  rowPorts,
  sectionTitles,
  verdictText,
} from './diff-words.ts';
import { displayWidth, padEnd, wrapInto } from './display-width.ts';
import { visible } from './escape.ts';
import { Reasons } from './label-text.ts';
import { defaultWidth } from './map-options.ts';
import type { Palette } from './palette.ts';
import { possibleChangeText } from './possible-words.ts';
import { asciiSymbols, unicodeSymbols, type Symbols } from './symbols.ts';
import { compareText, countOf } from './wording.ts';

/** Rows of one section, and entries of other lists, before the rest is counted. */
const SHOWN = 60;

interface Context {
  readonly diff: ConnectivityDiff;
  readonly palette: Palette;
  readonly symbols: Symbols;
  readonly width: number;
  readonly full: boolean;
  readonly reasons: Reasons;
}

/**
 * The difference for people: first what it comes to, then what was opened to the internet, opened, closed, with the edit
 * behind each; isolation, exposures and what exists on one side only; edits without effect last.
 */
export function renderDiffText(diff: ConnectivityDiff, options: DiffReportOptions): string {
  const context: Context = {
    diff,
    palette: options.palette,
    symbols: options.ascii === true ? asciiSymbols : unicodeSymbols,
    width: Math.max(60, options.width ?? defaultWidth),
    full: options.full === true,
    reasons: new Reasons(),
  };
  const { palette, width } = context;
  const rows = diffRows(diff);
  const lines = [
    ...wrapInto(`${visible(diff.before)} ${context.symbols.to} ${visible(diff.after)}`, width, ''),
    ...wrapInto(`${verdictText(diff)} ${capital(countsText(diff))}`.trimEnd(), width, '').map((line) =>
      palette.bold(line),
    ),
    '',
  ];
  for (const section of sectionOrder) {
    lines.push(
      ...sectionText(
        context,
        section,
        rows.filter((row) => row.section === section),
      ),
    );
  }
  lines.push(...isolationText(context), ...exposedText(context), ...possibleText(context));
  lines.push(...oneSidedText(context, 'after', 'New'), ...oneSidedText(context, 'before', 'Gone'));
  lines.push(...editsText(context), ...uncertainText(context));
  return `${lines.join('\n').trimEnd()}\n`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function sectionText(context: Context, section: DiffSection, rows: readonly DiffRow[]): string[] {
  if (rows.length === 0) return [];
  const { palette, diff, full, width } = context;
  const shown = full || rows.length <= SHOWN ? rows : rows.slice(0, SHOWN - 1);
  const connections = rows.reduce((sum, row) => sum + row.connections, 0);
  const title = `${sectionTitles[section]} (${countOf(connections, 'connection')})`;
  const lines = [colourOf(palette, section)(palette.bold(title))];
  for (const row of shown) {
    if (!row.certain) context.reasons.count(row.why, row.connections);
    const marks = row.certain ? '' : ` ${context.reasons.marks(row.why)}`;
    const ends = `${peersText(row.from, full)} ${context.symbols.to} ${peersText(row.to, full)}`;
    const mark = colourOf(palette, section)(markOf(row));
    lines.push(...wrapInto(`${ends}  ${palette.bold(rowPorts(row, full))}${marks}`, width, `  ${mark} `, '      '));
    const causes = causesText(diff, row.causes, full);
    if (causes !== '') lines.push(...wrapInto(causes, width, '      ').map((line) => palette.dim(line)));
  }
  if (shown.length < rows.length) lines.push(`  ... and ${rows.length - shown.length} more; --full lists them`);
  return [...lines, ''];
}

function markOf({ section, opened, closed }: DiffRow): string {
  if (section === 'unclear') return '?';
  if (opened !== 'none' && closed !== 'none') return '~';
  return opened === 'none' ? '-' : '+';
}

function colourOf(palette: Palette, section: DiffSection): (text: string) => string {
  switch (section) {
    case 'internet':
      return palette.red;
    case 'opened':
    case 'changed':
    case 'unclear':
      return palette.yellow;
    case 'closed':
      return palette.green;
    case 'new':
    case 'gone':
      return palette.cyan;
  }
}

function limited(context: Context, title: string, entries: readonly (readonly string[])[]): string[] {
  if (entries.length === 0) return [];
  const shown = context.full || entries.length <= SHOWN ? entries : entries.slice(0, SHOWN - 1);
  const lines = [context.palette.bold(title), ...shown.flat()];
  if (shown.length < entries.length) lines.push(`  ... and ${entries.length - shown.length} more; --full lists them`);
  return [...lines, ''];
}

function isolationText(context: Context): string[] {
  const { diff, palette, width, full } = context;
  const words = { all: 'isolated', some: 'some pods isolated', none: 'not isolated', unknown: 'unknown' };
  const groups = new Map<string, { names: string[]; change: ConnectivityDiff['isolation'][number] }>();
  for (const change of diff.isolation) {
    const causes = causesText(diff, change.causes, full);
    const key = [change.direction, change.before, change.after, causes].join('\n');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { names: [change.workload], change });
    else group.names.push(change.workload);
  }
  const entries = Array.from(groups.values(), ({ names, change }) => {
    const { direction, before, after, causes } = change;
    const weaker = after === 'none' || (after === 'some' && before === 'all');
    const mark = (weaker ? palette.red : palette.green)(weaker ? '-' : '+');
    const text = `${names.map(visible).join(', ')}: ${direction} ${words[before]} ${context.symbols.to} ${words[after]}`;
    const why = causesText(diff, causes, full);
    return [
      ...wrapInto(text, width, `  ${mark} `, '      '),
      ...(why === '' ? [] : wrapInto(why, width, '      ').map((line) => palette.dim(line))),
    ];
  });
  return limited(context, 'Isolation by NetworkPolicies', entries);
}

function exposedText(context: Context): string[] {
  const { diff, palette, width, full } = context;
  const marks = {
    opened: palette.red('+'),
    closed: palette.green('-'),
    changed: palette.yellow('~'),
    unclear: palette.yellow('?'),
  };
  const words = { opened: 'now open', closed: 'no longer open', changed: 'changed', unclear: 'may differ' };
  const entries = diff.exposed.map((exposure) => {
    const why = exposureWhy(exposure);
    const text = `${exposureText(exposure, full)}: ${words[exposure.change]}${why === '' ? '' : ` (${why})`}`;
    return wrapInto(text, width, `  ${marks[exposure.change]} `, '      ');
  });
  return limited(context, 'Exposed by Services, Ingresses and routes', entries);
}

function possibleText(context: Context): string[] {
  const { diff, palette, width, full } = context;
  const entries = diff.possible.map((change) => {
    const opens = change.change === 'added';
    const mark = opens ? palette.yellow('+') : palette.green('-');
    return wrapInto(visible(possibleChangeText(change, context.symbols, full)), width, `  ${mark} `, '      ');
  });
  return limited(context, 'Open to peers that are not in the input', entries);
}

function oneSidedText(context: Context, side: 'before' | 'after', title: string): string[] {
  const { diff, width, full, palette } = context;
  const peers = diff.peers.filter((peer): peer is DiffPeer => peer.type !== 'external' && peer.in === side);
  const namespaces = diff.edits.filter(
    ({ type, change }) => type === 'namespace' && change === (side === 'after' ? 'added' : 'removed'),
  );
  const lines: string[] = [];
  if (namespaces.length > 0) {
    const names = namespaces.map(({ id }) => visible(id.slice(id.indexOf('/') + 1))).sort(compareText);
    lines.push(...wrapInto(`namespaces: ${names.join(', ')}`, width, '  '));
  }
  if (peers.length > 0) lines.push(...wrapInto(peersText(peers, full), width, '  '));
  return lines.length === 0 ? [] : [palette.bold(`${title} in ${visible(diff.after)}`), ...lines, ''];
}

function editsText(context: Context): string[] {
  const { diff, width } = context;
  const labels = diff.edits.filter(
    ({ type, change, connections }) => type === 'namespace' && change === 'changed' && connections === 0,
  );
  const idle = [...idleEdits(diff), ...labels];
  const texts = idle.map((edit) => visible(editText(edit)));
  const column = Math.min(50, Math.max(0, ...texts.map(displayWidth)));
  const entries = idle.map((edit, i) =>
    wrapInto(`${padEnd(texts[i] ?? '', column)}  ${visible(editPlace(edit))}`.trimEnd(), width, '    ', '      '),
  );
  return limited(context, 'Edits that change no connection', entries);
}

function uncertainText(context: Context): string[] {
  const list = context.reasons.list();
  if (list.length === 0) return [];
  const lines = [`${context.palette.bold('Uncertain')}, because the input does not say:`];
  for (const { number, reason, count } of list) {
    const text = `${visible(reason)} (${countOf(count, 'connection')})`;
    lines.push(...wrapInto(text, context.width, `  [${number}] `));
  }
  return [...lines, ''];
}
