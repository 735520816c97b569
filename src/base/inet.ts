/**
 * IP addresses and CIDRs as Kubernetes reads them.
 *
 * IPv4 and IPv6 are kept apart as tagged types; IPv4-mapped IPv6 input becomes IPv4, as Go's `net` package
 * treats it (semantics S45).
 */

export type IpFamily = 4 | 6;

/** `value` is the unsigned 32-bit number for IPv4 and the unsigned 128-bit number for IPv6. */
export type IpAddress = { readonly family: 4; readonly value: number } | { readonly family: 6; readonly value: bigint };

/** A masked network: `first` and `last` are its lowest and highest address (host bits already removed, S44). */
export type Cidr =
  | { readonly family: 4; readonly prefix: number; readonly first: number; readonly last: number }
  | { readonly family: 6; readonly prefix: number; readonly first: bigint; readonly last: bigint };

const ALL_IPV6 = (1n << 128n) - 1n;

/** The IPv4 network of `prefix` bits (0..32) around `value`; host bits are dropped. */
export function cidr4(value: number, prefix: number): Cidr & { readonly family: 4 } {
  const size = 2 ** (32 - prefix);
  const first = value - (value % size);
  return { family: 4, prefix, first, last: first + size - 1 };
}

/** The IPv6 network of `prefix` bits (0..128) around `value`; host bits are dropped. */
export function cidr6(value: bigint, prefix: number): Cidr & { readonly family: 6 } {
  const hostBits = BigInt(128 - prefix);
  const first = (value >> hostBits) << hostBits;
  return { family: 6, prefix, first, last: first | (ALL_IPV6 >> BigInt(prefix)) };
}

/** The network that holds just `ip`. */
export function cidrOfIp(ip: IpAddress): Cidr {
  return ip.family === 4
    ? { family: 4, prefix: 32, first: ip.value, last: ip.value }
    : { family: 6, prefix: 128, first: ip.value, last: ip.value };
}

/** Whether `ip` lies in `cidr`; families never mix (S45). */
export function cidrContains(cidr: Cidr, ip: IpAddress): boolean {
  return cidr.family === ip.family && cidr.first <= ip.value && ip.value <= cidr.last;
}

/** Whether every address of `inner` lies in `outer` (equal networks too). */
export function cidrContainsCidr(outer: Cidr, inner: Cidr): boolean {
  return outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last;
}

/** Orders IPv4 before IPv6, then by first address, then wider networks first. */
export function compareCidrs(a: Cidr, b: Cidr): number {
  if (a.family !== b.family) return a.family - b.family;
  return a.first < b.first ? -1 : a.first > b.first ? 1 : a.prefix - b.prefix;
}
