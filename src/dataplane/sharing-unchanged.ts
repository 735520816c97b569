/** Plans that are the same in most parts: one object for what is equal, so that nobody has to compare it again. */
import type { OpenPorts } from './open-ports.ts';
import type { IdentityId, IdentityRange, LocalPod, OpenedBy, Plan, PolicySet, ShadowSet } from './plan.ts';

/** `next`, with the parts of `before` that say the same. */
export function sharingUnchanged(before: Plan, next: Plan): Plan {
  const policySets = sharedList(before.policySets, named(before.policySets, next.policySets, samePolicySet), Object.is);
  const shadowSets = sharedList(before.shadowSets, named(before.shadowSets, next.shadowSets, sameShadowSet), Object.is);
  const localPods = sharedList(before.localPods, next.localPods, samePod);
  const ranges = sharedList(before.ranges, next.ranges, sameRange);
  return { ...next, policySets, shadowSets, localPods, ranges };
}

function sharedList<T>(before: readonly T[], next: readonly T[], isSame: (a: T, b: T) => boolean): readonly T[] {
  if (before === next) return before;
  const same = before.length === next.length && before.every((item, index) => isSame(item, next[index] as T));
  return same ? before : next;
}

function named<T extends { readonly name: string }>(
  before: readonly T[],
  next: readonly T[],
  isSame: (a: T, b: T) => boolean,
): readonly T[] {
  if (before === next) return next;
  const known = new Map(before.map((set) => [set.name, set]));
  return next.map((set) => {
    const old = known.get(set.name);
    return old !== undefined && isSame(old, set) ? old : set;
  });
}

function samePolicySet(a: PolicySet, b: PolicySet): boolean {
  if (a === b) return true;
  return (
    a.direction === b.direction &&
    a.closedToNode === b.closedToNode &&
    a.toAll.key === b.toAll.key &&
    sameTexts(a.policies, b.policies) &&
    sameMap(a.open, b.open, samePorts) &&
    sameMap(a.openedBy, b.openedBy, sameOpeners)
  );
}

function sameShadowSet(a: ShadowSet, b: ShadowSet): boolean {
  return (
    a.direction === b.direction &&
    a.fromAll.key === b.fromAll.key &&
    sameTexts(a.policies, b.policies) &&
    sameMap(a.wouldDeny, b.wouldDeny, samePorts)
  );
}

function samePod(a: LocalPod, b: LocalPod): boolean {
  return (
    a.pod === b.pod &&
    a.address.value === b.address.value &&
    a.ingress === b.ingress &&
    a.egress === b.egress &&
    a.shadow.ingress === b.shadow.ingress &&
    a.shadow.egress === b.shadow.egress
  );
}

function sameRange(a: IdentityRange, b: IdentityRange): boolean {
  return (
    a.identity === b.identity &&
    a.range.family === b.range.family &&
    a.range.first === b.range.first &&
    a.range.last === b.range.last
  );
}

function sameMap<T>(
  a: ReadonlyMap<IdentityId, T>,
  b: ReadonlyMap<IdentityId, T>,
  isSame: (a: T, b: T) => boolean,
): boolean {
  if (a.size !== b.size) return false;
  for (const [id, value] of a) {
    const other = b.get(id);
    if (other === undefined || !isSame(value, other)) return false;
  }
  return true;
}

function samePorts(a: OpenPorts, b: OpenPorts): boolean {
  return a.key === b.key;
}

function sameOpeners(a: readonly OpenedBy[], b: readonly OpenedBy[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ policy, ports }, index) => policy === b[index]?.policy && ports.key === b[index].ports.key)
  );
}

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
