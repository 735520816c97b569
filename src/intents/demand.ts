/** What must be open and what must not, between two ends. */
import { NO, YES } from '../base/tri.ts';
import type { Engine } from '../engine/engine.ts';
import { NO_PORTS, type PortSetId } from '../engine/port-sets.ts';

/**
 * `sure` is demanded whatever the facts are that the input lacks, `maybe` for some of them: where it is not known
 * whether an end is meant at all, a violation is only possible (D14). `sure` is part of `maybe`.
 */
export interface Bounded {
  readonly sure: PortSetId;
  readonly maybe: PortSetId;
}

export interface Demand {
  /** All of these must be open. */
  readonly all: Bounded;
  /** At least one of these must be open, unless there are none. */
  readonly some: Bounded;
  /** None of these may be open. */
  readonly none: Bounded;
}

export const nothing: Bounded = { sure: NO_PORTS, maybe: NO_PORTS };

/** What several entries of an exact list demand together of one pair. */
export class DemandSum {
  readonly #engine: Engine;
  #openSure: PortSetId = NO_PORTS;
  #openMaybe: PortSetId = NO_PORTS;
  #allSure: PortSetId = NO_PORTS;
  #allMaybe: PortSetId = NO_PORTS;
  #someSure: PortSetId = NO_PORTS;
  #someMaybe: PortSetId = NO_PORTS;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** @param tri whether the pair is meant by the entry */
  add(tri: number, ports: PortSetId, asked: boolean): void {
    if (tri === NO) return;
    const { portSets } = this.#engine;
    this.#openMaybe = portSets.union(this.#openMaybe, ports);
    if (asked) this.#allMaybe = portSets.union(this.#allMaybe, ports);
    else this.#someMaybe = portSets.union(this.#someMaybe, ports);
    if (tri !== YES) return;
    this.#openSure = portSets.union(this.#openSure, ports);
    if (asked) this.#allSure = portSets.union(this.#allSure, ports);
    else this.#someSure = portSets.union(this.#someSure, ports);
  }

  demand(question: PortSetId, certain: boolean): Demand {
    const { portSets } = this.#engine;
    const sure = (set: PortSetId): PortSetId => (certain ? set : NO_PORTS);
    return {
      all: { sure: sure(this.#allSure), maybe: this.#allMaybe },
      some: { sure: sure(this.#someSure), maybe: this.#someMaybe },
      none: {
        sure: sure(portSets.subtract(question, this.#openMaybe)),
        maybe: portSets.subtract(question, this.#openSure),
      },
    };
  }
}

export function demandKey({ all, some, none }: Demand): string {
  return `${all.sure} ${all.maybe} ${some.sure} ${some.maybe} ${none.sure} ${none.maybe}`;
}

/** Demands nothing at all. */
export function isIdle({ all, some, none }: Demand): boolean {
  return all.maybe === NO_PORTS && some.maybe === NO_PORTS && none.maybe === NO_PORTS;
}
