/** What the table tells about the packets that it judges. Nothing of it changes a verdict. */

export interface LogOptions {
  /** Of nflog: whoever reads it gets the packets. */
  readonly group: number;
  /** Packets that each policy set logs at most; the others are only counted. */
  readonly perSecond?: number;
  readonly burst?: number;
  /** One of so many new flows that are let through is logged as well. Without it none is. */
  readonly oneOfAllowed?: number;
}

export interface Observation {
  readonly log?: LogOptions;
  /** Counts what is denied, by policy set, and what would be, by policies in audit mode. */
  readonly counters?: boolean;
  /** Counts by policy the first packets that it lets through. Peers are then told apart by which policies admit them. */
  readonly hits?: boolean;
}

export const DEFAULT_LOG_RATE = { perSecond: 100, burst: 200 } as const;

/** What a node agent asks for. */
export const FULL_OBSERVATION: Observation = { log: { group: 5 }, counters: true, hits: true };
