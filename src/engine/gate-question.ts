/** What is asked of one gate: one direction of one pair, on one port. */
import type { IpFamily } from '../base/inet.ts';
import type { Tri } from '../base/tri.ts';
import type { Party } from './parties.ts';
import type { Direction } from './policy-rules.ts';

export interface GateQuestion {
  /** The pod whose policies are asked: the source for egress, the destination for ingress. */
  readonly subject: Party;
  readonly peer: Party;
  readonly direction: Direction;
  readonly family: IpFamily;
  readonly sameNode: Tri;
  /** See `portPoint`. */
  readonly point: number;
  readonly protocol: string;
  readonly port: number;
}
