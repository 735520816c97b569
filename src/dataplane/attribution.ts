/**
 * Which policy opened a port: of those that do, the one that the tiers ask first, and among NetworkPolicies, of which
 * any is enough, the first by name.
 */
import { NO, YES, type Tri } from '../base/tri.ts';
import type { IpFamily } from '../base/inet.ts';
import type { BoundRule, BoundTierRule, Compiled, Tier } from '../engine/compiled.ts';
import { worldOf } from '../engine/peer-sets.ts';
import { ALL_PORTS, NO_PORTS, type PortSetId } from '../engine/port-sets.ts';
import type { PairEvaluation } from '../engine/pair-evaluation.ts';
import { tierRuleMatch, type TierPair } from '../engine/tier-table.ts';
import { compareText } from '../model/order.ts';
import { clusterPolicyName, policyName, type JudgingSet } from './judging-sets.ts';

/** Ports that one policy opened. */
export interface Opened {
  readonly policy: string;
  readonly ports: PortSetId;
}

interface NamedRules {
  readonly policy: string;
  readonly rules: readonly BoundRule[];
}

export class Attribution {
  private readonly compiled: Compiled;
  private readonly pairs: PairEvaluation;
  private readonly rulesOf = new Map<JudgingSet, readonly NamedRules[]>();

  constructor(compiled: Compiled, pairs: PairEvaluation) {
    this.compiled = compiled;
    this.pairs = pairs;
  }

  /** Disjoint port sets, in the order in which policies were asked; what no policy opened is left out. */
  of(set: JudgingSet, peer: number, family: IpFamily, sameNode: Tri): readonly Opened[] {
    const { classId: subject, direction } = set;
    const { portSets } = this.compiled;
    const found: Opened[] = [];
    // Only what is open for certain is open in the kernel (D10).
    let left = this.pairs.gate(subject, peer, direction, family, sameNode).certain;
    const take = (policy: string, ports: PortSetId): void => {
      const opened = portSets.intersect(ports, left);
      if (opened === NO_PORTS) return;
      found.push({ policy, ports: opened });
      left = portSets.subtract(left, opened);
    };
    const destination = direction === 'ingress' ? subject : peer;
    const pair: TierPair = { subject, peer, destination, direction, family };
    const undecided = this.walk('Admin', pair, ALL_PORTS, take);
    const { isolated } = this.compiled.policyList(subject, direction);
    if (isolated === NO) this.walk('Baseline', pair, undecided, take);
    else if (this.pairs.exemption(direction, sameNode) !== YES) {
      for (const { policy, rules } of this.rules(set)) {
        take(policy, portSets.intersect(undecided, this.matched(rules, peer, destination, family)));
      }
    }
    return found;
  }

  /** What the tier leaves to the next one. */
  private walk(
    tier: Tier,
    pair: TierPair,
    ports: PortSetId,
    take: (policy: string, ports: PortSetId) => void,
  ): PortSetId {
    const { compiled } = this;
    const { portSets } = compiled;
    const rules: readonly BoundTierRule[] = compiled.tierRules[tier][pair.direction];
    let open = ports;
    let passed = NO_PORTS;
    for (const rule of rules) {
      const match = portSets.intersect(tierRuleMatch(rule, compiled, pair).certain, open);
      if (rule.source.action === 'Accept') take(clusterPolicyName(rule.source.policy), match);
      else if (rule.source.action === 'Pass') passed = portSets.union(passed, match);
      open = portSets.subtract(open, match);
      if (open === NO_PORTS) break;
    }
    return portSets.union(open, passed);
  }

  private rules(set: JudgingSet): readonly NamedRules[] {
    let named = this.rulesOf.get(set);
    if (named === undefined) {
      const { compiled } = this;
      const { peerSets } = compiled;
      const { certain } = compiled.policyList(set.classId, set.direction);
      named = certain
        .map((index) => ({
          policy: policyName(index, compiled),
          rules: (compiled.policies[index]?.[set.direction] ?? []).map(({ peers, ports }) => {
            return { peers: peerSets.resolve(peers), ports };
          }),
        }))
        .toSorted((a, b) => compareText(a.policy, b.policy));
      this.rulesOf.set(set, named);
    }
    return named;
  }

  private matched(rules: readonly BoundRule[], peer: number, destination: number, family: IpFamily): PortSetId {
    const { peerSets, portSets, portSpecs, classes } = this.compiled;
    const names = classes.namedPortsOf(destination);
    let ports = NO_PORTS;
    for (const rule of rules) {
      if (peerSets.has(rule.peers, worldOf(family, 'certain'), peer)) {
        ports = portSets.union(ports, portSpecs.resolve(rule.ports, names));
      }
    }
    return ports;
  }
}
