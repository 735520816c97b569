import { cidr4, type Cidr } from '../../base/inet.ts';
import { subtractCidrs, subtractRanges } from '../../base/inet-ranges.ts';
import type { NetworkPolicyObject, NetworkPolicyRule } from '../../kube/objects.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

/** RFC 1918: where clusters have their pods, nodes and neighbours. */
const PRIVATE: readonly Cidr[] = [cidr4(0x0a000000, 8), cidr4(0xac100000, 12), cidr4(0xc0a80000, 16)];

/** M18, catalogue NP303: the whole of IPv4 holds the cluster as well (S89). */
export const internetIncludesCluster = defineRule({
  name: 'internet-includes-cluster',
  severity: 'warning',
  category: 'mistakes',
  summary: 'egress to every address opens pods, nodes and private networks as well, not only the internet',
  fixable: false,
  detectors: ['M18'],
  catalogue: ['NP303'],
  controls: { nsa: ['least-privilege'] },
  *check(context) {
    for (const policy of context.cluster.networkPolicies) {
      if (!policy.isolates.egress) continue;
      for (const rule of policy.egress) {
        const index = holdsEverything(rule) && !saysSo(rule) ? firstBlock(rule) : -1;
        if (index !== -1) yield findingOf(context, policy, rule, index);
      }
    }
  },
});

/** By one range or several: every private address and the rest of the world. */
function holdsEverything({ peers }: NetworkPolicyRule): boolean {
  const ranges = peers.flatMap((peer) =>
    peer.type === 'ipBlock' && peer.cidr?.family === 4 ? subtractCidrs(peer.cidr, peer.except) : [],
  );
  const publicSample = cidr4(0x08080808, 32);
  return (
    subtractRanges(
      [...PRIVATE, publicSample].flatMap((cidr) => subtractCidrs(cidr, [])),
      ranges,
    ).length === 0
  );
}

/** Whoever also names all pods of all namespaces means everything. */
function saysSo({ peers }: NetworkPolicyRule): boolean {
  return peers.some(
    (peer) =>
      peer.type === 'pods' &&
      peer.namespaceSelector?.requirements.length === 0 &&
      (peer.podSelector?.requirements.length ?? 0) === 0,
  );
}

function firstBlock({ peers }: NetworkPolicyRule): number {
  return peers.findIndex((peer) => peer.type === 'ipBlock' && peer.cidr?.family === 4);
}

function findingOf(context: AuditContext, policy: NetworkPolicyObject, rule: NetworkPolicyRule, index: number) {
  const place = placeOf(policy, rule.path, 'to', index, 'ipBlock');
  return {
    message: `${rule.path} opens every address, the pods and nodes of the cluster included`,
    why: 'An ipBlock is compared with whatever address a connection goes to. Most network plugins do so for pods as well.',
    help: 'except 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 and 169.254.0.0/16 where only the internet is meant',
    ...(place === undefined ? {} : { place }),
    object: objectId(policy),
    // Whether pod addresses are matched by ranges differs between plugins (S89).
    confidence: 'implementation-defined',
    pods: context.workloadIds(context.selections.subjects(policy).pods),
  } as const;
}
