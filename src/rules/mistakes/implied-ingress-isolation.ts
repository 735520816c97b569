import type { NetworkPolicyObject } from '../../kube/objects.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId, type Finding } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

/**
 * M24, M25, catalogue NP008: without `policyTypes` a policy always isolates ingress, and egress only if it has egress
 * rules (S16).
 */
export const impliedIngressIsolation = defineRule({
  name: 'implied-ingress-isolation',
  severity: 'error',
  category: 'mistakes',
  summary: 'a policy that speaks only of egress has no policyTypes, so it shuts ingress, or leaves egress open',
  fixable: false,
  detectors: ['M24', 'M25'],
  catalogue: ['NP008'],
  *check(context) {
    for (const policy of context.cluster.networkPolicies) {
      const { written } = policy;
      if (written.policyTypes || written.ingress || !written.egress) continue;
      if (policy.egress.length === 0) yield deniesNothing(context, policy);
      else if (shutsIngressAlone(context, policy)) yield shutsIngress(context, policy);
    }
  },
});

/** Another policy that is about ingress of all these pods makes the side effect harmless, and perhaps meant. */
function shutsIngressAlone(context: AuditContext, policy: NetworkPolicyObject): boolean {
  const { pods } = context.selections.subjects(policy);
  return (
    pods.length === 0 ||
    pods.some((pod) => context.policiesOf(pod).every((other) => other === policy || !other.isolates.ingress))
  );
}

function deniesNothing(context: AuditContext, policy: NetworkPolicyObject): Finding {
  const place = placeOf(policy, 'spec', 'egress');
  return {
    message: 'an empty egress list without policyTypes denies no egress; it denies all ingress instead',
    why: 'Without policyTypes the server assumes [Ingress], and adds Egress only when there are egress rules.',
    help: 'write policyTypes: [Egress]',
    ...(place === undefined ? {} : { place }),
    object: objectId(policy),
    confidence: 'certain',
    pods: context.workloadIds(context.selections.subjects(policy).pods),
    key: 'empty',
  };
}

function shutsIngress(context: AuditContext, policy: NetworkPolicyObject): Finding {
  const place = placeOf(policy, 'spec', 'egress');
  return {
    message: 'the policy has only egress rules, but without policyTypes it also denies all ingress to its pods',
    why: 'Without policyTypes the server assumes Ingress always, and Egress because there are egress rules.',
    help: 'write policyTypes: [Egress], or policyTypes: [Ingress, Egress] if ingress is to be denied',
    ...(place === undefined ? {} : { place }),
    object: objectId(policy),
    confidence: 'certain',
    pods: context.workloadIds(context.selections.subjects(policy).pods),
    severity: 'warning',
    key: 'egress-only',
  };
}
