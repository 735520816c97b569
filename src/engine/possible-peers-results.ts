/** To whom a workload is open beyond those in the input, as plain data: part of stable JSON contracts. */
import type { PortsValue } from './results.ts';

/** A peer that need not exist. */
export type PossiblePeer =
  /** Pods that meet both selectors; `''` is no condition. */
  | { readonly type: 'pods'; readonly namespaces: string; readonly pods: string }
  | { readonly type: 'addresses'; readonly cidrs: readonly string[] };

export interface PossibleOpening {
  readonly peer: PossiblePeer;
  readonly ports: PortsValue;
}
