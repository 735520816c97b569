/** Addresses outside the cluster that are worth trying. */
import { cidrContains, type IpAddress } from '../base/inet.ts';
import { formatIp } from '../base/inet-format.ts';
import type { Engine, ExternalAtom } from '../engine/engine.ts';

/** Documentation ranges: no service of anybody's is ever there. */
const PREFERRED: readonly IpAddress[] = [
  { family: 4, value: 0xc6_33_64_07 },
  { family: 4, value: 0xcb_00_71_09 },
  { family: 4, value: 0xc0_00_02_05 },
  { family: 6, value: 0x2001_0db8_0000_0000_0000_0000_0000_0007n },
];

/** One address of each set of addresses that policies tell apart, as far as they can be outside of the cluster. */
export function externalSamples(
  engine: Engine,
  isOutside: (ip: IpAddress) => boolean,
  most: number,
): readonly IpAddress[] {
  const found = engine.externalAtoms().flatMap((atom) => {
    const sample = sampleOf(atom, isOutside);
    return sample === undefined ? [] : [sample];
  });
  const both = PREFERRED.slice(0, 1).concat(PREFERRED.slice(3));
  const all = new Map([...both.filter(isOutside), ...found].map((ip) => [formatIp(ip), ip]));
  return [...all.values()].slice(0, most);
}

function sampleOf({ cidrs }: ExternalAtom, isOutside: (ip: IpAddress) => boolean): IpAddress | undefined {
  const preferred = PREFERRED.find((ip) => isOutside(ip) && cidrs.some((cidr) => cidrContains(cidr, ip)));
  if (preferred !== undefined) return preferred;
  for (const cidr of cidrs) {
    // The second address: the first one of a network is often nobody's.
    const candidates: readonly IpAddress[] =
      cidr.family === 4
        ? [1, 0].map((offset) => ({ family: 4, value: cidr.first + offset }))
        : [1n, 0n].map((offset) => ({ family: 6, value: cidr.first + offset }));
    const usable = candidates.find((ip) => cidrContains(cidr, ip) && isUnicast(ip) && isOutside(ip));
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
