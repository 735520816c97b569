/** From the compiled cluster to the plan of one node: the engine answers, this only asks it about everybody once. */
import { BugError } from '../base/assert.ts';
import type { Cidr, IpAddress, IpFamily } from '../base/inet.ts';
import { formatIp } from '../base/inet-format.ts';
import type { IpRange } from '../base/inet-ranges.ts';
import { NO, YES } from '../base/tri.ts';
import type { Compiled } from '../engine/compiled.ts';
import { PairEvaluation } from '../engine/pair-evaluation.ts';
import { WORLDS, type ClassSet } from '../engine/peer-sets.ts';
import { ALL_PORTS as ALL_PORT_SET, NO_PORTS as NO_PORT_SET, type PortSetId } from '../engine/port-sets.ts';
import { TierTable } from '../engine/tier-table.ts';
import { compareText } from '../model/order.ts';
import { ContentNames } from './content-name.ts';
import { FIRST_IDENTITY, numberKinds, type HadNumbers } from './identities.ts';
import { JudgingSets, type JudgingSet } from './judging-sets.ts';
import { addressPeers, podsOn, rangePeers, type AddressPeer } from './node-peers.ts';
import { ALL_PORTS, intersectPorts, isAllPorts, openPortsOf, type OpenPorts } from './open-ports.ts';
import { groupsIn } from './peer-groups.ts';
import type { IdentityId, IdentityRange, LocalPod, Plan, PolicySet } from './plan.ts';

export interface PlanOptions {
  /**
   * Ranges whose addresses only pods of this node have: traffic forwarded from or to an address in them that belongs
   * to no known pod is dropped (D13: fail closed). Empty: not done.
   */
  readonly closedRanges?: readonly Cidr[];
  /** The plan that is in force: identities keep their numbers. */
  readonly previous?: Plan | undefined;
}

/**
 * The plan of a node.
 *
 * Nodes must have at most one address per family, as `separateNodeAddresses` makes it.
 */
export function compilePlan(compiled: Compiled, node: string, options: PlanOptions = {}): Plan {
  const { cluster } = compiled;
  const pods = podsOn(node, compiled);
  const judging = new JudgingSets(pods, compiled, new ContentNames());
  const pairs = new PairEvaluation(compiled, new TierTable(compiled));
  const addresses = addressPeers(node, compiled);
  const own = addresses.filter(({ ownNode }) => ownNode);
  const closedToNode = ({ classId, direction }: JudgingSet): boolean =>
    direction === 'ingress' &&
    own.some((peer) => pairs.gate(classId, peer.classId, direction, peer.address.family, YES).certain !== ALL_PORT_SET);
  const peers = sortPeers(addresses, judging.sets, pairs, compiled);
  const numbered = numberKinds(
    hadNumbers(peers, options.previous),
    peers.anybody,
    options.previous?.nextIdentity ?? FIRST_IDENTITY,
  );
  const idOf = (kind: number): IdentityId => numbered.ids[kind] ?? 0;
  const ranges = joinRanges(peers.ranges.map(({ range, kind }) => ({ range, identity: idOf(kind) })));
  const lookup = rangeLookup(ranges);
  const special = new Map<string, { address: IpAddress; identity: IdentityId }>();
  for (const { address, kind } of peers.addresses) {
    const identity = idOf(kind);
    if (identity !== lookup(address)) special.set(formatIp(address), { address, identity });
  }
  const policySets = judging.sets
    .map((set, index) => ({
      name: set.name,
      direction: set.direction,
      policies: set.policies,
      ...openOf(index, peers, numbered.ids, compiled),
      closedToNode: closedToNode(set),
    }))
    .filter(({ toAll, closedToNode }) => closedToNode || !isAllPorts(toAll));
  const judged = new Set(policySets.map(({ name }) => name));
  const named = (set: JudgingSet | undefined): string | undefined =>
    set !== undefined && judged.has(set.name) ? set.name : undefined;
  const localPods = pods.flatMap(({ pod, classId, addresses }) =>
    addresses.map((address): LocalPod => ({
      pod: cluster.podLabel(pod),
      address,
      ingress: named(judging.of(classId, 'ingress')),
      egress: named(judging.of(classId, 'egress')),
    })),
  );
  return {
    node,
    policySets,
    localPods: localPods.toSorted((a, b) => compareText(formatIp(a.address), formatIp(b.address))),
    peers: special,
    ranges,
    closedRanges: options.closedRanges ?? [],
    nextIdentity: numbered.next,
  };
}

interface SortedPeers {
  /** What each of the policy sets opens. */
  readonly kinds: readonly (readonly PortSetId[])[];
  /** The kind that most addresses belong to: it needs no entry in the kernel. */
  readonly anybody: number;
  readonly addresses: readonly { readonly address: IpAddress; readonly kind: number }[];
  readonly ranges: readonly { readonly range: IpRange; readonly kind: number }[];
}

/** Sorts everybody by what the policy sets open to them: whoever gets the same from all of them is one kind. */
function sortPeers(
  known: readonly AddressPeer[],
  sets: readonly JudgingSet[],
  pairs: PairEvaluation,
  compiled: Compiled,
): SortedPeers {
  const groups = groupsIn(relevantSets(sets, compiled), compiled);
  const kinds: (readonly PortSetId[])[] = [];
  const kindOfOpen = new Map<string, number>();
  const kindOfGroup = new Map<string, number>();

  const kindOf = (classId: number, family: IpFamily, ownNode: boolean): number => {
    const group = `${groups[classId] ?? -1} ${compiled.classes.namedPortsOf(classId)} ${family} ${ownNode ? 1 : 0}`;
    let kind = kindOfGroup.get(group);
    if (kind === undefined) {
      const open = sets.map((set) => {
        // Traffic from the own node is never forwarded, so its ingress is exempt without being asked (S100, D16).
        const sameNode = ownNode && set.direction === 'egress' ? YES : NO;
        return pairs.gate(set.classId, classId, set.direction, family, sameNode).certain;
      });
      const text = open.join(' ');
      kind = kindOfOpen.get(text);
      if (kind === undefined) {
        kind = kinds.push(open) - 1;
        kindOfOpen.set(text, kind);
      }
      kindOfGroup.set(group, kind);
    }
    return kind;
  };

  const ranges = rangePeers(compiled).map(({ range, classId }) => {
    return { range, kind: kindOf(classId, range.family, false) };
  });
  const addresses = known.map(({ address, classId, ownNode }) => {
    return { address, kind: kindOf(classId, address.family, ownNode) };
  });
  return { kinds, anybody: widestKind(ranges), addresses, ranges };
}

function relevantSets(sets: readonly JudgingSet[], compiled: Compiled): Set<ClassSet> {
  const { peerSets } = compiled;
  const relevant = new Set<ClassSet>();
  for (const { rules } of sets) {
    for (const { peers } of rules) for (const world of WORLDS) relevant.add(peerSets.set(peers, world));
  }
  // Pods, hosts and others are not always in different sets, but the engine may treat them differently.
  const { podCount, externalStart } = compiled.classes;
  if (podCount > 0) relevant.add(peerSets.sets.of([0, podCount - 1]));
  if (externalStart > podCount) relevant.add(peerSets.sets.of([podCount, externalStart - 1]));
  return relevant;
}

/** By the number of addresses; IPv6 only decides where IPv4 does not. */
function widestKind(ranges: SortedPeers['ranges']): number {
  const sizes = new Map<number, number>();
  for (const { range, kind } of ranges) {
    const size = range.family === 4 ? range.last - range.first + 1 : Number(range.last - range.first + 1n) / 2 ** 128;
    sizes.set(kind, (sizes.get(kind) ?? 0) + size);
  }
  let widest = -1;
  let most = -1;
  for (const [kind, size] of sizes) {
    if (size > most) [widest, most] = [kind, size];
  }
  return widest;
}

function openOf(
  index: number,
  peers: SortedPeers,
  ids: readonly IdentityId[],
  compiled: Compiled,
): Pick<PolicySet, 'toAll' | 'open'> {
  const ports = new Map<PortSetId, OpenPorts>();
  const open = new Map<IdentityId, OpenPorts>();
  let toAll: OpenPorts = ALL_PORTS;
  peers.kinds.forEach((kind, at) => {
    const portSet = kind[index] ?? NO_PORT_SET;
    let value = ports.get(portSet);
    if (value === undefined) {
      value = openPortsOf(compiled.portSets.value(portSet));
      ports.set(portSet, value);
      toAll = intersectPorts(toAll, value);
    }
    const id = ids[at];
    if (id === undefined) throw new BugError(`kind ${at} has no identity`);
    if (value.line.length > 0) open.set(id, value);
  });
  const sorted = [...open].toSorted(([a], [b]) => a - b);
  return { toAll, open: new Map(sorted) };
}

/** Neighbours of one identity become one range; what is nobody's in particular goes. */
function joinRanges(ranges: readonly IdentityRange[]): IdentityRange[] {
  const joined: IdentityRange[] = [];
  for (const { range, identity } of ranges) {
    if (identity === 0) continue;
    const last = joined.at(-1);
    const together = last?.identity === identity ? union(last.range, range) : undefined;
    if (together === undefined) joined.push({ range, identity });
    else joined[joined.length - 1] = { range: together, identity };
  }
  return joined;
}

function union(a: IpRange, b: IpRange): IpRange | undefined {
  if (a.family === 4) return b.family === 4 && a.last + 1 === b.first ? { ...a, last: b.last } : undefined;
  return b.family === 6 && a.last + 1n === b.first ? { ...a, last: b.last } : undefined;
}

/** The identity that an address has by the range that it lies in. */
export function rangeLookup(ranges: readonly IdentityRange[]): (address: IpAddress) => IdentityId {
  const byFamily = {
    4: ranges.filter(({ range }) => range.family === 4),
    6: ranges.filter(({ range }) => range.family === 6),
  };
  return ({ family, value }) => {
    const list = byFamily[family];
    let low = 0;
    let high = list.length;
    while (low < high) {
      const mid = (low + high) >>> 1;
      const at = list[mid];
      if (at !== undefined && at.range.last < value) low = mid + 1;
      else high = mid;
    }
    const found = list[low];
    return found !== undefined && found.range.first <= value ? found.identity : 0;
  };
}

/** How many members of each kind had which identity in the plan that is in force. */
function hadNumbers(peers: SortedPeers, previous: Plan | undefined): HadNumbers[] {
  const had = peers.kinds.map(() => new Map<IdentityId, number>());
  if (previous === undefined) return had;
  const count = (kind: number, id: IdentityId): void => void had[kind]?.set(id, (had[kind]?.get(id) ?? 0) + 1);
  const ofRange = rangeLookup(previous.ranges);
  for (const { range, kind } of peers.ranges) count(kind, ofRange(firstOf(range)));
  for (const { address, kind } of peers.addresses) {
    count(kind, previous.peers.get(formatIp(address))?.identity ?? ofRange(address));
  }
  return had;
}

function firstOf(range: IpRange): IpAddress {
  return range.family === 4 ? { family: 4, value: range.first } : { family: 6, value: range.first };
}
