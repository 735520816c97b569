import { readFileSync } from 'node:fs';

/**
 * Whether some program reads this group of the packet log: the kernel refuses a second one with the same error as it
 * refuses one without privileges. False when it cannot be told.
 */
export function isGroupTaken(group: number, path = '/proc/net/netfilter/nfnetlink_log'): boolean {
  let table: string;
  try {
    table = readFileSync(path, 'utf8');
  } catch {
    return false;
  }
  return table.split('\n').some((line) => line.trim().split(/\s+/)[0] === String(group));
}
