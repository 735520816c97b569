import { DIRECTIONS } from '../../engine/compiled.ts';
import type { NetworkPolicyObject, NetworkPolicyRule } from '../../kube/objects.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId, type Finding } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

/** Words of a name that claims to deny, without saying what is left. */
const CLAIMS: ReadonlySet<string> = new Set(['deny', 'block', 'isolate', 'drop', 'reject', 'lockdown']);
const FILLERS: ReadonlySet<string> = new Set(
  [...CLAIMS].concat(
    'default all everything any ingress egress in out traffic policy network np netpol namespace ns pod pods the by and'.split(
      ' ',
    ),
  ),
);

/**
 * M34, catalogue NP505: a policy called "deny" whose rules allow. Only where the name says nothing else, and for rules
 * that limit no ports: opening lookups in a default deny is usual.
 */
export const denyThatAllows = defineRule({
  name: 'deny-that-allows',
  severity: 'warning',
  category: 'mistakes',
  summary: 'a policy is called a deny, and its rules allow all ports to somebody',
  fixable: false,
  detectors: ['M34'],
  catalogue: ['NP505'],
  *check(context) {
    for (const policy of context.cluster.networkPolicies) {
      if (!claimsToDeny(policy)) continue;
      for (const direction of DIRECTIONS) {
        if (!policy.isolates[direction]) continue;
        for (const rule of policy[direction]) {
          if (rule.ports.length === 0) yield findingOf(context, policy, rule);
        }
      }
    }
  },
});

function claimsToDeny({ meta: { name, namespace } }: NetworkPolicyObject): boolean {
  const own = new Set(namespace.split('-'));
  const words = name.split(/[-._]/).filter((word) => word !== '');
  return words.some((word) => CLAIMS.has(word)) && words.every((word) => FILLERS.has(word) || own.has(word));
}

function findingOf(context: AuditContext, policy: NetworkPolicyObject, rule: NetworkPolicyRule): Finding {
  const place = placeOf(policy, rule.path);
  const ingress = rule.path.startsWith('spec.ingress');
  const whom = whomOf(rule, policy.meta.namespace);
  return {
    message: `a policy named ${policy.meta.name} allows everything ${ingress ? 'from' : 'to'} ${whom}`,
    why: 'A rule only ever allows. An empty selector in it means everybody there, not nobody; a deny has no rules at all.',
    help: `remove the ${ingress ? 'ingress' : 'egress'} rules if nothing is to be allowed, or give the policy a name that says what is`,
    ...(place === undefined ? {} : { place }),
    object: objectId(policy),
    confidence: 'certain',
    pods: context.workloadIds(context.selections.subjects(policy).pods),
  };
}

function whomOf({ peers }: NetworkPolicyRule, namespace: string): string {
  if (peers.length === 0) return 'everybody';
  const [only] = peers;
  if (peers.length > 1 || only?.type !== 'pods') return 'its peers';
  const { namespaceSelector, podSelector } = only;
  const allPods = (podSelector?.requirements.length ?? 0) === 0;
  if (namespaceSelector === undefined) return allPods ? `every pod of ${namespace}` : `some pods of ${namespace}`;
  return allPods && namespaceSelector.requirements.length === 0 ? 'every pod of the cluster' : 'its peers';
}
