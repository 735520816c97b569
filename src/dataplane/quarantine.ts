/**
 * Plans without the part that the kernel refuses. A policy set in quarantine keeps its pods and opens nothing: whatever
 * is wrong with what it opens, its pods are denied in its direction and everybody else's policies hold.
 */
import { contentTag } from './content-name.ts';
import { NO_PORTS, type OpenPorts } from './open-ports.ts';
import type { IdentityId, Plan, PolicySet } from './plan.ts';

export interface Quarantine {
  /** Names of policy sets that open nothing. */
  readonly closed: ReadonlySet<string>;
  /** Leave out what policies in audit mode would deny. */
  readonly withoutShadows: boolean;
}

/** The same plan when nothing is in quarantine. */
export function quarantinePlan(plan: Plan, { closed, withoutShadows }: Quarantine): Plan {
  const drops = withoutShadows && plan.shadowSets.length > 0;
  const closes = plan.policySets.some(({ name }) => closed.has(name));
  if (!drops && !closes) return plan;
  return {
    ...plan,
    policySets: plan.policySets.map((set) => (closed.has(set.name) ? closedSet(set) : set)),
    ...(drops ? withoutShadowSets(plan) : {}),
  };
}

/**
 * The least that can be said about the pods of a plan: whoever is judged is denied. For when the kernel refuses even
 * what all policy sets have in common.
 */
export function sealPlan(plan: Plan): Plan {
  return {
    ...plan,
    ...withoutShadowSets(plan),
    policySets: plan.policySets.map(closedSet),
    peers: new Map(),
    ranges: [],
    observation: {},
  };
}

/** Equal for policy sets that open the same to the same identities. */
export function policySetKey({ name, toAll, open, openedBy, closedToNode }: PolicySet): string {
  const lines = [name, toAll.key, String(closedToNode)];
  for (const [id, ports] of open) lines.push(`${id} ${ports.key}`);
  for (const [id, by] of openedBy)
    lines.push(`${id} ${by.map(({ policy, ports }) => `${policy} ${ports.key}`).join()}`);
  return contentTag(lines.join('\n'));
}

/** Policy sets that are not the same in the plan that is in force. */
export function changedPolicySets(before: Plan | undefined, next: Plan): readonly PolicySet[] {
  const known = new Map(before?.policySets.map((set) => [set.name, set]));
  return next.policySets.filter((set) => {
    const old = known.get(set.name);
    return old === undefined || (old !== set && policySetKey(old) !== policySetKey(set));
  });
}

function closedSet(set: PolicySet): PolicySet {
  return { ...set, toAll: NO_PORTS, open: new Map<IdentityId, OpenPorts>(), openedBy: new Map() };
}

function withoutShadowSets({ localPods }: Plan): Pick<Plan, 'shadowSets' | 'localPods'> {
  const shadow = { ingress: undefined, egress: undefined };
  return { shadowSets: [], localPods: localPods.map((pod) => ({ ...pod, shadow })) };
}
