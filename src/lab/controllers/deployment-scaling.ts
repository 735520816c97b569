/** How many pods each ReplicaSet of a Deployment shall have. Pure: numbers in, numbers out. */
import type { JsonObject, JsonValue } from '../api/json.ts';
import { compareText } from './pod-state.ts';
import { createdMs, nameOf, numberAt, textAt, valueAt } from '../api/field-values.ts';

export function replicasOf(object: JsonObject): number {
  return numberAt(object, 'spec', 'replicas') ?? 1;
}

/** What is known to be available; never more than it shall have, as its status may come later. */
export function availableOf(set: JsonObject): number {
  return Math.min(replicasOf(set), numberAt(set, 'status', 'availableReplicas') ?? 0);
}

export function total(sets: readonly JsonObject[], count: (set: JsonObject) => number): number {
  return sets.reduce((sum, set) => sum + count(set), 0);
}

export function isRollingUpdate(deployment: JsonObject): boolean {
  return textAt(deployment, 'spec', 'strategy', 'type') !== 'Recreate';
}

export interface RolloutBounds {
  /** Pods above the wanted number while it rolls. */
  readonly maxSurge: number;
  /** Pods below it. */
  readonly maxUnavailable: number;
}

export function boundsOf(deployment: JsonObject): RolloutBounds {
  const replicas = replicasOf(deployment);
  if (!isRollingUpdate(deployment) || replicas === 0) return { maxSurge: 0, maxUnavailable: 0 };
  const part = (name: string) => valueAt(deployment, 'spec', 'strategy', 'rollingUpdate', name);
  const maxSurge = countOf(part('maxSurge') ?? '25%', replicas, 'up');
  const maxUnavailable = Math.min(replicas, countOf(part('maxUnavailable') ?? '25%', replicas, 'down'));
  // Both zero would stand still for ever.
  return { maxSurge, maxUnavailable: maxSurge === 0 && maxUnavailable === 0 ? 1 : maxUnavailable };
}

/** A number of pods, or so many of a hundred of them. */
export function countOf(value: JsonValue, of: number, round: 'down' | 'up'): number {
  if (typeof value === 'number') return Math.max(0, Math.trunc(value));
  if (typeof value !== 'string' || !value.endsWith('%')) return 0;
  const share = (Number(value.slice(0, -1)) * of) / 100;
  if (!Number.isFinite(share) || share < 0) return 0;
  return round === 'up' ? Math.ceil(share) : Math.floor(share);
}

/** How many pods the ReplicaSet of the present template gets now. */
export function newSetReplicas(
  deployment: JsonObject,
  newSet: JsonObject | undefined,
  sets: readonly JsonObject[],
): number {
  const wanted = replicasOf(deployment);
  if (!isRollingUpdate(deployment)) return wanted;
  const present = newSet === undefined ? 0 : replicasOf(newSet);
  if (present >= wanted) return wanted;
  const most = wanted + boundsOf(deployment).maxSurge;
  const room = most - total(sets, replicasOf);
  if (room <= 0) return present;
  return present + Math.min(room, wanted - present);
}

/** New numbers for ReplicaSets of former templates in a rolling update; those that stay are not in it. */
export function oldSetReplicas(
  deployment: JsonObject,
  newSet: JsonObject,
  oldSets: readonly JsonObject[],
): ReadonlyMap<JsonObject, number> {
  const least = replicasOf(deployment) - boundsOf(deployment).maxUnavailable;
  const all = total(oldSets, replicasOf) + replicasOf(newSet);
  const next = new Map<JsonObject, number>();
  let surplus = all - least - (replicasOf(newSet) - availableOf(newSet));
  if (surplus <= 0) return next;
  const present = (set: JsonObject): number => next.get(set) ?? replicasOf(set);
  const oldestFirst = byAge(oldSets);
  // Pods that do not work go first: nobody misses them.
  for (const set of oldestFirst) {
    const gone = Math.min(surplus, replicasOf(set) - availableOf(set));
    if (gone <= 0) continue;
    next.set(set, replicasOf(set) - gone);
    surplus -= gone;
  }
  let spare = Math.min(surplus, total([...oldSets, newSet], availableOf) - least);
  for (const set of oldestFirst) {
    const gone = Math.min(spare, present(set));
    if (gone <= 0) continue;
    next.set(set, present(set) - gone);
    spare -= gone;
  }
  return next;
}

/** When a Deployment of several ReplicaSets is scaled in the middle of a rollout: each gets its share. */
export function proportionalReplicas(
  deployment: JsonObject,
  sets: readonly JsonObject[],
): ReadonlyMap<JsonObject, number> {
  const wanted = replicasOf(deployment);
  const allowed = wanted === 0 ? 0 : wanted + boundsOf(deployment).maxSurge;
  const present = total(sets, replicasOf);
  const next = new Map<JsonObject, number>();
  let left = allowed - present;
  const youngestFirst = byAge(sets).toReversed();
  const order = left > 0 ? youngestFirst : byAge(sets);
  const biggestFirst = order.toSorted((a, b) => replicasOf(b) - replicasOf(a));
  for (const set of biggestFirst) {
    const share = present === 0 ? 0 : Math.round((replicasOf(set) * allowed) / present) - replicasOf(set);
    const change = left > 0 ? Math.min(left, Math.max(0, share)) : Math.max(left, Math.min(0, share));
    next.set(set, Math.max(0, replicasOf(set) + change));
    left -= change;
  }
  // What rounding left over goes to the biggest one.
  const [biggest] = biggestFirst;
  if (biggest !== undefined) next.set(biggest, Math.max(0, (next.get(biggest) ?? 0) + left));
  return next;
}

export function byAge(sets: readonly JsonObject[]): readonly JsonObject[] {
  return sets.toSorted((a, b) => createdMs(a) - createdMs(b) || compareText(nameOf(a), nameOf(b)));
}
