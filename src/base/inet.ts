/**
 * IP addresses and CIDRs as Kubernetes reads them.
 *
 * IPv4 and IPv6 are kept apart as tagged types; IPv4-mapped IPv6 input becomes IPv4, as Go's `net` package
 * treats it (semantics S45).
 */

export type IpFamily = 4 | 6;

/** `value` is the unsigned 32-bit number for IPv4 and the unsigned 128-bit number for IPv6. */
export type IpAddress =
  | { readonly family: 4; readonly value: number }
  | { readonly family: 6; readonly value: bigint };

/** A masked network: `first` and `last` are its lowest and highest address (host bits already removed, S44). */
export type Cidr =
  | { readonly family: 4; readonly prefix: number; readonly first: number; readonly last: number }
  | { readonly family: 6; readonly prefix: number; readonly first: bigint; readonly last: bigint };
