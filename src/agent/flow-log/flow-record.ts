/** The lines of the flow log: one JSON object each. Other programs read them; fields are only ever added. */
import type { NearMiss, resultApiVersion } from '../../engine/results.ts';
import type { Direction } from '../../engine/policy-rules.ts';
import { jsonLine } from '../../report/escape.ts';

/**
 * - `denied`: dropped
 * - `would-deny`: let through, but policies in audit mode would have dropped it
 * - `allowed`: let through; only a sample of these is logged
 */
export type FlowVerdict = 'denied' | 'would-deny' | 'allowed';

export interface FlowEnd {
  readonly ip: string;
  /** `external`: nobody in the cluster has the address. */
  readonly type: 'pod' | 'node' | 'external';
  /** Pods. */
  readonly namespace?: string;
  readonly pod?: string;
  /** The owner that the pod names, or the Deployment that its ReplicaSet must belong to; `Pod` when nothing owns it. */
  readonly workload?: { readonly kind: string; readonly name: string };
  /** Of the pod, sorted by key. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Labels beyond the ones that are shown. */
  readonly labelsLeftOut?: number;
  /** Nodes. */
  readonly node?: string;
}

export interface FlowRecord {
  readonly apiVersion: typeof resultApiVersion;
  readonly kind: 'Flow';
  /** Of the first packet that the line stands for: RFC 3339, milliseconds, UTC. */
  readonly time: string;
  /** Packets: 1, or those that followed within a second and were not told one by one. */
  readonly count: number;
  /** Where it was seen. */
  readonly node: string;
  readonly verdict: FlowVerdict;
  /** The gate that decided; absent when both let it through. */
  readonly direction?: Direction;
  /** Who opened the connection. */
  readonly from: FlowEnd;
  readonly to: FlowEnd;
  /** `TCP`, `UDP`, `SCTP`, `ICMP`, `ICMPv6`; else the protocol's number. */
  readonly protocol: string;
  /** Of the destination. Absent for protocols without ports, and when the packet was cut before it. */
  readonly port?: number;
  readonly icmp?: { readonly type: number; readonly code: number };
  /** `namespace/NetworkPolicy/name`, `ClusterNetworkPolicy/name`: those that judge the pod, or that let it through. */
  readonly policies: readonly string[];
  /** Why it is denied, in words. */
  readonly reason?: string;
  /** The rule that would have let it through but for one thing. */
  readonly nearest?: NearMiss;
}

/** Stands for lines that were not written. */
export interface SuppressedRecord {
  readonly apiVersion: typeof resultApiVersion;
  readonly kind: 'FlowsSuppressed';
  readonly time: string;
  readonly node: string;
  /** Packets since the last such line. */
  readonly count: number;
  readonly because: Readonly<Record<SuppressionReason, number>>;
}

/**
 * - `rate`: more different flows than may be written in a second
 * - `lost`: the kernel's buffer was full
 * - `output`: the file or whoever reads the output did not take it
 */
export type SuppressionReason = 'rate' | 'lost' | 'output';

/** With its line feed. */
export function recordLine(record: FlowRecord | SuppressedRecord): string {
  return `${jsonLine(record)}\n`;
}
