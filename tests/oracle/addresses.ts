/**
 * IP addresses and CIDRs, written from semantics S41-S45: leading zeros are decimal, host bits are ignored,
 * IPv4-mapped IPv6 is IPv4. Both families are numbers of any size, so that there is only one way to compare.
 */
export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

function number(text: string, base: 10 | 16, max: number): bigint | undefined {
  if (!(base === 10 ? /^[0-9]+$/ : /^[0-9a-fA-F]+$/).test(text)) return undefined;
  const value = Number.parseInt(text, base);
  return value <= max ? BigInt(value) : undefined;
}

function combine(parts: readonly (bigint | undefined)[], bits: bigint): bigint | undefined {
  let value = 0n;
  for (const part of parts) {
    if (part === undefined) return undefined;
    value = (value << bits) | part;
  }
  return value;
}

function ipv4(text: string): bigint | undefined {
  const octets = text.split('.');
  return octets.length === 4
    ? combine(
        octets.map((octet) => number(octet, 10, 255)),
        8n,
      )
    : undefined;
}

function ipv6(text: string): bigint | undefined {
  // A dotted tail stands for the last two groups.
  const tail = /^(.*:)([0-9.]+\.[0-9.]+)$/.exec(text);
  if (tail !== null) {
    const low = ipv4(tail[2] ?? '');
    if (low === undefined) return undefined;
    return ipv6(`${tail[1] ?? ''}${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`);
  }
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], end = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - end.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => '0'), ...end];
  return combine(
    groups.map((group) => number(group, 16, 0xffff)),
    16n,
  );
}

/** `undefined` when the text is no address. */
export function parseAddress(text: string): Address | undefined {
  if (!text.includes(':')) {
    const value = ipv4(text);
    return value === undefined ? undefined : { family: 4, value };
  }
  const value = ipv6(text);
  if (value === undefined) return undefined;
  return value >> 32n === 0xffffn ? { family: 4, value: value & 0xffffffffn } : { family: 6, value };
}

/** Whether the address is inside the CIDR; a CIDR that does not parse contains nothing (D11). */
export function inCidr(address: Address | undefined, cidr: string): boolean {
  const [text = '', length = '', ...rest] = cidr.split('/');
  const network = parseAddress(text);
  if (address === undefined || network === undefined || rest.length > 0) return false;
  const bits = text.includes(':') ? 128 : 32;
  const prefix = number(length, 10, bits);
  if (prefix === undefined) return false;
  const mapped = network.family === 4 && bits === 128;
  // S45: an IPv4-mapped network is IPv4 as long as its prefix covers the mapping itself.
  if (mapped && prefix < 96n) return inside(address, { family: 6, value: (0xffffn << 32n) | network.value }, prefix);
  return inside(address, network, mapped ? prefix - 96n : prefix);
}

function inside(address: Address, network: Address, prefix: bigint): boolean {
  const shift = (network.family === 4 ? 32n : 128n) - prefix;
  return address.family === network.family && address.value >> shift === network.value >> shift;
}
