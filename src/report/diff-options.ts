import type { Palette } from './palette.ts';

/** What a caller may wish of a report of a difference; each format heeds what concerns it. */
export interface DiffReportOptions {
  readonly palette: Palette;
  /** Columns for text; 100 when not given. */
  readonly width?: number;
  readonly ascii?: boolean;
  /** List everything instead of counting what is long. */
  readonly full?: boolean;
}
