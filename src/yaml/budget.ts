import type { YamlLimits } from './limits.ts';
import { DocumentProblem } from './problem.ts';

/** Characters that all documents of a text together may cost again, because of lines that need another reading. */
const MAX_REREAD = 1_500_000;

/** Counts what one text has cost so far and stops it at its limits. Shared by all documents of the text. */
export class YamlBudget {
  readonly limits: YamlLimits;
  /** Nodes that a walk over everything read so far would meet: aliases count with all that is behind them. */
  walked = 0;
  #created = 0;
  #aliased = 0;
  #reread = 0;

  constructor(limits: YamlLimits) {
    this.limits = limits;
  }

  /** What was read so far has been handed over and is no longer held. */
  release(): void {
    this.#created = 0;
  }

  /** The state before an attempt that may be undone by {@link rewind}. */
  mark(): number {
    return this.#created;
  }

  /** Forgets the nodes counted since `mark` was taken (no alias among them). */
  rewind(mark: number): void {
    this.walked -= this.#created - mark;
    this.#created = mark;
  }

  /** Whether `length` characters may be read once more. */
  reread(length: number): boolean {
    this.#reread += length;
    return this.#reread <= MAX_REREAD;
  }

  /** Counts one new node at `at`. */
  node(at: number): void {
    this.walked++;
    if (++this.#created > this.limits.maxNodes)
      throw new DocumentProblem(
        'yaml-limit',
        `more than ${this.limits.maxNodes} values`,
        at,
        at,
        'split the input into smaller files',
      );
  }

  /** Counts `size` nodes that an alias or a merge key repeats. */
  alias(size: number, start: number, end: number): void {
    this.walked += size;
    this.#aliased += size;
    if (this.#aliased > this.limits.maxAliasNodes)
      throw new DocumentProblem(
        'yaml-limit',
        `aliases and merge keys repeat more than ${this.limits.maxAliasNodes} values`,
        start,
        end,
        'document contains excessive aliasing; write the values out, or use fewer aliases of aliases',
      );
  }
}
