import type { Count } from './nft-driver.ts';
import { NftError } from './nft-error.ts';

/**
 * What `nft -j list counters` says of one table; other tables are left out.
 *
 * @throws NftError `nft-refused` when it is no such listing
 */
export function parseCounters(listing: string, table: string): Map<string, Count> {
  const counts = new Map<string, Count>();
  for (const item of itemsOf(listing)) {
    const counter = fieldOf(item, 'counter');
    const [name, packets, bytes] = ['name', 'packets', 'bytes'].map((field) => fieldOf(counter, field));
    if (fieldOf(counter, 'table') !== table || fieldOf(counter, 'family') !== 'inet') continue;
    if (typeof name !== 'string' || typeof packets !== 'number' || typeof bytes !== 'number') continue;
    counts.set(name, { packets, bytes });
  }
  return counts;
}

function itemsOf(listing: string): readonly unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(listing);
  } catch {
    value = undefined;
  }
  const items = fieldOf(value, 'nftables');
  if (!Array.isArray(items)) throw new NftError('nft-refused', 'nft lists no counters');
  return items;
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([name]) => name === field)?.[1]
    : undefined;
}
