/** Addresses outside the cluster that are worth trying. */
import { type Cidr, cidrContains, type IpAddress } from '../base/inet.ts';
import { formatIp } from '../base/inet-format.ts';
import type { Engine } from '../engine/engine.ts';

/** Documentation ranges: no service of anybody's is ever there. */
const PREFERRED: readonly IpAddress[] = [
  { family: 4, value: 0xc6_33_64_07 },
  { family: 4, value: 0xcb_00_71_09 },
  { family: 4, value: 0xc0_00_02_05 },
  { family: 6, value: 0x2001_0db8_0000_0000_0000_0000_0000_0007n },
];

/** Of each set of addresses that policies tell apart one of each family, as far as they can be outside of the cluster. */
export function externalSamples(
  engine: Engine,
  isOutside: (ip: IpAddress) => boolean,
  most: number,
): readonly IpAddress[] {
  const found = engine
    .externalAtoms()
    .flatMap(({ cidrs }) =>
      ([4, 6] as const).flatMap((family) => sampleOf(cidrs, (ip) => ip.family === family && isOutside(ip)) ?? []),
    );
  const both = PREFERRED.slice(0, 1).concat(PREFERRED.slice(3));
  const all = new Map([...both.filter(isOutside), ...found].map((ip) => [formatIp(ip), ip]));
  return [...all.values()].slice(0, most);
}

/** An address of these ranges to which packets can be sent; rather one that is nobody's. */
export function sampleOf(
  cidrs: readonly Cidr[],
  isWanted: (ip: IpAddress) => boolean = () => true,
): IpAddress | undefined {
  const preferred = PREFERRED.find((ip) => isWanted(ip) && cidrs.some((cidr) => cidrContains(cidr, ip)));
  if (preferred !== undefined) return preferred;
  for (const cidr of cidrs) {
    // The second address: the first one of a network is often nobody's.
    const candidates: readonly IpAddress[] =
      cidr.family === 4
        ? [1, 0].map((offset) => ({ family: 4, value: cidr.first + offset }))
        : [1n, 0n].map((offset) => ({ family: 6, value: cidr.first + offset }));
    const usable = candidates.find((ip) => cidrContains(cidr, ip) && isUnicast(ip) && isWanted(ip));
    if (usable !== undefined) return usable;
  }
  return undefined;
}

/** Whether a packet can be sent there at all. */
function isUnicast(ip: IpAddress): boolean {
  if (ip.family === 4) {
    const first = Math.floor(ip.value / 2 ** 24);
    return first > 0 && first < 224 && first !== 127;
  }
  const top = ip.value >> 112n;
  return top >= 0x2000n && top < 0xfe00n;
}
