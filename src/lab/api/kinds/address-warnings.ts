/** What newer servers warn of in addresses and ranges: they mean something, and are not written as they should be. */
import { formatCidr, formatIp } from '../../../base/inet-format.ts';
import { parseCidr, parseIp } from '../../../base/inet-parse.ts';
import { cidrOfIp } from '../../../base/inet.ts';

export function ipWarnings(field: string, value: string): readonly string[] {
  const parsed = parseIp(value);
  if (parsed === undefined) return [];
  const canonical = formatIp(parsed.ip);
  if (parsed.issues.length > 0)
    return [
      `${field}: non-standard IP address "${value}" will be considered invalid in a future Kubernetes release: use "${canonical}"`,
    ];
  if (parsed.ip.family === 4 || canonical === value) return [];
  return [`${field}: IPv6 address "${value}" should be in RFC 5952 canonical format ("${canonical}")`];
}

export function cidrWarnings(field: string, value: string): readonly string[] {
  const parsed = parseCidr(value);
  if (parsed === undefined) return [];
  const { cidr, issues } = parsed;
  const canonical = formatCidr(cidr);
  const address = parseIp(value.slice(0, value.indexOf('/')));
  const warnings: string[] = [];
  if (issues.includes('host-bits') && address !== undefined) {
    const single = formatCidr(cidrOfIp(address.ip));
    warnings.push(
      `${field}: CIDR value "${value}" is ambiguous in this context (should be "${canonical}" or "${single}"?)`,
    );
  }
  if (issues.some((issue) => issue !== 'host-bits'))
    warnings.push(
      `${field}: non-standard CIDR value "${value}" will be considered invalid in a future Kubernetes release: use "${canonical}"`,
    );
  if (warnings.length === 0 && cidr.family === 6 && canonical !== value)
    warnings.push(`${field}: IPv6 CIDR value "${value}" should be in RFC 5952 canonical format ("${canonical}")`);
  return warnings;
}
