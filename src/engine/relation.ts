/** The complete answer: for every destination class, what every source class may open to it. */
import { NO_PORTS, type PortBounds, type PortSetId } from './port-sets.ts';

const NOTHING: PortBounds = { certain: NO_PORTS, possible: NO_PORTS };

export interface Relation {
  /** Classes as the engine numbers them; rows and columns of the relation. */
  readonly classCount: number;
  /**
   * Calls `visit` for maximal runs `[first, last]` of source classes with equal, not empty `possible` sets towards
   * `to`, in ascending order. The callback form keeps whole-cluster loops free of allocation.
   */
  forEachSource(
    to: number,
    visit: (first: number, last: number, certain: PortSetId, possible: PortSetId) => void,
  ): void;
  certain(from: number, to: number): PortSetId;
  possible(from: number, to: number): PortSetId;
}

/** Answers cell by cell: for few questions. */
export function lazyRelation(classCount: number, cell: (from: number, to: number) => PortBounds): Relation {
  return {
    classCount,
    certain: (from, to) => cell(from, to).certain,
    possible: (from, to) => cell(from, to).possible,
    forEachSource(to, visit) {
      let first = 0;
      let run = NOTHING;
      for (let from = 0; from <= classCount; from++) {
        const next = from === classCount ? undefined : cell(from, to);
        if (next?.certain === run.certain && next.possible === run.possible) continue;
        if (run.possible !== NO_PORTS) visit(first, from - 1, run.certain, run.possible);
        first = from;
        run = next ?? NOTHING;
      }
    },
  };
}
