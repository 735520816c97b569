import type { NetworkPolicyObject } from '../../kube/objects.ts';
import { formatSelector, isContradictory, matches } from '../../kube/selectors.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId, type Finding } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

/** M6, M7, M36, M38, catalogue NP101, NP108: a policy without subjects has no effect (S82, S105). */
export const selectsNoPod = defineRule({
  name: 'selects-no-pod',
  severity: 'warning',
  category: 'mistakes',
  summary: 'a policy selects no pod of its namespace, or only pods on the host network',
  fixable: false,
  detectors: ['M6', 'M7', 'M36', 'M38'],
  catalogue: ['NP101', 'NP108'],
  controls: { nsa: ['selectors'] },
  *check(context) {
    for (const policy of context.cluster.networkPolicies) {
      const { podSelector, meta } = policy;
      if (isContradictory(podSelector) || !context.hasWorkloads(meta.namespace)) continue;
      const { pods, maybe, hostNetwork } = context.selections.subjects(policy);
      if (pods.length > 0 || maybe.length > 0) continue;
      // A policy for every pod is also for those that are still to come.
      if (podSelector.requirements.length === 0) continue;
      yield hostNetwork.length > 0 ? onlyHostNetwork(context, policy, hostNetwork) : nobody(context, policy);
    }
  },
});

function onlyHostNetwork(context: AuditContext, policy: NetworkPolicyObject, pods: readonly number[]): Finding {
  const place = placeOf(policy, 'spec', 'podSelector');
  return {
    message: 'the policy has no effect: every pod that it selects is on the host network',
    why: "Pods with hostNetwork share their node's addresses, and policies do not apply to them.",
    help: 'protect the node itself, for instance with a host firewall, or take the pods off the host network',
    ...(place === undefined ? {} : { place }),
    object: objectId(policy),
    confidence: context.absence,
    pods: context.workloadIds(pods),
    key: 'host network',
  };
}

function nobody(context: AuditContext, policy: NetworkPolicyObject): Finding {
  const place = placeOf(policy, 'spec', 'podSelector');
  const { namespace } = policy.meta;
  const hint = hintOf(context, policy);
  return {
    message: `no pod of ${namespace} has the labels ${formatSelector(policy.podSelector)}, so the policy has no effect`,
    why: 'A policy applies to the pods of its own namespace whose labels match all of spec.podSelector.',
    ...(hint === undefined ? {} : { help: hint }),
    ...(place === undefined ? {} : { place }),
    object: objectId(policy),
    confidence: context.absence,
  };
}

/** The likeliest reason first. */
function hintOf(context: AuditContext, { podSelector, meta }: NetworkPolicyObject): string | undefined {
  const { cluster, selections } = context;
  const mislabelled = context.objects.workloads.filter(
    (workload) => workload.meta.namespace === meta.namespace && matches(podSelector, workload.meta.labels),
  );
  const [first] = mislabelled;
  if (first !== undefined) {
    return `these are labels of ${first.kind} ${first.meta.name} itself; what counts are those of its pod template`;
  }
  const near = context
    .podLabels(meta.namespace)
    .unmatched(podSelector)
    .flatMap((requirement) => {
      const label = context.podLabels(meta.namespace).nearest(requirement);
      return label === undefined ? [] : [label.text];
    });
  if (near.length > 0) return `did you mean ${near.join(', ')}?`;
  const elsewhere = new Set(
    selections.pods({ podSelector }).pods.map((pod) => cluster.namespaceName(cluster.pods.namespaceOf[pod] ?? -1)),
  );
  const [only, ...more] = elsewhere;
  return only === undefined || more.length > 0
    ? undefined
    : `such pods are in namespace ${only}; a policy belongs there too`;
}
