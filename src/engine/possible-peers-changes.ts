/** To whom workloads became, or ceased to be, open beyond the peers in the input. */
import { DIRECTIONS } from './compiled.ts';
import { ALL_PORTS, NO_PORTS, type PortSetId } from './port-sets.ts';
import { PossibleExposures } from './possible-exposures.ts';
import { covers, type PossibleSet } from './possible-peers.ts';
import type { Engine } from './engine.ts';
import type { Direction } from './policy-rules.ts';
import { policyName } from './rule-words.ts';
import type { JointClasses } from './semantic-diff-classes.ts';
import type { Edits } from './semantic-diff-edits.ts';
import type { Candidates } from './semantic-diff-gates.ts';
import type { SharedPorts, Side } from './semantic-diff-ports.ts';
import type { PossibleChange } from './semantic-diff-results.ts';

interface Sides {
  readonly engines: Readonly<Record<Side, Engine>>;
  readonly classes: JointClasses;
  readonly ports: SharedPorts;
  readonly candidates: Candidates;
  readonly edits: Edits;
}

/** Of workloads on both sides; by workload, then direction. */
export function possibleChanges(sides: Sides): readonly PossibleChange[] {
  const { engines, classes, ports } = sides;
  const exposures = {
    before: new PossibleExposures(engines.before),
    after: new PossibleExposures(engines.after),
  };
  const written = new Written(sides);
  const changes: PossibleChange[] = [];
  for (const item of classes.items) {
    if (item.in !== 'both' || item.type !== 'workload') continue;
    for (const direction of DIRECTIONS) {
      // Peers in the input may be treated alike while others are not, so what is written counts, not what it does.
      if (item.classes.every((id) => written.isAlike(id, direction))) continue;
      const sets = (side: Side, withCovered: boolean): readonly PossibleSet[] =>
        exposures[side].sets(classesOn(classes, side, item.classes), direction, withCovered);
      const compare = (from: Side, to: Side, change: PossibleChange['change']): void => {
        const known = sets(from, true);
        for (const set of sets(to, false)) {
          const more = beyond(set, known, { from, to }, ports);
          if (more === undefined) continue;
          const opening = { ...exposures[to].opening(set), ports: ports.sets.value(more) };
          changes.push({ workload: item.id, direction, change, opening });
        }
      };
      compare('before', 'after', 'added');
      compare('after', 'before', 'removed');
    }
  }
  return changes;
}

/** Whether the policies that bind a class are the same ones on both sides, and nobody edited them. */
class Written {
  private readonly sides: Sides;
  private readonly known: Readonly<Record<Direction, Map<number, Map<number, boolean>>>> = {
    ingress: new Map(),
    egress: new Map(),
  };
  /** Names by index of the policy; `undefined` for one that was edited. */
  private readonly names: Readonly<Record<Side, readonly (string | undefined)[]>>;

  constructor(sides: Sides) {
    this.sides = sides;
    const namesOf = ({ compiled }: Engine): (string | undefined)[] =>
      compiled.policies.map(({ policy }) => {
        const name = policyName(policy);
        return sides.edits.has(name) ? undefined : name;
      });
    this.names = { before: namesOf(sides.engines.before), after: namesOf(sides.engines.after) };
  }

  isAlike(joint: number, direction: Direction): boolean {
    const { classes, candidates } = this.sides;
    if (candidates.isRenamed(joint)) return false;
    const before = classes.of.before[joint] ?? -1;
    const after = classes.of.after[joint] ?? -1;
    const known = this.known[direction];
    const [old, now] = [this.keyOf('before', before, direction), this.keyOf('after', after, direction)];
    let byAfter = known.get(old);
    if (byAfter === undefined) known.set(old, (byAfter = new Map<number, boolean>()));
    let alike = byAfter.get(now);
    if (alike === undefined) {
      const [a, b] = [this.policies('before', before, direction), this.policies('after', after, direction)];
      alike = a !== undefined && b !== undefined && a.length === b.length && a.every((name, i) => name === b[i]);
      byAfter.set(now, alike);
    }
    return alike;
  }

  private keyOf(side: Side, classId: number, direction: Direction): number {
    const { compiled, tiers } = this.sides.engines[side];
    const list = compiled.classes.isPod(classId) ? (compiled.listOf[direction][classId] ?? 0) + 1 : 0;
    return list * tiers.groupCount + (tiers.groupOf[classId] ?? 0);
  }

  /** `undefined`: one of them was edited. */
  private policies(side: Side, classId: number, direction: Direction): readonly string[] | undefined {
    const { compiled } = this.sides.engines[side];
    if (!compiled.classes.isPod(classId)) return ['host'];
    const { certain, uncertain } = compiled.policyList(classId, direction);
    const names: string[] = [];
    for (const index of certain.concat(uncertain)) {
      const name = this.names[side][index];
      if (name === undefined) return undefined;
      names.push(name);
    }
    for (const tier of ['Admin', 'Baseline'] as const) {
      for (const rule of compiled.tierRules[tier][direction]) {
        if (!compiled.peerSets.sets.has(rule.subjects.possible, classId)) continue;
        const name = policyName(rule.source.policy);
        if (this.sides.edits.has(name)) return undefined;
        names.push(name);
      }
    }
    return names.concat(uncertain.map(() => '?'));
  }
}

function classesOn(classes: JointClasses, side: Side, joint: readonly number[]): readonly number[] {
  return [...new Set(joint.map((id) => classes.of[side][id] ?? -1))].filter((id) => id >= 0);
}

/** The ports on which the set is open and no wider set of the other side is; `undefined`: nothing is new. */
function beyond(
  set: PossibleSet,
  known: readonly PossibleSet[],
  { from, to }: { readonly from: Side; readonly to: Side },
  ports: SharedPorts,
): PortSetId | undefined {
  let left = ports.of(to, set.ports);
  let named = set.named;
  for (const other of known) {
    if (!covers(other, set) || (set.certain && !other.certain)) continue;
    left = ports.sets.subtract(left, ports.of(from, other.ports));
    named = named.filter((name) => !other.named.includes(name) && ports.of(from, other.ports) !== ALL_PORTS);
  }
  return left === NO_PORTS && named.length === 0 ? undefined : left;
}
