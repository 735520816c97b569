import type { MapGroup, MapIndex } from './map-index.ts';
import { externalPeers } from './map-index.ts';
import { outsideName } from './outside-names.ts';

export interface TermOptions {
  /** Nodes that count as part of any set that has all the others: a workload is never listed as its own peer. */
  readonly wild?: ReadonlySet<number>;
  /** Call this namespace `(same namespace)`, so that copies of an application in several namespaces read alike. */
  readonly relativeTo?: number;
  /** List everything, however long. */
  readonly full?: boolean;
  /** Cut lists earlier, for maps with very many blocks. */
  readonly terse?: boolean;
  /** `named`: never say "all workloads" or all but a few; `listed`: nor `shop/*`. For maps that lack peers. */
  readonly detail?: 'named' | 'listed';
}

/** Most names listed of one namespace, and most namespaces listed, before the rest is counted. */
const SHOWN_NAMES = 10;
const SHOWN_GROUPS = 8;
const SHOWN_TERSE = 3;
/** An exception is only worth stating when it is this short. */
const SHOWN_EXCEPTIONS = 3;

export const sameNamespace = '(same namespace)';

interface Share {
  readonly group: number;
  /** Members of the set, ascending; wild nodes are not in it. */
  readonly members: number[];
}

/**
 * A set of peers in the fewest words: `everything`, `all workloads`, `shop/*`, `shop/{cart, web}`, `everything
 * (except db/*)`, `internet`. Exact: what is left out by length is counted (`+12 more`).
 */
export function describePeers(index: MapIndex, peers: Iterable<number>, options: TermOptions = {}): string[] {
  const shares = new Map<number, Share>();
  const outside: number[] = [];
  const seen = new Set(peers);
  for (const node of [...seen].toSorted((a, b) => a - b)) {
    const group = index.nodes[node]?.group ?? -1;
    if (group === -1) outside.push(node);
    else shareOf(shares, group).members.push(node);
  }
  let inside = 0;
  for (const share of shares.values()) inside += share.members.length;
  let wild = 0;
  for (const node of options.wild ?? []) {
    if (node < index.inside && !seen.has(node)) wild++;
  }

  const outsideTotal = index.nodes.length - index.inside;
  const allOutside = outsideTotal > 0 && outside.length === outsideTotal;
  const noun = index.byNamespace ? 'all namespaces' : 'all workloads';
  const all = allOutside || outsideTotal === 0 ? 'everything' : noun;
  const outsideTerms = outside.length === 0 ? [] : [outsideName(externalPeers(index, outside), options.full)];
  const withOutside = (term: string): string[] => (allOutside ? [term] : [term, ...outsideTerms]);

  // One other peer is better named than called all, unless it stands with all of the outside.
  const worthIt = inside > 1 || (inside === 1 && wild > 0 && allOutside);
  if (options.detail === undefined && worthIt) {
    if (inside + wild === index.inside) return withOutside(all);
    if (inside * 2 > index.inside && index.groups.length > 1) {
      const exceptions = exceptionTerms(index, seen, options);
      const direct = groupTerms(index, shares, options);
      if (exceptions !== undefined && exceptions.length < direct.length) {
        return withOutside(`${all} (except ${exceptions.join(', ')})`);
      }
    }
  }
  const terms = groupTerms(index, shares, options);
  const most = options.terse === true ? SHOWN_TERSE : SHOWN_GROUPS;
  if (options.full !== true && terms.length > most + 1) {
    const rest = [...shares.values()].toSorted((a, b) => a.group - b.group).slice(most);
    const hidden = rest.reduce((sum, share) => sum + share.members.length, 0);
    return [...terms.slice(0, most), `+${hidden} more in ${rest.length} namespaces`, ...outsideTerms];
  }
  return [...terms, ...outsideTerms];
}

function shareOf(shares: Map<number, Share>, group: number): Share {
  let share = shares.get(group);
  if (share === undefined) {
    share = { group, members: [] };
    shares.set(group, share);
  }
  return share;
}

function groupTerms(index: MapIndex, shares: ReadonlyMap<number, Share>, options: TermOptions): string[] {
  return [...shares.values()]
    .toSorted((a, b) => a.group - b.group)
    .flatMap((share) => groupTerm(index, share, options));
}

function groupTerm(index: MapIndex, share: Share, options: TermOptions): string[] {
  const group = index.groups[share.group];
  if (group === undefined) return [];
  const names = share.members.map((node) => index.nodes[node]?.name ?? '');
  // Namespaces as peers have no namespace around them.
  if (index.byNamespace && group.name === '') return capped(names, options);
  const prefix = share.group === options.relativeTo ? sameNamespace : group.name;
  const missing = missingIn(group, share.members, options.wild);
  if (options.detail !== 'listed' && names.length > 1 && missing.length === 0) return [`${prefix}/*`];
  if (options.detail !== 'listed' && names.length > 4 && missing.length <= 2) {
    return [`${prefix}/* (except ${missing.map((node) => index.nodes[node]?.name ?? '').join(', ')})`];
  }
  const list = capped(names, options);
  return [list.length === 1 ? `${prefix}/${list.join('')}` : `${prefix}/{${list.join(', ')}}`];
}

/** The namespace's nodes that are neither members nor wild; three are as good as more. */
function missingIn(group: MapGroup, members: readonly number[], wild: ReadonlySet<number> | undefined): number[] {
  const missing: number[] = [];
  let at = 0;
  for (let node = group.first; node < group.end && missing.length < 3; node++) {
    if (members[at] === node) at++;
    else if (wild?.has(node) !== true) missing.push(node);
  }
  return missing;
}

function capped(names: readonly string[], options: TermOptions): string[] {
  const most = options.terse === true ? SHOWN_TERSE : SHOWN_NAMES;
  if (options.full === true || names.length <= most + 1) return [...names];
  return [...names.slice(0, most), `+${names.length - most} more`];
}

/** What a set that has more than half of everything lacks, when that can be said shortly. */
function exceptionTerms(index: MapIndex, present: ReadonlySet<number>, options: TermOptions): string[] | undefined {
  const shares = new Map<number, Share>();
  for (let node = 0; node < index.inside; node++) {
    if (present.has(node) || options.wild?.has(node) === true) continue;
    shareOf(shares, index.nodes[node]?.group ?? -1).members.push(node);
    if (shares.size > SHOWN_EXCEPTIONS) return undefined;
  }
  const names = [...shares.values()].reduce((sum, share) => {
    const group = index.groups[share.group];
    const whole = group !== undefined && share.members.length === group.end - group.first;
    return sum + (whole ? 1 : share.members.length);
  }, 0);
  if (names > SHOWN_EXCEPTIONS * 2) return undefined;
  // A wild node stands on neither side: without it in the options, `ns/*` is only said where every node is missing.
  const { relativeTo, full = false, terse = false } = options;
  return groupTerms(index, shares, { full, terse, ...(relativeTo === undefined ? {} : { relativeTo }) });
}
