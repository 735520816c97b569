/** One direction of one pair on one port: which tier decides, by which rules, and what leaves it open. */
import { NO, YES } from '../base/tri.ts';
import type { BoundTierRule, Compiled, Tier } from './compiled.ts';
import type { GateQuestion } from './gate-question.ts';
import { nearMisses, type MissContext } from './near-miss.ts';
import type { PairEvaluation } from './pair-evaluation.ts';
import type { Party } from './parties.ts';
import { worldOf } from './peer-sets.ts';
import type { PolicyRules } from './policy-rules.ts';
import type { GateResult, RuleReference } from './results.ts';
import { policyName, policyReference, ruleReference } from './rule-words.ts';
import { tierRuleMatch } from './tier-table.ts';
import { unknownLabels, unknownPeerFacts } from './unknown-facts.ts';

interface Decision {
  readonly tier: GateResult['tier'];
  readonly by: readonly RuleReference[];
  readonly misses: readonly MissContext[];
  readonly why: readonly string[];
}

export class GateTrace {
  private readonly compiled: Compiled;
  private readonly pairs: PairEvaluation;

  constructor(compiled: Compiled, pairs: PairEvaluation) {
    this.compiled = compiled;
    this.pairs = pairs;
  }

  trace(question: GateQuestion): GateResult {
    const { subject, peer, direction, family, sameNode, point } = question;
    if (subject.kind !== 'pod') return exempt(subject);
    const { portSets } = this.compiled;
    const bounds = this.pairs.gate(subject.classId, peer.classId, direction, family, sameNode);
    const allowed = portSets.has(bounds.certain, point);
    const certain = allowed || !portSets.has(bounds.possible, point);
    const isolated = this.compiled.policyList(subject.classId, direction).isolated === YES;
    const open: string[] = [];
    const decision = this.decide(question, open);
    const near = allowed || !certain ? [] : nearMisses(decision.misses, question, this.compiled.cluster);
    const why = [...decision.why, ...(certain ? [] : new Set(open))];
    return {
      allowed,
      certain,
      isolated,
      tier: decision.tier,
      by: decision.by,
      ...(near.length > 0 ? { near } : {}),
      ...(why.length > 0 ? { why } : {}),
    };
  }

  /** The path through the tiers when nothing matches that matches only possibly; what was left out goes to `open`. */
  private decide(question: GateQuestion, open: string[]): Decision {
    return (
      this.tier('Admin', question, open) ??
      this.networkPolicies(question, open) ??
      this.tier('Baseline', question, open) ?? { tier: 'none', by: [], misses: [], why: [] }
    );
  }

  private tier(tier: Tier, question: GateQuestion, open: string[]): Decision | undefined {
    const { compiled } = this;
    const { subject, peer, direction, family, point } = question;
    const misses: MissContext[] = [];
    const destination = (direction === 'ingress' ? subject : peer).classId;
    const pair = { subject: subject.classId, peer: peer.classId, destination, direction, family };
    for (const rule of compiled.tierRules[tier][direction]) {
      if (!compiled.peerSets.sets.has(rule.subjects.possible, subject.classId)) continue;
      const { policy, action, understood } = rule.source;
      const match = tierRuleMatch(rule, compiled, pair);
      if (!compiled.portSets.has(match.certain, point)) {
        if (compiled.portSets.has(match.possible, point)) open.push(...this.openTierRule(rule, question));
        else if (action === 'Accept') misses.push({ policy, rule: rule.source.rule });
        continue;
      }
      if (action === 'Pass') return undefined;
      const reference = ruleReference(policy, rule.source.rule);
      const why = understood ? [] : [failClosedWords(rule)];
      return { tier, by: [reference], misses: action === 'Deny' ? misses : [], why };
    }
    return undefined;
  }

  private openTierRule(rule: BoundTierRule, { subject, peer }: GateQuestion): string[] {
    const { cluster } = this.compiled;
    const { policy, rule: source } = rule.source;
    const name = `${policyName(policy)} ${source.path}`;
    const facts = [
      ...unknownLabels(policy.subject.namespaceSelector, policy.subject.podSelector, subject, cluster),
      ...unknownPeerFacts(source.peers, peer, cluster),
    ];
    return facts.map((fact) => `${name} may match: ${fact}`);
  }

  private networkPolicies(question: GateQuestion, open: string[]): Decision | undefined {
    const { compiled } = this;
    const { subject, peer, direction, sameNode } = question;
    const { cluster } = compiled;
    const list = compiled.policyList(subject.classId, direction);
    for (const index of list.uncertain) {
      const policy = compiled.policies[index]?.policy;
      if (policy === undefined) continue;
      for (const fact of unknownLabels(undefined, policy.podSelector, subject, cluster)) {
        open.push(`${policyName(policy)} may select ${subject.name}: ${fact}`);
      }
    }
    if (list.isolated !== YES) return undefined;
    const exemption = this.pairs.exemption(direction, sameNode);
    if (exemption === YES) {
      const why =
        direction === 'ingress'
          ? `${peer.name} is on the same node as ${subject.name}, and a pod accepts whatever its own node sends`
          : `${peer.name} is on the same node as ${subject.name}, and traffic to the own node is exempted here`;
      return { tier: 'exempt', by: [], misses: [], why: [why] };
    }
    const matching: RuleReference[] = [];
    const isolating: RuleReference[] = [];
    const misses: MissContext[] = [];
    for (const index of list.certain) {
      const rules = compiled.policies[index];
      if (rules === undefined) continue;
      isolating.push(policyReference(rules.policy));
      this.collect(rules, question, matching, misses, open);
    }
    if (matching.length > 0) return { tier: 'NetworkPolicy', by: matching, misses: [], why: [] };
    if (exemption !== NO) {
      open.push(`the input does not tell whether ${peer.name} and ${subject.name} are on the same node`);
    }
    return { tier: 'NetworkPolicy', by: isolating, misses, why: [] };
  }

  /** Sorts the rules of one policy into those that match, those that may, and those that miss. */
  private collect(
    { policy, ingress, egress }: PolicyRules,
    { subject, peer, direction, family, point }: GateQuestion,
    matching: RuleReference[],
    misses: MissContext[],
    open: string[],
  ): void {
    const { peerSets, portSets, portSpecs, classes, cluster } = this.compiled;
    const entries = direction === 'ingress' ? ingress : egress;
    const destination = classes.namedPortsOf(direction === 'ingress' ? subject.classId : peer.classId);
    entries.forEach((entry, index) => {
      const rule = policy[direction][index];
      if (rule === undefined) return;
      const peers = peerSets.resolve(entry.peers);
      const portMatches = portSets.has(portSpecs.resolve(entry.ports, destination), point);
      if (portMatches && peerSets.has(peers, worldOf(family, 'certain'), peer.classId)) {
        matching.push(ruleReference(policy, rule));
      } else if (portMatches && peerSets.has(peers, worldOf(family, 'possible'), peer.classId)) {
        for (const fact of unknownPeerFacts(rule.peers, peer, cluster)) {
          open.push(`${policyName(policy)} ${rule.path} may match: ${fact}`);
        }
      } else misses.push({ policy, rule });
    });
  }
}

function exempt(subject: Party): GateResult {
  const why =
    subject.kind === 'host'
      ? subject.pod >= 0
        ? `${subject.name} is on the host network, where policies select nothing`
        : `${subject.name} is a node, and policies bind pods only`
      : `${subject.name} is outside the cluster, and policies bind pods only`;
  return { allowed: true, certain: true, isolated: false, tier: 'exempt', by: [], why: [why] };
}

function failClosedWords({ source }: BoundTierRule): string {
  const { subject } = source.policy;
  return subject.namespaceSelector.invalid || subject.podSelector.invalid
    ? `the subject of ${policyName(source.policy)} is not understood, so its ${source.rule.action} rules deny everything to be safe`
    : `${source.rule.path} of ${policyName(source.policy)} is not understood, so it denies everything to be safe`;
}
