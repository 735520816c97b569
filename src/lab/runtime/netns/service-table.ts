/**
 * How a table of Services comes into force. An ordinary user's nft takes some 200 KB of netlink at once, and everything that
 * grows is in elements of sets: so a change is the elements that differ, and only what else has changed needs a new
 * table. What is too much for one transaction is told in several, each of which leaves the table usable.
 */

/** Of text in one transaction: what nft makes of it stays well below its limit. */
export const MAX_TRANSACTION_BYTES = 64 * 1024;

/** A table as text for `nft -f -`, taken apart. */
export interface ServiceTable {
  readonly text: string;
  /** The same without elements. */
  readonly frame: string;
  /** `inet NAME`. */
  readonly name: string;
  /** Sets and maps in order, with their elements; the value is empty in sets. */
  readonly elements: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** @param text as `renderServices` writes it: `elements = {`, elements and `}` on lines of their own */
export function parseServiceTable(text: string): ServiceTable {
  const frame: string[] = [];
  const elements = new Map<string, Map<string, string>>();
  let name = '';
  let current: Map<string, string> | undefined;
  let within = false;
  for (const line of text.split('\n')) {
    const trimmed = line.trim();
    if (within) {
      if (trimmed === '}') within = false;
      else for (const element of trimmed.split(', ')) addElement(element, current);
      continue;
    }
    const [kind = '', family = '', third = ''] = trimmed.split(' ');
    if (trimmed === 'elements = {') {
      within = true;
      continue;
    }
    if (kind === 'table') name = `${family} ${third}`;
    if (kind === 'set' || kind === 'map') elements.set(family, (current = new Map<string, string>()));
    frame.push(line);
  }
  return { text, frame: frame.join('\n'), name, elements };
}

function addElement(element: string, to: Map<string, string> | undefined): void {
  const text = element.replace(/,$/, '');
  if (text === '') return;
  const [key = '', value = ''] = text.split(' : ');
  to?.set(key, value);
}

/**
 * What to tell nft, one transaction after the other.
 *
 * @param before what is in force; `undefined` when that is not known
 */
export function transactionsTo(next: ServiceTable, before: ServiceTable | undefined): readonly string[] {
  const known = before !== undefined && before.frame === next.frame && before.name === next.name;
  if (!known && next.text.length <= MAX_TRANSACTION_BYTES) return [next.text];
  const lines = known ? differences(before, next) : [];
  if (!known) for (const [set, elements] of next.elements) lines.push(...pairs('add', next.name, set, elements));
  return [...(known ? [] : [next.frame]), ...transactions(lines)];
}

/** New ones first, in the order of the sets; what leads to others goes before what it led to. */
function differences(before: ServiceTable, next: ServiceTable): string[] {
  const lines: string[] = [];
  for (const [set, elements] of next.elements) {
    const old = before.elements.get(set);
    for (const [key, value] of elements) {
      const was = old?.get(key);
      if (was === value) continue;
      const added = oneElement('add', next.name, set, key, value);
      // Together, on one line: nobody sees the moment between.
      lines.push(was === undefined ? added : `${oneElement('delete', next.name, set, key, was)}\n${added}`);
    }
  }
  for (const [set, elements] of [...before.elements].reverse()) {
    const kept = next.elements.get(set);
    for (const [key, value] of elements) {
      if (kept?.has(key) !== true) lines.push(oneElement('delete', next.name, set, key, value));
    }
  }
  return lines;
}

function oneElement(verb: 'add' | 'delete', table: string, set: string, key: string, value: string): string {
  return `${verb} element ${table} ${set} { ${key}${value === '' || verb === 'delete' ? '' : ` : ${value}`} }`;
}

function pairs(verb: 'add', table: string, set: string, elements: ReadonlyMap<string, string>): string[] {
  return [...elements].map(([key, value]) => oneElement(verb, table, set, key, value));
}

function transactions(lines: readonly string[]): string[] {
  const all: string[] = [];
  let current: string[] = [];
  let bytes = 0;
  for (const line of lines) {
    if (bytes + line.length > MAX_TRANSACTION_BYTES && current.length > 0) {
      all.push(`${current.join('\n')}\n`);
      current = [];
      bytes = 0;
    }
    current.push(line);
    bytes += line.length + 1;
  }
  if (current.length > 0) all.push(`${current.join('\n')}\n`);
  return all;
}
