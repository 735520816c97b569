/**
 * The Admin and Baseline tiers as a table: classes that no cluster policy tells apart form a group, and each pair of
 * groups has one answer per direction and family, computed on first use. However many rules there are, a pair costs a
 * look-up.
 */
import type { IpFamily } from '../base/inet.ts';
import { groupByRanges } from '../base/range-groups.ts';
import type { BoundTierRule, Compiled, Tier } from './compiled.ts';
import { worldOf, WORLDS, type ClassSet } from './peer-sets.ts';
import type { Direction } from './policy-rules.ts';
import { ALL_PORTS, NO_PORTS, type PortSetId } from './port-sets.ts';

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

/** Who asks a tier about whom. */
export interface TierPair {
  /** A pod class: whose policies are asked. */
  readonly subject: number;
  readonly peer: number;
  /** The class on which named ports are looked up: the subject's for ingress, the peer's for egress, or one like it. */
  readonly destination: number;
  readonly direction: Direction;
  readonly family: IpFamily;
}

/** First match decides (S151); what rules match only possibly, later ones may decide as well. */
export function walkTier(rules: readonly BoundTierRule[], compiled: Compiled, pair: TierPair): TierOutcome {
  const { portSets } = compiled;
  let open: PortSetId = ALL_PORTS;
  let accepted: PortSetId = NO_PORTS;
  let denied: PortSetId = NO_PORTS;
  let passed: PortSetId = NO_PORTS;
  for (const rule of rules) {
    const { certain, possible } = tierRuleMatch(rule, compiled, pair);
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
  { subject, peer, destination, family }: TierPair,
): { readonly certain: PortSetId; readonly possible: PortSetId } {
  const { peerSets, portSets, portSpecs, classes } = compiled;
  if (!peerSets.sets.has(rule.subjects.possible, subject)) return { certain: NO_PORTS, possible: NO_PORTS };
  const names = classes.namedPortsOf(destination);
  let certain: PortSetId = NO_PORTS;
  let possible: PortSetId = NO_PORTS;
  for (const { peers, ports } of rule.entries) {
    if (!peerSets.has(peers, worldOf(family, 'possible'), peer)) continue;
    const set = portSpecs.resolve(ports, names);
    possible = portSets.union(possible, set);
    if (peerSets.has(peers, worldOf(family, 'certain'), peer)) certain = portSets.union(certain, set);
  }
  return { certain: peerSets.sets.has(rule.subjects.certain, subject) ? certain : NO_PORTS, possible };
}

export class TierTable {
  /** By class id: classes in exactly the same subject and peer sets of cluster policies. */
  readonly groupOf: Int32Array;
  readonly groupCount: number;
  /** By class id: destinations for which the ports of all cluster policy rules mean the same. */
  readonly portsOf: Int32Array;
  readonly portsCount: number;
  private readonly compiled: Compiled;
  private readonly groupMember: number[];
  private readonly portsMember: number[];
  private readonly rules = new Map<number, readonly BoundTierRule[]>();
  private readonly results = new Map<number, TierResult>();

  constructor(compiled: Compiled) {
    this.compiled = compiled;
    const { count } = compiled.classes;
    this.groupOf = compiled.hasTiers ? groupsOf(compiled) : new Int32Array(count);
    this.portsOf = compiled.hasTiers ? portGroupsOf(compiled) : new Int32Array(count);
    this.groupMember = firstMembers(this.groupOf);
    this.portsMember = firstMembers(this.portsOf);
    this.groupCount = this.groupMember.length;
    this.portsCount = this.portsMember.length;
  }

  /** One class of a group. */
  memberOf(group: number): number {
    return this.groupMember[group] ?? 0;
  }

  /** The result for pods of class `subject` towards `peer`. */
  result(subject: number, peer: number, direction: Direction, family: IpFamily): TierResult {
    if (!this.compiled.hasTiers) return OPEN;
    const subjectGroup = this.groupOf[subject] ?? 0;
    const peerGroup = this.groupOf[peer] ?? 0;
    const ports = this.portsOf[direction === 'ingress' ? subject : peer] ?? 0;
    const side = (direction === 'ingress' ? 0 : 1) + (family === 4 ? 0 : 2);
    const key = ((subjectGroup * this.groupCount + peerGroup) * this.portsCount + ports) * 4 + side;
    let result = this.results.get(key);
    if (result === undefined) {
      result = this.compute(subjectGroup, peerGroup, ports, direction, family);
      this.results.set(key, result);
    }
    return result;
  }

  private compute(
    subjectGroup: number,
    peerGroup: number,
    ports: number,
    direction: Direction,
    family: IpFamily,
  ): TierResult {
    const { compiled } = this;
    const { portSets } = compiled;
    const pair: TierPair = {
      subject: this.groupMember[subjectGroup] ?? 0,
      peer: this.groupMember[peerGroup] ?? 0,
      destination: this.portsMember[ports] ?? 0,
      direction,
      family,
    };
    const admin = walkTier(this.rulesFor(subjectGroup, 'Admin', direction), compiled, pair);
    const base = walkTier(this.rulesFor(subjectGroup, 'Baseline', direction), compiled, pair);
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
    const key = group * 4 + (tier === 'Admin' ? 0 : 2) + (direction === 'ingress' ? 0 : 1);
    let rules = this.rules.get(key);
    if (rules === undefined) {
      const subject = this.groupMember[group] ?? 0;
      const { sets } = this.compiled.peerSets;
      rules = this.compiled.tierRules[tier][direction].filter((rule) => sets.has(rule.subjects.possible, subject));
      this.rules.set(key, rules);
    }
    return rules;
  }
}

function tierRulesOf(compiled: Compiled): BoundTierRule[] {
  return Object.values(compiled.tierRules).flatMap(({ ingress, egress }) => [...ingress, ...egress]);
}

/** Classes in exactly the same sets of cluster policies. */
function groupsOf(compiled: Compiled): Int32Array {
  const { classes, peerSets } = compiled;
  const seen = new Set<ClassSet>();
  for (const { subjects, entries } of tierRulesOf(compiled)) {
    seen.add(subjects.certain).add(subjects.possible);
    for (const { peers } of entries) {
      for (const world of WORLDS) seen.add(peerSets.set(peers, world));
    }
  }
  return groupByRanges(seen, peerSets.sets, classes.count);
}

/** Destinations on which the named ports of cluster policies stand for the same. */
function portGroupsOf(compiled: Compiled): Int32Array {
  const { classes, portSpecs } = compiled;
  const specs = new Set(tierRulesOf(compiled).flatMap(({ entries }) => entries.map(({ ports }) => ports)));
  const named = [...specs].filter((spec) => portSpecs.hasNames(spec));
  const ofClass = new Int32Array(classes.count);
  if (named.length === 0) return ofClass;
  const groups = new Map<string, number>();
  const ofNames = new Map<number, number>();
  for (let id = 0; id < classes.count; id++) {
    const names = classes.namedPortsOf(id);
    let group = ofNames.get(names);
    if (group === undefined) {
      const text = named.map((spec) => portSpecs.resolve(spec, names)).join(' ');
      group = groups.get(text) ?? groups.size;
      groups.set(text, group);
      ofNames.set(names, group);
    }
    ofClass[id] = group;
  }
  return ofClass;
}

/** The first class of each group; groups are numbered in order of appearance. */
function firstMembers(groupOf: Int32Array): number[] {
  const members: number[] = [];
  groupOf.forEach((group, id) => {
    if (group === members.length) members.push(id);
  });
  return members;
}
