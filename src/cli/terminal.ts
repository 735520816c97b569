import { type Palette, ansiPalette, plainPalette } from '../report/palette.ts';

export type ColorChoice = 'auto' | 'always' | 'never';

/** What a text report must know about where it goes. */
export interface Terminal {
  readonly palette: Palette;
  /** Columns. */
  readonly width: number;
  readonly isTerminal: boolean;
}

export interface TerminalOptions {
  readonly color?: ColorChoice;
  readonly width?: number | undefined;
}

/** Pipes and files get one fixed width, so that the same input gives the same bytes wherever it is run. */
const plainWidth = 100;
/** Wider lines are hard to read. */
const widest = 140;

interface OutputStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** `--color` wins over `NO_COLOR`, that over `FORCE_COLOR`, that over whether the stream is a terminal. */
export function terminalFor(stream: OutputStream, options: TerminalOptions): Terminal {
  const isTerminal = stream.isTTY === true;
  const width = options.width ?? (isTerminal && stream.columns ? Math.min(stream.columns, widest) : plainWidth);
  return { palette: isColored(isTerminal, options.color ?? 'auto') ? ansiPalette : plainPalette, width, isTerminal };
}

function isColored(isTerminal: boolean, choice: ColorChoice): boolean {
  if (choice !== 'auto') return choice === 'always';
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return isTerminal && TERM !== 'dumb';
}
