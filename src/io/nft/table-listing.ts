/** What `nft list` prints of a table of ours. */
import { everyPacket, GENERATION_CHECK, type GenerationField } from '../../dataplane/generation.ts';
import type { ChainState, TableState } from './nft-driver.ts';

interface Block {
  readonly kind: string;
  readonly name: string;
  readonly lines: string[];
}

const HEAD = /^\t?(\w+) (\S+|inet \S+) \{(?: # handle (\d+))?$/;

/** Of `nft -a -s -t list table`. */
export function parseTable(listing: string, field: GenerationField): TableState {
  const chains = new Map<string, ChainState>();
  const sets = new Set<string>();
  let generation: number | undefined;
  for (const { kind, name, lines } of blocks(listing)) {
    if (kind === 'set' || kind === 'map') sets.add(name);
    if (kind !== 'chain') continue;
    // What a chain is begins without a handle; each of its rules has one.
    const rules = lines.filter((line) => / # handle \d+$/.test(line));
    chains.set(name, { rules: rules.length, fingerprint: lines.join('\n') });
    if (name === GENERATION_CHECK)
      generation = rules[0] === undefined ? everyPacket(field) : generationOf(rules[0], field);
  }
  const [, , , handle = ''] = HEAD.exec(listing.slice(0, listing.indexOf('\n'))) ?? [];
  return { handle, generation, chains, sets };
}

function blocks(listing: string): Block[] {
  const found: Block[] = [];
  let open: Block | undefined;
  for (const line of listing.split('\n')) {
    if (line === '\t}') open = undefined;
    else if (line.startsWith('\t\t')) open?.lines.push(line.trim());
    else {
      const [, kind = '', name = ''] = line.startsWith('\t') ? (HEAD.exec(line) ?? []) : [];
      if (kind === '') continue;
      open = { kind, name, lines: [] };
      found.push(open);
    }
  }
  return found;
}

/** `ct mark & 0xffff0000 == 0x00010000`, which nft also writes as `ct mark 0x00010000/16`. */
function generationOf(rule: string, { shift, bits }: GenerationField): number | undefined {
  const masked = /^ct mark & 0x([0-9a-f]{1,8}) == 0x([0-9a-f]{1,8}) /.exec(rule);
  const prefix = /^ct mark 0x([0-9a-f]{1,8})\/(\d{1,2}) /.exec(rule);
  const whole = /^ct mark 0x([0-9a-f]{1,8}) /.exec(rule);
  const mask = (2 ** bits - 1) * 2 ** shift;
  const found =
    masked !== null
      ? { mask: Number.parseInt(masked[1] ?? '', 16), value: masked[2] }
      : prefix !== null
        ? { mask: 2 ** 32 - 2 ** (32 - Number(prefix[2])), value: prefix[1] }
        : { mask: 2 ** 32 - 1, value: whole?.[1] };
  // In another field the number would mean something else.
  if (found.value === undefined || found.mask !== mask) return undefined;
  return Math.floor(Number.parseInt(found.value, 16) / 2 ** shift);
}

/** Of one `nft -s list set` or `list map`, or of several after one another. */
export function parseElements(listing: string): Map<string, Map<string, string>> {
  const found = new Map<string, Map<string, string>>();
  for (const { kind, name, lines } of blocks(listing)) {
    if (kind !== 'set' && kind !== 'map') continue;
    const elements = new Map<string, string>();
    const [, text = ''] = /elements = \{ (.*) \}/.exec(lines.join(' ')) ?? [];
    for (const element of text.split(',')) {
      const [key = '', value = ''] = element.trim().split(/ : /);
      if (key !== '') elements.set(key.trim(), value.trim());
    }
    found.set(name, elements);
  }
  return found;
}

/** The names of the counters among what `nft list table` prints. */
export function parseCounterNames(listing: string): Set<string> {
  return new Set(blocks(listing).flatMap(({ kind, name }) => (kind === 'counter' ? [name] : [])));
}
