/**
 * The Admin and Baseline tiers as a table: classes that no cluster policy tells apart form a group, and each pair of
 * groups has one answer per direction and family, computed on first use. However many rules there are, a pair costs a
 * look-up.
 */
import type { IpFamily } from '../base/inet.ts';
import { EMPTY_SET } from '../base/range-sets.ts';
import type { BoundTierRule, Compiled, Tier } from './compiled.ts';
import { worldOf, type ClassSet } from './peer-sets.ts';
import type { Direction } from './policy-rules.ts';
import { ALL_PORTS, NO_PORTS, type PortSetId } from './port-sets.ts';
import { randomLanes } from './random-lanes.ts';

/** What a tier may do with a pair, whatever the unknown facts are: each port is in at least one of the three. */
export interface TierOutcome {
  readonly accepted: PortSetId;
  readonly denied: PortSetId;
  /** Passed, or matched by no rule (S153). */
  readonly passed: PortSetId;
}

/** One direction of one pair of groups. `X` stands for the result of the NetworkPolicy tier. */
export interface TierResult {
  /** Certainly accepted by Admin. */
  readonly accepted: PortSetId;
  /** Never denied by Admin: `certain = accepted | (notDenied & X)`. */
  readonly notDenied: PortSetId;
  /** Possibly accepted by Admin. */
  readonly maybeAccepted: PortSetId;
  /** Possibly left to the next tier: `possible = maybeAccepted | (undecided & X)`. */
  readonly undecided: PortSetId;
  /** The whole result where no NetworkPolicy isolates: Admin, then Baseline, then allow. */
  readonly openCertain: PortSetId;
  readonly openPossible: PortSetId;
}

const OPEN: TierResult = {
  accepted: NO_PORTS,
  notDenied: ALL_PORTS,
  maybeAccepted: NO_PORTS,
  undecided: ALL_PORTS,
  openCertain: ALL_PORTS,
  openPossible: ALL_PORTS,
};

/** First match decides (S151); what rules match only possibly, later ones may decide as well. */
export function walkTier(
  rules: readonly BoundTierRule[],
  compiled: Compiled,
  subject: number,
  peer: number,
  direction: Direction,
  family: IpFamily,
): TierOutcome {
  const { portSets } = compiled;
  let open: PortSetId = ALL_PORTS;
  let accepted: PortSetId = NO_PORTS;
  let denied: PortSetId = NO_PORTS;
  let passed: PortSetId = NO_PORTS;
  for (const rule of rules) {
    const { certain, possible } = tierRuleMatch(rule, compiled, subject, peer, direction, family);
    const decided = portSets.intersect(possible, open);
    if (rule.source.action === 'Accept') accepted = portSets.union(accepted, decided);
    else if (rule.source.action === 'Deny') denied = portSets.union(denied, decided);
    else passed = portSets.union(passed, decided);
    open = portSets.subtract(open, certain);
    if (open === NO_PORTS) break;
  }
  return { accepted, denied, passed: portSets.union(passed, open) };
}

/** The ports on which a rule certainly, and possibly, matches a pair. */
export function tierRuleMatch(
  rule: BoundTierRule,
  compiled: Compiled,
  subject: number,
  peer: number,
  direction: Direction,
  family: IpFamily,
): { readonly certain: PortSetId; readonly possible: PortSetId } {
  const { peerSets, portSets, portSpecs, classes } = compiled;
  if (!peerSets.sets.has(rule.subjects.possible, subject)) return { certain: NO_PORTS, possible: NO_PORTS };
  const destination = classes.namedPortsOf(direction === 'ingress' ? subject : peer);
  let certain: PortSetId = NO_PORTS;
  let possible: PortSetId = NO_PORTS;
  for (const { peers, ports } of rule.entries) {
    if (!peerSets.has(peers, worldOf(family, 'possible'), peer)) continue;
    const set = portSpecs.resolve(ports, destination);
    possible = portSets.union(possible, set);
    if (peerSets.has(peers, worldOf(family, 'certain'), peer)) certain = portSets.union(certain, set);
  }
  return { certain: peerSets.sets.has(rule.subjects.certain, subject) ? certain : NO_PORTS, possible };
}

export class TierTable {
  /** By class id. */
  readonly groupOf: Int32Array;
  readonly groupCount: number;
  private readonly compiled: Compiled;
  private readonly representative: number[] = [];
  private readonly rules = new Map<string, readonly BoundTierRule[]>();
  private readonly results = new Map<number, TierResult>();

  constructor(compiled: Compiled) {
    this.compiled = compiled;
    this.groupOf = compiled.hasTiers ? groupsOf(compiled) : new Int32Array(compiled.classes.count);
    let count = 0;
    this.groupOf.forEach((group, id) => {
      if (group >= count) {
        count = group + 1;
        this.representative.push(id);
      }
    });
    this.groupCount = count;
  }

  /** The result for pods of class `subject` towards `peer`. */
  result(subject: number, peer: number, direction: Direction, family: IpFamily): TierResult {
    return this.groupResult(this.groupOf[subject] ?? 0, this.groupOf[peer] ?? 0, direction, family);
  }

  groupResult(subject: number, peer: number, direction: Direction, family: IpFamily): TierResult {
    if (!this.compiled.hasTiers) return OPEN;
    const side = (direction === 'ingress' ? 0 : 1) + (family === 4 ? 0 : 2);
    const key = (subject * this.groupCount + peer) * 4 + side;
    let result = this.results.get(key);
    if (result === undefined) {
      result = this.compute(subject, peer, direction, family);
      this.results.set(key, result);
    }
    return result;
  }

  private compute(subjectGroup: number, peerGroup: number, direction: Direction, family: IpFamily): TierResult {
    const { compiled } = this;
    const { portSets } = compiled;
    const subject = this.representative[subjectGroup] ?? 0;
    const peer = this.representative[peerGroup] ?? 0;
    const admin = walkTier(this.rulesFor(subjectGroup, 'Admin', direction), compiled, subject, peer, direction, family);
    const base = walkTier(
      this.rulesFor(subjectGroup, 'Baseline', direction),
      compiled,
      subject,
      peer,
      direction,
      family,
    );
    const notDenied = portSets.complement(admin.denied);
    const accepted = portSets.subtract(notDenied, admin.passed);
    const baseCertain = portSets.complement(base.denied);
    const basePossible = portSets.union(base.accepted, base.passed);
    return {
      accepted,
      notDenied,
      maybeAccepted: admin.accepted,
      undecided: admin.passed,
      openCertain: portSets.union(accepted, portSets.intersect(notDenied, baseCertain)),
      openPossible: portSets.union(admin.accepted, portSets.intersect(admin.passed, basePossible)),
    };
  }

  private rulesFor(group: number, tier: Tier, direction: Direction): readonly BoundTierRule[] {
    const key = `${group} ${tier} ${direction}`;
    let rules = this.rules.get(key);
    if (rules === undefined) {
      const subject = this.representative[group] ?? 0;
      const { sets } = this.compiled.peerSets;
      rules = this.compiled.tierRules[tier][direction].filter((rule) => sets.has(rule.subjects.possible, subject));
      this.rules.set(key, rules);
    }
    return rules;
  }
}

/** Classes in exactly the same sets of cluster policies: a random number per set, summed over the sets of a class. */
function groupsOf(compiled: Compiled): Int32Array {
  const { classes, peerSets, portSpecs } = compiled;
  const seen = new Set<ClassSet>();
  let named = false;
  for (const tier of Object.values(compiled.tierRules)) {
    for (const rules of Object.values(tier)) {
      for (const rule of rules) {
        seen.add(rule.subjects.certain).add(rule.subjects.possible);
        for (const { peers, ports } of rule.entries) {
          for (const world of [0, 1, 2, 3] as const) seen.add(peerSets.set(peers, world));
          if (portSpecs.hasNames(ports)) named = true;
        }
      }
    }
  }
  const lanes = [0, 1, 2].map(() => new Int32Array(classes.count + 1));
  for (const set of seen) {
    if (set === EMPTY_SET) continue;
    const numbers = randomLanes(set);
    const ranges = peerSets.sets.view(set);
    for (let i = 0; i < ranges.length; i += 2) {
      const low = ranges[i] ?? 0;
      const after = (ranges[i + 1] ?? 0) + 1;
      lanes.forEach((lane, l) => {
        lane[low] = (lane[low] ?? 0) + (numbers[l] ?? 0);
        lane[after] = (lane[after] ?? 0) - (numbers[l] ?? 0);
      });
    }
  }
  const groupOf = new Int32Array(classes.count);
  const groups = new Map<string, number>();
  const sum = new Int32Array(3);
  for (let id = 0; id < classes.count; id++) {
    lanes.forEach((lane, l) => (sum[l] = (sum[l] ?? 0) + (lane[id] ?? 0)));
    const text = `${sum[0]} ${sum[1]} ${sum[2]}${named ? ` ${classes.namedPortsOf(id)}` : ''}`;
    let group = groups.get(text);
    if (group === undefined) {
      group = groups.size;
      groups.set(text, group);
    }
    groupOf[id] = group;
  }
  return groupOf;
}
