import type { PossibleExposure } from '../engine/results.ts';
import { wrapInto } from './display-width.ts';
import { visible } from './escape.ts';
import { openingPeersText, openingPortsText, possibleGroups } from './possible-words.ts';
import type { Palette } from './palette.ts';
import type { Symbols } from './symbols.ts';

export interface PossibleTextOptions {
  readonly palette: Palette;
  readonly symbols: Symbols;
  readonly width: number;
  readonly full: boolean;
  /** How workloads are called: equal to the rest of the report. */
  readonly names: (ids: readonly string[]) => string;
}

/** Openings of one group, and groups, before the rest is counted. */
const SHOWN = 12;
const SHOWN_GROUPS = 80;

/** To whom workloads are open beyond those in the input, for people. */
export function possibleText(exposures: readonly PossibleExposure[], options: PossibleTextOptions): string[] {
  const { palette, symbols, width, full, names } = options;
  if (exposures.length === 0) return [palette.bold('Open to nobody beyond the peers in the input'), ''];
  const groups = possibleGroups(exposures);
  const shownGroups = full || groups.length <= SHOWN_GROUPS ? groups : groups.slice(0, SHOWN_GROUPS - 1);
  const lines = [palette.bold('Open to peers beyond those in the input, as far as their own policies go')];
  for (const { workloads, direction, some, openings } of shownGroups) {
    lines.push(...wrapInto(`${names(workloads)}${some ? ' (some pods)' : ''}`, width, '  '));
    const arrow = direction === 'ingress' ? symbols.from : symbols.to;
    const shown = full || openings.length <= SHOWN ? openings : openings.slice(0, SHOWN - 1);
    for (const opening of shown) {
      const text = `${openingPeersText(opening, full)}  ${openingPortsText(opening, full)}`;
      lines.push(...wrapInto(visible(text), width, `    ${palette.dim(arrow)} `, '      '));
    }
    if (shown.length < openings.length) lines.push(`    ... and ${openings.length - shown.length} more`);
  }
  if (shownGroups.length < groups.length) lines.push(`  ... and ${groups.length - shownGroups.length} more groups`);
  return [...lines, ''];
}
