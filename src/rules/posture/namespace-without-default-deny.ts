import type { Direction } from '../../engine/policy-rules.ts';
import type { NetworkPolicyObject } from '../../kube/objects.ts';
import type { AuditContext } from '../audit-context.ts';
import type { Finding } from '../finding.ts';
import { defineRule } from '../rule.ts';
import { SYSTEM_NAMESPACES } from './open-pods.ts';

/**
 * M51, catalogue NP602, NP603: in which namespaces a pod that comes tomorrow would be open. A policy for all pods of
 * the namespace isolates it, whatever rules it has; so does a Baseline that denies.
 */
export const namespaceWithoutDefaultDeny = defineRule({
  name: 'namespace-without-default-deny',
  severity: 'warning',
  category: 'posture',
  summary: 'a namespace with workloads has no policy for all of its pods, so new pods are open',
  fixable: false,
  detectors: ['M51'],
  catalogue: ['NP602', 'NP603'],
  controls: { cis: ['5.3.2'], nsa: ['default-deny'], kubescape: ['C-0206', 'C-0049', 'C-0054'] },
  options: {
    ignoreNamespaces: { type: 'list', default: SYSTEM_NAMESPACES, summary: 'namespaces that need no default deny' },
    directions: {
      type: 'list',
      default: ['ingress', 'egress'],
      summary: 'the directions that a default deny must cover, of ingress and egress',
    },
  },
  *check(context, { ignoreNamespaces, directions }) {
    const wanted = (['ingress', 'egress'] as const).filter((direction) => directions.includes(direction));
    // Whether a Baseline or Admin policy denies enough for any pod to come cannot be told in general.
    const byCluster = wanted.filter((direction) => deniedByCluster(context, direction));
    const { cluster } = context;
    // Pods on the host network are beyond every policy: a namespace of node agents needs none.
    const inhabited = new Set(cluster.workloads.flatMap((each) => (each.hostNetwork ? [] : [each.namespace])));
    for (const { name, index } of cluster.namespaces) {
      if (ignoreNamespaces.includes(name) || !inhabited.has(index)) continue;
      const own = context.policiesByNamespace.get(name) ?? [];
      const open = wanted.filter(
        (direction) => !byCluster.includes(direction) && !own.some((policy) => isolatesAll(policy, direction)),
      );
      if (open.length > 0) yield findingOf(context, name, own, open);
    }
  },
});

function isolatesAll({ isolates, podSelector }: NetworkPolicyObject, direction: Direction): boolean {
  return isolates[direction] && !podSelector.invalid && podSelector.requirements.length === 0;
}

function deniedByCluster({ cluster }: AuditContext, direction: Direction): boolean {
  return cluster.clusterPolicies.some((policy) => policy[direction].some(({ action }) => action === 'Deny'));
}

function findingOf(
  context: AuditContext,
  namespace: string,
  own: readonly NetworkPolicyObject[],
  open: readonly Direction[],
): Finding {
  const { cluster } = context;
  const object = context.objects.namespaces.find(({ meta }) => meta.name === namespace);
  const pods: number[] = [];
  for (let pod = 0; pod < cluster.pods.length; pod++) {
    if (cluster.namespaceName(cluster.pods.namespaceOf[pod] ?? -1) === namespace) pods.push(pod);
  }
  const workload = cluster.workloads[cluster.pods.workloadOf[pods[0] ?? -1] ?? -1];
  const place = object?.span ?? own[0]?.span ?? workload?.object?.span;
  const what = open.join(' or ');
  return {
    message:
      own.length === 0
        ? `namespace ${namespace} has no policy at all, so nothing denies ${what}`
        : `namespace ${namespace} has no default deny for ${what}`,
    why: 'A pod that no policy selects is open. Only a policy with an empty podSelector also covers pods that are still to come.',
    help: `add a policy with podSelector: {} and policyTypes: [${open.map((direction) => (direction === 'ingress' ? 'Ingress' : 'Egress')).join(', ')}]`,
    ...(place === undefined ? {} : { place }),
    object: `Namespace/${namespace}`,
    confidence: context.absence,
    pods: context.workloadIds(pods),
    key: open.join(' '),
  };
}
