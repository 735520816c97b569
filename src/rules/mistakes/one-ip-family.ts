import { peerFields } from '../peer-fields.ts';
import { DIRECTIONS } from '../../engine/compiled.ts';
import type { Cidr, IpFamily } from '../../base/inet.ts';
import { formatCidr } from '../../base/inet-format.ts';
import type { ClusterPolicyRule, NetworkPolicyObject, NetworkPolicyRule } from '../../kube/objects.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId, type Finding } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

/** M19, M68, catalogue NP111 (S90, S163): every address of one family says nothing about the other. */
export const oneIpFamily = defineRule({
  name: 'one-ip-family',
  severity: 'warning',
  category: 'mistakes',
  summary: 'pods have IPv4 and IPv6 addresses, and a rule for every address names one family',
  fixable: false,
  detectors: ['M19', 'M68'],
  catalogue: ['NP111'],
  *check(context) {
    if (!isDualStack(context)) return;
    yield* networkPolicies(context);
    yield* clusterPolicies(context);
  },
});

/** Some pod has an address of either family. */
function isDualStack({ cluster }: AuditContext): boolean {
  return cluster.pods.ips.some(
    (ips) => ips.some(({ family }) => family === 4) && ips.some(({ family }) => family === 6),
  );
}

function* networkPolicies(context: AuditContext): Iterable<Finding> {
  for (const policy of context.cluster.networkPolicies) {
    for (const direction of DIRECTIONS) {
      if (!policy.isolates[direction]) continue;
      for (const rule of policy[direction]) {
        const index = rule.peers.findIndex((peer) => peer.type === 'ipBlock' && peer.cidr?.prefix === 0);
        const peer = rule.peers[index];
        if (peer?.type !== 'ipBlock' || peer.cidr === undefined) continue;
        const other: IpFamily = peer.cidr.family === 4 ? 6 : 4;
        if (speaksOf(context, policy, direction, other)) continue;
        const place = placeOf(policy, rule.path, peerFields[direction], index);
        yield {
          message: `${formatCidr(peer.cidr)} is every IPv${peer.cidr.family} address; the pods have IPv${other} addresses too, and no rule says anything about those`,
          why: `Connections over IPv${other} are denied. Programs try one family first and wait before they turn to the other.`,
          help: `add a peer for ${other === 6 ? '::/0' : '0.0.0.0/0'}`,
          ...(place === undefined ? {} : { place }),
          object: objectId(policy),
          confidence: context.absence,
          pods: context.workloadIds(context.selections.subjects(policy).pods),
        };
      }
    }
  }
}

/** Whether any policy of the namespace could let something of the family through. */
function speaksOf(
  context: AuditContext,
  { meta }: NetworkPolicyObject,
  direction: 'ingress' | 'egress',
  family: IpFamily,
): boolean {
  const speaks = ({ peers }: NetworkPolicyRule): boolean =>
    peers.length === 0 || peers.some((peer) => peer.type === 'ipBlock' && peer.cidr?.family === family);
  return context.cluster.networkPolicies.some(
    (policy) => policy.meta.namespace === meta.namespace && policy[direction].some(speaks),
  );
}

function* clusterPolicies(context: AuditContext): Iterable<Finding> {
  for (const policy of context.cluster.clusterPolicies) {
    for (const rule of policy.egress) {
      const whole = networksOf(rule).find(({ prefix }) => prefix === 0);
      if (rule.action !== 'Deny' || whole === undefined) continue;
      const other: IpFamily = whole.family === 4 ? 6 : 4;
      const all = context.cluster.clusterPolicies.flatMap(({ egress }) => egress);
      if (all.some((candidate) => networksOf(candidate).some(({ family }) => family === other))) continue;
      const place = placeOf(policy, rule.path);
      yield {
        message: `${formatCidr(whole)} is denied, and IPv${other} stays open: pods have addresses of both families`,
        why: 'A Deny for all of one family leaves the other as it was, and most names have addresses of both.',
        help: `add ${other === 6 ? '::/0' : '0.0.0.0/0'} to the networks`,
        severity: 'error',
        ...(place === undefined ? {} : { place }),
        object: objectId(policy),
        confidence: 'certain',
        pods: context.workloadIds(context.selections.pods(policy.subject).pods),
      };
    }
  }
}

function networksOf({ peers }: ClusterPolicyRule): readonly Cidr[] {
  return peers.flatMap((peer) => (peer.type === 'networks' ? peer.cidrs : []));
}
