import type { Palette } from './palette.ts';

/** What a caller may wish of a map report; each format heeds what concerns it. */
export interface MapOptions {
  readonly palette: Palette;
  /** Columns for text; 100 when not given. */
  readonly width?: number;
  /** Only ASCII beside what the input itself contains. */
  readonly ascii?: boolean;
  /** List every peer, port range and network instead of counting what is long. */
  readonly full?: boolean;
  /** Describe only these peers (ids); what they may talk to is still named against the whole map. */
  readonly focus?: ReadonlySet<string>;
  /** Only what the described peers may receive (`in`) or send (`out`); `both` when not given. */
  readonly show?: 'both' | 'in' | 'out';
  /** The map does not hold every peer and connection: then nothing is summarised as "all" or "nothing". */
  readonly filtered?: boolean;
  /** The connections are those that policy denies. */
  readonly denied?: boolean;
  /** Sentences to print first, such as what the map was filtered by. */
  readonly notes?: readonly string[];
}

export const defaultWidth = 100;
