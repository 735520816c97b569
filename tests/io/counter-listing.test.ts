import { describe, expect, it } from 'vitest';
import { parseCounters } from '../../src/io/nft/counter-listing.ts';

const listing = (...items: unknown[]): string =>
  JSON.stringify({ nftables: [{ metainfo: { version: '1.0.6' } }, ...items] });

describe('what nft says of counters', () => {
  it('of our table', () => {
    const counter = { family: 'inet', table: 'sallyport', name: 'dn_in_0', handle: 3, packets: 12, bytes: 720 };
    const text = listing(
      { counter },
      { counter: { ...counter, table: 'other' } },
      { counter: { ...counter, family: 'ip', name: 'x' } },
      { counter: { ...counter, name: 'y', packets: 'many' } },
      null,
    );
    expect(parseCounters(text, 'sallyport')).toEqual(new Map([['dn_in_0', { packets: 12, bytes: 720 }]]));
  });

  it.each(['', '{', 'null', '[]', '{"nftables":3}'])('%j is no such listing', (text) => {
    expect(() => parseCounters(text, 'sallyport')).toThrow('nft lists no counters');
  });
});
