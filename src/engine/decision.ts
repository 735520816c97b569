/**
 * Which rules decide, as numbers: what an explanation costs when nobody reads it yet. Names, places and near misses come
 * from `explain`.
 */
import type { IpFamily } from '../base/inet.ts';
import { NO, YES, type Tri } from '../base/tri.ts';
import type { Compiled, PolicyList, Tier } from './compiled.ts';
import type { PairEvaluation } from './pair-evaluation.ts';
import { worldOf } from './peer-sets.ts';
import type { Direction } from './policy-rules.ts';
import type { GateResult } from './results.ts';
import { tierRuleMatch, type TierTable } from './tier-table.ts';

export interface GateDecision {
  readonly allowed: Tri;
  readonly tier: GateResult['tier'];
  /**
   * NetworkPolicy: pairs (index into the binding policies, rule), rule -1 when the policy isolates and nothing matches.
   * Admin, Baseline: one pair (index of the policy in the cluster, position of the rule among those of its tier and
   * direction).
   */
  readonly rules: readonly number[];
}

const EXEMPT: GateDecision = { allowed: YES, tier: 'exempt', rules: [] };
const OPEN: GateDecision = { allowed: YES, tier: 'none', rules: [] };

export class Decisions {
  private readonly compiled: Compiled;
  private readonly tiers: TierTable;
  private readonly pairs: PairEvaluation;
  private readonly isolatingOf = new Map<PolicyList, readonly number[]>();

  constructor(compiled: Compiled, tiers: TierTable, pairs: PairEvaluation) {
    this.compiled = compiled;
    this.tiers = tiers;
    this.pairs = pairs;
  }

  /** One direction of a pair of classes on one point (see `portPoint`), as §9 `dir`. */
  gate(
    subject: number,
    peer: number,
    direction: Direction,
    family: IpFamily,
    sameNode: Tri,
    point: number,
  ): GateDecision {
    const { compiled } = this;
    const { portSets } = compiled;
    if (!compiled.classes.isPod(subject)) return EXEMPT;
    const list = compiled.policyList(subject, direction);
    const tier = this.tiers.result(subject, peer, direction, family);
    if (portSets.has(tier.accepted, point)) return this.byTier('Admin', YES, subject, peer, direction, family, point);
    if (!portSets.has(tier.undecided, point) && !portSets.has(tier.maybeAccepted, point)) {
      return this.byTier('Admin', NO, subject, peer, direction, family, point);
    }
    const bounds = this.pairs.gate(subject, peer, direction, family, sameNode);
    const possible = portSets.has(bounds.possible, point);
    const allowed: Tri = portSets.has(bounds.certain, point) ? YES : possible ? 1 : NO;
    if (list.isolated === YES) {
      if (this.pairs.exemption(direction, sameNode) === YES) return { allowed, tier: 'exempt', rules: [] };
      const rules = possible ? this.matching(list, subject, peer, direction, family, point) : this.isolating(list);
      return { allowed, tier: 'NetworkPolicy', rules };
    }
    if (!compiled.hasTiers) return allowed === YES ? OPEN : { allowed, tier: 'none', rules: [] };
    return this.byTier('Baseline', allowed, subject, peer, direction, family, point);
  }

  /** Every policy that isolates, with -1 for its rule; made once per list. */
  private isolating(list: PolicyList): readonly number[] {
    let rules = this.isolatingOf.get(list);
    if (rules === undefined) {
      rules = list.certain.flatMap((index) => [index, -1]);
      this.isolatingOf.set(list, rules);
    }
    return rules;
  }

  private matching(
    list: PolicyList,
    subject: number,
    peer: number,
    direction: Direction,
    family: IpFamily,
    point: number,
  ): readonly number[] {
    const { peerSets, portSpecs, portSets, classes, policies: all } = this.compiled;
    const destination = classes.namedPortsOf(direction === 'ingress' ? subject : peer);
    const world = worldOf(family, 'certain');
    const rules: number[] = [];
    for (const index of list.certain) {
      const entries = all[index]?.[direction] ?? [];
      for (let rule = 0; rule < entries.length; rule++) {
        const entry = entries[rule];
        // Ports first: they are few and stay in the cache, peer sets do not.
        if (entry === undefined || !portSets.has(portSpecs.resolve(entry.ports, destination), point)) continue;
        if (peerSets.has(peerSets.resolve(entry.peers), world, peer)) rules.push(index, rule);
      }
    }
    return rules.length > 0 ? rules : this.isolating(list);
  }

  private byTier(
    tier: Tier,
    allowed: Tri,
    subject: number,
    peer: number,
    direction: Direction,
    family: IpFamily,
    point: number,
  ): GateDecision {
    const { compiled } = this;
    const pair = { subject, peer, destination: direction === 'ingress' ? subject : peer, direction, family };
    const rules = compiled.tierRules[tier][direction];
    for (let position = 0; position < rules.length; position++) {
      const rule = rules[position];
      if (rule === undefined || !compiled.peerSets.sets.has(rule.subjects.possible, subject)) continue;
      if (!compiled.portSets.has(tierRuleMatch(rule, compiled, pair).certain, point)) continue;
      if (rule.source.action === 'Pass') break;
      return { allowed, tier, rules: [rule.source.policyIndex, position] };
    }
    return { allowed, tier: 'none', rules: [] };
  }
}
