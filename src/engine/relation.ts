/** The complete answer: for every destination class, what every source class may open to it. */
import { NO } from '../base/tri.ts';
import type { Compiled } from './compiled.ts';
import { joinFamilies, presence } from './pair-evaluation.ts';
import { NO_PORTS, type PortBounds, type PortSetId } from './port-sets.ts';
import type { RelationRows } from './relation-rows.ts';
import { RowBuilder } from './row-builder.ts';
import { USUAL_TUNING, type RowTuning } from './rule-widths.ts';
import type { TierTable } from './tier-table.ts';

export interface RelationStats {
  readonly bases: number;
  readonly baseRuns: number;
  readonly patches: number;
  readonly patchRuns: number;
}

/**
 * Between members of different classes, and between different members of one class; host sources count as running on
 * another node than the destination. Cells between two external atoms mean nothing.
 */
export interface Relation {
  /** Classes as the engine numbers them; rows and columns of the relation. */
  readonly classCount: number;
  /** Nothing is unknown: `certain` and `possible` are the same everywhere. */
  readonly exact: boolean;
  /**
   * Calls `visit` for maximal runs `[first, last]` of source classes with equal, not empty `possible` sets towards
   * `to`, in ascending order. The callback form keeps whole-cluster loops free of allocation.
   */
  forEachSource(to: number, visit: RunVisitor): void;
  certain(from: number, to: number): PortSetId;
  possible(from: number, to: number): PortSetId;
  /** Destinations with equal keys have equal rows. */
  rowKey(to: number): string;
  /** Sizes of what is stored, over all worlds. */
  stats(): RelationStats;
}

export type RunVisitor = (first: number, last: number, certain: PortSetId, possible: PortSetId) => void;

export function buildRelation(compiled: Compiled, tiers: TierTable, tuning: RowTuning = USUAL_TUNING): Relation {
  const families = familiesInUse(compiled);
  const worlds = compiled.peerSets.familiesAgree ? families.slice(0, 1) : families;
  const rows = worlds.map((family) => {
    const offset = family === 4 ? 0 : 2;
    const possible = new RowBuilder(compiled, tiers, offset === 0 ? 1 : 3, tuning).build();
    const certain = compiled.exact ? possible : new RowBuilder(compiled, tiers, offset === 0 ? 0 : 2, tuning).build();
    return { certain, possible };
  });
  const [first, second] = rows;
  if (first === undefined) return new EmptyRelation(compiled.classes.count);
  return second === undefined
    ? new OneFamilyRelation(compiled.classes.count, first.certain, first.possible)
    : new TwoFamilyRelation(compiled, first, second);
}

/** A family that no pod and no host has takes part in no connection of the cluster. */
function familiesInUse(compiled: Compiled): (4 | 6)[] {
  const { families, externalStart, count } = compiled.classes;
  let bits = 0;
  // Without any pod or host only the outside is left, which has both.
  for (let id = 0; id < (externalStart > 0 ? externalStart : count); id++) bits |= families[id] ?? 0;
  const used: (4 | 6)[] = [];
  if ((bits & 3) !== 0) used.push(4);
  if (bits >> 2 !== 0) used.push(6);
  return used;
}

class EmptyRelation implements Relation {
  readonly classCount: number;
  readonly exact = true;

  constructor(classCount: number) {
    this.classCount = classCount;
  }

  forEachSource(): void {
    // Nobody has an address, so nobody connects.
  }

  certain(): PortSetId {
    return NO_PORTS;
  }

  possible(): PortSetId {
    return NO_PORTS;
  }

  rowKey(): string {
    return '';
  }

  stats(): RelationStats {
    return { bases: 0, baseRuns: 0, patches: 0, patchRuns: 0 };
  }
}

class OneFamilyRelation implements Relation {
  readonly classCount: number;
  readonly exact: boolean;
  private readonly lower: RelationRows;
  private readonly upper: RelationRows;

  constructor(classCount: number, lower: RelationRows, upper: RelationRows) {
    this.classCount = classCount;
    this.exact = lower === upper;
    this.lower = lower;
    this.upper = upper;
  }

  forEachSource(to: number, visit: RunVisitor): void {
    const runs = new RunJoiner(visit);
    if (this.lower === this.upper)
      this.upper.forEachRun(to, (first, last, value) => runs.add(first, last, value, value));
    else
      zip([this.lower, this.upper], to, (first, last, [low = NO_PORTS, high = NO_PORTS]) =>
        runs.add(first, last, low, high),
      );
    runs.end();
  }

  certain(from: number, to: number): PortSetId {
    return this.lower.at(from, to);
  }

  possible(from: number, to: number): PortSetId {
    return this.upper.at(from, to);
  }

  rowKey(to: number): string {
    return this.lower === this.upper ? `${this.upper.rowId(to)}` : `${this.lower.rowId(to)} ${this.upper.rowId(to)}`;
  }

  stats(): RelationStats {
    return this.lower === this.upper ? this.upper.stats() : sumOf([this.lower, this.upper]);
  }
}

interface FamilyRows {
  readonly certain: RelationRows;
  readonly possible: RelationRows;
}

class TwoFamilyRelation implements Relation {
  readonly classCount: number;
  /** Unknown families can leave open what each family answers for certain. */
  readonly exact = false;
  private readonly compiled: Compiled;
  private readonly four: FamilyRows;
  private readonly six: FamilyRows;
  /** First ids of runs of classes with the same families. */
  private readonly familyStarts: readonly number[];

  constructor(compiled: Compiled, four: FamilyRows, six: FamilyRows) {
    this.compiled = compiled;
    this.classCount = compiled.classes.count;
    this.four = four;
    this.six = six;
    const { families } = compiled.classes;
    this.familyStarts = Array.from(families.keys()).filter((id) => id === 0 || families[id] !== families[id - 1]);
  }

  forEachSource(to: number, visit: RunVisitor): void {
    const { families } = this.compiled.classes;
    const runs = new RunJoiner(visit);
    const target = families[to] ?? 0;
    let section = 0;
    zip([this.four.certain, this.four.possible, this.six.certain, this.six.possible], to, (first, last, values) => {
      // The join depends on the families of the source too, which change inside a run now and then.
      for (let from = first; from <= last;) {
        while ((this.familyStarts[section + 1] ?? this.classCount) <= from) section++;
        const end = Math.min(last, (this.familyStarts[section + 1] ?? this.classCount) - 1);
        const bounds = this.join((families[from] ?? 0) & target, values);
        runs.add(from, end, bounds.certain, bounds.possible);
        from = end + 1;
      }
    });
    runs.end();
  }

  certain(from: number, to: number): PortSetId {
    return this.at(from, to).certain;
  }

  possible(from: number, to: number): PortSetId {
    return this.at(from, to).possible;
  }

  rowKey(to: number): string {
    const ids = this.all().map((rows) => rows.rowId(to));
    return `${this.compiled.classes.families[to] ?? 0} ${ids.join(' ')}`;
  }

  stats(): RelationStats {
    return sumOf([...new Set(this.all())]);
  }

  private all(): RelationRows[] {
    return [this.four.certain, this.four.possible, this.six.certain, this.six.possible];
  }

  private at(from: number, to: number): PortBounds {
    const { families } = this.compiled.classes;
    const values = this.all().map((rows) => rows.at(from, to));
    return this.join((families[from] ?? 0) & (families[to] ?? 0), values);
  }

  private join(shared: number, values: readonly (PortSetId | undefined)[]): PortBounds {
    const [certainFour = NO_PORTS, possibleFour = NO_PORTS, certainSix = NO_PORTS, possibleSix = NO_PORTS] = values;
    const four = { certain: certainFour, possible: possibleFour };
    const six = { certain: certainSix, possible: possibleSix };
    const presentFour = presence(shared, 4);
    const presentSix = presence(shared, 6);
    if (presentSix === NO) return four;
    return presentFour === NO ? six : joinFamilies(four, presentFour, six, presentSix, this.compiled.portSets);
  }
}

/** Joins neighbours of equal value and leaves out what is empty. */
class RunJoiner {
  private readonly visit: RunVisitor;
  private first = 0;
  private last = -1;
  private certain: PortSetId = NO_PORTS;
  private possible: PortSetId = NO_PORTS;

  constructor(visit: RunVisitor) {
    this.visit = visit;
  }

  add(first: number, last: number, certain: PortSetId, possible: PortSetId): void {
    if (certain === this.certain && possible === this.possible && first === this.last + 1) {
      this.last = last;
      return;
    }
    this.end();
    this.first = first;
    this.last = last;
    this.certain = certain;
    this.possible = possible;
  }

  end(): void {
    if (this.possible !== NO_PORTS && this.last >= this.first) {
      this.visit(this.first, this.last, this.certain, this.possible);
    }
  }
}

/** Visits the common refinement of one row of several relations. */
function zip(
  sources: readonly RelationRows[],
  to: number,
  visit: (first: number, last: number, values: readonly PortSetId[]) => void,
): void {
  const lists = sources.map((rows) => {
    const ends: number[] = [];
    const values: PortSetId[] = [];
    rows.forEachRun(to, (_, last, value) => {
      ends.push(last);
      values.push(value);
    });
    return { ends, values };
  });
  const at = lists.map(() => 0);
  const count = sources[0]?.sourceCount ?? 0;
  for (let first = 0; first < count;) {
    let last = count - 1;
    lists.forEach((list, i) => (last = Math.min(last, list.ends[at[i] ?? 0] ?? last)));
    visit(
      first,
      last,
      lists.map((list, i) => list.values[at[i] ?? 0] ?? NO_PORTS),
    );
    lists.forEach((list, i) => {
      if (list.ends[at[i] ?? 0] === last) at[i] = (at[i] ?? 0) + 1;
    });
    first = last + 1;
  }
}

function sumOf(all: readonly RelationRows[]): RelationStats {
  const sum = { bases: 0, baseRuns: 0, patches: 0, patchRuns: 0 };
  for (const rows of all) {
    const stats = rows.stats();
    sum.bases += stats.bases;
    sum.baseRuns += stats.baseRuns;
    sum.patches += stats.patches;
    sum.patchRuns += stats.patchRuns;
  }
  return sum;
}
