import { nearestNames } from '../engine/endpoint-suggestions.ts';
import type { Labels, LabelSelector } from '../kube/objects.ts';

/** Different values of a key that are looked at: labels are anybody's. */
const maxValues = 10_000;

/** The label that a selector which selects nothing most likely meant: `app=db` for `app=bd`, or `app` for `ap`. */
export function nearestLabels(selector: LabelSelector, candidates: readonly Labels[]): string | undefined {
  for (const { key, operator, values } of selector.requirements) {
    if (operator !== 'In' && operator !== 'Exists') continue;
    const seen = new Set<string>();
    for (const labels of candidates) {
      const value = labels.get(key);
      if (value !== undefined && seen.size < maxValues) seen.add(value);
    }
    if (seen.size === 0) {
      const keys = new Set<string>();
      for (const labels of candidates) for (const other of labels.keys()) if (keys.size < maxValues) keys.add(other);
      const [near] = nearestNames(key, keys);
      if (near !== undefined) return operator === 'In' ? `${near}=${values[0] ?? ''}` : near;
      continue;
    }
    if (operator === 'Exists' || values.some((value) => seen.has(value))) continue;
    for (const value of values) {
      const [near] = nearestNames(value, seen);
      if (near !== undefined) return `${key}=${near}`;
    }
  }
  return undefined;
}
