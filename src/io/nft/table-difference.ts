import { formatIp } from '../../base/inet-format.ts';
import { parseIp } from '../../base/inet-parse.ts';
import type { Ruleset } from '../../dataplane/ruleset.ts';
import { parseCounterNames, parseElements, parseTable } from './table-listing.ts';

/**
 * Where the table that `nft -a -n -s list table` prints is not the ruleset, in words; `undefined` when it is as far as
 * can be seen: the same counters, chains with as many rules, and sets with the same elements. What rules say is not
 * compared, since nft writes them in words of its own.
 */
export function tableDifference(listing: string, { chains, counters, sets }: Ruleset): string | undefined {
  const state = parseTable(listing, { shift: 0, bits: 1 });
  for (const [name, { rules }] of chains) {
    const found = state.chains.get(name);
    if (found === undefined) return `chain ${name} is gone`;
    // The chains that say the generation are empty in the ruleset.
    if (rules.length > 0 && found.rules !== rules.length)
      return `chain ${name} has ${found.rules} rules instead of ${rules.length}`;
  }
  const surplus = [
    ...[...state.chains.keys()].filter((name) => !chains.has(name)),
    ...[...state.sets].filter((name) => !sets.has(name)),
  ];
  if (surplus[0] !== undefined) return `${surplus[0]} is not ours`;
  const counted = parseCounterNames(listing);
  for (const name of counters.keys()) if (!counted.has(name)) return `counter ${name} is gone`;
  const elements = parseElements(listing);
  for (const { name, elements: ours, interval } of sets.values()) {
    const wanted = interval ? withoutFullPrefixes(ours) : ours;
    const found = elements.get(name);
    if (found === undefined) return `set ${name} is gone`;
    if (found.size !== wanted.size) return `${name} has ${found.size} elements instead of ${wanted.size}`;
    for (const [key, value] of found) {
      if (wanted.get(canonical(key)) !== value.replaceAll('"', '')) return `${name} says something else about ${key}`;
    }
  }
  return undefined;
}

/** nft writes a network of one address as an address. */
function withoutFullPrefixes(elements: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  return new Map(
    [...elements].map(([key, value]) => [
      key.replace(/^([0-9.]+\/32|[0-9a-f:.]+\/128)$/, (text) => text.slice(0, text.indexOf('/'))),
      value,
    ]),
  );
}

/** nft may write an address in another way than we do. */
function canonical(key: string): string {
  return key.replace(/[0-9a-f.]*:[0-9a-f:.]*/g, (address) => {
    const parsed = parseIp(address);
    return parsed === undefined ? address : formatIp(parsed.ip);
  });
}
