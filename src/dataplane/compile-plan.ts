/** From the compiled cluster to the plan of one node: the engine answers, this only asks it about everybody once. */
import { BugError } from '../base/assert.ts';
import type { Cidr, IpAddress } from '../base/inet.ts';
import { formatIp } from '../base/inet-format.ts';
import type { IpRange } from '../base/inet-ranges.ts';
import { YES } from '../base/tri.ts';
import type { Compiled } from '../engine/compiled.ts';
import type { Direction } from '../engine/policy-rules.ts';
import { ALL_PORTS as ALL_PORT_SET, NO_PORTS as NO_PORT_SET, type PortSetId } from '../engine/port-sets.ts';
import { compareText } from '../model/order.ts';
import { ContentNames } from './content-name.ts';
import { FIRST_IDENTITY, numberKinds, type HadNumbers } from './identities.ts';
import { JudgingSets, type JudgingSet } from './judging-sets.ts';
import { addressPeers, podsOn } from './node-peers.ts';
import type { Observation } from './observation.ts';
import { ALL_PORTS, intersectPorts, isAllPorts, openPortsOf, type OpenPorts } from './open-ports.ts';
import { sortPeers, worldOf, type SortedPeers } from './peer-kinds.ts';
import type { IdentityId, IdentityRange, LocalPod, OpenedBy, Plan, PolicySet } from './plan.ts';
import { ShadowSets } from './shadow-sets.ts';

export interface PlanOptions {
  /**
   * Ranges whose addresses only pods of this node have: traffic forwarded from or to an address in them that belongs
   * to no known pod is dropped (D13: fail closed). Empty: not done.
   */
  readonly closedRanges?: readonly Cidr[];
  /** The plan that is in force: identities keep their numbers. */
  readonly previous?: Plan | undefined;
  /**
   * The only addresses of pods and nodes to be told apart, by text, each with how many of those that it stands for had
   * which identity in the previous plan. Without it every address stands for itself.
   */
  readonly representatives?: ReadonlyMap<string, ReadonlyMap<IdentityId, number>>;
  /**
   * The same cluster with the policies in audit mode included: what they would deny beyond the others is shown, and
   * changes no verdict. Without it nothing is in audit mode.
   */
  readonly staged?: Compiled | undefined;
  /** What the table tells about packets; nothing unless asked for. */
  readonly observation?: Observation;
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
  const world = worldOf(compiled, judging.sets);
  const { pairs } = world;
  const own = addressPeers(node, compiled).filter(({ ownNode }) => ownNode);
  const closedToNode = ({ classId, direction }: JudgingSet): boolean =>
    direction === 'ingress' &&
    own.some((peer) => pairs.gate(classId, peer.classId, direction, peer.address.family, YES).certain !== ALL_PORT_SET);
  const { observation = {}, staged } = options;
  const stagedPods = staged === undefined ? [] : podsOn(node, staged);
  const stagedJudging = staged && new JudgingSets(stagedPods, staged, new ContentNames());
  const stagedWorld = staged && stagedJudging && worldOf(staged, stagedJudging.sets);
  const { representatives } = options;
  const isAsked = (address: IpAddress): boolean => representatives?.has(formatIp(address)) !== false;
  const peers = sortPeers(node, world, { byPolicy: observation.hits === true, staged: stagedWorld, isAsked });
  const numbered = numberKinds(
    hadNumbers(peers, options),
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
  const shadows = stagedWorld && new ShadowSets(world, stagedWorld, peers.kinds, numbered.ids);
  const stagedClassOf = new Map(stagedPods.map(({ pod, classId }) => [staged?.cluster.podLabel(pod), classId]));
  const localPods = pods.flatMap(({ pod, classId, addresses }) => {
    const name = cluster.podLabel(pod);
    const stagedClass = stagedClassOf.get(name) ?? -1;
    const shadow = (direction: Direction): string | undefined =>
      shadows?.nameFor(direction, judging.of(classId, direction), stagedJudging?.of(stagedClass, direction));
    const judges = {
      ingress: named(judging.of(classId, 'ingress')),
      egress: named(judging.of(classId, 'egress')),
      shadow: { ingress: shadow('ingress'), egress: shadow('egress') },
    };
    return addresses.map((address): LocalPod => ({ pod: name, address, ...judges }));
  });
  return {
    node,
    policySets,
    shadowSets: shadows?.all ?? [],
    localPods: localPods.toSorted((a, b) => compareText(formatIp(a.address), formatIp(b.address))),
    peers: special,
    ranges,
    closedRanges: options.closedRanges ?? [],
    observation,
    nextIdentity: numbered.next,
  };
}

function openOf(
  index: number,
  peers: SortedPeers,
  ids: readonly IdentityId[],
  compiled: Compiled,
): Pick<PolicySet, 'toAll' | 'open' | 'openedBy'> {
  const known = new Map<PortSetId, OpenPorts>();
  const portsOf = (portSet: PortSetId): OpenPorts => {
    let value = known.get(portSet);
    if (value === undefined) {
      value = openPortsOf(compiled.portSets.value(portSet));
      known.set(portSet, value);
    }
    return value;
  };
  const open = new Map<IdentityId, OpenPorts>();
  const openedBy = new Map<IdentityId, readonly OpenedBy[]>();
  let toAll: OpenPorts = ALL_PORTS;
  peers.kinds.forEach((kind, at) => {
    const value = portsOf(kind.open[index] ?? NO_PORT_SET);
    toAll = intersectPorts(toAll, value);
    const id = ids[at];
    if (id === undefined) throw new BugError(`kind ${at} has no identity`);
    if (value.line.length > 0) open.set(id, value);
    const by = kind.openedBy[index] ?? [];
    if (by.length > 0) {
      openedBy.set(
        id,
        by.map(({ policy, ports }) => ({ policy, ports: portsOf(ports) })),
      );
    }
  });
  const sorted = <T>(map: ReadonlyMap<IdentityId, T>): Map<IdentityId, T> =>
    new Map([...map].toSorted(([a], [b]) => a - b));
  return { toAll, open: sorted(open), openedBy: sorted(openedBy) };
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
function hadNumbers(peers: SortedPeers, { previous, representatives }: PlanOptions): HadNumbers[] {
  const had = peers.kinds.map(() => new Map<IdentityId, number>());
  if (previous === undefined) return had;
  const count = (kind: number, id: IdentityId, times = 1): void =>
    void had[kind]?.set(id, (had[kind]?.get(id) ?? 0) + times);
  const ofRange = rangeLookup(previous.ranges);
  for (const { range, kind } of peers.ranges) count(kind, ofRange(firstOf(range)));
  for (const { address, kind } of peers.addresses) {
    const text = formatIp(address);
    const votes = representatives?.get(text);
    if (votes !== undefined) for (const [id, times] of votes) count(kind, id, times);
    else count(kind, previous.peers.get(text)?.identity ?? ofRange(address));
  }
  return had;
}

function firstOf(range: IpRange): IpAddress {
  return range.family === 4 ? { family: 4, value: range.first } : { family: 6, value: range.first };
}
