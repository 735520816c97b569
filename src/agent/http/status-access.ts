/** Who may read what the agent knows about the pods of its node. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { parseIp } from '../../base/inet-parse.ts';

/**
 * Programs on the node itself, and whoever has the token.
 *
 * @param token `''`: there is none
 */
export function mayReadStatus(remoteAddress = '', authorization = '', token = ''): boolean {
  if (isLoopback(remoteAddress)) return true;
  // Of equal length, so that comparing them takes equally long.
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return token !== '' && timingSafeEqual(digest(authorization), digest(`Bearer ${token}`));
}

function isLoopback(address: string): boolean {
  const ip = parseIp(address)?.ip;
  if (ip === undefined) return false;
  return ip.family === 4 ? ip.value >>> 24 === 127 : ip.value === 1n;
}
