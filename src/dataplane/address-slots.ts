/**
 * Who has which address, while pods and nodes come and go: live pods before terminating ones, pods before nodes; among
 * equals the last one by namespace and name, as in a cluster that is built anew (D15).
 */
import type { IpAddress } from '../base/inet.ts';
import { compareText } from '../model/order.ts';
import { addressesOf, type AddressSlot, type Holder } from './address-slot.ts';

export class AddressSlots {
  private readonly slots = new Map<number | bigint, AddressSlot>();
  private readonly touched = new Set<AddressSlot>();

  add(holder: Holder): void {
    for (const address of addressesOf(holder)) {
      let slot = this.slots.get(address.value);
      if (slot === undefined) {
        // An array that begins empty takes room for sixteen with its first entry.
        slot = { address, holders: [holder], owner: undefined, group: undefined };
        this.slots.set(address.value, slot);
      }
      // One that lists an address twice has it once.
      else if (!slot.holders.includes(holder)) slot.holders.push(holder);
      this.touch(slot, holder);
    }
  }

  remove(holder: Holder): void {
    for (const address of addressesOf(holder)) {
      const slot = this.slots.get(address.value);
      if (slot === undefined) continue;
      const at = slot.holders.indexOf(holder);
      if (at >= 0) slot.holders.splice(at, 1);
      if (slot.holders.length === 0) this.slots.delete(address.value);
      this.touch(slot, holder);
    }
  }

  at(address: IpAddress): AddressSlot | undefined {
    return this.slots.get(address.value);
  }

  /** Those whose owner may be another than the slot says, or the same in another shape; each is told once. */
  takeTouched(): readonly AddressSlot[] {
    const slots = [...this.touched];
    this.touched.clear();
    return slots;
  }

  /** Who it is now. */
  ownerOf({ holders }: AddressSlot): Holder | undefined {
    const [only] = holders;
    if (holders.length === 1 && only !== undefined && !isTerminating(only)) return only;
    let best: Holder | undefined;
    for (const holder of holders) {
      if (this.isGone(holder)) continue;
      if (best === undefined || compareClaims(holder, best) > 0) best = holder;
    }
    return best;
  }

  /** A terminating pod one of whose addresses a live pod has already. */
  private isGone(holder: Holder): boolean {
    return isTerminating(holder) && addressesOf(holder).some((ip) => this.slots.get(ip.value)?.holders.some(isLive));
  }

  private touch(slot: AddressSlot, by: Holder): void {
    this.touched.add(slot);
    if (!isLive(by)) return;
    // It decides about all addresses of the pods that leave this one.
    for (const holder of slot.holders) {
      if (!isTerminating(holder)) continue;
      for (const ip of addressesOf(holder)) {
        const other = this.slots.get(ip.value);
        if (other !== undefined) this.touched.add(other);
      }
    }
  }
}

function isTerminating(holder: Holder): boolean {
  return holder.type === 'pod' && holder.object.terminating;
}

function isLive(holder: Holder): boolean {
  return holder.type === 'pod' && !holder.object.terminating;
}

function compareClaims(a: Holder, b: Holder): number {
  const rank = (holder: Holder): number => (isLive(holder) ? 2 : isTerminating(holder) ? 1 : 0);
  const [one, two] = [a.object.meta, b.object.meta];
  return rank(a) - rank(b) || compareText(one.namespace, two.namespace) || compareText(one.name, two.name);
}
