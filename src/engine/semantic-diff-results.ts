/** What changed between two clusters, as plain data: the stable JSON contract of `diff`. */
import type { Exposure, PortsValue, PossibleOpening, resultApiVersion } from './results.ts';

export interface DiffWorkloadPeer {
  /** `namespace/Kind/name` */
  readonly id: string;
  readonly type: 'workload';
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  /** The side on which it exists. */
  readonly in: 'both' | 'before' | 'after';
}

export interface DiffNodesPeer {
  readonly id: string;
  readonly type: 'nodes';
  readonly names: readonly string[];
  readonly in: 'both' | 'before' | 'after';
}

export interface DiffExternalPeer {
  /** `external:0`, ... in address order. Parts of the address space in which everything changed alike. */
  readonly id: string;
  readonly type: 'external';
  /** Minimal sorted list, IPv4 first. */
  readonly cidrs: readonly string[];
  /** Whether public addresses are among them. */
  readonly internet: boolean;
}

export type DiffPeer = DiffWorkloadPeer | DiffNodesPeer | DiffExternalPeer;

/**
 * `added`: nothing was allowed before. `removed`: nothing is allowed any more. `widened`, `narrowed`: more, or less, than
 * before. `changed`: both. `unclear`: neither side knows, and they do not know for different reasons.
 */
export type ChangeKind = 'added' | 'removed' | 'widened' | 'narrowed' | 'changed' | 'unclear';

export interface ConnectionChange {
  readonly from: string;
  readonly to: string;
  readonly change: ChangeKind;
  /** What was and is allowed (at most, where facts are missing), over all pairs of replicas and IP families. */
  readonly before: PortsValue | 'none';
  readonly after: PortsValue | 'none';
  /** Ports on which some pair may connect now and might not before; and the reverse. */
  readonly opened: PortsValue | 'none';
  readonly closed: PortsValue | 'none';
  /** `some`: not for every pair of replicas, or not for all alike. */
  readonly replicas: 'all' | 'some';
  /** Absent means certain. `false`: the input lacks a fact on one side, and the change may be less than is said. */
  readonly certain?: false;
  readonly why?: readonly string[];
  /** What in the input made the difference, several when it takes several. */
  readonly causes: readonly ChangeCause[];
}

export interface ChangeCause {
  /** Id of an edit. */
  readonly edit: string;
  /** `spec.ingress[0]`: the rule that decides, on the side where there is one. */
  readonly rule?: string;
  readonly file?: string;
  readonly line?: number;
}

interface Place {
  readonly file?: string;
  readonly line?: number;
}

/** Something that is not the same on both sides. */
export interface DiffEdit {
  /** `namespace/NetworkPolicy/name`, `Namespace/name`, `namespace/Kind/name`, `Node/name`, ... */
  readonly id: string;
  readonly type: 'policy' | 'namespace' | 'workload' | 'node';
  readonly change: 'added' | 'removed' | 'changed';
  /** Which facts differ, in words: `labels`, `named ports`, `addresses`, ... Only with `changed`, not of policies. */
  readonly what?: readonly string[];
  /** Labels as `key=value`, only of namespaces. */
  readonly labels?: { readonly added: readonly string[]; readonly removed: readonly string[] };
  /** Where it is now; for what was removed, where it was. */
  readonly file?: string;
  readonly line?: number;
  /** Where it was, when that is another place. */
  readonly was?: Place;
  /** Changed connections that it is a cause of. */
  readonly connections: number;
}

export interface IsolationChange {
  /** Id of a workload. */
  readonly workload: string;
  readonly direction: 'ingress' | 'egress';
  /** Whether NetworkPolicies isolate it: all of its pods, some, none, or the input does not say. */
  readonly before: IsolationState;
  readonly after: IsolationState;
  readonly causes: readonly ChangeCause[];
}
export type IsolationState = 'all' | 'some' | 'none' | 'unknown';

export interface ExposureChange {
  readonly via: string;
  readonly to: string;
  readonly change: 'opened' | 'closed' | 'changed' | 'unclear';
  /** `undefined`: not exposed that way. */
  readonly before?: Exposure;
  readonly after?: Exposure;
}

export interface PossibleChange {
  readonly workload: string;
  readonly direction: 'ingress' | 'egress';
  readonly change: 'added' | 'removed';
  readonly opening: PossibleOpening;
}

/** How the allowed connections of the second side lie to those of the first. */
export type DiffRelation = 'equivalent' | 'tighter' | 'looser' | 'mixed';

export interface ConnectivityDiff {
  readonly apiVersion: typeof resultApiVersion;
  readonly kind: 'ConnectivityDiff';
  /** The two sides as the person named them. */
  readonly before: string;
  readonly after: string;
  readonly relation: DiffRelation;
  /** False: some of the changes depend on facts that the input lacks. */
  readonly certain: boolean;
  /** Numbers of connections, by kind of change. */
  readonly counts: Readonly<Record<ChangeKind, number>>;
  /** Ends of changed connections, and whatever exists on one side only. */
  readonly peers: readonly DiffPeer[];
  /** Openings to public addresses first, then by source and destination. */
  readonly changes: readonly ConnectionChange[];
  readonly isolation: readonly IsolationChange[];
  readonly exposed: readonly ExposureChange[];
  /** What peers that do not exist could do, and could not before; and the reverse. */
  readonly possible: readonly PossibleChange[];
  readonly edits: readonly DiffEdit[];
  /** Changed connections beyond the limit, which are not listed. Absent means none. */
  readonly leftOut?: number;
}
