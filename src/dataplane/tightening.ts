/** Whether a change of plans forbids anything that was allowed: then live connections have to be judged again (D7). */
import { cidrContains, cidrContainsCidr, type Cidr, type IpAddress } from '../base/inet.ts';
import { formatIp } from '../base/inet-format.ts';
import type { IpRange } from '../base/inet-ranges.ts';
import { DIRECTIONS } from '../engine/compiled.ts';
import { rangeLookup } from './compile-plan.ts';
import { ALL_PORTS, coversPorts, NO_PORTS } from './open-ports.ts';
import { changedPeers } from './peer-table.ts';
import { ANYBODY, type IdentityId, type LocalPod, type Plan, type PolicySet } from './plan.ts';

/** The identities of some address before and afterwards. */
type IdentityPair = readonly [before: IdentityId, next: IdentityId];

export function tightens(before: Plan, next: Plan): boolean {
  if (closes(before, next)) return true;
  const successions = successionsOf(before, next);
  if (successions === undefined) return true;
  const moves = new Moves(before, next);
  for (const [old, set] of successions) {
    // What opens the same as before is only narrower for those who are somebody else now.
    if (moves.changed.some((pair) => narrows(old, set, pair))) return true;
    if (old !== set && moves.unchanged.some((pair) => narrows(old, set, pair))) return true;
  }
  return false;
}

/** Whether an address that was somebody's, or nobody's in particular, is closed now until a pod has it (D13). */
function closes(before: Plan, next: Plan): boolean {
  const { closedRanges } = next;
  if (closedRanges.length === 0) return false;
  if (before.closedRanges !== closedRanges) {
    const isNew = (cidr: Cidr): boolean => !before.closedRanges.some((old) => cidrContainsCidr(old, cidr));
    if (closedRanges.some(isNew)) return true;
  }
  if (before.localPods === next.localPods) return false;
  const stays = new Set(next.localPods.map(({ address }) => formatIp(address)));
  return before.localPods.some(
    ({ address }) => !stays.has(formatIp(address)) && closedRanges.some((cidr) => cidrContains(cidr, address)),
  );
}

function narrows(old: PolicySet | undefined, set: PolicySet, [oldId, newId]: IdentityPair): boolean {
  const had = old === undefined ? ALL_PORTS : (old.open.get(oldId) ?? NO_PORTS);
  return !coversPorts(set.open.get(newId) ?? NO_PORTS, had);
}

/** Which policy set takes the place of which; `undefined` when a pod has an address that was not its own. */
function successionsOf(before: Plan, next: Plan): Iterable<readonly [PolicySet | undefined, PolicySet]> | undefined {
  if (before.policySets === next.policySets && before.localPods === next.localPods) {
    return next.policySets.map((set) => [set, set]);
  }
  const oldSets = new Map(before.policySets.map((set) => [set.name, set]));
  const newSets = new Map(next.policySets.map((set) => [set.name, set]));
  const oldPods = new Map(before.localPods.map((pod): [string, LocalPod] => [formatIp(pod.address), pod]));
  const successions = new Map<string, readonly [PolicySet | undefined, PolicySet]>();
  for (const pod of next.localPods) {
    const old = oldPods.get(formatIp(pod.address));
    for (const direction of DIRECTIONS) {
      const name = pod[direction];
      const set = name === undefined ? undefined : newSets.get(name);
      if (set === undefined) continue;
      // An address that comes to a pod, or to another one: whatever flows it has are not that pod's (S126).
      if (old?.pod !== pod.pod) return undefined;
      const oldName = old[direction];
      successions.set(`${oldName ?? ''} ${set.name}`, [oldName === undefined ? undefined : oldSets.get(oldName), set]);
    }
  }
  return successions.values();
}

/** Every pair of identities that some address has before and afterwards. */
class Moves {
  /** Different ones. */
  readonly changed: readonly IdentityPair[];
  private readonly next: Plan;
  private readonly ofRanges: readonly IdentityPair[];
  private readonly movedPeers: ReadonlySet<string>;
  private unchangedPairs: readonly IdentityPair[] | undefined;

  constructor(before: Plan, next: Plan) {
    this.next = next;
    const oldRange = rangeLookup(before.ranges);
    const newRange = rangeLookup(next.ranges);
    const pairs = new Map<string, IdentityPair>();
    const add = (a: IdentityId, b: IdentityId): void => void pairs.set(`${a} ${b}`, [a, b]);
    const moved = new Set<string>();
    for (const text of changedPeers(before.peers, next.peers)) {
      const [old, now] = [before.peers.get(text), next.peers.get(text)];
      const address = old?.address ?? now?.address;
      if (address === undefined || old?.identity === now?.identity) continue;
      moved.add(text);
      add(old?.identity ?? oldRange(address), now?.identity ?? newRange(address));
    }
    this.movedPeers = moved;
    add(ANYBODY, ANYBODY);
    if (before.ranges !== next.ranges) {
      // Between two neighbouring bounds of any range nothing changes, so one address of each stretch will do.
      for (const { range } of [...before.ranges, ...next.ranges]) {
        for (const address of firstAndNext(range)) add(oldRange(address), newRange(address));
      }
    } else for (const { identity } of next.ranges) add(identity, identity);
    const all = [...pairs.values()];
    this.changed = all.filter(([a, b]) => a !== b);
    this.ofRanges = all.filter(([a, b]) => a === b);
  }

  /** Equal ones: asked only where a policy set opens something else than before. */
  get unchanged(): readonly IdentityPair[] {
    if (this.unchangedPairs === undefined) {
      const ids = new Set(this.ofRanges.map(([id]) => id));
      for (const [text, { identity }] of this.next.peers) if (!this.movedPeers.has(text)) ids.add(identity);
      this.unchangedPairs = Array.from(ids, (id): IdentityPair => [id, id]);
    }
    return this.unchangedPairs;
  }
}

/** The second one may lie behind the last address of the family: no range has it. */
function firstAndNext(range: IpRange): readonly IpAddress[] {
  return range.family === 4
    ? [range.first, range.last + 1].map((value) => ({ family: 4, value }))
    : [range.first, range.last + 1n].map((value) => ({ family: 6, value }));
}
