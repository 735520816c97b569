/** An address with everybody who claims it, and the groups and classes that addresses are sorted into. */
import type { IpAddress } from '../base/inet.ts';
import type { NodeObject, PodObject } from '../kube/objects.ts';
import type { Shape } from './peer-shapes.ts';
import type { IdentityId } from './plan.ts';

/** Somebody with addresses: a pod of the pod network that has not ended, or a node. */
export type Holder =
  | { readonly type: 'pod'; readonly object: PodObject; readonly shape: Shape; readonly local: boolean }
  /** With one address a family; see `separateNodeAddresses`. */
  | { readonly type: 'node'; readonly object: NodeObject; readonly shape: Shape };

export interface AddressSlot {
  readonly address: IpAddress;
  /** Everybody who claims it. */
  readonly holders: Holder[];
  owner: Holder | undefined;
  /** Where the census has it: `undefined` while it belongs to nobody. */
  group: PeerGroup | undefined;
}

export function addressesOf(holder: Holder): readonly IpAddress[] {
  return holder.type === 'pod' ? holder.object.ips : holder.object.addresses;
}

export interface PeerGroup {
  readonly shape: Shape;
  /** What tells the groups of one shape apart. */
  readonly place: number | string;
  readonly slots: Set<AddressSlot>;
  peerClass: PeerClass;
  /** What the plan says about its addresses; `undefined` when that is not known, or not the same for all. */
  said: { readonly identity: IdentityId; readonly special: boolean } | undefined;
  /** Where that is `undefined`: how many addresses had which identity. */
  had: Map<IdentityId, number> | undefined;
}

/** Addresses that the policies in view treat alike. */
export interface PeerClass {
  readonly key: string;
  readonly groups: Set<PeerGroup>;
  /** `undefined` until a plan was compiled with it. */
  identity: IdentityId | undefined;
}
