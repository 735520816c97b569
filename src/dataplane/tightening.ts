/** Whether a change of plans forbids anything that was allowed: then live connections have to be judged again (D7). */
import type { IpAddress } from '../base/inet.ts';
import { formatIp } from '../base/inet-format.ts';
import type { IpRange } from '../base/inet-ranges.ts';
import { DIRECTIONS } from '../engine/compiled.ts';
import { rangeLookup } from './compile-plan.ts';
import { ALL_PORTS, coversPorts, NO_PORTS } from './open-ports.ts';
import { ANYBODY, type IdentityId, type LocalPod, type Plan, type PolicySet } from './plan.ts';

export function tightens(before: Plan, next: Plan): boolean {
  const oldSets = new Map(before.policySets.map((set) => [set.name, set]));
  const newSets = new Map(next.policySets.map((set) => [set.name, set]));
  const oldPods = new Map(before.localPods.map((pod): [string, LocalPod] => [formatIp(pod.address), pod]));
  /** Which policy set takes the place of which. */
  const successions = new Map<string, readonly [PolicySet | undefined, PolicySet]>();
  for (const pod of next.localPods) {
    const old = oldPods.get(formatIp(pod.address));
    for (const direction of DIRECTIONS) {
      const name = pod[direction];
      const set = name === undefined ? undefined : newSets.get(name);
      if (set === undefined) continue;
      // An address that comes to a pod, or to another one: whatever flows it has are not that pod's (S126).
      if (old?.pod !== pod.pod) return true;
      const oldName = old[direction];
      successions.set(`${oldName ?? ''} ${set.name}`, [oldName === undefined ? undefined : oldSets.get(oldName), set]);
    }
  }
  const identities = identityPairs(before, next);
  for (const [old, set] of successions.values()) {
    if (old === set) continue;
    for (const [oldId, newId] of identities) {
      const had = old === undefined ? ALL_PORTS : (old.open.get(oldId) ?? NO_PORTS);
      if (!coversPorts(set.open.get(newId) ?? NO_PORTS, had)) return true;
    }
  }
  return false;
}

/** Every pair of identities that some address has before and afterwards. */
function identityPairs(before: Plan, next: Plan): readonly (readonly [IdentityId, IdentityId])[] {
  const pairs = new Map<string, readonly [IdentityId, IdentityId]>([['0 0', [ANYBODY, ANYBODY]]]);
  const add = (a: IdentityId, b: IdentityId): void => void pairs.set(`${a} ${b}`, [a, b]);
  const oldRange = rangeLookup(before.ranges);
  const newRange = rangeLookup(next.ranges);
  const oldOf = (text: string, address: IpAddress) => before.peers.get(text)?.identity ?? oldRange(address);
  const newOf = (text: string, address: IpAddress) => next.peers.get(text)?.identity ?? newRange(address);
  for (const peers of [before.peers, next.peers]) {
    for (const [text, { address }] of peers) add(oldOf(text, address), newOf(text, address));
  }
  // Between two neighbouring bounds of any range nothing changes, so one address of each stretch will do.
  for (const { range } of [...before.ranges, ...next.ranges]) {
    for (const address of firstAndNext(range)) add(oldRange(address), newRange(address));
  }
  return [...pairs.values()];
}

/** The second one may lie behind the last address of the family: no range has it. */
function firstAndNext(range: IpRange): readonly IpAddress[] {
  return range.family === 4
    ? [range.first, range.last + 1].map((value) => ({ family: 4, value }))
    : [range.first, range.last + 1n].map((value) => ({ family: 6, value }));
}
