/** What policy says about a way in, and how several ways or several pods add up. */
import type { Openness } from './exposure-sources.ts';

/** What policy says about one way in. */
export interface Finding {
  readonly openness: Openness;
  readonly why: readonly string[];
}

export const OPEN: Finding = { openness: 'all', why: [] };

/** `pods`: all must agree, or only part is open. `some`: one open way in is enough. */
export function combine(findings: readonly Finding[], mode: 'pods' | 'some'): Finding {
  const [first] = findings;
  if (first === undefined) return { openness: 'none', why: [] };
  if (findings.every(({ openness }) => openness === first.openness)) {
    return { openness: first.openness, why: [...new Set(findings.flatMap(({ why }) => why))] };
  }
  const why = [...new Set(findings.flatMap((finding) => finding.why))];
  if (mode === 'some') {
    for (const openness of ['all', 'part', 'unknown'] as const) {
      const best = findings.find((finding) => finding.openness === openness);
      if (best !== undefined) return best;
    }
  }
  if (findings.some(({ openness }) => openness === 'unknown')) return { openness: 'unknown', why };
  return { openness: 'part', why: ['only some of the pods let the outside in', ...why] };
}
