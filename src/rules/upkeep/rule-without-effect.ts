import { DIRECTIONS } from '../../engine/compiled.ts';
import type { Direction } from '../../engine/policy-rules.ts';
import type { NetworkPolicyObject, NetworkPolicyRule } from '../../kube/objects.ts';
import type { AuditContext } from '../audit-context.ts';
import { coveredRules } from '../covered-rules.ts';
import { objectId } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

/**
 * Catalogue NP202, from the engine: with the workloads of the input, the relation is the same without the rule. What
 * holds for all workloads is `covered-rule`'s.
 */
export const ruleWithoutEffect = defineRule({
  name: 'rule-without-effect',
  severity: 'info',
  category: 'upkeep',
  summary: 'a rule changes no verdict between the workloads of the input, because others allow the same',
  fixable: false,
  detectors: ['M34'],
  catalogue: ['NP202', 'NP112'],
  *check(context) {
    const covered = new Set(coveredRules(context).map(({ rule }) => rule));
    /** Rules of these namespaces were found to do nothing: another one may do nothing only beside them. */
    const found = new Set<string>();
    for (const policy of context.cluster.networkPolicies) {
      const { namespace, name } = policy.meta;
      if (context.selections.subjects(policy).pods.length === 0) continue;
      for (const direction of DIRECTIONS) {
        if (!policy.isolates[direction] || found.has(`${direction} ${namespace}`)) continue;
        for (const rule of policy[direction]) {
          if (covered.has(rule) || !meansSomebody(rule, policy, context)) continue;
          const changes = context.engine.policyChanges(namespace, name, without(policy, direction, rule));
          if (changes === undefined || changes.length > 0 || !isOpen(rule, policy, direction, context)) continue;
          found.add(`${direction} ${namespace}`);
          const place = placeOf(policy, rule.path);
          yield {
            message: `without ${rule.path} every verdict between the workloads at hand would be the same`,
            why: 'Other rules, together, allow the same connections to the same pods, or a cluster policy decides before it.',
            help: 'remove it, or keep it for workloads that are still to come',
            ...(place === undefined ? {} : { place }),
            object: objectId(policy),
            confidence: context.absence,
            pods: context.workloadIds(context.selections.subjects(policy).pods),
          };
          break;
        }
      }
    }
  },
});

/** A rule for nobody is another fault; one for pods that may exist elsewhere is none. */
function meansSomebody(rule: NetworkPolicyRule, policy: NetworkPolicyObject, context: AuditContext): boolean {
  return (
    rule.peers.length > 0 &&
    rule.peers.every((peer) => {
      if (peer.type === 'ipBlock') return peer.cidr !== undefined;
      const { pods, maybe } = context.selections.peer(peer, policy.meta.namespace);
      return pods.length > 0 && maybe.length === 0;
    }) &&
    rule.ports.every(({ port }) => typeof port !== 'string')
  );
}

/** Where the other end refuses, the rule has no effect either, but for another reason. */
function isOpen(
  rule: NetworkPolicyRule,
  policy: NetworkPolicyObject,
  direction: Direction,
  context: AuditContext,
): boolean {
  const { engine, selections } = context;
  const subjects = selections.subjects(policy).pods;
  return rule.peers.every((peer) => {
    if (peer.type === 'ipBlock') return true;
    const [subject, other] = differentPods(subjects, selections.peer(peer, policy.meta.namespace).pods);
    if (subject === undefined || other === undefined) return false;
    const ends = [
      { type: 'pod', pod: subject },
      { type: 'pod', pod: other },
    ] as const;
    const [to, from] = direction === 'ingress' ? ends : [ends[1], ends[0]];
    const ports = rule.ports.length === 0 ? [{ protocol: 'TCP', port: 80 } as const] : rule.ports;
    return ports.every(({ protocol, port }) => {
      const number = typeof port === 'number' ? port : 80;
      return engine.verdict({ from, to, protocol, port: number }) === 'allowed';
    });
  });
}

function differentPods(a: readonly number[], b: readonly number[]): readonly (number | undefined)[] {
  const [first] = a;
  const other = b.find((pod) => pod !== first);
  if (other !== undefined) return [first, other];
  return [a.find((pod) => pod !== b[0]), b[0]];
}

function without(policy: NetworkPolicyObject, direction: Direction, rule: NetworkPolicyRule): NetworkPolicyObject {
  return { ...policy, [direction]: policy[direction].filter((other) => other !== rule) };
}
