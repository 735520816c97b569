import { DIRECTIONS } from '../../engine/compiled.ts';
import type { Direction } from '../../engine/policy-rules.ts';
import type { NetworkPolicyObject } from '../../kube/objects.ts';
import { isContradictory } from '../../kube/selectors.ts';
import type { AuditContext } from '../audit-context.ts';
import { coveredRules, WiderSelectors } from '../covered-rules.ts';
import { objectId } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

/** M34, catalogue NP201, NP112: a policy that neither isolates nor opens anything that others do not. */
export const coveredPolicy = defineRule({
  name: 'covered-policy',
  severity: 'info',
  category: 'upkeep',
  summary: 'a policy neither isolates nor opens anything that other policies do not',
  fixable: false,
  detectors: ['M34'],
  catalogue: ['NP201', 'NP112', 'NP205'],
  *check(context) {
    for (const { policy, by } of coveredPolicies(context)) {
      const place = placeOf(policy, 'metadata', 'name');
      const names = by.map(objectId);
      yield {
        message: `without this policy nothing would change: ${names.join(' and ')} ${names.length === 1 ? 'does' : 'do'} all of it`,
        why: 'Its pods are isolated by the others in the same directions, and every rule of it lies inside theirs.',
        help: 'remove it, or narrow the wider policy if this one was meant to replace it',
        ...(place === undefined ? {} : { place }),
        related: by.map((other) => {
          const span = placeOf(other, 'metadata', 'name');
          return { message: 'does the same', ...(span === undefined ? {} : { span }) };
        }),
        object: objectId(policy),
        confidence: 'certain',
        pods: context.workloadIds(context.selections.subjects(policy).pods),
      };
    }
  },
});

/**
 * A default deny is what the other policies of its namespace are written against: one with rules, which comes and goes
 * with its purpose, is no substitute, unless it opens so much that nothing is left of the deny.
 */
function mayReplace(policy: NetworkPolicyObject, other: NetworkPolicyObject, direction: Direction): boolean {
  const isDefaultDeny =
    policy.podSelector.requirements.length === 0 && policy.ingress.length + policy.egress.length === 0;
  return (
    !isDefaultDeny ||
    other[direction].length === 0 ||
    other[direction].some(({ peers, ports }) => peers.length === 0 && ports.length === 0)
  );
}

export interface CoveredPolicy {
  readonly policy: NetworkPolicyObject;
  /** In order; none of them is covered as a whole itself. */
  readonly by: readonly NetworkPolicyObject[];
}

/** In order. Taking all of them away leaves every verdict as it is. */
export function coveredPolicies(context: AuditContext): readonly CoveredPolicy[] {
  return context.shared('covered policies', () => findCovered(context));
}

function findCovered(context: AuditContext): readonly CoveredPolicy[] {
  const coversOf = new Map<NetworkPolicyObject, { readonly by: Set<NetworkPolicyObject>; rules: number }>();
  for (const { policy, by } of coveredRules(context)) {
    const entry = coversOf.get(policy) ?? { by: new Set<NetworkPolicyObject>(), rules: 0 };
    for (const other of by) entry.by.add(other.policy);
    entry.rules++;
    coversOf.set(policy, entry);
  }
  const found: CoveredPolicy[] = [];
  const gone = new Set<NetworkPolicyObject>();
  const { networkPolicies } = context.cluster;
  for (const group of context.policiesByNamespace.values()) {
    const live = group.filter(({ podSelector }) => !isContradictory(podSelector));
    const wider = new WiderSelectors(live);
    for (const policy of live.toReversed()) {
      const isolating = DIRECTIONS.filter((direction) => policy.isolates[direction]);
      const rules = isolating.reduce((sum, direction) => sum + policy[direction].length, 0);
      const covers = coversOf.get(policy);
      // Rules that `policyTypes` leaves out were meant for something: `ignored-rules` has it.
      const written = policy.ingress.length + policy.egress.length;
      if (isolating.length === 0 || written !== rules || (covers?.rules ?? 0) !== rules) continue;
      // A cover in the policy itself is no cover once the policy is gone; `coveredRules` would keep that rule, so it is none.
      const by = new Set(covers?.by);
      const isolated = isolating.every((direction) => {
        const others = wider
          .of(policy)
          .filter((other) => other !== policy && !gone.has(other) && mayReplace(policy, other, direction));
        const isolator =
          others.find((other) => by.has(other) && other.isolates[direction]) ??
          others.find((other) => other.isolates[direction]);
        if (isolator !== undefined) by.add(isolator);
        return isolator !== undefined;
      });
      if (!isolated) continue;
      gone.add(policy);
      found.push({ policy, by: [...by] });
    }
  }
  const order = new Map(networkPolicies.map((policy, index) => [policy, index]));
  const compare = (a: NetworkPolicyObject, b: NetworkPolicyObject): number => (order.get(a) ?? 0) - (order.get(b) ?? 0);
  const last = new Map<NetworkPolicyObject, readonly NetworkPolicyObject[]>();
  // A cover may be found covered later on, by policies that then do the work of both.
  for (const { policy, by } of found.toReversed()) {
    last.set(policy, [...new Set(by.flatMap((other) => last.get(other) ?? [other]))].sort(compare));
  }
  return found
    .map(({ policy, by }) => ({ policy, by: last.get(policy) ?? by }))
    .sort((a, b) => compare(a.policy, b.policy));
}
