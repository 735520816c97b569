/** Applies fixes until there is nothing left to fix. */
import type { SourceText } from '../base/source.ts';
import type { AuditReport } from './audit.ts';
import { applyEdits, type EditGroup } from './text-edit.ts';

export interface Fixable {
  /** What an audit of these texts says; `undefined` when they are not valid. */
  readonly analyse: (sources: readonly SourceText[]) => AuditReport | undefined;
  /** Whether a text may be changed: what was rendered, or comes from a pipe, may not. */
  readonly isEditable: (source: SourceText) => boolean;
}

export interface FixedSources {
  readonly sources: readonly SourceText[];
  /** What is left. */
  readonly report: AuditReport;
  /** Descriptions of the fixes that were made, in order. */
  readonly made: readonly string[];
}

/** Fixes that need each other settle in two or three rounds; rules that undo each other must not go on for ever. */
const maxRounds = 10;

/**
 * Each round applies the fixes that do not touch each other and asks again. A fix that would make the input invalid is
 * left out.
 */
export function fixSources(
  sources: readonly SourceText[],
  report: AuditReport,
  { analyse, isEditable }: Fixable,
): FixedSources {
  let current: FixedSources = { sources, report, made: [] };
  for (let round = 0; round < maxRounds; round++) {
    const next = fixOnce(current, analyse, isEditable);
    if (next === undefined) return current;
    current = next;
  }
  return current;
}

interface Offer {
  readonly description: string;
  readonly edits: EditGroup;
}

function fixOnce(
  { sources, report, made }: FixedSources,
  analyse: Fixable['analyse'],
  isEditable: Fixable['isEditable'],
): FixedSources | undefined {
  const offers = report.findings.flatMap(({ fix }): Offer[] =>
    fix !== undefined && fix.edits.length > 0 && fix.edits.every(({ source }) => isEditable(source)) ? [fix] : [],
  );
  if (offers.length === 0) return undefined;
  const together = tryOffers(sources, offers, analyse, isEditable);
  if (together !== undefined) return { ...together, made: [...made, ...together.made] };
  for (const offer of offers) {
    const alone = tryOffers(sources, [offer], analyse, isEditable);
    if (alone !== undefined) return { ...alone, made: [...made, ...alone.made] };
  }
  return undefined;
}

function tryOffers(
  sources: readonly SourceText[],
  offers: readonly Offer[],
  analyse: Fixable['analyse'],
  isEditable: Fixable['isEditable'],
): FixedSources | undefined {
  const { texts, applied } = applyEdits(offers.map(({ edits }) => edits));
  const after = sources.map((source): SourceText => {
    const text = isEditable(source) ? texts.get(source) : undefined;
    return text === undefined || text === source.text ? source : { name: source.name, text };
  });
  if (after.every((source, index) => source === sources[index])) return undefined;
  const report = analyse(after);
  if (report === undefined) return undefined;
  const done = new Set(applied);
  return {
    sources: after,
    report,
    made: offers.filter(({ edits }) => done.has(edits)).map((offer) => offer.description),
  };
}
