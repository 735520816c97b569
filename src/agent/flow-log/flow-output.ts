/** Where the lines of the flow log go. */
export interface FlowOutput {
  /** Never waits. False: the line is not taken, because those before it are not gone yet, or cannot be written. */
  write(line: string): boolean;
  /** Writes what it has taken, for a short time at most. */
  close(): Promise<void>;
}

/** Bytes that may wait for a slow disk or reader. */
export const MAX_WAITING_BYTES = 1 << 20;
