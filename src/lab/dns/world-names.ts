/**
 * Names outside the cluster: the lab asks nobody, it makes their addresses up. A name always has the same one, in a range
 * that nobody has in the real world.
 */
import type { Cidr, IpAddress } from '../../base/inet.ts';
import { parseCidr } from '../../base/inet-parse.ts';

/**
 * Only below domains that people write in examples: a mistyped name of a Service shall not be found. Those of countries
 * are all here.
 */
const TOP_DOMAINS: ReadonlySet<string> = new Set(
  'com org net edu gov mil int info biz io ai dev app cloud tech online site xyz me tv example'.split(' '),
);

/** One address a range; `undefined` when there is no such name. */
export function worldAddresses(labels: readonly string[], ranges: readonly string[]): readonly IpAddress[] | undefined {
  const top = labels.at(-1);
  if (labels.length < 2 || top === undefined) return undefined;
  if (!TOP_DOMAINS.has(top) && !/^[a-z]{2}$/.test(top)) return undefined;
  if (!labels.every((label) => /^[a-z0-9_-]+$/.test(label))) return undefined;
  const hash = hashOf(labels.join('.'));
  return ranges.flatMap((text) => {
    const cidr = parseCidr(text)?.cidr;
    return cidr === undefined ? [] : [addressIn(cidr, hash)];
  });
}

/** Neither the first nor the last address of the range. */
function addressIn(cidr: Cidr, hash: number): IpAddress {
  if (cidr.family === 4) return { family: 4, value: cidr.first + 1 + (hash % (cidr.last - cidr.first - 1)) };
  return { family: 6, value: cidr.first + 1n + (BigInt(hash) % (cidr.last - cidr.first - 1n)) };
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
