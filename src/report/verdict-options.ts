import type { Palette } from './palette.ts';

/** What a caller may wish of a verdict report; each format heeds what concerns it. */
export interface VerdictOptions {
  readonly palette: Palette;
  /** Columns for text; 100 when not given. */
  readonly width?: number;
  readonly ascii?: boolean;
  /** Near misses also for gates that allow, and lists without a cut. */
  readonly full?: boolean;
  /** Sentences about how the question was understood: "Service shop/db:5432 leads to ...". */
  readonly notes?: readonly string[];
}
