/** The rules of all policies that select somebody, with peers and ports interned. */
import { assertNever } from '../base/assert.ts';
import type {
  ClusterPolicyObject,
  ClusterPolicyRule,
  LabelSelector,
  NetworkPolicyObject,
  NetworkPolicyRule,
} from '../kube/objects.ts';
import type { PeerSourceId, PeerSources } from './peer-sources.ts';
import type { PortSpecId, PortSpecs } from './port-specs.ts';

export type Direction = 'ingress' | 'egress';

/** Peers and ports that belong together: traffic matches when it matches both. */
export interface RuleEntry {
  readonly peers: PeerSourceId;
  readonly ports: PortSpecId;
}

export interface PolicyRules {
  readonly policy: NetworkPolicyObject;
  /** Aligned with the rules of the object; only of directions that the policy isolates (S19). */
  readonly ingress: readonly RuleEntry[];
  readonly egress: readonly RuleEntry[];
}

/** One rule of a cluster policy, in the order of evaluation. */
export interface TierRule {
  readonly policy: ClusterPolicyObject;
  /** Position in `policies` of the compiled set. */
  readonly policyIndex: number;
  readonly rule: ClusterPolicyRule;
  readonly action: 'Accept' | 'Deny' | 'Pass';
  /** Any of them (S158 needs two when named ports meet networks). */
  readonly entries: readonly RuleEntry[];
  /** False: fail closed (S157): denies everything, whatever `action` says. */
  readonly understood: boolean;
}

export interface Specs {
  readonly peers: PeerSources;
  readonly ports: PortSpecs;
}

export function compilePolicy(policy: NetworkPolicyObject, namespace: number, specs: Specs): PolicyRules {
  const entry = (rule: NetworkPolicyRule): RuleEntry => ({
    peers: specs.peers.ofPolicy(rule.peers, namespace),
    ports: specs.ports.ofPolicy(rule.ports),
  });
  return {
    policy,
    ingress: policy.isolates.ingress ? policy.ingress.map(entry) : [],
    egress: policy.isolates.egress ? policy.egress.map(entry) : [],
  };
}

/**
 * The rules of one direction that can have an effect. Rules that are not understood (S157, S159, D10) either go, when
 * they would accept, or deny everything. A policy whose subject is not understood has only such rules.
 */
export function compileTierRules(
  policy: ClusterPolicyObject,
  policyIndex: number,
  direction: Direction,
  specs: Specs,
): TierRule[] {
  const { subject } = policy;
  const subjectUnderstood = !subject.namespaceSelector.invalid && !subject.podSelector.invalid;
  const compiled: TierRule[] = [];
  for (const rule of policy[direction]) {
    const understood = subjectUnderstood && ruleUnderstood(rule, direction);
    if (!understood && rule.action === 'Accept') continue;
    const entries = understood ? entriesOf(rule, specs) : [{ peers: specs.peers.ofAnybody(), ports: specs.ports.any }];
    const action = understood ? rule.action : 'Deny';
    compiled.push({ policy, policyIndex, rule, action, entries, understood });
  }
  return compiled;
}

function entriesOf(rule: ClusterPolicyRule, specs: Specs): RuleEntry[] {
  const ports = specs.ports.ofClusterPolicy(rule.ports);
  const entries: RuleEntry[] = [];
  if (rule.peers.some((peer) => peer.type === 'pods')) {
    entries.push({ peers: specs.peers.ofClusterPods(rule.peers), ports });
  }
  if (rule.peers.some((peer) => peer.type !== 'pods')) {
    entries.push({ peers: specs.peers.ofClusterAddresses(rule.peers), ports: specs.ports.withoutNames(ports) });
  }
  return entries;
}

/** Whether every part of the rule is one that this program knows (S157, S158, S165, S168). */
export function ruleUnderstood(rule: ClusterPolicyRule, direction: Direction): boolean {
  if (rule.ports?.some((port) => port.type === 'unknown') === true) return false;
  return rule.peers.every((peer) => {
    switch (peer.type) {
      case 'pods':
        return understood(peer.namespaceSelector) && understood(peer.podSelector);
      case 'networks':
        return direction === 'egress';
      case 'nodes':
        return direction === 'egress' && understood(peer.selector);
      case 'domainNames':
        // Only Accept has a meaning for names (S168).
        return direction === 'egress' && rule.action === 'Accept';
      case 'unknown':
        return false;
      default:
        return assertNever(peer);
    }
  });
}

function understood(selector: LabelSelector): boolean {
  return !selector.invalid;
}
