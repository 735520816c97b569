/** Names that the writer may have meant. */
import { editDistance } from '../kube/suggest.ts';

const MAX_SUGGESTIONS = 3;

/** Longer names are only met by their beginning: comparing costs the product of the lengths. */
const LONGEST_COMPARED = 64;

/** The nearest names, best first; a name is near when about a third of it differs at most, or when it goes on. */
export function nearestNames(wanted: string, names: Iterable<string>): readonly string[] {
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  const near: { readonly name: string; readonly distance: number }[] = [];
  for (const name of new Set(names)) {
    const comparable = wanted.length <= LONGEST_COMPARED && name.length <= LONGEST_COMPARED;
    const distance = name.startsWith(`${wanted}-`) ? 1 : comparable ? editDistance(wanted, name, limit + 1) : limit + 1;
    if (distance <= limit) near.push({ name, distance });
  }
  near.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1));
  return near.slice(0, MAX_SUGGESTIONS).map(({ name }) => name);
}
