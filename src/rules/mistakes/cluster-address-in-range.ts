import { peerFields } from '../peer-fields.ts';
import { DIRECTIONS } from '../../engine/compiled.ts';
import { formatIp } from '../../base/inet-format.ts';
import type { IpAddress } from '../../base/inet.ts';
import type { PolicyPeer, ServiceObject } from '../../kube/objects.ts';
import type { AuditContext } from '../audit-context.ts';
import { objectId, type Confidence } from '../finding.ts';
import { placeOf } from '../located-object.ts';
import { defineRule } from '../rule.ts';

/** M16, M17, catalogue NP109, NP110: single addresses in an `ipBlock` that are a Service's or a pod's. */
export const clusterAddressInRange = defineRule({
  name: 'cluster-address-in-range',
  severity: 'warning',
  category: 'mistakes',
  summary: 'an ipBlock names the address of a Service or of a pod',
  fixable: false,
  detectors: ['M16', 'M17'],
  catalogue: ['NP109', 'NP110'],
  *check(context) {
    const owners = addressOwners(context);
    for (const policy of context.cluster.networkPolicies) {
      for (const direction of DIRECTIONS) {
        if (!policy.isolates[direction]) continue;
        for (const rule of policy[direction]) {
          for (const [index, peer] of rule.peers.entries()) {
            const address = onlyAddress(peer);
            const owner = address === undefined ? undefined : owners.get(formatIp(address));
            if (address === undefined || owner === undefined) continue;
            const place = placeOf(policy, rule.path, peerFields[direction], index, 'ipBlock', 'cidr');
            const text = formatIp(address);
            yield {
              message:
                owner.type === 'service'
                  ? `${text} is the address of ${owner.id}, which policy never sees`
                  : `${text} is the present address of pod ${owner.id}`,
              why:
                owner.type === 'service'
                  ? 'The Service has put the address of a pod in its place before policy looks at the connection.'
                  : 'Addresses of pods change with every restart, and the next pod may get this one.',
              help: 'select the pods by labels with podSelector and namespaceSelector',
              ...(place === undefined ? {} : { place }),
              ...(owner.service?.span === undefined
                ? {}
                : { related: [{ message: 'the Service', span: owner.service.span }] }),
              object: objectId(policy),
              confidence: owner.confidence,
              key: text,
            };
          }
        }
      }
    }
  },
});

interface Owner {
  readonly type: 'service' | 'pod';
  readonly id: string;
  readonly confidence: Confidence;
  readonly service?: ServiceObject;
}

function addressOwners({ cluster }: AuditContext): ReadonlyMap<string, Owner> {
  const owners = new Map<string, Owner>();
  for (let pod = 0; pod < cluster.pods.length; pod++) {
    if (cluster.pods.isHostNetwork(pod)) continue;
    for (const ip of cluster.pods.ips[pod] ?? []) {
      owners.set(formatIp(ip), { type: 'pod', id: cluster.podLabel(pod), confidence: 'certain' });
    }
  }
  for (const service of cluster.services) {
    for (const ip of service.clusterIps) {
      // Some plugins translate later than kube-proxy does (S92).
      const owner = { type: 'service', id: objectId(service), confidence: 'implementation-defined', service } as const;
      owners.set(formatIp(ip), owner);
    }
  }
  return owners;
}

function onlyAddress(peer: PolicyPeer): IpAddress | undefined {
  if (peer.type !== 'ipBlock' || peer.cidr === undefined) return undefined;
  const { cidr } = peer;
  if (cidr.family === 4) return cidr.prefix === 32 ? { family: 4, value: cidr.first } : undefined;
  return cidr.prefix === 128 ? { family: 6, value: cidr.first } : undefined;
}
