/** Addresses that other things are reached at: not those of the machine itself or of its link. */
import { parseIp } from '../../../base/inet-parse.ts';
import type { Causes } from './causes.ts';

export function validateIp(causes: Causes, value: string, field: string): void {
  if (parseIp(value) === undefined)
    causes.invalid(field, value, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)');
}

export function validateIpOfFamily(causes: Causes, value: string, family: 4 | 6, field: string): void {
  if (parseIp(value)?.ip.family !== family) causes.invalid(field, value, `must be a valid IPv${family} address`);
}

export function validateOrdinaryIp(causes: Causes, address: string, field: string): void {
  const parsed = parseIp(address);
  if (parsed === undefined) {
    causes.invalid(field, address, 'must be a valid IP address');
    return;
  }
  const { ip } = parsed;
  const isV4 = ip.family === 4;
  const value = BigInt(ip.value);
  if (value === 0n) causes.invalid(field, address, `may not be unspecified (${address})`);
  if (isV4 ? value >> 24n === 127n : value === 1n)
    causes.invalid(field, address, 'may not be in the loopback range (127.0.0.0/8, ::1/128)');
  if (isV4 ? value >> 16n === 0xa9fen : value >> 118n === 0x3fan)
    causes.invalid(field, address, 'may not be in the link-local range (169.254.0.0/16, fe80::/10)');
  if (isV4 ? value >> 8n === 0xe00000n : value >> 112n === 0xff02n)
    causes.invalid(field, address, 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)');
}
