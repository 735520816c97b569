import { assertNever } from '../base/assert.ts';
import type { Severity } from '../base/diagnostic.ts';

/** Colours as a value that the caller hands in, so that a report never asks what terminal it is for. */
export interface Palette {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

const same = (text: string): string => text;

/** No colours: for files, pipes and `NO_COLOR`. */
export const plainPalette: Palette = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };

function sgr(on: number, off: number): (text: string) => string {
  return (text) => (text === '' ? '' : `\u001B[${on}m${text}\u001B[${off}m`);
}

/** The sixteen-colour codes every terminal knows, so that the user's own theme decides what they look like. */
export const ansiPalette: Palette = {
  bold: sgr(1, 22),
  dim: sgr(2, 22),
  red: sgr(31, 39),
  green: sgr(32, 39),
  yellow: sgr(33, 39),
  cyan: sgr(36, 39),
};

/** How a severity looks, everywhere. */
export function paintOf(severity: Severity, palette: Palette): (text: string) => string {
  switch (severity) {
    case 'error':
      return palette.red;
    case 'warning':
      return palette.yellow;
    case 'info':
      return palette.cyan;
    default:
      return assertNever(severity);
  }
}
