/**
 * What one node has to enforce, before it becomes nftables: which local pods are judged by which policy set, who the
 * peers are, and which ports are open to each of them. No nftables words here.
 */
import type { Cidr, IpAddress } from '../base/inet.ts';
import type { IpRange } from '../base/inet-ranges.ts';
import type { Direction } from '../engine/policy-rules.ts';
import type { Observation } from './observation.ts';
import type { OpenPorts } from './open-ports.ts';

/**
 * Peers that no policy set of this node tells apart. Local to the node and to one chain of plans; 0 is everybody whom
 * the plan does not name.
 */
export type IdentityId = number;
export const ANYBODY: IdentityId = 0;

/** The policies that judge some local pods in one direction. Pods with the same ones share it. */
export interface PolicySet {
  /** Depends only on the policies (and, for ingress, on what their named ports mean here). */
  readonly name: string;
  readonly direction: Direction;
  /** `namespace/NetworkPolicy/name` and `ClusterNetworkPolicy/name`, sorted. */
  readonly policies: readonly string[];
  /** Ports open to every identity; the others have them too. */
  readonly toAll: OpenPorts;
  /** Everything that is open, by identity; identities to which nothing is open are left out. All tiers are judged. */
  readonly open: ReadonlyMap<IdentityId, OpenPorts>;
  /** Which policy opened what of it, disjoint; empty when nobody asked for hits. */
  readonly openedBy: ReadonlyMap<IdentityId, readonly OpenedBy[]>;
  /**
   * Not even the own node gets in: only where a rule of a cluster policy is not understood and therefore denies
   * everything (S157, D10). Otherwise the own node is exempt (S100).
   */
  readonly closedToNode: boolean;
}

export interface OpenedBy {
  readonly policy: string;
  readonly ports: OpenPorts;
}

/** What policies in audit mode would deny, of what is allowed now, to local pods in one direction. */
export interface ShadowSet {
  readonly name: string;
  readonly direction: Direction;
  /** Of the policies that would judge these pods those that do not yet; all of them when there is none. */
  readonly policies: readonly string[];
  /** What every identity would lose; the others have it too. */
  readonly fromAll: OpenPorts;
  readonly wouldDeny: ReadonlyMap<IdentityId, OpenPorts>;
}

export interface LocalPod {
  /** `namespace/name` */
  readonly pod: string;
  readonly address: IpAddress;
  /** Names of policy sets; `undefined` where nothing can deny. */
  readonly ingress: string | undefined;
  readonly egress: string | undefined;
  /** Names of shadow sets; `undefined` where policies in audit mode would deny no more than the others. */
  readonly shadow: Readonly<Record<Direction, string | undefined>>;
}

/** Somebody whose identity is not the one of the range that the address lies in. */
export interface Peer {
  readonly address: IpAddress;
  readonly identity: IdentityId;
}

export interface IdentityRange {
  readonly range: IpRange;
  readonly identity: IdentityId;
}

export interface Plan {
  readonly node: string;
  /** Sorted by name. */
  readonly policySets: readonly PolicySet[];
  /** Sorted by name. */
  readonly shadowSets: readonly ShadowSet[];
  /** Sorted by address. */
  readonly localPods: readonly LocalPod[];
  /** Addresses of pods and nodes whose identity is not the one of the range that they lie in; by address text. */
  readonly peers: ReadonlyMap<string, Peer>;
  /** Sorted, disjoint; addresses in none are {@link ANYBODY}. */
  readonly ranges: readonly IdentityRange[];
  /** Where local pods have their addresses: whoever has one and is no known local pod gets no forwarded traffic. */
  readonly closedRanges: readonly Cidr[];
  readonly observation: Observation;
  /** The first identity that was never used. */
  readonly nextIdentity: IdentityId;
}
