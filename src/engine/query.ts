/** What can be asked of the engine. */
import type { Cidr, IpAddress } from '../base/inet.ts';
import type { Protocol } from '../kube/objects.ts';

/** One end of a connection. Indexes are those of the `Cluster` the engine was made from. */
export type Endpoint =
  | { readonly type: 'pod'; readonly pod: number }
  /** Every replica of it; the answer says so when replicas differ. */
  | { readonly type: 'workload'; readonly workload: number }
  | { readonly type: 'node'; readonly node: number }
  /** A single address that belongs to no pod and no node of the cluster. */
  | { readonly type: 'address'; readonly ip: IpAddress }
  /** Every address of the ranges (`internet` is the public ones of both families). */
  | { readonly type: 'range'; readonly cidrs: readonly Cidr[]; readonly label: string };

/** `port` is the port on the destination pod, after any Service translation; ignored for `other` (ICMP, ...). */
export interface ConnectionQuery {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly protocol: Protocol | 'other';
  readonly port: number;
  /** The connection goes through a Service (hairpin to the same pod is then evaluated, D3). */
  readonly viaService?: boolean;
}

/** Three-valued: `unknown` where the input lacks a fact that decides (D14). */
export type Verdict = 'allowed' | 'denied' | 'unknown';
