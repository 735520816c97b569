/** Matches of ports and of identities, as nft writes them. */
import { contentTag } from './content-name.ts';
import {
  isAllPorts,
  isWholeProtocol,
  opensOtherProtocols,
  portCount,
  portRangesOf,
  subtractPorts,
  type OpenPorts,
  type PortRange,
} from './open-ports.ts';
import type { IdentityId } from './plan.ts';
import type { RulesetBuilder } from './ruleset.ts';

/** Up to so many single ports are elements of the exact set; more make a set of ports of their own. */
const MAX_EXACT_PORTS = 16;

/** As nft writes a class id: two hexadecimal halves. */
export function classId(identity: IdentityId): string {
  return identity === 0 ? 'none' : `${(identity >>> 16).toString(16)}:${(identity & 0xffff).toString(16)}`;
}

/**
 * Matches of what `byIdentity` gives each identity beyond `toAll`, in the direction of the flow. The sets that they
 * look into are named after `name`.
 */
export function peerMatches(
  name: string,
  toAll: OpenPorts,
  byIdentity: ReadonlyMap<IdentityId, OpenPorts>,
  into: RulesetBuilder,
): string[] {
  const { exact, everything, byPorts } = sortOpen(toAll, byIdentity);
  const matches: string[] = [];
  if (exact.size > 0) {
    const type = 'classid . inet_proto . inet_service';
    const set = into.set({ name: `${name}_p`, kind: 'set', type, interval: false, elements: exact });
    matches.push(`meta priority . meta l4proto . th dport ${set}`);
  }
  if (everything.length > 0) matches.push(identityMatch(`${name}_a`, everything, into));
  for (const { ports, ids } of byPorts.values()) {
    const who = identityMatch(`${name}_${contentTag(ports.key)}`, ids, into);
    matches.push(...portMatches(`${who} `, ports, into));
  }
  return matches;
}

interface Sorted {
  /** `identity . protocol . port` */
  readonly exact: Map<string, string>;
  readonly everything: IdentityId[];
  readonly byPorts: Map<string, { readonly ports: OpenPorts; readonly ids: IdentityId[] }>;
}

function sortOpen(toAll: OpenPorts, byIdentity: ReadonlyMap<IdentityId, OpenPorts>): Sorted {
  const sorted: Sorted = { exact: new Map(), everything: [], byPorts: new Map() };
  for (const [id, open] of byIdentity) {
    if (isAllPorts(open)) {
      if (!isAllPorts(toAll)) sorted.everything.push(id);
      continue;
    }
    const ports = subtractPorts(open, toAll);
    if (ports.line.length === 0) continue;
    if (!opensOtherProtocols(ports) && portCount(ports) <= MAX_EXACT_PORTS) {
      for (const { protocol, first, last } of portRangesOf(ports)) {
        for (let port = first; port <= last; port++) sorted.exact.set(`${classId(id)} . ${protocol} . ${port}`, '');
      }
      continue;
    }
    const group = sorted.byPorts.get(ports.key);
    if (group === undefined) sorted.byPorts.set(ports.key, { ports, ids: [id] });
    else group.ids.push(id);
  }
  return sorted;
}

function identityMatch(name: string, ids: readonly IdentityId[], into: RulesetBuilder): string {
  const [only] = ids;
  if (only !== undefined && ids.length === 1) return `meta priority ${classId(only)}`;
  const elements = new Map(ids.map((id) => [classId(id), '']));
  return `meta priority ${into.set({ name, kind: 'set', type: 'classid', interval: false, elements })}`;
}

/** One match per way in which the ports can be asked for. */
export function portMatches(before: string, ports: OpenPorts, into: RulesetBuilder): string[] {
  if (isAllPorts(ports)) return [before.trimEnd()];
  const matches: string[] = [];
  const ranges = portRangesOf(ports);
  const [only] = ranges;
  if (only !== undefined && ranges.length === 1) matches.push(`${before}${rangeMatch(only)}`);
  else if (ranges.length > 1) {
    const elements = new Map(ranges.map((range) => [`${range.protocol} . ${portText(range)}`, '']));
    const name = `ports_${contentTag([...elements.keys()].join(' '))}`;
    const type = 'inet_proto . inet_service';
    matches.push(`${before}meta l4proto . th dport ${into.set({ name, kind: 'set', type, interval: true, elements })}`);
  }
  if (opensOtherProtocols(ports)) matches.push(`${before}meta l4proto != @ported`);
  return matches;
}

function rangeMatch(range: PortRange): string {
  return isWholeProtocol(range)
    ? `meta l4proto ${range.protocol}`
    : `meta l4proto ${range.protocol} th dport ${portText(range)}`;
}

function portText({ first, last }: PortRange): string {
  return first === last ? String(first) : `${first}-${last}`;
}
