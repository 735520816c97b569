/** To whom workloads became, or ceased to be, open beyond the peers in the input. */
import type { Engine } from './engine.ts';
import type { PossibleChange } from './semantic-diff-results.ts';

export function possibleChanges(_before: Engine, _after: Engine): readonly PossibleChange[] {
  return [];
}
