import { NO } from '../../base/tri.ts';
import { familiesInUse, INTERNET } from '../../engine/endpoint-internet.ts';
import type { ConnectionQuery } from '../../engine/query.ts';
import type { ClusterPolicyObject, ClusterPolicyRule } from '../../kube/objects.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

/** M64 (S162): ingress rules of cluster policies know pods only. */
export const clusterDenyLeavesOutside = defineRule({
  name: 'cluster-deny-leaves-outside',
  severity: 'info',
  category: 'mistakes',
  summary: 'a cluster policy denies ingress from everybody, and addresses outside the cluster still get in',
  fixable: false,
  detectors: ['M64'],
  catalogue: [],
  *check(context) {
    for (const policy of context.cluster.clusterPolicies) {
      for (const rule of policy.ingress) {
        if (!deniesEverybody(rule)) continue;
        const open = openPods(context, policy);
        const query = outsideQuery(context, open);
        if (query === undefined) continue;
        const place = placeOf(policy, rule.path);
        yield {
          message: `${rule.path} denies ingress from every pod, but clients outside the cluster are no pods and get in`,
          why: 'Peers of ingress rules are pods of the cluster. Traffic from nodes, load balancers and the internet matches none of them and falls through to NetworkPolicies, of which these pods have none.',
          help: 'isolate the pods for ingress with a NetworkPolicy in their namespaces as well',
          ...(place === undefined ? {} : { place }),
          object: objectId(policy),
          confidence: context.absence,
          pods: context.workloadIds(open),
          witness: context.witness(query, 'allowed'),
        };
        break;
      }
    }
  },
});

/** All pods of all namespaces, on every port. */
function deniesEverybody({ action, peers, ports }: ClusterPolicyRule): boolean {
  return (
    action === 'Deny' &&
    ports === undefined &&
    peers.some(
      (peer) =>
        peer.type === 'pods' &&
        !peer.namespaceSelector.invalid &&
        !peer.podSelector.invalid &&
        peer.namespaceSelector.requirements.length === 0 &&
        peer.podSelector.requirements.length === 0,
    )
  );
}

/** Subjects that no NetworkPolicy isolates for ingress. */
function openPods(context: AuditContext, { subject }: ClusterPolicyObject): readonly number[] {
  const { engine } = context;
  return context.selections.pods(subject).pods.filter((pod) => engine.isolation(engine.classOfPod(pod)).ingress === NO);
}

/** From the internet to one of them, when that is allowed for certain. */
function outsideQuery({ engine, cluster }: AuditContext, pods: readonly number[]): ConnectionQuery | undefined {
  const families = familiesInUse(cluster);
  const cidrs = INTERNET.filter(({ family }) => families.has(family));
  for (const pod of pods) {
    const query: ConnectionQuery = {
      from: { type: 'range', cidrs, label: 'internet' },
      to: { type: 'pod', pod },
      protocol: 'TCP',
      port: cluster.pods.ports[pod]?.[0]?.containerPort ?? 80,
    };
    if (engine.verdict(query) === 'allowed') return query;
  }
  return undefined;
}
