import { formatCidr, formatIp } from '../base/inet-format.ts';
import type { Cidr, IpAddress, IpFamily } from '../base/inet.ts';
import { parseCidr } from '../base/inet-parse.ts';
import { allAddresses, rangesToCidrs, subtractRanges } from '../base/inet-ranges.ts';
import type { ExternalPeer } from '../engine/results.ts';
import { visible } from './escape.ts';

/** How many networks a name lists before the rest is only counted. */
const SHOWN_CIDRS = 3;

/** One family's share of a set: everything, everything except a few networks, or a list. */
interface Share {
  readonly family: IpFamily;
  readonly form: 'all' | 'except' | 'list' | 'none';
  readonly cidrs: readonly Cidr[];
}

/**
 * A short name for addresses outside the cluster, several peers taken together: `internet` for every address,
 * `internet (except 10.0.0.0/8)`, `internet (IPv4)`, or the networks themselves. `full` lists every network.
 */
export function outsideName(peers: readonly ExternalPeer[], full = false): string {
  const cidrs: Cidr[] = [];
  for (const peer of peers) {
    for (const text of peer.cidrs) {
      const parsed = parseCidr(text);
      // The engine writes these itself; should one not parse, its text is still the best name there is.
      if (parsed === undefined) return listText(peers.flatMap((p) => p.cidrs).map(visible), full);
      cidrs.push(parsed.cidr);
    }
  }
  const four = shareOf(4, cidrs);
  const six = shareOf(6, cidrs);
  if (isMost(four) && isMost(six)) return `internet${exceptText([...four.cidrs, ...six.cidrs], full)}`;
  return [four, six]
    .filter((share) => share.form !== 'none')
    .map((share) => {
      if (share.form === 'list') return listText(share.cidrs.map(shortCidr), full);
      return `internet (IPv${share.family}${share.form === 'all' ? '' : `, except ${listText(share.cidrs.map(shortCidr), full)}`})`;
    })
    .join(', ');
}

function shareOf(family: IpFamily, cidrs: readonly Cidr[]): Share {
  const own = rangesToCidrs(cidrs.filter((cidr) => cidr.family === family));
  if (own.length === 0) return { family, form: 'none', cidrs: [] };
  const missing = rangesToCidrs(subtractRanges([allAddresses(family)], own));
  if (missing.length === 0) return { family, form: 'all', cidrs: [] };
  // Only what holds half of all addresses is "the internet except": /1 and wider.
  const wide = own.some((cidr) => cidr.prefix <= 1);
  return wide && missing.length < own.length
    ? { family, form: 'except', cidrs: missing }
    : { family, form: 'list', cidrs: own };
}

function isMost(share: Share): boolean {
  return share.form === 'all' || share.form === 'except';
}

function exceptText(cidrs: readonly Cidr[], full: boolean): string {
  return cidrs.length === 0 ? '' : ` (except ${listText(cidrs.map(shortCidr), full)})`;
}

/** A single address goes without its prefix length. */
function shortCidr(cidr: Cidr): string {
  return cidr.prefix === (cidr.family === 4 ? 32 : 128) ? formatIp(networkAddress(cidr)) : formatCidr(cidr);
}

function networkAddress(cidr: Cidr): IpAddress {
  return cidr.family === 4 ? { family: 4, value: cidr.first } : { family: 6, value: cidr.first };
}

function listText(items: readonly string[], full: boolean): string {
  const shown = full ? items : items.slice(0, SHOWN_CIDRS);
  const hidden = items.length - shown.length;
  return `${shown.join(', ')}${hidden > 0 ? ` +${hidden} more` : ''}`;
}
