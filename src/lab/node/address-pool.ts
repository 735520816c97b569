import type { Cidr } from '../../base/inet.ts';
import { formatIp } from '../../base/inet-format.ts';
import { parseCidr } from '../../base/inet-parse.ts';
import { invariant } from '../../base/assert.ts';

export interface PodAddresses {
  /** Of this pool, for `release`. */
  readonly slot: number;
  /** One a family, in the order of the ranges. */
  readonly addresses: readonly string[];
}

/** More pods than that run on no node, however wide its ranges are. */
const MAX_SLOTS = 65_536;
/** The first address is that of the range itself, the second by custom that of a gateway. */
const FIRST_SLOT = 2;

/**
 * The pod addresses of one node. It goes round, so that an address that was given back rests as long as possible: agents
 * and connection tracking may still know it.
 */
export class AddressPool {
  private readonly ranges: readonly Cidr[];
  private readonly end: number;
  private readonly taken = new Set<number>();
  private cursor = FIRST_SLOT;

  constructor(podCidrs: readonly string[]) {
    this.ranges = podCidrs.map((text) => {
      const cidr = parseCidr(text)?.cidr;
      invariant(cidr !== undefined, `${text} is a range of addresses`);
      return cidr;
    });
    const sizes = this.ranges.map(({ first, last }) => Number(BigInt(last) - BigInt(first)));
    // The last address of a range is not given to pods.
    this.end = Math.min(MAX_SLOTS, ...sizes);
  }

  /** `undefined` when all are taken. */
  allocate(): PodAddresses | undefined {
    const size = this.end - FIRST_SLOT;
    if (this.taken.size >= size) return undefined;
    while (this.taken.has(this.cursor)) this.cursor = this.after(this.cursor);
    const slot = this.cursor;
    this.cursor = this.after(slot);
    this.taken.add(slot);
    return { slot, addresses: this.ranges.map((range) => addressIn(range, slot)) };
  }

  release(slot: number): void {
    this.taken.delete(slot);
  }

  get used(): number {
    return this.taken.size;
  }

  private after(slot: number): number {
    return slot + 1 < this.end ? slot + 1 : FIRST_SLOT;
  }
}

function addressIn(range: Cidr, slot: number): string {
  return range.family === 4
    ? formatIp({ family: 4, value: range.first + slot })
    : formatIp({ family: 6, value: range.first + BigInt(slot) });
}
