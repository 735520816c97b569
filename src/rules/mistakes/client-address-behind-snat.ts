import { formatCidr } from '../../base/inet-format.ts';
import { type Cidr, cidrContainsCidr } from '../../base/inet.ts';
import { INTERNET } from '../../engine/endpoint-internet.ts';
import { ServiceBackends } from '../../engine/service-backends.ts';
import type { NetworkPolicyObject, ServiceObject } from '../../kube/objects.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

/**
 * M43, catalogue NP409 (S91, S93). Only for public addresses: those of nodes are mostly private, and a private range may
 * well hold them on purpose.
 */
export const clientAddressBehindSnat = defineRule({
  name: 'client-address-behind-snat',
  severity: 'warning',
  category: 'mistakes',
  summary: 'a rule lets in clients by address, and a Service hides their addresses',
  fixable: false,
  detectors: ['M43'],
  catalogue: ['NP409'],
  *check(context) {
    if (!context.objects.services.some(hidesClients)) return;
    for (const policy of context.cluster.networkPolicies) {
      if (!policy.isolates.ingress) continue;
      for (const rule of policy.ingress) {
        for (const [index, peer] of rule.peers.entries()) {
          if (peer.type !== 'ipBlock' || peer.cidr === undefined || !isPublic(peer.cidr)) continue;
          const service = hidingService(context, policy);
          if (service === undefined) continue;
          const place = placeOf(policy, rule.path, 'from', index);
          const span = placeOf(service, 'spec', 'type');
          yield {
            message: `${formatCidr(peer.cidr)} is let in by address, but through ${objectId(service)} clients mostly arrive with the address of a node`,
            why: 'With externalTrafficPolicy Cluster a connection may pass a second node, which puts its own address in place of the client.',
            help: 'set externalTrafficPolicy: Local on the Service, or filter at the load balancer (loadBalancerSourceRanges)',
            ...(place === undefined ? {} : { place }),
            related: [{ message: 'this Service hides them', ...(span === undefined ? {} : { span }) }],
            object: objectId(policy),
            confidence: 'implementation-defined',
            pods: context.workloadIds(context.selections.subjects(policy).pods),
          };
        }
      }
    }
  },
});

function hidesClients({ type, externalTrafficPolicy, meta }: ServiceObject): boolean {
  // Some load balancers of clouds send to pods directly; annotations say so in many ways, and then we do not know.
  const special = [...meta.annotations.keys()].some((key) => key.includes('load-balancer') || key.includes('neg'));
  return (type === 'LoadBalancer' || type === 'NodePort') && externalTrafficPolicy === 'Cluster' && !special;
}

/** The first that sends to a pod of the policy from outside. */
function hidingService(context: AuditContext, policy: NetworkPolicyObject): ServiceObject | undefined {
  const targets = context.shared('client-address-behind-snat: pods behind Services', () => {
    const backends = new ServiceBackends(context.cluster);
    const byPod = new Map<number, ServiceObject>();
    for (const service of context.cluster.services) {
      if (!hidesClients(service)) continue;
      for (const { pod, certain } of backends.selectedPods(service)) {
        if (certain && !byPod.has(pod)) byPod.set(pod, service);
      }
    }
    return byPod;
  });
  for (const pod of context.selections.subjects(policy).pods) {
    const service = targets.get(pod);
    if (service !== undefined) return service;
  }
  return undefined;
}

function isPublic(cidr: Cidr): boolean {
  return cidr.prefix > 0 && INTERNET.some((range) => cidrContainsCidr(range, cidr));
}
