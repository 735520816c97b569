import type { ConnectivityMap, Exposure } from '../engine/results.ts';
import { displayWidth, padEnd, wrapInto } from './display-width.ts';
import { visible } from './escape.ts';
import { exposuresInView } from './exposures-in-view.ts';
import { labelText, Reasons } from './label-text.ts';
import { mapBlocks } from './map-blocks.ts';
import { countStatements } from './map-counts.ts';
import { indexMap } from './map-index.ts';
import type { MapIndex } from './map-index.ts';
import { defaultWidth } from './map-options.ts';
import type { MapOptions } from './map-options.ts';
import { blockSections } from './map-text-blocks.ts';
import type { TextContext } from './map-text-blocks.ts';
import { describePeers } from './peer-terms.ts';
import { portsText } from './ports-text.ts';
import { possibleText } from './possible-text.ts';
import { asciiSymbols, unicodeSymbols } from './symbols.ts';
import { countOf } from './wording.ts';

const NARROWEST_TERMINAL = 60;
/** Exposures listed before the rest is counted. */
const SHOWN_EXPOSED = 40;
/** Namespaces and workloads of each that "everything" still names one by one. */
const NAMED_EACH = 12;
const NAMED_NAMESPACES = 60;

/**
 * The map for people. Workloads that are alike share one block under their namespace; each block says for both
 * directions whether policy isolates it, which peers remain and on which ports. Ends with what is exposed, what is
 * uncertain and why, and counts. Never wider than `options.width` (at least 60) unless a single name is.
 */
export function renderMapText(map: ConnectivityMap, options: MapOptions): string {
  const index = indexMap(map);
  const context: TextContext = {
    index,
    palette: options.palette,
    symbols: options.ascii === true ? asciiSymbols : unicodeSymbols,
    width: Math.max(NARROWEST_TERMINAL, options.width ?? defaultWidth),
    full: options.full === true,
    show: options.show ?? 'both',
    filtered: options.filtered === true,
    denied: options.denied === true,
    reasons: new Reasons(),
  };
  const lines: string[] = [];
  for (const note of options.notes ?? []) lines.push(...wrapInto(visible(note), context.width, ''));
  if (lines.length > 0) lines.push('');

  const whole =
    options.focus === undefined && !context.filtered && context.show === 'both' ? completeLabels(index) : undefined;
  if (index.inside === 0) lines.push('No workloads.', '');
  else if (whole !== undefined) lines.push(...completeText(context, whole), '');
  else {
    const focus = options.focus === undefined ? {} : { focus: options.focus };
    lines.push(
      ...blockSections(context, mapBlocks(index, { full: context.full, filtered: context.filtered, ...focus })),
    );
  }
  lines.push(...exposedText(context, options), ...possibleLines(context), ...uncertainText(context));
  lines.push(...wrapInto(countStatements(index, options).join(` ${context.symbols.dot} `), context.width, ''));
  return `${lines.join('\n')}\n`;
}

/** The one label set of a map where all workloads may talk to each other and to every outside peer, both ways. */
function completeLabels(index: MapIndex): number | undefined {
  const [labelSet] = index.out[0]?.values() ?? [];
  if (labelSet === undefined) return undefined;
  const peers = index.nodes.length - 1;
  for (let node = 0; node < index.inside; node++) {
    for (const row of [index.out[node], index.in[node]]) {
      let others = 0;
      for (const [other, label] of row ?? []) {
        if (label !== labelSet) return undefined;
        if (other !== node) others++;
      }
      if (others !== peers) return undefined;
    }
  }
  return labelSet;
}

/** `everything ↔ everything`, and who that is. */
function completeText(context: TextContext, labelSet: number): string[] {
  const { index, palette, symbols, reasons, full } = context;
  const ports = (index.labelSets[labelSet] ?? []).map((label) => labelText(label, reasons, full)).join('; ');
  const lines = [
    `${palette.bold(`everything ${symbols.both} everything`)}  ${context.denied ? 'denied: ' : ''}${ports}`,
    '',
    ...namespacesText(context),
  ];
  const isolated = index.nodes.some(
    ({ peer }) => peer.type === 'workload' && (peer.isolated.ingress || peer.isolated.egress),
  );
  if (!index.byNamespace && !isolated) lines.push('', 'No policy isolates any workload.');
  return lines;
}

function namespacesText(context: TextContext): string[] {
  const { index, palette, full, width } = context;
  const { groups, nodes } = index;
  const few =
    full || (groups.length <= NAMED_EACH && (index.byNamespace || groups.every((g) => g.end - g.first <= NAMED_EACH)));
  if (!few) {
    const shown = groups.length <= NAMED_NAMESPACES + 1 ? groups : groups.slice(0, NAMED_NAMESPACES);
    const list = shown.map((group) => `${group.name} (${group.end - group.first})`);
    if (shown.length < groups.length) list.push(`+${groups.length - shown.length} more namespaces`);
    return wrapInto(list.join(', '), width, '  ');
  }
  const column = Math.max(...groups.map((group) => displayWidth(group.name)));
  return groups.flatMap((group) => {
    const members = nodes.slice(group.first, group.end).map((node) => node.name);
    const head = group.name === '' ? '  ' : `  ${palette.bold(padEnd(group.name, column))}  `;
    return wrapInto(members.join(', '), width, head);
  });
}

function exposedText(context: TextContext, options: MapOptions): string[] {
  const { index, palette, symbols, full, width } = context;
  const inView = exposuresInView(index, options);
  if (inView.length === 0) return [];
  const shown = full || inView.length <= SHOWN_EXPOSED ? inView : inView.slice(0, SHOWN_EXPOSED - 1);
  const rows = shown.map((exposure) => ({
    exposure,
    via: visible(exposure.via),
    to: `${peerName(index, exposure.to)}${throughText(index, exposure)}`,
    ports: exposure.ports.length === 0 ? '' : portsText(exposure.ports, full),
  }));
  const vias = Math.min(40, Math.max(...rows.map((row) => displayWidth(row.via))));
  const tos = Math.min(40, Math.max(...rows.map((row) => displayWidth(row.to))));
  const lines = [palette.bold('Exposed to the outside')];
  for (const { exposure, via, to, ports } of rows) {
    const { mark, remark } = exposureState(context, exposure);
    const start = `  ${mark} ${padEnd(via, vias)} ${palette.dim(symbols.to)} ${padEnd(to, tos)}`;
    const end = `${ports}${remark}`.trim();
    if (displayWidth(start) + 2 + displayWidth(end) <= width) lines.push(`${start}  ${end}`);
    else
      lines.push(
        ...wrapInto(`${via} ${palette.dim(symbols.to)} ${to}`, width, `  ${mark} `, '      '),
        ...wrapInto(end, width, '      '),
      );
  }
  if (shown.length < inView.length) lines.push(`  ${symbols.ellipsis} and ${inView.length - shown.length} more`);
  return [...lines, ''];
}

function possibleLines(context: TextContext): string[] {
  const { index, palette, symbols, width, full } = context;
  const { possible } = index.map;
  if (possible === undefined) return [];
  const names = (ids: readonly string[]): string =>
    describePeers(
      index,
      ids.flatMap((id) => index.numberOf.get(id) ?? []),
      { full, detail: 'listed' },
    ).join(', ');
  return possibleText(possible, { palette, symbols, width, full, names });
}

function exposureState(context: TextContext, exposure: Exposure): { readonly mark: string; readonly remark: string } {
  const { palette, symbols, reasons } = context;
  if (exposure.certain === false) {
    const why = exposure.why ?? [];
    reasons.count(why);
    const remark = `  cannot be decided ${reasons.marks(why)}`.trimEnd();
    return { mark: palette.yellow(symbols.unknown), remark: palette.yellow(remark) };
  }
  const why = (exposure.why ?? []).map(visible).join('; ');
  const because = why === '' ? '' : `: ${why}`;
  if (exposure.allowed) return { mark: palette.green(symbols.allowed), remark: why === '' ? '' : `  (${why})` };
  // Without ports there is nothing that policy could let in: the reason says what is wrong with the way in.
  const blocked = exposure.ports.length === 0 ? 'leads nowhere' : 'blocked by policy';
  return { mark: palette.red(symbols.denied), remark: palette.red(`  ${blocked}${because}`) };
}

/** The controller that the traffic of an Ingress or Gateway passes. */
function throughText(index: MapIndex, { through = [] }: Exposure): string {
  return through.length === 0 ? '' : ` through ${through.map((id) => peerName(index, id)).join(', ')}`;
}

function peerName(index: MapIndex, id: string): string {
  const number = index.numberOf.get(id);
  return number === undefined ? visible(id) : describePeers(index, [number], { detail: 'named' }).join(', ');
}

/** The reasons that the marks `[1]`, `[2]` stand for, each with the number of connections it leaves open. */
function uncertainText(context: TextContext): string[] {
  const { index, palette, reasons, width } = context;
  let withoutReason = 0;
  for (const targets of index.out) {
    for (const labelSet of targets.values()) {
      for (const label of index.labelSets[labelSet] ?? []) {
        if (label.certain) continue;
        if (label.why.length === 0) withoutReason++;
        reasons.count(label.why);
      }
    }
  }
  const list = reasons.list();
  if (list.length === 0 && withoutReason === 0) return [];
  const lines = [`${palette.bold('Uncertain')}, because the input does not say:`];
  for (const { number, reason, count } of list) {
    lines.push(...wrapInto(`${visible(reason)} (${countOf(count, 'connection')})`, width, `  [${number}] `));
  }
  if (withoutReason > 0) lines.push(`  ${countOf(withoutReason, 'connection')} without a stated reason`);
  return [...lines, ''];
}
