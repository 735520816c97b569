/** What one class may open to another, on all ports at once, without the relation: the rules of the two, once. */
import type { IpFamily } from '../base/inet.ts';
import { NO, YES, type Tri } from '../base/tri.ts';
import type { BoundRule, Compiled, PolicyList } from './compiled.ts';
import { worldOf, type World } from './peer-sets.ts';
import type { Direction } from './policy-rules.ts';
import { ALL_PORTS, NO_PORTS, type PortBounds, type PortSetId } from './port-sets.ts';
import type { TierTable } from './tier-table.ts';

export const ALL: PortBounds = { certain: ALL_PORTS, possible: ALL_PORTS };
export const NOTHING: PortBounds = { certain: NO_PORTS, possible: NO_PORTS };

/** Presence bits of both families that two ends share: bits 0-1 IPv4, bits 2-3 IPv6. */
export type SharedFamilies = number;

export function presence(shared: SharedFamilies, family: IpFamily): Tri {
  return ((shared >> (family === 4 ? 0 : 2)) & 3) as Tri;
}

export interface PolicySource {
  policyList(classId: number, direction: Direction): PolicyList;
}

export class PairEvaluation {
  private readonly compiled: Compiled;
  private readonly tiers: TierTable;
  private readonly lists: PolicySource;

  /** `lists` says which NetworkPolicies bind a class; those of the cluster, unless somebody asks what others would do. */
  constructor(compiled: Compiled, tiers: TierTable, lists: PolicySource = compiled) {
    this.compiled = compiled;
    this.tiers = tiers;
    this.lists = lists;
  }

  sharedFamilies(from: number, to: number): SharedFamilies {
    const { families } = this.compiled.classes;
    return (families[from] ?? 0) & (families[to] ?? 0);
  }

  /**
   * `sameNode`: whether one end is a host and the other a pod on it, which S100 (and D1, as an option) exempts.
   */
  ports(from: number, to: number, sameNode: Tri, shared: SharedFamilies): PortBounds {
    const { peerSets, portSets } = this.compiled;
    const four = presence(shared, 4);
    const six = presence(shared, 6);
    if (four === NO && six === NO) return NOTHING;
    if (peerSets.familiesAgree || six === NO) return this.inFamily(from, to, four === NO ? 6 : 4, sameNode);
    if (four === NO) return this.inFamily(from, to, 6, sameNode);
    return joinFamilies(
      this.inFamily(from, to, 4, sameNode),
      four,
      this.inFamily(from, to, 6, sameNode),
      six,
      portSets,
    );
  }

  /** As if both ends had the family. */
  inFamily(from: number, to: number, family: IpFamily, sameNode: Tri): PortBounds {
    const { portSets } = this.compiled;
    const egress = this.gate(from, to, 'egress', family, sameNode);
    if (egress.possible === NO_PORTS) return NOTHING;
    const ingress = this.gate(to, from, 'ingress', family, sameNode);
    return {
      certain: portSets.intersect(egress.certain, ingress.certain),
      possible: portSets.intersect(egress.possible, ingress.possible),
    };
  }

  /** One direction of one end (§9 `dir`): `subject` is the source for egress, the destination for ingress. */
  gate(subject: number, peer: number, direction: Direction, family: IpFamily, sameNode: Tri): PortBounds {
    const { compiled } = this;
    if (!compiled.classes.isPod(subject)) return ALL;
    const { portSets } = compiled;
    const tier = this.tiers.result(subject, peer, direction, family);
    const list = this.lists.policyList(subject, direction);
    if (list.isolated === NO) return { certain: tier.openCertain, possible: tier.openPossible };
    const exempt = this.exemption(direction, sameNode);
    let certain: PortSetId = NO_PORTS;
    let possible: PortSetId = ALL_PORTS;
    if (exempt === YES) certain = ALL_PORTS;
    else {
      certain = this.matched(list.certainRules, subject, peer, direction, worldOf(family, 'certain'));
      if (exempt === NO) {
        // Where nothing is unknown the second walk would find the same.
        const same = list.possibleRules === list.certainRules && compiled.peerSets.exact;
        const world = worldOf(family, 'possible');
        possible = same ? certain : this.matched(list.possibleRules, subject, peer, direction, world);
      }
    }
    const upper = portSets.union(tier.maybeAccepted, portSets.intersect(tier.undecided, possible));
    if (list.isolated === YES) {
      return { certain: portSets.union(tier.accepted, portSets.intersect(tier.notDenied, certain)), possible: upper };
    }
    // Isolated or not: both ways of going on must allow what is certain, either may allow what is possible.
    const isolated = exempt === YES ? ALL_PORTS : NO_PORTS;
    const lower = portSets.union(tier.accepted, portSets.intersect(tier.notDenied, isolated));
    return {
      certain: portSets.intersect(lower, tier.openCertain),
      possible: portSets.union(upper, tier.openPossible),
    };
  }

  /** Whether the NetworkPolicy tier lets everything through because the other end is the pod's own node. */
  exemption(direction: Direction, sameNode: Tri): Tri {
    return direction === 'ingress' || this.compiled.cluster.allowEgressToLocalNode ? sameNode : NO;
  }

  private matched(
    rules: readonly BoundRule[],
    subject: number,
    peer: number,
    direction: Direction,
    world: World,
  ): PortSetId {
    const { peerSets, portSets, portSpecs, classes } = this.compiled;
    const destination = classes.namedPortsOf(direction === 'ingress' ? subject : peer);
    let ports: PortSetId = NO_PORTS;
    for (let i = 0; i < rules.length; i++) {
      const rule = rules[i];
      if (rule === undefined || !peerSets.has(rule.peers, world, peer)) continue;
      ports = portSets.union(ports, portSpecs.resolve(rule.ports, destination));
      if (ports === ALL_PORTS) break;
    }
    return ports;
  }
}

/**
 * A connection needs some family that both ends have. Known families: whichever allows is enough. Where presence is
 * unknown the ends share at least one of the possible ones: certain is what each of them allows, possible what any does.
 */
export function joinFamilies(
  four: PortBounds,
  presentFour: Tri,
  six: PortBounds,
  presentSix: Tri,
  portSets: { union(a: PortSetId, b: PortSetId): PortSetId; intersect(a: PortSetId, b: PortSetId): PortSetId },
): PortBounds {
  const possible = portSets.union(four.possible, six.possible);
  if (presentFour === YES && presentSix === YES)
    return { certain: portSets.union(four.certain, six.certain), possible };
  if (presentFour === YES) return { certain: four.certain, possible };
  if (presentSix === YES) return { certain: six.certain, possible };
  return { certain: portSets.intersect(four.certain, six.certain), possible };
}
