/** Numbers for the peers that a node has to tell apart, kept from plan to plan so that little changes in the kernel. */
import { ANYBODY, type IdentityId } from './plan.ts';

/** First number: below it `meta priority` may hold what the kernel derives from a packet's type of service. */
export const FIRST_IDENTITY: IdentityId = 0x10000001;
const LAST_IDENTITY: IdentityId = 0xfffefffe;

/** Peers that are treated alike, by the numbers that they had: how many of them had which. */
export type HadNumbers = ReadonlyMap<IdentityId, number>;

export interface NumberedKinds {
  /** One per kind. */
  readonly ids: readonly IdentityId[];
  readonly next: IdentityId;
}

/**
 * Each kind takes over the number that most of its members had, larger claims first; the rest get numbers that were
 * never used: a packet that is judged while the kernel changes must not meet a number with two meanings.
 */
export function numberKinds(kinds: readonly HadNumbers[], anybody: number, firstFree: IdentityId): NumberedKinds {
  const claims: { kind: number; id: IdentityId; votes: number }[] = [];
  kinds.forEach((had, kind) => {
    if (kind === anybody) return;
    for (const [id, votes] of had) if (id !== ANYBODY) claims.push({ kind, id, votes });
  });
  claims.sort((a, b) => b.votes - a.votes || a.kind - b.kind || a.id - b.id);
  const ids: (IdentityId | undefined)[] = kinds.map((_, kind) => (kind === anybody ? ANYBODY : undefined));
  const taken = new Set<IdentityId>();
  for (const { kind, id } of claims) {
    if (ids[kind] !== undefined || taken.has(id)) continue;
    ids[kind] = id;
    taken.add(id);
  }
  let next = firstFree;
  const numbered = ids.map((id) => {
    if (id !== undefined) return id;
    if (next > LAST_IDENTITY) throw new RangeError('no identities left: compile without the previous plan');
    return next++;
  });
  return { ids: numbered, next };
}
