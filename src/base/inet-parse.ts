/**
 * IP and CIDR text as Kubernetes reads it.
 *
 * The API server's legacy parsers are Go's from before 1.17: leading zeros are decimal, host bits are dropped and
 * IPv4-mapped IPv6 addresses are IPv4 (S41, S45). Newer servers refuse some of that on create, yet keep what is stored
 * (S42), so every parser here is sloppy and *reports* which strict rules the text breaks. Zone ids never parse.
 */
import { type Cidr, cidr4, cidr6, type IpAddress } from './inet.ts';

/** A strict rule that sloppily accepted text breaks, in the order in which the API server looks (S42). */
export type InetIssue = 'leading-zeros' | 'ipv4-mapped' | 'host-bits';

export interface ParsedIp {
  readonly ip: IpAddress;
  /** Empty when today's strict validation accepts the text too. Never `host-bits`. */
  readonly issues: readonly InetIssue[];
}

export interface ParsedCidr {
  readonly cidr: Cidr;
  /** The number behind the slash. For IPv4-mapped text it is 96 more than the prefix of `cidr` (S45). */
  readonly writtenPrefix: number;
  /** Empty when today's strict validation accepts the text too. */
  readonly issues: readonly InetIssue[];
}

const NO_ISSUES: readonly InetIssue[] = [];

const DOT = 46;
const ZERO = 48;
const NINE = 57;
const COLON = 58;

/** Go's integer scanner gives up at this value, which bounds every octet and prefix long before. */
const TOO_BIG = 0xffffff;

/** The address in `text`, or `undefined` where Go's sloppy parser finds none. */
export function parseIp(text: string): ParsedIp | undefined {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === DOT) {
      const value = scanIpv4(text, 0, text.length);
      if (value < 0) return undefined;
      return {
        ip: { family: 4, value },
        issues: hasLeadingZeros4(text, 0, text.length) ? ['leading-zeros'] : NO_ISSUES,
      };
    }
    if (c === COLON) return parsedIpv6(text);
  }
  return undefined;
}

function parsedIpv6(text: string): ParsedIp | undefined {
  const groups = scanIpv6(text, text.length);
  if (groups === undefined) return undefined;
  const issues: InetIssue[] = [];
  if (hasLeadingZeros6(text, text.length)) issues.push('leading-zeros');
  if (!isMapped(groups)) return { ip: { family: 6, value: joinGroups(groups) }, issues };
  issues.push('ipv4-mapped');
  return { ip: { family: 4, value: lastGroupsAsIpv4(groups) }, issues };
}

/**
 * The network in `text`, masked (S44), or `undefined` where the API server says "must be a valid CIDR value".
 * A bare address without a prefix length is no CIDR.
 */
export function parseCidr(text: string): ParsedCidr | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const prefix = scanPrefix(text, slash + 1);
  if (prefix < 0) return undefined;
  const value = scanIpv4(text, 0, slash);
  return value >= 0 ? parsedCidr4(text, slash, value, prefix) : parsedCidr6(text, slash, prefix);
}

function parsedCidr4(text: string, slash: number, value: number, prefix: number): ParsedCidr | undefined {
  if (prefix > 32) return undefined;
  const cidr = cidr4(value, prefix);
  const zeros = hasLeadingZeros4(text, 0, slash) || prefixHasLeadingZeros(text, slash + 1);
  if (!zeros && cidr.first === value) return { cidr, writtenPrefix: prefix, issues: NO_ISSUES };
  const issues: InetIssue[] = [];
  if (zeros) issues.push('leading-zeros');
  if (cidr.first !== value) issues.push('host-bits');
  return { cidr, writtenPrefix: prefix, issues };
}

function parsedCidr6(text: string, slash: number, prefix: number): ParsedCidr | undefined {
  if (prefix > 128) return undefined;
  const groups = scanIpv6(text, slash);
  if (groups === undefined) return undefined;
  const issues: InetIssue[] = [];
  if (hasLeadingZeros6(text, slash) || prefixHasLeadingZeros(text, slash + 1)) issues.push('leading-zeros');
  const mapped = isMapped(groups);
  if (mapped) issues.push('ipv4-mapped');
  // Go looks at the masked address: with a prefix below 96 the mapped marker itself loses bits and the network is IPv6.
  if (mapped && prefix >= 96) {
    const value = lastGroupsAsIpv4(groups);
    const cidr = cidr4(value, prefix - 96);
    if (cidr.first !== value) issues.push('host-bits');
    return { cidr, writtenPrefix: prefix, issues };
  }
  const value = joinGroups(groups);
  const cidr = cidr6(value, prefix);
  if (cidr.first !== value) issues.push('host-bits');
  return { cidr, writtenPrefix: prefix, issues };
}

/** The unsigned 32-bit value of dotted-decimal text, or -1. */
function scanIpv4(text: string, start: number, end: number): number {
  let value = 0;
  let at = start;
  for (let octet = 0; octet < 4; octet++) {
    if (octet > 0) {
      if (at >= end || text.charCodeAt(at) !== DOT) return -1;
      at++;
    }
    const digits = at;
    let n = 0;
    for (; at < end; at++) {
      const c = text.charCodeAt(at);
      if (c < ZERO || c > NINE) break;
      n = n * 10 + (c - ZERO);
      if (n > 255) return -1;
    }
    if (at === digits) return -1;
    value = value * 256 + n;
  }
  return at === end ? value : -1;
}

/** The eight 16-bit groups of `text[0, end)`, or `undefined`. */
function scanIpv6(text: string, end: number): number[] | undefined {
  const groups: number[] = [];
  let ellipsis = -1;
  let at = 0;
  if (end >= 2 && text.charCodeAt(0) === COLON && text.charCodeAt(1) === COLON) {
    ellipsis = 0;
    at = 2;
  }
  while (groups.length < 8 && !(at === end && ellipsis === groups.length)) {
    const digits = at;
    let n = 0;
    for (; at < end; at++) {
      const digit = hexDigit(text.charCodeAt(at));
      if (digit < 0) break;
      n = n * 16 + digit;
      if (n > 0xffff) return undefined;
    }
    if (at === digits) return undefined;
    if (at < end && text.charCodeAt(at) === DOT) {
      if (ellipsis < 0 ? groups.length !== 6 : groups.length > 6) return undefined;
      const tail = scanIpv4(text, digits, end);
      if (tail < 0) return undefined;
      groups.push(tail >>> 16, tail & 0xffff);
      at = end;
      break;
    }
    groups.push(n);
    if (at === end) break;
    // A colon that ends the text belongs to nothing.
    if (text.charCodeAt(at) !== COLON || at + 1 === end) return undefined;
    at++;
    if (text.charCodeAt(at) === COLON) {
      if (ellipsis >= 0) return undefined;
      ellipsis = groups.length;
      at++;
    }
  }
  if (at !== end) return undefined;
  if (ellipsis < 0) return groups.length === 8 ? groups : undefined;
  if (groups.length === 8) return undefined;
  const zeros = new Array<number>(8 - groups.length).fill(0);
  groups.splice(ellipsis, 0, ...zeros);
  return groups;
}

/** The number that `text` from `start` on consists of, or -1. */
function scanPrefix(text: string, start: number): number {
  if (start >= text.length) return -1;
  let n = 0;
  for (let i = start; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < ZERO || c > NINE) return -1;
    n = n * 10 + (c - ZERO);
    if (n >= TOO_BIG) return -1;
  }
  return n;
}

function hexDigit(code: number): number {
  if (code >= ZERO && code <= NINE) return code - ZERO;
  const lower = code | 0x20;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** Whether a dotted octet of `text[start, end)` has a zero in front of another digit. */
function hasLeadingZeros4(text: string, start: number, end: number): boolean {
  for (let i = start; i + 1 < end; i++) {
    if (text.charCodeAt(i) !== ZERO) continue;
    const startsOctet = i === start || !isDigit(text.charCodeAt(i - 1));
    if (startsOctet && isDigit(text.charCodeAt(i + 1))) return true;
  }
  return false;
}

/** IPv6 groups may be padded to four digits; more digits, or padding in a trailing IPv4 part, break the strict rule. */
function hasLeadingZeros6(text: string, end: number): boolean {
  let digits = 0;
  for (let i = 0; i < end; i++) {
    const c = text.charCodeAt(i);
    digits = c === COLON || c === DOT ? 0 : digits + 1;
    if (digits > 4) return true;
  }
  const tail = text.lastIndexOf(':', end - 1) + 1;
  return text.lastIndexOf('.', end - 1) >= tail && hasLeadingZeros4(text, tail, end);
}

function prefixHasLeadingZeros(text: string, start: number): boolean {
  return text.charCodeAt(start) === ZERO && start + 1 < text.length;
}

function isDigit(code: number): boolean {
  return code >= ZERO && code <= NINE;
}

function isMapped(groups: readonly number[]): boolean {
  for (let i = 0; i < 5; i++) if (groups[i] !== 0) return false;
  return groups[5] === 0xffff;
}

function lastGroupsAsIpv4(groups: readonly number[]): number {
  return (groups[6] ?? 0) * 0x10000 + (groups[7] ?? 0);
}

function joinGroups(groups: readonly number[]): bigint {
  // Three groups fit exactly into a double, so four bigint operations do for eight groups.
  let value = 0n;
  for (let i = 0; i < 8; i += 2) {
    value = (value << 32n) | BigInt((groups[i] ?? 0) * 0x10000 + (groups[i + 1] ?? 0));
  }
  return value;
}
