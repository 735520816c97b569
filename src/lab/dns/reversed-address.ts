import type { IpAddress } from '../../base/inet.ts';
import { parseIp } from '../../base/inet-parse.ts';

/** The address of a name below `in-addr.arpa` or `ip6.arpa`; `undefined` for every other name. */
export function reversedAddress(labels: readonly string[]): IpAddress | undefined {
  const [arpa, zone, ...rest] = labels.toReversed();
  if (arpa !== 'arpa') return undefined;
  if (zone === 'in-addr' && rest.length === 4) return parseIp(rest.join('.'))?.ip;
  if (zone !== 'ip6' || rest.length !== 32 || !rest.every((digit) => /^[0-9a-f]$/.test(digit))) return undefined;
  const groups = Array.from({ length: 8 }, (_, index) => rest.slice(index * 4, index * 4 + 4).join(''));
  return parseIp(groups.join(':'))?.ip;
}
